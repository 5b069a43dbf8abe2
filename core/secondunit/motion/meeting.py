"""Two pictures moved towards each other along the flow between them, until they meet.

Each pixel goes its own way (forward, not looked up), and where several arrive the ones that count
are those whose flow is right and that move most, since what moves is mostly in front; after Niklaus
and Liu, Softmax Splatting for Video Frame Interpolation (2020). Told several ways, it goes
them all.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from secondunit.callsheet import Pixels
from secondunit.motion.flow import Flow, Way, seen_along

_RIGHT = 20.0  # how much less a pixel counts by e, for each unit its flow is wrong
_FRONT = 8.0  # and more, for each shorter side it moves
_ARRIVED = 0.05  # pixels: fewer that arrive at a place leave part of it to a cross-fade
_AROUND = 1.0  # pixels


def met(
    first: Pixels, last: Pixels, ways: Sequence[Way], share: float | Pixels
) -> tuple[Pixels, Pixels]:
    """The picture so much of the way (0..1, one number or (H,W,1)) from the first (H,W,3) to the
    last, by the ways the first may get to the last; and how far what met there differs (H,W).

    Where none arrive, a cross-fade.
    """
    whole = np.zeros((*first.shape[:2], first.shape[2] + 2))
    for onwards, back in ways:
        whole += _thrown(first, _apart(first, last, onwards), onwards, share, 1 - share)
        whole += _thrown(last, _apart(last, first, back), back, 1 - share, share)
    arrived = whole[..., -1:]
    enough = np.clip(arrived / (_ARRIVED * len(ways)), 0, 1)
    mean = whole[..., :-1] / np.maximum(arrived, 1e-9)
    faded = first * (1 - share) + last * share
    faded = np.concatenate([faded, np.abs(first - last).mean(axis=2, keepdims=True)], axis=2)
    both = np.asarray(mean * enough + faded * (1 - enough), np.float32)
    return both[..., :-1], both[..., -1]


def _apart(picture: Pixels, other: Pixels, flow: Flow) -> Pixels:
    """How wrong a flow is (H,W,1): what each pixel differs from the one it gets to."""
    wrong = np.abs(picture - seen_along(other, flow)).mean(axis=2)
    return np.asarray(cv2.GaussianBlur(wrong, (0, 0), _AROUND), np.float32)[..., None]


def _thrown(
    picture: Pixels, wrong: Pixels, flow: Flow, way: float | Pixels, counts: float | Pixels
) -> Pixels:
    """A picture (H,W,3) thrown some way along a flow: its pixels, how wrong they are (H,W,1), and
    1, times what they count, summed at the four places around where each arrives.
    """
    high, wide = picture.shape[:2]
    moved = np.hypot(flow[..., 0], flow[..., 1])[..., None] / min(high, wide)
    weights = np.exp(_FRONT * moved - _RIGHT * wrong) * counts
    thrown = np.concatenate([picture, wrong, np.ones_like(wrong)], axis=2) * weights
    down, across = np.mgrid[:high, :wide].astype(np.float32)
    part_way = flow * way
    across, down = across + part_way[..., 0], down + part_way[..., 1]
    column, row = np.floor(across).astype(np.intp), np.floor(down).astype(np.intp)
    beside, below = across - column, down - row
    total = np.zeros((high * wide, thrown.shape[2]))
    for right, lower in ((0, 0), (0, 1), (1, 0), (1, 1)):
        part = (beside if right else 1 - beside) * (below if lower else 1 - below)
        inside = (column + right >= 0) & (column + right < wide)
        inside &= (row + lower >= 0) & (row + lower < high)
        places = ((row + lower) * wide + column + right)[inside]
        for channel in range(thrown.shape[2]):
            values = (thrown[..., channel] * part)[inside]
            total[:, channel] += np.bincount(places, values, high * wide)
    return total.reshape(high, wide, -1)
