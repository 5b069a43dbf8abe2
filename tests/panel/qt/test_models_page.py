"""The page of models: read at any width, used with the keys alone, and what is fetched is seen."""

from __future__ import annotations

import time

import pytest

from secondunit_contract.problem import LicenceRefused, NetworkLost

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel

from secondunit_panel import fetching
from secondunit_panel.qt.look import OURS
from secondunit_panel.qt.panel import NARROWEST, Panel

LEFT, KEY = Qt.MouseButton.LeftButton, Qt.Key


def model(name: str, memory: float, **more) -> dict:
    return {
        "name": name, "title": name.title(), "licence": "Apache-2.0", "installed": False,
        "fault": "", "size_mb": 15_900.0, "standing": "free", "memory": [memory, memory / 5],
        "use": f"what {name} is for, told in a sentence that is longer than any panel is wide",
        "reach": {"honours": ["words", "guide"], "memory_gb": memory}, "source": f"Maker/{name}",
        "terms": {"title": "Apache License 2.0"}, **more,
    }  # fmt: skip


MANY = [model(f"model{number}", 10.0 + 20 * number) for number in range(40)]
HERE = model("starter", 0.02, installed=True)


@pytest.fixture
def page(panel, host, application, engine, until, monkeypatch):
    """Opens a panel on its page of models."""
    monkeypatch.setattr(fetching, "_EVERY", 0.02)
    opened = []

    def show(models=(), width: int = 440) -> Panel:
        engine.answers["GET /v1/models"] = {"models": [HERE, *(models or MANY)]}
        window = Panel(panel(), OURS)
        window.resize(width, 700)
        window.show()
        window.activateWindow()
        window.live = lambda holds: until(lambda: host.pump() or holds())
        opened.append(window)
        window.live(lambda: window.session.models)
        rest()
        QTest.mouseClick(window.shoot.see, LEFT)
        window.live(lambda: len(window.models.rows) == len(window.session.models))
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


def seen(window: Panel) -> list[str]:
    return [name for name, row in window.models.rows.items() if row.isVisible()]


def focused(window: Panel) -> str:
    at = window.focusWidget()
    return next((name for name, row in window.models.rows.items() if row is at), "")


def press(window: Panel, key, times: int = 1) -> None:
    for _ in range(times):
        QTest.keyClick(window.focusWidget(), key)


def test_a_large_catalogue_is_read_in_the_narrowest_panel(page):
    window = page(width=NARROWEST)
    assert len(seen(window)) == 41
    row = window.models.rows["model1"]
    QTest.mouseClick(row, LEFT, pos=QPoint(20, 10))
    rest()
    assert row.unfolded
    for each in (row, *row.findChildren(QLabel)):
        if each.isVisible():
            right = each.mapTo(window, QPoint(each.width(), 0)).x()
            assert right <= NARROWEST, each.text() if isinstance(each, QLabel) else "the row"
    texts = [each.text() for each in row.findChildren(QLabel) if each.isVisible()]
    assert "6 of 24 GB GPU memory block by block; 30 GB all at once" in texts
    assert row.inside.use.heightForWidth(row.inside.use.width()) <= row.inside.use.height(), (
        "no word is cut off"
    )


def test_headings_say_what_fits(page):
    window = page()
    headings = [each.text() for each in window.models._headings.values() if each.isVisible()]
    assert headings == [
        "On this machine", "Fit this machine", "Fit block by block, which takes longer",
        "Too large for this machine",
    ]  # fmt: skip


def test_it_is_used_with_the_keys_alone(page, engine):
    window = page()
    assert window.focusWidget() is window.models.search
    press(window, KEY.Key_Down)
    assert focused(window) == "starter"
    press(window, KEY.Key_Down, 2)
    assert focused(window) == "model1"
    press(window, KEY.Key_Return)
    assert window.models.rows["model1"].unfolded
    press(window, KEY.Key_Tab)
    assert window.focusWidget() is window.models.rows["model1"].inside.act
    engine.answers["POST /v1/models/model1/fetch"] = {"name": "model1", "fetching": None}
    press(window, KEY.Key_Return)
    window.live(lambda: [p for _, p, _ in engine.asked if p == "/v1/models/model1/fetch"])
    window.models.rows["model1"].setFocus()
    press(window, KEY.Key_End)
    assert focused(window) == "model39"
    press(window, KEY.Key_Home)
    press(window, KEY.Key_Up)
    assert window.focusWidget() is window.models.search
    press(window, KEY.Key_Escape)
    rest()
    assert not window.models.isVisible()


def test_takes_out_of_sight_hear_no_keys(page, monkeypatch):
    window = page()
    chosen = []
    monkeypatch.setattr(window.takes, "choose_number", chosen.append)
    press(window, KEY.Key_Down)
    press(window, KEY.Key_1)
    assert chosen == []


def test_what_is_searched_is_left(page):
    window = page()
    QTest.keyClicks(window.models.search, "model3 guide")
    assert seen(window) == ["model3", *(f"model3{number}" for number in range(10))]
    QTest.keyClicks(window.models.search, "x")
    assert seen(window) == []
    assert window.models.none.text() == "No model has these words"
    press(window, KEY.Key_Escape)
    assert len(seen(window)) == 41, "Escape empties the line before it goes back"
    assert window.models.isVisible()


def test_one_that_is_here_is_used(page):
    window = page()
    QTest.mouseClick(window.models.rows["starter"], LEFT, pos=QPoint(20, 10))
    rest()
    QTest.mouseClick(window.models.rows["starter"].inside.act, LEFT)
    assert window.session.desk.draft.model == "starter"
    assert not window.models.isVisible()


def test_a_licence_is_read_before_anything_is_fetched(page, engine):
    asks = model("asking", 10.0, standing="asks")
    window = page([asks])
    refused = LicenceRefused("Nobody here has agreed", "Ours", "Read it")
    refused.extra = {"model": "asking", "title": "Asking", "words": "Our Licence\nno boats"}
    engine.answers["POST /v1/models/asking/fetch"] = refused
    engine.statuses["POST /v1/models/asking/fetch"] = 422
    row = window.models.rows["asking"]
    assert "licence to agree to" in row.state.text()
    QTest.mouseClick(row, LEFT, pos=QPoint(20, 10))
    rest()
    QTest.mouseClick(row.inside.act, LEFT)
    window.live(lambda: row.inside.terms.text() == "Our Licence\nno boats")
    assert (row.inside.act.text(), row.inside.later.isVisible()) == ("Agree and fetch", True)
    rest()
    assert window.notices.cards == [], "it is not told twice"
    QTest.mouseClick(row.inside.later, LEFT)
    rest()
    assert row.inside.act.text() == "Fetch"


def test_a_fetch_is_followed_where_it_was_begun_and_stopped(page, engine):
    window = page()
    order = list(window.models.rows)
    row = window.models.rows["model4"]
    fetch = {"done": 4_000_000_000, "total": 16_000_000_000, "problem": None}
    there = [{**each, "fetching": fetch if each["name"] == "model4" else None} for each in MANY]
    engine.answers["POST /v1/models/model4/fetch"] = {"name": "model4", "fetching": fetch}
    engine.answers["DELETE /v1/models/model4/fetch"] = {"name": "model4", "fetching": None}
    engine.answers["GET /v1/models"] = {"models": [HERE, *there]}
    QTest.mouseClick(row, LEFT, pos=QPoint(20, 10))
    rest()
    QTest.mouseClick(row.inside.act, LEFT)
    window.live(lambda: row.state.text().startswith("25% of 16.0 GB"))
    assert row.line.share == pytest.approx(0.25)
    assert list(window.models.rows) == order, "nothing jumps under the pen"
    window.models.show_model("model5")
    assert not window.models.rows["model5"].inside.act.isEnabled(), "one at a time"
    window.models.show_model("model4")
    assert row.inside.act.text() == "Stop"
    QTest.mouseClick(row.inside.act, LEFT)
    window.live(lambda: row.inside.act.text() == "Fetch")


def test_one_that_breaks_off_says_why_and_what_helps(page, engine):
    window = page()
    engine.answers["POST /v1/models/model2/fetch"] = NetworkLost("No answer", "hub", "Try later")
    row = window.models.rows["model2"]
    QTest.mouseClick(row, LEFT, pos=QPoint(20, 10))
    rest()
    QTest.mouseClick(row.inside.act, LEFT)
    window.live(lambda: row.inside.aside.text() == "No answer\nTry later")
    assert (row.inside.act.text(), row.state.text()) == ("Try again", "It broke off")
