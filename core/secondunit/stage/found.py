"""Found: where other frames show what a model was asked to invent, and it agrees, theirs is taken.

A model told nothing but to fill a hole is to bring back what was there. Other frames of the clip
may have seen it; what they saw is sharper and nearer to the truth than any answer, as far as they
are right about what is known, and the answer shows the same thing.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels
from secondunit.stage.witness import Mask, Witnesses

_RIGHT = 0.06  # by how much witnesses are wrong that are half believed
_ALIKE = 0.3  # display-referred difference at which an answer shows another thing
_AROUND = 1.0  # pixels


def found(answer: Pixels, sheet: CallSheet) -> Pixels:
    """An answer (T,H,W,3) with what other frames of its sheet saw where it was to be invented.

    As it is where the sheet says what is to be seen: by words, references, a guide or tracks.
    """
    if sheet.plate is None or sheet.paint is None or _says(sheet):
        return answer
    clip, known = sheet.plate, ~(sheet.paint & (sheet.plate == np.float32(UNKNOWN)).all(axis=-1))
    if sheet.keys:
        clip = clip.copy()
        for place, picture in sheet.keys.items():
            clip[place], known[place] = picture, True
    if known.all() or not known.any():
        return answer
    witnesses, whole = Witnesses.of(clip, known), answer.copy()
    for frame in np.flatnonzero(~known.all((1, 2))).tolist():
        picture, seen, wrong = witnesses.told(frame)
        there = seen & ~known[frame]
        share = np.exp2(-((wrong / _RIGHT) ** 2)) * _alike(answer[frame], picture, there)
        share = np.where(there, share, 0).astype(np.float32)[..., None]
        whole[frame] += (picture - answer[frame]) * share
    return whole


def _says(sheet: CallSheet) -> bool:
    """Whether it says what is to be seen where nobody knows."""
    told = sheet.prompt or sheet.references or sheet.tracks
    return bool(told) or sheet.guide is not None


def _alike(answer: Pixels, picture: Pixels, there: Mask) -> Pixels:
    """How far two pictures (H,W,3) show the same thing (H,W), 0..1, by what is `there`."""
    apart = np.abs(answer - picture).max(axis=2) * there
    weights = gaussian_filter(there.astype(np.float32), _AROUND, mode="nearest")
    around = gaussian_filter(apart, _AROUND, mode="nearest") / np.maximum(weights, 1e-3)
    return np.asarray(np.exp2(-((around / _ALIKE) ** 2)), np.float32)
