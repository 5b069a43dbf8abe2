"""Flow between pictures far apart, where things have moved by more than their own size.

A search from coarse to fine loses what is small and moves far: it is gone before it is looked for.
So patches of a small copy are compared with all others first, and the search begins there; after
Chen et al., Large Displacement Optical Flow from Nearest Neighbor Fields (2013), with patches that
lead back in place of their graph cut. A thing may be as bright as its ground and of another colour,
so the search goes by the two colours in which the pictures differ most. Where a search goes astray
its beginning may be right, so all three ways are told.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.motion.flow import SMALLEST, Colour, Flow, Way, flow_between

_SIDE = 24  # pixels of the small copy's shorter side
_LONGEST = 3 * _SIDE  # and of its longer one
_PATCH = 5
_PATCH_SPREAD = 2.0  # pixels: how much of a patch counts
_FAR = 0.05  # what a way as long as the shorter side costs, as a difference of patches
_COLOURS = 2
_BACK = 1.5  # pixels of the small copy: where the way there and back may end


def ways_apart(here: Pixels, there: Pixels) -> list[Way]:
    """How the pixels of a picture (H,W,3), display-referred, may get to another: as two searches
    go that begin from the likest patches, and last as these do alone.

    Pictures too small to be measured do not move.
    """
    if min(here.shape[:2]) < SMALLEST:
        still = np.zeros((*here.shape[:2], 2), np.float32)
        return [(still, still)]
    onwards, back = _matched(here, there)
    searched = [
        (
            _voted(flow_between(here, there, begin=onwards, along=colour)),
            _voted(flow_between(there, here, begin=back, along=colour)),
        )
        for colour in _telling(here, there)
    ]
    return [*searched, (onwards, back)]


def _telling(here: Pixels, there: Pixels) -> list[Colour]:
    """The colours two pictures vary most in, from the most on: their principal axes."""
    pixels = np.concatenate([here.reshape(-1, 3), there.reshape(-1, 3)])
    axes = np.linalg.eigh(np.cov(pixels.T))[1].T[::-1][:_COLOURS]
    # an axis has two ends: the brighter one first, so that the same pictures give the same bits
    return [np.asarray(axis * (1 if axis.sum() >= 0 else -1), np.float32) for axis in axes]


def _matched(here: Pixels, there: Pixels) -> Way:
    """Both flows by the likest patches of small copies, each where the other leads back."""
    high, wide = here.shape[:2]
    small = min(_SIDE / min(high, wide), _LONGEST / max(high, wide))
    rows, columns = max(1, round(high * small)), max(1, round(wide * small))
    first, second = (
        _patches(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))
        for picture in (here, there)
    )
    places = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1, dtype=np.float32)
    places = places.reshape(-1, 2)
    costs = _distances(first, second) + _FAR / min(rows, columns) * _distances(places, places)
    onwards, back = costs.argmin(axis=1), costs.argmin(axis=0)
    scale = np.array([wide / columns, high / rows], np.float32)

    def flow(ends: NDArray[np.intp], returns: NDArray[np.intp]) -> Flow:
        ways = (places[ends] - places).reshape(rows, columns, 2)
        lost = _length(places[returns[ends]] - places).reshape(rows, columns)
        whole = _mended(ways, lost <= _BACK)
        grown = cv2.resize(whole, (wide, high), interpolation=cv2.INTER_NEAREST)
        return np.asarray(grown * scale, np.float32)

    return flow(onwards, back), flow(back, onwards)


def _mended(flow: Flow, right: NDArray[np.bool_]) -> Flow:
    """A flow whose wrong places go on from the right ones around them, single ones voted down."""
    if not right.any():
        return np.zeros_like(flow)
    weights = right.astype(np.float32)
    reach, filled, seen = 1.0, flow * weights[..., None], weights
    while (seen < 1e-3).any():
        filled = cv2.GaussianBlur(flow * weights[..., None], (0, 0), reach)
        seen = cv2.GaussianBlur(weights, (0, 0), reach)
        reach *= 2
    filled = filled / np.maximum(seen, 1e-6)[..., None]
    return _voted(np.where(right[..., None], flow, filled))


def _voted(flow: Flow) -> Flow:
    """A flow in which single pixels go where those around them go."""
    axes = [np.ascontiguousarray(flow[..., axis], np.float32) for axis in (0, 1)]
    return np.stack([cv2.medianBlur(each, 5) for each in axes], axis=-1)


def _patches(picture: Pixels) -> Pixels:
    """What is around each pixel of a picture (h,w,3), as one row of numbers each."""
    rows, columns = picture.shape[:2]
    rim = _PATCH // 2
    away = np.arange(-rim, rim + 1)
    fading = np.exp(-(away**2) / (2 * _PATCH_SPREAD**2))
    counts = np.sqrt(np.outer(fading, fading))
    counts = (counts / np.linalg.norm(counts)).astype(np.float32)
    padded = np.pad(picture, ((rim, rim), (rim, rim), (0, 0)), mode="edge")
    around = [
        padded[down : down + rows, across : across + columns] * counts[down, across]
        for down in range(_PATCH)
        for across in range(_PATCH)
    ]
    return np.concatenate(around, axis=2).reshape(rows * columns, -1)


def _distances(first: Pixels, second: Pixels) -> Pixels:
    """Between all rows (N,K) of one and all rows (M,K) of another (N,M)."""
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None]
    return np.sqrt(np.maximum(squares - 2 * first @ second.T, 0))


def _length(flow: Flow) -> Pixels:
    return np.asarray(np.hypot(flow[..., 0], flow[..., 1]), np.float32)
