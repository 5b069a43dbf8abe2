"""Keeping: no plate, and no take shot before, is ever written over."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from secondunit.ledger import sidecar
from secondunit.media.format import Format
from secondunit.media.pattern import pattern_of
from secondunit.media.sound import wave_path
from secondunit_contract.clip import Clip
from secondunit_contract.problem import BadValue, TakeThere

_LONGEST_NAME = 230  # bytes; most disks take 255, and a name under way is a little longer


def lies_there(name: Path) -> bool:
    """Whether there is media of that name, whatever its suffix; a side-car alone is none."""
    found = name.parent.glob(glob.escape(name.name) + ".*")
    return any(not each.name.endswith(sidecar.SUFFIX) for each in found)


def free_name(name: Path) -> Path:
    """The name, or with a number behind it where something of that name lies there already."""
    return next(each for each in numbered(name) if not lies_there(each))


def numbered(name: Path) -> Iterator[Path]:
    """The name, then with 2, 3, 4 … behind it."""
    yield name
    for number in itertools.count(2):
        yield name.with_name(f"{name.name}_{number}")


def refuse_loss(path: Path, format: Format, beside: Sequence[Path], inputs: Iterable[Clip]) -> None:
    """Raise TakeThere where a take at `path` would be written over something.

    `beside` are the files that tell of the take: older ones give way, but never an input. Raises
    BadValue for a name that no disk takes.
    """
    for each in (path, *beside):
        if len(os.fsencode(each.name)) > _LONGEST_NAME:
            raise BadValue(
                "The take's name is too long for a disk", str(each), "Give it a shorter name"
            )
    pattern = None if format.movie else pattern_of(path)
    sound = wave_path(path) if format.sound and not format.movie else None
    there = path.exists() or (pattern is not None and pattern.numbers())
    if there or (sound is not None and sound.exists()):
        raise TakeThere(
            "Something lies already where the take should go",
            str(path if there else sound),
            "Give the take another name: a plate or an earlier take is never written over",
        )
    plates = {Path(clip.media).resolve() for clip in inputs}
    for each in beside:
        if each.resolve() in plates:
            raise TakeThere(
                "A file beside the take would be written over what it is made from",
                str(each),
                "Give the take another name or folder",
            )
