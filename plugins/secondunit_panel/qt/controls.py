"""Controls: one kind of field, one kind of control; what it shows and what it says."""

from __future__ import annotations

import math
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from secondunit_panel.form import Choice, Field
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, Look, button
from secondunit_panel.qt.slider import Slider

_SHORT = 26  # letters of all choices together that still stand side by side
_FINEST = 200  # steps of a range that a slider can show


class Control(QWidget):
    """A field of a form as something to see and to touch. `said` tells what was said of it."""

    said = Signal(object)

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__()
        self.field, self.look = field, look
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(INSIDE)

    def put(self, value: Any, fault: str = "") -> None:
        """Show a value, and why it cannot be meant. Tells nobody."""
        raise NotImplementedError

    def aim(self) -> None:
        """Lead the keys here."""
        proxy = self.focusProxy()
        (proxy or self).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def lead(self, first: QWidget) -> None:
        """Which part of it the keys come to."""
        self.setFocusProxy(first)

    def hint(self, widget: QWidget) -> None:
        """What hovering tells."""
        widget.setToolTip(self.field.hint)


class Line(QLineEdit):
    """A line of text; the arrow keys step where it holds a number."""

    stepped = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down step, with Shift by ten; the rest is text."""
        up_down = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(event.key())
        if up_down is None:
            super().keyPressEvent(event)
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        self.stepped.emit(up_down * (10 if shift else 1))


class Text(Control):
    """A line of words, or of anything that is written."""

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__(field, look)
        self.line = Line()
        self.line.setPlaceholderText(_EMPTY.get(field.key, "auto") if field.maybe else "")
        self.line.textEdited.connect(lambda text: self.said.emit(text))
        self.hint(self.line)
        self.lead(self.line)
        self.row.addWidget(self.line, 1)
        if field.unit:
            self.row.addWidget(unit(field.unit))

    def put(self, value: Any, fault: str = "") -> None:
        """What is being written stays as it is written."""
        if self.field.read(self.line.text()) != value:
            self.line.setText(self.field.written(value))
        blame(self.line, fault, self.field.hint)


class LongText(Control):
    """Several lines of words."""

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__(field, look)
        self.page = QPlainTextEdit()
        self.page.setTabChangesFocus(True)
        self.page.setFixedHeight(HIT * 2 + BETWEEN * 2)
        self.page.textChanged.connect(lambda: self.said.emit(self.page.toPlainText()))
        self.hint(self.page)
        self.lead(self.page)
        self.row.addWidget(self.page, 1)

    def put(self, value: Any, fault: str = "") -> None:
        """What is being written stays as it is written."""
        if self.field.read(self.page.toPlainText()) != value:
            before = self.page.blockSignals(True)
            self.page.setPlainText(self.field.written(value))
            self.page.blockSignals(before)
        blame(self.page, fault, self.field.hint)


class Number(Control):
    """A number with its unit: a slider where its range is one that is felt, else steps."""

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__(field, look)
        self._step = step_of(field)
        self.line = Line()
        self.line.textEdited.connect(lambda text: self.said.emit(text))
        self.line.stepped.connect(self._by)
        self.hint(self.line)
        self.slider: Slider | None = None
        self.less: QAbstractButton | None = None
        self.more: QAbstractButton | None = None
        if slides(field):
            self._with_slider()
        else:
            self._with_steps()
        if field.unit:
            self.row.addWidget(unit(field.unit))
        if self.slider is None:
            self.row.addStretch(1)

    def _with_slider(self) -> None:
        least, most = self.field.least or 0, self.field.most or 0
        self.slider = Slider(least, most, self._step, self.look)
        self.slider.moved.connect(self._slid)
        self.hint(self.slider)
        self.line.setFixedWidth(56)
        self.line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.lead(self.slider)
        self.row.addWidget(self.slider, 1)
        self.row.addWidget(self.line)

    def _with_steps(self) -> None:
        self.row.setSpacing(0)
        self.line.setFixedWidth(64)
        self.line.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.line.setProperty("place", "middle")
        self.lead(self.line)
        less, more = button("−", "step", "Less"), button("+", "step", "More")
        for each, by in ((less, -1), (more, 1)):
            each.setAutoRepeat(True)
            each.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            each.clicked.connect(lambda _=False, by=by: self._by(by))
        self.row.addWidget(less)
        self.row.addWidget(self.line)
        self.row.addWidget(more)
        self.row.addSpacing(INSIDE * 2)
        self.less, self.more = less, more

    def put(self, value: Any, fault: str = "") -> None:
        """What is being written stays as it is written."""
        if self.field.read(self.line.text()) != value:
            self.line.setText(self.field.written(value))
        number = _number(value)
        if number is not None and self.slider is not None:
            self.slider.put(number, _number(self.field.default) or 0)
        if number is not None and self.less is not None and self.more is not None:
            self.less.setEnabled(self.field.least is None or number > self.field.least)
            self.more.setEnabled(self.field.most is None or number < self.field.most)
        blame(self.line, fault, self.field.hint)

    def _by(self, steps: int) -> None:
        here = _number(self.field.read(self.line.text()))
        start = here if here is not None else _number(self.field.default) or 0
        value = round(start + steps * self._step, 6)
        if self.field.least is not None:
            value = max(self.field.least, value)
        if self.field.most is not None:
            value = min(self.field.most, value)
        self._slid(value)

    def _slid(self, value: float) -> None:
        self.line.setText(self.field.written(self.field.read(float(value))))
        self.said.emit(float(value))


class Switch(QAbstractButton):
    """On or off, said in a word."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        """As high as can be hit."""
        return QSize(72, HIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A track with its knob left or right, the word beside it."""
        painter, look = QPainter(self), self._look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on, top = self.isChecked(), (self.height() - 16) / 2
        painter.setPen(QPen(QColor(look.text if self.hasFocus() else look.edge), 1))
        painter.setBrush(QColor(look.edge if on else look.raised))
        painter.drawRoundedRect(QRectF(0.5, top + 0.5, 29, 15), 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.text if on else look.pale))
        painter.drawEllipse(QRectF(17 if on else 3, top + 3, 10, 10))
        painter.setPen(QColor(look.text if on else look.quiet))
        painter.drawText(
            QRectF(38, 0, self.width() - 38, self.height()),
            int(Qt.AlignmentFlag.AlignVCenter), "on" if on else "off",
        )  # fmt: skip
        painter.end()


class YesNo(Control):
    """On or off."""

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__(field, look)
        self.switch = Switch(look)
        self.switch.clicked.connect(lambda on: self.said.emit(bool(on)))
        self.hint(self.switch)
        self.lead(self.switch)
        self.row.addWidget(self.switch)
        self.row.addStretch(1)

    def put(self, value: Any, fault: str = "") -> None:
        """Show it."""
        self.switch.setChecked(value is True)


class Combo(QComboBox):
    """A list that falls open; turning the wheel over it chooses nothing."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The panel scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """With an arrow, as the style sheet knows none without a file."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._look.pale), 1.4))
        x, y = self.width() - 15, self.height() / 2 - 1.5
        painter.drawPolyline(QPolygonF([QPointF(x - 4, y), QPointF(x, y + 4), QPointF(x + 4, y)]))
        painter.end()


class Chosen(Control):
    """One of several: side by side where they are few and short, else in a list."""

    def __init__(self, field: Field, look: Look) -> None:
        super().__init__(field, look)
        self.choices = [Choice(None, "auto")] if field.maybe else []
        self.choices += [c for c in field.choices if c.value is not None]
        letters = sum(len(each.word) for each in self.choices)
        self.combo: Combo | None = None
        self.group = QButtonGroup(self)
        if len(self.choices) <= 4 and letters <= _SHORT:
            self._side_by_side()
        else:
            self._in_a_list()

    def _side_by_side(self) -> None:
        self.row.setSpacing(0)
        last = len(self.choices) - 1
        for number, each in enumerate(self.choices):
            made = button(each.word, "choice", self.field.hint)
            made.setCheckable(True)
            made.setProperty("place", {0: "first", last: "last"}.get(number, "middle"))
            self.group.addButton(made, number)
            self.row.addWidget(made)
            made.clicked.connect(lambda _=False, each=each: self.said.emit(each.value))
        self.row.addStretch(1)
        self.lead(self.group.buttons()[0])

    def _in_a_list(self) -> None:
        self.combo = Combo(self.look)
        for each in self.choices:
            self.combo.addItem(each.word)
        self.combo.setMinimumWidth(64)
        self.combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.combo.activated.connect(lambda at: self.said.emit(self.choices[int(at)].value))
        self.hint(self.combo)
        self.lead(self.combo)
        self.row.addWidget(self.combo, 1)

    def put(self, value: Any, fault: str = "") -> None:
        """Show it; one that is none of them shows none."""
        at = next((n for n, each in enumerate(self.choices) if each.value == value), -1)
        if self.combo is not None:
            self.combo.setCurrentIndex(at)
            return
        self.group.setExclusive(False)
        for number, each in enumerate(self.group.buttons()):
            each.setChecked(number == at)
        self.group.setExclusive(True)


_EMPTY = {"seed": "another each time"}


def control_for(field: Field, look: Look) -> Control:
    """The control of a field. A kind nobody knows is a line of text."""
    if field.kind == "text" and field.long:
        return LongText(field, look)
    if field.kind in ("whole", "number") and not field.maybe:
        return Number(field, look)
    if field.kind == "yes_no":
        return YesNo(field, look)
    if field.kind == "choice" and field.choices:
        return Chosen(field, look)
    return Text(field, look)


def slides(field: Field) -> bool:
    """Whether a slider shows a field's range: it has both ends, and they are not far apart."""
    if field.least is None or field.most is None or field.most <= field.least:
        return False
    return (field.most - field.least) / step_of(field) <= _FINEST and field.key != "takes"


def step_of(field: Field) -> float:
    """One step of a number: as the schema says, else about a hundredth of its range."""
    if field.step:
        return field.step
    if field.least is None or field.most is None or field.most <= field.least:
        return 0.1
    hundredth = (field.most - field.least) / 100
    whole = 10.0 ** math.floor(math.log10(hundredth))
    return next(whole * part for part in (1, 2, 5, 10) if hundredth <= whole * part * 1.0001)


def unit(words: str) -> QLabel:
    """A unit behind its number."""
    label = QLabel(words)
    label.setProperty("role", "small")
    return label


def blame(widget: QWidget, fault: str, hint: str) -> None:
    """Show that a value cannot be meant; hovering tells why."""
    faulty = "true" if fault else "false"
    if widget.property("faulty") != faulty:
        widget.setProperty("faulty", faulty)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
    widget.setToolTip(f"{fault}\n{hint}" if fault else hint)


def _number(value: Any) -> float | None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if fits and math.isfinite(value) else None
