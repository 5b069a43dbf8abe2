"""Likeness: whether a repainted subject still lies where it lies in the plate."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from secondunit.callsheet import Pixels

_WINDOW = 1.5  # pixels: the Gaussian of the structural similarity
_FLOOR = (0.01**2, 0.03**2)
_LEAST = 12  # pixels of a subject that can be judged


def likeness(plate: Pixels, answer: Pixels, found: Pixels) -> Pixels:
    """(T,) 0..1: structural similarity of luma inside the subject; 1 for no subject.

    plate, answer (T,H,W,3); found (T,H,W). After Wang et al.: Image Quality Assessment (2004), with
    its Gaussian window made small for small pictures. An answer that moved, or redrew the subject,
    has a low one: its matte is of another shot.
    """
    return np.array([_one(*each) for each in zip(plate, answer, found, strict=True)], np.float32)


def _one(plate: Pixels, answer: Pixels, found: Pixels) -> float:
    inside = found > 0.5
    if inside.sum() < _LEAST:
        return 1.0
    ours = _luma(plate)
    theirs = np.where(inside, _luma(answer), ours)  # what is around it was meant to change
    middle, other = _blurred(ours), _blurred(theirs)
    varied = _blurred(ours * ours) - middle**2
    varied_too = _blurred(theirs * theirs) - other**2
    together = _blurred(ours * theirs) - middle * other
    alike = (2 * middle * other + _FLOOR[0]) * (2 * together + _FLOOR[1])
    alike /= (middle**2 + other**2 + _FLOOR[0]) * (varied + varied_too + _FLOOR[1])
    return float(np.clip(alike[inside].mean(), 0, 1))


def _luma(picture: Pixels) -> Pixels:
    return np.asarray(picture @ np.array([0.2126, 0.7152, 0.0722], np.float32))


def _blurred(values: Pixels) -> Pixels:
    return gaussian_filter(values, _WINDOW, mode="nearest")
