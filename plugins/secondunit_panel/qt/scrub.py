"""The scrub bar: the frames, the play head, and what is to be known of some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from secondunit_contract.frames import FrameRange
from secondunit_panel.qt import events
from secondunit_panel.qt.look import HIT, OURS, SMALL, Look, type_of

_ENDS = 6.0  # points left free at either end, for the play head
_HEIGHT = 32
_DOUBT = 0.5  # a confidence below is drawn as uncertain


class Scrub(QWidget):
    """Frames from left to right, a frame as wide as the others. `went` tells the one that is meant.

    Below the line: uncertain frames, hatched, the higher the less sure they are; above it the
    region that is worked on, as a bracket; on it a diamond for each frame with marks. Frames that
    are not the plate's own are a thinner line.
    """

    went = Signal(int)

    def __init__(self, look: Look = OURS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.frames = FrameRange(0, 0)
        self.plate: FrameRange | None = None
        self.region: FrameRange | None = None
        self.marked: list[int] = []
        self.doubts: dict[int, float] = {}
        self.count: Callable[[int], str] = str
        self._frame = 0
        self._hover: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(96, HIT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Frames")

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    # what it shows

    def span(self, frames: FrameRange, plate: FrameRange | None) -> None:
        """Other frames; `plate` are those the plate has."""
        self.frames, self.plate = frames, plate
        self.update()

    def stand(self, frame: int) -> None:
        """The play head is on a frame."""
        self._frame = frame
        self.setAccessibleDescription(f"Frame {self.count(frame)}")
        self.update()

    def set_marked(self, frames: list[int]) -> None:
        """Frames that have marks."""
        if frames != self.marked:
            self.marked = frames
            self.update()

    def set_unsure(self, spans: Sequence[tuple[int, int]]) -> None:
        """Frames that are uncertain, from first to last."""
        self.doubts = {f: 1.0 for first, last in spans for f in range(first, last + 1)}
        self.update()

    def set_sureness(self, sure: Mapping[int, float]) -> None:
        """How sure frames are, 0 to 1."""
        told = {f: min(1.0, max(0.0, 1 - each)) for f, each in sure.items()}
        self.doubts = {f: doubt for f, doubt in told.items() if doubt > 0}
        self.update()

    def set_region(self, region: FrameRange | None) -> None:
        """The frames that are worked on."""
        self.region = region
        self.update()

    # the pen

    def frame_at(self, x: float) -> int:
        """The frame at a point from the left."""
        share = (x - _ENDS) / max(1.0, self.width() - 2 * _ENDS)
        index = int(min(0.999999, max(0.0, share)) * len(self.frames))
        return self.frames.first + index

    def x_of(self, frame: float) -> float:
        """Where a frame begins; that of the frame after it is where it ends."""
        share = (frame - self.frames.first) / len(self.frames)
        return _ENDS + share * (self.width() - 2 * _ENDS)

    def mousePressEvent(self, event: Any) -> None:
        self.went.emit(self.frame_at(events.place(event).x()))

    def mouseMoveEvent(self, event: Any) -> None:
        frame = self.frame_at(events.place(event).x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.went.emit(frame)
        if frame != self._hover:
            self._hover = frame
            self.update()

    def leaveEvent(self, event: Any) -> None:
        self._hover = None
        self.update()

    def focusInEvent(self, event: Any) -> None:
        self.update()

    def focusOutEvent(self, event: Any) -> None:
        self.update()

    # painting

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(type_of(self.look, SMALL))
        line = self.height() / 2
        if len(self.frames) > 1:
            self._paint_frames(painter, line)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.look.text), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.end()

    def _paint_frames(self, painter: QPainter, line: float) -> None:
        self._paint_line(painter, line)
        self._paint_doubts(painter, line + 3)
        self._paint_region(painter, line - 4)
        self._paint_marked(painter, line)
        self._paint_head(painter, line)

    def _paint_line(self, painter: QPainter, line: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        left, right = self.x_of(self.frames.first), self.x_of(self.frames.last + 1)
        painter.setBrush(QColor(self.look.edge))
        painter.drawRect(QRectF(left, line - 0.5, right - left, 1))
        own = self.plate.clipped_to(self.frames) if self.plate else None
        if own is not None:
            left, right = self.x_of(own.first), self.x_of(own.last + 1)
            painter.drawRoundedRect(QRectF(left, line - 1.5, right - left, 3), 1.5, 1.5)
        painter.setPen(QPen(QColor(self.look.edge), 1.0))
        width = (self.width() - 2 * _ENDS) / len(self.frames)
        if width >= 5:
            for frame in self.frames:
                x = round(self.x_of(frame)) + 0.5
                painter.drawLine(QPointF(x, line + 4), QPointF(x, line + 6))

    def _paint_doubts(self, painter: QPainter, top: float) -> None:
        ink, room = QColor(self.look.accent), self.height() - top - 2
        for frame, doubt in self.doubts.items():
            if frame in self.frames and doubt > 0.02:
                left, right = self.x_of(frame), self.x_of(frame + 1)
                high = max(2.0, room * doubt)
                cell = QRectF(left, top, right - left + 0.3, high)
                painter.setPen(Qt.PenStyle.NoPen)
                ground = QColor(ink)
                ground.setAlpha(70)
                painter.setBrush(ground)
                painter.drawRect(cell)
                if doubt > _DOUBT:
                    painter.setBrush(QBrush(ink, Qt.BrushStyle.BDiagPattern))
                    painter.drawRect(cell)

    def _paint_region(self, painter: QPainter, bottom: float) -> None:
        own = self.region.clipped_to(self.frames) if self.region else None
        if own is None:
            return
        left, right = self.x_of(own.first) + 0.5, self.x_of(own.last + 1) - 0.5
        painter.setPen(QPen(QColor(self.look.text), 1.5))
        painter.drawPolyline(
            QPolygonF([QPointF(left, bottom), QPointF(left, bottom - 5),
                       QPointF(right, bottom - 5), QPointF(right, bottom)])
        )  # fmt: skip

    def _paint_marked(self, painter: QPainter, line: float) -> None:
        painter.setPen(QPen(QColor(self.look.ground), 1.0))
        painter.setBrush(QColor(self.look.accent))
        for frame in self.marked:
            if frame in self.frames:
                x = self.x_of(frame + 0.5)
                corners = ((0, -4.5), (4.5, 0), (0, 4.5), (-4.5, 0))
                painter.drawPolygon(QPolygonF([QPointF(x + dx, line + dy) for dx, dy in corners]))

    def _paint_head(self, painter: QPainter, line: float) -> None:
        if self._hover is not None and self._hover != self._frame:
            x = self.x_of(self._hover + 0.5)
            painter.setPen(QPen(QColor(self.look.quiet), 1.0))
            painter.drawLine(QPointF(x, line - 6), QPointF(x, line + 6))
            self._paint_count(painter, self._hover, x)
        x = self.x_of(self._frame + 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.look.text))
        painter.drawRoundedRect(QRectF(x - 1, 3, 2, self.height() - 6), 1, 1)
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 2), QPointF(x + 5, 2), QPointF(x, 8)]))

    def _paint_count(self, painter: QPainter, frame: int, x: float) -> None:
        """The number of the frame under the pen, where there is room."""
        text = self.count(frame)
        width = painter.fontMetrics().boundingRect(text).width() + 2
        left = min(self.width() - width - 2.0, max(2.0, x + 6))
        painter.setPen(QColor(self.look.quiet))
        painter.drawText(QPointF(left, 11.0), text)
