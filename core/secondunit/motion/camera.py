"""How a camera moves from one frame to another: the affine motion most of the picture shares.

An affine one, since it goes on sensibly beyond what was seen. `matting.motion` fits a homography,
which lies closer within the picture, and has to know where there is none.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm, logm

from secondunit.callsheet import Pixels
from secondunit.motion.flow import Flow, flow_between

Moves = NDArray[np.float64]
"""(3,3): where a picture's points, in pixels, are in another picture."""

Mask = NDArray[np.bool_]

STILL: Moves = np.eye(3)

_EVERY = 3  # pixels between the points a motion is fitted to
_RIM = 2  # pixels these keep off what is not known
_WITHIN, _SHARE = 0.6, 0.006  # pixels a point may be off; or so much of the shorter side
_FEWEST, _AGREED = 12, 0.25  # points that can be fitted; the share that must go one way
_NOTHING = 0.05  # pixels: corners that move less do not move
_TURNS = 2.0  # a picture does not grow or shrink more from one frame to another
_KNOWN = 0.7  # of a pixel that is looked at between others


def camera_between(here: Pixels, there: Pixels, known_here: Mask, known_there: Mask) -> Moves:
    """How the background of a picture (H,W,3) moves to another, by what is known of both (H,W).

    STILL where too little is known, or most of it does not go one way: Fischler and Bolles'
    RANSAC (1981) on dense flow.
    """
    starts, ends = _pairs(flow_between(here, there, quick=True), known_here, known_there)
    if len(starts) < _FEWEST:
        return STILL
    cv2.setRNGSeed(1)  # the same frames give the same bits
    within = max(_WITHIN, _SHARE * min(known_here.shape))
    found, agree = cv2.estimateAffine2D(
        starts, ends, method=cv2.RANSAC, ransacReprojThreshold=within
    )
    if found is None or agree.mean() < _AGREED:
        return STILL
    moves: Moves = np.vstack([found, [0.0, 0.0, 1.0]])
    return moves if _likely(moves) and not _stands(moves, known_here.shape) else STILL


def part_of(moves: Moves, share: float) -> Moves:
    """So much of a motion, as if it went on evenly: all of it at 1, none at 0."""
    if moves is STILL:
        return STILL
    return np.asarray(np.real(expm(np.real(logm(moves)) * share)), np.float64)


def laid(picture: Pixels, known: Mask, moves: Moves) -> tuple[Pixels, Mask]:
    """A picture (H,W,C) and what is known of it (H,W), moved; unknown is what comes from beyond."""
    if moves is STILL:
        return picture, known
    height, width = known.shape
    shares = _shares(known, moves)
    pixels = cv2.warpAffine(picture * known[..., None], moves[:2], (width, height))
    return np.asarray(pixels / np.maximum(shares, _KNOWN)[..., None], np.float32), shares > _KNOWN


def reached(known: Mask, moves: Moves) -> Mask:
    """Where what is known of a picture (H,W) is, moved: what `laid` says of it, in less time."""
    return known if moves is STILL else _shares(known, moves) > _KNOWN


def _shares(known: Mask, moves: Moves) -> Pixels:
    height, width = known.shape
    moved = cv2.warpAffine(known.astype(np.float32), moves[:2], (width, height))
    return np.asarray(moved, np.float32)


def _pairs(flow: Flow, known_here: Mask, known_there: Mask) -> tuple[Pixels, Pixels]:
    """Points of a picture and where they are in the other, (N,2) each, both well within what is
    known.
    """
    height, width = known_here.shape
    rim = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
    sure = cv2.erode(known_here.astype(np.uint8), rim) > 0
    down, across = (axis.ravel() for axis in np.mgrid[_RIM:height:_EVERY, _RIM:width:_EVERY])
    picked = sure[down, across]
    down, across = down[picked], across[picked]
    starts = np.stack([across, down], 1).astype(np.float32)
    ends = starts + flow[down, across]
    places = np.round(ends).astype(int)
    inside = ((places >= 0) & (places < (width, height))).all(1)
    inside[inside] = known_there[places[inside, 1], places[inside, 0]]
    return starts[inside], ends[inside]


def _likely(moves: Moves) -> bool:
    return bool(1 / _TURNS < np.linalg.det(moves[:2, :2]) < _TURNS)


def _stands(moves: Moves, shape: tuple[int, ...]) -> bool:
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float)
    return bool(np.abs((corners @ moves.T - corners)[:, :2]).max() < _NOTHING)
