"""Patterns of a shot: what repeats itself beside what is painted goes on there (`stage.pattern`).

They are sought small, in some frames at once, and in a long shot anew from time to time; between
two searches one fades into the other, so that nothing jumps. Only where the paint stands still in
the picture, as around a plate that gets more frame: what a subject hides, other frames have seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from secondunit.callsheet import Pixels, Size
from secondunit.engine.shot import Shot
from secondunit.media.resize import resized
from secondunit.stage.pattern import PIECE, Layers, Pattern, gone_on

_LOOKED_AT = 640  # pixels of the longer side of a frame in which patterns are sought
_EVERY = 24  # frames from one search to the next, about
_FRAMES = 6  # that are looked at in one
_COARSE = 3.0  # pixels of the model's own picture: what is finer it may have left out
_SMALLEST = 12  # pixels, of those looked at, that a piece has a side


class Patterns:
    """What goes on in the painted part of a shot's frames. Ask in order."""

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        longest = max(shot.layout.size)
        scale = max(1.0, longest / _LOOKED_AT)
        self._size = Size(*(max(1, round(side / scale)) for side in shot.layout.size))
        self._spread = _COARSE * longest / max(shot.fit.inner)
        self._searches = max(1, round(len(shot.layout) / _EVERY))
        self._found = lru_cache(maxsize=2)(self._seek)

    def over(self, index: int, answer: Pixels) -> Pixels:
        """The answer (H,W,3), with the detail that goes on where its frame is painted."""
        near = [(self._found(search), share) for search, share in self._near(index)]
        patterns = [(pattern, share) for pattern, share in near if pattern is not None]
        if not patterns:
            return answer
        known = ~self._shot.paint(index)
        plate = self._shot.display(index, "pattern")
        layers = Layers.of(plate, known, self._spread)
        whole: Pixels = np.where(known[..., None], plate, answer)
        for pattern, share in patterns:
            more = gone_on(whole, layers, known, pattern.sized(*known.shape), self._spread)
            answer = answer + (more - whole) * np.float32(share)
        return answer

    def _near(self, index: int) -> list[tuple[int, float]]:
        """The searches before and after a frame, and how much each counts."""
        place = (index + 0.5) * self._searches / len(self._shot.layout) - 0.5
        place = min(max(place, 0.0), self._searches - 1.0)
        before, share = int(place), place % 1
        return [(before, 1 - share), (before + 1, share)] if share else [(before, 1.0)]

    def _seek(self, search: int) -> Pattern | None:
        """What goes on at one time of the shot; None where nothing does, or the paint moves."""
        frames = self._frames(search)
        paints = [self._shot.paint(each) for each in frames]
        if not frames or paints[0].all() or any((each != paints[0]).any() for each in paints):
            return None
        hidden = resized(paints[0][..., None].astype(np.float32), self._size, "box")[..., 0]
        known = hidden < 1e-4
        spread = self._spread * max(self._size) / max(self._shot.layout.size)
        seen = (
            resized(self._shot.display(each, "pattern ahead"), self._size, "box") for each in frames
        )
        fine = [Layers.of(each, known, spread).fine for each in seen]
        pattern = Pattern.of(fine, known, max(_SMALLEST, round(PIECE * spread)))
        return pattern if pattern.trust.any() else None

    def _frames(self, search: int) -> list[int]:
        """Some painted frames of a clip, evenly from the time of a search."""
        layout, length = self._shot.layout, len(self._shot.layout) / self._searches
        first = int(search * length)
        covered = [
            each
            for each in range(first, min(len(layout), int(first + length) + 1))
            if layout.origin(each) is not None and self._shot.touched(each)
        ]
        picked = np.linspace(0, len(covered) - 1, min(_FRAMES, len(covered))).astype(int)
        return [covered[each] for each in picked.tolist()]
