"""Patterns go on: what repeats itself beside a hole goes on into it, as far as it repeats itself.

A model answers what nobody can know with what is likely on the whole: the wall's colour, without
its bricks. A piece of the picture that lies at the border is found again elsewhere in what is known
by what is finer than the model's answer; the offset between both, or some times the offset, leads
from every pixel of the hole to one that is known, whose detail is laid over the answer. That is
done as far as the piece is like what was found, as both look alike without detail, and as the
answer has no detail of its own: a model that knows better is left alone.

After He and Sun, Statistics of Patch Offsets for Image Completion (2012), who cut whole pictures at
such offsets. Here colour and light stay the model's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from secondunit.callsheet import Pixels

Mask = NDArray[np.bool_]
Places = NDArray[np.float32]

PIECE = 6
"""The side of a piece, in spreads of what counts as detail."""

_REACH = 3  # sides of a piece, each way, within which it is looked for
_CHANCE = 0.3  # correlation that unlike pieces have at the best of many offsets
_SURE = 0.5  # correlation from which on it is no chance
_OFFSETS = 12  # tried of each piece
_SLACK = 5  # pixels a side within which what is found twice as far may lie
_PIECES = 2  # the nearest of them are asked for a pixel
_TIMES = 6  # an offset is gone at most
_ALIKE = 0.25  # display-referred difference at which a pixel and its source look half alike
_LIGHT = (0.5, 2.0)  # how much darker and brighter detail may become with what it is laid over
_SLIGHT = 0.02  # trust that is not worth the work
_LIVELY = 0.5  # of a pattern's energy: an answer that has so much detail of its own keeps it
_ENOUGH = 3.0  # pixels of blur that a picture still shows as one of more
_DARK = 0.02  # display-referred, so that black divides nothing


class Layers(NamedTuple):
    """A picture apart (each H,W,3): what is coarse, and the detail over it, 0 where unknown."""

    coarse: Pixels
    fine: Pixels

    @classmethod
    def of(cls, picture: Pixels, known: Mask, spread: float) -> Layers:
        """From what is known (H,W) of a picture (H,W,3), apart at `spread` pixels."""
        weights = known.astype(np.float32)
        around = _blurred(weights, spread, cv2.BORDER_CONSTANT)
        seen = picture * weights[..., None]
        coarse = _blurred(seen, spread, cv2.BORDER_CONSTANT)
        coarse /= np.maximum(around, 1e-4)[..., None]
        return cls(coarse, (picture - coarse) * weights[..., None])


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where detail is taken from, for each pixel of a hole.

    down, across    (H,W): from a pixel to its source, in pixels
    trust           (H,W): how far it is one, 0..1; 0 outside the hole
    """

    down: Places
    across: Places
    trust: Pixels

    @classmethod
    def of(cls, fine: Sequence[Pixels], known: Mask, side: int) -> Pattern:
        """Of frames' detail (H,W,3), where the same is known (H,W) of all of them, found by pieces
        of `side` pixels.
        """
        maps = [np.zeros(known.shape, np.float32) for _ in range(3)]
        pattern = cls(*maps)
        for piece in _pieces(known, side):
            for likeness, *offset in _offsets(fine, piece.corner, side):
                pattern._tried(known, piece, likeness, *offset)
        return pattern

    def _tried(
        self, known: Mask, piece: _Piece, likeness: float, down: float, across: float
    ) -> None:
        """An offset, for all pixels that it leads to a known one, and better than others."""
        rows, columns = piece.rows, piece.columns
        for times in range(1, _TIMES + 1):
            trust = likeness**times * piece.near
            fro, to = np.rint(rows + times * down), np.rint(columns + times * across)
            better = trust > self.trust[rows, columns]
            better &= (fro >= 0) & (fro < known.shape[0]) & (to >= 0) & (to < known.shape[1])
            better[better] = known[fro[better].astype(np.intp), to[better].astype(np.intp)]
            there = rows[better], columns[better]
            self.down[there], self.across[there] = times * down, times * across
            self.trust[there] = trust[better]

    def sized(self, height: int, width: int) -> Pattern:
        """The same for a larger picture."""
        if (height, width) == self.trust.shape:
            return self
        tall, wide = height / self.trust.shape[0], width / self.trust.shape[1]
        down, across, trust = (
            np.asarray(cv2.resize(each, (width, height), interpolation=cv2.INTER_NEAREST))
            for each in (self.down, self.across, self.trust)
        )
        return Pattern(down * np.float32(tall), across * np.float32(wide), trust)


def gone_on(answer: Pixels, plate: Layers, known: Mask, pattern: Pattern, spread: float) -> Pixels:
    """An answer (H,W,3), the plate where that is `known`, with the pattern's detail where it is
    not. `plate` is the same frame apart at `spread` pixels; all are of one size.
    """
    hole = np.nonzero(~known & (pattern.trust > _SLIGHT))
    if not hole[0].size:
        return answer
    source = _sources(hole, pattern, known)
    coarse = _blurred(answer, spread)[hole]
    beneath, detail = plate.coarse[source], plate.fine[source]
    detail *= np.clip(_bright(coarse) / _bright(beneath), *_LIGHT)[:, None]
    own = answer[hole] - coarse
    red, green, blue = np.abs(coarse - beneath).T
    apart = np.maximum(np.maximum(red, green), blue)
    share = pattern.trust[hole] * known[source] * np.exp2(-((apart / _ALIKE) ** 2))
    lively, wanted = (_energy(each, hole, known.shape, spread) for each in (own, detail))
    share *= np.clip(1 - lively / np.maximum(wanted * _LIVELY, 1e-9), 0, 1)
    whole = answer.copy()
    more = answer[hole] + (detail - own) * share[:, None].astype(np.float32)
    whole[hole] = np.clip(more, 0, 1)
    return whole


class _Piece(NamedTuple):
    """A piece by its corner, the pixels of the hole it lies near to, and how near (N,), 0..1."""

    corner: tuple[int, int]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    near: Pixels


def _pieces(known: Mask, side: int) -> Iterator[_Piece]:
    """Those that are known and lie nearest to some of what is not."""
    corners = _corners(known, side)
    if not corners:
        return
    hole = np.argwhere(~known)
    count = min(_PIECES, len(corners))
    found = cKDTree(np.array(corners) + side / 2).query(hole, count)
    away, which = (np.reshape(each, (-1, count)) for each in found)
    near: Pixels = np.exp((away[:, :1] - away) / side).astype(np.float32)
    order = np.argsort(which, axis=None, kind="stable")
    asked, firsts = np.unique(which.ravel()[order], return_index=True)
    for number, group in zip(asked.tolist(), np.split(order, firsts[1:]), strict=True):
        mine = group // count
        yield _Piece(corners[number], hole[mine, 0], hole[mine, 1], near.ravel()[group])


def _corners(known: Mask, side: int) -> list[tuple[int, int]]:
    """Where pieces lie that are known as a whole, half over each other, up to the edges of that."""
    rows, columns = (np.flatnonzero(known.any(axis)) for axis in (1, 0))
    if not rows.size or min(np.ptp(rows), np.ptp(columns)) + 1 < side:
        return []
    sums = cv2.integral(known.astype(np.uint8))

    def along(places: NDArray[np.intp]) -> list[int]:
        first, last = int(places[0]), int(places[-1]) + 1 - side
        return np.unique(
            np.linspace(first, last, 2 + 2 * (last - first) // side).astype(int)
        ).tolist()

    return [
        (y, x)
        for y in along(rows)
        for x in along(columns)
        if sums[y, x] + sums[y + side, x + side] - sums[y, x + side] - sums[y + side, x]
        == side * side
    ]


def _offsets(
    fine: Sequence[Pixels], piece: tuple[int, int], side: int
) -> list[tuple[float, float, float]]:
    """How like a piece is to what lies elsewhere, and where: the best (trust, down, across). What
    is found once may be chance, or another letter of a word: it must be found as far again as well.
    """
    (y, x), reach = piece, _REACH * side
    top, left = max(0, y - reach), max(0, x - reach)
    about = np.s_[top : y + side + reach, left : x + side + reach]
    found = [
        cv2.matchTemplate(each[about], each[y : y + side, x : x + side], cv2.TM_CCORR_NORMED)
        for each in fine
    ]
    likeness: Pixels = np.asarray(np.mean(found, axis=0), np.float32)
    here = np.array([y - top, x - left])
    peaks = likeness >= cv2.dilate(likeness, np.ones((3, 3), np.uint8))
    offsets = np.argwhere(peaks & (likeness > _CHANCE)) - here
    twice = here + 2 * offsets
    inside = ((twice >= 0) & (twice < likeness.shape)).all(axis=1)
    offsets = offsets[inside & (np.hypot(*offsets.T) >= side / PIECE)]
    about_as_far = cv2.dilate(likeness, np.ones((_SLACK, _SLACK), np.uint8))
    likely = np.minimum(
        likeness[tuple((here + offsets).T)], about_as_far[tuple((here + 2 * offsets).T)]
    )
    best = np.argsort(-likely, kind="stable")[:_OFFSETS]
    return [
        (
            _trusted(float(likely[each])),
            float(offsets[each, 0] + _between(likeness[:, column], row)),
            float(offsets[each, 1] + _between(likeness[row], column)),
        )
        for each in best.tolist()
        if likely[each] > _CHANCE
        for row, column in [(here + offsets[each]).tolist()]
    ]


def _trusted(likeness: float) -> float:
    """What share of detail brings it nearest to that which is so like it: the correlation."""
    return likeness * min(1.0, (likeness - _CHANCE) / (_SURE - _CHANCE))


def _between(values: Pixels, at: int) -> float:
    """How far beside a peak of values its top lies, -0.5..0.5: a parabola's through three."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, top, after = (float(each) for each in values[at - 1 : at + 2])
    bend = 2 * top - before - after
    return 0.5 * (after - before) / bend if bend > 0 else 0.0


def _sources(
    hole: tuple[NDArray[np.intp], ...], pattern: Pattern, known: Mask
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The known pixels that the pattern leads to from those of a hole."""
    rows = np.rint(hole[0] + pattern.down[hole]).astype(np.intp)
    columns = np.rint(hole[1] + pattern.across[hole]).astype(np.intp)
    return rows.clip(0, known.shape[0] - 1), columns.clip(0, known.shape[1] - 1)


def _bright(colours: Pixels) -> Pixels:
    """How bright colours (N,3) are (N,), and never nothing."""
    return np.asarray(colours @ np.full(3, 1 / 3, np.float32) + np.float32(_DARK))


def _energy(
    detail: Pixels, hole: tuple[NDArray[np.intp], ...], shape: tuple[int, ...], spread: float
) -> Pixels:
    """How much there is of detail (N,3) around each pixel of a hole (N,)."""
    whole = np.zeros(shape, np.float32)
    whole[hole] = np.square(detail).mean(axis=1)
    return _blurred(whole, spread)[hole]


def _blurred(picture: Pixels, spread: float, border: int = cv2.BORDER_REFLECT_101) -> Pixels:
    """A picture (H,W) or (H,W,3) blurred; by a smaller copy where that shows as much."""
    tall, wide = picture.shape[:2]
    times = min(max(1, int(spread / _ENOUGH)), tall, wide)
    if times > 1:
        size = wide // times, tall // times
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    picture = cv2.GaussianBlur(picture, (0, 0), spread / times, borderType=border)
    if times > 1:
        picture = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture, np.float32)
