"""Upright: pictures of a camera that was held otherwise, turned as their file asks.

Players do so, and so do the hosts. Only what moves whole pixels is done: quarters and mirrors.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from secondunit.callsheet import Size
from secondunit.media.depth import Frame

_ONE = 1 << 16  # of the matrix's fixed-point numbers


@dataclass(frozen=True)
class Turn:
    """How pictures are turned: rows made columns first, then left and right or top and bottom
    changed about.
    """

    transposed: bool = False
    left_right: bool = False
    upside_down: bool = False

    @classmethod
    def asked(cls, picture: Any) -> Turn | None:
        """What a decoded picture's display matrix asks for; None where it cannot be done exactly,
        as for a few degrees.
        """
        a, b, c, d = _matrix(picture)
        if {abs(a), abs(d)} == {_ONE} and b == c == 0:
            return cls(False, a < 0, d < 0)
        if {abs(b), abs(c)} == {_ONE} and a == d == 0:
            return cls(True, c < 0, b < 0)
        return None

    def size(self, size: Size) -> Size:
        """The size of pictures of this size, once turned."""
        return Size(size.height, size.width) if self.transposed else size

    def turned(self, frame: Frame) -> Frame:
        """A frame (H,W,C) turned: the same pixels in other places."""
        if self == Turn():
            return frame
        if self.transposed:
            frame = frame.swapaxes(0, 1)
        return np.ascontiguousarray(
            frame[:: -1 if self.upside_down else 1, :: -1 if self.left_right else 1]
        )


def angle(picture: Any) -> float:
    """The degrees to the left that a decoded picture's display matrix asks for."""
    a, b, _, _ = _matrix(picture)
    return round(math.degrees(math.atan2(-b, a)), 3)


def _matrix(picture: Any) -> tuple[int, int, int, int]:
    """A pixel (x,y) of the file is shown at (a·x + c·y, b·x + d·y), its y pointing down."""
    told = picture.side_data.get("DISPLAYMATRIX")
    if told is None:
        return _ONE, 0, 0, _ONE
    a, b, _, c, d, *_ = struct.unpack("9i", bytes(told)[:36])
    return a, b, c, d
