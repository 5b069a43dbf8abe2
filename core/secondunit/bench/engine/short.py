"""Jobs as short as jobs come: nine frames of a plate the size of a stamp."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from secondunit.callsheet import Size
from secondunit.demo import FOOTAGE
from secondunit.media.format import Format
from secondunit.media.read import open_media
from secondunit.media.write import create
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job

_EVERY = 8  # pixels of the demo's plate, a pixel of the stamp


def stamp(folder: Path) -> Clip:
    """The first nine frames of the demo's plate, every eighth pixel of them; made where missing."""
    path = folder / "stamp.mov"
    if not path.exists():
        with open_media(Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 8))) as reader:
            width, height = (-(-side // _EVERY) for side in reader.footage.size)
            wanted = replace(Format.like(reader.footage), size=Size(width, height))
            with create(path, wanted) as writer:
                for frame in reader.frames(FrameRange(0, 8)):
                    writer.write(frame[::_EVERY, ::_EVERY].copy())
    return Clip(str(path), FrameRange(0, 8))


def short_job(folder: Path, number: int, steps: int = 1, takes: int = 1) -> Job:
    """A job as short as its steps."""
    return Job(
        "extend",
        str(folder / "takes" / f"take_{number:04d}.mov"),
        f"job-{number:04d}",
        {"plate": stamp(folder)},
        {"left": 16, "right": 16},
        seed=1 + 10 * number,
        takes=takes,
        steps=steps,
    )


def short_jobs(folder: Path, count: int) -> list[Job]:
    """Jobs of one step and one or two takes."""
    return [short_job(folder, number, takes=1 + number % 2) for number in range(count)]
