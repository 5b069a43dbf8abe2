"""The models: which are here, which fit this machine, their size and licence; one button each."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from secondunit_panel.qt.look import BETWEEN, INSIDE, ZONES, button
from secondunit_panel.qt.words import say
from secondunit_panel.session import Session

_HUB = "https://huggingface.co/"


class Models(QFrame):
    """A page over the panel, put away with Back. Choosing a model is a setting of the form."""

    left = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: object = None
        self.setProperty("role", "page")
        self.buttons: dict[str, QPushButton] = {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(ZONES - INSIDE, BETWEEN, BETWEEN, BETWEEN)
        outer.setSpacing(BETWEEN)
        head = QHBoxLayout()
        title = QLabel("Models")
        say(title, "name")
        self.back = button("Back", "word", "To the panel (Escape)")
        self.back.clicked.connect(self.left)
        head.addWidget(title, 1)
        head.addWidget(self.back)
        outer.addLayout(head)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list = QWidget()
        self._list.setObjectName("column")
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, BETWEEN, 0)
        self._column.setSpacing(ZONES)
        self._column.addStretch(1)
        area.setWidget(self._list)
        outer.addWidget(area, 1)

    def draw(self) -> None:
        """Show the models the session has now: those that can shoot here first."""
        shown = (self._session.models, self._session.desk.draft.model)
        if shown == self._shown:
            return
        self._shown = shown
        self.buttons = {}
        while self._column.count() > 1:
            gone = self._column.takeAt(0).widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        order = sorted(
            self._session.models, key=lambda m: (not m.get("installed"), bool(m.get("short")))
        )
        for place, model in enumerate(order):
            self._column.insertWidget(place, self._card(model))

    def _card(self, model: dict[str, Any]) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(BETWEEN)
        column = QVBoxLayout()
        column.setSpacing(2)
        name = QLabel(str(model.get("title") or model.get("name", "")))
        column.addWidget(name)
        for text in told(model):
            line = QLabel(text)
            line.setWordWrap(True)
            say(line, "quiet")
            column.addWidget(line)
        row.addLayout(column, 1)
        row.addWidget(self._button(model), 0, Qt.AlignmentFlag.AlignTop)
        return box

    def _button(self, model: dict[str, Any]) -> QPushButton:
        name = str(model.get("name", ""))
        chosen = self._session.desk.draft.model == name
        if model.get("installed") and not model.get("fault"):
            made = button("Chosen" if chosen else "Use it", "plain", f"Shoot with {name}")
            made.setEnabled(not chosen)
            made.clicked.connect(lambda: self._use(name))
        else:
            made = button("Its page", "plain", "Where its maker gives it away, and how to get it")
            page = page_of(model)
            made.setEnabled(bool(page))
            made.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(page)))
        self.buttons[name] = made
        return made

    def _use(self, name: str) -> None:
        self._session.settle(model=name)
        self.left.emit()


def told(model: dict[str, Any]) -> list[str]:
    """What is said of a model: whether it can shoot here; its size and licence; what to know."""
    needed = (model.get("reach") or {}).get("memory_gb")
    if model.get("fault"):
        state = f"Cannot be used: {model['fault']}"
    elif not model.get("installed"):
        state = "Not on this machine"
    else:
        state = "Ready" if not model.get("short") else ""
    short = str(model.get("short") or "")
    size = model.get("size_mb")
    facts = [
        f"{size / 1000:.1f} GB on disk" if isinstance(size, (int, float)) and size >= 100 else (
            f"{size:.0f} MB on disk" if isinstance(size, (int, float)) and size else ""
        ),
        f"{max(1, needed):.0f} GB of memory" if isinstance(needed, (int, float)) else "",
        str(model.get("licence") or ""),
    ]  # fmt: skip
    first = " · ".join(filter(None, (state, short)))
    return [each for each in (first, " · ".join(filter(None, facts))) if each]


def page_of(model: dict[str, Any]) -> str:
    """Where a model can be read about; empty where nothing says."""
    source = str(model.get("source") or "")
    if source.startswith(("http://", "https://")):
        return source
    return (
        _HUB + source if source.count("/") == 1 and not source.startswith((".", "/", "~")) else ""
    )
