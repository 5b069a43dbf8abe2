"""From pixels to the cells a model's latents are made of: so many pixels wide and high, so many
frames long, the first frame on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_MOST = 0.5  # of a cell: covered by more on any of its frames, it counts as covered


class Cells(NamedTuple):
    """How many pixels a cell is wide and high, and how many frames it is long after the first.

    `portion` is how many frames have a first cell of their own, where a clip is made in several; 0
    where it is made at once.
    """

    space: int
    time: int
    portion: int = 0

    def frames(self, cell: int) -> range:
        """The frames a cell holds, counted along the clip."""
        portion, cell = divmod(cell, self.count(self.portion)) if self.portion else (0, cell)
        first = portion * self.portion
        start = first + 1 + (cell - 1) * self.time
        return range(first, first + 1) if cell == 0 else range(start, start + self.time)

    def count(self, frames: int) -> int:
        """How many cells so many frames are."""
        portions = self.portions(frames)
        return portions * (1 + (frames // portions - 1) // self.time)

    def portions(self, frames: int) -> int:
        """In how many portions so many frames are made."""
        return max(1, frames // self.portion) if self.portion else 1

    def kept(self, pixels: Mask) -> Mask:
        """The cells (t,h,w) all of whose pixels (T,H,W) are kept: one that is not frees the cell,
        since what is painted must not be held.
        """
        return self._in_time(self._in_space(pixels.astype(np.float32)) == 1, np.all)

    def covered(self, pixels: Mask) -> Mask:
        """The cells (t,h,w) that pixels (T,H,W) cover for the most part, on any of their frames."""
        return self._in_time(self._in_space(pixels.astype(np.float32)) > _MOST, np.any)

    def _in_space(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        frames, height, width = values.shape
        rows, columns = height // self.space, width // self.space
        blocks = values.reshape(frames, rows, self.space, columns, self.space)
        return np.asarray(blocks.mean((2, 4)))

    def _in_time(self, values: Mask, fold: Callable[..., Any]) -> Mask:
        cells = range(self.count(len(values)))
        return np.stack([fold(values[list(self.frames(cell))], axis=0) for cell in cells])
