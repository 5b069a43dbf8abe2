"""A place of the picture is the same place at any zoom, wherever it is shifted to."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QPointF

from secondunit_panel.qt.sight import MOST, Sight

PLACES = [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (1234.5 / 4096, 777.25 / 2160)]


@pytest.mark.parametrize("zoom", [1.0, 1.37, 8.0, MOST])
@pytest.mark.parametrize("size", [(320, 240), (641, 377), (1600, 500)])
def test_there_and_back_is_the_same_place(zoom, size):
    sight = Sight(aspect=4096 / 2160)
    sight.resize(*size)
    sight.enlarge(zoom, QPointF(30.0, 20.0))
    sight.pan(3.3, -7.7)
    for x, y in PLACES:
        back = sight.share(sight.point(x, y))
        assert back == pytest.approx((x, y), abs=1e-9)


def test_the_whole_picture_is_seen_in_its_shape_in_the_middle():
    sight = Sight(aspect=2.0)
    sight.resize(400, 400)
    assert sight.rect.getRect() == (0, 100, 400, 200)


def test_what_is_under_the_pen_stays_under_it_when_it_is_enlarged():
    sight = Sight(aspect=16 / 9)
    sight.resize(960, 540)
    pen = QPointF(700.0, 100.0)
    before = sight.share(pen)
    for _ in range(6):
        sight.enlarge(1.25, pen)
    assert sight.share(pen) == pytest.approx(before)
    sight.enlarge(0.0001)
    assert (sight.zoom, sight.x, sight.y) == (1.0, 0.5, 0.5)


def test_the_picture_cannot_be_lost():
    sight = Sight(aspect=16 / 9)
    sight.resize(960, 540)
    sight.enlarge(4)
    sight.pan(1e6, -1e6)
    assert sight.share(QPointF(0, 540)) == pytest.approx((0, 1))
    sight.fit()
    sight.pan(100, 100)
    assert sight.rect.topLeft() == QPointF(0, 0)
