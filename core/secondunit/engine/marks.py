"""Marks: what the artist has marked on a frame, from a matte or from clicks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.matting.hint import meant
from secondunit.matting.marking import Marked
from secondunit.media.depth import to_unit
from secondunit.media.read import Reader
from secondunit.media.resize import resized
from secondunit.stage.layout import Turnover
from secondunit_contract.problem import SizeDisagrees


class MatteMarks:
    """Marks from a matte: one picture, or frame by frame.

    A matte of one picture marks every frame of the plate, or, for a task that carries it through
    the shot, the frame it was drawn on. A longer one is laid on the plate by number where it holds
    the plate's numbers, first frame on first frame otherwise. Past its end it marks nothing; for a
    task that carries it, it says nothing there.
    """

    def __init__(self, reader: Reader, plate: Turnover, drawn_on: int | None) -> None:
        footage = reader.footage
        ours, theirs = footage.size, plate.size
        if abs(ours.width * theirs.height - ours.height * theirs.width) > max(*ours, *theirs):
            raise SizeDisagrees(
                f"The matte is {ours.width}x{ours.height}, "
                f"the plate {theirs.width}x{theirs.height}",
                footage.path,
                "Give a matte of the plate's shape",
            )
        self._reader, self._plate, self._drawn_on = reader, plate, drawn_on
        self._single = len(footage.range) == 1
        by_number = footage.range.clipped_to(plate.range) is not None
        self._shift = 0 if by_number else footage.range.first - plate.range.first

    def __call__(self, frame: int) -> Pixels | None:
        """(H,W) 0..1 at the plate's size; None where the matte has nothing to say of the frame."""
        if self._single:
            if self._drawn_on is not None and frame != self._drawn_on:
                return None
            return self._matte(self._reader.footage.range.first)
        number = frame + self._shift
        if number in self._reader.footage.range:
            return self._matte(number)
        if self._drawn_on is not None:
            return None
        return np.zeros((self._plate.size.height, self._plate.size.width), np.float32)

    def _matte(self, number: int) -> Pixels:
        picture = to_unit(self._reader.frame(number), self._reader.footage.depth)
        alpha = picture[..., 3:4] if picture.shape[2] == 4 else picture.mean(2, keepdims=True)
        return np.clip(resized(alpha, self._plate.size)[..., 0], 0, 1)


class HintMarks:
    """Marks from clicks or a box on one frame."""

    def __init__(self, values: Marked, plate: Turnover, display: Callable[[int], Pixels]) -> None:
        self._values, self._display = values, display
        self._frame = values.frame_marked(plate.range.first)
        self._mask: NDArray[Any] | None = None

    def __call__(self, frame: int) -> Pixels | None:
        """(H,W) 0 or 1 on the frame that was clicked on; None on every other."""
        if frame != self._frame:
            return None
        if self._mask is None:
            self._mask = meant(self._display(frame), self._values.hint()).astype(np.float32)
        return self._mask


def no_marks(frame: int) -> Pixels | None:
    """Nothing is marked anywhere."""
    return None


def scaled(marks: Pixels, size: Size) -> Pixels:
    """Marks (H,W) at another size, soft."""
    return np.clip(resized(marks[..., None], size)[..., 0], 0, 1)
