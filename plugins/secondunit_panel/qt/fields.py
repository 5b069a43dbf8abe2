"""The form: labels in one column, controls in the next, drawn from the task's fields alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from secondunit_panel.form import Choice, Field
from secondunit_panel.marks import Marks
from secondunit_panel.qt.controls import Control, control_for
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, Look, button, type_of
from secondunit_panel.qt.pictures import Pictures
from secondunit_panel.qt.slots import Slots
from secondunit_panel.qt.words import Words, say
from secondunit_panel.session import Session

SETTING = "setting:"
"""What the keys of takes, seed, model, steps and guidance begin with: a task may have values of
these names.
"""

_NARROWEST, _WIDEST = 56, 132  # pixels of the labels' column
_VERBS = {"points": "click", "strokes": "paint", "box": "box", "paths": "drag"}
_NAMES = {"points": "click", "strokes": "stroke", "box": "box", "paths": "path"}


@dataclass(frozen=True)
class Row:
    """A line of the form: a heading where it has no field."""

    key: str
    field: Field | None = None
    heading: str = ""


class Drawn(QWidget):
    """What is drawn on the picture, in words, and a way to clear it."""

    cleared = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(INSIDE)
        self.told = Words()
        self.told.setMinimumHeight(HIT)
        self.clear = button("Clear", "word", "Rub out all that is drawn")
        self.clear.clicked.connect(self.cleared)
        row.addWidget(self.told, 1)
        row.addWidget(self.clear)

    def put(self, marks: Marks, kinds: Mapping[str, str]) -> None:
        """Show what is drawn, or what can be."""
        told = drawn(marks)
        verbs = [_VERBS[each] for each in _VERBS if each in kinds]
        asked = " or ".join(filter(None, [", ".join(verbs[:-1]), *verbs[-1:]])).capitalize()
        say(self.told, "" if told else "quiet")
        self.told.tell(told or f"{asked} it in the picture")
        self.clear.setVisible(bool(told))


class Fields(QWidget):
    """The form of the task chosen. What is said goes to the session; it tells when to draw anew."""

    def __init__(self, session: Session, look: Look, pictures: Pictures) -> None:
        super().__init__()
        self._session, self._look = session, look
        self._rows: list[Row] = []
        self._made: dict[str, tuple[Row, QLabel, QWidget | None]] = {}
        self._task = ""
        self._wrong: dict[str, tuple[Any, str]] = {}  # settings as they were typed, and why not
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(INSIDE + 2)
        self._grid.setColumnStretch(1, 1)
        self.marks = Drawn(look)
        self.marks.cleared.connect(lambda: session.draw(Marks()))
        self.marks.setParent(self)
        self.marks.hide()
        self.slots = Slots(session, pictures, look)
        self.slots.setParent(self)
        self.slots.hide()

    @property
    def controls(self) -> dict[str, Control]:
        """The controls that are shown, by their fields' keys."""
        found = {}
        for row in self._rows:
            control = self._made[row.key][2]
            if isinstance(control, Control):
                found[row.key] = control
        return found

    def draw(self) -> None:
        """Show what the session has now. Controls that stay are left where the keys are."""
        task = self._session.desk.task
        rows = self._wanted()
        if rows != self._rows or (task.name if task else "") != self._task:
            self._task = task.name if task else ""
            self._lay_out(rows)
        desk = self._session.desk
        faults = {each.key: each.sentence for each in desk.faults()}
        values, settings = desk.values, vars(desk.draft)
        for key, control in self.controls.items():
            if key in self._wrong:
                control.put(*self._wrong[key])
            elif key.startswith(SETTING):
                control.put(settings[key[len(SETTING) :]])
            else:
                control.put(values.get(key), faults.get(key, ""))
        self.marks.put(desk.marks, desk.form.marks)
        self.slots.draw()

    def aim(self, key: str) -> bool:
        """Lead the keys to a field; False where it is not shown."""
        control = self.controls.get(key)
        if control is not None:
            control.aim()
        return control is not None or self.slots.aim(key)

    # the rows

    def _wanted(self) -> list[Row]:
        desk = self._session.desk
        if desk.task is None:
            return []
        rows = [Row("marks")] if desk.form.marks else []
        group = ""
        for field in desk.shown():
            if desk.everything and field.group and field.group != group:
                rows.append(Row(f"group:{field.group}", heading=field.group))
            group = field.group
            rows.append(Row(field.key, field))
        rows += [Row("slots")] if desk.slots else []
        rows += [Row(SETTING + each.key, each) for each in self._settings()]
        if desk.everything:
            for card in desk.broken:
                rows.append(Row(f"broken:{card.name}", heading=f"{card.title}: {card.fault}"))
        return rows

    def _settings(self) -> list[Field]:
        takes = Field("takes", "whole", "Takes", "How many different answers", "", 4, 1, 100,
                      step=1)  # fmt: skip
        if not self._session.desk.everything:
            return [takes]
        here = [each for each in self._session.models if each.get("installed")]
        models = [Choice("", "The best that fits")]
        models += [Choice(m["name"], str(m.get("title") or m["name"])) for m in here]
        named = self._session.desk.draft.model
        if all(each.value != named for each in models):
            models.append(Choice(named, named))
        return [
            takes,
            Field("seed", "whole", "Seed", "The same seed, the same take", maybe=True, least=0),
            Field("model", "choice", "Model", "What shoots it", default="", choices=tuple(models)),
            Field("steps", "whole", "Steps", "As the model's maker advises, unless said",
                  maybe=True, least=1, most=1000),
            Field("guidance", "number", "Guidance", "How closely it keeps to the words",
                  maybe=True, least=0, most=100),
        ]  # fmt: skip

    def _lay_out(self, rows: list[Row]) -> None:
        """Put the rows in their places; those there were already stay the widgets they are."""
        self.setUpdatesEnabled(False)
        for _, label, control in self._made.values():
            self._grid.removeWidget(label)
            if control is not None:
                self._grid.removeWidget(control)
        wanted = {each.key: each for each in rows}
        for key, (row, label, control) in list(self._made.items()):
            if wanted.get(key) != row:
                del self._made[key]
                self._let_go(label, control)
        self._rows = rows
        self._wrong.clear()
        before: QWidget = self.marks.clear  # which is between the tasks and the button
        for number, row in enumerate(rows):
            if row.key not in self._made:
                self._made[row.key] = (row, *self._make(row))
            _, label, control = self._made[row.key]
            if control is None:
                self._grid.addWidget(label, number, 0, 1, 2)
            else:
                self._grid.addWidget(label, number, 0)
                self._grid.setAlignment(label, Qt.AlignmentFlag.AlignTop)
                self._grid.addWidget(control, number, 1)
                control.show()
                before = self._in_order(before, control)
            label.show()
        self._grid.setColumnMinimumWidth(0, self._width_of_labels())
        self.setUpdatesEnabled(True)

    def _let_go(self, label: QLabel, control: QWidget | None) -> None:
        label.hide()
        label.deleteLater()
        if control is not None:
            control.hide()
            if control not in (self.marks, self.slots):
                control.deleteLater()

    @staticmethod
    def _in_order(before: QWidget, control: QWidget) -> QWidget:
        """The Tab key goes down the form."""
        stops = [each for each in control.findChildren(QWidget)
                 if each.focusPolicy() & Qt.FocusPolicy.TabFocus]  # fmt: skip
        for each in stops:
            if each.window() is control.window() and each is not before:
                QWidget.setTabOrder(before, each)
                before = each
        return before

    def _make(self, row: Row) -> tuple[QLabel, QWidget | None]:
        if row.key == "marks":
            return self._label("Mark", "What is meant, shown on the picture"), self.marks
        if row.key == "slots":
            return self._label(
                "Clips", "Clips beside what is selected, as this task takes them"
            ), self.slots
        if row.field is None:
            heading = QLabel(row.heading)
            heading.setProperty("role", "heading")
            heading.setWordWrap(True)
            heading.setContentsMargins(0, BETWEEN, 0, 0)
            return heading, None
        key, field = row.key, row.field
        control = control_for(field, self._look)
        if key.startswith(SETTING):
            control.said.connect(lambda raw: self._settle(field, raw))
        else:
            control.said.connect(lambda raw: self._session.set(key, raw))
        label = self._label(field.label, field.hint)
        label.setBuddy(control)
        return label, control

    def _settle(self, field: Field, raw: Any) -> None:
        """Say a setting; one that cannot be meant stays as it was typed, with why."""
        value, key = field.read(raw), SETTING + field.key
        fault = field.fault(value)
        self._wrong.pop(key, None)
        if fault:
            self._wrong[key] = (value, fault)
            self.controls[key].put(value, fault)
        else:
            self._session.settle(**{field.key: value})
            self.controls[key].put(value)

    def _label(self, text: str, hint: str) -> QLabel:
        label = Words(role="label")
        label.tell(text, hint)
        label.setFixedHeight(HIT)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return label

    def _width_of_labels(self) -> int:
        """That of the task's widest label, hidden ones too: the column stands still."""
        font = type_of(self._look)
        widest = _NARROWEST
        probe = QLabel()
        probe.setFont(font)
        for field in self._session.desk.form.fields:
            widest = max(widest, probe.fontMetrics().horizontalAdvance(field.label) + 2)
        return min(_WIDEST, max(_NARROWEST, self.width() * 34 // 100), widest)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow panel the labels leave more room."""
        super().resizeEvent(event)
        self._grid.setColumnMinimumWidth(0, self._width_of_labels())


def drawn(marks: Marks) -> str:
    """What is drawn, counted: "2 clicks · 1 stroke on 3 frames"."""
    counts = {
        "points": len(marks.points), "strokes": len(marks.strokes),
        "box": int(marks.box is not None), "paths": len(marks.paths),
    }  # fmt: skip
    told = []
    for kind, count in counts.items():
        if count:
            plural = "es" if kind == "box" else "s"
            told.append(f"{count} {_NAMES[kind]}{plural if count > 1 else ''}")
    frames = len(marks.frames())
    return f"{' · '.join(told)} on {frames} frame{'s' if frames > 1 else ''}" if told else ""
