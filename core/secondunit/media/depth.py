"""How many bits a picture's values have, and the way to light and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels

Frame = NDArray[Any]
"""A picture (H,W,3) or (H,W,4) as its file holds it: uint8, uint16, float16 or float32."""

_HALF_MAX = 65504.0


@dataclass(frozen=True)
class Depth:
    """The bits of one value. Whole numbers run from 0 to `white` whatever type holds them."""

    bits: int
    floating: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type that frames of this depth come in."""
        if self.floating:
            return np.dtype(np.float16 if self.bits <= 16 else np.float32)
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)

    @property
    def white(self) -> int:
        """The largest whole number, or 1 where values are floating."""
        return 1 if self.floating else (1 << self.bits) - 1

    def __str__(self) -> str:
        return f"{self.bits}-bit {'float' if self.floating else 'integer'}"


def to_unit(frame: Frame, depth: Depth) -> Pixels:
    """The frame as float32: whole numbers scaled to 0..1, floating values as they are.

    The answer is always an array of its own.
    """
    light = frame.astype(np.float32)
    if not depth.floating:
        light /= np.float32(depth.white)
    return light


def from_unit(light: Pixels, depth: Depth) -> Frame:
    """float32 as the depth holds it: the inverse of `to_unit`, exact for every value of the depth.

    Whole numbers are rounded to the nearest and clipped, NaN to 0. Finite values beyond half
    float's end become 65504; infinities and NaN stay.
    """
    if not depth.floating:
        scaled = np.nan_to_num(light, nan=0.0, posinf=1.0, neginf=0.0)
        np.clip(scaled, 0, 1, out=scaled)
        scaled *= np.float32(depth.white)
        return np.rint(scaled, out=scaled).astype(depth.dtype)
    if depth.dtype == np.float16:
        light = np.where(np.isfinite(light), np.clip(light, -_HALF_MAX, _HALF_MAX), light)
    return light.astype(depth.dtype)
