"""Steadying hints: what one frame's hint gets wrong, its neighbours' along the flow outvote.

For hints and clean screens only. An alpha so treated would lose its motion blur.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit_contract.problem import SizeUnfit

_CARRY = 0.75  # of a neighbour's hint that is kept where the flow fits exactly
_NOISE = 20 / 255  # the difference in the picture at which a third of that is left
_LONGEST = 480  # pixels of the longer side that flow is measured at
_ASTRAY = 1.0  # pixels by which there and back may miss before it counts as covered
_AHEAD = 4  # frames looked ahead: of a hint five away less than a quarter is left


@dataclass(frozen=True)
class Moment:
    """One frame at the size flow is measured at.

    grey    (h,w) uint8
    hint    (h,w)
    whole   (H,W): the hint as it was given
    came    from the frame before
    goes    into the next
    """

    grey: NDArray[np.uint8]
    hint: Pixels
    whole: Pixels
    came: Drift | None
    goes: Drift | None


@dataclass(frozen=True)
class Drift:
    """The flow (h,w,2) from one frame into another, in pixels, and how far (h,w) it is kept to."""

    flow: Pixels
    trust: Pixels

    def blended(self, hint: Pixels, other: Pixels) -> Pixels:
        """A hint with the other frame's, brought here."""
        return hint + self.trust * (_brought(other, self.flow) - hint)


def steadied(frames: Iterable[tuple[Pixels, Pixels]], ahead: int = _AHEAD) -> Iterator[Pixels]:
    """The hints (H,W) of frames in order, each a picture (H,W,3), display-encoded, and its hint.

    An average kept along the flow, once from the frames before and once from up to `ahead` frames
    after, and the mean of both: h + c (W(h_before) - h), c = 0.75 exp(-(difference / 20)^2) of
    255 levels, and 0 where something was covered or uncovered: where the flow there and back does
    not return. Only `ahead` + 1 frames are ever held; each hint comes out as soon as
    those are there. Raises SizeUnfit when sizes differ.
    """
    held: deque[Moment] = deque()
    before: Pixels | None = None
    for picture, hint in frames:
        if picture.shape[:2] != hint.shape or (held and held[-1].whole.shape != hint.shape):
            raise SizeUnfit(f"A hint of {hint.shape} for a picture of {picture.shape[:2]}")
        _taken(held, picture, hint)
        if len(held) > ahead:
            before, steady = _first(held, before)
            yield steady
    while held:
        before, steady = _first(held, before)
        yield steady


def _taken(held: deque[Moment], picture: Pixels, hint: Pixels) -> None:
    """One more frame at the end, with the flow between it and the last."""
    height, width = hint.shape
    scale = min(1.0, _LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    clean = np.nan_to_num(picture, nan=0.5, posinf=1.0, neginf=0.0).clip(0, 1)
    small = cv2.resize(clean.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    grey = (cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) * 255 + 0.5).astype(np.uint8)
    whole = np.nan_to_num(hint.astype(np.float32), nan=0.5, posinf=1.0, neginf=0.0)
    seen = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    came = None
    if held:
        last = held.pop()
        goes, came = _ways(last.grey, grey)
        held.append(Moment(last.grey, last.hint, last.whole, last.came, goes))
    held.append(Moment(grey, seen, whole, came, None))


def _first(held: deque[Moment], before: Pixels | None) -> tuple[Pixels, Pixels]:
    """Take the first frame out: its average from before, at flow's size, and its steady hint."""
    after = held[-1].hint
    for moment in list(held)[-2::-1]:
        after = moment.hint if moment.goes is None else moment.goes.blended(moment.hint, after)
    now = held.popleft()
    told = now.hint if before is None or now.came is None else now.came.blended(now.hint, before)
    change = (told + after) / 2 - now.hint
    full = cv2.resize(change, now.whole.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return told, np.clip(now.whole + full, 0, 1)


def _ways(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[Drift, Drift]:
    """From one frame into the next, and from the next into it."""
    if min(one.shape) < 16:  # too small to measure flow in
        still = np.zeros((*one.shape, 2), np.float32)
        there = back = still
    else:
        measure = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        there, back = measure.calc(one, other, None), measure.calc(other, one, None)
    return _drift(one, other, there, back), _drift(other, one, back, there)


def _drift(here: NDArray[np.uint8], there: NDArray[np.uint8], flow: Pixels, back: Pixels) -> Drift:
    apart = (here.astype(np.float32) - _brought(there.astype(np.float32), flow)) / 255
    missed = np.linalg.norm(flow + _brought(back, flow), axis=-1)
    covered = missed > _ASTRAY + 0.05 * np.linalg.norm(flow, axis=-1)
    trust = _CARRY * np.exp(-((apart / _NOISE) ** 2))
    return Drift(flow, np.where(covered | _outside(flow), 0, trust).astype(np.float32))


def _places(flow: Pixels) -> tuple[Pixels, Pixels]:
    y, x = np.mgrid[0 : flow.shape[0], 0 : flow.shape[1]].astype(np.float32)
    return x + flow[..., 0], y + flow[..., 1]


def _outside(flow: Pixels) -> NDArray[np.bool_]:
    x, y = _places(flow)
    return (x < 0) | (y < 0) | (x > flow.shape[1] - 1) | (y > flow.shape[0] - 1)


def _brought(values: Pixels, flow: Pixels) -> Pixels:
    """Each pixel's value from where the flow says it is."""
    x, y = _places(flow)
    return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
