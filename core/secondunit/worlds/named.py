"""The named world: clips of things that have words, in places that have words.

Every pixel is made here: things by `subjects`, places by `scenes`, what happens by `staging`. The
seed decides all of it, on any device.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import pi
from random import Random
from typing import Any

from secondunit.worlds.brush import REACH, Brush
from secondunit.worlds.clips import Clips, Told
from secondunit.worlds.scenes import HIGHER, PAINTED, TINTS, WIDER, Easel
from secondunit.worlds.staging import CROWD, Player, Stage, staged
from secondunit.worlds.subjects import ALIVE, COLOURS, drawn
from secondunit.worlds.words import told

TAPS = 5
"""Moments within a frame that a moving thing is seen at."""

SHUTTER = 0.5
"""How much of the time between two frames the shutter is open."""


@dataclass(frozen=True)
class _Size:
    frames: int
    height: int
    width: int

    @property
    def least(self) -> int:
        """The picture's shorter side."""
        return min(self.height, self.width)

    def moment(self, frame: Any) -> Any:
        """When a frame is, 0 at the first and 1 at the last."""
        return frame / (self.frames - 1) if self.frames > 1 else frame * 0 + 0.5


@dataclass(frozen=True)
class _Seen:
    """Things as the camera sees them, N of them: colour times coverage (N,3,F,H,W), coverage,
    depth (N,1,F,1,1), what is left of the light on the ground (N,1,F,H,W) and their own colour.
    """

    colour: Any
    cover: Any
    depth: Any
    light: Any
    plain: Any


def clips(
    seed: int,
    count: int,
    frames: int,
    height: int,
    width: int,
    device: str = "cpu",
    crowd: tuple[int, int, int] = CROWD,
) -> Clips:
    """`count` clips of the named world; the same arguments give the same clips.

    `crowd` is how often one, two and three things are in a shot.
    """
    import torch

    rng = Random(seed)
    generator = torch.Generator().manual_seed(seed)
    size = _Size(frames, height, width)
    stages = [staged(rng, frames, height, width, crowd) for _ in range(count)]
    sentences = tuple(told(stage.shot, rng) for stage in stages)
    backdrop = _backdrop(stages, size, generator, device)
    seen = _seen(stages, size, generator, device)
    return _shot(stages, backdrop, seen, generator, sentences)


def _numbers(things: list[Any], name: str, device: str) -> Any:
    """One number of each player or stage, (n,)."""
    import torch

    return torch.tensor([float(getattr(thing, name)) for thing in things], device=device)


def _camera(stages: list[Stage], size: _Size, frame: Any, device: str) -> tuple[Any, Any, Any, Any]:
    """Where the camera is at each moment (B,T): pan and tilt in shares of the picture, how much
    larger the picture is, and how far the hand is off, (B,T,2) in pixels.
    """
    import torch

    when = size.moment(frame).view(1, -1) - 0.5
    column = partial(_numbers, stages, device=device)
    pan, tilt = column("pan").view(-1, 1) * when, column("tilt").view(-1, 1) * when
    zoom = column("zoom").view(-1, 1)
    larger = (zoom.abs() / 2 + zoom * when).exp()
    beat = column("rhythm").view(-1, 1) + frame.view(1, -1)
    sway = torch.stack(
        [
            torch.sin(1.3 * beat) + 0.6 * torch.sin(2.9 * beat + 1),
            torch.sin(1.1 * beat + 2) + 0.6 * torch.sin(2.5 * beat),
        ],
        -1,
    )
    return pan, tilt, larger, sway * column("shake").view(-1, 1, 1) * size.least


def _backdrop(stages: list[Stage], size: _Size, generator: Any, device: str) -> Any:
    """The places without any thing, with their depth (B,4,F,H,W)."""
    import torch

    height, width = round(size.height * HIGHER), round(size.width * WIDER)
    far = torch.empty(len(stages), 5, height, width, device=device)
    near = torch.empty_like(far)
    for place, paint in PAINTED.items():
        rows = [row for row, stage in enumerate(stages) if stage.shot.place == place]
        if not rows:
            continue
        some = [stages[row] for row in rows]
        traits = torch.rand(len(rows), 8, generator=generator).to(device)
        horizon = 0.5 + (_numbers(some, "horizon", device) - 0.5) / HIGHER
        lights = [stage.shot.light for stage in some]
        layers = paint(Easel(lights, horizon, traits, generator, height, width))
        where = torch.tensor(rows, device=device)
        far[where], near[where] = (layer.stacked() for layer in layers)
    behind = _filmed(far, 0.55, stages, size, device)
    before = _filmed(near, 1.0, stages, size, device)
    return before[:, :4] + behind[:, :4] * (1 - before[:, 4:])


def _filmed(layer: Any, parallax: float, stages: list[Stage], size: _Size, device: str) -> Any:
    """A layer (B,5,H,W) as the moving camera sees it, (B,5,F,H,W)."""
    import torch
    from torch.nn.functional import grid_sample

    frame = torch.arange(size.frames, device=device, dtype=torch.float32)
    pan, tilt, larger, sway = _camera(stages, size, frame, device)
    x = torch.arange(size.width, device=device).view(1, 1, 1, -1) + 0.5 - size.width / 2
    y = torch.arange(size.height, device=device).view(1, 1, -1, 1) + 0.5 - size.height / 2
    larger, moved = larger[..., None, None], sway[..., None, None, :]
    across = (x - moved[..., 0]) / larger + parallax * size.width * pan[..., None, None]
    down = (y - moved[..., 1]) / larger + parallax * size.height * tilt[..., None, None]
    across, down = across / (layer.shape[3] / 2), down / (layer.shape[2] / 2)
    shape = (len(stages), size.frames, size.height, size.width)
    grid = torch.stack([across.expand(shape), down.expand(shape)], -1)
    flat = grid.view(len(stages), size.frames * size.height, size.width, 2)
    seen = grid_sample(layer, flat, padding_mode="border", align_corners=False)
    return seen.view(len(stages), -1, size.frames, size.height, size.width)


def _sprites(players: list[Player], size: _Size, traits: Any, device: str) -> Any:
    """Every thing on its own, (N,F,4,S,S): colour times coverage, and coverage."""
    import torch

    side = 2 * round(0.42 * size.least)
    frame = torch.arange(size.frames, device=device, dtype=torch.float32)
    made = torch.empty(len(players), size.frames, 4, side, side, device=device)
    for shape in dict.fromkeys(player.thing.shape for player in players):
        rows = [row for row, player in enumerate(players) if player.thing.shape == shape]
        some = [players[row] for row in rows]
        column = partial(_numbers, some, device=device)
        where = torch.tensor(rows, device=device)
        seen = frame if shape in ALIVE else frame[:1]
        colour = torch.tensor([COLOURS[player.thing.colour] for player in some], device=device)
        brush = Brush(
            colour=colour,
            phase=column("phase").view(-1, 1) + column("pace").view(-1, 1) * seen,
            soft=column("soft") / (column("size") * size.least),
            facing=column("facing"),
            traits=traits[where],
            side=side,
        )
        made[where] = drawn(shape, brush, column("stride"), column("waving"))
    return made


def _seen(stages: list[Stage], size: _Size, generator: Any, device: str) -> _Seen:
    """All things of all clips, placed, moved, blurred by their motion and lit."""
    import torch

    players = [player for stage in stages for player in stage.players]
    clip = [row for row, stage in enumerate(stages) for _ in stage.players]
    of = torch.tensor(clip, device=device)
    traits = torch.rand(len(players), 8, generator=generator).to(device)
    sprites = _sprites(players, size, traits, device)
    tints = torch.tensor([TINTS[stages[row].shot.light] for row in clip], device=device)
    path = _path(players, stages, of, size, 0.0, device)
    seen = _placed(sprites, path, size)
    quick = _quick(path, _path(players, stages, of, size, SHUTTER / 2, device))
    if quick.numel():
        lates = [((tap + 0.5) / TAPS - 0.5) * SHUTTER for tap in range(TAPS)]
        paths = [_path(players, stages, of, size, late, device).of(quick) for late in lates]
        moving = sprites[quick]
        seen[quick] = sum(_placed(moving, each, size) for each in paths) / TAPS
    seen = seen.transpose(1, 2)
    shade, shine, ground = _lighting(players, stages, path, of, size, traits, device)
    tint = tints.view(-1, 3, 1, 1, 1)
    colour = ((seen[:, :3] * shade + shine * seen[:, 3:]) * tint).minimum(seen[:, 3:])
    plain = torch.tensor([COLOURS[player.thing.colour] for player in players], device=device)
    frame = torch.arange(size.frames, device=device, dtype=torch.float32)
    grown = _numbers(players, "grow", device).view(-1, 1) * (size.moment(frame) - 0.5) * 0.2
    depth = (_numbers(players, "near", device).view(-1, 1) + grown).clamp(0.2, 1)
    return _Seen(colour, seen[:, 3:], depth.view(-1, 1, size.frames, 1, 1), ground, plain * tints)


@dataclass(frozen=True)
class _Path:
    """Where N things are in F frames, in pixels from the picture's top left, each (N,F,1,1):
    middle, radius, angle, and how high above their ground in shares of their bounce."""

    x: Any
    y: Any
    radius: Any
    angle: Any
    foot: Any
    aloft: Any

    def of(self, rows: Any) -> _Path:
        """The paths of some of the things."""
        kept = (self.x, self.y, self.radius, self.angle, self.foot, self.aloft)
        return _Path(*(each[rows] for each in kept))


def _path(
    players: list[Player], stages: list[Stage], of: Any, size: _Size, late: float, device: str
) -> _Path:
    """The paths of all things, `late` frames after each frame."""
    import torch

    frame = torch.arange(size.frames, device=device, dtype=torch.float32) + late
    when = size.moment(frame).view(1, -1)
    pan, tilt, larger, sway = (each[of] for each in _camera(stages, size, frame, device))

    def column(name: str) -> Any:
        return _numbers(players, name, device).view(-1, 1)

    aloft = torch.sin(pi * (column("hops") * when + column("phase"))).abs()
    x = column("x") + column("dx") * (when - 0.5) - column("follow") * pan - 0.5
    y = column("y") + column("dy") * (when - 0.5) - tilt - 0.5
    radius = column("size") * size.least * (column("grow") * (when - 0.5)).exp()
    base = y * size.height
    middle = base - column("hop") * size.height * aloft
    angle = column("turn") + column("spin") * (when - 0.5)

    def shaped(values: Any) -> Any:
        return values.expand(len(players), size.frames)[..., None, None]

    return _Path(
        x=shaped(x * size.width * larger + sway[..., 0] + size.width / 2),
        y=shaped(middle * larger + sway[..., 1] + size.height / 2),
        radius=shaped(radius * larger),
        angle=shaped(angle),
        foot=shaped((base + 0.97 * radius) * larger + sway[..., 1] + size.height / 2),
        aloft=shaped(aloft * (column("hop") > 0.1)),
    )


def _quick(path: _Path, later: _Path) -> Any:
    """Which things move so far while half the shutter's time passes that one sees it (n,)."""
    moved = (path.x - later.x).abs() + (path.y - later.y).abs()
    moved = moved + ((path.angle - later.angle).abs() + (path.radius / later.radius - 1).abs()) * (
        path.radius
    )
    return (moved.flatten(1).amax(1) > 0.3).nonzero().flatten()


def _placed(sprites: Any, path: _Path, size: _Size) -> Any:
    """Sprites (N,F,4,S,S) where they are in the picture, (N,F,4,H,W)."""
    import torch
    from torch.nn.functional import grid_sample

    x, y = _pixels(sprites, size)
    reach = path.radius * REACH
    cos, sin = torch.cos(path.angle) / reach, torch.sin(path.angle) / reach
    dx, dy = x - path.x, y - path.y
    grid = torch.stack([cos * dx + sin * dy, cos * dy - sin * dx], -1)
    flat = sprites.flatten(0, 1)
    return grid_sample(flat, grid.flatten(0, 1), align_corners=False).view(
        *sprites.shape[:3], size.height, size.width
    )


def _pixels(like: Any, size: _Size) -> tuple[Any, Any]:
    """Where the pixels' middles are, from the picture's top left: x (1,1,1,W), y (1,1,H,1)."""
    import torch

    x = torch.arange(size.width, device=like.device).view(1, 1, 1, -1) + 0.5
    y = torch.arange(size.height, device=like.device).view(1, 1, -1, 1) + 0.5
    return x, y


def _lighting(
    players: list[Player],
    stages: list[Stage],
    path: _Path,
    of: Any,
    size: _Size,
    traits: Any,
    device: str,
) -> tuple[Any, Any, Any]:
    """How bright things are across (N,1,F,H,W), their highlights, and the light that their shadow
    leaves on the ground.
    """
    import torch

    x, y = _pixels(traits, size)
    dx, dy = (x - path.x) / path.radius, (y - path.y) / path.radius
    sunny = torch.tensor([SUNNY[stage.shot.light] for stage in stages], device=device)
    sunny = sunny[of].view(-1, 1, 1, 1)
    side = (traits[:, 7].view(-1, 1, 1, 1) - 0.5) * 1.6
    shade = 1.0 - 0.22 * sunny * (side * dx + dy + 0.1).clamp(-1, 1)
    gloss = _numbers(players, "gloss", device).view(-1, 1, 1, 1)
    spot = (1 - ((dx + 0.45 * side) ** 2 + (dy + 0.45) ** 2) / 0.16).clamp(min=0)
    strength = _numbers(players, "shadow", device).view(-1, 1, 1, 1) * (0.15 + 0.4 * sunny)
    wide = path.radius * 0.8
    down = (y - path.foot) / (0.24 * wide)
    across = (x - path.x + 0.3 * side * wide) / wide
    pool = (1 - (across**2 + down**2) / 2.2).clamp(min=0) ** 2 * (1 - 0.6 * path.aloft)
    light = 1 - strength * pool
    return shade.unsqueeze(1), (gloss * spot * spot).unsqueeze(1), light.unsqueeze(1)


SUNNY: dict[str, float] = {"day": 1.0, "sunset": 0.9, "night": 0.6, "overcast": 0.35}
"""How much one side of a thing is brighter than the other, and how deep its shadow is."""


def _shot(
    stages: list[Stage], backdrop: Any, seen: _Seen, generator: Any, sentences: tuple[Told, ...]
) -> Clips:
    """Everything over everything else, from far to near, with and without the subject."""
    import torch

    plate, depth = backdrop[:, :3], backdrop[:, 3:4].clone()
    clean = plate.clone()
    alpha = torch.zeros_like(depth)
    first = [0]
    for stage in stages[:-1]:
        first.append(first[-1] + len(stage.players))
    for layer in range(max(len(stage.players) for stage in stages)):
        rows, things, subjects = _layer(stages, first, layer)
        row, thing = (torch.tensor(each, device=plate.device) for each in (rows, things))
        cover, colour = seen.cover[thing], seen.colour[thing]
        left = 1 - cover
        shadowed = left * seen.light[thing]
        plate[row] = torch.addcmul(colour, plate[row], shadowed)
        alpha[row] *= left
        depth[row] = depth[row] * left + seen.depth[thing] * cover
        hers = torch.tensor(subjects, device=plate.device)
        alpha[row[hers]] = cover[hers]
        others = row[~hers]
        clean[others] = torch.addcmul(colour[~hers], clean[others], shadowed[~hers])
    index = torch.tensor(first, device=plate.device)
    cover = seen.cover[index]
    plain = seen.plain[index].view(-1, 3, 1, 1, 1)
    subject = torch.where(cover > 1e-3, seen.colour[index] / cover.clamp(min=1e-3), plain)
    finish = _finish(stages, plate.shape, generator, plate.device)
    plate, clean, subject = (
        (each * finish[0] + finish[1]).clamp(0, 1) for each in (plate, clean, subject)
    )
    return Clips(plate, clean, alpha.clamp(0, 1), subject, depth.clamp(0, 1), sentences)


def _layer(
    stages: list[Stage], first: list[int], layer: int
) -> tuple[list[int], list[int], list[bool]]:
    """Of the clips with so many things: the clip, its thing so far forward, whether the subject."""
    rows, things, subjects = [], [], []
    for row, stage in enumerate(stages):
        order = sorted(range(len(stage.players)), key=lambda each: stage.players[each].near)
        if layer < len(order):
            rows.append(row)
            things.append(first[row] + order[layer])
            subjects.append(order[layer] == 0)
    return rows, things, subjects


def _finish(stages: list[Stage], shape: Any, generator: Any, device: Any) -> tuple[Any, Any]:
    """How bright each frame is (B,1,F,1,1), and its grain (B,3,F,H,W).

    At most 1, so that nothing is cut off and the truth still adds up. The grain is cut from one
    sheet a batch, at another place in each frame.
    """
    import torch

    count, _, frames, height, width = shape
    when = torch.linspace(-0.5, 0.5, frames, device=device) if frames > 1 else torch.zeros(1)
    drift = _numbers(stages, "drift", device).view(-1, 1)
    bright = (drift * when.to(device) - drift.abs() / 2).exp().view(count, 1, frames, 1, 1)
    sheet = torch.randn(3, 2 * height, 2 * width, generator=generator).to(device)
    down = torch.randint(0, height, (count, frames, 1, 1), generator=generator).to(device)
    across = torch.randint(0, width, (count, frames, 1, 1), generator=generator).to(device)
    rows = down + torch.arange(height, device=device).view(1, 1, -1, 1)
    columns = across + torch.arange(width, device=device).view(1, 1, 1, -1)
    grain = sheet[:, rows, columns].transpose(0, 1)
    return bright, grain * _numbers(stages, "grain", device).view(-1, 1, 1, 1, 1)
