"""What the artist draws on the plate: clicks, strokes, a box, paths; and the way back from each.

Places are shares of the picture, 0 to 1 from its left and its top; frames are the plate's own
numbers. Nothing here changes: every stroke of the pen makes new marks of the old ones.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MARKS = ("points", "strokes", "box", "paths")
"""The kinds of field that are drawn, not typed."""

RADIUS = 1 / 8
"""How much goes along a path that says nothing of it: a share of the picture's shorter side."""

_SMALLEST = 0.01  # of a path's radius
_MOST_STEPS = 200
_SAME_HAND = 1.0  # seconds between two changes of one slider that are one change to undo


@dataclass(frozen=True)
class Point:
    """A click: on the thing, or (not `add`) on what is not it."""

    x: float
    y: float
    frame: int
    add: bool = True


@dataclass(frozen=True)
class Stroke:
    """A line over the thing, or over what is not it."""

    points: tuple[tuple[float, float], ...]
    frame: int
    add: bool = True


@dataclass(frozen=True)
class Box:
    """A box around the thing."""

    left: float
    top: float
    right: float
    bottom: float
    frame: int


@dataclass(frozen=True)
class Path:
    """Where something shall go: its place on some frames, in order of time; straight between.

    `radius` is how much around it goes along, a share of the picture's shorter side; None leaves
    that to the task.
    """

    keys: tuple[tuple[int, float, float], ...]
    radius: float | None = None

    def at(self, frame: float) -> tuple[float, float]:
        """Where it is on a frame; before the first key and after the last it stands still."""
        first, last = self.keys[0], self.keys[-1]
        if frame <= first[0] or len(self.keys) == 1:
            return first[1:]
        for (f0, x0, y0), (f1, x1, y1) in pairwise(self.keys):
            if frame <= f1:
                part = (frame - f0) / (f1 - f0)
                return x0 + part * (x1 - x0), y0 + part * (y1 - y0)
        return last[1:]


@dataclass(frozen=True)
class Marks:
    """All that is drawn on one plate."""

    points: tuple[Point, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    box: Box | None = None
    paths: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is drawn."""
        return bool(self.points or self.strokes or self.box or self.paths)

    # drawing

    def with_point(self, frame: int, x: float, y: float, add: bool = True) -> Marks:
        """With one click more."""
        return replace(self, points=(*self.points, Point(_in(x), _in(y), frame, add)))

    def with_stroke(self, frame: int, points: list[tuple[float, float]], add: bool = True) -> Marks:
        """With one stroke more; the pen's trembling is left out. None of no points."""
        if not points:
            return self
        line = thinned([(_in(x), _in(y)) for x, y in points])
        return replace(self, strokes=(*self.strokes, Stroke(tuple(line), frame, add)))

    def with_box(self, frame: int, x0: float, y0: float, x1: float, y1: float) -> Marks:
        """With this box, drawn from any corner, instead of the one there was."""
        left, right = sorted((_in(x0), _in(x1)))
        top, bottom = sorted((_in(y0), _in(y1)))
        if left == right or top == bottom:
            return self
        return replace(self, box=Box(left, top, right, bottom, frame))

    def with_path_key(self, which: int | None, frame: int, x: float, y: float) -> Marks:
        """With a place on a path at a frame, instead of the one there; None begins a new path."""
        key = (frame, _in(x), _in(y))
        if which is None:
            return replace(self, paths=(*self.paths, Path((key,))))
        kept = [each for each in self.paths[which].keys if each[0] != frame]
        path = replace(self.paths[which], keys=tuple(sorted([*kept, key])))
        return replace(self, paths=(*self.paths[:which], path, *self.paths[which + 1 :]))

    def with_radius(self, which: int, radius: float) -> Marks:
        """With so much going along a path, a share of the picture's shorter side."""
        path = replace(self.paths[which], radius=min(max(radius, _SMALLEST), 1.0))
        return replace(self, paths=(*self.paths[:which], path, *self.paths[which + 1 :]))

    def moved(self, which: int, x: float, y: float) -> Marks:
        """With a click somewhere else on its frame."""
        point = replace(self.points[which], x=_in(x), y=_in(y))
        return replace(self, points=(*self.points[:which], point, *self.points[which + 1 :]))

    # rubbing out

    def without(self, mark: Point | Stroke | Box | Path) -> Marks:
        """Without this mark."""
        return replace(
            self,
            points=tuple(each for each in self.points if each != mark),
            strokes=tuple(each for each in self.strokes if each != mark),
            box=None if self.box == mark else self.box,
            paths=tuple(each for each in self.paths if each != mark),
        )

    def without_frame(self, frame: int) -> Marks:
        """Without the clicks, the strokes and the box of a frame."""
        here = self.on(frame)
        return replace(
            self,
            points=tuple(each for each in self.points if each.frame != frame),
            strokes=tuple(each for each in self.strokes if each.frame != frame),
            box=None if here.box else self.box,
        )

    # looking

    def on(self, frame: int) -> Marks:
        """What is drawn on a frame; of paths, those that have a place there."""
        return Marks(
            tuple(each for each in self.points if each.frame == frame),
            tuple(each for each in self.strokes if each.frame == frame),
            self.box if self.box and self.box.frame == frame else None,
            tuple(each for each in self.paths if any(key[0] == frame for key in each.keys)),
        )

    def frames(self) -> list[int]:
        """Every frame with something on it, in order."""
        found = {each.frame for each in self.points} | {each.frame for each in self.strokes}
        found |= {self.box.frame} if self.box else set()
        found |= {key[0] for path in self.paths for key in path.keys}
        return sorted(found)

    def nearest(
        self, frame: int, x: float, y: float, reach: float = 0.02, aspect: float = 1.0
    ) -> Point | Stroke | Box | Path | None:
        """The mark of this frame under the pen: within `reach`, a share of the picture's height.

        `aspect` is the picture's width over its height, so that a pixel is one both ways. Clicks
        come before strokes and paths, these before the box, whose edges alone count.
        """

        def away(px: float, py: float) -> float:
            return math.hypot((px - x) * aspect, py - y)

        here = self.on(frame)
        found: list[tuple[float, Point | Stroke | Box | Path]] = []
        found += [(away(each.x, each.y), each) for each in here.points]
        if not any(distance <= reach for distance, _ in found):
            found += [(_to_line(s.points, x, y, aspect), s) for s in here.strokes]
            found += [(away(*path.at(frame)), path) for path in here.paths]
        if here.box and not any(distance <= reach for distance, _ in found):
            found.append((_to_line(_corners(here.box), x, y, aspect), here.box))
        near = [each for each in found if each[0] <= reach]
        return min(near, key=lambda each: each[0])[1] if near else None

    # as values of a task

    def values(self, keys: Mapping[str, str]) -> dict[str, Any]:
        """The marks as a task takes them; `keys` says which kind goes by which name in it."""
        written: dict[str, Any] = {
            "points": [dict(vars(each)) for each in self.points],
            "strokes": [
                {"points": [list(p) for p in each.points], "frame": each.frame, "add": each.add}
                for each in self.strokes
            ],
            "box": dict(vars(self.box)) if self.box else None,
            "paths": [_written(each) for each in self.paths],
        }
        return {key: written[kind] for kind, key in keys.items() if kind in written}

    @classmethod
    def read(cls, values: Mapping[str, Any], keys: Mapping[str, str], first: int) -> Marks:
        """The marks in a task's values; those without a frame are on `first`.

        What cannot be read as a mark is left out: it may come from a newer program.
        """

        def listed(kind: str) -> list[Any]:
            found = values.get(keys.get(kind, ""), [])
            return found if isinstance(found, list) else []

        box = _read_box(values.get(keys.get("box", "")), first)
        return cls(
            tuple(each for each in (_read_point(m, first) for m in listed("points")) if each),
            tuple(each for each in (_read_stroke(m, first) for m in listed("strokes")) if each),
            box,
            tuple(each for each in map(_read_path, listed("paths")) if each),
        )


@dataclass
class History(Generic[T]):
    """States with a way back and forth between them."""

    now: T
    _before: list[T] = field(default_factory=list)
    _after: list[T] = field(default_factory=list)
    _hand: tuple[str, float] = ("", 0.0)

    def put(self, state: T, hand: str = "") -> bool:
        """Go on to a new state; whether it differs. What was undone before can not be redone.

        Changes by one `hand` (one slider, one text) that follow each other soon are one step.
        """
        if state == self.now:
            return False
        moment = time.monotonic()
        if not (hand and hand == self._hand[0] and moment - self._hand[1] < _SAME_HAND):
            self._before.append(self.now)
            del self._before[:-_MOST_STEPS]
        self._hand = (hand, moment)
        self._after.clear()
        self.now = state
        return True

    @property
    def can_undo(self) -> bool:
        """Whether there is a way back."""
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        """Whether there is a way forth."""
        return bool(self._after)

    def undo(self) -> T:
        """One step back, where there is one."""
        return self._step(self._before, self._after)

    def redo(self) -> T:
        """One step forth, where there is one."""
        return self._step(self._after, self._before)

    def _step(self, source: list[T], target: list[T]) -> T:
        if source:
            target.append(self.now)
            self.now = source.pop()
            self._hand = ("", 0.0)
        return self.now


def thinned(line: list[tuple[float, float]], off: float = 0.0005) -> list[tuple[float, float]]:
    """A line with as few of its points as keep it within `off` of where it was drawn.

    Douglas & Peucker 1973, "Algorithms for the reduction of the number of points".
    """
    if len(line) < 3:
        return line
    keep, waiting = {0, len(line) - 1}, [(0, len(line) - 1)]
    while waiting:
        start, stop = waiting.pop()
        ends = (line[start], line[stop])
        far = [(_to_line(ends, *line[i]), i) for i in range(start + 1, stop)]
        distance, middle = max(far, default=(0.0, start))
        if distance > off:
            keep.add(middle)
            waiting += [(start, middle), (middle, stop)]
    return [line[i] for i in sorted(keep)]


def _in(share: float) -> float:
    """Into the picture: a pen leaves it easily. A ten-thousandth of a pixel is exact enough."""
    return round(min(1.0, max(0.0, float(share))), 6)


def _to_line(
    line: tuple[tuple[float, float], ...], x: float, y: float, aspect: float = 1.0
) -> float:
    """How far a place is from a line."""
    if len(line) == 1:
        return math.hypot((line[0][0] - x) * aspect, line[0][1] - y)
    found = math.inf
    for (x0, y0), (x1, y1) in pairwise(line):
        dx, dy = (x1 - x0) * aspect, y1 - y0
        px, py = (x - x0) * aspect, y - y0
        length = dx * dx + dy * dy
        part = min(1.0, max(0.0, (px * dx + py * dy) / length)) if length else 0.0
        found = min(found, math.hypot(px - part * dx, py - part * dy))
    return found


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    a, b, c, d = box.left, box.top, box.right, box.bottom
    return ((a, b), (c, b), (c, d), (a, d), (a, b))


def _share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _number(value: Any) -> bool:
    """A place on a path may lie beyond the plate, where the picture is made wider."""
    return type(value) in (int, float) and math.isfinite(value)


def _frame(told: Mapping[str, Any], first: int) -> int:
    frame = told.get("frame")
    return frame if isinstance(frame, int) and not isinstance(frame, bool) else first


def _read_point(told: Any, first: int) -> Point | None:
    if not isinstance(told, dict) or not (_share(told.get("x")) and _share(told.get("y"))):
        return None
    return Point(told["x"], told["y"], _frame(told, first), told.get("add") is not False)


def _read_stroke(told: Any, first: int) -> Stroke | None:
    if not isinstance(told, dict) or not isinstance(told.get("points"), list):
        return None
    pairs = [p for p in told["points"] if isinstance(p, (list, tuple)) and len(p) == 2]
    line = tuple((p[0], p[1]) for p in pairs if _share(p[0]) and _share(p[1]))
    return Stroke(line, _frame(told, first), told.get("add") is not False) if line else None


def _read_box(told: Any, first: int) -> Box | None:
    sides = ("left", "top", "right", "bottom")
    if not isinstance(told, dict) or not all(_share(told.get(side)) for side in sides):
        return None
    left, top, right, bottom = (told[side] for side in sides)
    return Box(left, top, right, bottom, _frame(told, first))


def _written(path: Path) -> dict[str, Any]:
    keys: dict[str, Any] = {"keys": [list(key) for key in path.keys]}
    return keys if path.radius is None else {**keys, "radius": path.radius}


def _read_path(told: Any) -> Path | None:
    if not isinstance(told, dict) or not isinstance(told.get("keys"), list):
        return None
    keys = [k for k in told["keys"] if isinstance(k, (list, tuple)) and len(k) == 3]
    keys = [k for k in keys if type(k[0]) is int and _number(k[1]) and _number(k[2])]
    ordered = sorted({k[0]: (k[0], k[1], k[2]) for k in keys}.values())
    radius = told.get("radius")
    told_radius = radius if _share(radius) and radius else None
    return Path(tuple(ordered), told_radius) if ordered else None
