"""Roughing in: pixels nobody knows get a first guess, as a painter lays in a ground.

In time, by what witnesses tell (`stage.witness`): a cross-fade between two, a hold beside one. What
no frame saw goes on from what is beside it: mostly a membrane, partly the nearest pixel. It is what
every answer must beat, and where some models like to start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from secondunit.callsheet import Pixels
from secondunit.stage.membrane import spread
from secondunit.stage.witness import Witnesses

Mask = NDArray[np.bool_]

_IN_TIME = 0.5  # how much a pixel guessed in time counts beside a known one
_MEMBRANE = 2 / 3  # of a guess in space; the rest is the nearest pixel


def roughed(clip: Pixels, unknown: Mask) -> Pixels:
    """A clip (T,H,W,C), display-referred, with its `unknown` pixels (T,H,W) guessed.

    Known pixels stay what they are. A clip of which nothing is known stays what it is.
    """
    known = ~unknown
    if not unknown.any() or not known.any():
        return clip.copy()
    witnesses = Witnesses.of(clip, known)
    filled, weights = clip.copy(), known.astype(np.float32)
    for frame in np.flatnonzero(unknown.any((1, 2))).tolist():
        picture, seen = witnesses.picture(frame)
        reached = seen & unknown[frame]
        filled[frame][reached] = picture[reached]
        weights[frame][reached] = _IN_TIME
    left = weights == 0
    for frame in np.flatnonzero(left.any((1, 2))).tolist():
        beside = _in_space(filled[frame], weights[frame])
        filled[frame][left[frame]] = beside[left[frame]]
    return filled


def _in_space(picture: Pixels, weights: Pixels) -> Pixels:
    """A picture (H,W,C) continued from where its weights (H,W) are above 0."""
    smooth = spread(picture * weights[..., None], weights)
    _, nearest = distance_transform_edt(weights == 0, return_indices=True)
    repeated = picture[nearest[0], nearest[1]]
    return np.asarray(repeated + (smooth - repeated) * np.float32(_MEMBRANE), np.float32)
