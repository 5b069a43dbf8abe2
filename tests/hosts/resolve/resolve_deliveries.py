"""Takes on their way into a fake Resolve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job, Take
from secondunit_panel.host import Delivery


def delivery(
    world: Any, shot: Any, number: int = 1, head: int = 0, frames: int | None = None, **more: Any
):
    """A take as it is made: a file of its own that holds its frames and no more."""
    frames = frames or len(shot.place.range) + 2 * head
    path = Path(shot.clip.media).with_name(f"take ä_{number}.mov")
    path.write_bytes(b"a take")
    world.lengths[str(path)] = frames
    numbers = FrameRange.starting(shot.clip.range.first - head, frames)
    take = Take("j1", number, 40 + number, str(path), numbers, shot.place.rate, 320, 180)
    job = Job("extend", "", "j1", {"plate": shot.clip}, {"prompt": "a"})
    lies = FrameRange.starting(shot.place.range.first - head, frames)
    return Delivery(take, job, shot.place, lies, more.pop("slate", "s1"), **more)
