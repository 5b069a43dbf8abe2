"""Which files make a sequence: shot.####.exr, shot.%04d.exr, shot.@@@@.exr, or a folder."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from secondunit_contract.problem import MediaEmpty, MediaUnreadable

PICTURES = frozenset(
    {".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".tga", ".bmp", ".hdr"}
    | {".webp", ".jp2", ".jxl", ".sgi", ".rgb"}
)
"""Suffixes that name one picture rather than a movie."""

_PLACE = re.compile(r"#+|@+|%0?(\d*)d")
_NUMBERED = re.compile(r"^(.*?)(-?\d+)(\.[^.\d][^.]*)$")


@dataclass(frozen=True)
class Pattern:
    """A sequence's name with a place for the frame number: shot. / .exr, four digits."""

    folder: Path
    before: str
    after: str
    digits: int

    def __str__(self) -> str:
        return str(self.folder / f"{self.before}{'#' * self.digits}{self.after}")

    def file(self, number: int) -> Path:
        """Where frame `number` is."""
        sign = "-" if number < 0 else ""
        return self.folder / f"{self.before}{sign}{abs(number):0{self.digits}d}{self.after}"

    def numbers(self) -> list[int]:
        """The frames that exist, in order. A missing folder holds none."""
        found: list[int] = []
        if not self.folder.is_dir():
            return found
        for name in os.listdir(self.folder):
            middle = name[len(self.before) : len(name) - len(self.after)]
            if re.fullmatch(r"-?\d+", middle) and self.file(int(middle)).name == name:
                found.append(int(middle))
        return sorted(found)


def pattern_of(path: Path) -> Pattern | None:
    """The pattern a path spells, or None where it names one file."""
    places = list(_PLACE.finditer(path.name))
    if not places:
        return None
    place = places[-1]
    digits = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    return Pattern(path.parent, path.name[: place.start()], path.name[place.end() :], digits)


def pattern_in(folder: Path) -> Pattern:
    """The one sequence a folder holds. Raises MediaEmpty, or MediaUnreadable if it has several."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in os.listdir(folder):
        parts = _NUMBERED.match(name)
        if parts and parts[3].lower() in PICTURES and not name.startswith("."):
            found[parts[1], parts[3]].append(parts[2])
    if not found:
        raise MediaEmpty(
            "The folder holds no image sequence",
            where=str(folder),
            remedy="Name the folder its pictures are in, or render them again",
        )
    if len(found) > 1:
        names = ", ".join(f"{before}#{after}" for before, after in sorted(found)[:4])
        raise MediaUnreadable(
            f"The folder holds {len(found)} sequences: {names}",
            where=str(folder),
            remedy="Name one of them, as in shot.####.exr",
        )
    (before, after), numbers = found.popitem()
    return Pattern(folder, before, after, min(len(number.lstrip("-")) for number in numbers))
