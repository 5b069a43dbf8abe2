"""What the artist should know, at the panel's foot, where it moves nothing: with a button each."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from secondunit_panel.dailies import Ask
from secondunit_panel.qt.flow import flowing
from secondunit_panel.qt.look import BETWEEN, INSIDE, ZONES, Look, button
from secondunit_panel.qt.words import say
from secondunit_panel.words import Notice

_MOST = 2  # shown at once; the others come when these are done with


class Card(QFrame):
    """One sentence, what to do about it, and the buttons that do it."""

    def __init__(self, colour: str, sentence: str, remedy: str, buttons: list[QWidget]) -> None:
        super().__init__()
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(ZONES - INSIDE - 2)
        edge = QFrame()
        edge.setFixedWidth(2)
        edge.setStyleSheet(f"background: {colour}; border: none;")
        column = QVBoxLayout()
        column.setContentsMargins(0, INSIDE, BETWEEN, INSIDE)
        column.setSpacing(INSIDE)
        self.sentence, self.remedy = QLabel(sentence), QLabel(remedy)
        say(self.remedy, "quiet")
        for each in (self.sentence, self.remedy):
            each.setWordWrap(True)
            each.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            each.setVisible(bool(each.text()))
            column.addWidget(each)
        if buttons:
            column.addWidget(flowing(*buttons))
        outer.addWidget(edge)
        outer.addLayout(column, 1)


class NoticeBar(QWidget):
    """The notices, the latest below. `remedied` tells which one's button was pressed."""

    remedied = Signal(object)
    copied = Signal(object)
    closed = Signal(object)
    led = Signal(object)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._shown: tuple[object, ...] = ()
        self.cards: list[Card] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(BETWEEN)
        self.hide()

    def draw(self, notices: list[Notice], asks: list[Ask]) -> None:
        """Show them; those that stay are left alone."""
        wanted = (*asks[-1:], *notices[-_MOST:], max(0, len(notices) - _MOST))
        if wanted == self._shown:
            return
        self._shown = wanted
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [self._of_ask(each) for each in asks[-1:]]
        self.cards += [self._of(each) for each in notices[-_MOST:]]
        for card in self.cards:
            self._column.addWidget(card)
        self.setVisible(bool(self.cards))

    def _of(self, notice: Notice) -> Card:
        buttons: list[QWidget] = []
        if notice.action is not None and notice.action.act != "report":
            act = button(notice.action.label)
            act.clicked.connect(lambda: self.remedied.emit(notice))
            buttons.append(act)
        if notice.report:
            copy = button("Copy report", "plain" if not buttons else "word",
                          "What happened, for whoever looks after this machine")  # fmt: skip
            copy.clicked.connect(lambda: self._copy(notice, copy))
            buttons.append(copy)
        away = button("Dismiss", "word")
        away.clicked.connect(lambda: self.closed.emit(notice))
        made = Card(self._look.reject, notice.sentence, notice.remedy, [*buttons, away])
        made.setToolTip(" · ".join(filter(None, (notice.code, notice.where))))
        return made

    def _copy(self, notice: Notice, copy: QWidget) -> None:
        self.copied.emit(notice)
        copy.setProperty("text", "Copied")

    def _of_ask(self, ask: Ask) -> Card:
        go, away = button("Show the frame"), button("Dismiss", "word")
        go.clicked.connect(lambda: self.led.emit(ask))
        away.clicked.connect(lambda: self.closed.emit(ask))
        go.setVisible(ask.frame is not None)
        where = ""
        if ask.first is not None and ask.last is not None:
            span = f"{ask.first}–{ask.last}" if ask.last > ask.first else f"{ask.first}"
            where = f"Frames {span} are uncertain" if "–" in span else f"Frame {span} is uncertain"
        return Card(self._look.accent, ask.sentence, where, [go, away])
