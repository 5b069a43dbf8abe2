"""Natural backgrounds: from what the model believes to an alpha at the plate's own edge."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.cutout import Cutout, Cutouts, Finish, Seen, held, told_apart
from secondunit.matting.edge import refined
from secondunit.matting.foreground import foreground
from secondunit.matting.refine import preview
from secondunit.matting.steady import steadied


@dataclass(frozen=True)
class Natural:
    """How subjects before natural backgrounds are cut out.

    final    the edge is solved, which takes longer than the preview's filter
    colours  the subject's own colours are wanted, without what is behind it
    """

    finish: Finish = field(default_factory=Finish)
    final: bool = True
    colours: bool = False
    device: str = "cpu"

    def cut(self, frames: Iterator[Seen]) -> Cutouts:
        """The frames' cutouts, in their order; a few frames are looked at ahead."""
        ahead: deque[Seen] = deque()  # itertools.tee would let go of 57 frames at a time

        def shown() -> Iterator[tuple[Pixels, Pixels]]:
            for seen in frames:
                ahead.append(seen)
                yield seen.picture, _hint(seen)

        for hint in steadied(shown()):
            seen = ahead.popleft()
            yield self._cut(replace(seen, hint=hint) if seen.hint is not None else seen)

    def _cut(self, seen: Seen) -> Cutout:
        alpha = self._alpha(seen)
        if seen.given is None:
            alpha = self.finish.of(alpha)
        alpha = held(alpha, seen)
        colour = seen.linear
        if self.colours:
            colour = foreground(seen.linear, alpha, seen.clean, self.device)
        return Cutout(alpha, colour, told_apart(alpha, seen))

    def _alpha(self, seen: Seen) -> Pixels:
        if seen.given is not None:
            return seen.given
        if seen.hint is None:
            return np.zeros(seen.picture.shape[:2], np.float32)
        if not self.final:
            return preview(seen.hint, seen.picture)
        return refined(seen.picture, seen.hint, seen.spread, seen.token, device=self.device)


def _hint(seen: Seen) -> Pixels:
    """What is believed of a frame; of one the artist has marked, what the artist says."""
    if seen.given is not None:
        return seen.given
    return np.zeros(seen.picture.shape[:2], np.float32) if seen.hint is None else seen.hint
