"""The viewer shows plate and take, compares them by the pixel, and is drawn on by pen and keys."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from secondunit_contract.frames import FrameRange
from secondunit_panel.marks import Marks
from secondunit_panel.qt import mix
from secondunit_panel.qt.look import HIT

LEFT, RIGHT, MIDDLE = (
    Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton,
)  # fmt: skip
PLAIN, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)  # fmt: skip
KINDS = ("points", "strokes", "box", "paths")
RED, BLUE = (200, 40, 30), (20, 60, 190)  # of the plate and of the first take
HALF = 128  # the alpha of everything
FIRST, LAST = 1001, 1048


# plate and take


def test_the_plate_is_seen_and_a_take_when_it_is_chosen(screen):
    assert screen.near(screen.at(0.5, 0.5), RED)
    screen.viewer.choose("j-1")
    assert screen.near(screen.at(0.5, 0.5), BLUE)
    screen.viewer.choose(None)
    assert screen.near(screen.at(0.5, 0.5), RED)


def test_the_wipe_shows_the_plate_to_its_left_and_the_take_to_its_right(screen):
    screen.viewer.choose("j-1")
    screen.key(Qt.Key.Key_W)
    for x, colour in ((0.1, RED), (0.49, RED), (0.51, BLUE), (0.9, BLUE)):
        assert screen.near(screen.at(x, 0.8), colour), x
    screen.drag((0.5, 0.5), (0.3, 0.5), (0.25, 0.2))
    assert screen.canvas.wipe == pytest.approx(0.25, abs=1 / 300)
    for x, colour in ((0.24, RED), (0.26, BLUE), (0.4, BLUE)):
        assert screen.near(screen.at(x, 0.8), colour), x


def test_the_wipe_moves_by_the_keyboard_too(screen):
    screen.viewer.choose("j-1")
    screen.key(Qt.Key.Key_W)
    screen.settle()
    before = screen.canvas.wipe
    screen.key(Qt.Key.Key_Right, CONTROL)
    assert screen.canvas.wipe > before


def test_the_difference_of_equal_pictures_is_black_and_of_others_is_not(screen):
    screen.viewer.choose("j-2")
    screen.key(Qt.Key.Key_D)
    assert screen.at(0.5, 0.5) == (0, 0, 0)
    screen.viewer.choose("j-1")
    assert screen.near(screen.at(0.5, 0.5), [abs(a - b) for a, b in zip(RED, BLUE)], 4)  # noqa: B905
    screen.key(Qt.Key.Key_D)
    assert screen.at(0.5, 0.5) == (255, 160, 255)
    screen.key(Qt.Key.Key_D)
    assert screen.near(screen.at(0.5, 0.5), BLUE)


def test_alpha_is_a_matte_and_then_a_cut_out_over_the_grounds(screen):
    screen.viewer.choose("j-1")
    screen.key(Qt.Key.Key_A)
    assert screen.near(screen.at(0.5, 0.5), (HALF,) * 3)
    share = HALF / 255
    for ground in (0x77, 0):
        screen.key(Qt.Key.Key_A)
        assert screen.near(screen.at(0.5, 0.5), [c * share + ground * (1 - share) for c in BLUE])
    screen.key(Qt.Key.Key_A)
    fields = {screen.at((x + 0.5) / 320, 92.5 / 180) for x in range(100, 112)}
    for name in mix.CHECKER:
        level = QColor(name).red()
        wanted = [c * share + level * (1 - share) for c in BLUE]
        assert any(screen.near(each, wanted) for each in fields), name
    screen.key(Qt.Key.Key_A)
    assert screen.near(screen.at(0.5, 0.5), BLUE)


def test_in_the_wipe_the_matte_is_the_takes_and_the_plate_stays_a_picture(screen):
    screen.viewer.choose("j-1")
    screen.key(Qt.Key.Key_W)
    screen.key(Qt.Key.Key_A)
    assert screen.near(screen.at(0.2, 0.8), RED)
    assert screen.near(screen.at(0.8, 0.8), (HALF,) * 3)


def test_a_take_with_handles_is_scrubbed_beyond_the_plate(screen):
    screen.viewer.show_takes([screen.take(1, FIRST - 8, LAST + 8)])
    screen.viewer.choose("j-1")
    assert (screen.clock.range.first, screen.clock.range.last) == (FIRST - 8, LAST + 8)
    screen.viewer.go_to(FIRST - 5)
    assert screen.near(screen.at(0.5, 0.5), BLUE)
    clip = next(clip for clip, _, _, _ in screen.asked if clip.media == "/take1.mov")
    assert clip.media_start == FIRST - 8
    screen.key(Qt.Key.Key_B)
    assert not screen.near(screen.at(0.5, 0.5), BLUE, 40)  # the plate has no such frame


def test_a_take_that_is_gone_is_chosen_no_more(screen):
    screen.viewer.choose("j-1")
    screen.viewer.show_takes([screen.take(2)])
    assert screen.viewer.chosen is None
    assert screen.near(screen.at(0.5, 0.5), RED)


def test_nothing_selected_says_what_to_select_and_offers_nothing(screen):
    screen.viewer.show_takes([])
    screen.viewer.show_plate(None)
    screen.settle()
    assert screen.canvas._word == "Select a clip, or a gap to fill"
    buttons = screen.viewer.findChildren(QPushButton)
    assert [
        each.accessibleName() for each in buttons if each.isVisible() and each.isEnabled()
    ] == []


def test_what_cannot_be_shown_is_said_in_the_picture_and_comes_when_it_can(screen):
    screen.gone = {"/lost.mov"}
    screen.jpegs["/lost.mov"] = screen.jpegs["/take1.mov"]
    screen.viewer.show_takes([])
    screen.viewer.show_plate(screen.shot("/lost.mov"))
    screen.until(lambda: "The plate is gone. Select it again" in screen.canvas._word)
    screen.gone = set()
    screen.pictures.retry()
    screen.viewer.refresh()
    assert screen.near(screen.at(0.5, 0.5), BLUE)


def test_a_preview_stands_in_the_place_of_the_take_and_moves_with_the_play_head(screen):
    strip = QImage(2 * 240 + 12, 135, QImage.Format.Format_RGB32)
    strip.fill(QColor(*BLUE))
    for x in range(240):
        for y in range(135):
            strip.setPixelColor(x, y, QColor(90, 200, 90))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    strip.save(buffer, "JPG", 100)
    screen.viewer.show_preview(bytes(buffer.data().data()))
    screen.until(lambda: screen.near(screen.at(0.5, 0.5), (90, 200, 90)))
    screen.viewer.go_to(LAST)
    assert screen.near(screen.at(0.5, 0.5), BLUE)
    screen.viewer.show_preview(None)
    assert screen.near(screen.at(0.5, 0.5), RED)


# the play head


def test_the_play_head_goes_by_keys_alone(screen):
    for key, held, frame in (
        (Qt.Key.Key_Right, PLAIN, FIRST + 1), (Qt.Key.Key_Right, SHIFT, FIRST + 11),
        (Qt.Key.Key_Left, PLAIN, FIRST + 10), (Qt.Key.Key_Left, SHIFT, FIRST),
        (Qt.Key.Key_End, PLAIN, LAST), (Qt.Key.Key_Home, PLAIN, FIRST),
    ):  # fmt: skip
        screen.key(key, held)
        assert screen.clock.frame == frame
        assert screen.moved[-1] == frame
    screen.key(Qt.Key.Key_Space)
    assert screen.clock.playing
    screen.key(Qt.Key.Key_Space)
    assert not screen.clock.playing


def test_the_play_head_goes_by_the_pen_alone(screen):
    scrub = screen.viewer.scrub
    for frame in (FIRST, FIRST + 20, LAST):
        x = round(scrub.x_of(frame + 0.5))
        QTest.mouseClick(scrub, LEFT, PLAIN, QPoint(x, 16))
        assert screen.clock.frame == frame
    screen.viewer.play.click()
    assert screen.clock.playing
    QTest.mouseClick(scrub, LEFT, PLAIN, QPoint(2, 16))
    assert (screen.clock.playing, screen.clock.frame) == (False, FIRST)


def test_the_scrub_bar_shows_doubt_and_marks_and_the_region(screen):
    scrub = screen.viewer.scrub
    screen.viewer.go_to(LAST)

    def column(frame: int, top: float, bottom: float) -> set[str]:
        image = scrub.grab().toImage()
        x, high = int(scrub.x_of(frame + 0.5)), scrub.height()
        return {image.pixelColor(x, y).name() for y in range(int(top * high), int(bottom * high))}

    bare = column(1012, 0.6, 1), column(1012, 0, 0.4)
    screen.viewer.set_unsure([(1010, 1014)])
    assert column(1012, 0.6, 1) != bare[0]
    assert column(1020, 0.6, 1) == bare[0]
    screen.viewer.set_unsure({1012: 0.2, 1020: 1.0})
    assert column(1012, 0.6, 1) != bare[0]
    assert column(1020, 0.6, 1) == bare[0]
    screen.viewer.set_region(FrameRange(1005, 1016))
    assert column(1012, 0, 0.4) != bare[1]
    assert column(1030, 0, 0.4) == bare[1]
    before = column(1030, 0.4, 0.6)
    screen.viewer.set_marks(Marks().with_point(1030, 0.5, 0.5), KINDS)
    assert column(1030, 0.4, 0.6) != before


# looking closer


def test_the_wheel_enlarges_around_the_pen_and_the_middle_button_shifts(screen):
    at = screen.spot(0.8, 0.3)
    event = QWheelEvent(
        QPointF(at), QPointF(screen.canvas.mapToGlobal(at)), QPoint(0, 0), QPoint(0, 480),
        Qt.MouseButton.NoButton, PLAIN, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = screen.canvas.sight.share(QPointF(at))
    QApplication.sendEvent(screen.canvas, event)
    assert screen.canvas.sight.zoom == pytest.approx(1.25**4)
    assert screen.canvas.sight.share(QPointF(at)) == pytest.approx(before)
    left = screen.canvas.sight.rect.left()
    QTest.mousePress(screen.canvas, MIDDLE, PLAIN, at)
    screen.move(screen.canvas, at + QPoint(25, 0), MIDDLE)
    QTest.mouseRelease(screen.canvas, MIDDLE, PLAIN, at + QPoint(25, 0))
    assert screen.canvas.sight.rect.left() == pytest.approx(left + 25)
    screen.key(Qt.Key.Key_0)
    assert screen.canvas.sight.zoom == 1


def test_what_is_enlarged_is_asked_for_larger_but_no_larger_than_the_plate(screen):
    screen.settle()
    assert {side for _, _, side, _ in screen.asked} == {960 if screen.canvas.seen > 640 else 480}
    for _ in range(8):
        screen.key(Qt.Key.Key_Plus)
    screen.settle()
    assert max(side for _, _, side, _ in screen.asked) == 1920


# shapes and sizes


def test_it_folds_to_a_strip_and_opens_again(screen):
    screen.viewer.resize(320, 400)
    screen.viewer.fold(True)
    QApplication.processEvents()
    assert screen.viewer.sizeHint().height() < 80
    assert screen.viewer.minimumSizeHint().width() <= 320
    assert screen.near(screen.at(0.5, 0.8), RED)
    screen.viewer._open.click()
    QApplication.processEvents()
    assert screen.viewer.tools.isVisible()
    screen.viewer.fold(False)
    assert not screen.viewer._open.isVisible()


def test_it_fits_a_panel_of_320(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    assert screen.viewer.minimumSizeHint().width() <= 304
    screen.viewer.resize(304, 600)
    QApplication.processEvents()
    for each in screen.viewer.findChildren(QPushButton):
        if each.isVisible():
            right = each.mapTo(screen.viewer, QPoint(each.width(), 0)).x()
            assert right <= 304, each.text()


def test_every_button_can_be_hit_is_reached_by_tab_and_has_a_name(screen):
    screen.viewer.set_marks(Marks(), KINDS)
    QApplication.processEvents()
    buttons = [each for each in screen.viewer.findChildren(QPushButton) if each.isVisible()]
    assert len(buttons) > 12
    for each in buttons:
        assert each.height() >= HIT, each.text()
        assert each.width() >= HIT, each.text()
        assert each.accessibleName()
        assert each.focusPolicy() == Qt.FocusPolicy.TabFocus
    for each in (screen.canvas, screen.viewer.scrub):
        assert each.accessibleName()


def test_where_the_keys_go_is_seen(screen):
    screen.settle()
    for widget in (screen.canvas, screen.viewer.scrub, screen.viewer.tools["alpha"]):
        screen.viewer.play.setFocus()
        QApplication.processEvents()
        before = widget.grab().toImage()
        widget.setFocus()
        QApplication.processEvents()
        assert widget.grab().toImage() != before
