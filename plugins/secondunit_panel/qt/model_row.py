"""One model in the list: two lines, and all there is to know of it where it is unfolded."""

from __future__ import annotations

from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices, QFocusEvent, QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from secondunit_panel.models import Deed, Model
from secondunit_panel.qt.flow import flowing
from secondunit_panel.qt.look import BETWEEN, INSIDE, Look, button
from secondunit_panel.qt.thread import Thread
from secondunit_panel.qt.words import Words, say

_LABELS: dict[Deed, str] = {
    "use": "Use it",
    "fetch": "Fetch",
    "agree": "Agree and fetch",
    "stop": "Stop",
    "again": "Try again",
}
_STEPS = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Home: -10_000,
    Qt.Key.Key_End: 10_000,
    Qt.Key.Key_PageUp: -5,
    Qt.Key.Key_PageDown: 5,
}
_TURNS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ModelRow(QFrame):
    """A row. `turned` asks to be unfolded or folded, `stepped` to go to another row, `came` tells
    that the keys are here, `asked` what is to be done with the model.
    """

    turned = Signal()
    stepped = Signal(int)
    came = Signal()
    asked = Signal(str)

    def __init__(self, name: str, look: Look) -> None:
        super().__init__()
        self.setProperty("role", "offer")
        self.model: Model | None = None
        self.unfolded = self._chosen = self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        column.setSpacing(2)
        head = QHBoxLayout()
        head.setSpacing(BETWEEN)
        self.title, self.state = Words(), QLabel()
        say(self.state, "small")
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        column.addLayout(head)
        self._look, self._column = look, column
        self.line: Thread | None = None
        self.short = Words(role="quiet")
        column.addWidget(self.short)
        self.inside: Inside | None = None  # made when it is first seen: a list may be long

    def draw(self, model: Model, chosen: bool, busy: bool) -> None:
        """Show a model; whether it is the one that shoots; whether another is being fetched."""
        self.model, self._chosen, self._busy = model, chosen, busy
        self.title.tell(model.title)
        self.state.setText("Chosen" if chosen and model.deed == "use" else model.state)
        self.short.tell(model.use or model.does)
        fetch = model.fetch
        going = fetch is not None and fetch.under_way
        if going and self.line is None:
            self.line = Thread(self._look)
            self._column.insertWidget(1, self.line)
        if self.line is not None:
            self.line.setVisible(going)
            self.line.put((fetch.share if fetch.total else None) if fetch and going else 0.0)
        self.setAccessibleName(f"{model.title}: {model.state}")
        self._fit()

    def unfold(self, on: bool) -> None:
        """Show all there is to know, or two lines."""
        self.unfolded = on
        self._fit()

    def _fit(self) -> None:
        if self.unfolded and self.inside is None:
            self.inside = Inside()
            self.inside.asked.connect(self.asked)
            self._column.addWidget(self.inside)
        if self.inside is not None:
            self.inside.setVisible(self.unfolded)
            if self.unfolded and self.model is not None:
                self.inside.draw(self.model, self._chosen, self._busy)
        self.short.setVisible(not self.unfolded and bool(self.short.text()))
        say(self.title, "name" if self.unfolded else "")

    # the pen and the keys

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Unfold it, or fold it by its head."""
        on_head = self.inside is None or not self.unfolded or event.pos().y() <= self.inside.y()
        if self.rect().contains(event.pos()) and on_head:
            self.turned.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keys are here."""
        super().focusInEvent(event)
        self.came.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and space unfold and fold; up, down and their like go to other rows."""
        key = event.key()
        if key in _STEPS:
            self.stepped.emit(_STEPS[key])
        elif key in (*_TURNS, Qt.Key.Key_Left if self.unfolded else Qt.Key.Key_Right):
            self.turned.emit()
        else:
            super().keyPressEvent(event)


class Inside(QWidget):
    """What a row unfolds: what the model is for and does, what it needs, its terms, its buttons."""

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model: Model | None = None
        inside = QVBoxLayout(self)
        inside.setContentsMargins(0, 0, 0, INSIDE)
        inside.setSpacing(INSIDE)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self.use = _wrapped("quiet")
        self.aside = _wrapped("")
        self.terms = _wrapped("")
        inside.addWidget(self.use)
        inside.addLayout(self._grid)
        inside.addWidget(self.aside)
        inside.addWidget(self.terms)
        self.facts: dict[str, tuple[QLabel, QLabel]] = {}
        for row, name in enumerate(("Does", "Disk", "Memory", "Licence", "Note")):
            label, text = QLabel(name), _wrapped("")
            say(label, "label")
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)
            self.facts[name] = label, text
        self.later = button("Not now", "word")
        self.act = button("")
        self.page = button("Its page", "word", "Where its maker tells of it")
        self.act.clicked.connect(self._acted)
        self.later.clicked.connect(lambda: self.asked.emit("later"))
        self.page.clicked.connect(self._show_page)
        inside.addWidget(flowing(self.act, self.later, self.page))

    def draw(self, model: Model, chosen: bool, busy: bool) -> None:
        """Show it all."""
        self.model = model
        self.use.setText(model.use)
        self.use.setVisible(bool(model.use))
        reading = model.fetch is not None and bool(model.fetch.words)
        told = {
            "Does": model.does,
            "Disk": model.disk,
            "Memory": model.memory,
            "Licence": ". ".join((model.licence, *(() if reading else model.terms))),
            "Note": model.note,
        }
        for name, (label, text) in self.facts.items():
            text.setText(told[name])
            for each in (label, text):
                each.setVisible(bool(told[name]))
        self._draw_fetch(model)
        taken = chosen and model.deed == "use"
        waits = busy and model.deed in ("fetch", "agree", "again")
        self.act.setText("Chosen" if taken else _LABELS.get(model.deed, ""))
        self.act.setVisible(bool(model.deed))
        self.act.setEnabled(not waits and not taken)
        self.act.setToolTip("Another is being fetched: one at a time" if waits else model.name)
        self.later.setVisible(model.deed in ("agree", "again"))
        self.page.setVisible(bool(model.page))

    def _draw_fetch(self, model: Model) -> None:
        fetch = model.fetch
        going = fetch is not None and fetch.under_way
        problem = fetch.problem if fetch is not None else None
        told = model.aside
        if problem is not None:
            told = "\n".join(filter(None, (problem.what, problem.remedy)))
        elif going:
            told = "It goes on by itself when the panel is closed. What is here of it stays"
        say(self.aside, "fault" if problem is not None or model.aside else "quiet")
        self.aside.setText(told)
        self.aside.setVisible(bool(told))
        self.terms.setText(fetch.words if fetch is not None else "")
        self.terms.setVisible(bool(self.terms.text()))

    def _acted(self) -> None:
        if self.model is not None:
            self.asked.emit(self.model.deed)

    def _show_page(self) -> None:
        if self.model is not None:
            QDesktopServices.openUrl(QUrl(self.model.page))


def _wrapped(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    say(label, role)
    return label
