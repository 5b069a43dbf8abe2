"""Evidence: what the shot itself says of a subject, weighed against a model's hint of where it is.

Its colours and its motion, learnt from frames that are known, and what was seen around it there.
Where none is known, they are learnt from the hints themselves: learning from one's own answer, and
answering again, is how GrabCut goes (Rother et al., 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.engine.views import Views
from secondunit.matting.motion import against_background
from secondunit.matting.sureness import UNSURE
from secondunit.matting.track import Track
from secondunit.matting.traits import WIDE, Behind, Known, Traits
from secondunit.motion.camera import camera_between, laid

_LEARNT = 8  # frames at most that traits are learnt from
_SURELY = 6  # a power: what is half the subject's teaches that it is not
_AROUND = 0.05  # of a known matte: below it is what is around the subject


@dataclass(eq=False)
class Evidence:
    """Of one shot, whose `marked` frames the artist has marked.

    track   what is believed of every frame so far
    traits  what the subject is like; None while too little is known
    """

    views: Views
    marked: tuple[int, ...]
    track: Track
    traits: Traits | None = None
    _around: tuple[int, Pixels, NDArray[np.bool_]] | None = None

    def __post_init__(self) -> None:
        self.traits = Traits.proven(self._known())

    def weighed(self, found: Pixels, index: int) -> Pixels:
        """A hint (H,W) of a frame with all evidence there is; as it is while there is none."""
        if self.traits is None:
            return found
        return self.traits.weighed(
            found, self.views.frame(index), self._motion(index), self._behind(index)
        )

    def taught(self, frames: Sequence[int], hints: Track, draft: Track) -> None:
        """Where nothing was known, learn from what was just found on frames, and weigh their hints
        by that. What is learnt from is weighed before the rest, and learnt from a second time.

        Not where frames are known: there it was led astray by what the hints had lost.
        """
        if self.traits is not None:
            return
        some = _spread(frames)
        for wanted in (some, frames):
            found = [(index, belief) for index in some if (belief := draft[index])]
            seen = [self._one(i, each.found**_SURELY) for i, each in found]
            self.traits = Traits.of(seen, WIDE)
            for index in wanted:
                if (hint := hints[index]) is not None:
                    draft.hear(index, replace(hint, found=self.weighed(hint.found, index)))
                self.views.forget(index - 1)
            self.views.forget_all()

    def _known(self) -> list[Known]:
        """The frames that are known, as they are known."""
        beliefs = ((index, self.track[index]) for index in _spread(self._sure()))
        return [self._one(index, belief.found) for index, belief in beliefs if belief]

    def _one(self, index: int, matte: Pixels) -> Known:
        return Known(self.views.frame(index), matte, self._motion(index))

    def _sure(self) -> Sequence[int]:
        """The frames that are marked, or surely found."""
        track = self.track
        return self.marked or [i for i in range(track.frames) if track.sureness(i) >= UNSURE]

    def _motion(self, index: int) -> Pixels:
        """How far each pixel of a frame moves against the background, in pixels."""
        beside = [i for i in (index - 1, index + 1) if 0 <= i < self.track.frames]
        return against_background(self.views.frame(index), [self.views.frame(i) for i in beside])

    def _behind(self, index: int) -> Behind | None:
        """What was around the subject on the nearest frame that is known, laid over this one as the
        camera moved.
        """
        nearest = min(self._sure(), key=lambda each: abs(each - index), default=index)
        if nearest == index:
            return None
        if self._around is None or self._around[0] != nearest:
            belief = self.track[nearest]
            if belief is None:
                return None
            self._around = nearest, self.views.frame(nearest), belief.found < _AROUND
        _, there, around = self._around
        here = self.views.frame(index)
        moves = camera_between(there, here, around, np.ones_like(around))
        return Behind(*laid(there, around, moves))


def _spread(frames: Sequence[int]) -> list[int]:
    """So many of them as are learnt from, from the first to the last."""
    places = np.linspace(0, len(frames) - 1, min(_LEARNT, len(frames)))
    return [frames[round(place)] for place in places]
