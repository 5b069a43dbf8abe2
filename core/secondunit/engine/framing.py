"""Framing: a subject that is small in the picture is shown to the model large, by a crop that goes
with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from secondunit.callsheet import Pixels, Size

_MARGIN = 0.6  # of the subject's own size, on each side: it moves and reaches out
_ROOM = 0.05  # of the picture beside that
_WORTH = 0.6  # of the picture's sides: a crop that is not smaller is not worth it
_CLOSEST = 5.0  # times larger than the whole picture would be shown, at most
_SEEN = 0.3  # of a matte: less is no subject


@dataclass(frozen=True)
class Framing:
    """A crop of one size for each frame of a window: its left and top, in the picture's pixels."""

    picture: Size
    size: Size
    corners: tuple[tuple[int, int], ...]

    @classmethod
    def whole(cls, picture: Size, frames: int) -> Framing:
        """No crop."""
        return cls(picture, picture, ((0, 0),) * frames)

    @classmethod
    def around(cls, found: Mapping[int, Pixels], shown: Sequence[int], picture: Size) -> Framing:
        """Around the subject: `found` holds its matte (H,W) on some of the frames shown, which are
        in rising order. Between these it goes straight; before and after, it stays as it went.
        """
        boxes = {index: box for index in shown if index in found and (box := _box(found[index]))}
        if not boxes:
            return cls.whole(picture, len(shown))
        size = _size(list(boxes.values()), picture)
        if size.width > _WORTH * picture.width and size.height > _WORTH * picture.height:
            return cls.whole(picture, len(shown))
        known = sorted(boxes)
        middles = np.array([_middle(boxes[index]) for index in known])
        corners = []
        for index in shown:
            middle = _at(index, known, middles)
            corner = [
                int(np.clip(round(each - side / 2), 0, whole - side))
                for each, side, whole in zip(middle, size, picture, strict=True)
            ]
            corners.append((corner[0], corner[1]))
        return cls(picture, size, tuple(corners))

    def cut(self, place: int, picture: Pixels) -> Pixels:
        """What is shown of the window's frame at that place: (h,w,…) of (H,W,…)."""
        x, y = self.corners[place]
        return picture[y : y + self.size.height, x : x + self.size.width]

    def put(self, place: int, found: Pixels) -> Pixels:
        """A plane (h,w) of the crop in one of the picture's size (H,W), 0 around it."""
        if self.size == self.picture:
            return found
        whole = np.zeros((self.picture.height, self.picture.width), np.float32)
        x, y = self.corners[place]
        whole[y : y + self.size.height, x : x + self.size.width] = found
        return whole


_Box = tuple[int, int, int, int]


def _box(matte: Pixels) -> _Box | None:
    """Left, top, right and bottom of what a matte holds; without the few pixels that stray."""
    inside = matte > _SEEN
    if inside.sum() < 4:
        return None
    left, right = _extent(inside.sum(0))
    top, bottom = _extent(inside.sum(1))
    return left, top, right, bottom


def _extent(counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> tuple[int, int]:
    share = np.cumsum(counts) / counts.sum()
    return int(np.searchsorted(share, 0.005)), int(np.searchsorted(share, 0.995)) + 1


def _middle(box: _Box) -> tuple[float, float]:
    left, top, right, bottom = box
    return (left + right) / 2, (top + bottom) / 2


def _size(boxes: Sequence[_Box], picture: Size) -> Size:
    across = max(right - left for left, _, right, _ in boxes)
    down = max(bottom - top for _, top, _, bottom in boxes)
    sides = []
    for own, other, whole in ((across, down, picture.width), (down, across, picture.height)):
        wanted = own + 2 * (_MARGIN * max(own, other / 2) + _ROOM * whole)
        sides.append(min(whole, round(max(wanted, whole / _CLOSEST))))
    return Size(*sides)


def _at(index: int, known: Sequence[int], middles: Pixels) -> Pixels:
    """Where the subject's middle is on a frame: between known frames, or on as it went."""
    if index < known[0] or index > known[-1]:
        end, inward = (0, 1) if index < known[0] else (-1, -2)
        if len(known) < 2 or abs(known[end] - known[inward]) > 2:
            return middles[end]
        pace = (middles[end] - middles[inward]) / (known[end] - known[inward])
        return middles[end] + pace * (index - known[end])
    return np.array([np.interp(index, known, middles[:, axis]) for axis in (0, 1)])
