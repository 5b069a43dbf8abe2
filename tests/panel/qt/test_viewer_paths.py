"""Paths are drawn on the clip's frames and on those that are shot behind it, seen as they move."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from secondunit_panel.marks import RADIUS, History, Marks, Path
from secondunit_panel.qt.brushes import Touch, brush

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
FIRST, LAST = 1001, 1048
RED = (200, 40, 30)


@pytest.fixture
def paths(screen):
    """A viewer that draws paths on the plate and twelve frames behind it."""
    screen.viewer.show_takes([])
    screen.viewer.set_marks(Marks(), ("paths",), (0, 12))
    screen.viewer.use("paths")
    return screen


def click(screen, x, y):
    QTest.mouseClick(screen.canvas, LEFT, PLAIN, screen.spot(x, y))


def test_a_path_leads_on_behind_the_plate_over_its_last_picture(paths):
    assert (paths.clock.range.first, paths.clock.range.last) == (FIRST, LAST + 12)
    paths.viewer.go_to(LAST)
    click(paths, 0.2, 0.5)
    paths.viewer.go_to(LAST + 12)
    assert paths.near(paths.at(0.9, 0.9), RED), "the plate's last picture stands there"
    click(paths, 0.8, 0.5)
    [path] = paths.drawn[-1].paths
    assert [key[0] for key in path.keys] == [LAST, LAST + 12]
    assert path.at(LAST + 6)[0] == pytest.approx(0.5, abs=0.01)


def test_nothing_else_is_drawn_behind_the_plate(paths):
    paths.viewer.set_marks(Marks(), ("points", "paths"), (0, 12))
    paths.viewer.use("points")
    paths.viewer.go_to(LAST + 4)
    click(paths, 0.5, 0.5)
    assert paths.drawn == []
    paths.viewer.set_marks(Marks(), ("points",), (0, 12))
    assert paths.clock.range.last == LAST, "and without paths there is nothing behind it"


def test_a_ring_moves_along_the_path_while_scrubbing(paths):
    marks = Marks(paths=(Path(((FIRST, 0.2, 0.5), (FIRST + 10, 0.8, 0.5))),))
    paths.viewer.set_marks(marks, ("paths",), (0, 12))

    def ringed(frame, x):
        """Whether there is a ring at a place of the picture: ink above it, off the line."""
        paths.viewer.go_to(frame)
        paths.settle()
        image = paths.canvas.grab().toImage()
        at = paths.spot(x, 0.5)
        return not paths.near(image.pixelColor(at.x(), at.y() - 7).getRgb()[:3], RED, 40)

    assert ringed(FIRST, 0.2)
    assert not ringed(FIRST, 0.5)
    assert ringed(FIRST + 5, 0.5)
    assert not ringed(FIRST + 5, 0.2)


def test_a_path_is_drawn_by_the_keyboard_alone_and_undone(paths):
    history = History(Marks())
    paths.viewer.drawn.connect(lambda marks: history.put(marks))
    paths.viewer.undo_wanted.connect(
        lambda: paths.viewer.set_marks(history.undo(), ("paths",), (0, 12))
    )
    paths.canvas.setFocus()
    paths.viewer.go_to(LAST)
    paths.key(Qt.Key.Key_Right, CONTROL)
    paths.key(Qt.Key.Key_Return)
    for _ in range(10):
        paths.key(Qt.Key.Key_Right)
    for _ in range(6):
        paths.key(Qt.Key.Key_Right, CONTROL)
    paths.key(Qt.Key.Key_Return)
    [path] = history.now.paths
    assert [key[0] for key in path.keys] == [LAST, LAST + 10]
    assert path.keys[1][1] > path.keys[0][1]
    paths.key(Qt.Key.Key_Z, CONTROL)
    assert len(history.now.paths[0].keys) == 1
    paths.key(Qt.Key.Key_Z, CONTROL)
    assert history.now == Marks()


def test_the_clip_before_a_gap_is_seen_while_no_take_is(screen):
    screen.viewer.show_takes([screen.take(1, 0, 9)])
    screen.viewer.show_plate(screen.shot(), apart=True)
    screen.viewer.set_marks(Marks(), ("paths",), (0, 10))
    assert screen.clock.range.first == FIRST, "a take of the gap counts otherwise"
    screen.viewer.choose("j-1")
    assert (screen.clock.range.first, screen.clock.range.last) == (0, 9)
    screen.viewer.choose(None)
    assert screen.clock.range.last == LAST + 10


def test_a_click_where_it_is_on_another_frame_lets_it_rest(paths):
    marks = Marks().with_path_key(None, 5, 0.3, 0.3)
    marks = brush("paths", marks, Touch(9, 0.301, 0.3)).up()
    assert marks.paths == (Path(((5, 0.3, 0.3), (9, 0.3, 0.3))),)
    assert brush("paths", marks, Touch(7, 0.3, 0.3)).up() == marks, "a longer one is only chosen"


def test_the_ring_of_a_path_is_pulled_wider_by_the_pen(paths):
    """The ring shows how much goes along; only that of the path touched last can be held."""
    history = History(Marks())
    paths.viewer.drawn.connect(lambda marks: history.put(marks))
    paths.viewer.go_to(FIRST)
    click(paths, 0.5, 0.5)
    [path] = history.now.paths
    assert path.radius is None
    paths.settle()
    rect = paths.canvas.sight.rect
    right = 0.5 + RADIUS * rect.height() / rect.width()
    image = paths.canvas.grab().toImage()
    at = paths.spot(right, 0.5)
    inks = [image.pixelColor(at.x() + x, at.y() + y).lightness() for x in range(-3, 4)
            for y in range(-12, 13)]  # fmt: skip
    assert max(inks) > 200, "the ring is seen"
    paths.drag((right, 0.5), (0.5, 0.8))
    [path] = history.now.paths
    assert path.keys == ((FIRST, *path.keys[0][1:]),)
    assert path.radius == pytest.approx(0.3, abs=0.01)
    [told] = history.now.values({"paths": "paths"})["paths"]
    assert told["radius"] == path.radius


def test_it_is_pulled_by_the_keyboard_too(paths):
    history = History(Marks())
    paths.viewer.drawn.connect(lambda marks: history.put(marks))
    paths.canvas.setFocus()
    paths.viewer.go_to(FIRST)
    paths.key(Qt.Key.Key_Right, CONTROL)
    paths.key(Qt.Key.Key_Return)
    marks = Marks().with_path_key(None, FIRST, *history.now.paths[0].keys[0][1:])
    assert history.now == marks
    middle, rect = marks.paths[0].keys[0][1:], paths.canvas.sight.rect
    steps = 0
    while paths.canvas._cross[0] < middle[0] + RADIUS * rect.height() / rect.width():
        paths.key(Qt.Key.Key_Right, CONTROL)
        steps += 1
    assert steps > 2
    paths.key(Qt.Key.Key_Return)
    for _ in range(steps):
        paths.key(Qt.Key.Key_Right, CONTROL)
    paths.key(Qt.Key.Key_Return)
    [path] = history.now.paths
    assert path.keys == marks.paths[0].keys
    assert path.radius == pytest.approx(2 * RADIUS, rel=0.15)


def test_a_ring_elsewhere_or_of_another_path_is_not_held():
    marks = Marks().with_path_key(None, 5, 0.5, 0.5)
    [path] = marks.paths
    ring = Touch(5, 0.5, 0.5 + RADIUS)
    assert brush("paths", marks, ring).up() == marks.with_path_key(None, 5, ring.x, ring.y)
    held = brush("paths", marks, ring, path)
    held.along(0.5, 0.7)
    assert held.up().paths[0].radius == pytest.approx(0.2)
    held.along(0.5, 0.5)
    assert held.up().paths[0].radius == pytest.approx(0.01)
    led = brush("paths", marks, Touch(9, ring.x, ring.y), path).up()
    assert led.paths[0].keys == ((5, 0.5, 0.5), (9, ring.x, ring.y))
