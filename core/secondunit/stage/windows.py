"""Windows: cutting a shot that is longer than a model's clip into calls that build on each other.

A shot that goes on from what is known is shot window by window, each overlapping the last. A gap
between two known sides is bridged: first a few frames all across it, seen with both sides, then
what lies between those, so that no frame is far from a real one (chained calls drift).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from secondunit.callsheet import FrameRule
from secondunit_contract.frames import Span


@dataclass(frozen=True)
class Window:
    """One call: the laid-out frames it is shown, and which of them it is the first to paint.

    Both in rising order; a window that bridges a gap does not show every frame between.
    """

    shown: tuple[int, ...]
    fresh: tuple[int, ...]


@dataclass(frozen=True)
class Run:
    """Consecutive frames with something to paint, and the windows for it in shooting order.

    `in_order` runs are painted from first to last; others (a head, shot backwards from the plate;
    a bridge) are whole only when all their windows are.
    """

    frames: Span
    windows: tuple[Window, ...]
    in_order: bool = True


def runs(
    painted: Sequence[bool], rule: FrameRule, context: int, anchors: int = 0, tight: bool = False
) -> list[Run]:
    """Plan the calls for a shot; painted[i] says whether frame i has anything to paint.

    Every window shows at most rule.longest frames. `context` known frames are shown beside a run,
    and windows of one run overlap by as many, so that each call sees what the last one made.
    Beside that every call is shown so many `anchors`, known frames nearest to the run, lest what
    the first call was told wear off. `tight` windows show what they paint and the one known frame
    on each side of it, no more: for a model that is told of nothing else.
    """
    if tight:
        context, anchors = 1, 0
    context = min(context, max(1, rule.longest // 2))
    anchors = min(anchors, max(0, rule.longest - context - 1), context)
    edges = [0, *(i for i in range(1, len(painted)) if painted[i] != painted[i - 1]), len(painted)]
    return [
        _run(Span(start, stop), len(painted), rule, context, anchors, tight)
        for start, stop in pairwise(edges)
        if start < stop and painted[start]
    ]


def _run(frames: Span, total: int, rule: FrameRule, context: int, anchors: int, tight: bool) -> Run:
    whole = Span(max(0, frames.start - context), min(total, frames.stop + context))
    if len(whole) <= rule.longest:
        shown = whole if tight else _widened(whole, total, rule)
        return Run(frames, (Window(tuple(shown), tuple(frames)),))
    before, after = frames.start > 0, frames.stop < total
    if before and after and rule.longest >= 3:
        windows = tuple(_bridge(frames, whole, rule.longest, tight))
        return Run(frames, windows, in_order=len(windows) == 1)
    if after:
        windows = tuple(_backwards(frames, whole, rule.longest, context, anchors, tight))
        return Run(frames, windows, in_order=False)
    return Run(frames, tuple(_forwards(frames, whole, rule.longest, context, anchors, tight)))


def _widened(shown: Span, total: int, rule: FrameRule) -> Span:
    """More real frames rather than repeated ones, where the model's clip has room for them."""
    room = rule.up(len(shown)) - len(shown)
    before = min(room, shown.start)
    after = min(room - before, total - shown.stop)
    return Span(shown.start - before, shown.stop + after)


def _forwards(
    frames: Span, whole: Span, longest: int, overlap: int, anchors: int, tight: bool
) -> Iterator[Window]:
    anchored = tuple(range(max(whole.start, frames.start - anchors), frames.start))
    shown, done = Span(whole.start, whole.start + longest), frames.start
    while True:
        yield Window(
            (*_apart(anchored, shown), *shown), tuple(range(done, min(frames.stop, shown.stop)))
        )
        done = min(frames.stop, shown.stop)
        if done == frames.stop:
            return
        stop = min(frames.stop, done + longest - overlap - len(anchored))
        # the last window shows more of what is known rather than less than the model's clip
        most = done - overlap if tight else stop - longest + len(anchored)
        shown = Span(max(whole.start, most), stop)


def _apart(anchored: tuple[int, ...], shown: Span) -> tuple[int, ...]:
    """The anchors that are not shown anyway."""
    return tuple(index for index in anchored if index < shown.start)


def _backwards(
    frames: Span, whole: Span, longest: int, overlap: int, anchors: int, tight: bool
) -> Iterator[Window]:
    mirrored = _forwards(_mirrored(frames), _mirrored(whole), longest, overlap, anchors, tight)
    for window in mirrored:
        yield Window(
            tuple(-1 - index for index in reversed(window.shown)),
            tuple(-1 - index for index in reversed(window.fresh)),
        )


def _mirrored(frames: Span) -> Span:
    return Span(-frames.stop, -frames.start)


def _bridge(gap: Span, whole: Span, longest: int, tight: bool) -> Iterator[Window]:
    """Windows across a gap, coarse to fine; all of `whole` beside it is known by then."""
    if len(gap) + 2 <= longest:
        yield Window(tuple(_beside(gap, whole, longest)), tuple(gap))
        return
    side = max(1, min(longest // 4, gap.start - whole.start, whole.stop - gap.stop))
    count = longest - 2 * side
    stops = [gap.start + (len(gap) * (i + 1)) // (count + 1) for i in range(count)]
    before = range(gap.start - side, gap.start)
    yield Window((*before, *stops, *range(gap.stop, gap.stop + side)), tuple(stops))
    for left, right in pairwise([gap.start - 1, *stops, gap.stop]):
        if right - left > 1:
            known_to = whole.stop if right == gap.stop else right + 1
            known = Span(left, right + 1) if tight else Span(whole.start, known_to)
            yield from _bridge(Span(left + 1, right), known, longest, tight)


def _beside(gap: Span, whole: Span, longest: int) -> Span:
    """The gap with as many of the frames beside it as fit, evenly from both sides."""
    spare = longest - len(gap)
    left, right = gap.start - whole.start, whole.stop - gap.stop
    tail = min(right, max(spare // 2, spare - left))
    return Span(gap.start - min(left, spare - tail), gap.stop + tail)
