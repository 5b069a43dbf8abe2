"""The contact sheet: takes side by side, moving as one; each has its place before it is there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from secondunit_contract.clip import Clip
from secondunit_contract.job import Take
from secondunit_contract.queue import TakeEntry
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.compare import cell
from secondunit_panel.qt.look import BETWEEN, INSIDE, SMALL, Look, type_of
from secondunit_panel.qt.pictures import Pictures, key_of

WELL = "#161617"
"""What a picture lies in before it is there."""

_LINE = 24  # pixels of the words below a picture
_NARROW, _WIDE = 150, 4  # pixels of a tile that another column needs; columns at most
_SIDES = 64  # pixels; pictures are asked for in steps of so many


@dataclass(frozen=True)
class Tile:
    """A take on the sheet, or the place of one to come: what it does, how much of it is done."""

    number: int
    take: TakeEntry | None = None
    job: str = ""
    placed: bool = False
    told: str = ""
    share: float | None = None

    @property
    def id(self) -> str:
        """The take's; empty where there is none yet."""
        return self.take.id if self.take else ""


def clip_of(take: Take) -> Clip:
    """A take's frames by the numbers they have in it, whatever its file counts them by."""
    return Clip(take.media, take.range, take.rate, media_start=take.range.first)


class Sheet(QWidget):
    """Tiles in rows. A click chooses one, another lets it go; `chose` tells which, "" for none."""

    chose = Signal(str)
    called = Signal(str, object)

    def __init__(self, clock: Clock, pictures: Pictures, look: Look) -> None:
        super().__init__()
        self._clock, self._pictures, self._look = clock, pictures, look
        self.tiles: list[Tile] = []
        self.chosen = ""
        self.preview: QImage | None = None
        self.previews = 0
        self._aspect = 16 / 9
        self._last: dict[str, QImage] = {}
        self._over = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        clock.ticked.connect(self._ticked)
        pictures.arrived.connect(self._arrived)

    def shape(self, aspect: float) -> None:
        """The plate's shape, width over height: every picture has so much room, before it is there
        and after.
        """
        held = min(3.0, max(1.0, aspect))
        if held != self._aspect:
            self._aspect = held
            self.setFixedHeight(self.height_at(self.width()))

    def draw(self, tiles: list[Tile], chosen: str) -> None:
        """Show these."""
        if (tiles, chosen) == (self.tiles, self.chosen):
            return
        count = len(self.tiles)
        self.tiles, self.chosen = tiles, chosen
        kept = {each.id for each in tiles}
        self._last = {id: image for id, image in self._last.items() if id in kept}
        if len(tiles) != count:
            self.setFixedHeight(self.height_at(self.width()))
        self.update()

    def show_preview(self, image: QImage | None) -> None:
        """Pictures of the take that is being shot, one beside the other."""
        if image is not self.preview:
            self.previews += image is not None
            self.preview = image
            self.update()

    # where things are

    @property
    def columns(self) -> int:
        """How many stand side by side: two or four of four, never three and one."""
        return columns_at(self.width(), len(self.tiles))

    def _tile_size(self, width: int) -> tuple[float, float]:
        columns = columns_at(width, len(self.tiles))
        across = (width - BETWEEN * (columns - 1)) / columns
        return across, across / self._aspect

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The wider, the higher its pictures."""
        super().resizeEvent(event)
        self.setFixedHeight(self.height_at(self.width()))

    def height_at(self, width: int) -> int:
        """All rows, in a width."""
        if not self.tiles:
            return 0
        _, high = self._tile_size(width)
        rows = math.ceil(len(self.tiles) / columns_at(width, len(self.tiles)))
        return math.ceil(rows * (high + _LINE) + (rows - 1) * INSIDE)

    def picture_rect(self, index: int) -> QRectF:
        """Where a tile's picture lies."""
        across, high = self._tile_size(self.width())
        row, column = divmod(index, self.columns)
        return QRectF(column * (across + BETWEEN), row * (high + _LINE + INSIDE), across, high)

    def _at(self, x: float, y: float) -> int:
        for index in range(len(self.tiles)):
            if self.picture_rect(index).adjusted(0, 0, 0, _LINE).contains(QPointF(x, y)):
                return index
        return -1

    # the pen and the keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose, or let go."""
        index = self._at(event.pos().x(), event.pos().y())
        if index >= 0 and self.tiles[index].id:
            id = self.tiles[index].id
            self.chose.emit("" if id == self.chosen else id)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """What is under the pen is lit."""
        index = self._at(event.pos().x(), event.pos().y())
        if index != self._over:
            self._over = index
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is."""
        self._over = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right go from take to take; the panel has the other keys."""
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(event.key())
        there = [each.id for each in self.tiles if each.id]
        if by is None or not there:
            super().keyPressEvent(event)
            return
        at = there.index(self.chosen) + by if self.chosen in there else 0
        self.chose.emit(there[min(len(there) - 1, max(0, at))])

    def event(self, event: QEvent) -> bool:
        """Where the pen rests on a take, its note and its file are told."""
        if event.type() == QEvent.Type.ToolTip:
            place = event.pos()
            index = self._at(place.x(), place.y())
            take = self.tiles[index].take if index >= 0 else None
            told = "\n".join(filter(None, (take.note, take.take.media))) if take else ""
            QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().event(event)

    def _ticked(self, _: int) -> None:
        if self.isVisible() and any(each.id for each in self.tiles):
            self.update()

    def _arrived(self, key: str, _: int) -> None:
        clips = (key_of(clip_of(t.take.take)) for t in self.tiles if t.take)
        if self.isVisible() and key in clips:
            self.update()

    # the picture

    def image(self, entry: TakeEntry) -> QImage | None:
        """The picture of a take at the play head; the one before, until it is there."""
        take = entry.take
        frame = min(take.range.last, max(take.range.first, self._clock.frame))
        ratio = self.devicePixelRatioF()
        across = self._tile_size(self.width())[0] * ratio
        side = min(640, max(_SIDES, math.ceil(across / _SIDES) * _SIDES))
        found = self._pictures.image(clip_of(take), frame, side)
        if found is not None:
            self._last[entry.id] = found
        return found or self._last.get(entry.id)

    def paintEvent(self, event: QPaintEvent) -> None:
        """All tiles."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for index, tile in enumerate(self.tiles):
            rect = self.picture_rect(index)
            self._paint_picture(painter, tile, rect)
            self._paint_edge(painter, tile, rect, index)
            self._paint_words(
                painter, tile, QRectF(rect.left(), rect.bottom(), rect.width(), _LINE)
            )
        painter.end()

    def _paint_picture(self, painter: QPainter, tile: Tile, rect: QRectF) -> None:
        painter.fillRect(rect, QColor(WELL))
        image = self.image(tile.take) if tile.take else None
        if tile.take is None and tile.share is not None and self.preview is not None:
            share = (self._clock.index + 0.5) / max(1, self._clock.length)
            image = cell(self.preview, self._aspect, share)
        if image is not None:
            painter.drawImage(fitted(rect, image), image)
        if tile.take is not None and tile.take.rating == "rejected":
            painter.fillRect(rect, QColor(31, 31, 33, 170))
        if tile.take is None:
            if tile.share is not None:
                done = QRectF(rect.left(), rect.bottom() - 2, rect.width() * tile.share, 2)
                painter.fillRect(done, QColor(self._look.accent))
            elif image is None:
                painter.setPen(QColor(self._look.quiet))
                painter.setFont(type_of(self._look, SMALL))
                painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), tile.told)

    def _paint_edge(self, painter: QPainter, tile: Tile, rect: QRectF, index: int) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        chosen = bool(tile.id) and tile.id == self.chosen
        if chosen:
            painter.setPen(QPen(QColor(self._look.text), 2))
            painter.drawRect(rect.adjusted(1, 1, -1, -1))
            if self.hasFocus():
                painter.setPen(QPen(QColor(self._look.ground), 1))
                painter.drawRect(rect.adjusted(2.5, 2.5, -2.5, -2.5))
        elif index == self._over and tile.id:
            painter.setPen(QPen(QColor(self._look.quiet), 1))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        elif tile.take is None:
            painter.setPen(QPen(QColor(self._look.line), 1))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_words(self, painter: QPainter, tile: Tile, rect: QRectF) -> None:
        look, middle = self._look, rect.center().y()
        rating = tile.take.rating if tile.take else ""
        centre = QPointF(rect.left() + 8, middle)
        painter.setFont(type_of(look, SMALL, strong=True))
        painter.setPen(QColor(look.text if tile.id else look.quiet))
        box = QRectF(centre.x() - 12, middle - 8, 24, 16)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), str(tile.number))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if rating == "circled":
            painter.setPen(QPen(QColor(look.accent), 1.6))
            painter.drawEllipse(centre, 7.5, 7.5)
        elif rating == "rejected":
            painter.setPen(QPen(QColor(look.reject), 1.6))
            painter.drawLine(
                QPointF(centre.x() - 6, middle + 6), QPointF(centre.x() + 6, middle - 6)
            )
        left = rect.adjusted(22, 0, 0, 0)
        painter.setFont(type_of(look, SMALL))
        words, colour = _words(tile, look)
        painter.setPen(QColor(colour))
        side = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(left, side | int(Qt.AlignmentFlag.AlignLeft), words)
        used = painter.fontMetrics().horizontalAdvance(words) if words else 0
        seed = f"seed {tile.take.take.seed}" if tile.take else ""
        if seed and left.width() - used - BETWEEN > painter.fontMetrics().horizontalAdvance(seed):
            painter.setPen(QColor(look.quiet))
            painter.drawText(left, side | int(Qt.AlignmentFlag.AlignRight), seed)


def columns_at(width: int, tiles: int) -> int:
    """How many tiles stand side by side in a width."""
    fit = min(_WIDE, max(2, width // _NARROW))
    return 2 if fit == 3 and tiles == 4 else fit


def fitted(rect: QRectF, image: QImage) -> QRectF:
    """Where an image lies in a place, whole and in its own shape."""
    wide, high = max(1, image.width()), max(1, image.height())
    scale = min(rect.width() / wide, rect.height() / high)
    if abs(rect.width() / rect.height() - wide / high) < 0.02:
        return rect
    size = (wide * scale, high * scale)
    return QRectF(
        rect.center().x() - size[0] / 2, rect.center().y() - size[1] / 2, size[0], size[1]
    )


def _words(tile: Tile, look: Look) -> tuple[str, str]:
    if tile.take is None:
        return (tile.told if tile.share is not None else ""), look.quiet
    told = [{"circled": "circled", "rejected": "rejected"}.get(tile.take.rating, "")]
    told.append("placed" if tile.placed else "")
    told.append("note" if tile.take.note else "")
    colour = look.reject if tile.take.rating == "rejected" else look.text
    return " · ".join(filter(None, told)), colour
