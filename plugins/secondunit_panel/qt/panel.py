"""The panel: a session, drawn. One column of four zones, two where there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QGuiApplication, QImage, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import Problem
from secondunit_panel.client import ServiceGone
from secondunit_panel.dailies import Ask
from secondunit_panel.errands import Errands
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.fields import Fields
from secondunit_panel.qt.frames import counted, unsure
from secondunit_panel.qt.header import EngineLine, Header, Standing, Steps
from secondunit_panel.qt.look import BETWEEN, INSIDE, SCROLL_BAR, ZONES, Look, dress, of_host
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.models import Models
from secondunit_panel.qt.notices import NoticeBar
from secondunit_panel.qt.pictures import Pictures
from secondunit_panel.qt.shoot import Shoot
from secondunit_panel.qt.slider import Slider
from secondunit_panel.qt.takes import Takes
from secondunit_panel.qt.tasks import Tasks
from secondunit_panel.qt.viewer import Viewer
from secondunit_panel.session import Session, What
from secondunit_panel.words import Notice

NARROWEST, FOLDS, TWO = 320, 420, 900
"""Pixels: the panel's least width; below the second the viewer folds, from the third on there are
two columns.
"""

_TYPED = (QLineEdit, QPlainTextEdit, QComboBox, QAbstractButton, Slider)


class Side(QScrollArea):
    """The zones that scroll; the arrow keys judge takes and move nothing."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """They go on to the panel."""
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        else:
            event.ignore()


class Panel(QWidget):
    """A session as something to see and to touch. The session lives on when the panel is gone.

    `look` None is that of the application around it, where it is a dark one.
    """

    def __init__(
        self, session: Session, look: Look | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumSize(NARROWEST, 320)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.look = look or of_host(application)
        dress(self, self.look)
        self.clock = Clock(self)
        self.pictures = Pictures(self._pictured, parent=self)
        self._main = MainThread()
        self._reader = Errands("secondunit-preview", self._main.call)
        self._preview, self._seen_asks, self._put_away = "", set[Ask](), set[Ask]()
        self._plate: object = None
        self._stale: set[What] = set()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw_stale)
        self._make()
        self._arrange()
        self._connect()
        self._unobserve = session.observe(self._told)
        ends = (self._unobserve, self.pictures.close, self._reader.close)
        self.destroyed.connect(
            lambda: [end() for end in ends]
        )  # hosts close no widget, they drop it
        self.draw()

    def _make(self) -> None:
        session, look = self.session, self.look
        self.header = Header(session)
        self.steps = Steps(session.about)
        self.viewer = Viewer(self.pictures, self.clock, look)
        rows = self.viewer.tools.layout()
        rows.setContentsMargins(INSIDE, 0, INSIDE, 0)  # their words stand over the tasks'
        for name in ("undo", "redo"):  # the header has them, for all there is
            self.viewer.tools[name].hide()
        self.standing, self.tasks = Standing(session), Tasks(session)
        self.fields, self.shoot = Fields(session, look, self.pictures), Shoot(session)
        self.takes = Takes(session, self.clock, self.pictures, look)
        self.models = Models(session, look)
        self.notices, self.engine = NoticeBar(look), EngineLine(session)

    def _arrange(self) -> None:
        column = QWidget()
        column.setObjectName("column")
        zones = QVBoxLayout(column)
        self._zones = zones
        zones.setSpacing(BETWEEN + INSIDE)
        for each in (self.standing, self.tasks, self.fields, self.shoot):
            zones.addWidget(each)
        zones.addSpacing(INSIDE)
        zones.addWidget(self.takes)
        zones.addStretch(1)
        self.side = Side()
        self.side.setWidgetResizable(True)
        self.side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side.setWidget(column)
        bar = self.side.verticalScrollBar()
        bar.rangeChanged.connect(lambda _, most: self._beside_bar(bool(most)))
        self._beside_bar(False)
        beside = QWidget()
        below = QVBoxLayout(beside)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.side, 1)
        below.addWidget(self.takes.bar)
        self._right = beside
        body = QWidget()
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom, body)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._body.addWidget(self.viewer)
        self._body.addWidget(beside, 1)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(body)
        self._pages.addWidget(self.models)
        self._whole = whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.header)
        whole.addWidget(self.steps)
        whole.addWidget(pages, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(0, INSIDE, 0, INSIDE)
        foot.setSpacing(INSIDE)
        foot.addWidget(self.notices)
        foot.addWidget(self.engine)
        self._rule = rule()
        whole.addWidget(self._rule)
        whole.addLayout(foot)

    def _beside_bar(self, bar: bool) -> None:
        """The zones stay as wide as they are, with a scroll bar and without."""
        right = ZONES - INSIDE - (SCROLL_BAR if bar else 0)
        self._zones.setContentsMargins(ZONES - INSIDE, BETWEEN, right, BETWEEN)

    def above(self, widget: QWidget) -> None:
        """Put something over the header: the list of a cut's clips, where the panel is alone."""
        row = QVBoxLayout()
        row.setContentsMargins(ZONES - INSIDE, BETWEEN, ZONES - INSIDE, 0)
        row.addWidget(widget)
        self._whole.insertLayout(0, row)

    def _connect(self) -> None:
        session = self.session
        self.viewer.drawn.connect(session.draw)
        self.viewer.undo_wanted.connect(session.undo)
        self.viewer.redo_wanted.connect(session.redo)
        self.takes.chose.connect(lambda id: self.viewer.choose(id or None))
        self.shoot.models.connect(lambda: self.show_models(True))
        self.models.left.connect(lambda: self.show_models(False))
        self.standing.asked.connect(self._again)
        self.engine.asked.connect(session.link.again)
        self.notices.remedied.connect(self.remedy)
        self.notices.copied.connect(lambda told: self._copy(told))
        self.notices.closed.connect(self._close)
        self.notices.led.connect(self._lead)
        self.pictures.failed.connect(self._unseen)
        self.viewer.installEventFilter(self)

    # what has changed

    def _told(self, what: What, about: str) -> None:
        """The session tells; it is drawn once, when it has told all."""
        self._stale.add(what)
        self._later.start(0)

    def draw(self) -> None:
        """Draw all of it."""
        self._stale = {"link", "selection", "tasks", "form", "marks", "jobs", "takes", "notices",
                       "placed", "models"}  # fmt: skip
        self._draw_stale()

    def _draw_stale(self) -> None:
        stale, self._stale = self._stale, set()
        if stale & {"selection", "link"}:
            self._draw_selection()
        if stale & {"selection", "form", "marks"}:
            self.header.draw()
        if stale & {"tasks", "form", "selection", "link"}:
            self._draw_tasks()
        if stale & {"form", "marks", "tasks", "selection", "link"}:
            self.fields.draw()
        if stale & {"models", "form", "tasks"}:
            self.models.draw()
        if stale & {"form", "tasks", "link", "jobs", "selection"}:
            self.shoot.draw()
        if stale & {"marks", "form", "selection", "tasks"}:
            desk = self.session.desk
            self._show_plate()
            self.viewer.set_marks(desk.marks, desk.form.marks, desk.beyond)
        if stale & {"jobs", "takes", "placed", "selection", "tasks", "link"}:
            self.takes.draw()
            slate = self.takes.slate
            self.viewer.show_takes(slate.takes if slate else [])
            self._draw_preview()
        if stale & {"notices", "jobs", "selection", "models"}:
            self._draw_notices()

    def _draw_selection(self) -> None:
        if self.session.link.here:
            self.pictures.retry()
        self._show_plate()
        self.engine.draw()
        self._rule.setVisible(self.notices.isVisibleTo(self) or self.engine.isVisibleTo(self))

    def _show_plate(self) -> None:
        """The clip that is worked on; of a gap the one before it, where paths are drawn from it."""
        desk = self.session.desk
        plate = desk.shot or desk.beside
        if plate != self._plate or plate is None:
            self._plate = plate
            self.viewer.show_plate(plate, apart=desk.shot is None)
            self.viewer.set_count(counted(desk.shot, self.session.about))

    def _draw_tasks(self) -> None:
        desk = self.session.desk
        there = desk.task is not None
        self.standing.draw()
        self.standing.setVisible(not there and bool(self.standing.title.text()))
        for each in (self.tasks, self.fields, self.shoot):
            each.setVisible(there)
        self.tasks.draw()

    def _draw_notices(self) -> None:
        slates = {entry.id for slate in self.takes.slates for entry in slate.jobs}
        asked = [a for a in self.session.dailies.asked.values() if a.job in slates]
        asked = [each for each in asked if each not in self._put_away]
        for each in asked:
            if each not in self._seen_asks:
                self._seen_asks.add(each)
                self._lead(each)
        self.viewer.set_unsure(list(unsure(asked)))
        shown = self.session.notices.shown
        if self._pages.currentIndex():  # where every fetch is told in its own row
            shown = [each for each in shown if not self.session.fetching.tells(each)]
        self.notices.draw(shown, asked)
        self._rule.setVisible(self.notices.isVisibleTo(self) or self.engine.isVisibleTo(self))

    # previews

    def _draw_preview(self) -> None:
        slate = self.takes.slate
        entry = slate.open if slate else None
        path = self.session.dailies.previews.get(entry.id, "") if entry else ""
        self._preview = path
        if not path:
            self.takes.sheet.show_preview(None)
            self.viewer.show_preview(None)
            return

        def developed(image: QImage) -> None:
            if self._preview == path and not image.isNull():
                self.takes.sheet.show_preview(image)

        def read(jpeg: bytes) -> None:
            if self._preview == path:
                self.pictures.develop(jpeg, developed)
                self.viewer.show_preview(jpeg)

        self._reader.send(lambda: Path(path).read_bytes(), read)

    # pictures

    def _pictured(self, clip: Clip, frames: FrameRange, side: int, layer: str) -> Iterator[bytes]:
        """Asked beside the main thread."""
        client = self.session.link.client
        if client is None:
            raise ServiceGone("The picture comes with the engine")
        return client.pictures(clip, frames, side, "alpha" if layer == "alpha" else "colour")

    def _unseen(self, problem: Problem) -> None:
        if problem.code.startswith(("media", "path")):  # the viewer tells the others in its place
            self.session.notices.complain(problem, repeat=self.pictures.retry)

    # what buttons do

    def remedy(self, notice: Notice) -> None:
        """Do what a notice's button says."""
        if self.session.remedy(notice) or notice.action is None:
            return
        act, about = notice.action.act, notice.action.about
        if act == "field":
            self.aim(about)
        elif act == "mark":
            self.viewer.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.session.notices.dismiss(notice)
            self._draw_notices()
        elif act == "models":
            self.show_models(True)
        else:
            self._copy(notice)

    def aim(self, key: str) -> None:
        """Lead the keys to a field, unfolding the form where it is hidden."""
        if not self.fields.aim(key):
            self.session.show_everything(True)
            self._draw_stale()
            self.fields.aim(key)
        control = self.fields.controls.get(key)
        if control is not None:
            self.side.ensureWidgetVisible(control)

    def show_models(self, on: bool) -> None:
        """Show the models, or the panel again."""
        self._pages.setCurrentIndex(int(on))
        (self.models.open if on else self.models.shut)()
        self._draw_notices()
        (self.models.search if on else self).setFocus(Qt.FocusReason.OtherFocusReason)

    def _copy(self, notice: Notice) -> None:
        QGuiApplication.clipboard().setText(notice.report)

    def _close(self, what: Notice | Ask) -> None:
        if isinstance(what, Ask):
            self._put_away.add(what)
        else:
            self.session.notices.dismiss(what)
        self._draw_notices()

    def _lead(self, ask: Ask) -> None:
        """Go to the frame on which a click would help."""
        if ask.frame is not None:
            self.takes.choose("")
            self.clock.pause()
            self.viewer.go_to(ask.frame)

    def _again(self) -> None:
        if self.session.desk.cards:
            self.session.look()
        else:
            self.session.link.again()

    # the window

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One column or two; the viewer whole or folded."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        wide, direction = self.width() >= TWO, QBoxLayout.Direction
        self._body.setDirection(direction.LeftToRight if wide else direction.TopToBottom)
        self._body.setStretch(0, 1 if wide else 0)
        self._body.setStretch(1, 0 if wide else 1)
        self.viewer.fold(self.width() < FOLDS)
        if wide:
            across = max(372, min(460, self.width() * 36 // 100))
            self._right.setFixedWidth(across)
            self.viewer.setMaximumHeight(16_777_215)
            self.viewer.setMinimumHeight(0)
        else:
            self._right.setMinimumWidth(0)
            self._right.setMaximumWidth(16_777_215)
            self.viewer.setFixedHeight(self._viewer_height())

    def shut(self) -> None:
        """Be done: nothing more is drawn. The session goes on, and is closed by whoever made it."""
        self._unobserve()
        self._later.stop()
        self.clock.pause()
        self.pictures.close()
        self._reader.close()

    def _viewer_height(self) -> int:
        """As high as the picture and its buttons are, and no more than about half the panel."""
        canvas, rows = self.viewer.canvas, self.viewer.layout()
        around = 0
        for item in (rows.itemAt(place) for place in range(rows.count())):
            if item.widget() is not canvas and not item.isEmpty():
                high = item.heightForWidth(self.width())
                around += rows.spacing() + (high if high > 0 else item.sizeHint().height())
        if canvas.maximumHeight() < 100:  # folded to a strip
            return max(around, canvas.maximumHeight()) + INSIDE
        high = self.width() * 9 // 16 + around
        return max(around + 90, min(high, self.height() * 48 // 100))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The viewer folds, unfolds or gets other buttons: it is as high as it needs then."""
        if event.type() == QEvent.Type.LayoutRequest and self.width() < TWO:
            high = self._viewer_height()
            if high != self.viewer.height():
                self.viewer.setFixedHeight(high)
        return super().eventFilter(watched, event)

    # keys

    def event(self, event: QEvent) -> bool:
        """The keys the panel knows are not the host's while it has them."""
        asks = event.type() == QEvent.Type.ShortcutOverride
        if asks and isinstance(event, QKeyEvent) and self._knows(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no control wanted."""
        if not (self._knows(event) and self._do(event)):
            super().keyPressEvent(event)

    def _knows(self, event: QKeyEvent) -> bool:
        if self._pages.currentIndex():  # takes are out of sight
            return event.key() == Qt.Key.Key_Escape
        if event.matches(QKeySequence.StandardKey.Undo) or event.matches(
            QKeySequence.StandardKey.Redo
        ):
            return True
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        typed = isinstance(self.window().focusWidget(), _TYPED)
        return event.key() == Qt.Key.Key_Escape or (not typed and event.text() in _BARE) or (
            not typed and event.key() in _NAMED
        )  # fmt: skip

    def _do(self, event: QKeyEvent) -> bool:
        takes, key = self.takes, event.key()
        if event.matches(QKeySequence.StandardKey.Undo):
            self.session.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.session.redo()
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.shoot.shoot()
        elif key == Qt.Key.Key_Escape:
            self._back()
        elif event.text().isdigit():
            return takes.choose_number(int(event.text()))
        else:
            acts: dict[Any, Callable[[], object]] = {
                Qt.Key.Key_Space: self.clock.toggle, Qt.Key.Key_Return: takes.place,
                Qt.Key.Key_Enter: takes.place, Qt.Key.Key_Up: lambda: takes.rate("circled"),
                Qt.Key.Key_Down: lambda: takes.rate("rejected"), Qt.Key.Key_N: takes.write_note,
                Qt.Key.Key_G: takes.again, Qt.Key.Key_F: takes.branch,
                Qt.Key.Key_BracketLeft: lambda: takes.turn(-1),
                Qt.Key.Key_BracketRight: lambda: takes.turn(1),
            }  # fmt: skip
            if key not in acts:
                return False
            acts[key]()
        return True

    def _back(self) -> None:
        """Escape: from the models to the panel, from a take to the plate, from a field to takes."""
        if self._pages.currentIndex():
            self.show_models(False)
        elif isinstance(self.window().focusWidget(), _TYPED):
            self.takes.sheet.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.takes.choose("")


_BARE = frozenset("123456789 nNgGfF[]")
_NAMED = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down)


def rule() -> QFrame:
    """A line between zones."""
    line = QFrame()
    line.setProperty("role", "line")
    line.setFixedHeight(1)
    return line
