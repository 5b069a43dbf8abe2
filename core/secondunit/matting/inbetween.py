"""Inbetweens: shapes keep their keys only on frames that straight ways between others miss.

An artist who takes a shape over moves it on its keys; a key on every frame cannot be moved by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from secondunit.matting.outline import Points
from secondunit.matting.splines import Shape, bezier

_PIECES = 8  # straight lines a segment is looked at as
_ASIDE = 4  # of them to both sides: so far an edge's place may have slid along the line
_AT_ONCE = 24  # frames looked at: what that takes in memory stays small


@dataclass(frozen=True, eq=False)
class Edge:
    """The matte's own edge beneath a shape: the same places (frames,m,2) on it on every frame.

    knots   which of the places each of the shape's points stands on, rising
    """

    places: Points
    knots: Sequence[int]


def thinned(shape: Shape, edge: Edge, tolerance: float, held: Collection[int] = ()) -> Shape:
    """The shape with keys on as few frames as keep its line within `tolerance` pixels of the
    matte's edge on every frame, and its softness near what it was.

    Between two keys all points go straight. The first and the last frame have one, and those of
    `held` that it is there on; on its keys a shape is as it was.
    """
    last = len(shape.points) - 1
    fixed = {frame - shape.first for frame in held if shape.first <= frame <= shape.last}
    keys = {0, last, *fixed}
    spans = list(pairwise(sorted(keys)))
    while spans:
        begin, end = spans.pop()
        off = _off(shape, edge, begin, end)
        if off.size and off.max() > tolerance:
            worst = begin + 1 + int(off.argmax())
            keys.add(worst)
            spans += [(begin, worst), (worst, end)]
    kept = sorted(keys)
    at = 1
    while at < len(kept) - 1:
        needless = _off(shape, edge, kept[at - 1], kept[at + 1]).max() <= tolerance
        if needless and kept[at] not in fixed:  # later keys have made it so
            del kept[at]
        else:
            at += 1
    points, feather = _straight(shape.points, kept), _straight(shape.feather, kept)
    keyed = tuple(shape.first + key for key in kept)
    return replace(shape, points=points, feather=feather, keys=keyed)


def _straight(values: Points, keys: Collection[int]) -> Points:
    """Values (frames,…) on their keys, and between those the straight way."""
    at, every = np.array(sorted(keys)), np.arange(len(values))
    after = np.clip(np.searchsorted(at, every), 1, max(1, len(at) - 1))
    begin, end = at[after - 1], at[np.minimum(after, len(at) - 1)]
    share = (every - begin) / np.maximum(end - begin, 1)
    share = share.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(values[begin] * (1 - share) + values[end] * share)


def _off(shape: Shape, edge: Edge, begin: int, end: int) -> Points:
    """Pixels (frames,) by which each frame between two keys would be off at worst."""
    found = []
    for first in range(begin + 1, end, _AT_ONCE):
        there = np.arange(first, min(first + _AT_ONCE, end))
        share = (there - begin)[:, None, None] / (end - begin)
        line = _line(shape.points[begin] * (1 - share) + shape.points[end] * share)
        apart = _apart(edge.places[there], line, edge.knots)
        soft = shape.feather[begin] + (shape.feather[end] - shape.feather[begin]) * share[:, 0, 0]
        # an edge softer by so much begins and ends farther out by half of it
        found.append(np.maximum(apart, np.abs(soft - shape.feather[there]) / 2))
    return np.concatenate(found) if found else np.zeros(0)


def _line(points: Points) -> Points:
    """The closed lines (frames,n,2) that points (frames,N,6) draw."""
    after = np.roll(points, -1, 1)
    begin, end = points[:, :, None, :2], after[:, :, None, :2]
    out, back = begin + points[:, :, None, 4:], end + after[:, :, None, 2:4]
    line = bezier(begin, out, back, end, np.arange(_PIECES) / _PIECES)
    return line.reshape(len(points), -1, 2)


def _apart(places: Points, line: Points, knots: Sequence[int]) -> Points:
    """Pixels (frames,) from the line to the one of the places (frames,m,2) farthest from it.

    A place is looked for on the segment between its two knots, and a little beyond.
    """
    count, pieces = places.shape[1], line.shape[1]
    ends = np.append(knots, knots[0] + count)
    number = np.arange(count)
    number = np.where(number < knots[0], number + count, number)
    at = np.rint(np.interp(number, ends, _PIECES * np.arange(len(ends)))).astype(int)
    nearest = np.full(places.shape[:2], np.inf)
    for aside in range(-_ASIDE, _ASIDE):
        begin, end = line[:, (at + aside) % pieces], line[:, (at + aside + 1) % pieces]
        along, to = end - begin, places - begin
        share = (to * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-9)
        rest = to - np.clip(share, 0, 1)[..., None] * along
        nearest = np.minimum(nearest, (rest * rest).sum(-1))
    return np.asarray(np.sqrt(nearest.max(1)))
