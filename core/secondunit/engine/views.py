"""Views: a shot's frames as roto looks at them, each read once while windows need it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from secondunit.callsheet import Pixels, Size
from secondunit.engine.marks import scaled
from secondunit.engine.shot import Shot
from secondunit.matting.grain import ungrained
from secondunit.media.resize import resized

_OUTLINE = 640  # pixels of the longer side that outlines are looked at with


class Views:
    """Frames and marks of a shot at a size that shows a subject's outline: the model's, or more.

    Where a subject is small the model is shown a crop of them.
    """

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        self._shown: dict[int, Pixels] = {}
        inner, delivered = shot.fit.inner, shot.fit.delivered
        scale = max(inner.width / delivered.width, min(1.0, _OUTLINE / max(delivered)))
        self.size = Size(*(max(1, round(side * scale)) for side in delivered))

    def frame(self, index: int) -> Pixels:
        """A laid-out frame (h,w,3), display-referred, without its grain."""
        if index not in self._shown:
            self._shown[index] = ungrained(resized(self._shot.display(index), self.size))
        return self._shown[index]

    def frames(self, indices: Sequence[int]) -> Pixels:
        """Several of them (T,h,w,3)."""
        return np.stack([self.frame(index) for index in indices])

    def marks(self, index: int) -> Pixels | None:
        """What is marked on a frame (h,w) 0..1; None where nothing says."""
        marked = self._shot.marks(index)
        return None if marked is None else scaled(marked, self.size)

    def forget(self, before: int, but: Sequence[int] = ()) -> None:
        """Let go of frames before one, but for some."""
        for index in [i for i in self._shown if i < before and i not in but]:
            del self._shown[index]

    def forget_all(self) -> None:
        """Begin again."""
        self._shown.clear()
