"""Tracing: a matte becomes splines that a roto artist can take over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from secondunit.callsheet import Pixels, Size
from secondunit.matting.follow import Course, courses, followed
from secondunit.matting.inbetween import Edge, thinned
from secondunit.matting.outline import Outline, Points, outlines
from secondunit.matting.splines import Shape, Splines, bezier
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, MediaEmpty, SizeDisagrees

_BEGUN = 4  # points before any is added
_TURNS = 3  # of adding points and taking out those that later ones have made needless
_ROUNDS = 3  # of fitting handles and finding anew where on the curve each place lies
_FIRM = 1e-3  # how much handles at thirds of the way are wished for, beside the fit
_KEPT = 0.25  # of the smallest area: a shape may shrink to it and live on


def traced(
    alphas: Iterable[Pixels],
    first: int = 0,
    rate: Rate | None = None,
    tolerance: float = 1.0,
    most: int = 96,
    smallest: float = 16.0,
    shortest: int = 2,
    straight: float = 1.0,
    held: Collection[int] = (),
) -> Splines:
    """The shapes of a matte: alphas (H,W) in 0..1, frame after frame; only outlines are kept.

    Each shape has the same points on all its frames, as few as keep its curve within `tolerance`
    pixels of where alpha crosses one half, on every frame, and at most `most`. It has keys on as
    few frames, with those of `held`, as keep it within `straight` pixels more on all others.
    `Shape.error` tells what was reached. Shapes that never have `smallest` square pixels are left
    out, and those on fewer than `shortest` frames, unless the shot begins or ends with them.

    Raises MediaEmpty for no frames, SizeDisagrees, and BadValue for limits that cannot be meant or
    an alpha that has values that are no numbers.
    """
    if not (tolerance > 0 and straight >= 0 and most >= _BEGUN):
        raise BadValue(
            f"A tolerance of {min(tolerance, straight)} pixels with {most} points",
            remedy=f"Ask for more than 0 pixels, and for {_BEGUN} points or more",
        )
    sizes: list[Size] = []
    frames = courses(_edges(alphas, sizes, smallest * _KEPT), first)
    if not sizes:
        raise MediaEmpty("There is no matte to trace")
    span = FrameRange(first, first + len(sizes) - 1)
    long = [
        each
        for each in frames
        if len(each.outlines) >= shortest or each.first == span.first or each.last == span.last
    ]
    wanted = _Wanted(tolerance, most, straight, held)
    shapes = [_shape(each, wanted) for each in long if each.area >= smallest]
    named = [
        replace(shape, name=f"{'hole' if shape.hole else 'shape'} {number}")
        for number, shape in enumerate(shapes, 1)
    ]
    return Splines(sizes[0], span, tuple(named), rate)


def _edges(alphas: Iterable[Pixels], sizes: list[Size], smallest: float) -> Iterator[list[Outline]]:
    for alpha in alphas:
        if alpha.ndim != 2 or (sizes and alpha.shape != sizes[0][::-1]):
            raise SizeDisagrees(
                f"A matte of the shape {alpha.shape}",
                remedy="Give mattes of one channel and one size",
            )
        if not np.isfinite(alpha).all():
            raise BadValue("The matte has values that are no numbers")
        sizes.append(Size(alpha.shape[1], alpha.shape[0]))
        yield outlines(alpha, smallest)


class _Wanted(NamedTuple):
    """How near shapes are to lie, of how many points at most, and on which frames exactly."""

    tolerance: float
    most: int
    straight: float
    held: Collection[int]


def _shape(course: Course, wanted: _Wanted) -> Shape:
    line = _Line(followed(course.outlines))
    line.refine(wanted.tolerance, wanted.most)
    feather = np.array([edge.feather for edge in course.outlines])
    hole = course.depth % 2 == 1
    every = Shape("", course.first, line.points(), feather, hole, line.error)
    edge = Edge(line.places, line.knots)
    shape = thinned(every, edge, wanted.tolerance + wanted.straight, wanted.held)
    apart = [_farthest(shape.outline(course.first + n), at) for n, at in enumerate(line.places)]
    return replace(shape, error=max(line.error, *apart))


def _farthest(line: Points, places: Points) -> float:
    """Pixels from a closed line (n,2) to the place (m,2) farthest from it."""
    nearest = np.asarray(cKDTree(line).query(places)[1])
    found = np.full(len(places), np.inf)
    for begin, end in ((nearest - 1, nearest), (nearest, (nearest + 1) % len(line))):
        along = line[end] - line[begin]
        to = places - line[begin]
        share = (to * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-9)
        rest = to - np.clip(share, 0, 1)[:, None] * along
        found = np.minimum(found, np.hypot(*rest.T))
    return float(found.max())


class _Piece(NamedTuple):
    """One segment on all frames: its handles' ends (frames,2), and how far it is off.

    off  (places,): pixels, of each place from this segment's first to its last, the worst frame's
    """

    out: Points
    back: Points
    off: Points


@dataclass
class _Line:
    """A closed curve being fitted to places (frames,M,2), by points at some of the places."""

    places: Points

    def __post_init__(self) -> None:
        count = self.places.shape[1]
        self.knots = [count * corner // _BEGUN for corner in range(_BEGUN)]
        self.pieces = [self._between(*ends) for ends in self._ends()]

    @property
    def error(self) -> float:
        """Pixels of the worst place on the worst frame."""
        return max(float(piece.off.max()) for piece in self.pieces)

    def refine(self, tolerance: float, most: int) -> None:
        """Points where the curve is off by most, until it is not; then none that are not needed."""
        for _ in range(_TURNS):
            while len(self.knots) < most and self.error > tolerance:
                worst = max(range(len(self.pieces)), key=lambda n: float(self.pieces[n].off.max()))
                self._split(worst)
            corner = 0
            while corner < len(self.knots) and len(self.knots) > _BEGUN:
                corner += not self._joined(corner, tolerance)

    def points(self) -> Points:
        """(frames,N,6): x, y, and the handles as offsets."""
        at = self.places[:, self.knots]
        out = np.stack([piece.out for piece in self.pieces], 1) - at
        back = np.roll(np.stack([piece.back for piece in self.pieces], 1), 1, 1) - at
        return np.concatenate([at, back, out], -1)

    def _ends(self) -> Iterator[tuple[int, int]]:
        after = [*self.knots[1:], self.knots[0] + self.places.shape[1]]
        return zip(self.knots, after, strict=True)

    def _between(self, begin: int, end: int) -> _Piece:
        among = np.arange(begin, end + 1) % self.places.shape[1]
        return fitted(self.places[:, among])

    def _split(self, which: int) -> None:
        begin, end = list(self._ends())[which]
        inner = self.pieces[which].off[1:-1]
        at = begin + 1 + int(inner.argmax())
        self.pieces[which : which + 1] = [self._between(begin, at), self._between(at, end)]
        self.knots.insert(which + 1, at)
        self._in_order()

    def _joined(self, which: int, tolerance: float) -> bool:
        """Take out a point where one segment does what the two beside it did."""
        ends = list(self._ends())
        (begin, _), (at, end) = ends[which - 1], ends[which]
        begin -= self.places.shape[1] if begin > at else 0
        piece = self._between(begin, end)
        if piece.off.max() > tolerance:
            return False
        self.pieces[which - 1] = piece
        del self.pieces[which], self.knots[which]
        return True

    def _in_order(self) -> None:
        """Places are counted on beyond the last one in the segment that closes the curve."""
        count = self.places.shape[1]
        if self.knots[-1] >= count:
            self.knots.insert(0, self.knots.pop() - count)
            self.pieces.insert(0, self.pieces.pop())


def fitted(places: Points) -> _Piece:
    """The cubic segments (frames) nearest to places (frames,n,2), from each first to each last.

    Least squares for both handles at once, with the places' distances along the line as where on
    the curve they belong, which is then found anew by Newton's rule (after Schneider, An Algorithm
    for Automatically Fitting Digitized Curves, Graphics Gems 1990).
    """
    begin, end = places[:, :1], places[:, -1:]
    steps = np.hypot(*np.moveaxis(np.diff(places, axis=1), -1, 0))
    along = np.concatenate([np.zeros((len(places), 1)), np.cumsum(steps, 1)], 1)
    at = along / np.maximum(along[:, -1:], 1e-9)
    for turn in range(_ROUNDS):
        out, back = _handles(places, begin, end, at)
        if turn < _ROUNDS - 1:
            at = _nearer(places, begin, out, back, end, at)
    off = np.hypot(*np.moveaxis(bezier(begin, out, back, end, at) - places, -1, 0))
    return _Piece(out[:, 0], back[:, 0], off.max(0))


def _handles(places: Points, begin: Points, end: Points, at: Points) -> tuple[Points, Points]:
    """The control points (frames,1,2) of least squared distance."""
    first, second = 3 * (1 - at) ** 2 * at, 3 * (1 - at) * at**2
    u = at[..., None]
    rest = places - (1 - u) ** 2 * (1 + 2 * u) * begin - u**2 * (3 - 2 * u) * end
    # unknown are the handles' offsets from their ends; wished for, a third of the way
    third = (end - begin) / 3
    firm = _FIRM * at.shape[1] + 1e-9
    a, b, c = (first**2).sum(1) + firm, (first * second).sum(1), (second**2).sum(1) + firm
    right_out = (first[..., None] * rest).sum(1) + firm * third[:, 0]
    right_back = (second[..., None] * rest).sum(1) - firm * third[:, 0]
    whole = (a * c - b * b)[:, None]
    out = (c[:, None] * right_out - b[:, None] * right_back) / whole
    back = (a[:, None] * right_back - b[:, None] * right_out) / whole
    return begin + out[:, None], end + back[:, None]


def _nearer(
    places: Points, begin: Points, out: Points, back: Points, end: Points, at: Points
) -> Points:
    """Where on the curve each place is nearest, one step of Newton's rule on."""
    u = at[..., None]
    v = 1 - u
    off = bezier(begin, out, back, end, at) - places
    speed = 3 * (v**2 * (out - begin) + 2 * v * u * (back - out) + u**2 * (end - back))
    bend = 6 * (v * (back - 2 * out + begin) + u * (end - 2 * back + out))
    slope = (off * speed).sum(-1)
    rise = (speed**2).sum(-1) + (off * bend).sum(-1)
    nearer = at - np.where(rise > 1e-9, slope / np.where(rise > 1e-9, rise, 1), 0)
    # in order along the curve, or handles could turn it round
    nearer = np.maximum.accumulate(np.clip(nearer, 0, 1), 1)
    nearer[:, 0], nearer[:, -1] = 0, 1
    return nearer
