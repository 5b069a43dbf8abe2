"""The promise: outside the paint region every pixel of a result is the same bits as the plate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from secondunit.callsheet import Pixels


def feathered(paint: NDArray[np.bool_], pixels: float) -> Pixels:
    """How much of the answer shows (H,W): 0 outside the region, 1 so many pixels inside it."""
    if pixels <= 0 or paint.all() or not paint.any():
        return paint.astype(np.float32)
    inside = distance_transform_edt(paint)
    return np.clip(inside / (pixels + 1), 0, 1).astype(np.float32)


def kept_outside(
    plate: NDArray[Any], painted: NDArray[Any], paint: NDArray[np.bool_]
) -> NDArray[Any]:
    """The plate (H,W,C) with `painted` in the paint region (H,W): elsewhere the very same bits.

    Both in the plate's own dtype; channels the answer does not have (alpha) stay the plate's.
    """
    result = plate.copy()
    result[..., : painted.shape[2]][paint] = painted[paint]
    return result
