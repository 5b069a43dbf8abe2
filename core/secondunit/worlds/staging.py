"""Who is in a shot of the named world, where they stand, what they do and what the camera does.

Numbers only, drawn from a random.Random; nothing is painted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, pi
from random import Random

from secondunit.worlds.words import CAMERAS, COLOURS, LIGHTS, PLACES, SHAPES, Shot, Thing, family

HORIZONS: dict[str, float] = {
    "hills": 0.60,
    "city": 0.78,
    "room": 0.70,
    "beach": 0.58,
    "sea": 0.48,
    "forest": 0.66,
    "desert": 0.56,
    "street": 0.66,
    "snow": 0.58,
}
"""How far down the picture the ground begins; the sky has none."""

FAINT: dict[str, tuple[str, ...]] = {
    "snow": ("white",),
    "overcast": ("grey", "white"),
    "night": ("black", "brown", "green", "purple"),
    "forest": ("green", "brown", "black"),
    "hills": ("green",),
    "desert": ("orange", "brown", "yellow"),
    "beach": ("yellow",),
    "sea": ("blue", "cyan"),
    "sky": ("cyan",),
    "street": ("grey",),
    "city": ("grey", "black"),
}
"""Colours hardly seen in a place or a light; nothing wears them there."""

ALIKE: dict[str, tuple[str, ...]] = {
    "red": ("red", "orange", "pink", "brown"),
    "orange": ("orange", "red", "yellow", "brown"),
    "yellow": ("yellow", "orange", "white"),
    "green": ("green", "black", "cyan"),
    "cyan": ("cyan", "blue", "green"),
    "blue": ("blue", "purple", "cyan"),
    "purple": ("purple", "blue", "pink"),
    "pink": ("pink", "red", "purple"),
    "brown": ("brown", "red", "orange", "black"),
    "white": ("white", "grey", "yellow"),
    "grey": ("grey", "white", "black"),
    "black": ("black", "grey", "brown", "green"),
}
"""Colours too near each other to tell two things of one family apart."""

_SIDEWAYS = ("moves left", "moves right") * 2
_WALKING = ("walks left", "walks right", "runs left", "runs right") * 2
_DEPTHWISE = ("comes closer", "goes away")
_LOOSE = (*_SIDEWAYS, "rises", "falls", "stays still", "spins", "bounces", *_DEPTHWISE)

MOTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(SHAPES, _LOOSE),
    "person": (*_WALKING, "waves", "waves", "stays still", "bounces", *_DEPTHWISE),
    **dict.fromkeys(("dog", "cat", "horse"), (*_WALKING, "stays still", "bounces", "comes closer")),
    **dict.fromkeys(("bird", "fish"), (*_SIDEWAYS, "rises", "falls", "comes closer")),
    **dict.fromkeys(("car", "boat"), (*_SIDEWAYS, "stays still", *_DEPTHWISE)),
    "plane": (*_SIDEWAYS, "rises", "falls", *_DEPTHWISE),
    **dict.fromkeys(("house", "tree", "lamp"), ("stays still", *_SIDEWAYS, *_DEPTHWISE)),
}

SIZES: dict[str, float] = {
    "person": 1.45,
    "dog": 1.35,
    "cat": 1.35,
    "horse": 1.4,
    "bird": 1.3,
    "fish": 1.25,
    "car": 1.3,
    "plane": 1.35,
    "boat": 1.2,
    "tree": 1.25,
    "house": 1.25,
    "lamp": 1.15,
    "racket": 1.2,
    "star": 1.1,
}
"""How much larger than a ball these are painted."""

STANDING = ("person", "dog", "cat", "horse", "car", "tree", "lamp", "house", "boat", "flower")
FLYING = ("bird", "plane", "fish")
GLOSSY = ("ball", "cup", "ring", "car", "heart")
CROWD = (45, 38, 17)
"""How often one, two and three things are in a shot."""


@dataclass(frozen=True)
class Player:
    """One thing of a shot, in numbers.

    size            half its height, in shares of the picture's shorter side, at half time
    x, y            its middle at half time, in shares of the picture
    dx, dy          how far it goes over the clip, in shares of the picture
    turn, spin      its angle at half time and how far it turns over the clip, radians
    hop, hops       height of a bounce in shares of the height, and how many over the clip
    grow            logarithm of how much larger it ends than it begins
    stride, pace    swing of the legs, and radians of a stride a frame
    follow          1 where it moves with the world as the camera pans, 0 where the camera keeps it
    near            0 far, 1 near
    shadow, gloss   how strong its shadow on the ground and its highlight are
    soft            width of its edges in pixels
    """

    thing: Thing
    size: float
    x: float
    y: float
    dx: float = 0.0
    dy: float = 0.0
    turn: float = 0.0
    spin: float = 0.0
    hop: float = 0.0
    hops: float = 0.0
    grow: float = 0.0
    stride: float = 0.0
    pace: float = 0.0
    phase: float = 0.0
    waving: float = 0.0
    facing: float = 1.0
    follow: float = 1.0
    near: float = 0.5
    shadow: float = 0.0
    gloss: float = 0.0
    soft: float = 1.2

    def at(self, when: float) -> tuple[float, float]:
        """Where its middle is, in shares of the picture, without bounce and camera; 0 to 1."""
        return self.x + self.dx * (when - 0.5), self.y + self.dy * (when - 0.5)

    def radius(self, when: float) -> float:
        """Half its height, in shares of the picture's shorter side, without the camera's zoom."""
        return self.size * exp(self.grow * (when - 0.5))


@dataclass(frozen=True)
class Stage:
    """One clip, in numbers: the subject is the first player.

    pan, tilt   how far the camera goes over the clip, in shares of the picture: right, down
    zoom        logarithm of how much larger the picture ends than it begins
    shake       how far the hand moves the camera, in shares of the shorter side
    drift       how much brighter the picture ends than it begins, in shares
    grain       standard deviation of the grain
    """

    shot: Shot
    players: tuple[Player, ...]
    horizon: float
    pan: float
    tilt: float
    zoom: float
    shake: float
    rhythm: float
    drift: float
    grain: float


def staged(
    rng: Random,
    frames: int,
    height: int,
    width: int,
    crowd: tuple[int, int, int] = CROWD,
) -> Stage:
    """One shot, all of it drawn: place, light, camera, one to three things and what they do."""
    place, light = rng.choice(tuple(PLACES)), rng.choice(tuple(LIGHTS))
    horizon = HORIZONS.get(place, 1.0) + rng.uniform(-0.05, 0.05)
    cast: list[Player] = []
    aspect = width / height
    for _ in range(rng.choices((1, 2, 3), crowd)[0]):
        thing = _thing(rng, place, light, [player.thing for player in cast])
        tries = [_player(rng, thing, place, horizon, frames, aspect) for _ in range(10)]
        free = (each for each in tries if not _hides(each, cast, aspect))
        cast.append(next(free, tries[0]))
    camera = _camera(rng, cast[0].thing.motion)
    strength = rng.uniform(0.15, 0.45) * (
        1 if camera.split()[-1] in ("right", "down", "in") else -1
    )
    zoom = strength * 0.8 if camera.startswith("zooms") else 0.0
    shaky = camera == "shakes"
    return Stage(
        shot=Shot(cast[0].thing, tuple(player.thing for player in cast[1:]), place, light, camera),
        players=tuple(cast),
        horizon=horizon,
        pan=strength if camera.startswith("pans") else 0.0,
        tilt=strength * 0.6 if camera.startswith("tilts") else 0.0,
        zoom=zoom,
        shake=rng.uniform(0.012, 0.035) if shaky else 0.003 * (rng.random() < 0.15),
        rhythm=rng.uniform(0, 2 * pi),
        drift=rng.uniform(-0.15, 0.15) if rng.random() < 0.2 else 0.0,
        grain=rng.uniform(0.004, 0.03) if rng.random() < 0.45 else 0.0,
    )


def _thing(rng: Random, place: str, light: str, others: list[Thing]) -> Thing:
    """A thing that no words shared with another thing of the shot could mean."""
    faint = FAINT.get(place, ()) + FAINT.get(light, ())
    colours = [each for each in COLOURS if each not in faint and (each != "green" or _rarely(rng))]
    while True:
        shape = "person" if rng.random() < 0.12 else rng.choice(tuple(SHAPES))
        colour = rng.choice(colours)
        if not any(_confused(colour, shape, other) for other in others):
            return Thing(colour, shape, rng.choice(MOTIONS[shape]))


def _confused(colour: str, shape: str, other: Thing) -> bool:
    return other.colour in ALIKE[colour] and family(shape) == family(other.shape)


def _rarely(rng: Random) -> bool:
    return rng.random() < 0.4


def _camera(rng: Random, motion: str) -> str:
    """A camera move that does not undo what the subject is said to do."""
    moves = [
        each
        for each in CAMERAS
        if not (motion in _DEPTHWISE and each.startswith("zooms"))
        and not (motion in ("rises", "falls") and each.startswith("tilts"))
    ]
    return "still" if rng.random() < 0.25 else rng.choice(moves)


def _player(
    rng: Random, thing: Thing, place: str, horizon: float, frames: int, aspect: float
) -> Player:
    """One way for a thing to do what it does, in this place."""
    shape, motion = thing.shape, thing.motion
    across, down = min(1.0, 1 / aspect), min(1.0, aspect)  # of the shorter side, in shares
    near = rng.random()
    size = rng.uniform(0.14, 0.21) * (0.74 + 0.5 * near) * SIZES.get(shape, 1.0)
    grounded = place in HORIZONS and _grounded(rng, shape, motion)
    foot = horizon + (1.0 - horizon) * (0.15 + 0.75 * near)
    y = foot - size * down if grounded else rng.uniform(0.28, 0.68)
    far = (max(1, frames - 1) / 8) ** 0.35
    span = rng.uniform(0.32, 0.6) * far
    side = (motion.endswith("right") - motion.endswith("left")) * span
    dy = ((motion == "falls") - (motion == "rises")) * min(span, 0.7)
    strides = motion.startswith("walks") * 0.5 + motion.startswith("runs") * 0.85
    return Player(
        thing=thing,
        size=size,
        x=rng.uniform(0.36, 0.64) if side else rng.uniform(0.25, 0.75),
        y=y,
        dx=side * (1.25 if motion.startswith("runs") else 1.0),
        dy=dy,
        turn=0.0 if grounded or shape in FLYING else rng.uniform(-0.25, 0.25),
        spin=_spin(rng, thing, side, size * across, far),
        hop=_hop(rng, motion, strides),
        hops=rng.uniform(1.2, 2.2) * far if motion == "bounces" else frames * strides * 0.25,
        grow=_grow(rng, motion),
        stride=strides,
        pace=_pace(rng, thing),
        phase=rng.uniform(0, 2 * pi),
        waving=float(motion == "waves"),
        facing=_facing(rng, side),
        follow=0.0 if side else 1.0,
        near=0.3 + 0.6 * near,
        shadow=rng.uniform(0.6, 1.0) if grounded and rng.random() < 0.75 else 0.0,
        gloss=rng.uniform(0.2, 0.6) if shape in GLOSSY else 0.0,
        soft=rng.uniform(2.2, 3.2) if rng.random() < 0.08 else rng.uniform(1.0, 1.6),
    )


def _grounded(rng: Random, shape: str, motion: str) -> bool:
    if motion in ("rises", "falls", "spins"):
        return False
    if shape in FLYING:
        return False
    return shape in STANDING or rng.random() < 0.6


def _spin(rng: Random, thing: Thing, side: float, radius: float, far: float) -> float:
    if thing.motion == "spins":
        return rng.choice((-1, 1)) * rng.uniform(2.0, 3.6) * far
    if thing.shape in ("ball", "ring") and side:
        return side / radius  # it rolls
    if thing.shape in ("star", "cross", "box", "book") and side:
        return rng.uniform(0, 2.5) * side
    return 0.0


def _hop(rng: Random, motion: str, strides: float) -> float:
    return rng.uniform(0.12, 0.24) if motion == "bounces" else 0.025 * strides


def _grow(rng: Random, motion: str) -> float:
    return ((motion == "comes closer") - (motion == "goes away")) * rng.uniform(0.55, 0.95)


def _pace(rng: Random, thing: Thing) -> float:
    """Radians of a stride, a wing beat or a wave in one frame."""
    if thing.motion.startswith("runs"):
        return rng.uniform(0.55, 0.8)
    return rng.uniform(0.6, 0.95) if thing.shape == "bird" else rng.uniform(0.35, 0.6)


def _facing(rng: Random, side: float) -> float:
    if side:
        return 1.0 if side > 0 else -1.0
    return rng.choice((-1.0, 1.0))


def _hides(player: Player, cast: list[Player], aspect: float) -> bool:
    """Whether it stays so near another that one would hide the other for most of the clip."""
    for other in cast:
        apart = 0.0
        for when in (0.0, 0.5, 1.0):
            (ax, ay), (bx, by) = player.at(when), other.at(when)
            across, down = (ax - bx) * max(1.0, aspect), (ay - by) * max(1.0, 1 / aspect)
            apart += hypot(across, down) / max(player.radius(when), other.radius(when))
        if apart < 3 * 1.1:
            return True
    return False
