"""A membrane: what is known of a picture, continued smoothly over what is not.

Pull-push, after Gortler et al., The Lumigraph (1996). Its weights are soft; the one that carries a
model's error into a hole (`stage.seams`) is exact on the border.
"""

from __future__ import annotations

import cv2
import numpy as np

from secondunit.callsheet import Pixels

_SURE = 4.0  # one known pixel of four makes a coarser one known


def spread(weighted: Pixels, weights: Pixels) -> Pixels:
    """A picture (H,W,C), already multiplied by its weights (H,W), continued from where these are
    above 0.
    """
    high, wide = weights.shape
    own: Pixels = np.asarray(weighted / np.maximum(weights, 1e-6)[..., None], np.float32)
    if max(high, wide) == 1:
        return own
    half = ((wide + 1) // 2, (high + 1) // 2)
    pulled = cv2.resize(weights, half, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA)
    mean = mean.reshape(*pulled.shape, -1) / np.maximum(pulled, 1e-6)[..., None]
    pulled = np.minimum(pulled * _SURE, 1)
    coarse = spread(mean * pulled[..., None], pulled)
    wider = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_LINEAR).reshape(own.shape)
    return np.asarray(wider + (own - wider) * np.minimum(weights, 1)[..., None], np.float32)
