"""Where each frame of a delivery comes from, and where the plate lies in its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Size
from secondunit_contract.frames import FrameRange, Rate, Span
from secondunit_contract.problem import BadValue


class Place(NamedTuple):
    """Where the plate's top left pixel lies in the delivered picture."""

    x: int
    y: int


_CORNER = Place(0, 0)


class Turnover(NamedTuple):
    """A clip handed over to a task: its picture, its rate and which of its frames are meant."""

    size: Size
    rate: Rate
    range: FrameRange


@dataclass(frozen=True)
class Stretch:
    """Consecutive frames of one input; of nothing, where `source` is empty and the model invents.

    `first` is the number of its first frame as the input counts.
    """

    source: str
    first: int
    frames: int

    def __post_init__(self) -> None:
        if self.frames < 0:
            raise BadValue(f"A stretch of {self.frames} frames")


class Origin(NamedTuple):
    """One frame of one input."""

    source: str
    frame: int


@dataclass(frozen=True)
class Layout:
    """A delivery, laid out before anything is shot.

    size      of the delivered picture
    stretches where its frames come from, in order
    deliver   which of them are delivered; the others only show the model what is around
    first     the number of the first delivered frame, as the plate counts
    place     where plates lie in the picture
    plate     the size of the plates; None where they fill the picture
    guided    the laid-out frames that a guide tells of, its first the first; None: those delivered
    """

    size: Size
    rate: Rate
    stretches: tuple[Stretch, ...]
    deliver: Span
    first: int = 0
    place: Place = _CORNER
    plate: Size | None = None
    guided: Span | None = None

    def __post_init__(self) -> None:
        if not len(self.deliver):
            raise BadValue("There is no frame to deliver", remedy="Ask for at least one frame")
        if min(self.place) < 0:
            raise BadValue(f"A plate that begins outside the picture, at {self.place}")
        if self.deliver.start < 0 or self.deliver.stop > len(self):
            raise BadValue(f"Frames {self.deliver} of a layout of {len(self)}")

    @classmethod
    def frame_for_frame(cls, plate: Turnover) -> Layout:
        """The plate as it is, all of it delivered."""
        frames = len(plate.range)
        whole = (Stretch("plate", plate.range.first, frames),)
        return cls(plate.size, plate.rate, whole, Span(0, frames), plate.range.first)

    def __len__(self) -> int:
        return sum(stretch.frames for stretch in self.stretches)

    @property
    def range(self) -> FrameRange:
        """The numbers of the delivered frames."""
        return FrameRange.starting(self.first, len(self.deliver))

    def origin(self, index: int) -> Origin | None:
        """The input's frame that laid-out frame `index` comes from; None for one to invent."""
        for stretch in self.stretches:
            if index < stretch.frames:
                return Origin(stretch.source, stretch.first + index) if stretch.source else None
            index -= stretch.frames
        raise IndexError(index)

    def plate_box(self) -> tuple[int, int, int, int]:
        """Where the plate lies in the picture: left, top, width and height in pixels."""
        plate = self.plate or self.size
        return self.place.x, self.place.y, plate.width, plate.height

    def beyond_plate(self) -> NDArray[np.bool_]:
        """(H,W): True where the plate does not reach."""
        plate = self.plate or self.size
        beyond = np.ones((self.size.height, self.size.width), bool)
        x, y = self.place
        beyond[y : y + plate.height, x : x + plate.width] = False
        return beyond

    def set_in(self, picture: NDArray[np.generic], fill: float = 0.0) -> NDArray[np.generic]:
        """The plate's picture (h,w,C) in its place in one of the delivered size; the same bits."""
        height, width = picture.shape[:2]
        if self.place == (0, 0) and (width, height) == self.size:
            return picture
        whole = np.full((self.size.height, self.size.width, picture.shape[2]), fill, picture.dtype)
        x, y = self.place
        whole[y : y + height, x : x + width] = picture
        return whole
