"""A clip: which frames of which media."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from secondunit_contract.frames import FrameRange, Rate


@dataclass(frozen=True)
class Clip:
    """Frames of a movie, a still or an image sequence.

    `media` is a path; a sequence is written shot.####.exr or shot.%04d.exr. Frames carry the
    media's own numbers: file numbers in a sequence, counted from 0 in a movie. `range` None means
    all of it; `rate` None the media's own. `colour_space` is an OCIO name; empty means what the
    file says. `media_start` renames the media's first frame, for hosts whose clips count from
    timecode.
    """

    media: str
    range: FrameRange | None = None
    rate: Rate | None = None
    colour_space: str = ""
    media_start: int | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
