"""The buttons under the picture: how it is looked at, and what the pen draws on it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from qtpy.QtCore import QPointF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPolygonF
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from secondunit_panel.qt.flow import flowing
from secondunit_panel.qt.look import BETWEEN, HIT, INSIDE, Look

_LOOKING = (
    ("plate", "Plate", "The plate instead of the take · B"),
    ("wipe", "Wipe", "The plate on the left, the take on the right · W"),
    ("difference", "Difference", "What differs; once more: eight times brighter · D"),
    ("alpha", "Alpha", "The matte, then the picture on grey, on black, on a checker · A"),
)
_ENLARGING = (
    ("closer", "Closer", "Enlarge · + and −, or the wheel"),
    ("fit", "Fit", "See all of it · 0"),
)
_DRAWING = (
    ("points", "Points", "Click on what is meant; the other button: on what is not"),
    ("strokes", "Stroke", "Draw over what is meant"),
    ("box", "Box", "Draw a box around it"),
    ("paths", "Path", "Put it where it shall be on this frame, then on another"),
)
_SIGN = (("sign", "+ Add", "What the next mark says, or the chosen one · X"),)
_MENDING = (
    ("undo", "Undo", "Ctrl+Z"),
    ("redo", "Redo", "Ctrl+Shift+Z"),
    ("delete", "Remove", "Remove the chosen mark · Delete"),
)
_SIGNS = ("− Leave out", "+ Add")
_HELD = ("plate", "wipe", "difference", "alpha", "points", "strokes", "box", "paths", "sign")


class Word(QPushButton):
    """A word that can be pressed. The keys that are the viewer's own pass through to it."""

    def __init__(self, name: str, text: str, tip: str) -> None:
        super().__init__(text)
        self.name = name
        self.setProperty("role", "tool")
        self.setProperty("kept", "true" if name == "sign" else "")
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setAutoDefault(False)
        self.setCheckable(name in _HELD)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumSize(HIT, HIT)

    def keep_width(self, widest: str) -> None:
        """As wide as its longest word, so that nothing jumps under the pen."""
        text = self.text()
        self.setText(widest)
        self.setMinimumWidth(max(HIT, self.sizeHint().width()))
        self.setText(text)

    def keyPressEvent(self, event: Any) -> None:
        pressed(self, event)


class Tools(QWidget):
    """The buttons. `asked` tells the name of the one that was pressed."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, Word] = {}
        rows = [self._row(each) for each in (_LOOKING, _ENLARGING, _DRAWING, _SIGN, _MENDING)]
        self._drawing = rows[2:]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(flowing(*rows, gap=BETWEEN, line_gap=INSIDE))
        self.set_kinds(())

    def _row(self, named: tuple[tuple[str, str, str], ...]) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for name, text, tip in named:
            button = self._buttons[name] = Word(name, text, tip)
            button.clicked.connect(lambda _=False, name=name: self.asked.emit(name))
            layout.addWidget(button)
        return row

    def __getitem__(self, name: str) -> Word:
        return self._buttons[name]

    def showEvent(self, event: Any) -> None:
        self["sign"].keep_width(max(_SIGNS, key=len))  # now that it wears the panel's type

    def set_kinds(self, kinds: Collection[str]) -> None:
        """The kinds of mark that can be drawn."""
        for name, _, _ in _DRAWING:
            self[name].setVisible(name in kinds)
        for row in self._drawing:
            row.setVisible(bool(kinds))

    def set_tool(self, tool: str, add: bool) -> None:
        """What the pen draws."""
        for name, _, _ in _DRAWING:
            self[name].setChecked(name == tool)
        self["sign"].setText(_SIGNS[add])
        self["sign"].setAccessibleName(_SIGNS[add][2:])
        self["sign"].setChecked(not add)

    def set_looking(self, held: Collection[str], seen: bool, comparable: bool) -> None:
        """Which ways to look are on, whether there is a picture, and one to compare it with."""
        for name, _, _ in (*_LOOKING, *_ENLARGING):
            self[name].setChecked(name in held)
            alone = name in ("alpha", "closer", "fit")
            self[name].setEnabled(seen if alone else comparable)


class Transport(QPushButton):
    """A button of the transport: "play", "back" or "on", by its sign."""

    def __init__(self, sign: str, name: str, tip: str, look: Look) -> None:
        super().__init__()
        self.sign, self._look = sign, look
        self.setProperty("role", "tool")
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(HIT, HIT)

    def sizeHint(self) -> QSize:
        return QSize(HIT, HIT)

    def show_sign(self, sign: str, name: str) -> None:
        """Another sign."""
        self.sign = sign
        self.setAccessibleName(name)
        self.update()

    def keyPressEvent(self, event: Any) -> None:
        pressed(self, event)

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self.width() / 2, self.height() / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._look.text if self.isEnabled() else self._look.edge))
        if self.sign == "pause":
            painter.drawRect(-5, -6, 4, 12)
            painter.drawRect(2, -6, 4, 12)
        elif self.sign == "play":
            painter.drawPolygon(_shape((-4, -7), (7, 0), (-4, 7)))
        else:
            side = 1 if self.sign == "on" else -1
            painter.drawPolygon(_shape((-3 * side, -5), (4 * side, 0), (-3 * side, 5)))
            painter.drawRect(-5 if side > 0 else 4, -5, 1, 10)
        painter.end()


def _shape(*corners: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in corners])


def pressed(button: QPushButton, event: Any) -> None:
    """Space and Return press a button; all other keys are for whoever holds it."""
    bare = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if bare and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
        button.click()
        event.accept()
    else:
        event.ignore()


def sheet(look: Look) -> str:
    """The style of the buttons."""
    text = _SHEET
    for key, value in {**vars(look), "high": HIT - 3}.items():
        text = text.replace(f"<{key}>", str(value))
    return text


_SHEET = """
QPushButton[role="tool"] { background: transparent; border: 1px solid transparent;
    border-bottom: 2px solid transparent; border-radius: 3px; color: <quiet>; padding: 0 6px;
    min-height: <high>px; min-width: 16px; }
QPushButton[role="tool"][kept="true"] { text-align: left; }
QPushButton[role="tool"]:hover { color: <text>; background: <raised>; }
QPushButton[role="tool"]:checked { color: <text>; border-bottom: 2px solid <text>;
    border-bottom-left-radius: 0; border-bottom-right-radius: 0; }
QPushButton[role="tool"]:disabled { color: <edge>; }
QPushButton[role="tool"]:focus { border: 1px solid <text>; border-bottom: 2px solid <text>; }
"""
