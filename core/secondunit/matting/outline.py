"""Where a matte's edge runs: its outlines to a fraction of a pixel, and how soft each one is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, map_coordinates

from secondunit.callsheet import Pixels

Points = NDArray[np.float64]

_BEYOND = 8  # pixels a shape that touches the border goes on outside the picture
_FINER = 2  # times: thin things have an inside then
_SMOOTHING = 0.7  # pixels along the outline: takes the stairs off hard mattes
_REACH = 12  # pixels to both sides in which softness is measured


@dataclass(frozen=True, eq=False)
class Outline:
    """One closed edge of a matte on one frame.

    points   (n,2) of x, y in pixels, the first pixel's centre at 0.5, 0.5; clockwise to the eye
    depth    0 for what stands free, 1 for a hole in it, 2 for what stands in that hole …
    feather  pixels from nothing to all across the edge, the middle one of those along it
    """

    points: Points
    depth: int
    feather: float

    @property
    def area(self) -> float:
        """Square pixels inside."""
        return abs(signed_area(self.points))


def signed_area(points: Points) -> float:
    """Square pixels inside a closed line (n,2), above 0 where it runs clockwise to the eye."""
    (x, y), (ahead_x, ahead_y) = points.T, np.roll(points, -1, 0).T
    return float((x * ahead_y - ahead_x * y).sum()) / 2


def outlines(alpha: Pixels, smallest: float) -> list[Outline]:
    """All edges of an alpha (H,W) where it crosses one half, round `smallest` pixels or more.

    The picture's border is no edge: a shape that touches it goes on 8 pixels outside.
    """
    wide = np.pad(np.pad(alpha.astype(np.float32), _BEYOND, mode="edge"), 1)
    rows, columns = (np.flatnonzero((wide > 0.5).any(axis)) for axis in (1, 0))
    if not rows.size:
        return []
    top, left = max(0, rows[0] - _REACH), max(0, columns[0] - _REACH)
    wide = wide[top : rows[-1] + 1 + _REACH, left : columns[-1] + 1 + _REACH]
    fine = cv2.resize(wide, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_LINEAR)
    # pixel n of the finer picture has its centre at (n + 0.5) / 2 of this one
    corner = np.array([left, top], np.float64) - _BEYOND - 1
    found, tree = cv2.findContours(
        (fine > 0.5).astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE
    )
    parents = tree[0][:, 3]
    slopes = [cv2.Sobel(fine, cv2.CV_32F, *order, ksize=3) for order in ((1, 0), (0, 1))]
    edges = []
    for index, chain in enumerate(found):
        # the chain runs through the centres of pixels, half of one further in than the edge
        if cv2.contourArea(chain) + len(chain) < smallest * _FINER**2:
            continue
        line = _crossing(fine, slopes, chain[:, 0].astype(np.float64))
        line = gaussian_filter1d(line, _SMOOTHING * _FINER, axis=0, mode="wrap")
        line = (line + 0.5) / _FINER
        size = signed_area(line)
        if abs(size) >= smallest:
            line = line if size > 0 else line[::-1]
            edges.append(Outline(line + corner, _depth(index, parents), _softness(wide, line)))
    return edges


def _depth(index: int, parents: NDArray[np.int32]) -> int:
    depth = 0
    while parents[index] >= 0:
        index, depth = int(parents[index]), depth + 1
    return depth


def _crossing(fine: Pixels, slopes: list[Pixels], line: Points) -> Points:
    """Each point, the centre of a pixel just inside, moved outwards to where alpha is one half."""
    column, row = line.astype(int).T
    inwards = np.stack([slope[row, column] for slope in slopes], -1).astype(np.float64)
    inwards /= np.maximum(np.hypot(*inwards.T), 1e-9)[:, None]
    steps = np.linspace(0, 2, 9)
    places = line[:, None] - inwards[:, None] * steps[:, None]
    seen = map_coordinates(fine, [places[..., 1], places[..., 0]], order=1, mode="nearest")
    below = seen <= 0.5
    after = np.where(below.any(1), below.argmax(1), 0)
    each, before = np.arange(len(line)), np.maximum(after - 1, 0)
    drop = np.maximum(seen[each, before] - seen[each, after], 1e-9)
    share = np.where(after > 0, (seen[each, before] - 0.5) / drop, 0)
    return line - inwards * (steps[before] + share * steps[1])[:, None]


def _softness(wide: Pixels, line: Points) -> float:
    """The width of the edge: of a ramp as spread as alpha's change across it; the median along it.

    A ramp w wide has the variance w²/12; reading between pixels and in steps of one adds 1/12 each.
    """
    ahead = np.roll(line, -2, 0) - np.roll(line, 2, 0)
    outwards = np.stack([ahead[:, 1], -ahead[:, 0]], -1)
    outwards /= np.maximum(np.hypot(*outwards.T), 1e-9)[:, None]
    offsets = np.arange(-_REACH, _REACH + 1)
    every = max(1, len(line) // 400)
    places = line[::every, None] + outwards[::every, None] * offsets[:, None] - 0.5
    seen = map_coordinates(wide, [places[..., 1], places[..., 0]], order=1, mode="nearest")
    # nothing counts behind the next edge: towards the inside it only grows, outside only falls
    seen[:, _REACH::-1] = np.maximum.accumulate(seen[:, _REACH::-1], 1)
    seen[:, _REACH:] = np.minimum.accumulate(seen[:, _REACH:], 1)
    change = seen[:, :-1] - seen[:, 1:]
    middle = offsets[:-1] + 0.5
    whole = np.maximum(change.sum(1), 1e-9)
    mean = change @ middle / whole
    variance = change @ middle**2 / whole - mean**2
    return float(np.median(np.sqrt(np.maximum(12 * variance - 2, 0))))
