"""The models: what is here and what could be fetched, each with its terms, its needs and a button.

One row a model, one of them unfolded at a time. Up and down go from row to row, Return unfolds one,
Tab goes into it; typing into the line on top leaves only those with these words.
"""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from secondunit_panel.models import GROUPS, Group, Model, Room, shelf
from secondunit_panel.qt.look import BETWEEN, INSIDE, ZONES, Look, button
from secondunit_panel.qt.model_row import ModelRow
from secondunit_panel.qt.words import say
from secondunit_panel.session import Session

_AT_ONCE = 6  # rows made in one go: some 30 ms of the host's time


class Search(QLineEdit):
    """A line that leaves the models with its words; down goes on to the first of them."""

    down = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Down and Return leave it; Escape empties it first."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class Models(QFrame):
    """A page over the panel, put away with Back. Rows stay where they are as long as it is open."""

    left = Signal()

    def __init__(self, session: Session, look: Look) -> None:
        super().__init__()
        self._session, self._look = session, look
        self._on = False
        self._groups: dict[str, Group] = {}  # as they were when the page was opened
        self._order: list[str] = []
        self._headings: dict[Group, QLabel] = {}
        self.rows: dict[str, ModelRow] = {}
        self._told: dict[str, Model] = {}
        self._coming: list[str] = []  # names of rows that are still to be laid
        self._before: dict[str, ModelRow] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._lay_some)
        self.setProperty("role", "page")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(ZONES - INSIDE, BETWEEN, 0, BETWEEN)
        outer.setSpacing(BETWEEN)
        outer.addLayout(self._head())
        self.search = Search()
        self.search.setPlaceholderText("Find: a name, guide, references, Apache …")
        self.search.setAccessibleName("Find a model")
        self.search.textChanged.connect(lambda _: self._sift())
        self.search.down.connect(lambda: self._step(None, 1))
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, BETWEEN + INSIDE, 0)
        line.addWidget(self.search)
        outer.addLayout(line)
        outer.addWidget(self._scrolled(), 1)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, BETWEEN, 0)
        title = QLabel("Models")
        say(title, "name")
        self.machine = QLabel()
        say(self.machine, "small")
        self.back = button("Back", "word", "To the panel (Escape)")
        self.back.clicked.connect(self.left)
        head.addWidget(title)
        head.addSpacing(BETWEEN)
        head.addWidget(self.machine, 1)
        head.addWidget(self.back)
        return head

    def _scrolled(self) -> QScrollArea:
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        shown = QWidget()
        shown.setObjectName("column")
        self._column = QVBoxLayout(shown)
        self._column.setContentsMargins(0, 0, BETWEEN + INSIDE, 0)
        self._column.setSpacing(0)
        self.none = QLabel()
        self.none.setWordWrap(True)
        say(self.none, "quiet")
        self._column.addWidget(self.none)
        self._column.addStretch(1)
        self._area.setWidget(shown)
        return self._area

    # what is shown

    def open(self) -> None:
        """Come into view: every row has its place from now on."""
        self._on = True
        self._groups = {}
        self.search.clear()
        self.draw()
        self._fold(None)
        under_way = next(iter(self._session.fetching.known), "")
        if under_way in self.rows:
            self._fold(under_way)

    def show_model(self, name: str) -> None:
        """Unfold one model, as a press on it does."""
        self._lay_all()
        if name in self.rows:
            self._fold(name)

    def shut(self) -> None:
        """Be out of view; nothing is drawn any more."""
        self._on = False

    def draw(self) -> None:
        """Show the models the session has now. A row that stays keeps the keys."""
        if not self._on:
            return
        session = self._session
        listed = shelf(session.models, session.system, session.fetching.known)
        for each in listed:
            self._groups.setdefault(each.name, each.group)
        order, places = list(GROUPS), list(self._groups)  # those that came since stand last
        listed.sort(key=lambda e: (order.index(self._groups[e.name]), places.index(e.name)))
        self._told = {each.name: each for each in listed}
        if [each.name for each in listed] != self._order:
            self._lay_out(listed)
        for name in self.rows:
            self._draw_row(name)
        self.machine.setText(_machine(Room.of(session.system)))
        self._sift()

    def _draw_row(self, name: str) -> None:
        chosen, busy = self._session.desk.draft.model, self._session.fetching.under_way
        self.rows[name].draw(self._told[name], name == chosen, busy not in ("", name))

    def _lay_out(self, listed: list[Model]) -> None:
        """Put all in its order; rows that are new come a few at a time, as a host waits for us."""
        self._before, self.rows = self.rows, {}
        for heading in self._headings.values():
            heading.hide()
            heading.deleteLater()
        self._headings, self._order = {}, [each.name for each in listed]
        self._coming = list(self._order)
        wanted = set(self._order)
        for name in [each for each in self._before if each not in wanted]:
            old = self._before.pop(name)
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._lay_some()
        self._reach(next(iter(self.rows), None))

    def _lay_some(self) -> None:
        made = 0
        while self._coming and made < _AT_ONCE:
            name = self._coming.pop(0)
            made += name not in self._before
            self._lay(name)
        self._sift()
        if self._coming:
            self._soon.start(0)

    def _lay(self, name: str) -> None:
        """One row more, under its heading."""
        group, place = self._groups[name], len(self._headings) + len(self.rows)
        if group not in self._headings:
            self._headings[group] = self._heading(GROUPS[group], place)
            place += 1
        row = self._before.pop(name, None) or self._row(name)
        self.rows[name] = row
        self._column.removeWidget(row)
        self._column.insertWidget(place, row)
        self._draw_row(name)

    def _lay_all(self) -> None:
        while self._coming:
            self._lay_some()

    def _heading(self, text: str, place: int) -> QLabel:
        made = QLabel(text)
        say(made, "heading")
        made.setContentsMargins(0, BETWEEN if place else 0, 0, INSIDE)
        self._column.insertWidget(place, made)
        return made

    def _row(self, name: str) -> ModelRow:
        made = ModelRow(name, self._look)
        made.turned.connect(lambda: self._fold(None if made.unfolded else name))
        made.stepped.connect(lambda by: self._step(name, by))
        made.came.connect(lambda: self._reach(name))
        made.asked.connect(lambda deed: self._do(name, deed))
        return made

    def _sift(self) -> None:
        """Leave only what is looked for."""
        text = self.search.text()
        groups = set()
        for name, row in self.rows.items():
            holds = row.model is not None and row.model.holds(text)
            row.setVisible(holds)
            if holds:
                groups.add(self._groups[name])
        for group, heading in self._headings.items():
            heading.setVisible(group in groups)
        told = "No model has these words" if self.rows else "The engine tells of its models soon"
        self.none.setText(told)
        self.none.setVisible(not groups)

    # the pen and the keys

    def _fold(self, unfolded: str | None) -> None:
        for name, row in self.rows.items():
            row.unfold(name == unfolded)
        if unfolded is not None:
            self._reach(unfolded)
            self._area.ensureWidgetVisible(self.rows[unfolded], 0, BETWEEN)

    def _reach(self, name: str | None) -> None:
        """The Tab key comes to this row, and not to every one of a long list."""
        for each, row in self.rows.items():
            policy = Qt.FocusPolicy.TabFocus if each == name else Qt.FocusPolicy.NoFocus
            row.setFocusPolicy(policy)

    def _step(self, name: str | None, by: int) -> None:
        """To another row; from the first one upwards to the line on top."""
        self._lay_all()
        there = [each for each, row in self.rows.items() if row.isVisibleTo(self)]
        at = there.index(name) + by if name in there else 0
        if at < 0 and by == -1:
            self.search.setFocus(Qt.FocusReason.BacktabFocusReason)
        elif there:
            to = there[min(len(there) - 1, max(0, at))]
            self._reach(to)
            self.rows[to].setFocus(Qt.FocusReason.TabFocusReason)
            self._area.ensureWidgetVisible(self.rows[to], 0, BETWEEN)

    def _do(self, name: str, deed: str) -> None:
        fetching = self._session.fetching
        if deed == "use":
            self._session.settle(model=name)
            self.left.emit()
        elif deed == "stop":
            fetching.stop(name)
        elif deed == "later":
            fetching.put_off(name)
        else:
            fetching.begin(name, agree=deed == "agree")


def _machine(room: Room) -> str:
    none = "no graphics card" if room.memory else ""
    parts = (
        f"{room.gpu:.0f} GB graphics card" if room.gpu else none,
        f"{room.disk:.0f} GB free" if room.disk is not None else "",
    )
    return " · ".join(filter(None, parts))
