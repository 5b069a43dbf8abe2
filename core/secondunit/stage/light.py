"""Light: what a clipped plate lost of its highlights, put back from a model's answer.

A value short of the plate's white is known, and stays; one that has reached it says only that there
was at least so much light. There the model's answer is laid in, at the plate's own exposure, and
every channel for itself: a lamp whose red alone is clipped keeps its green and blue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit.media.resize import resized
from secondunit.stage.fit import Fit

_KNOWN, _CLIPPED = 0.90, 0.99  # code values: below the one all is known, from the other on nothing
_DARK = 0.02  # linear; darker pixels say little of an exposure
_FEWEST = 64  # known pixels under which none can be told
_STOPS = 4.0  # how far an answer's exposure is believed to be off at most
_FLOOR = 1e-4  # linear
_LEAST = 0.1  # share of a model's pixel that is clipped, under which its light is not trusted whole


def clipped_share(code: Pixels) -> Pixels:
    """How far each value (…,3) of an integer plate, in 0..1, is clipped: 0 is known,
    1 says only that there was so much.
    """
    way = np.clip((code - _KNOWN) / (_CLIPPED - _KNOWN), 0, 1)
    return np.asarray(way * way * (3 - 2 * way), np.float32)


def exposure(answer: Pixels, plate: Pixels, known: NDArray[np.bool_]) -> Pixels:
    """(3,) by what each channel of an answer must be multiplied to be exposed as the plate is.

    Both (H,W,3) linear; `known` (H,W,3) where the plate is. The median of their ratios; a channel
    that is nowhere known goes with the others, and where none is, nothing is changed.
    """
    stops = np.full(3, np.nan, np.float32)
    for channel in range(3):
        ours, theirs = answer[..., channel], plate[..., channel]
        seen = known[..., channel] & (theirs > _DARK) & (ours > _FLOOR)
        if seen.sum() >= _FEWEST:
            stops[channel] = np.median(np.log2(theirs[seen] / ours[seen]))
    told = ~np.isnan(stops)
    if not told.any():
        return np.ones(3, np.float32)
    stops[~told] = stops[told].mean()
    return np.asarray(np.exp2(np.clip(stops, -_STOPS, _STOPS)), np.float32)


def lit(plate: Pixels, answer: Pixels, share: Pixels, fit: Fit) -> Pixels:
    """A plate (H,W,3) with its highlights from an answer (h,w,3) of the working size; all linear,
    `share` as `clipped_share` tells it.

    Nowhere darker than the plate, and where nothing is clipped the plate's own bits. What an answer
    has more of than the plate shown as small is laid on what is clipped there and on nothing else:
    so a glint that is smaller than the model's pixels is as bright as the light in it.
    """
    inner = answer[: fit.inner.height, : fit.inner.width]
    seen, clipped = resized(plate, fit.inner, "box"), resized(share, fit.inner, "box")
    exposed = inner * exposure(inner, seen, clipped == 0)
    more = np.maximum(np.nan_to_num(exposed - seen, nan=0.0, posinf=0.0, neginf=0.0), 0)
    there = np.maximum(_grown(clipped, fit.delivered), _LEAST)
    light = np.maximum(_grown(more * (clipped > 0), fit.delivered), 0) / there
    return np.where(share > 0, plate + light * share, plate)


def _grown(small: Pixels, size: Size) -> Pixels:
    return resized(small, size, "bicubic")
