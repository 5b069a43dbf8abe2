"""Resizing pictures, in float and filtered against aliasing."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from secondunit.callsheet import Pixels, Size

_FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
}


def resized(
    picture: Pixels, size: Size, how: Literal["lanczos", "bicubic", "box"] = "lanczos"
) -> Pixels:
    """A picture (H,W,C) float32 at another size, filtered against aliasing."""
    if picture.shape[1::-1] == size:
        return np.ascontiguousarray(picture, np.float32)
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(picture[..., c], np.float32)).resize(
                size, _FILTERS[how]
            )
        )
        for c in range(picture.shape[2])
    ]
    return np.stack(planes, axis=-1)
