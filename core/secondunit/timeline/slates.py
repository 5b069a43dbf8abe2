"""Slates: the movies that hold the place of what has not been shot, made for real."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from secondunit.callsheet import Size
from secondunit.engine.local import unheard
from secondunit.engine.watching import Cancel, Report
from secondunit.media.depth import Depth
from secondunit.media.format import Codec, Format
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit.timeline.cards import Bytes, Card, drawn, running
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.job import Event
from secondunit_contract.problem import BadValue, MediaProblem, TakeThere
from secondunit_otio.flavours import Slate

SIZE = Size(1920, 1080)
_ABOVE = "SECOND UNIT · NOT SHOT YET"
_BYTE = Depth(8)


def make_slates(
    slates: Iterable[Slate],
    size: Size = SIZE,
    report: Report = unheard,
    cancel: Cancel | None = None,
) -> list[Path]:
    """Make each slate's movie at its path; those that lie there already are left as they are.

    A .mov is ProRes 4444, which every host reads, an .mp4 H.264. Raises TakeThere where something
    else lies at a path, DiskFull, NotWritable, Cancelled.
    """
    cancel, listed = cancel or Cancel(), list(slates)
    made: list[Path] = []
    for done, slate in enumerate(listed, 1):
        path = Path(slate.path)
        if not _stands(slate, path):
            _make(slate, path, size, cancel)
            made.append(path)
        report(Event("progress", phase="slates", done=done, total=len(listed)))
    return made


def _make(slate: Slate, path: Path, size: Size, cancel: Cancel) -> None:
    codec: Codec = "h264" if path.suffix.lower() == ".mp4" else "prores4444"
    wanted = Format(codec, size, slate.rate, _BYTE, timecode=_timecode(slate.first, slate.rate))
    base = drawn(slate_card(slate.lines), size)
    with create(path, wanted) as writer:
        for count in range(slate.frames):
            cancel.check()
            writer.write(slate_frame(base, slate, count))


def slate_card(lines: tuple[str, ...]) -> Card:
    """The card of a slate: its first line is the heading."""
    return Card(_ABOVE, lines[0] if lines else "", lines[1:], ours=True)


def slate_frame(base: Bytes, slate: Slate, count: int) -> Bytes:
    """One frame of a slate, counted from 0: timecode at the left of the foot, the count right."""
    number = slate.first + count
    time = _timecode(number, slate.rate)
    left = str(time) if time else f"frame {number}"
    return running(base, left, f"{count + 1} of {slate.frames}", (count + 1) / max(slate.frames, 1))


def _timecode(frame: int, rate: Rate) -> Timecode | None:
    try:
        return Timecode(frame, rate)
    except BadValue:
        return None  # frames before zero have none


def _stands(slate: Slate, path: Path) -> bool:
    """Whether the slate lies there already. Raises TakeThere where it is something else."""
    if not path.exists():
        return False
    try:
        with open_media(path) as reader:
            there = reader.footage
    except MediaProblem:
        there = None
    same = there is not None and there.rate == slate.rate and len(there.range) == slate.frames
    if same and there is not None and there.timecode == _timecode(slate.first, slate.rate):
        return True
    raise TakeThere(
        "Where a slate should go lies another file", str(path), "Choose another folder for slates"
    )
