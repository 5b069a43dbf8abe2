"""A batch of generated clips, and what is true of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Told:
    """What words can say of one clip; empty where a world has no words.

    subject   "red ball": enough to tell it from everything else in the clip
    caption   the whole clip: "a red ball moves left over hills at sunset"
    colour, shape, motion   the subject's, in the words of the grammar's first choice
    several   whether there are other things in front of the background
    """

    subject: str = ""
    caption: str = ""
    colour: str = ""
    shape: str = ""
    motion: str = ""
    several: bool = False


@dataclass(frozen=True)
class Clips:
    """B clips of F frames, each a float32 tensor (B,C,F,H,W) in 0..1, colours as displayed.

    plate    what the camera saw (3)
    clean    the same shot without the subject and its shadow; the other things stay (3)
    alpha    how much of each pixel the subject covers, where it is seen (1)
    subject  its colour on its own, not multiplied by alpha (3)
    depth    0 far, 1 near (1)
    told     what words can say, one a clip
    """

    plate: Any
    clean: Any
    alpha: Any
    subject: Any
    depth: Any
    told: tuple[Told, ...]

    def part(self, first: int, end: int) -> Clips:
        """Clips first (inclusive) to end (exclusive)."""
        kept = {each.name: getattr(self, each.name)[first:end] for each in fields(self)}
        return Clips(**kept)


World = Callable[..., Clips]
"""seed, count, frames, height, width, device -> Clips. The same seed gives the same clips."""
