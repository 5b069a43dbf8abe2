"""A slider: a line, a knob, and from where it started how far it was moved."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from secondunit_panel.qt.look import HIT, Look

_KNOB = 6.0  # pixels from its middle to its edge


class Slider(QWidget):
    """A number between two ends, by mouse, pen or the arrow keys. `moved` tells it."""

    moved = Signal(float)

    def __init__(self, least: float, most: float, step: float, look: Look) -> None:
        super().__init__()
        self._least, self._most, self._step, self._look = least, most, step, look
        self._value = self._origin = least
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(64)

    @property
    def value(self) -> float:
        """Where the knob is."""
        return self._value

    def put(self, value: float, origin: float) -> None:
        """Show a value, and the one it has by itself. Tells nobody."""
        self._value, self._origin = self._held(value), self._held(origin)
        self.update()

    def sizeHint(self) -> QSize:
        """As high as can be hit."""
        return QSize(120, HIT)

    # the pen

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The knob comes to the pen."""
        self._move(self._at(event.pos().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """It follows."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(self._at(event.pos().x()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Twice: as it is by itself."""
        self._move(self._origin)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move it by a step, with Shift by ten; Home and End to its ends."""
        keys, many = Qt.Key, 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        by = {keys.Key_Left: -1, keys.Key_Down: -1, keys.Key_Right: 1, keys.Key_Up: 1,
              keys.Key_PageDown: -10, keys.Key_PageUp: 10}.get(event.key())  # fmt: skip
        ends = {keys.Key_Home: self._least, keys.Key_End: self._most}
        if by is not None:
            self._move(self._value + by * many * self._step)
        elif event.key() in ends:
            self._move(ends[event.key()])
        else:
            super().keyPressEvent(event)

    def _move(self, value: float) -> None:
        held = self._held(value)
        if held != self._value:
            self._value = held
            self.update()
            self.moved.emit(held)

    def _held(self, value: float) -> float:
        """The nearest step inside the ends."""
        steps = round((value - self._least) / self._step)
        return round(min(self._most, max(self._least, self._least + steps * self._step)), 6)

    # the picture

    @property
    def _room(self) -> tuple[float, float]:
        return _KNOB + 2, self.width() - _KNOB - 2

    def _at(self, x: int) -> float:
        left, right = self._room
        share = min(1.0, max(0.0, (x - left) / max(1.0, right - left)))
        return self._least + share * (self._most - self._least)

    def _place(self, value: float) -> float:
        left, right = self._room
        return left + (value - self._least) / (self._most - self._least or 1) * (right - left)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, the part that was moved, the knob, and a ring where the keys go."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, right = self._room
        middle, at, origin = self.height() / 2, self._place(self._value), self._place(self._origin)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.edge))
        painter.drawRoundedRect(QRectF(left, middle - 1.5, right - left, 3), 1.5, 1.5)
        painter.setBrush(QColor(self._look.pale))
        painter.drawRect(QRectF(min(at, origin), middle - 1.5, abs(at - origin), 3))
        painter.setBrush(QColor(self._look.text if self.isEnabled() else self._look.quiet))
        painter.drawEllipse(QRectF(at - _KNOB, middle - _KNOB, 2 * _KNOB, 2 * _KNOB))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._look.text), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.end()
