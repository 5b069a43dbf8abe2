"""Tiles for the clips beside what is selected: filled by menu, pen and drop, seen, emptied."""

from __future__ import annotations

import time

import pytest

from secondunit_contract.clip import Clip

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from secondunit_panel.qt.look import HIT, OURS
from secondunit_panel.qt.panel import NARROWEST, Panel
from secondunit_panel.slots import of_clip

LEFT, KEY = Qt.MouseButton.LeftButton, Qt.Key
INPUTS = {"plate": "needed", "guide": "optional", "reference": "optional"}


@pytest.fixture
def shown(panel, host, application, engine, greys, until):
    """A panel at a task with slots, and what its tiles are."""
    cards = [{"name": "restyle", "title": "Restyle", "help": "", "inputs": INPUTS,
              "several": ["reference"], "values_schema": {}}]  # fmt: skip
    engine.answers |= {"GET /v1/tasks": {"tasks": cards}, "POST /v1/pictures": greys}
    opened = []

    def show(width: int = 440) -> Panel:
        window = Panel(panel(), OURS)
        window.resize(width, 900)
        window.show()
        window.live = lambda holds: until(lambda: host.pump() or holds())
        opened.append(window)
        rest()
        return window

    yield show
    for each in opened:
        each.shut()


def rest(seconds: float = 0.04) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def tiles(window: Panel) -> dict[str, str]:
    return {key: each.slot.name for key, each in window.fields.slots.tiles.items()}


def choose(window: Panel, tile: str, text: str) -> None:
    """By the menu of a tile."""
    QTest.keyClick(window.fields.slots.tiles[tile], KEY.Key_Return)
    menu = window.fields.slots.menu
    [action] = [each for each in menu.actions() if each.text() == text]
    menu.close()
    action.trigger()


def test_a_task_has_a_tile_for_every_clip_it_takes_beside_the_selected(shown):
    window = shown()
    assert tiles(window) == {"guide": "", "reference": ""}
    for tile in window.fields.slots.tiles.values():
        assert tile.isVisible()
        assert tile.height() >= HIT


def test_files_are_dropped_on_a_tile_seen_in_it_and_taken_away_by_a_key(shown, host, engine):
    window = shown()
    tile = window.fields.slots.tiles["guide"]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(host.media))])
    copy, plain = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    where = QPointF(5, 5) if not hasattr(QDropEvent, "pos") or _qt6() else QPoint(5, 5)
    tile.dropEvent(QDropEvent(where, copy, data, LEFT, plain))
    window.live(lambda: tiles(window)["guide"] == "juggle_b.mov")
    window.live(lambda: tile.image() is not None)
    asked = [b for m, p, b in engine.asked if p == "/v1/pictures" and b["side"] == 192]
    assert {each["clip"]["range"] for each in asked} == {"0-0"}, "one frame of it, no more"
    tile.grab()
    QTest.keyClick(tile, KEY.Key_Delete)
    window.live(lambda: tiles(window)["guide"] == "")
    assert window.session.desk.given == {}


def _qt6() -> bool:
    from qtpy import QT6

    return QT6


def test_what_the_host_has_selected_is_given_by_the_menu(shown, host):
    window = shown()
    choose(window, "reference", "What is selected in Fake now")
    window.live(lambda: tiles(window).get("reference") == "juggle_b")
    rest()
    assert list(tiles(window)) == ["guide", "reference", "reference2"], "there may be more"
    choose(window, "reference", "Take it away")
    window.live(lambda: list(tiles(window)) == ["guide", "reference"])


def test_files_are_picked_in_a_window_that_blocks_nothing(shown, host):
    window = shown()
    choose(window, "guide", "File …")
    dialog = window.fields.slots.dialog
    assert not dialog.isModal()
    dialog.filesSelected.emit([str(host.media)])
    dialog.close()
    window.live(lambda: tiles(window)["guide"] == "juggle_b.mov")


def test_takes_are_offered_by_their_names(shown, panel, host):
    window = shown()
    job = panel.shot(window.session)
    id = panel.tell_take(job)
    window.live(lambda: id in window.session.dailies.takes)
    choose(window, "guide", "juggle_b · restyle · take 1")
    window.live(lambda: tiles(window)["guide"] == "juggle_b · restyle · take 1")


def test_many_fit_the_narrowest_panel(shown):
    window = shown(NARROWEST)
    clips = [of_clip(Clip(f"/a/{number}.mov")) for number in range(6)]
    window.session._said(window.session.desk.give("reference", clips), "form")
    rest()
    assert len(tiles(window)) == 8
    places = set()
    for tile in window.fields.slots.tiles.values():
        corner = tile.mapTo(window, QPoint(0, 0))
        places.add((corner.x(), corner.y()))
        assert corner.x() + tile.width() <= NARROWEST
    assert len(places) == 8, "none lies over another"
    bottom = max(tile.mapTo(window, QPoint(0, tile.height())).y()
                 for tile in window.fields.slots.tiles.values())  # fmt: skip
    assert window.shoot.button.mapTo(window, QPoint(0, 0)).y() >= bottom


def test_a_notice_leads_to_its_tile(shown, tmp_path):
    window = shown()
    window.activateWindow()
    window.session.giving.files("guide", [str(tmp_path / "gone.mov")])
    window.live(lambda: window.session.notices.shown)
    window.remedy(window.session.notices.shown[0])
    assert window.focusWidget() is window.fields.slots.tiles["guide"]
