"""What is selected, in the host's own words; and what its user does by hand where it must be so."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from secondunit_panel.host import About
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, ZONES, button
from secondunit_panel.qt.words import Words, say
from secondunit_panel.session import Session

_EMPTY = "Nothing is selected"


class Header(QWidget):
    """The selection: a click reads it again. Beside it, the way back from every change."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(INSIDE, INSIDE, BETWEEN, INSIDE)
        row.setSpacing(INSIDE)
        self.select = button("", "head")
        self.select.clicked.connect(session.look)
        column = QVBoxLayout(self.select)
        column.setContentsMargins(BETWEEN, INSIDE, BETWEEN, INSIDE)
        column.setSpacing(2)
        self.name, self.span = Words(role="name", middle=True), Words(role="small")
        for each in (self.name, self.span):
            each.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(each)
        self.undo = button("Undo", "word", "Take the last change back (Ctrl+Z)")
        self.redo = button("Redo", "word", "Make it again (Ctrl+Shift+Z)")
        self.undo.clicked.connect(session.undo)
        self.redo.clicked.connect(session.redo)
        row.addWidget(self.select, 1)
        row.addWidget(self.undo)
        row.addWidget(self.redo)

    def draw(self) -> None:
        """Show what the session has now."""
        session = self._session
        if session.desk.selection:
            name, _, span = session.selected.partition(" · ")
        else:
            name, span = _EMPTY, session.selected
        if session.looking and not session.desk.selection:
            span = f"Asking {session.about.name}"
        self.name.tell(name)
        self.span.tell(span)
        host = " ".join(filter(None, (session.about.name, session.about.version)))
        self.select.setToolTip(f"{session.selected}\nClick to read the selection of {host} again")
        self.select.setAccessibleName(session.selected)
        self.undo.setEnabled(session.desk.can_undo)
        self.redo.setEnabled(session.desk.can_redo)


class Steps(QFrame):
    """A sentence of the host, as long as it is true, and numbered steps for its user."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self.setVisible(bool(about.notice))
        column = QVBoxLayout(self)
        column.setContentsMargins(ZONES - INSIDE, 0, BETWEEN, BETWEEN)
        column.setSpacing(INSIDE)
        head = QHBoxLayout()
        head.setSpacing(BETWEEN)
        said = QLabel(about.notice)
        said.setWordWrap(True)
        self.fold = button("Hide steps", "word")
        self.fold.setVisible(bool(about.steps))
        self.fold.clicked.connect(self._turn)
        head.addWidget(said, 1)
        head.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        self.list = QWidget()
        grid = QGridLayout(self.list)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(BETWEEN)
        grid.setVerticalSpacing(INSIDE)
        grid.setColumnStretch(1, 1)
        for number, step in enumerate(about.steps, 1):
            figure, words = QLabel(str(number)), QLabel(step)
            say(figure, "quiet")
            figure.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
            figure.setFixedWidth(12)
            words.setWordWrap(True)
            grid.addWidget(figure, number, 0)
            grid.addWidget(words, number, 1)
        column.addWidget(self.list)
        self.list.setVisible(bool(about.steps))

    def _turn(self) -> None:
        self.list.setVisible(self.list.isHidden())
        self.fold.setText("Show steps" if self.list.isHidden() else "Hide steps")


class Standing(QWidget):
    """What there is in place of tasks, while there are none: why, and what to do."""

    asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, ZONES, 0, ZONES)
        column.setSpacing(INSIDE)
        self.title, self.text = QLabel(), QLabel()
        say(self.title, "name")
        say(self.text, "quiet")
        self.text.setWordWrap(True)
        self.act = button("")
        self.act.clicked.connect(self.asked)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addSpacing(INSIDE)
        column.addWidget(self.act, 0, Qt.AlignmentFlag.AlignLeft)

    def draw(self) -> None:
        """Show why there is no task."""
        title, text, act = self._told()
        self.title.setText(title)
        self.text.setText(text)
        self.act.setText(act)
        self.act.setVisible(bool(act))

    def _told(self) -> tuple[str, str, str]:
        session = self._session
        state = session.link.state
        if not session.desk.cards:
            seconds = f" · {session.link.seconds:.0f} s" if session.link.seconds >= 1 else ""
            if state in ("absent", "other") and session.link.problem is not None:
                problem = session.link.problem
                return problem.what, problem.remedy, "Look again"
            if state == "lost":
                return "The engine is away", "It is looked for; nothing is lost", "Look again"
            told = "Its tasks and models are read next" if state == "here" else (
                "It finds the graphics card and reads the models; the first start takes longer"
            )  # fmt: skip
            return f"The engine is starting{seconds}", told, ""
        if not session.desk.selection:
            return "", "", ""
        why = [each for _, each in session.desk.unfit()]
        return "No task fits what is selected", "\n".join(why[:3]), "Select again"


class EngineLine(QWidget):
    """The engine's state in one line at the panel's foot; nothing while it is here."""

    asked = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(ZONES - INSIDE, 0, BETWEEN, 0)
        row.setSpacing(BETWEEN)
        self.told = Words(role="quiet")
        self.told.setMinimumHeight(HIT)
        self.act = button(
            "Look now", "word", "Look for the engine, and start it if it is not there"
        )
        self.act.clicked.connect(self.asked)
        row.addWidget(self.told, 1)
        row.addWidget(self.act)

    def draw(self) -> None:
        """Show it where there is something to tell."""
        link, tasks = self._session.link, bool(self._session.desk.cards)
        told = ""
        if link.state == "lost":
            told = "The engine is away · looking for it; nothing is lost"
        elif tasks and link.state in ("starting", "looking"):
            told = f"The engine is starting · {link.seconds:.0f} s"
        elif tasks and link.state == "absent":
            told = "The engine is not there"
        self.told.tell(told)
        self.act.setVisible(link.state in ("lost", "absent"))
        self.setVisible(bool(told))
