"""Seams: a model re-makes even the pixels it was told to keep; its error there corrects the rest.

On kept pixels the plate is known, so the answer's error is known. A gain and offset per channel
takes out the drift of colour; what is left is carried into the painted pixels: in space by a
membrane that is exact on the border (pull-push, after Gortler et al., The Lumigraph, 1996), in time
by a fade.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from secondunit.callsheet import Pixels

_FEWEST = 64  # kept pixels under which a fit of colour says nothing
_SOFT_FADE, _SHARP_FADE = 8.0, 1.5  # frames for the error's broad and fine parts to fade by 1/e


def healed(
    answer: Pixels, known: Pixels, kept: NDArray[np.bool_], numbers: Sequence[int]
) -> Pixels:
    """A window's answer (T,H,W,3) corrected so that it meets what is known where `kept` (T,H,W).

    `numbers` are the frames' places in the shot: an error fades with the frames between, not with
    the pictures between.
    """
    if not kept.any():
        return answer
    matched = colour_matched(answer, known, kept)
    error = np.where(kept[..., None], known - matched, 0).astype(np.float32)
    whole = np.asarray(kept.all(axis=(1, 2)))
    corrected = matched.copy()
    for index in range(len(answer)):
        if kept[index].any():
            corrected[index] += membrane(error[index], kept[index])
        else:
            corrected[index] += _carried(error, whole, index, numbers)
    return np.clip(corrected, 0, 1, out=corrected)


def colour_matched(answer: Pixels, known: Pixels, kept: NDArray[np.bool_]) -> Pixels:
    """The answer under the gain and offset per channel that fit it to what is known."""
    if kept.sum() < _FEWEST:
        return answer
    ours, theirs = answer[kept].astype(np.float64), known[kept].astype(np.float64)
    mean, wanted = ours.mean(0), theirs.mean(0)
    spread = ((ours - mean) ** 2).mean(0)
    together = ((ours - mean) * (theirs - wanted)).mean(0)
    gain = np.clip((together + 1e-3) / (spread + 1e-3), 0.8, 1.25)
    return (answer * gain + (wanted - mean * gain)).astype(np.float32)


def membrane(error: Pixels, kept: NDArray[np.bool_]) -> Pixels:
    """(H,W,C) known where kept (H,W), continued smoothly everywhere else."""
    weight = kept.astype(np.float32)[..., None]
    levels = [(error * weight, weight)]
    while min(levels[-1][1].shape[:2]) > 1 and not (levels[-1][1] > 0).all():
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    total, weight = levels.pop()
    filled = (total / np.maximum(weight, 1e-6)).astype(np.float32)
    for total, weight in reversed(levels):
        height, width = weight.shape[:2]
        coarse = _doubled(filled, height, width)
        confident = np.minimum(weight, 1)
        filled = total / np.maximum(weight, 1e-6) * confident + coarse * (1 - confident)
    return filled.astype(np.float32)


def _halved(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    even = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)))
    quarter = np.float32(0.25)
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * quarter


def _doubled(picture: Pixels, height: int, width: int) -> Pixels:
    big = picture.repeat(2, 0).repeat(2, 1)[:height, :width]
    return np.asarray(gaussian_filter(big, (1, 1, 0), mode="nearest"), np.float32)


def _carried(error: Pixels, whole: NDArray[np.bool_], index: int, numbers: Sequence[int]) -> Pixels:
    """The error of the nearest wholly kept frames before and after, faded with distance."""
    total = np.zeros(error.shape[1:], np.float32)
    known = np.flatnonzero(whole)
    for side in (known[known < index][-1:], known[known > index][:1]):
        if side.size:
            near = int(side[0])
            total += _faded(error[near], abs(numbers[index] - numbers[near]))
    return total


def _faded(error: Pixels, distance: int) -> Pixels:
    broad = gaussian_filter(error, (error.shape[0] / 16, error.shape[1] / 16, 0), mode="nearest")
    fade = max(0, distance - 1)
    soft, sharp = np.exp(-fade / _SOFT_FADE), np.exp(-fade / _SHARP_FADE)
    return (broad * soft + (error - broad) * sharp).astype(np.float32)
