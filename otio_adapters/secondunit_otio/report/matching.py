"""Which things of two lists are the same thing, in time that grows with their length."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

_Thing = TypeVar("_Thing")
_FEW = 48  # differences that are searched through at once in a stretch without landmarks


class Window(NamedTuple):
    """A stretch of each of two lists, stops exclusive."""

    one: int
    one_stop: int
    other: int
    other_stop: int


def matched(
    ones: Sequence[_Thing],
    others: Sequence[_Thing],
    levels: Sequence[Callable[[_Thing], Hashable | None]],
    pairs: Iterable[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """Pairs of places in both lists, rising in both, that are the same by one of the levels' keys.

    Each level matches what the ones before it left over, and only between what they matched (and
    the given `pairs`, which must rise in both). A key of None matches nothing.
    """
    found = sorted(pairs)
    for level in levels:
        holes = _between(found, len(ones), len(others))
        if not holes:
            break
        for hole in holes:
            found += _common(ones, others, level, hole)
        found.sort()
    return found


def _between(pairs: list[tuple[int, int]], ones: int, others: int) -> list[Window]:
    """The stretches between matched places that hold something on both sides."""
    found = []
    last = (-1, -1)
    for pair in [*pairs, (ones, others)]:
        hole = Window(last[0] + 1, pair[0], last[1] + 1, pair[1])
        if hole.one < hole.one_stop and hole.other < hole.other_stop:
            found.append(hole)
        last = pair
    return found


def _common(
    ones: Sequence[_Thing],
    others: Sequence[_Thing],
    key: Callable[[_Thing], Hashable | None],
    hole: Window,
) -> list[tuple[int, int]]:
    """The common subsequence of a stretch, by a key."""
    left = [
        (at, name) for at in range(hole.one, hole.one_stop) if (name := key(ones[at])) is not None
    ]
    right = [
        (at, name)
        for at in range(hole.other, hole.other_stop)
        if (name := key(others[at])) is not None
    ]
    found = common([name for _, name in left], [name for _, name in right])
    return [(left[one][0], right[other][0]) for one, other in found]


def common(ones: Sequence[Hashable], others: Sequence[Hashable]) -> list[tuple[int, int]]:
    """A common subsequence of two lists, as pairs of places: the longest, or near it.

    Equal ends are taken off; what is there once on both sides divides the rest (patience); a
    stretch without such landmarks is searched through, exactly where it differs little. Time
    grows as n log n.
    """
    found: list[tuple[int, int]] = []
    waiting = [(Window(0, len(ones), 0, len(others)), 0)]
    while waiting:
        hole, depth = waiting.pop()
        hole = _ends_off(ones, others, hole, found)
        if hole.one >= hole.one_stop or hole.other >= hole.other_stop:
            continue
        marks = _landmarks(ones, others, hole) if depth < 8 else []
        if not marks:
            found += _plain(ones, others, hole)
            continue
        found += marks
        last = (hole.one - 1, hole.other - 1)
        for mark in [*marks, (hole.one_stop, hole.other_stop)]:
            if mark[0] > last[0] + 1 and mark[1] > last[1] + 1:
                waiting.append((Window(last[0] + 1, mark[0], last[1] + 1, mark[1]), depth + 1))
            last = mark
    return sorted(found)


def _ends_off(
    ones: Sequence[Hashable], others: Sequence[Hashable], hole: Window, found: list[tuple[int, int]]
) -> Window:
    """The stretch without its equal ends, which are found pairs."""
    one, one_stop, other, other_stop = hole
    while one < one_stop and other < other_stop and ones[one] == others[other]:
        found.append((one, other))
        one, other = one + 1, other + 1
    while one < one_stop and other < other_stop and ones[one_stop - 1] == others[other_stop - 1]:
        one_stop, other_stop = one_stop - 1, other_stop - 1
        found.append((one_stop, other_stop))
    return Window(one, one_stop, other, other_stop)


def _landmarks(
    ones: Sequence[Hashable], others: Sequence[Hashable], hole: Window
) -> list[tuple[int, int]]:
    """What a stretch holds once on each side, as far as its order is the same on both."""
    counts = Counter(ones[hole.one : hole.one_stop])
    theirs = Counter(others[hole.other : hole.other_stop])
    place = {
        others[at]: at
        for at in range(hole.other, hole.other_stop)
        if theirs[others[at]] == 1 and counts.get(others[at]) == 1
    }
    if not place:
        return []
    return rising(
        [(at, place[ones[at]]) for at in range(hole.one, hole.one_stop) if ones[at] in place]
    )


def rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, given rising in the first, that rises in the second too."""
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(pairs)
    for number, (_, value) in enumerate(pairs):
        at = bisect.bisect_left(tails, value)
        if at:
            before[number] = ends[at - 1]
        tails[at : at + 1] = [value]
        ends[at : at + 1] = [number]
    found = []
    number = ends[-1] if ends else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _plain(
    ones: Sequence[Hashable], others: Sequence[Hashable], hole: Window
) -> list[tuple[int, int]]:
    """Myers's O(ND) search (1986), which keeps what it has now and then, and goes on."""
    found: list[tuple[int, int]] = []
    while hole.one < hole.one_stop and hole.other < hole.other_stop:
        trail, x, y = _explored(ones, others, hole)
        found += _walked_back(trail, hole, x, y)
        hole = hole._replace(one=hole.one + x, other=hole.other + y)
    return found


def _explored(
    ones: Sequence[Hashable], others: Sequence[Hashable], hole: Window
) -> tuple[list[dict[int, int]], int, int]:
    """How far one gets into a stretch: what was reached at each step, and the farthest place."""
    width, height = hole.one_stop - hole.one, hole.other_stop - hole.other
    reach: dict[int, int] = {1: 0}
    trail: list[dict[int, int]] = []
    best, end = (0, 0), 0
    for steps in range(min(width + height, _FEW) + 1):
        trail.append(dict(reach))
        for line in range(-steps, steps + 1, 2):
            down = line == -steps or (line != steps and reach[line - 1] < reach[line + 1])
            x = reach[line + 1] if down else reach[line - 1] + 1
            y = x - line
            while x < width and y < height and ones[hole.one + x] == others[hole.other + y]:
                x, y = x + 1, y + 1
            reach[line] = x
            if x <= width and y <= height and x + y > sum(best):
                best, end = (x, y), steps
            if x >= width and y >= height:
                return trail, width, height
    return trail[: end + 1], *best


def _walked_back(
    trail: list[dict[int, int]], hole: Window, x: int, y: int
) -> list[tuple[int, int]]:
    found = []
    for steps in range(len(trail) - 1, -1, -1):
        reach, line = trail[steps], x - y
        down = line == -steps or (line != steps and reach[line - 1] < reach[line + 1])
        came = line + 1 if down else line - 1
        old_x = reach[came] if steps else 0
        old_y = old_x - came if steps else 0
        while x > old_x and y > old_y and x > 0 and y > 0:
            x, y = x - 1, y - 1
            found.append((hole.one + x, hole.other + y))
        x, y = old_x, old_y
    return found
