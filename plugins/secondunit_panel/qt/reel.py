"""The plate before the viewer: its own frames, and those that paths may lead on to from there."""

from __future__ import annotations

from dataclasses import dataclass

from secondunit_contract.frames import FrameRange
from secondunit_panel.host import Shot


@dataclass(frozen=True)
class Reel:
    """A plate, or none. `beyond` are the frames before it and after it that paths may be drawn on;
    `apart` says that takes do not count as it does, being of the gap behind it.
    """

    shot: Shot | None = None
    beyond: tuple[int, int] = (0, 0)
    apart: bool = False

    @property
    def plate(self) -> FrameRange | None:
        """The frames it has."""
        return (self.shot.clip.range or self.shot.available) if self.shot else None

    @property
    def paths(self) -> FrameRange | None:
        """The frames that paths may be drawn on."""
        plate, (before, after) = self.plate, self.beyond
        return FrameRange(plate.first - before, plate.last + after) if plate else None

    def stands(self, frame: int) -> int:
        """The frame whose picture stands on a frame: past its ends its first or its last."""
        plate = self.plate
        return min(max(frame, plate.first), plate.last) if plate else frame

    def led_to(self, frame: int) -> bool:
        """Whether a frame is none of its own, and paths may lead there."""
        plate, paths = self.plate, self.paths
        return plate is not None and frame not in plate and paths is not None and frame in paths
