"""The takes as they arrive: how far the job is, the contact sheet, and what to do with a take."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from secondunit_contract.queue import Entry, Rating, TakeEntry
from secondunit_panel import words
from secondunit_panel.orders import made_for, slate_of
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.flow import flowing
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, ZONES, Look, button
from secondunit_panel.qt.pictures import Pictures
from secondunit_panel.qt.sheet import Sheet, Tile
from secondunit_panel.qt.thread import Thread
from secondunit_panel.qt.words import Words, say
from secondunit_panel.session import Session
from secondunit_panel.slates import Slate, slates

_FIRST_ACTS = ("circle", "reject", "place")
_FIRST = 3  # things to do, on the first run
_PAUSES = {"running": "Pause", "queued": "Pause", "paused": "Resume", "pausing": "Resume"}


class Note(QLineEdit):
    """A note being written: Return keeps it, Escape does not."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves it as it was."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class Offer(QFrame):
    """Something to do with the clip: its name, and what it is."""

    clicked = Signal()

    def __init__(self, title: str, help: str) -> None:
        super().__init__()
        self.setProperty("role", "offer")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"{title}: {help}")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, INSIDE, 0, INSIDE)
        row.setSpacing(BETWEEN)
        what, why = QLabel(title), QLabel(help)
        what.setFixedWidth(64)
        why.setWordWrap(True)
        say(why, "quiet")
        row.addWidget(what, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(why, 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It is taken."""
        if self.rect().contains(event.pos()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """By Return or the space bar as well."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class Progress(QWidget):
    """How far a job is, and its reins."""

    acted = Signal(str, str)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.job = ""
        self.thread_line = Thread(look)
        self.told = Words()
        self.told.setMinimumHeight(HIT)
        self.pause, self.cancel = button("Pause", "word"), button("Cancel", "word")
        self.pause.clicked.connect(lambda: self.acted.emit(self.job, self.pause.text().lower()))
        self.cancel.clicked.connect(lambda: self.acted.emit(self.job, "cancel"))
        self.back, self.on = (
            button("‹", "word", "The slate before ( [ )"),
            button("›", "word", "The next slate ( ] )"),
        )
        self.page = QLabel()
        say(self.page, "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(INSIDE)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.told, 1)
        for each in (self.pause, self.cancel, self.back, self.page, self.on):
            row.addWidget(each)
        column.addWidget(self.thread_line)
        column.addLayout(row)

    def put(self, told: str, share: float | None, entry: Entry | None, waiting: str = "") -> None:
        """Show it; `share` is None while nobody can say how much is done, `waiting` is a job that
        the engine has not had yet.
        """
        self.job = entry.id if entry else waiting
        self.told.tell(told)
        self.thread_line.put(share)
        state = entry.state if entry else ""
        self.pause.setVisible(state in _PAUSES)
        self.pause.setText(_PAUSES.get(state, "Pause"))
        self.cancel.setVisible(bool(waiting) or state in (*_PAUSES, "cancelling"))
        self.cancel.setEnabled(state != "cancelling")

    def pages(self, at: int, count: int) -> None:
        """Which of how many slates is shown."""
        for each in (self.back, self.page, self.on):
            each.setVisible(count > 1)
        self.page.setText(f"{at + 1} of {count}")
        self.back.setEnabled(at > 0)
        self.on.setEnabled(at < count - 1)


class Takes(QWidget):
    """The takes of one slate at a time. `chose` tells which one is looked at, "" for the plate.

    `bar` is what can be done with that one; whoever lays the panel out finds a place for it.
    """

    chose = Signal(str)

    def __init__(self, session: Session, clock: Clock, pictures: Pictures, look: Look) -> None:
        super().__init__()
        self._session, self._clock = session, clock
        self.slates: list[Slate] = []
        self._slate, self.chosen, self._played = "", "", ""
        self.progress = Progress(look)
        self.progress.acted.connect(lambda job, act: session.act(job, act))
        self.progress.back.clicked.connect(lambda: self.turn(-1))
        self.progress.on.clicked.connect(lambda: self.turn(1))
        self.sheet = Sheet(clock, pictures, look)
        self.sheet.chose.connect(self.choose)
        self._offers = QWidget()
        self._offer_column = QVBoxLayout(self._offers)
        self._offer_column.setContentsMargins(0, 0, 0, 0)
        self._offer_column.setSpacing(0)
        self._offered: list[str] = []
        self._make_actions()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(INSIDE)
        for each in (self.progress, self._offers, self.sheet):
            column.addWidget(each)

    def _make_actions(self) -> None:
        self.told, self.note = Words(role="quiet"), Note()
        self.told.setMinimumHeight(HIT)
        self.note.setPlaceholderText("A note to this take")
        self.note.returnPressed.connect(self._noted)
        self.note.left.connect(self._leave_note)
        self.detail = QWidget()
        self._stack: QStackedLayout = QStackedLayout(self.detail)
        self._stack.addWidget(self.told)
        self._stack.addWidget(self.note)
        self.buttons: dict[str, QPushButton] = {}
        for name, text, tip, act in (
            ("circle", "Circle", "This is the one (↑)", lambda: self.rate("circled")),
            ("reject", "Reject", "Not this one (↓)", lambda: self.rate("rejected")),
            ("place", "Place", "Put it into the document (Return)", self.place),
            ("again", "Again", "Once more with another seed (G)", self.again),
            ("branch", "Branch", "Go on from its values and its seed (F)", self.branch),
            ("note", "Note", "Write a note to it (N)", self.write_note),
        ):
            made = button(text, "plain" if name in _FIRST_ACTS else "word", tip)
            made.clicked.connect(lambda _=False, act=act: act())
            self.buttons[name] = made
        for name in ("circle", "reject"):
            self.buttons[name].setCheckable(True)
        self.bar = QWidget()  # stands where the takes do not scroll it away
        below = QVBoxLayout(self.bar)
        below.setContentsMargins(ZONES - INSIDE, 0, ZONES - INSIDE, INSIDE)
        below.setSpacing(0)
        below.addWidget(self.detail)
        below.addWidget(flowing(*self.buttons.values()))

    # what is there

    @property
    def slate(self) -> Slate | None:
        """The slate that is shown."""
        named = [each for each in self.slates if each.id == self._slate]
        return next(iter(named or self.slates), None)

    @property
    def take(self) -> TakeEntry | None:
        """The take that is chosen."""
        return self._session.dailies.takes.get(self.chosen)

    def draw(self) -> None:
        """Show what the session has now."""
        session, desk = self._session, self._session.desk
        before = {each.id for each in self.slates}
        self.slates = slates(
            session, desk.selection.document, [desk.shot.clip.media] if desk.shot else [],
            session.drafts.waiting,
        )  # fmt: skip
        new = [each for each in self.slates if each.id not in before and before and each.open]
        if new or all(each.id != self._slate for each in self.slates):
            self._slate = next(iter(new or self.slates), Slate("")).id
        if self.take is None or self.chosen not in {e.id for s in self.slates for e in s.takes}:
            self._let_go()
        self._draw_progress()
        self._draw_sheet()
        self._draw_offers()
        self._draw_take()

    def _draw_progress(self) -> None:
        slate, dailies = self.slate, self._session.dailies
        going = dailies.open()
        front = next((e for e in going if e.state == "running"), next(iter(going), None))
        own = slate.open if slate else None
        entry = own or front or (slate.last if slate else None)
        shooting = self._session.shooting
        waiting = slate.waiting[0].id if slate and slate.waiting else ""
        if shooting.export is not None:
            done, total = shooting.export
            self.progress.put(f"Exporting the plate · {done} of {total}", done / (total or 1), None)
        elif shooting.preparing:
            self.progress.put("Preparing the plate", None, None)
        elif waiting and not own:
            self.progress.put("Waiting for the engine", 0.0, None, waiting)
        elif entry is not None:
            told = self._session.progress(entry.id)
            said = dailies.said.get(entry.id, "") if entry.state == "running" else ""
            if slate is not None and slate_of(entry.job) != slate.id:
                told = f"{made_for(entry.job).get('name') or entry.job.task}: {told}"
            more = len(going) - 1 if entry.state == "running" else 0
            told = " · ".join(filter(None, (told, f"{more} more wait" if more > 0 else "")))
            over = entry.state not in ("running", "pausing", "paused", "cancelling")
            share = words.share(entry) if words.measured(entry) else None
            self.progress.put(told, 0.0 if over else share, entry)
            self.progress.told.tell(told, "\n".join(filter(None, (told, said))))
        else:
            self.progress.put("No takes yet" if not self.slates else "", 0.0, None)
        at = self.slates.index(slate) if slate else 0
        self.progress.pages(at, len(self.slates))

    def _draw_sheet(self) -> None:
        slate = self.slate
        tiles: list[Tile] = []
        if slate is not None:
            for entry in slate.takes:
                placed = entry.id in self._session.placed
                tiles.append(Tile(entry.take.number, entry, entry.take.job, placed))
            shooting = slate.open
            first = True
            for number, job in slate.coming():
                entry_of = self._session.dailies.jobs.get(job)
                runs = first and shooting is not None and job == shooting.id
                runs = runs and shooting is not None and shooting.state == "running"
                first = False
                told = f"{words.share(entry_of):.0%}" if runs and entry_of else "waiting"
                share = _of_take(entry_of) if runs and entry_of else None
                tiles.append(Tile(number, None, job, False, told, share))
        shot = self._session.desk.shot
        self.sheet.shape(shot.width / shot.height if shot and shot.height else 16 / 9)
        self.sheet.draw(sorted(tiles, key=lambda each: each.number), self.chosen)
        self.sheet.setVisible(bool(tiles))
        if slate is not None and slate.takes and slate.open and self._played != slate.id:
            self._played = slate.id
            self._clock.play()

    def _draw_offers(self) -> None:
        """On the first run: three things to do with the clip."""
        desk = self._session.desk
        wanted = [] if self.slates or not desk.selection else desk.tasks[:_FIRST]
        names = [each.name for each in wanted]
        self._offers.setVisible(bool(wanted))
        if names == self._offered:
            return
        self._offered = names
        while self._offer_column.count():
            gone = self._offer_column.takeAt(0).widget()
            if gone is not None:
                gone.hide()
                gone.deleteLater()
        for card in wanted:
            self._offer_column.addWidget(self._offer(card.name, card.title, card.help))

    def _offer(self, name: str, title: str, help: str) -> Offer:
        made = Offer(title, help)
        made.clicked.connect(lambda: self._session.choose(name))
        return made

    def _draw_take(self) -> None:
        take, session = self.take, self._session
        there = bool(self.slate and self.slate.takes)
        self.bar.setVisible(there)
        for each in self.buttons.values():
            each.setEnabled(take is not None)
        self.buttons["circle"].setChecked(take is not None and take.rating == "circled")
        self.buttons["reject"].setChecked(take is not None and take.rating == "rejected")
        placed = take is not None and take.id in session.placed
        self.buttons["place"].setText("Take out" if placed else "Place")
        able = "take_out" if placed else "place"
        fits = take is None or "adapter" not in take.take.extra  # which stands nowhere
        self.buttons["place"].setEnabled(take is not None and fits and able in session.about.can)
        if take is None:
            self.told.tell("Choose a take: 1–9, or click it")
            self._stack.setCurrentIndex(0)
            return
        told = [f"Take {take.take.number}", take.rating, f"seed {take.take.seed}"]
        told += ["placed" if placed else "", f"“{take.note}”" if take.note else ""]
        self.told.tell(" · ".join(filter(None, told)), take.note)

    # what the artist does

    def choose(self, id: str) -> None:
        """Look at a take; "" at the plate."""
        if id == self.chosen:
            return
        self.chosen = id
        self._stack.setCurrentIndex(0)
        self._draw_sheet()
        self._draw_take()
        self.chose.emit(id)

    def choose_number(self, number: int) -> bool:
        """Look at the take of that number; again: at the plate. Whether there is one."""
        slate = self.slate
        for entry in slate.takes if slate else []:
            if entry.take.number == number:
                self.choose("" if entry.id == self.chosen else entry.id)
                return True
        return False

    def turn(self, by: int) -> None:
        """Another slate."""
        slate = self.slate
        if slate is not None:
            at = min(len(self.slates) - 1, max(0, self.slates.index(slate) + by))
            self._slate = self.slates[at].id
            self._let_go()
            self.draw()

    def _let_go(self) -> None:
        if self.chosen:
            self.chosen = ""
            self.chose.emit("")

    def rate(self, rating: Rating) -> None:
        """Circle or reject the chosen take; once more: neither."""
        take = self.take
        if take is not None:
            self._session.rate(take.id, "" if take.rating == rating else rating)
            self._draw_take()

    def place(self) -> None:
        """Put the chosen take into the document, or take it out again."""
        take, session = self.take, self._session
        if take is not None and take.id in session.placed:
            session.take_out(take.id)
        elif take is not None and "place" in session.about.can:
            session.place(take.id)

    def again(self) -> None:
        """Once more with another seed."""
        if self.take is not None:
            self._session.again(self.take.id)

    def branch(self) -> None:
        """Its values and its seed are the form's now."""
        if self.take is not None:
            self._session.branch(self.take.id)

    def write_note(self) -> None:
        """Write a note to the chosen take."""
        if self.take is not None:
            self.note.setText(self.take.note)
            self._stack.setCurrentIndex(1)
            self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.note.selectAll()

    def _leave_note(self) -> None:
        self._stack.setCurrentIndex(0)

    def _noted(self) -> None:
        if self.take is not None:
            self._session.annotate(self.take.id, self.note.text().strip())
        self._stack.setCurrentIndex(0)
        self.sheet.setFocus(Qt.FocusReason.OtherFocusReason)


def _of_take(entry: Entry) -> float:
    """How much of the take under way is done, of what is done of all."""
    if not entry.total or not entry.job.takes:
        return 0.0
    whole = entry.done / entry.total * entry.job.takes
    return min(1.0, max(0.0, whole - entry.takes))
