"""The panel draws a session: its states, its order, its keys, and what it sends."""

from __future__ import annotations

import json
import time

import pytest

from secondunit_contract.job import Event
from secondunit_contract.problem import NotEnoughMemory
from secondunit_contract.wire import to_json
from secondunit_panel.host import About, Selection

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QGuiApplication, QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from secondunit_panel.qt import look as looks
from secondunit_panel.qt.panel import FOLDS, NARROWEST, TWO, Panel

LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key


@pytest.fixture
def shown(panel, host, application, engine, greys, until):
    """Opens a panel on the fake host, and lets it live."""
    opened = []

    def show(width: int = 440, height: int = 980, **kinds) -> Panel:
        engine.answers.setdefault("POST /v1/pictures", greys)
        session = panel(**kinds)
        window = Panel(session, looks.OURS)
        window.resize(width, height)
        window.show()
        window.activateWindow()
        window.live = lambda holds, seconds=10.0: until(lambda: host.pump() or holds(), seconds)
        opened.append(window)
        window.live(lambda: not session.looking)
        settle(window)
        return window

    yield show
    for each in opened:
        each.shut()


def settle(window: Panel, seconds: float = 0.05) -> None:
    """Let what was told be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


def shoot(window: Panel, panel, takes: int = 4):
    """The job of what is on the desk, and takes of it."""
    window.session.settle(takes=takes)
    before = len(panel.jobs())
    QTest.mouseClick(window.shoot.button, LEFT)
    window.live(lambda: len(panel.jobs()) > before and not window.session.drafts.waiting)
    return panel.jobs()[-1]


def arrive(window: Panel, panel, job, *numbers: int) -> list[str]:
    """Takes of a job have come."""
    ids = [panel.tell_take(job, number) for number in numbers]
    window.live(lambda: {e.id for s in window.takes.slates for e in s.takes} >= set(ids))
    settle(window)
    return ids


def judged(window: Panel, engine, *ids: str) -> None:
    """The service agrees with what is thought of these takes."""
    for id in ids:
        take = to_json(window.session.dailies.takes[id].take)
        engine.answers[f"PATCH /v1/takes/{id}"] = lambda body, id=id, take=take: {
            "id": id, "take": take, **body
        }  # fmt: skip


# what it opens on


def test_it_opens_on_the_clip_with_the_tasks_that_fit(shown):
    window = shown()
    assert window.header.name.text() == "juggle_b"
    assert window.header.span.text() == "01:00:00:00–01:00:00:08 · 8 f"
    assert [each.text() for each in window.tasks.buttons.values()] == ["Extend", "Matte"]
    assert window.tasks.buttons["extend"].isChecked()
    assert window.shoot.button.isEnabled()
    assert window.shoot.button.text() == "Shoot"
    window.clock.go_to(7)
    assert window.viewer.scrub.count(7) == "01:00:00:03", "as the host shows it"


def test_the_first_run_offers_up_to_three_things_to_do(shown):
    window = shown()
    assert window.takes.progress.told.text() == "No takes yet"
    offers = [
        each for each in window.takes.findChildren(QWidget) if each.property("role") == "offer"
    ]
    assert len(offers) == 2, "as many as fit"
    QTest.mouseClick(offers[1], LEFT)
    assert window.session.desk.task.name == "matte"


def test_without_a_selection_it_says_what_to_select(shown, host):
    host.selected = Selection()
    window = shown(wait=False)
    window.live(lambda: window.session.link.here and window.session.desk.cards)
    settle(window)
    assert window.header.name.text() == "Nothing is selected"
    assert window.header.span.text() == "Select a clip, or a gap to fill"
    assert not window.shoot.isVisible()
    host.selected = None
    QTest.mouseClick(window.header.select, LEFT)
    window.live(lambda: window.header.name.text() == "juggle_b")
    window.live(window.shoot.isVisible)


def test_while_the_engine_starts_it_says_so_in_seconds(shown, engine):
    told = []

    def find(waiting):
        waiting(3.0)
        told.append(True)
        while not go:
            time.sleep(0.005)
        return engine.client

    go: list[bool] = []
    window = shown(find=find, wait=False)
    window.live(lambda: window.standing.title.text() == "The engine is starting · 3 s")
    assert not window.shoot.isVisible()
    go.append(True)
    window.live(window.shoot.isVisible)
    assert not window.standing.isVisible()


def test_an_engine_that_is_gone_is_told_at_the_foot(shown, engine):
    window = shown()
    assert not window.engine.isVisible()
    height = window.tasks.mapTo(window, QPoint(0, 0)).y()
    window.session.link.state = "lost"
    window._told("link", "")
    settle(window)
    assert window.engine.isVisible()
    assert "nothing is lost" in window.engine.told.text()
    assert window.tasks.mapTo(window, QPoint(0, 0)).y() == height, "nothing jumps"


def test_what_is_done_by_hand_is_told_in_numbered_steps(shown, host, monkeypatch):
    about = About("Hands", counts="timecode", can=frozenset(), notice="Takes go as files",
                  steps=("Export the cut", "Import it again"))  # fmt: skip
    monkeypatch.setattr(host, "about", lambda: about)
    window = shown()
    texts = [each.text() for each in window.steps.list.findChildren(QLabel)]
    assert texts == ["1", "Export the cut", "2", "Import it again"]
    assert not window.takes.buttons["place"].isEnabled()
    QTest.mouseClick(window.steps.fold, LEFT)
    assert not window.steps.list.isVisible()


# shooting and takes


def test_a_job_is_shot_followed_and_its_takes_come(shown, panel, engine):
    window = shown()
    job = shoot(window, panel)
    window.live(lambda: len(window.takes.sheet.tiles) == 4)
    assert [each.id for each in window.takes.sheet.tiles] == [""] * 4, "each has its place before"
    height = window.takes.sheet.height()
    engine.tell(Event("started", job.id, extra={"state": "running"}))
    told = window.takes.progress
    engine.tell(Event("progress", job.id, "matte", 0, 60), kept=False)
    window.live(lambda: told.told.text() == "Pulling the matte 1 of 4")
    assert told.thread_line.moves, "nobody can say how far: a piece of the line moves"
    looking = Event("progress", job.id, "matte", 0, 60, message="Looking for the figure")
    engine.tell(looking, kept=False)
    window.live(lambda: told.told.text() == "Looking for the figure 1 of 4")
    engine.tell(Event("progress", job.id, "shooting", 12, 60, 96.0), kept=False)
    window.live(lambda: told.told.text() == "Shooting 1 of 4 · 20% · ~2 min left")
    assert told.thread_line.share == pytest.approx(0.2)
    assert not told.thread_line.moves
    assert (told.pause.isVisible(), told.cancel.isVisible()) == (True, True)
    first, second = arrive(window, panel, job, 1, 2)
    tiles = window.takes.sheet.tiles
    assert [each.id for each in tiles] == [first, second, "", ""]
    assert window.takes.sheet.height() == height, "nothing jumps when takes come"
    engine.answers[f"POST /v1/jobs/{job.id}/cancel"] = lambda _: {
        "id": job.id, "state": "cancelling", "job": {"task": "extend", "output": "/t"}
    }  # fmt: skip
    QTest.mouseClick(told.cancel, LEFT)
    window.live(lambda: any(path.endswith("/cancel") for _, path, _ in engine.asked))


def test_takes_are_chosen_judged_and_placed_by_keys_alone(shown, panel, host, engine):
    window = shown()
    job = shoot(window, panel)
    ids = arrive(window, panel, job, 1, 2, 3, 4)
    judged(window, engine, *ids)
    window.takes.sheet.setFocus()
    QTest.keyClick(window.takes.sheet, KEY.Key_2)
    assert (window.takes.chosen, window.viewer.chosen) == (ids[1], ids[1])
    QTest.keyClick(window.takes.sheet, KEY.Key_Up)
    assert window.session.dailies.takes[ids[1]].rating == "circled"
    QTest.keyClick(window.takes.sheet, KEY.Key_3)
    QTest.keyClick(window.takes.sheet, KEY.Key_Down)
    assert window.session.dailies.takes[ids[2]].rating == "rejected"
    QTest.keyClick(window.takes.sheet, KEY.Key_Down)
    assert window.session.dailies.takes[ids[2]].rating == "", "once more takes it back"
    QTest.keyClick(window.takes.sheet, KEY.Key_2)
    QTest.keyClick(window.takes.sheet, KEY.Key_N)
    QTest.keyClicks(window.takes.note, "the third ball is late")
    QTest.keyClick(window.takes.note, KEY.Key_Return)
    assert window.session.dailies.takes[ids[1]].note == "the third ball is late"
    QTest.keyClick(window.takes.sheet, KEY.Key_Return)
    window.live(lambda: [each.number for each in host.takes()] == [2])
    window.live(lambda: window.takes.buttons["place"].text() == "Take out")
    playing = window.clock.playing
    QTest.keyClick(window.takes.sheet, KEY.Key_Space)
    assert window.clock.playing is not playing
    QTest.keyClick(window.takes.sheet, KEY.Key_Escape)
    assert (window.takes.chosen, window.viewer.chosen) == ("", None)


def test_what_is_typed_places_no_take(shown, panel, host):
    window = shown()
    arrive(window, panel, shoot(window, panel), 1)
    window.takes.choose_number(1)
    line = window.fields.controls["prompt"].line
    line.setFocus()
    QTest.keyClicks(line, "1 2 n")
    QTest.keyClick(line, KEY.Key_Return)
    settle(window, 0.1)
    host.pump(0.05)
    assert line.text() == "1 2 n"
    assert "place" not in host.called


def test_takes_are_chosen_and_judged_by_the_pen_alone(shown, panel, engine):
    window = shown()
    ids = arrive(window, panel, shoot(window, panel), 1, 2)
    sheet = window.takes.sheet
    QTest.mouseClick(sheet, LEFT, pos=sheet.picture_rect(1).center().toPoint())
    assert window.takes.chosen == ids[1]
    judged(window, engine, *ids)
    QTest.mouseClick(window.takes.buttons["circle"], LEFT)
    assert window.session.dailies.takes[ids[1]].rating == "circled"
    QTest.mouseClick(sheet, LEFT, pos=sheet.picture_rect(1).center().toPoint())
    assert window.takes.chosen == ""


def test_again_and_branch(shown, panel):
    window = shown()
    window.session.set("tail", 4)
    job = shoot(window, panel)
    arrive(window, panel, job, 1)
    window.takes.choose_number(1)
    QTest.mouseClick(window.takes.buttons["again"], LEFT)
    window.live(lambda: len(panel.jobs()) == 2)
    again = panel.jobs()[-1]
    assert (again.values, again.first_take) == ({"tail": 4}, 5)
    assert again.seed != job.seed
    window.session.set("tail", 0)
    QTest.mouseClick(window.takes.buttons["branch"], LEFT)
    assert window.session.desk.values["tail"] == 4
    assert window.session.desk.draft.seed == job.seed


def test_a_preview_is_shown_where_the_take_will_be(shown, panel, engine, tmp_path):
    window = shown()
    job = shoot(window, panel)
    engine.tell(Event("started", job.id, extra={"state": "running"}))
    image = QImage(160, 90, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    path = tmp_path / "preview.jpg"
    assert image.save(str(path))
    told = Event("preview", job.id, "shooting", 1, 4, preview=str(path))
    engine.tell(told, kept=False)
    window.live(lambda: window.takes.sheet.previews == 1)
    image.fill(Qt.GlobalColor.blue)
    assert image.save(str(path)), "the same file, another picture"
    engine.tell(told, kept=False)
    window.live(lambda: window.takes.sheet.previews == 2)


def test_the_frame_on_which_a_click_would_help_is_gone_to(shown, panel, engine):
    window = shown()
    job = shoot(window, panel)
    arrive(window, panel, job, 1)
    told = Event("ask", job.id, "matte", message="Click the leash once", extra={
        "frame": 9, "first": 8, "last": 10})  # fmt: skip
    engine.tell(told)
    window.live(lambda: len(window.notices.cards) == 1)
    assert window.clock.frame == 9
    assert window.notices.cards[0].sentence.text() == "Click the leash once"
    assert window.notices.cards[0].remedy.text() == "Frames 8–10 are uncertain"


# trouble


def test_a_problem_is_a_sentence_with_a_button_and_a_report(shown, panel):
    window = shown()
    before = window.tasks.mapTo(window, QPoint(0, 0)).y()
    problem = NotEnoughMemory("This needs 3 GB more", "card", "Shoot at 480p")
    window.session.notices.complain(problem, "x")
    settle(window)
    [card] = window.notices.cards
    assert (card.sentence.text(), card.remedy.text()) == ("This needs 3 GB more", "Shoot at 480p")
    assert window.tasks.mapTo(window, QPoint(0, 0)).y() == before, "nothing jumps"
    buttons = {each.text(): each for each in card.findChildren(QAbstractButton)}
    assert list(buttons) == ["See models", "Copy report", "Dismiss"]
    QTest.mouseClick(buttons["Copy report"], LEFT)
    report = json.loads(QGuiApplication.clipboard().text())
    assert report["problem"]["code"] == "machine.memory"
    QTest.mouseClick(buttons["See models"], LEFT)
    assert window.models.isVisible()
    assert list(window.models.rows) == ["m"]
    QTest.mouseClick(window.models.back, LEFT)
    assert not window.models.isVisible()
    QTest.mouseClick(buttons["Dismiss"], LEFT)
    settle(window)
    assert not window.notices.isVisible()


def test_a_host_that_refuses_is_told_and_tried_again(shown, panel, host):
    window = shown()
    arrive(window, panel, shoot(window, panel), 1)
    window.takes.choose_number(1)
    host.moods.dialogs = 3
    QTest.mouseClick(window.takes.buttons["place"], LEFT)
    window.live(lambda: window.notices.cards)
    [card] = window.notices.cards
    assert card.sentence.text() == "It refuses: is a dialog open?"
    again = next(b for b in card.findChildren(QAbstractButton) if b.text() == "Try again")
    QTest.mouseClick(again, LEFT)
    window.live(host.takes)


def test_a_value_that_cannot_be_meant_is_shown_where_it_is(shown, panel):
    window = shown()
    line = window.fields.controls["tail"].line
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "many")
    settle(window)
    assert window.shoot.cost.text() == "Tail is a number"
    assert line.property("faulty") == "true"
    window.fields.controls["prompt"].aim()
    QTest.mouseClick(window.shoot.button, LEFT)
    settle(window)
    act = next(b for b in window.notices.findChildren(QAbstractButton) if b.text() == "Show it")
    QTest.mouseClick(act, LEFT)
    assert window.focusWidget() is line
    assert panel.jobs() == []


# its shape


@pytest.mark.parametrize("width", [NARROWEST, FOLDS - 1, FOLDS, 600, TWO, 1400])
def test_at_every_width_all_of_it_is_seen(shown, panel, width):
    window = shown(width, 900)
    arrive(window, panel, shoot(window, panel), 1, 2)
    column = window.side.widget()
    assert column.width() <= window.side.viewport().width()
    beside = window.side.mapTo(window, QPoint(0, 0)).x() >= window.viewer.geometry().right()
    assert beside is (width >= TWO)
    low = window.viewer.height() < 120
    assert low is (width < FOLDS)
    for each in column.findChildren(QWidget):
        if each.isVisible() and each.width():
            right = each.mapTo(column, QPoint(each.width(), 0)).x()
            assert right <= column.width(), each
    assert window.grab().width() == round(width * window.devicePixelRatioF())


def test_whatever_can_be_hit_is_large_enough(shown, panel):
    window = shown()
    window.session.choose("matte")
    window.session.show_everything(True)
    arrive(window, panel, shoot(window, panel), 1)
    small = [
        (each.text(), each.size())
        for each in window.findChildren(QAbstractButton)
        if each.isVisible() and min(each.width(), each.height()) < looks.HIT
    ]
    assert small == []


def test_the_keys_go_through_all_of_it_and_show_where_they_are(shown, panel):
    window = shown()
    window.setFocus()
    seen = []
    for _ in range(80):
        QTest.keyClick(window.focusWidget() or window, KEY.Key_Tab)
        now = window.focusWidget()
        if now in seen:
            break
        seen.append(now)
    extend, matte = window.tasks.buttons.values()
    wanted = [window.header.select, extend, window.tasks.all,
              window.fields.controls["prompt"].line, window.fields.controls["head"].line,
              window.fields.controls["tail"].line, window.shoot.button]  # fmt: skip
    assert [each for each in seen if each in wanted] == wanted
    for each in wanted[1:3]:
        without = each.grab().toImage()
        each.setFocus(Qt.FocusReason.TabFocusReason)
        assert each.grab().toImage() != without, "the ring is seen"
    extend.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(extend, KEY.Key_Right)
    QTest.keyClick(window.focusWidget(), KEY.Key_Space)
    assert window.session.desk.task.name == "matte", "the arrows go from task to task"
    assert matte.isChecked()


def test_all_text_can_be_read():
    look = looks.OURS
    for ground in (look.ground, look.raised):
        assert looks.contrast(look.text, ground) >= looks.READABLE
    assert looks.contrast(look.quiet, look.ground) >= looks.READABLE
    assert looks.contrast(look.reject, look.ground) >= looks.READABLE
    assert looks.contrast(look.pale, look.raised) >= looks.READABLE
    assert looks.contrast(look.ground, look.accent) >= looks.READABLE


def test_a_dark_application_gives_its_own_greys(application):
    before = application.palette()
    palette = application.palette()
    role = looks.QPalette.ColorRole
    for which, colour in ((role.Window, "#323232"), (role.Button, "#484848"),
                          (role.WindowText, "#c8c8c8")):  # fmt: skip
        palette.setColor(which, looks.QColor(colour))
    application.setPalette(palette)
    try:
        taken = looks.of_host(application)
        assert (taken.ground, taken.raised, taken.accent) == ("#323232", "#484848", looks.ACCENT)
        for colour, ground in ((taken.quiet, taken.ground), (taken.pale, taken.raised)):
            assert looks.contrast(colour, ground) >= looks.READABLE
        palette.setColor(role.Window, looks.QColor("#efefef"))
        application.setPalette(palette)
        assert looks.of_host(application) == looks.OURS, "a bright one is not taken"
    finally:
        application.setPalette(before)


def test_a_panel_that_its_host_drops_is_told_nothing_more(shown, application, panel, host):
    session = panel()
    window = Panel(session, looks.OURS)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    window.show()
    window.deleteLater()
    settle(window)
    application.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    before = len(session._observers)
    session.set("tail", 3)
    assert before == 1, "only the one that the test put there"
