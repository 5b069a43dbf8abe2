"""What can be said of a clip of the named world: every word there is, and how sentences are made.

A sentence is drawn with a random.Random, so that one clip can be told in many ways: synonyms, parts
left out, other orders. The first word in each row below is the one a clip is labelled with. A small
share of the sentences holds a word that is not in VOCABULARY, as what artists type will.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from secondunit.worlds.clips import Told

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "amber"),
    "yellow": ("yellow", "golden"),
    "green": ("green", "dark green"),
    "cyan": ("cyan", "turquoise", "teal"),
    "blue": ("blue", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose"),
    "brown": ("brown", "chestnut"),
    "white": ("white", "pale"),
    "grey": ("grey", "gray", "silver"),
    "black": ("black",),
}

SHAPES: dict[str, tuple[str, ...]] = {
    "ball": ("ball", "sphere", "orb"),
    "box": ("box", "cube", "block"),
    "star": ("star",),
    "triangle": ("triangle", "wedge"),
    "ring": ("ring", "hoop", "doughnut"),
    "heart": ("heart",),
    "cross": ("cross", "plus"),
    "person": ("person", "figure", "man", "woman", "tennis player", "player", "actor", "human"),
    "dog": ("dog", "puppy", "hound"),
    "cat": ("cat", "kitten"),
    "horse": ("horse", "pony"),
    "bird": ("bird", "seagull", "pigeon"),
    "fish": ("fish", "goldfish"),
    "car": ("car", "auto", "taxi"),
    "boat": ("boat", "ship", "sailboat"),
    "plane": ("plane", "aeroplane", "airplane", "jet"),
    "cup": ("cup", "mug"),
    "tree": ("tree",),
    "lamp": ("lamp",),
    "racket": ("racket", "paddle"),
    "book": ("book", "notebook"),
    "umbrella": ("umbrella", "parasol"),
    "flower": ("flower", "blossom"),
    "house": ("house", "hut", "cottage"),
}

FAMILIES: dict[str, str] = {
    **dict.fromkeys(("dog", "cat", "horse", "bird", "fish"), "animal"),
    **dict.fromkeys(("car", "boat", "plane"), "vehicle"),
}
"""The word that also names these shapes; two of one family must differ in colour."""

PLACES: dict[str, tuple[str, ...]] = {
    "hills": ("over hills", "in front of hills", "among hills", "in the mountains"),
    "sky": ("in the sky", "among clouds", "in front of clouds", "in the air"),
    "city": ("in front of a city", "in a city", "in town", "before a skyline"),
    "room": ("in a room", "in front of a wall", "indoors", "inside a house"),
    "beach": ("on a beach", "at the beach", "on the sand", "at the seaside"),
    "sea": ("over the sea", "at sea", "on the water", "on the ocean"),
    "forest": ("in a forest", "in the woods", "among trees"),
    "desert": ("in a desert", "in the desert", "over dunes", "among sand dunes"),
    "street": ("on a street", "in the street", "on a road", "beside a road"),
    "snow": ("in the snow", "on snow", "in a snowy field", "in winter"),
}

LIGHTS: dict[str, tuple[str, ...]] = {
    "day": ("by day", "at noon", "in daylight", "in bright light", "on a sunny day"),
    "sunset": ("at sunset", "at dusk", "in evening light", "in warm light"),
    "night": ("at night", "by night", "in the dark", "by moonlight"),
    "overcast": ("on an overcast day", "in dull light", "in flat light", "on a cloudy day"),
}

CAMERAS: dict[str, tuple[str, ...]] = {
    "still": ("static camera", "the camera is still", "locked camera", "the camera does not move"),
    "pans left": ("the camera pans left", "pan left", "panning left"),
    "pans right": ("the camera pans right", "pan right", "panning right"),
    "tilts up": ("the camera tilts up", "tilt up", "tilting up"),
    "tilts down": ("the camera tilts down", "tilt down", "tilting down"),
    "zooms in": ("the camera zooms in", "zoom in", "the camera pushes in"),
    "zooms out": ("the camera zooms out", "zoom out", "the camera pulls back"),
    "shakes": ("handheld camera", "the camera shakes", "shaky camera", "hand held"),
}


def _sideways(side: str) -> dict[str, tuple[str, ...]]:
    """What a thing can do to one side, in words."""
    moves = ("moves {}", "goes {}", "travels {}", "moves to the {}", "drifts {}")
    walks = ("walks {}", "steps {}", "walks to the {}")
    runs = ("runs {}", "races {}", "runs to the {}")
    return {
        f"moves {side}": tuple(each.format(side) for each in moves),
        f"walks {side}": tuple(each.format(side) for each in walks),
        f"runs {side}": tuple(each.format(side) for each in runs),
    }


MOTIONS: dict[str, tuple[str, ...]] = {
    **_sideways("left"),
    **_sideways("right"),
    "rises": ("rises", "goes up", "moves up", "climbs"),
    "falls": ("falls", "goes down", "moves down", "drops", "sinks"),
    "stays still": ("stays still", "stands still", "rests", "keeps still"),
    "spins": ("spins", "turns", "rotates"),
    "bounces": ("bounces", "jumps", "hops"),
    "waves": ("waves", "waves a hand"),
    "comes closer": ("comes closer", "grows", "moves closer"),
    "goes away": ("goes away", "shrinks", "moves away"),
}

MANNERS: dict[str, str] = {
    "ball": "rolls",
    "bird": "flies",
    "plane": "flies",
    "fish": "swims",
    "car": "drives",
    "boat": "sails",
}
"""How these shapes move to a side."""

PARTICIPLES: dict[str, str] = {
    "moves": "moving",
    "goes": "going",
    "travels": "travelling",
    "drifts": "drifting",
    "walks": "walking",
    "steps": "stepping",
    "runs": "running",
    "races": "racing",
    "rises": "rising",
    "climbs": "climbing",
    "falls": "falling",
    "drops": "dropping",
    "sinks": "sinking",
    "stays": "staying",
    "stands": "standing",
    "rests": "resting",
    "keeps": "keeping",
    "spins": "spinning",
    "turns": "turning",
    "rotates": "rotating",
    "bounces": "bouncing",
    "jumps": "jumping",
    "hops": "hopping",
    "waves": "waving",
    "comes": "coming",
    "grows": "growing",
    "shrinks": "shrinking",
    "rolls": "rolling",
    "flies": "flying",
    "swims": "swimming",
    "drives": "driving",
    "sails": "sailing",
}

DRESSED: tuple[str, ...] = (
    "{colour} {noun}",
    "{noun} in {colour}",
    "{noun} in a {colour} shirt",
    "{noun} wearing {colour}",
    "{noun} in {colour} clothes",
)

SCENERY: dict[str, tuple[str, ...]] = {"tree": ("forest", "snow"), "house": ("street", "city")}
"""Places that have things of such a shape themselves: there the subject needs its colour."""

RUNNERS: tuple[str, ...] = ("runner", "jogger")

JOINTS: tuple[str, ...] = ("and {}", "while {}", "with {}", "beside {}")

OPENINGS: tuple[str, ...] = ("", "", "", "a shot of", "a clip of", "a film of", "we see")

ISOLATE: tuple[str, ...] = (
    "isolate the {} on a flat green screen",
    "isolate the {} on green",
    "isolate the {}",
    "isolate {} on a green background",
    "key out the {}",
    "key the {}",
    "extract the {}",
    "extract the {} from the background",
    "cut out the {}",
    "put the {} on flat green",
    "put the {} in front of a green screen",
    "green screen matte of the {}",
    "matte of the {}",
    "roto the {}",
    "a roto of the {} on green",
    "keep only the {}",
    "only the {} on a plain green background",
    "show the {} alone on green",
    "separate the {} from the rest of the picture",
    "the {} on green",
)

REMOVE: tuple[str, ...] = (
    "remove the {}",
    "remove {} from the shot",
    "erase the {}",
    "erase the {} and its shadow",
    "take out the {}",
    "take the {} away",
    "paint out the {}",
    "clean plate without the {}",
    "clean plate",
    "the same shot without the {}",
    "the empty scene without the {}",
    "delete the {}",
    "clean up the {}",
    "get rid of the {}",
)

ANYTHING: tuple[str, ...] = ("subject", "object", "thing", "foreground", "marked subject")
"""Words for a subject that has no name, or stands alone."""

SPOKEN = """
    extend continue insert between next frame frames first last before after end start shot clip
    plate scene picture image video film background beyond border edge edges sides wider outside
    depth map outline lines guide follow reference white paper near far
    recolour recolor colour color paint tint make turn change into more less brighter darker warmer
    cooler softer relight light look style old grain blur sharp
    carry edit same everything all no not nothing other one two three it this that its there
    up down top bottom big small large little slow slowly fast quickly
"""
"""What the prompts of the other calls may say beside a clip's caption."""

LONGEST = 31
"""No sentence made here has more words: with its end it fits a reader of 32."""

_RARE = ("credenza", "gossamer", "quixotic", "bespoke", "zeppelin", "gizmo", "verdant", "baroque")
_SYLLABLES = ("zor", "bla", "nim", "quee", "tosh", "vin", "ka", "drel", "po", "usk", "mar", "fi")
_STRANGE_SHARE = 0.06


@dataclass(frozen=True)
class Thing:
    """One thing in a shot, in the words of the tables' keys."""

    colour: str
    shape: str
    motion: str


@dataclass(frozen=True)
class Shot:
    """A whole clip, in the words of the tables' keys; `several` things if there are others."""

    subject: Thing
    others: tuple[Thing, ...]
    place: str
    light: str
    camera: str


def family(shape: str) -> str:
    """The widest word that names a shape: "animal" of a dog, "ball" of a ball."""
    return FAMILIES.get(shape, shape)


def split(sentence: str) -> list[str]:
    """The words of a sentence as the model reads them: lower case, without punctuation."""
    return "".join(c if c.isalnum() else " " for c in sentence.lower()).split()


def told(shot: Shot, rng: Random) -> Told:
    """What is said of a shot, its caption drawn with rng.

    The subject's colour is left out at times where nothing else there is of its family.
    """
    first = shot.subject
    alike = any(family(other.shape) == family(first.shape) for other in shot.others)
    alike = alike or shot.place in SCENERY.get(first.shape, ())
    bare = not alike and rng.random() < 0.2
    return Told(
        subject=first.shape if bare else f"{first.colour} {first.shape}",
        caption=caption(shot, rng),
        colour=first.colour,
        shape=first.shape,
        motion=first.motion,
        several=bool(shot.others),
    )


def named(subject: str, rng: Random) -> str:
    """A subject in other words: of "red ball", without an article, "crimson orb"; of "", "subject".

    All it says is kept, so that it still tells the subject from every other thing.
    """
    colour, shape = _read(subject)
    if not shape:
        return subject or _said(rng, ANYTHING)
    noun = _noun(rng, shape, "")
    phrase = _coloured(rng, colour, shape, noun) if colour else noun
    return f"{_strange(rng)} {phrase}" if rng.random() < _STRANGE_SHARE / 2 else phrase


def isolate(subject: str, rng: Random) -> str:
    """A prompt for the subject alone on flat green; without a subject's name, of what is marked."""
    if not subject and rng.random() < 0.5:
        return "isolate on green"
    return _said(rng, ISOLATE).format(named(subject, rng))


def remove(subject: str, rng: Random) -> str:
    """A prompt for the shot without the subject."""
    return _said(rng, REMOVE).format(named(subject, rng))


def caption(shot: Shot, rng: Random) -> str:
    """The whole shot in one sentence; any part but the subject may be left out."""
    opening = rng.choice(OPENINGS)
    parts = [f"{opening} {_cast(rng, shot, seen=bool(opening))}".strip()]
    if rng.random() < _STRANGE_SHARE:
        parts.append(f"near the {_strange(rng)}")
    around = _setting(rng, shot)
    if around and rng.random() < 0.2:
        parts.insert(0, around + ",")
    elif around:
        parts.append(around)
    if rng.random() < (0.25 if shot.camera == "still" else 0.7):
        parts[-1] += ","
        parts.append(_said(rng, CAMERAS[shot.camera]))
    return " ".join(" ".join(parts).split()[:LONGEST]).strip(",")


def _cast(rng: Random, shot: Shot, seen: bool) -> str:
    """The subject and most of the others; `seen`: after "a shot of", where verbs end in -ing."""
    who = _acting(rng, shot.subject, 0.9, seen or rng.random() < 0.25)
    for other in shot.others:
        if rng.random() < 0.8:
            joint = rng.choice(JOINTS[2:] if seen else JOINTS)
            doing = joint in JOINTS[2:]
            who += " " + joint.format(_acting(rng, other, 0.6, doing))
    return who


def _setting(rng: Random, shot: Shot) -> str:
    """Where and in what light, either of which may be missing."""
    place = _said(rng, PLACES[shot.place]) if rng.random() < 0.85 else ""
    light = _said(rng, LIGHTS[shot.light]) if rng.random() < 0.75 else ""
    setting = [each for each in (place, light) if each]
    if rng.random() < 0.3:
        rng.shuffle(setting)
    return " ".join(setting)


def _said(rng: Random, choices: tuple[str, ...]) -> str:
    """The first choice half of the time."""
    return choices[0] if rng.random() < 0.5 else rng.choice(choices)


def _read(subject: str) -> tuple[str, str]:
    """The colour and the shape that a subject's words name, each empty where there is none."""
    words = subject.split()
    colour = next((word for word in words if word in COLOURS), "")
    return colour, next((word for word in words if word in SHAPES), "")


def _noun(rng: Random, shape: str, motion: str) -> str:
    nouns = SHAPES[shape]
    if shape == "person" and motion.startswith("runs"):
        nouns += RUNNERS
    if shape in FAMILIES:
        nouns += (FAMILIES[shape],)
    return _said(rng, nouns)


def _coloured(rng: Random, colour: str, shape: str, noun: str) -> str:
    spoken = _said(rng, COLOURS[colour])
    form = _said(rng, DRESSED) if shape == "person" else DRESSED[0]
    return form.format(colour=spoken, noun=noun)


def _with_article(rng: Random, phrase: str) -> str:
    if rng.random() < 0.2:
        return f"the {phrase}"
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _acting(rng: Random, thing: Thing, keep: float, doing: bool) -> str:
    """A thing and, `keep` of the time, what it does: "a red ball rolls left", "an orb moving left".

    `doing`: the verb ends in -ing.
    """
    noun = _noun(rng, thing.shape, thing.motion)
    phrase = noun
    if rng.random() < 0.93:
        phrase = _coloured(rng, thing.colour, thing.shape, noun)
    phrase = _with_article(rng, phrase)
    if rng.random() >= keep:
        return phrase
    verb, _, rest = _said(rng, MOTIONS[thing.motion]).partition(" ")
    if verb == "moves" and rest.split()[-1:] in (["left"], ["right"]) and rng.random() < 0.5:
        verb = MANNERS.get(thing.shape, verb)
    return f"{phrase} {PARTICIPLES[verb] if doing else verb} {rest}".strip()


def _strange(rng: Random) -> str:
    """A word that is not in VOCABULARY."""
    if rng.random() < 0.4:
        return rng.choice(_RARE)
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3))) + "n"


def _vocabulary() -> tuple[str, ...]:
    tables = (COLOURS, SHAPES, PLACES, LIGHTS, CAMERAS, MOTIONS)
    rows = [phrase for table in tables for row in table.values() for phrase in row]
    rows += [*FAMILIES.values(), *MANNERS.values(), *PARTICIPLES, *PARTICIPLES.values()]
    rows += [*RUNNERS, *JOINTS, *OPENINGS, *ISOLATE, *REMOVE, *ANYTHING, SPOKEN, "a an the"]
    rows += [form.format(colour="", noun="") for form in DRESSED]
    return tuple(sorted({word for row in rows for word in split(row.replace("{}", ""))}))


VOCABULARY: tuple[str, ...] = _vocabulary()
"""Every word a sentence made here is made of, but for the few that are strange on purpose."""
