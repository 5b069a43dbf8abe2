"""Hints: from clicks or a box on one frame to a rough mask of what they mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from secondunit.callsheet import Pixels, Size
from secondunit.media.resize import resized
from secondunit_contract.problem import MarkMissing

Mask = NDArray[np.bool_]

_SIDE = 192  # pixels of the longer side that distances are measured at
_STEP = 0.004  # the price of a pixel's distance, beside that of its colour difference


@dataclass(frozen=True)
class Hint:
    """What an artist has clicked on one frame, in fractions of its width and height.

    points  (x, y, True for "this" or False for "not this")
    box     left, top, right, bottom around it
    """

    points: tuple[tuple[float, float, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None

    @property
    def says_something(self) -> bool:
        """Whether there is anything that marks the subject."""
        return self.box is not None or any(wanted for *_, wanted in self.points)


def meant(picture: Pixels, hint: Hint) -> Mask:
    """The rough mask (H,W) of what the hint marks in a picture (H,W,3), display-referred.

    Each pixel goes to the nearer of what is marked and what is not, where distance counts colour
    steps along the path (geodesic segmentation, after Bai and Sapiro 2007). The picture's border
    counts as not meant. Raises MarkMissing when the hint marks nothing.
    """
    if not hint.says_something:
        raise MarkMissing(
            "Nothing is marked", remedy="Click on the subject, or draw a box around it"
        )
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small_size = Size(max(2, round(width * scale)), max(2, round(height * scale)))
    small = gaussian_filter(resized(picture, small_size), (0.7, 0.7, 0))
    graph = _paths(small)
    wanted, unwanted = _seeds(small_size, hint)
    nearer = _distance(graph, wanted) < _distance(graph, unwanted)
    mask = nearer.reshape(small_size.height, small_size.width).astype(np.float32)
    return resized(mask[..., None], Size(width, height))[..., 0] > 0.5


def _seeds(size: Size, hint: Hint) -> tuple[Mask, Mask]:
    y, x = np.mgrid[0 : size.height, 0 : size.width]
    across, down = (x + 0.5) / size.width, (y + 0.5) / size.height
    unwanted = (x == 0) | (y == 0) | (x == size.width - 1) | (y == size.height - 1)
    wanted = np.zeros_like(unwanted)
    if hint.box is not None:
        left, top, right, bottom = hint.box
        unwanted |= (across < left) | (across > right) | (down < top) | (down > bottom)
        if not any(each for *_, each in hint.points):
            off = ((across - (left + right) / 2) / max(right - left, 1e-6)) ** 2
            off = off + ((down - (top + bottom) / 2) / max(bottom - top, 1e-6)) ** 2
            wanted |= off < 0.25**2
    radius = max(1.5, 0.012 * max(size)) ** 2
    for px, py, marks in hint.points:
        spot = (x + 0.5 - px * size.width) ** 2 + (y + 0.5 - py * size.height) ** 2 <= radius
        wanted = (wanted | spot) if marks else (wanted & ~spot)
        unwanted = (unwanted & ~spot) if marks else (unwanted | spot)
    return wanted, unwanted


def _paths(picture: Pixels) -> csr_matrix:
    """The grid of pixels; a step costs the colour difference it crosses, and a little more."""
    height, width = picture.shape[:2]
    number = np.arange(height * width).reshape(height, width)
    starts, ends, costs = [], [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
        apart = np.sqrt(((picture[here] - picture[there]) ** 2).sum(-1))
        starts.append(number[here].ravel())
        ends.append(number[there].ravel())
        costs.append((apart + _STEP * np.hypot(dy, dx)).ravel())
    return csr_matrix(
        (np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))),
        shape=(height * width, height * width),
    )


def _distance(graph: csr_matrix, seeds: Mask) -> NDArray[np.float64]:
    found = dijkstra(graph, directed=False, indices=np.flatnonzero(seeds), min_only=True)
    return np.asarray(found)
