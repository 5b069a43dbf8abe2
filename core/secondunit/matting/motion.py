"""Motion: what moves against its background, whatever the camera does.

Dense flow between two frames, less the motion of the background: the homography most of the picture
agrees on (Fischler and Bolles: RANSAC, 1981). Frames laid on each other by it show what stands, and
so what does not look like its background.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.motion.camera import Moves
from secondunit.motion.flow import flow_between

_EVERY = 6  # pixels between the points a background's motion is fitted to
_RIM = 4  # pixels these keep off the edge
_WITHIN = 1.0  # pixels a point may be off that motion
_FEWEST, _AGREED = 12, 0.25  # points that can be fitted; the share that must go one way
_SMALLEST = 16  # pixels of the shorter side of a picture whose flow can be measured
_WOBBLE = 3  # pixels across that a standing thing's picture may differ within
_AGREE = 2  # frames that must show a background before it is believed


class Beside(NamedTuple):
    """A frame near another in time: how many frames later (earlier below 0), and its picture."""

    offset: int
    picture: Pixels


class Crop(NamedTuple):
    """A window of a picture, in its pixels, and how many times larger it is looked at."""

    left: int
    top: int
    right: int
    bottom: int
    scale: float

    def of(self, picture: Pixels) -> Pixels:
        """The window of a picture (H,W) or (H,W,C), at its own scale."""
        part = picture[self.top : self.bottom, self.left : self.right]
        return np.asarray(scaled_by(part, self.scale), np.float32)


@dataclass(frozen=True, eq=False)
class Moved:
    """What one frame beside tells of a picture (h,w).

    offset      frames later
    away        how far each pixel moves against the background (h,w), in pixels
    background  (3,3): where the background's pixels are in that frame
    """

    offset: int
    away: Pixels
    background: Moves


def moved(here: Pixels, there: Beside) -> Moved | None:
    """What a frame beside tells of a picture; None where no motion of the background is found."""
    if min(here.shape[:2]) < _SMALLEST:
        return None
    flow = flow_between(here, there.picture)
    motion = _background(flow)
    if motion is None:
        return None
    height, width = flow.shape[:2]
    every = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    stood = cv2.perspectiveTransform(every.reshape(1, -1, 2), motion).reshape(every.shape)
    away = np.asarray(np.linalg.norm(flow - (stood - every), axis=-1), np.float32)
    return Moved(there.offset, away, motion)


def against_background(here: Pixels, others: Iterable[Pixels]) -> Pixels:
    """How far each pixel (H,W) moves against the background, in pixels: the least of what the other
    frames tell, since what one of them hides seems to move there.
    """
    told = [found.away for there in others if (found := moved(here, Beside(1, there)))]
    still = np.zeros(here.shape[:2], np.float32)
    return np.asarray(np.min(told, axis=0), np.float32) if told else still


def unlike_background(here: Pixels, others: Sequence[tuple[Pixels, Moves]]) -> Pixels:
    """How unlike its background each pixel (h,w) of a picture is, in display-referred steps.

    `others` are pictures with where the background of `here` lies in them. What stands looks alike
    in most of them; the second nearest counts, since one frame may agree by chance. Where fewer
    frames reach, nothing is unlike.
    """
    size = here.shape[1::-1]
    shape = np.ones((_WOBBLE, _WOBBLE), np.uint8)
    told = []
    for picture, motion in others:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpPerspective(picture, motion, size, flags=flags)
        reached = cv2.warpPerspective(
            np.ones(picture.shape[:2], np.float32), motion, size, flags=flags
        )
        most, least = cv2.dilate(laid, shape), cv2.erode(laid, shape)
        apart = np.maximum(np.maximum(here - most, least - here), 0).max(-1)
        told.append(np.where(reached > 0.99, apart, np.inf))
    if len(told) < _AGREE:
        return np.zeros(here.shape[:2], np.float32)
    second = np.partition(np.stack(told), _AGREE - 1, axis=0)[_AGREE - 1]
    return np.asarray(np.where(np.isfinite(second), second, 0), np.float32)


def in_crop(motion: Moves, scale: float, crop: Crop) -> Moves:
    """A background's motion found on a picture `scale` times as large, from a crop of it to the
    whole other picture at the crop's scale.
    """
    up = np.diag([crop.scale / scale, crop.scale / scale, 1.0])
    moved_in = np.array(
        [[1, 0, crop.left * crop.scale], [0, 1, crop.top * crop.scale], [0, 0, 1.0]]
    )
    return np.asarray(up @ motion @ np.linalg.inv(up) @ moved_in)


def _background(flow: NDArray[np.float32]) -> Moves | None:
    height, width = flow.shape[:2]
    y, x = np.mgrid[_RIM : height - _RIM : _EVERY, _RIM : width - _RIM : _EVERY]
    points = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
    if len(points) < _FEWEST:
        return None
    cv2.setRNGSeed(1)  # the same frames give the same bits
    gone = points + flow[y, x].reshape(-1, 2)
    motion, agree = cv2.findHomography(points, gone, cv2.RANSAC, _WITHIN)
    if motion is None or agree.mean() < _AGREED:
        return None
    return np.asarray(motion, np.float64)


def scaled_by(picture: Pixels, scale: float) -> Pixels:
    """A picture (H,W) or (H,W,C) so many times its size, filtered against aliasing."""
    if scale == 1:
        return np.ascontiguousarray(picture, np.float32)
    size = tuple(max(2, round(side * scale)) for side in picture.shape[1::-1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.float32)
