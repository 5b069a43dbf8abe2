"""The form is drawn from the task's schema alone, and stays where it is while it is used."""

from __future__ import annotations

import copy
import time

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QWidget

from secondunit_panel.form import KINDS, SIMPLE, form_of
from secondunit_panel.marks import MARKS, Marks
from secondunit_panel.qt.controls import Chosen, LongText, Number, Text, YesNo, control_for
from secondunit_panel.qt.fields import SETTING, drawn
from secondunit_panel.qt.look import OURS
from secondunit_panel.qt.panel import Panel
from secondunit_panel.qt.slider import Slider

LEFT, KEY = Qt.MouseButton.LeftButton, Qt.Key
MORE = {
    "grain": {"type": "number", "title": "Grain", "default": 0.5, "minimum": 0, "maximum": 1,
              "description": "Of the film", "unit": "share"},
    "stock": {"enum": ["day", "night"], "title": "Stock", "default": "day"},
    "steady": {"type": "boolean", "title": "Steady", "default": False},
    "shutter": {"enum": ["a very long name", "another long name", "short"], "default": "short"},
    "notes": {"type": "string", "long": True, "default": "", "title": "Notes", "simple": False},
}  # fmt: skip


def rest(seconds: float = 0.04) -> None:
    """Let what was told be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.002)


@pytest.fixture
def shown(panel, host, application, engine, until):
    """Opens a panel whose task "extend" has the fields that are given."""
    opened = []

    def show(more=None, width: int = 440) -> Panel:
        cards = copy.deepcopy(engine.answers["GET /v1/tasks"]["tasks"])
        extend = next(each for each in cards if each["name"] == "extend")
        extend["values_schema"]["properties"] |= more or {}
        engine.answers["GET /v1/tasks"] = {"tasks": cards}
        window = Panel(panel(), OURS)
        window.resize(width, 980)
        window.show()
        window.live = lambda holds: until(lambda: host.pump() or holds())
        opened.append(window)
        rest()
        return window

    yield show
    for each in opened:
        each.shut()


def told(window: Panel) -> list[str]:
    return list(window.fields.controls)


def test_a_parameter_that_is_added_to_a_task_appears_and_reaches_the_job(shown, panel):
    plain = shown()
    before = told(plain)
    assert before == ["prompt", "head", "tail", SETTING + "takes"]
    window = shown({"grain": MORE["grain"]})
    assert told(window) == ["prompt", "head", "tail", "grain", SETTING + "takes"]
    control = window.fields.controls["grain"]
    labels = [each.text() for each in window.fields.findChildren(QLabel)]
    assert {"Grain", "share"} <= set(labels)
    assert control.line.toolTip() == "Of the film\ngrain · 0 to 1 share"
    QTest.keyClick(control.slider, KEY.Key_Right)
    assert window.session.desk.values["grain"] == pytest.approx(0.51)
    QTest.mouseClick(window.shoot.button, LEFT)
    window.live(panel.jobs)
    assert panel.jobs()[-1].values == {"grain": pytest.approx(0.51)}


@pytest.mark.parametrize("key", sorted(MORE))
def test_every_kind_of_field_is_said_by_its_control(shown, key):
    window = shown({key: {**MORE[key], "simple": None}})
    window.session.show_everything(True)
    rest()
    control = window.fields.controls[key]
    said = {
        "grain": (lambda: QTest.keyClick(control.slider, KEY.Key_End), 1),
        "stock": (lambda: QTest.mouseClick(control.group.buttons()[1], LEFT), "night"),
        "steady": (lambda: QTest.mouseClick(control.switch, LEFT), True),
        "shutter": (lambda: QTest.keyClick(control.combo, KEY.Key_Up), "another long name"),
        "notes": (lambda: QTest.keyClicks(control.page, "wet"), "wet"),
    }
    act, value = said[key]
    act()
    assert window.session.desk.values[key] == value
    window.session.undo()
    rest()
    assert window.session.desk.values[key] == MORE[key]["default"]
    shows = {
        "grain": lambda: control.slider.value, "steady": lambda: control.switch.isChecked(),
        "stock": lambda: control.choices[control.group.checkedId()].value,
        "shutter": lambda: control.choices[control.combo.currentIndex()].value,
        "notes": lambda: control.page.toPlainText(),
    }  # fmt: skip
    assert shows[key]() == MORE[key]["default"], "what is taken back is shown"


def test_every_kind_there_is_has_a_control(application):
    schemas = {
        "text": {"type": "string"}, "whole": {"type": "integer", "default": 1},
        "number": {"type": "number", "default": 1.0}, "yes_no": {"type": "boolean"},
        "choice": {"enum": [1, 2]}, "wholes": {"type": "array", "items": {"type": "integer"}},
        "written": {"type": "object"},
    }  # fmt: skip
    assert set(schemas) == set(KINDS) - set(MARKS), "marks are drawn on the picture"
    fields = form_of({"properties": schemas}).fields
    assert [each.kind for each in fields] == list(schemas)
    found = [type(control_for(each, OURS)) for each in fields]
    assert found == [Text, Number, Number, YesNo, Chosen, Text, Text]
    long = form_of({"properties": {"a": {"type": "string", "long": True}}}).fields[0]
    assert isinstance(control_for(long, OURS), LongText)


def test_a_number_is_typed_stepped_and_held_in_its_range(shown):
    window = shown()
    control = window.fields.controls["tail"]
    QTest.mouseClick(control.more, LEFT)
    QTest.mouseClick(control.more, LEFT)
    assert window.session.desk.values["tail"] == 2
    QTest.keyClick(control.line, KEY.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert window.session.desk.values["tail"] == 12
    for _ in range(3):
        QTest.keyClick(control.line, KEY.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert window.session.desk.values["tail"] == 0, "no less than the least"
    rest()
    assert not control.less.isEnabled()
    control.line.selectAll()
    QTest.keyClicks(control.line, "36")
    assert window.session.desk.values["tail"] == 36


def test_a_slider_follows_the_pen(application):
    slider = Slider(0, 10, 1, OURS)
    slider.resize(216, 28)
    slider.put(0, 0)
    heard = []
    slider.moved.connect(heard.append)
    QTest.mouseClick(slider, LEFT, pos=QPoint(108, 14))
    assert (slider.value, heard) == (5, [5])
    QTest.mouseClick(slider, LEFT, pos=QPoint(215, 14))
    assert slider.value == 10


# the simple view, and all of it


def test_the_simple_view_has_six_controls_at_most_and_all_shows_the_rest(shown):
    window = shown(MORE)
    simple = told(window)
    assert len(simple) <= SIMPLE
    window.session.set("tail", 3)
    QTest.mouseClick(window.tasks.all, LEFT)
    rest()
    everything = told(window)
    assert [each for each in everything if each in simple] == simple, "in the same order"
    assert set(MORE) < set(everything)
    names = ("takes", "seed", "model", "steps", "guidance")
    assert everything[-5:] == [SETTING + each for each in names]
    QTest.mouseClick(window.tasks.all, LEFT)
    rest()
    assert told(window) == simple


def test_takes_seed_and_model_are_said(shown, engine):
    engine.answers["GET /v1/models"] = {
        "models": [
            {"name": "m", "title": "Em", "installed": True},
            {"name": "away", "installed": False},
        ]
    }
    window = shown()
    window.session.show_everything(True)
    rest()
    controls = window.fields.controls
    QTest.mouseClick(controls[SETTING + "takes"].more, LEFT)
    QTest.keyClicks(controls[SETTING + "seed"].line, "41")
    words = [each.word for each in controls[SETTING + "model"].choices]
    assert words == ["The best that fits", "Em"]
    QTest.mouseClick(controls[SETTING + "model"].group.buttons()[1], LEFT)
    draft = window.session.desk.draft
    assert (draft.takes, draft.seed, draft.model) == (5, 41, "m")


def test_a_setting_that_cannot_be_meant_is_told_and_not_taken(shown):
    window = shown()
    window.session.show_everything(True)
    rest()
    line = window.fields.controls[SETTING + "seed"].line
    QTest.keyClicks(line, "4x")
    window.session.set("tail", 3)
    rest()
    assert (line.text(), line.property("faulty")) == ("4x", "true")
    assert line.toolTip().startswith("Seed is a number")
    assert window.session.desk.draft.seed == 4, "as far as it could be meant"
    QTest.keyClick(line, KEY.Key_Backspace)
    rest()
    assert line.property("faulty") == "false"


def test_what_is_drawn_is_told_and_cleared(shown):
    window = shown()
    window.session.choose("matte")
    rest()
    assert window.fields.marks.told.text() == "Click it in the picture"
    window.session.draw(Marks().with_point(4, 0.5, 0.5).with_point(5, 0.5, 0.5))
    rest()
    assert window.fields.marks.told.text() == "2 clicks on 2 frames"
    QTest.mouseClick(window.fields.marks.clear, LEFT)
    assert not window.session.desk.marks
    assert drawn(Marks().with_box(4, 0, 0, 1, 1)) == "1 box on 1 frame"


# nothing jumps


def places(window: Panel) -> dict[str, int]:
    found = {key: each.mapTo(window, QPoint(0, 0)).y() for key, each in
             window.fields.controls.items()}  # fmt: skip
    return found | {"shoot": window.shoot.button.mapTo(window, QPoint(0, 0)).y()}


def test_values_faults_and_jobs_move_no_control(shown, panel):
    window = shown(MORE)
    before = places(window)
    window.session.set("tail", "many")
    rest()
    assert places(window) == before
    window.session.set("tail", 4)
    QTest.mouseClick(window.shoot.button, LEFT)
    window.live(panel.jobs)
    panel.tell_take(panel.jobs()[-1])
    window.live(lambda: window.takes.slate and window.takes.slate.takes)
    rest()
    assert places(window) == before


def test_the_keys_stay_where_they_are_when_the_form_is_drawn_again(shown, engine):
    window = shown({"tint": {"type": "number", "default": 0, "title": "Tint",
                             "when": {"steady": True}}, "steady": MORE["steady"]})  # fmt: skip
    line: QWidget = window.fields.controls["prompt"].line
    line.setFocus()
    QTest.keyClicks(line, "the wall")
    line.setCursorPosition(3)
    assert "tint" not in told(window)
    window.session.set("steady", True)
    rest()
    assert "tint" in told(window)
    assert window.fields.controls["prompt"].line is line
    assert window.focusWidget() is line
    assert (line.text(), line.cursorPosition()) == ("the wall", 3)
