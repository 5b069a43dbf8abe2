"""Fitting a delivery's pictures into a model's size, and back: padded, never squashed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Reach, Size
from secondunit.media.resize import resized
from secondunit_contract.problem import SizeUnfit

LARGEST = 32_768
"""Pixels a side; beyond it a size is a mistake."""

THINNEST = 4
"""Pixels a side of the picture a model is shown; less says nothing."""


@dataclass(frozen=True)
class Fit:
    """A delivered size inside a working size.

    The picture is scaled to `inner`; its edges are repeated right and below up to `working`.
    """

    delivered: Size
    inner: Size
    working: Size

    @classmethod
    def into(cls, delivered: Size, reach: Reach) -> Fit:
        """The working size: the model's own area at most, in its multiples, the plate's shape.

        Raises SizeUnfit for a size no working size can hold.
        """
        width, height = delivered
        if not (0 < width <= LARGEST and 0 < height <= LARGEST):
            raise SizeUnfit(
                f"A picture of {width}x{height}",
                remedy=f"Ask for 1 to {LARGEST} pixels a side",
            )
        if reach.size is not None:
            return cls._inside(delivered, reach.size)
        scale = min(1.0, math.sqrt(reach.area / (width * height)))
        unit = reach.multiple
        for _ in range(64):
            inner = Size(max(1, round(width * scale)), max(1, round(height * scale)))
            working = Size(*(math.ceil(side / unit) * unit for side in inner))
            if min(inner) < THINNEST:
                break
            if working.width * working.height <= max(reach.area, unit * unit):
                return cls(delivered, inner, working)
            scale *= 0.97
        raise _too_thin(delivered)

    @classmethod
    def _inside(cls, delivered: Size, only: Size) -> Fit:
        """As large as it fits into the one size there is. Raises SizeUnfit as `into` does."""
        scale = min(only.width / delivered.width, only.height / delivered.height)
        inner = Size(*(max(1, round(side * scale)) for side in delivered))
        if min(inner) < THINNEST:
            raise _too_thin(delivered)
        return cls(delivered, inner, only)

    def shown(self, picture: Pixels) -> Pixels:
        """A delivered picture (H,W,C) at the working size, its edges repeated as padding."""
        return self._padded(resized(picture, self.inner))

    def shown_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A mask (H,W) at the working size: painted wherever any pixel of it was."""
        if not mask.any():
            return np.zeros((self.working.height, self.working.width), bool)
        if mask.all():
            return np.ones((self.working.height, self.working.width), bool)
        covered = resized(mask[..., None].astype(np.float32), self.inner, "box")
        return self._padded(covered)[..., 0] > 1e-4

    def delivered_picture(self, worked: Pixels) -> Pixels:
        """A worked picture (h,w,C) without its padding, at the delivered size."""
        inner = worked[: self.inner.height, : self.inner.width]
        return resized(inner, self.delivered, "bicubic")

    def _padded(self, inner: Pixels) -> Pixels:
        below = self.working.height - inner.shape[0]
        beside = self.working.width - inner.shape[1]
        if not below and not beside:
            return inner
        return np.pad(inner, ((0, below), (0, beside), (0, 0)), mode="edge")


def _too_thin(size: Size) -> SizeUnfit:
    return SizeUnfit(
        f"A picture of {size.width}x{size.height} is too long and thin to work on",
        remedy="Crop it, or extend it in two steps",
    )
