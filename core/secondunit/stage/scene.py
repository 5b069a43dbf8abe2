"""A scene: one window of a shot as the model will see it; a task makes it a call sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import UNKNOWN, CallSheet, Need, Pixels
from secondunit_contract.frames import Rate


@dataclass(frozen=True, eq=False)
class Scene:
    """Frames of one window at the model's working size.

    plate  (T,H,W,3) display-referred; UNKNOWN where no input reaches
    paint  (T,H,W): what the task wants made
    marks  window index -> (H,W): what the artist marked on that frame, soft edges kept
    honours  what the model can do, for a task that has more than one road
    guide  (T,H,W,3): structure to follow, UNKNOWN where nothing says; None where there is none
    """

    rate: Rate
    plate: Pixels
    paint: NDArray[np.bool_]
    marks: dict[int, Pixels]
    honours: frozenset[Need] = frozenset()
    guide: Pixels | None = None

    def filled(self, **words: Any) -> CallSheet:
        """A sheet whose paint region is unknown: the model invents it from what is around."""
        hidden = np.where(self.paint[..., None], np.float32(UNKNOWN), self.plate)
        return self._sheet(hidden, **words)

    def repainted(self, **words: Any) -> CallSheet:
        """A sheet whose paint region shows the plate: the model paints over what it sees."""
        return self._sheet(self.plate, **words)

    def _sheet(self, plate: Pixels, **words: Any) -> CallSheet:
        frames, height, width = self.paint.shape
        size = width, height, frames
        return CallSheet(*size, self.rate, plate=plate, paint=self.paint, guide=self.guide, **words)
