"""Grain: what film and sensors lay over a picture is taken off before it is looked at for a matte.

As compositors do before they key. Nothing that is delivered is made of it but alphas: an edge that
follows the grain boils, and colours told by grain tell nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from secondunit.callsheet import Pixels

_UNLIKE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6  # any plane gives 0
_TO_SPREAD = 1.4826  # from a normal spread's median to its standard deviation
_FEW = 500_000  # values that a median is taken of
_LEAST = 1 / 255  # display-referred: grain below one step of 8 bits is left
_ACROSS, _NEAR = 5, 1.5  # pixels of the filter's square, and how soon distance counts in it
_ALIKE = 5.0  # times the grain, summed over three colours: two pixels of one thing differ by 3.4


def grain(picture: Pixels) -> float:
    """How strong a picture's (H,W,3) grain is: its standard deviation in display-referred steps.

    Immerkær: Fast Noise Variance Estimation (1996), by the median, so that edges count for less.
    """
    unlike = np.abs(cv2.filter2D(np.asarray(picture, np.float32), -1, _UNLIKE)[1:-1, 1:-1])
    if not unlike.size:
        return 0.0
    every = max(1, round((unlike.size / _FEW) ** 0.5))
    return _TO_SPREAD * float(np.median(unlike[::every, ::every]))


def ungrained(picture: Pixels) -> Pixels:
    """A picture (H,W,3), display-referred, without its grain; the same one where it has none.

    Near pixels that differ by no more than grain does are averaged: the bilateral filter, Tomasi
    and Manduchi (1998). Where it has some, what is no number becomes grey first.
    """
    clean = np.nan_to_num(picture, nan=0.5, posinf=1.0, neginf=0.0).astype(np.float32, copy=False)
    strength = grain(clean)
    if strength < _LEAST:
        return picture
    return np.asarray(cv2.bilateralFilter(clean, _ACROSS, _ALIKE * strength, _NEAR), np.float32)
