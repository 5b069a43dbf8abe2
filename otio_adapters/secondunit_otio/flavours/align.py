"""Finding the same things again in two cuts: their tracks, and what plays on them."""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Any

from secondunit_otio.flavours.strips import Beat, Strip

_SMALL = 1500
_MOST_PAIRS = 40_000
_FAR = 24
_NEAREST = sorted(
    ((a, b) for a in range(_FAR) for b in range(_FAR) if a or b), key=lambda pair: sum(pair)
)
NEAR = Fraction(1, 1000)
"""Times nearer than this, in seconds, are one time: hosts round."""


def near(one: Fraction, other: Fraction) -> bool:
    """Whether two times are one, but for a host's rounding."""
    return one is other or one == other or abs(one - other) < NEAR


def same_beats(ours: Sequence[Beat], theirs: Sequence[Beat]) -> list[tuple[int, int]]:
    """Which beats of one row are which of the other: pairs of places, in order in both.

    First those that are the same to the frame, then in what lies between those of the same media,
    then those that show as much of other media, as after a relink.
    """
    pairs: list[tuple[int, int]] = []

    def by_time(*block: int) -> None:
        pairs.extend(_paired(ours, theirs, block, _time, _same_time, None))

    def by_media(*block: int) -> None:
        pairs.extend(_paired(ours, theirs, block, _sign, _same_sign, by_time))

    whole = (0, len(ours), 0, len(theirs))
    found = _paired(ours, theirs, whole, _token, _same, by_media)
    return sorted(found + pairs)


def exact_beats(ours: Sequence[Beat], theirs: Sequence[Beat]) -> list[tuple[int, int]]:
    """As same_beats, but only what is the same to the frame."""
    return sorted(_paired(ours, theirs, (0, len(ours), 0, len(theirs)), _token, _same, None))


def written_beats(ours: Sequence[Beat], theirs: Sequence[Beat]) -> list[tuple[int, int]]:
    """As same_beats, where `theirs` was written from `ours`: what is left over pairs by order."""
    pairs = same_beats(ours, theirs)
    made = list(pairs)
    a0 = b0 = 0
    for a, b in [*pairs, (len(ours), len(theirs))]:
        left = [at for at in range(a0, a) if ours[at].kind != "fade"]
        right = [at for at in range(b0, b) if theirs[at].kind != "fade"]
        if len(left) == len(right):
            made += zip(left, right, strict=True)
        a0, b0 = a + 1, b + 1
    return sorted(made)


def _time(beat: Beat) -> Hashable:
    return beat.kind, round(beat.begin / NEAR), round(beat.length / NEAR)


def _same_time(one: Beat, other: Beat) -> bool:
    same = near(one.begin, other.begin) and near(one.length, other.length)
    return same and one.kind == other.kind


def _sign(beat: Beat) -> Hashable:
    return beat.sign


def _same_sign(one: Beat, other: Beat) -> bool:
    return one.kind == other.kind and one.sign == other.sign


def _token(beat: Beat) -> Hashable:
    return beat.sign, round(beat.begin / NEAR), round(beat.length / NEAR)


def _same(one: Beat, other: Beat) -> bool:
    if one.kind != other.kind or one.sign != other.sign:
        return False
    return near(one.begin, other.begin) and near(one.length, other.length)


_Between = Callable[..., None]


def _paired(
    ours: Sequence[Beat],
    theirs: Sequence[Beat],
    block: tuple[int, ...],
    token: Callable[[Beat], Hashable],
    same: Callable[[Beat, Beat], bool],
    between: _Between | None,
) -> list[tuple[int, int]]:
    """Pairs in a block of both rows; `between` is told of each block left without any."""
    pairs: list[tuple[int, int]] = []
    waiting = [block]
    while waiting:
        a0, a1, b0, b1 = waiting.pop()
        while a0 < a1 and b0 < b1 and same(ours[a0], theirs[b0]):
            pairs.append((a0, b0))
            a0, b0 = a0 + 1, b0 + 1
        while a0 < a1 and b0 < b1 and same(ours[a1 - 1], theirs[b1 - 1]):
            a1, b1 = a1 - 1, b1 - 1
            pairs.append((a1, b1))
        if a0 == a1 or b0 == b1:
            continue
        one = [token(beat) for beat in ours[a0:a1]]
        other = [token(beat) for beat in theirs[b0:b1]]
        alike = not set(one).isdisjoint(other)
        fixed = (_landmarks(one, other) or _matched(one, other)) if alike else []
        if not fixed and between is not None:
            between(a0, a1, b0, b1)
        at, bt = a0, b0
        for a, b in fixed:
            pairs.append((a0 + a, b0 + b))
            waiting.append((at, a0 + a, bt, b0 + b))
            at, bt = a0 + a + 1, b0 + b + 1
        if fixed:
            waiting.append((at, a1, bt, b1))
    return pairs


def _landmarks(one: list[Hashable], other: list[Hashable]) -> list[tuple[int, int]]:
    """The longest run of things that stand once in each row, in the order of both."""
    places: dict[Hashable, list[int]] = {}
    for side, row in ((0, one), (1, other)):
        for place, each in enumerate(row):
            held = places.setdefault(each, [-1, -1])
            held[side] = place if held[side] == -1 else -2
    pairs = sorted((a, b) for a, b in places.values() if a >= 0 and b >= 0)
    ends: list[int] = []
    last: list[int] = []
    before = [-1] * len(pairs)
    for number, (_, b) in enumerate(pairs):
        at = bisect.bisect_left(ends, b)
        before[number] = last[at - 1] if at else -1
        ends[at : at + 1] = [b]
        last[at : at + 1] = [number]
    found: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _matched(one: list[Hashable], other: list[Hashable]) -> list[tuple[int, int]]:
    """Pairs in rows where nothing stands once only."""
    if len(one) > _SMALL or len(other) > _SMALL:
        return _stepwise(one, other)
    matcher: Any = difflib.SequenceMatcher(a=one, b=other, autojunk=False)
    return [
        (block.a + step, block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    ]


def _stepwise(one: list[Hashable], other: list[Hashable]) -> list[tuple[int, int]]:
    """Pairs in long rows of few things over and over: on until they differ, then the nearest turn.

    After a difference two things in a row have to be the same before it counts as a turn.
    """
    found: list[tuple[int, int]] = []
    a = b = 0
    while a < len(one) and b < len(other):
        if one[a] == other[b]:
            found.append((a, b))
            a, b = a + 1, b + 1
            continue
        for near_by in _NEAREST:
            i, j = a + near_by[0], b + near_by[1]
            if one[i : i + 2] == other[j : j + 2] and i < len(one) and j < len(other):
                a, b = i, j
                break
        else:
            a, b = a + 1, b + 1
    return found


def same_strips(ours: Sequence[Strip], theirs: Sequence[Strip]) -> list[tuple[int, int]]:
    """Which tracks of one cut are which of the other, in order in both."""
    if len(ours) * len(theirs) > _MOST_PAIRS:
        return [(at, at) for at in range(min(len(ours), len(theirs)))]
    found: list[tuple[int, int]] = []
    for kind in dict.fromkeys(strip.kind for strip in ours):
        one = [at for at, strip in enumerate(ours) if strip.kind == kind]
        other = [at for at, strip in enumerate(theirs) if strip.kind == kind]
        likes = _likes([ours[at] for at in one], [theirs[at] for at in other])
        found += [(one[a], other[b]) for a, b in _best(likes)]
    return sorted(found)


def _likes(ours: list[Strip], theirs: list[Strip]) -> list[list[float]]:
    """How much each track is like each."""
    sides = [[_held(strip) for strip in side] for side in (ours, theirs)]
    likes: list[list[float]] = []
    for a, one in enumerate(sides[0]):
        row: list[float] = []
        for b, other in enumerate(sides[1]):
            shared = len(one & other)
            like = 10.0 * shared / max(1, min(len(one), len(other))) + min(shared, 50)
            name = ours[a].item.name
            like += 2.0 if name and name == theirs[b].item.name else 0.0
            like += 1.0 if a == b else 0.0
            like += 0.5 if not one or not other else 0.0
            row.append(like if shared or not one or not other or a == b else 0.0)
        likes.append(row)
    return likes


def _held(strip: Strip) -> frozenset[str]:
    signs = {beat.sign for beat in strip.beats if beat.kind == "clip"}
    return frozenset(signs.union(*(beat.marks.own for beat in strip.beats if beat.marks)))


def _best(likes: list[list[float]]) -> list[tuple[int, int]]:
    """The pairs, in order in both, that are most alike together."""
    if not likes or not likes[0]:
        return []
    rows, columns = len(likes), len(likes[0])
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for a in range(rows - 1, -1, -1):
        for b in range(columns - 1, -1, -1):
            best[a][b] = max(best[a + 1][b], best[a][b + 1], likes[a][b] + best[a + 1][b + 1])
    found: list[tuple[int, int]] = []
    a = b = 0
    while a < rows and b < columns:
        if likes[a][b] > 0 and best[a][b] == likes[a][b] + best[a + 1][b + 1]:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return found
