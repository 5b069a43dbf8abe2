"""Witnesses: what the other frames of a clip tell of one, laid over it as the camera moved.

Frames of which nothing is known lie between two that are, both moved along the ways that are left
between them. A witness is believed as far as it is right about what is known; where nothing is, as
far as two agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.motion.apart import ways_apart
from secondunit.motion.camera import STILL, Moves, camera_between, laid, part_of, reached
from secondunit.motion.flow import Way
from secondunit.motion.meeting import met
from secondunit.stage.membrane import spread

Mask = NDArray[np.bool_]

_MEAN = 0.5  # of what two are apart: by so much their mean is wrong, if each is by chance
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


class Told(NamedTuple):
    """What witnesses tell of a frame: a picture (H,W,C), where they saw anything (H,W), and by how
    much they are wrong there (H,W), as a difference of values; infinite where nobody can say.
    """

    picture: Pixels
    seen: Mask
    wrong: Pixels


@dataclass(frozen=True, eq=False)
class Witnesses:
    """A clip (T,H,W,C), display-referred, of which some pixels (T,H,W) are known."""

    clip: Pixels
    known: Mask
    track: list[Moves]
    ways: dict[int, list[Way]]

    @classmethod
    def of(cls, clip: Pixels, known: Mask) -> Witnesses:
        """Finds how the camera moved, and what moved beside it where whole frames are missing.

        Something must be known.
        """
        found = cls(clip, known, _track(clip, known), {})
        for start, end in pairwise(np.flatnonzero(known.any((1, 2))).tolist()):
            if end - start > 1:
                ways = ways_apart(*_whole(*found.sides((start + end) // 2)))
                found.ways.update(dict.fromkeys(range(start + 1, end), ways))
        return found

    def picture(self, frame: int) -> tuple[Pixels, Mask]:
        """What is told of a frame where it is unknown, and where anything is."""
        before, after = self.sides(frame)
        picture, _ = self._between(frame, before, after)
        return picture, before.seen | after.seen

    def told(self, frame: int) -> Told:
        """The same, and how wrong it is."""
        before, after = self.sides(frame)
        picture, apart = self._between(frame, before, after)
        seen = before.seen | after.seen
        wrong = self._wrong(frame, before, after) if self.known[frame].any() else apart * _MEAN
        return Told(picture, seen, np.where(seen, wrong, np.float32(np.inf)))

    def sides(self, frame: int) -> tuple[Side, Side]:
        """What the frames before one and those after it show where it is unknown."""
        earlier, later = range(frame - 1, -1, -1), range(frame + 1, len(self.clip))
        return self._side(frame, earlier), self._side(frame, later)

    def _side(self, frame: int, others: Iterable[int]) -> Side:
        """What other frames, from the nearest on, show where a frame is unknown."""
        pixels = np.zeros_like(self.clip[frame])
        away = np.full(self.known.shape[1:], np.inf, np.float32)
        wanted = ~self.known[frame]
        looked = 0
        for other in others:
            if looked == _FAR or not wanted.any():
                break
            if not self.known[other].any():
                continue
            looked += 1
            found = wanted & reached(self.known[other], self._moves(other, frame))
            if found.any():
                seen, _ = self._laid(other, frame)
                pixels[found], away[found] = seen[found], abs(other - frame)
                wanted &= ~found
        return Side(pixels, away)

    def _laid(self, other: int, frame: int) -> tuple[Pixels, Mask]:
        return laid(self.clip[other], self.known[other], self._moves(other, frame))

    def _moves(self, other: int, frame: int) -> Moves:
        there, here = self.track[other], self.track[frame]
        return STILL if there is here else here @ np.linalg.inv(there)

    def _between(self, frame: int, before: Side, after: Side) -> tuple[Pixels, Pixels]:
        """Both sides in one picture, and how far they are apart (H,W)."""
        share = _shares(before, after)
        if frame in self.ways:
            return met(*_whole(before, after), self.ways[frame], share)
        picture = before.pixels * (1 - share) + after.pixels * share
        return picture, np.full(before.away.shape, np.inf, np.float32)

    def _wrong(self, frame: int, before: Side, after: Side) -> Pixels:
        """By how much those who tell most are wrong about what is known around what they tell."""
        errors = []
        for side, step in ((before, -1), (after, 1)):
            distances, counts = np.unique(side.away[side.seen], return_counts=True)
            if len(distances):
                teller = frame + step * int(distances[counts.argmax()])
                picture, there = self._laid(teller, frame)
                there = there & self.known[frame]
                if there.any():
                    error = np.abs(picture - self.clip[frame]).max(axis=2) * there
                    errors.append(spread(error[..., None], there.astype(np.float32))[..., 0])
        if not errors:
            return np.full(before.away.shape, np.inf, np.float32)
        return np.asarray(np.mean(errors, axis=0), np.float32)


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


def _grounded(picture: Pixels, known: Mask) -> Pixels:
    """A picture (H,W,C) whose unknown pixels are the membrane's, so that nothing ends abruptly."""
    return picture if known.all() else spread(picture * known[..., None], known * np.float32(1))


def _shares(before: Side, after: Side) -> Pixels:
    """How much what is seen after counts (H,W,1), beside what was seen before."""
    with np.errstate(invalid="ignore"):
        share = np.where(after.seen, before.away / (before.away + after.away), 0)
    return np.where(before.seen, share, 1).astype(np.float32)[..., None]


def _whole(before: Side, after: Side) -> tuple[Pixels, Pixels]:
    """Both sides' pictures, each with the other's pixels where it has none."""
    first = np.where(before.seen[..., None], before.pixels, after.pixels)
    return first, np.where(after.seen[..., None], after.pixels, before.pixels)
