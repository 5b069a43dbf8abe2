"""The clips beside what is selected: a tile for each, with a frame of it, to fill and to empty."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtCore import QPoint, QRectF, QSize, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from qtpy.QtWidgets import QAbstractButton, QFileDialog, QMenu, QSizePolicy, QVBoxLayout, QWidget

from secondunit_panel.qt.flow import Flow
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, SMALL, Look, type_of
from secondunit_panel.qt.pictures import Pictures, key_of
from secondunit_panel.qt.sheet import WELL
from secondunit_panel.session import Session
from secondunit_panel.slots import Slot

_ACROSS, _HIGH, _LINE = 88, 50, 18  # pixels of a tile's picture, and of the words below it
_SIDE = 192  # pixels of the picture that is asked for


class Tile(QAbstractButton):
    """One slot: a low one while it is empty; else a picture, and below it what it is for.

    Pressing it offers what can be done; files can be dropped on it; Delete empties it.
    """

    dropped = Signal(list)
    emptied = Signal()

    def __init__(self, slot: Slot, pictures: Pictures, look: Look) -> None:
        super().__init__()
        self.slot, self._pictures, self._look = slot, pictures, look
        self._over = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAcceptDrops(True)
        self.draw(slot)
        pictures.arrived.connect(self._arrived)

    def sizeHint(self) -> QSize:
        """As high as can be hit; with a picture, as that is."""
        if self.slot.name:
            return QSize(_ACROSS, _HIGH + _LINE)
        metrics = QFontMetrics(type_of(self._look, SMALL))
        return QSize(min(_ACROSS, metrics.horizontalAdvance(self._wish) + BETWEEN * 3), HIT)

    @property
    def _wish(self) -> str:
        return f"+ {self.slot.title}"

    def draw(self, slot: Slot) -> None:
        """Show what is in it now."""
        self.slot = slot
        self.setFixedSize(self.sizeHint())
        told = slot.name or ("needed" if slot.needed else "empty")
        self.setAccessibleName(f"{slot.title}: {told}")
        where = "Marked in the application" if slot.marked and not slot.given else ""
        hint = "Click, or drop a file here" if not slot.name else "Delete takes it away"
        hint = "" if where else hint
        parts = (f"{slot.title}: {told}", slot.media, where, hint, slot.key)
        self.setToolTip("\n".join(filter(None, parts)))
        self.update()

    def image(self) -> QImage | None:
        """The frame to show, where it is there."""
        clip = self.slot.picture
        if clip is None or clip.range is None:
            return None
        return self._pictures.image(clip, clip.range.first, _SIDE)

    def _arrived(self, key: str, _: int) -> None:
        if self.slot.picture is not None and key == key_of(self.slot.picture):
            self.update()

    # the pen and the keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return presses it too; Delete empties it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.emptied.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The other button offers the same."""
        self.click()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if files_of(event):
            event.acceptProposedAction()
            self._light(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They went elsewhere."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """They are given."""
        self._light(False)
        files = files_of(event)
        if files:
            event.acceptProposedAction()
            self.dropped.emit(files)

    def _light(self, on: bool) -> None:
        self._over = on
        self.update()

    # the picture

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame, cut to the tile; below it what it is for. Empty: what could be in it."""
        painter, look = QPainter(self), self._look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(type_of(look, SMALL))
        if not self.slot.name:
            rect = QRectF(0.5, 0.5, self.width() - 1, HIT - 1)
            self._paint_edge(painter, rect)
            painter.setPen(QColor(look.text if self.slot.needed else look.quiet))
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), self._wish)
            return
        rect = QRectF(0.5, 0.5, _ACROSS - 1, _HIGH - 1)
        painter.fillRect(rect, QColor(WELL))
        image = self.image()
        if image is not None:
            painter.drawImage(rect, image, cut(image, rect.width() / rect.height()))
        self._paint_edge(painter, rect)
        painter.setPen(QColor(look.text))
        told = f"{self.slot.title} · {self.slot.name}"
        below = QRectF(0, _HIGH, _ACROSS, _LINE)
        text = painter.fontMetrics().elidedText(told, Qt.TextElideMode.ElideRight, _ACROSS)
        painter.drawText(
            below, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text
        )

    def _paint_edge(self, painter: QPainter, rect: QRectF) -> None:
        look = self._look
        lit = self._over or self.hasFocus() or self.underMouse()
        pen = QPen(QColor(look.text if self._over or self.hasFocus() else look.edge), 1)
        if not self.slot.name:
            pen.setStyle(Qt.PenStyle.DashLine)
            pen.setColor(QColor(look.text if lit else look.pale if self.slot.needed else look.edge))
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 3, 3)


class Slots(QWidget):
    """All slots of the task, side by side; the session fills and empties them."""

    def __init__(self, session: Session, pictures: Pictures, look: Look) -> None:
        super().__init__()
        self._session, self._pictures, self._look = session, pictures, look
        self.tiles: dict[str, Tile] = {}
        self.menu: QMenu | None = None
        self.dialog: QFileDialog | None = None
        box, self._flow = QWidget(), Flow(BETWEEN, INSIDE)
        box.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        for each in (box, self):
            each.setSizePolicy(policy)
        self._box = box
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(box)

    def draw(self) -> None:
        """Show what the session has now; a tile that stays keeps the keys."""
        listed = self._session.desk.slots
        wanted = {each.key for each in listed}
        for key in [each for each in self.tiles if each not in wanted]:
            gone = self.tiles.pop(key)
            self._flow.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for slot in listed:
            if slot.key not in self.tiles:
                self.tiles[slot.key] = self._tile(slot)
            self.tiles[slot.key].draw(slot)
        order = [each.key for each in listed]
        if list(self.tiles) != order:
            self.tiles = {key: self.tiles[key] for key in order}
        for tile in self.tiles.values():  # in the task's own order, whenever they came
            self._flow.removeWidget(tile)
            self._flow.addWidget(tile)
            tile.show()
        self._flow.invalidate()
        self.updateGeometry()

    def aim(self, key: str) -> bool:
        """Lead the keys to a slot; False where there is none of that key."""
        if key in self.tiles:
            self.tiles[key].setFocus(Qt.FocusReason.ShortcutFocusReason)
        return key in self.tiles

    def _tile(self, slot: Slot) -> Tile:
        made = Tile(slot, self._pictures, self._look)
        made.setParent(self._box)
        giving = self._session.giving
        made.clicked.connect(lambda: self._offer(made))
        made.dropped.connect(lambda files: giving.files(made.slot.key, files))
        made.emptied.connect(lambda: self._empty(made.slot))
        return made

    def _empty(self, slot: Slot) -> None:
        """What the host has marked stays: it is taken away there."""
        if slot.given is not None:
            self._session.giving.take_away(slot.key)

    # what can be given

    def _offer(self, tile: Tile) -> None:
        """A list of what can be done with a slot. It blocks nothing."""
        key, session = tile.slot.key, self._session
        menu = self.menu = QMenu(self)
        _entry(menu, "File …", lambda: self._pick(tile.slot, folder=False))
        _entry(menu, "Folder …", lambda: self._pick(tile.slot, folder=True))
        _entry(menu, f"What is selected in {session.about.name} now",
               lambda: session.giving.selected(key))  # fmt: skip
        takes = session.giving.takes()
        if takes:
            menu.addSeparator()
        for id, name in takes:
            _entry(menu, name, partial(session.giving.take, key, id))
        if tile.slot.given is not None:
            menu.addSeparator()
            _entry(menu, "Take it away", lambda: session.giving.take_away(key))
        menu.popup(tile.mapToGlobal(QPoint(0, tile.height())))

    def _pick(self, slot: Slot, folder: bool) -> None:
        """Files are picked in a window beside the panel, which goes on."""
        dialog = self.dialog = QFileDialog(self, f"{slot.title}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowModality(Qt.WindowModality.NonModal)
        mode = QFileDialog.FileMode
        several = mode.ExistingFiles if slot.more else mode.ExistingFile
        dialog.setFileMode(mode.Directory if folder else several)
        dialog.filesSelected.connect(
            lambda files: self._session.giving.files(slot.key, list(files))
        )
        dialog.show()


def _entry(menu: QMenu, text: str, act: Callable[[], None]) -> None:
    menu.addAction(text.replace("&", "&&")).triggered.connect(lambda *_: act())


def files_of(event: QDropEvent) -> list[str]:
    """The files on this machine that are dragged."""
    urls = event.mimeData().urls()
    return [each.toLocalFile() for each in urls if each.isLocalFile()]


def cut(image: QImage, aspect: float) -> QRectF:
    """The middle of a picture, of that shape."""
    wide, high = float(image.width()), float(image.height())
    across, up = min(wide, high * aspect), min(high, wide / aspect)
    return QRectF((wide - across) / 2, (high - up) / 2, across, up)
