"""Trimaps: what of a coarse hint is certain, and where the edge has still to be found."""

from __future__ import annotations

import cv2
import numpy as np

from secondunit.callsheet import Pixels
from secondunit_contract.problem import SizeUnfit

_NOTHING, _ALL = 0.2, 0.8  # a read-out is never quite 0 or 1: beyond these it is noise
_SHUTTER = 0.5  # of a frame's time is exposed


def clamped(hint: Pixels) -> Pixels:
    """A hint (H,W) with its floor and its ceiling of noise taken off: below 0.2 is 0, above 0.8 1.

    What is no number counts as open.
    """
    hint = np.nan_to_num(hint.astype(np.float32), nan=0.5, posinf=1.0, neginf=0.0)
    return np.where(hint < _NOTHING, 0, np.where(hint > _ALL, 1, hint)).astype(np.float32)


def opened(
    hint: Pixels, spread: Pixels | None, token: float, motion: Pixels | float = 0.0
) -> Pixels:
    """The trimap (H,W) of a hint's mean (H,W) and spread (H,W): 0, 1, and 0.5 where it is open.

    Open is what the hint leaves between 0.2 and 0.8, and all within a distance of its edge: half a
    token (in pixels), as much more of it as the hint's own samples disagree, and half of what moves
    by while the shutter is open, `motion` being the flow's length in pixels a frame (a number or
    (H,W)). Raises SizeUnfit when the sizes differ.
    """
    for plane in (spread, motion):
        if isinstance(plane, np.ndarray) and plane.shape != hint.shape:
            raise SizeUnfit(f"{plane.shape} beside a hint of {hint.shape}")
    sure = clamped(hint)
    doubt = 0.0 if spread is None else np.nan_to_num(spread, nan=1.0)
    reach = token * (0.5 + np.clip(doubt, 0, 1)) + np.maximum(motion, 0) * (_SHUTTER / 2)
    inside = sure > 0.5
    away = np.minimum(_distance(inside), _distance(~inside))
    unsure = ((sure > 0) & (sure < 1)) | (away <= reach)
    return np.where(unsure, np.float32(0.5), inside.astype(np.float32))


def _distance(mask: np.ndarray) -> Pixels:
    """From each pixel (H,W) to the nearest in the mask, in pixels; 0 within, far where none is."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    to = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(mask, np.float32(np.inf), to)
