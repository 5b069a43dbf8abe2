"""What a picture of a cut is made of, in pixels from its top left, and its colours."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

GROUND, LANE, RAISED, LINE = "#1f1f21", "#252528", "#2a2a2d", "#3a3a3e"
CLIP, SOUND, FAINT = "#45454c", "#35353b", "#5c5c63"
TEXT, QUIET = "#d8d8da", "#8e8e93"
ACCENT, DULL_ACCENT, RED = "#e8a33d", "#8d6a35", "#e0605a"
"""A grading room's greys; amber is ours alone, red is what is gone."""

_NARROW = frozenset("ijltfrI.,:;'|!()[]{}`/\\ -")
_BROAD = frozenset("mwMW@%—…")


@dataclass(frozen=True)
class Box:
    """A rectangle; `title` is told when one points at it. An empty colour draws nothing."""

    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    radius: float = 0
    dashed: bool = False
    title: str = ""


@dataclass(frozen=True)
class Hatch:
    """Diagonal lines within a rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Stroke:
    """A line through points; closed and filled where `fill` names a colour."""

    points: tuple[tuple[float, float], ...]
    colour: str = ""
    width: float = 1
    fill: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text, its baseline at `y`, no wider than `room`."""

    x: float
    y: float
    text: str
    size: float = 11
    colour: str = TEXT
    room: float = 0
    bold: bool = False


Shape = Box | Hatch | Stroke | Words


@dataclass(frozen=True)
class Sheet:
    """A whole picture: its size in pixels, and its shapes from the ground up."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    title: str


@lru_cache(maxsize=4096)
def _breadth(letter: str) -> float:
    if letter in _NARROW:
        return 0.37
    if letter in _BROAD:
        return 0.98
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.69 if letter.isupper() else 0.62


def breadth(text: str, size: float) -> float:
    """About how wide a text is drawn, in pixels; rather too much than too little."""
    return sum(map(_breadth, text)) * size


def fitted(text: str, size: float, room: float) -> str:
    """The text, or as much of it as there is room for; "" where that would say nothing."""
    if breadth(text, size) <= room:
        return text
    room -= _breadth("…") * size
    kept = 0
    for letter in text:
        room -= _breadth(letter) * size
        if room < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip()}…" if kept >= 2 else ""
