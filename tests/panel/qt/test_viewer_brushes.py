"""What the pen makes of the marks there are: it adds, takes hold, and leads on."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from secondunit_panel.marks import Box, Marks, Path, Point
from secondunit_panel.qt.brushes import Touch, brush, turned


def drawn(kind, marks, frame, *places, add=True, last=None):
    """Marks after the pen went down at the first place, along, and up at the last."""
    pen = brush(kind, marks, Touch(frame, *places[0], add), last)
    for place in places[1:]:
        pen.along(*place)
    return pen.up()


def test_a_click_makes_a_point_and_a_drag_takes_it_along():
    marks = drawn("points", Marks(), 7, (0.2, 0.3))
    assert marks.points == (Point(0.2, 0.3, 7),)
    marks = drawn("points", marks, 7, (0.8, 0.8), (0.7, 0.75), add=False)
    assert marks.points[1] == Point(0.7, 0.75, 7, False)


def test_a_point_under_the_pen_is_moved_by_as_much_as_the_pen_and_not_doubled():
    marks = Marks().with_point(7, 0.5, 0.5)
    assert drawn("points", marks, 7, (0.505, 0.505)) == marks
    moved = drawn("points", marks, 7, (0.505, 0.505), (0.605, 0.405))
    assert moved.points == (Point(0.6, 0.4, 7),)
    assert len(drawn("points", marks, 8, (0.5, 0.5)).points) == 2  # on another frame it is another


def test_a_stroke_is_one_mark():
    line = [(0.1, 0.1), (0.2, 0.3), (0.4, 0.2)]
    marks = drawn("strokes", Marks(), 3, *line, add=False)
    assert [(each.points, each.add) for each in marks.strokes] == [(tuple(line), False)]


def test_a_box_is_drawn_and_its_corners_and_sides_are_moved():
    marks = drawn("box", Marks(), 3, (0.6, 0.7), (0.2, 0.3))
    assert marks.box == Box(0.2, 0.3, 0.6, 0.7, 3)
    corner = drawn("box", marks, 3, (0.601, 0.7), (0.8, 0.9))
    assert corner.box == Box(0.2, 0.3, 0.8, 0.9, 3)
    side = drawn("box", marks, 3, (0.4, 0.3), (0.9, 0.1))
    assert side.box == Box(0.2, 0.1, 0.6, 0.7, 3)
    assert drawn("box", marks, 3, (0.9, 0.9)) == marks  # a click alone makes no box


def test_a_path_is_led_from_frame_to_frame_and_a_second_one_begins_beside_it():
    marks = drawn("paths", Marks(), 1, (0.1, 0.1))
    marks = drawn("paths", marks, 11, (0.5, 0.1), last=marks.paths[0])
    assert marks.paths == (Path(((1, 0.1, 0.1), (11, 0.5, 0.1))),)
    marks = drawn("paths", marks, 6, (0.3, 0.1), (0.3, 0.4))  # taken hold of between its keys
    assert marks.paths[0].keys == ((1, 0.1, 0.1), (6, 0.3, 0.4), (11, 0.5, 0.1))
    both = drawn("paths", marks, 11, (0.9, 0.9), last=marks.paths[0])
    assert both.paths == (marks.paths[0], Path(((11, 0.9, 0.9),)))


def test_the_pen_leaves_no_mark_outside_the_picture():
    assert drawn("points", Marks(), 1, (1.4, -0.2)).points == (Point(1.0, 0.0, 1),)


def test_a_mark_says_the_opposite():
    marks = Marks().with_point(1, 0.5, 0.5).with_stroke(1, [(0.1, 0.1)])
    other, point = turned(marks, marks.points[0])
    assert other.points == (Point(0.5, 0.5, 1, False),)
    assert point == other.points[0]
    assert turned(other, other.strokes[0])[0].strokes[0].add is False
