"""Detail a model never saw, brought back where its answer agrees with a frame we know.

A model works small. Between a known frame and the same frame through the model's size lies the
detail that was lost; where the model's new frame shows the same thing in the same place, that
detail is still right. Where something has moved, it is not, and nothing is added.
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
    """A frame we know: as the model is shown it (h,w,3), and what that loses of it (H,W,3)."""

    shown: Pixels
    detail: Pixels

    @classmethod
    def of(cls, picture: Pixels, fit: Fit) -> Known:
        """From a delivered picture (H,W,3), display-referred."""
        shown = fit.shown(picture)
        return cls(shown, picture - fit.delivered_picture(shown))


def brought_back(answer: Pixels, nearby: list[Known], fit: Fit) -> Pixels:
    """The answer (h,w,3) at the delivered size, with the detail of known frames it agrees with."""
    picture = fit.delivered_picture(answer)
    if not nearby:
        return picture
    agreements = [_agreement(answer, known.shown) for known in nearby]
    total: Pixels = np.maximum(np.stack(agreements).sum(axis=0), np.float32(1))
    for known, agreement in zip(nearby, agreements, strict=True):
        share: Pixels = np.divide(agreement, total, dtype=np.float32)
        picture = picture + known.detail * fit.delivered_picture(share)
    return np.clip(picture, 0, 1, dtype=np.float32)


def _agreement(answer: Pixels, shown: Pixels) -> Pixels:
    apart = np.abs(answer - shown).max(axis=2, keepdims=True)
    apart = gaussian_filter(apart, (1, 1, 0), mode="nearest")
    return np.exp2(-((apart / _TOLERANCE) ** 2)).astype(np.float32)
