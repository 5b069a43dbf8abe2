"""What the pen does on the picture: clicks, strokes, a box and paths, each drawn and moved again.

A brush goes down at a place, along, and up again; `marks` are at every moment what it has made of
those there were. Places are shares of the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from secondunit_panel.marks import RADIUS, Box, Marks, Path, Point, Stroke

Mark = Point | Stroke | Box | Path  # mypy's name for any of them; Python 3.10 knows it too

_STILL = 0.0005  # of the picture: the pen's trembling while it stands


@dataclass(frozen=True)
class Touch:
    """Where a brush goes down, on which frame, and how near (of the height) is near enough to take
    hold of a mark.
    """

    frame: int
    x: float
    y: float
    add: bool = True
    reach: float = 0.02
    aspect: float = 16 / 9


class Brush:
    """A brush that is down. `line` is the stroke so far, `touched` the mark it made or holds; put
    down by a key it `stays` until it is lifted by one, where one place says nothing.
    """

    stays = True

    def __init__(self, marks: Marks, touch: Touch) -> None:
        self.before = self.marks = marks
        self.touch = touch
        self.line: list[tuple[float, float]] = []

    def near(self) -> Mark | None:
        """The mark under it when it went down."""
        touch = self.touch
        return self.before.nearest(touch.frame, touch.x, touch.y, touch.reach, touch.aspect)

    def along(self, x: float, y: float) -> None:
        """Where it is now."""

    def up(self) -> Marks:
        """Take it away; what it made."""
        return self.marks

    @property
    def touched(self) -> Mark | None:
        """The mark it made or holds."""
        return None


class Clicks(Brush):
    """Clicks: on what is meant, or on what is not; one that is there is taken along."""

    stays = False

    def __init__(self, marks: Marks, touch: Touch) -> None:
        super().__init__(marks, touch)
        near = self.near()
        if isinstance(near, Point):
            self._which, self._at = marks.points.index(near), (near.x, near.y)
        else:
            self.marks = marks.with_point(touch.frame, touch.x, touch.y, touch.add)
            self._which, self._at = len(marks.points), (touch.x, touch.y)

    def along(self, x: float, y: float) -> None:
        dx, dy = x - self.touch.x, y - self.touch.y
        if self.marks != self.before or math.hypot(dx, dy) > _STILL:
            self.marks = self.marks.moved(self._which, self._at[0] + dx, self._at[1] + dy)

    @property
    def touched(self) -> Mark | None:
        return self.marks.points[self._which]


class Line(Brush):
    """A stroke."""

    def __init__(self, marks: Marks, touch: Touch) -> None:
        super().__init__(marks, touch)
        self.line = [(touch.x, touch.y)]

    def along(self, x: float, y: float) -> None:
        if math.dist(self.line[-1], (x, y)) > _STILL:
            self.line.append((x, y))

    def up(self) -> Marks:
        touch = self.touch
        self.marks = self.before.with_stroke(touch.frame, self.line, touch.add)
        self.line = []
        return self.marks

    @property
    def touched(self) -> Mark | None:
        return None if self.line else self.marks.strokes[-1]


class Frame(Brush):
    """A box: a new one, or sides of that which is there."""

    def __init__(self, marks: Marks, touch: Touch) -> None:
        super().__init__(marks, touch)
        self._held: tuple[str, ...] = ()
        if isinstance(self.near(), Box) and marks.box:
            self._held = _sides(marks.box, touch)

    def along(self, x: float, y: float) -> None:
        touch, box = self.touch, self.before.box
        if not self._held or box is None:
            self.marks = self.before.with_box(touch.frame, touch.x, touch.y, x, y)
            return
        sides: dict[str, Any] = vars(box) | {
            side: x if side in ("left", "right") else y for side in self._held
        }
        self.marks = self.before.with_box(
            touch.frame, sides["left"], sides["top"], sides["right"], sides["bottom"]
        )

    @property
    def touched(self) -> Mark | None:
        return self.marks.box


class Way(Brush):
    """A path: where the thing under the pen is on this frame.

    Near a path's place it takes that along, and one that was on one frame alone rests here; else
    the path touched last is led here, where it has no place on this frame yet, or a new one begins.
    """

    stays = False

    def __init__(self, marks: Marks, touch: Touch, last: Mark | None = None) -> None:
        super().__init__(marks, touch)
        frame = touch.frame
        self._which: int | None = None
        self._at = (touch.x, touch.y)
        near = _near_path(marks, touch)
        if near is not None:
            self._which, self._at = near, marks.paths[near].at(frame)
            if len(marks.paths[near].keys) == 1 and not _stands(marks.paths[near], frame):
                self.marks = marks.with_path_key(near, frame, *self._at)
        elif isinstance(last, Path) and last in marks.paths and not _stands(last, frame):
            self._which = marks.paths.index(last)
        if near is None:
            self.marks = marks.with_path_key(self._which, frame, touch.x, touch.y)
            self._which = len(marks.paths) if self._which is None else self._which

    def along(self, x: float, y: float) -> None:
        dx, dy = x - self.touch.x, y - self.touch.y
        if self.marks != self.before or math.hypot(dx, dy) > _STILL:
            place = self._at[0] + dx, self._at[1] + dy
            self.marks = self.marks.with_path_key(self._which, self.touch.frame, *place)

    @property
    def touched(self) -> Mark | None:
        return None if self._which is None else self.marks.paths[self._which]


class Ring(Brush):
    """The ring around what goes along a path: held anywhere on it, it is pulled wider."""

    def __init__(self, marks: Marks, touch: Touch, path: Path) -> None:
        super().__init__(marks, touch)
        self._which = marks.paths.index(path)
        self._middle = path.at(touch.frame)

    def along(self, x: float, y: float) -> None:
        across = _across(self._middle, x, y, self.touch.aspect)
        self.marks = self.before.with_radius(self._which, across / min(1.0, self.touch.aspect))

    @property
    def touched(self) -> Mark | None:
        return self.marks.paths[self._which]


def brush(kind: str, marks: Marks, touch: Touch, last: Mark | None = None) -> Brush:
    """The brush for a kind of mark, put down. `last` is the mark touched before."""
    if kind == "paths" and isinstance(last, Path) and last in marks.paths and _on_ring(last, touch):
        return Ring(marks, touch, last)
    if kind == "points":
        return Clicks(marks, touch)
    if kind == "strokes":
        return Line(marks, touch)
    return Frame(marks, touch) if kind == "box" else Way(marks, touch, last)


def turned(marks: Marks, mark: Mark) -> tuple[Marks, Mark]:
    """With a click or a stroke that says the opposite; others say nothing that could be turned."""
    if isinstance(mark, Point):
        other = replace(mark, add=not mark.add)
        points = tuple(other if each == mark else each for each in marks.points)
        return replace(marks, points=points), other
    if isinstance(mark, Stroke):
        line = replace(mark, add=not mark.add)
        strokes = tuple(line if each == mark else each for each in marks.strokes)
        return replace(marks, strokes=strokes), line
    return marks, mark


def _sides(box: Box, touch: Touch) -> tuple[str, ...]:
    """The sides of a box that are near: one, or two that meet."""
    across = touch.reach / touch.aspect
    near = {
        "left": abs(box.left - touch.x) / across, "right": abs(box.right - touch.x) / across,
        "top": abs(box.top - touch.y) / touch.reach,
        "bottom": abs(box.bottom - touch.y) / touch.reach,
    }  # fmt: skip
    found = []
    for pair in (("left", "right"), ("top", "bottom")):
        side = min(pair, key=lambda each: near[each])
        found += [side] if near[side] <= 1 else []
    return tuple(found)


def _across(middle: tuple[float, float], x: float, y: float, aspect: float) -> float:
    """How far a place is from another, in shares of the picture's height."""
    return math.hypot((x - middle[0]) * aspect, y - middle[1])


def _on_ring(path: Path, touch: Touch) -> bool:
    """Whether a brush went down on the ring around what goes along, where the path has a place."""
    away = _across(path.at(touch.frame), touch.x, touch.y, touch.aspect)
    ring = (path.radius or RADIUS) * min(1.0, touch.aspect)
    off = away > touch.reach and abs(away - ring) <= touch.reach / 2
    return off and _stands(path, touch.frame)


def _near_path(marks: Marks, touch: Touch) -> int | None:
    """The path whose place on this frame is near, wherever its keys are."""

    def away(path: Path) -> float:
        return _across(path.at(touch.frame), touch.x, touch.y, touch.aspect)

    found = [(away(path), which) for which, path in enumerate(marks.paths)]
    distance, which = min(found, default=(math.inf, 0))
    return which if distance <= touch.reach else None


def _stands(path: Path, frame: int) -> bool:
    """Whether a path has a place on a frame already."""
    return any(key[0] == frame for key in path.keys)
