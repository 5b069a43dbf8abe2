"""Following an edge through a shot: which outlines are one thing, and which of its points which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from secondunit.matting.outline import Outline, Points

Places = NDArray[np.int_]

_SAME = 0.2  # of the union two outlines must share, once laid over each other
_FEWEST, _MOST = 48, 1500  # samples of an outline
_FINER = 2  # places a sample can go to, for each sample
_STRETCH = 3  # times its usual distance that a sample may be from the one before
_STIFFNESS = 0.1  # what stretching costs, beside squared distances
_TURNING = 0.01  # of the outline's length: how far a sample rather goes than turn by 60 degrees
_BAND = 0.2  # of the outline: how far before or behind the even way a sample may go
_ROUNDS = 4
_COARSE = 100  # samples of the coarse matching
_PART = 0.06  # of the outline: what moves as one


@dataclass
class Course:
    """One shape's outlines on the frames from `first` on, each frame's after the other's."""

    first: int
    outlines: list[Outline] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The last frame it is there."""
        return self.first + len(self.outlines) - 1

    @property
    def depth(self) -> int:
        """How many edges lie around it."""
        return self.outlines[0].depth

    @property
    def area(self) -> float:
        """Square pixels at its largest."""
        return max(outline.area for outline in self.outlines)


def courses(frames: Iterable[Sequence[Outline]], first: int) -> list[Course]:
    """Outlines put together to shapes through time, each with a life of its own.

    Two outlines of frames in a row are one shape where they lie over each other by a fifth or more
    of their union, as they are or moved by their centres' distance. A shape that parts in two goes
    on as the one more like it, and the other begins.
    """
    done: list[Course] = []
    alive: list[Course] = []
    for number, there in enumerate(frames, first):
        pairs = _pairs([course.outlines[-1] for course in alive], there)
        for index, course in enumerate(alive):
            if index in pairs:
                course.outlines.append(there[pairs[index]])
        new = [each for place, each in enumerate(there) if place not in pairs.values()]
        done += [course for index, course in enumerate(alive) if index not in pairs]
        alive = [course for index, course in enumerate(alive) if index in pairs]
        alive += [Course(number, [each]) for each in new]
    return sorted(done + alive, key=lambda course: (course.depth, course.first))


def _pairs(before: Sequence[Outline], after: Sequence[Outline]) -> dict[int, int]:
    if not (before and after):
        return {}
    alike = np.array([[_alike(old, new) for new in after] for old in before])
    rows, columns = linear_sum_assignment(-alike)
    return {int(r): int(c) for r, c in zip(rows, columns, strict=True) if alike[r, c] >= _SAME}


def _alike(old: Outline, new: Outline) -> float:
    """Intersection over union, also after moving the older one, and 0 for a hole and no hole."""
    if old.depth != new.depth or min(old.area, new.area) < _SAME * max(old.area, new.area):
        return 0.0
    shift = _centre(new.points) - _centre(old.points)
    reach = np.ptp(old.points, 0) + np.ptp(new.points, 0)
    if (np.abs(shift) > reach / 2).any():
        return 0.0
    return max(_shared(old.points, new.points), 0.9 * _shared(old.points + shift, new.points))


def _centre(points: Points) -> Points:
    return (points.min(0) + points.max(0)) / 2


def _shared(old: Points, new: Points) -> float:
    both = np.concatenate([old, new])
    corner = np.floor(both.min(0)) - 1
    width, height = (np.ceil(both.max(0) - corner).astype(int) + 2).tolist()
    masks = [np.zeros((height, width), np.uint8) for _ in range(2)]
    for mask, points in zip(masks, (old, new), strict=True):
        cv2.fillPoly(mask, [np.rint(points - corner).astype(np.int32)], 1)
    union = int((masks[0] | masks[1]).sum())
    return int((masks[0] & masks[1]).sum()) / union if union else 0.0


def followed(outlines: Sequence[Outline]) -> Points:
    """The same M places of an outline on every frame: (frames,M,2).

    From frame to frame each place goes to a near one whose edge runs the same way, in order around
    the outline and at no more than three times the even distance, so that all of the outline stays
    covered; of all such ways the one of least cost (dynamic programming; after Sederberg and
    Greenwood, A Physically Based Approach to 2-D Shape Blending, 1992).
    """
    lengths = [_length(outline.points) for outline in outlines]
    samples = int(np.clip(round(max(lengths)), _FEWEST, _MOST))
    places = [resampled(outlines[0].points, samples)]
    for outline, length in zip(outlines[1:], lengths[1:], strict=True):
        target = resampled(outline.points, _FINER * samples)
        places.append(target[_matched(places[-1], target, length)])
    return np.stack(places)


def resampled(points: Points, samples: int) -> Points:
    """So many points (n,2) at even distances along a closed line, from its first one on."""
    whole = np.concatenate([points, points[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(whole, axis=0).T))])
    at = np.arange(samples) * along[-1] / samples
    return np.stack([np.interp(at, along, whole[:, axis]) for axis in (0, 1)], -1)


def _length(points: Points) -> float:
    return float(np.hypot(*(np.roll(points, -1, 0) - points).T).sum())


def _matched(before: Points, target: Points, length: float) -> Places:
    """Where in the target (n,2) each place (M,2) goes: indices (M,), rising but for one turn.

    What lies nearest is not what it was where an arm swings. So the outline is first matched
    coarsely, and moved as the matches say: as a whole twice, then part by part.
    """
    moved = _laid_over(before, target)
    every = max(1, len(before) // _COARSE)
    for width in (None, None, _PART):
        rough = target[::every] if every > 1 else target
        pairs = _pairing(moved[::every], rough, length)
        shift = _moved_by(moved[::every], rough[pairs], width)
        at = np.arange(len(moved)) / every
        ends = np.arange(len(shift) + 1)
        closed = np.concatenate([shift, shift[:1]])
        moved = moved + np.stack([np.interp(at, ends, closed[:, axis]) for axis in (0, 1)], -1)
    return _pairing(moved, target, length)


def _moved_by(old: Points, new: Points, width: float | None) -> Points:
    """How far each place goes with the others: all alike (affine), or as those near it do."""
    if width is not None:
        return gaussian_filter1d(new - old, width * len(old), axis=0, mode="wrap")
    known = np.concatenate([old, np.ones((len(old), 1))], 1)
    return known @ np.linalg.lstsq(known, new, rcond=None)[0] - old


def _pairing(moved: Points, target: Points, length: float) -> Places:
    """The cheapest way of all places round the target, begun at the surest pair."""
    turning = _TURNING * length
    mine, theirs = _runs(moved, 2), _runs(target, 2 * _FINER)
    start, goal = _pin(moved, target, mine, theirs, turning)
    moved, mine = np.roll(moved, -start, 0), np.roll(mine, -start, 0)
    target, theirs = np.roll(target, -goal, 0), np.roll(theirs, -goal, 0)
    stiffness = _STIFFNESS * (length / len(moved)) ** 2
    found = _cheapest(moved, target, mine, theirs, 2 * turning**2, stiffness)
    return np.roll((found + goal) % len(target), start)


def _laid_over(before: Points, target: Points) -> Points:
    """The places moved as a whole to where they lie best over the target."""
    tree = cKDTree(target)
    best, least = before, np.inf
    for trial in (before, before + (_centre(target) - _centre(before))):
        for _ in range(_ROUNDS):
            _, nearest = tree.query(trial)
            trial = trial + np.median(target[nearest] - trial, 0)
        off = float(np.median(tree.query(trial)[0]))
        if off < least - 1e-9:
            best, least = trial, off
    return best


def _runs(points: Points, reach: int) -> Points:
    """The direction (n,2) in which a closed line runs at each point."""
    ahead = np.roll(points, -reach, 0) - np.roll(points, reach, 0)
    return ahead / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]


def _pin(
    moved: Points, target: Points, mine: Points, theirs: Points, turning: float
) -> tuple[int, int]:
    """The pair of places that most surely belong together: those around them do, too."""
    tree = cKDTree(np.concatenate([target, turning * theirs], 1))
    found = tree.query(np.concatenate([moved, turning * mine], 1))
    off, nearest = np.asarray(found[0]), np.asarray(found[1])
    window = max(3, len(moved) // 16) | 1
    around = np.concatenate([off[-(window // 2) :], off, off[: window // 2]])
    start = int(np.convolve(around, np.ones(window), "valid").argmin())
    return start, int(nearest[start])


def _cheapest(
    moved: Points, target: Points, mine: Points, theirs: Points, turning: float, stiffness: float
) -> Places:
    """The indices of the cheapest way round, from the first pair to the first pair again.

    Looked for in a band beside the even way: at most a fifth of the outline before or behind it.
    """
    count, places = len(moved), len(target)
    longest = _STRETCH * _FINER
    jumps = np.arange(longest, -1, -1)[:, None]
    price = stiffness * (jumps / _FINER - 1) ** 2
    even = np.rint(np.arange(count + 1) * places / count).astype(int)
    half = max(2 * longest, round(_BAND * places))
    width = 2 * half + 1
    around = np.arange(-half, places + half + 1) % places
    x, y = target[around].T.copy()
    run_x, run_y = (turning * theirs[around]).T.copy()
    cost = np.full(width + 2 * longest, np.inf)
    windows = sliding_window_view(cost, width)
    cost[longest + half] = 0.0
    chosen = np.zeros((count + 1, width), np.uint8)
    for step in range(1, count + 1):
        each, here = step % count, slice(even[step], even[step] + width)
        ahead = even[step] - even[step - 1]
        ways = windows[ahead : ahead + longest + 1] + price
        chosen[step] = ways.argmin(0)
        off = (x[here] - moved[each, 0]) ** 2 + (y[here] - moved[each, 1]) ** 2
        off += turning - run_x[here] * mine[each, 0] - run_y[here] * mine[each, 1]
        cost[longest:-longest] = ways.min(0) + off
    at, found = places, np.zeros(count, np.int_)
    for step in range(count, 0, -1):
        at -= longest - int(chosen[step, at - even[step] + half])
        found[step - 1] = at
    return found
