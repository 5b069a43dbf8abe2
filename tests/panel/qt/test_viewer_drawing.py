"""Points, strokes, a box and paths are drawn on the picture, by the pen and by the keyboard."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from secondunit_panel.marks import Box, History, Marks, Point
from secondunit_panel.qt.look import contrast

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton,
)  # fmt: skip
PLAIN, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip
KINDS = ("points", "strokes", "box", "paths")
FIRST, LAST = 1001, 1048


@pytest.mark.parametrize("zoom", [1.0, 3.7, 16.0])
def test_a_click_is_where_it_was_made_at_any_zoom(screen, zoom):
    screen.viewer.set_marks(Marks(), KINDS)
    screen.canvas.zoom(zoom, QPointF(300, 120))
    spot = QPoint(301, 122)
    x, y = screen.canvas.sight.share(QPointF(spot))
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, spot)
    [point] = screen.drawn[-1].points
    assert point == Point(round(x, 6), round(y, 6), FIRST)
    back = screen.canvas.sight.point(point.x, point.y)
    assert (back.x(), back.y()) == pytest.approx((301, 122), abs=0.02)


def test_the_other_button_says_what_is_not_meant_and_x_turns_the_brush(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, screen.spot(0.2, 0.2))
    QTest.mouseClick(screen.canvas, RIGHT, PLAIN, screen.spot(0.4, 0.4))
    screen.canvas.drop()
    screen.key(Qt.Key.Key_X)
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, screen.spot(0.6, 0.6))
    assert [each.add for each in screen.drawn[-1].points] == [True, False, False]


def test_a_plus_and_a_minus_differ_in_shape_and_not_in_colour_alone(screen):
    marks = Marks().with_point(FIRST, 0.3, 0.5).with_point(FIRST, 0.7, 0.5, False)
    screen.viewer.set_marks(marks, KINDS)
    screen.settle()
    image = screen.canvas.grab().toImage()

    def ink(x: float, dx: int, dy: int) -> float:
        colour = image.pixelColor(screen.spot(x, 0.5) + QPoint(dx, dy)).name()
        return contrast(colour, QColor(20, 20, 22).name())

    assert ink(0.3, 0, 2) > 4 and ink(0.3, 2, 0) > 4  # noqa: PT018 - a plus has both arms
    assert ink(0.7, 2, 0) > 4
    assert ink(0.7, 0, 3) < 4  # a minus has none upright


def test_a_mark_is_chosen_turned_and_removed_by_keys(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, screen.spot(0.4, 0.4))
    screen.key(Qt.Key.Key_X)
    assert screen.drawn[-1].points[0].add is False
    screen.key(Qt.Key.Key_Delete)
    assert screen.drawn[-1] == Marks()
    count = len(screen.drawn)
    screen.key(Qt.Key.Key_Delete)
    assert len(screen.drawn) == count


def test_a_drag_is_one_step_to_undo(screen):
    history = History(Marks())
    screen.viewer.drawn.connect(lambda marks: history.put(marks))
    screen.viewer.undo_wanted.connect(lambda: screen.viewer.set_marks(history.undo(), KINDS))
    screen.viewer.redo_wanted.connect(lambda: screen.viewer.set_marks(history.redo(), KINDS))
    screen.viewer.set_marks(Marks(), KINDS)
    screen.drag((0.2, 0.2), (0.3, 0.3), (0.4, 0.5))
    screen.press("box")
    screen.drag((0.1, 0.1), (0.5, 0.5), (0.7, 0.8))
    both = history.now
    assert (len(both.points), both.box is not None) == (1, True)
    screen.key(Qt.Key.Key_Z, CONTROL)
    assert screen.canvas.marks.box is None
    screen.press("undo")
    assert screen.canvas.marks == Marks()
    screen.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    screen.press("redo")
    assert screen.canvas.marks == both


def test_every_kind_is_drawn_with_the_keyboard_alone(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    for kind in KINDS:
        screen.viewer.tools[kind].setFocus()
        if not screen.viewer.tools[kind].isChecked():
            QTest.keyClick(screen.viewer.tools[kind], Qt.Key.Key_Space)
        screen.canvas.setFocus()
        screen.key(Qt.Key.Key_Right, CONTROL)
        screen.key(Qt.Key.Key_Return)
        for _ in range(4):
            screen.key(Qt.Key.Key_Down, CONTROL)
            screen.key(Qt.Key.Key_Right, CONTROL)
        if kind in ("strokes", "box"):
            screen.key(Qt.Key.Key_Return)
    marks = screen.drawn[-1]
    assert [bool(each) for each in (marks.points, marks.strokes, marks.box, marks.paths)] == [
        True
    ] * 4
    assert marks.points[0] == Point(0.5, 0.5, FIRST)
    assert isinstance(marks.box, Box)
    assert (marks.box.left, marks.box.top) == (0.5, 0.5)


def test_keys_reach_the_viewer_from_its_buttons_too(screen):
    screen.viewer.choose("j-1")
    button = screen.viewer.tools["alpha"]
    QTest.keyClick(button, Qt.Key.Key_Right)
    assert screen.clock.frame == FIRST + 1
    QTest.keyClick(button, Qt.Key.Key_W)
    assert screen.viewer.compare.wipe


def test_the_host_does_not_take_the_viewers_keys(screen):
    for key, ours in ((Qt.Key.Key_D, True), (Qt.Key.Key_Space, True), (Qt.Key.Key_G, False)):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, PLAIN)
        event.ignore()
        QApplication.sendEvent(screen.viewer, event)
        assert event.isAccepted() is ours


def test_marks_are_drawn_on_the_plates_own_frames_alone(screen):
    screen.viewer.show_takes([screen.take(1, FIRST - 8, LAST)])
    screen.viewer.choose("j-1")
    screen.viewer.set_marks(Marks(), KINDS)
    screen.viewer.go_to(FIRST - 3)
    screen.settle()
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, screen.spot(0.4, 0.4))
    assert screen.drawn == []
    hinted = screen.canvas.grab().toImage()
    screen.viewer.use("")
    assert screen.canvas.grab().toImage() != hinted


def test_only_the_kinds_that_are_asked_for_can_be_drawn(screen):
    screen.viewer.set_marks(Marks(), ("box",))
    shown = [name for name in KINDS if screen.viewer.tools[name].isVisible()]
    assert shown == ["box"]
    screen.viewer.act("points")
    assert screen.canvas.tool == ""
    screen.viewer.set_marks(Marks(), ())
    assert not screen.viewer.tools["sign"].isVisible()


def test_a_mark_under_way_is_kept_when_the_play_head_moves(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    screen.press("strokes")
    QTest.mousePress(screen.canvas, LEFT, PLAIN, screen.spot(0.2, 0.2))
    screen.move(screen.canvas, screen.spot(0.5, 0.3), LEFT)
    screen.clock.step(1)
    [stroke] = screen.drawn[-1].strokes
    assert stroke.frame == FIRST
    assert len(stroke.points) == 2
