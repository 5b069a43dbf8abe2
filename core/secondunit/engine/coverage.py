"""Coverage: frames of the shot that saw what is painted on another, laid over it at full size.

A model's answer is small. Where it shows what another frame saw from where the camera was then,
that frame has the detail (`stage.detail`). Every frame is looked at small once, in passing, for how
the camera got there; those that show most of a hole are then opened in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.engine.shot import Shot
from secondunit.media.resize import resized
from secondunit.motion.camera import STILL, Moves, camera_between
from secondunit.stage.detail import Known

_LOOKED_AT = 640  # pixels of the longer side of a frame that is looked at for the camera's motion
_FAR = 24  # frames that are looked at either way
_MOST = 3  # frames that are opened in full for one
_WORTH = 0.1  # of a hole: a frame that shows less of it is not opened
_RIM = 3  # pixels, of those looked at, that keep off what was painted there


class Glance(NamedTuple):
    """A frame looked at small: what is seen (h,w,3), and what of it is known (h,w)."""

    picture: Pixels
    known: NDArray[np.bool_]


class Coverage:
    """For each frame of a shot, what others show where it is painted. Ask in order."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        delivered = shot.layout.size
        scale = max(1.0, max(delivered) / _LOOKED_AT)
        self._size = Size(*(max(1, round(side / scale)) for side in delivered))
        self._glances: dict[int, Glance] = {}
        self._steps: dict[int, Moves] = {}
        self._opened = lru_cache(maxsize=_MOST)(self._open)

    def of(self, index: int) -> list[Known]:
        """The frames that show most of what is painted on one, laid over it; none where the model
        works as large as what is delivered, or where the whole frame is new.
        """
        shot = self._shot
        if shot.fit.inner == shot.fit.delivered or not self._covers(index):
            return []
        self._forget(index)
        wanted = ~self._glance(index).known
        total = int(wanted.sum())
        found: list[Known] = []
        for other in self._beside(index):
            if len(found) == _MOST or not wanted.any():
                break
            moves = self._between(other, index)
            shown = self._shown(other, moves)
            if (wanted & shown).sum() >= _WORTH * total:
                found.append(self._laid(other, moves, shown))
                wanted &= ~shown
        return found

    def _covers(self, index: int) -> bool:
        """Whether anything of a frame is known."""
        return self._shot.layout.origin(index) is not None

    def _beside(self, index: int) -> Iterator[int]:
        """The frames before and after one, the nearest first."""
        for away in range(1, _FAR + 1):
            for other in (index - away, index + away):
                if 0 <= other < len(self._shot.layout) and self._covers(other):
                    yield other

    def _forget(self, index: int) -> None:
        for other in [each for each in self._glances if each < index - _FAR]:
            del self._glances[other]

    def _glance(self, index: int) -> Glance:
        if index not in self._glances:
            picture = resized(self._shot.display(index, "glance"), self._size)
            paint = self._shot.paint(index)
            hidden = resized(paint[..., None].astype(np.float32), self._size, "box")[..., 0]
            self._glances[index] = Glance(picture, hidden < 1e-4)
        return self._glances[index]

    def _between(self, other: int, index: int) -> Moves:
        """How the camera got from one frame to another, in the pixels of a glance."""
        if other > index:
            return np.asarray(np.linalg.inv(self._between(index, other)), np.float64)
        moves = STILL
        for here, there in pairwise(range(other, index + 1)):
            if there not in self._steps:
                first, second = self._glance(here), self._glance(there)
                self._steps[there] = camera_between(
                    first.picture, second.picture, first.known, second.known
                )
            if self._steps[there] is not STILL:
                moves = self._steps[there] @ moves
        return moves

    def _shown(self, other: int, moves: Moves) -> NDArray[np.bool_]:
        """Where another frame, moved, shows what is known of it, off the rim of what is not."""
        rim = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
        known = cv2.erode(self._glance(other).known.astype(np.uint8), rim)
        return np.asarray(cv2.warpAffine(known, moves[:2], self._size) > 0)

    def _open(self, index: int) -> Pixels:
        return self._shot.display(index, "cover")

    def _laid(self, other: int, moves: Moves, shown: NDArray[np.bool_]) -> Known:
        picture = self._opened(other)
        if not np.array_equal(moves, STILL):
            picture = np.asarray(
                cv2.warpAffine(
                    picture,
                    self._full(moves)[:2],
                    self._shot.layout.size,
                    flags=cv2.INTER_CUBIC,
                    borderMode=cv2.BORDER_REPLICATE,
                ),
                np.float32,
            )
        seen = resized(shown.astype(np.float32)[..., None], self._shot.layout.size)
        return Known.of(picture, self._shot.fit, seen)

    def _full(self, moves: Moves) -> Moves:
        """The same motion in the pixels of what is delivered, whose middles lie elsewhere."""
        size, small = self._shot.layout.size, self._size
        across, down = size.width / small.width, size.height / small.height
        grown = np.array(
            [[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]], np.float64
        )
        return grown @ moves @ np.linalg.inv(grown)
