"""Whole: what no screen and no subject explains is set right, holes in cloth and lines of a border.

Planes (h,w) of alpha, torch tensors on any device.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels

_RIMS = (0.8, 0.9, 0.95)  # alphas that may go round a hole; it becomes as whole as its rim is
_DEEPEST = 0.3  # a hole whose alpha goes lower shows the screen itself, whatever surrounds it
_SPREADS = 3.0  # of the subject's own colour: so far from its mean is still the subject
_WIDEST = 0.03  # of the longer side: the side of a square as large as the largest hole

_BORDER = 0.02  # of a side: how deep a camera's blank lines may reach into a picture
_LONG = 0.25  # the share of a side that has to lie before the screen, for a line to be told
_MOSTLY, _SEEN = 0.8, 0.25  # the share of that which a blank line differs on; and its alpha there
_TRACE = 0.03  # the mean alpha that a blank line still throws on the lines beside it
_BARE = 0.15  # the alpha below which what lies inside a line is the screen


def closed(alpha: Any, varied: Any) -> Any:
    """Alpha (h,w) without the holes that the subject's own colours explain.

    varied  (h,w) the subject's spread along the screen's hue, in parts of the screen's own

    A hole is an island: something more whole goes all the way round it, or round it and along the
    picture's border. It is closed where it is small, and no deeper than three spreads of what the
    subject wears there. Where the subject's colours are clear of the screen's every gap stays: hair
    lets the screen through, and so does the crook of an arm.
    """
    import torch

    found = np.asarray(alpha.detach().cpu().numpy(), np.float32).copy()
    deepest = np.maximum(1 - _SPREADS * varied.detach().cpu().numpy(), _DEEPEST)
    if float(deepest.min()) < _RIMS[-1]:
        for rim in _RIMS:
            inside = _islands(found, rim, deepest)
            found[inside] = np.maximum(found[inside], 1.0 if rim == _RIMS[-1] else rim)
    return torch.from_numpy(found).to(alpha.device)


def _islands(alpha: Pixels, rim: float, deepest: Pixels) -> NDArray[np.bool_]:
    """The pixels below a rim in parts that are small and, on average of a part, not too deep."""
    below = (alpha < rim).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(below, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] <= (_WIDEST * max(alpha.shape)) ** 2
    small[0] = False
    places = np.flatnonzero(small[labels])
    which, values = labels.ravel()[places], alpha.ravel()[places]
    lowest = np.ones(count, np.float32)
    np.minimum.at(lowest, which, values)
    pixels = np.bincount(which, minlength=count).clip(1)
    allowed = np.bincount(which, deepest.ravel()[places], minlength=count) / pixels
    kept: NDArray[np.bool_] = small & (lowest >= allowed)
    return kept[labels]


def unlined(alpha: Any) -> Any:
    """Alpha (h,w), not clipped, without the blank lines that a camera or a tape leaves at a border.

    A line is told by its length: along a border, before the bare screen, nearly all of it is no
    screen. The lines up to the last that shows it take on the alpha of the next one inside, so a
    subject that the picture's border cuts is cut there still.
    """
    for side in (0, 1):
        alpha = _without(_without(alpha, side).flip(side), side).flip(side)
    return alpha


def _without(alpha: Any, side: int) -> Any:
    """The same for the first lines of one side."""
    deep = max(2, round(_BORDER * alpha.shape[side]))
    if alpha.shape[side] < 4 * deep:
        return alpha
    lines = alpha.narrow(side, 0, deep + 2).movedim(side, 0).clamp(0, 1)
    bare = lines[deep:].mean(0) < _BARE
    if float(bare.float().mean()) < _LONG:
        return alpha
    lines = lines[:deep, bare]
    blank = (lines > _SEEN).float().mean(1) > _MOSTLY
    if not bool(blank.any()):
        return alpha
    marked = blank | (lines.mean(1) > _TRACE)
    last = int(blank.nonzero().max())
    while last + 1 < deep and bool(marked[last + 1]):
        last += 1
    result = alpha.clone()
    result.narrow(side, 0, last + 1).copy_(
        alpha.narrow(side, last + 1, 1).expand_as(alpha.narrow(side, 0, last + 1))
    )
    return result
