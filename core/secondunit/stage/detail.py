"""Detail a model never saw, brought back where its answer agrees with a frame we know.

A model works small. Between a known frame and the same frame through the model's size lies the
detail that was lost; where the model's new frame shows the same thing in the same place, that
detail is still right. Where something has moved, it is not, and nothing is added. The known frame
may have been laid over the new one first, as the camera moved (`engine.coverage`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from secondunit.callsheet import Pixels
from secondunit.stage.fit import Fit

_TOLERANCE = 0.06  # display-referred difference at which detail counts as half wrong


@dataclass(frozen=True, eq=False)
class Known:
    """A frame we know: as the model is shown it (h,w,3), what that loses of it (H,W,3), and how far
    each pixel counts (h,w,1).
    """

    shown: Pixels
    detail: Pixels
    counts: Pixels | None = None

    @classmethod
    def of(cls, picture: Pixels, fit: Fit, seen: Pixels | None = None) -> Known:
        """From a delivered picture (H,W,3), display-referred, and where it is one (H,W,1), 0..1;
        everywhere, where that is not said.
        """
        shown = fit.shown(picture)
        counts = None if seen is None else fit.shown(seen)
        return cls(shown, picture - fit.delivered_picture(shown), counts)


def brought_back(answer: Pixels, nearby: list[Known], fit: Fit) -> Pixels:
    """The answer (h,w,3) at the delivered size, with the detail of known frames it agrees with."""
    picture = fit.delivered_picture(answer)
    if not nearby:
        return picture
    agreements = [_agreement(answer, known) for known in nearby]
    total: Pixels = np.maximum(np.stack(agreements).sum(axis=0), np.float32(1))
    for known, agreement in zip(nearby, agreements, strict=True):
        share: Pixels = np.divide(agreement, total, dtype=np.float32)
        picture = picture + known.detail * fit.delivered_picture(share)
    return np.clip(picture, 0, 1, dtype=np.float32)


def _agreement(answer: Pixels, known: Known) -> Pixels:
    apart = np.abs(answer - known.shown).max(axis=2, keepdims=True)
    apart = gaussian_filter(apart, (1, 1, 0), mode="nearest")
    alike = np.exp2(-((apart / _TOLERANCE) ** 2)).astype(np.float32)
    return alike if known.counts is None else alike * known.counts
