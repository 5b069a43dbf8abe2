"""Roughing in: pixels nobody knows get a first guess, as a painter lays in a ground.

In time, from the nearest frames that saw the place, laid over this one as the camera moved between
them (a cross-fade between two, a hold beside one); frames of which nothing is known are half that,
half both neighbours moved along the flow that is left between them. What no frame saw goes on from
what is beside it: mostly a membrane (pull-push, after Gortler et al., The Lumigraph, 1996), partly
the nearest pixel. It is what every answer must beat, and where some models like to start.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from secondunit.callsheet import Pixels
from secondunit.motion.camera import STILL, Moves, camera_between, laid, part_of
from secondunit.motion.flow import Flow, flow_between, seen_along

Mask = NDArray[np.bool_]

_SURE = 4.0  # one known pixel of four makes a coarser one known
_IN_TIME = 0.5  # how much a pixel guessed in time counts beside a known one
_MEMBRANE = 2 / 3  # of a guess in space; the rest is the nearest pixel
_FAR = 32  # frames that are looked at either way, of those that know anything


class Side(NamedTuple):
    """What the frames on one side tell: pixels (H,W,C), and how many frames away each was seen
    (H,W), infinite where it was not.
    """

    pixels: Pixels
    away: Pixels

    @property
    def seen(self) -> Mask:
        """Where anything was seen."""
        return np.asarray(np.isfinite(self.away))


def roughed(clip: Pixels, unknown: Mask) -> Pixels:
    """A clip (T,H,W,C), display-referred, with its `unknown` pixels (T,H,W) guessed.

    Known pixels stay what they are. A clip of which nothing is known stays what it is.
    """
    known = ~unknown
    if not unknown.any() or not known.any():
        return clip.copy()
    track = _track(clip, known)
    flows = _flows(clip, known, track)
    filled, weights = clip.copy(), known.astype(np.float32)
    for frame in np.flatnonzero(unknown.any((1, 2))).tolist():
        before, after = _sides(clip, known, track, frame)
        share, reached = _shares(before, after)
        guess = before.pixels * (1 - share) + after.pixels * share
        if frame in flows:
            guess = (guess + _along(flows[frame], before, after, share)) / 2
        reached &= unknown[frame]
        filled[frame][reached] = guess[reached]
        weights[frame][reached] = _IN_TIME
    left = weights == 0
    for frame in np.flatnonzero(left.any((1, 2))).tolist():
        spread = _in_space(filled[frame], weights[frame])
        filled[frame][left[frame]] = spread[left[frame]]
    return filled


def _track(clip: Pixels, known: Mask) -> list[Moves]:
    """Where each frame lies on the first of which anything is known: frames between two that are
    known lie evenly between them.
    """
    told = np.flatnonzero(known.any((1, 2))).tolist()
    grounds = {at: _grounded(clip[at], known[at]) for at in told}
    track = [STILL] * len(clip)
    for start, end in pairwise(told):
        moves = camera_between(grounds[start], grounds[end], known[start], known[end])
        for at in range(start + 1, end + 1):
            step = part_of(moves, (at - start) / (end - start)) if at < end else moves
            track[at] = _then(track[start], step)
    track[told[-1] + 1 :] = [track[told[-1]]] * (len(clip) - 1 - told[-1])
    return track


def _then(first: Moves, second: Moves) -> Moves:
    if first is STILL:
        return second
    return first if second is STILL else second @ first


def _sides(clip: Pixels, known: Mask, track: list[Moves], frame: int) -> tuple[Side, Side]:
    """What the frames before one and those after it show where it is unknown."""
    earlier, later = range(frame - 1, -1, -1), range(frame + 1, len(clip))
    return _side(clip, known, track, frame, earlier), _side(clip, known, track, frame, later)


def _side(clip: Pixels, known: Mask, track: list[Moves], frame: int, others: Iterable[int]) -> Side:
    """What other frames, from the nearest on, show where a frame is unknown."""
    pixels = np.zeros_like(clip[frame])
    away = np.full(known.shape[1:], np.inf, np.float32)
    wanted = ~known[frame]
    looked = 0
    for other in others:
        if looked == _FAR or not wanted.any():
            break
        if not known[other].any():
            continue
        looked += 1
        seen, there = laid(clip[other], known[other], _over(track[other], track[frame]))
        found = wanted & there
        pixels[found], away[found] = seen[found], abs(other - frame)
        wanted &= ~there
    return Side(pixels, away)


def _over(other: Moves, frame: Moves) -> Moves:
    return STILL if other is frame else frame @ np.linalg.inv(other)


def _shares(before: Side, after: Side) -> tuple[Pixels, Mask]:
    """How much what is seen after counts (H,W,1), beside what was seen before; where either is."""
    with np.errstate(invalid="ignore"):
        share = np.where(after.seen, before.away / (before.away + after.away), 0)
    share = np.where(before.seen, share, 1).astype(np.float32)[..., None]
    return share, before.seen | after.seen


def _flows(clip: Pixels, known: Mask, track: list[Moves]) -> dict[int, tuple[Flow, Flow]]:
    """For each frame of which nothing is known, between two that are known: how what moves beside
    the camera gets from the one to the other, and back. Seen from the middle of the gap.
    """
    found = {}
    for start, end in pairwise(np.flatnonzero(known.any((1, 2))).tolist()):
        if end - start > 1:
            before, after = _sides(clip, known, track, (start + end) // 2)
            first, last = _whole(before, after), _whole(after, before)
            both = flow_between(first, last), flow_between(last, first)
            found.update(dict.fromkeys(range(start + 1, end), both))
    return found


def _whole(side: Side, other: Side) -> Pixels:
    return np.where(side.seen[..., None], side.pixels, other.pixels)


def _along(flows: tuple[Flow, Flow], before: Side, after: Side, share: Pixels) -> Pixels:
    """Both sides moved towards each other, as far as their frames are away, and faded."""
    onwards, back = flows
    first = seen_along(_whole(before, after), -share * onwards)
    last = seen_along(_whole(after, before), (share - 1) * back)
    return np.asarray(first * (1 - share) + last * share, np.float32)


def _grounded(picture: Pixels, known: Mask) -> Pixels:
    """A picture (H,W,C) whose unknown pixels are the membrane's, so that nothing ends abruptly."""
    return picture if known.all() else _membrane(picture * known[..., None], known * np.float32(1))


def _in_space(picture: Pixels, weights: Pixels) -> Pixels:
    """A picture (H,W,C) continued from where its weights (H,W) are above 0."""
    smooth = _membrane(picture * weights[..., None], weights)
    _, nearest = distance_transform_edt(weights == 0, return_indices=True)
    repeated = picture[nearest[0], nearest[1]]
    return np.asarray(repeated + (smooth - repeated) * np.float32(_MEMBRANE), np.float32)


def _membrane(weighted: Pixels, weights: Pixels) -> Pixels:
    """Pull-push on a picture (H,W,C) already multiplied by its weights (H,W)."""
    high, wide = weights.shape
    own: Pixels = np.asarray(weighted / np.maximum(weights, 1e-6)[..., None], np.float32)
    if max(high, wide) == 1:
        return own
    half = ((wide + 1) // 2, (high + 1) // 2)
    pulled = cv2.resize(weights, half, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA)
    mean = mean.reshape(*pulled.shape, -1) / np.maximum(pulled, 1e-6)[..., None]
    pulled = np.minimum(pulled * _SURE, 1)
    coarse = _membrane(mean * pulled[..., None], pulled)
    spread = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_LINEAR)
    spread = spread.reshape(own.shape)
    return np.asarray(spread + (own - spread) * np.minimum(weights, 1)[..., None], np.float32)
