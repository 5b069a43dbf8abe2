"""How the panel looks: the greys of a grading room, one accent, and type on a grid of 4 pixels."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont, QKeyEvent, QPalette
from qtpy.QtWidgets import QApplication, QPushButton, QWidget

GROUND = "#1f1f21"
RAISED = "#2a2a2d"
LINE = "#3a3a3e"
TEXT = "#d8d8da"
QUIET = "#8e8e93"
ACCENT = "#e8a33d"
REJECT = "#e5645a"

INSIDE, BETWEEN, ZONES = 4, 8, 16
"""Pixels inside a control, between controls, between zones."""

SCROLL_BAR = 8
"""Pixels across."""

HIT = 28
"""Pixels, at least, of whatever can be hit."""

BODY, SMALL = 13, 11
"""Pixels of type: what is read, and what stands beside it."""

READABLE = 4.5
"""Contrast, at least, of text on its ground (WCAG 2.2, 1.4.3)."""


@dataclass(frozen=True)
class Look:
    """The colours and the typeface of one panel: ours, or those of the application around it.

    `edge` is what ends a control, `pale` quiet text that can be read on `raised` too, `dim` what
    cannot be used now.
    """

    ground: str = GROUND
    raised: str = RAISED
    line: str = LINE
    text: str = TEXT
    quiet: str = QUIET
    accent: str = ACCENT
    reject: str = REJECT
    pale: str = "#a2a2a7"
    edge: str = "#4a4a4f"
    dim: str = "#5e5e63"
    family: str = ""


OURS = Look()


def of_host(application: QApplication) -> Look:
    """The look of the application around the panel, where it is a dark one; else ours."""
    palette, family = application.palette(), application.font().family()
    ground = palette.color(QPalette.ColorRole.Window)
    raised = palette.color(QPalette.ColorRole.Button)
    text = palette.color(QPalette.ColorRole.WindowText)
    grey = ground.saturation() < 64 and 12 <= ground.value() <= 96
    if not grey or contrast(text.name(), ground.name()) < READABLE:
        return OURS
    if abs(raised.value() - ground.value()) < 6 or raised.value() > 110:
        raised = _lighter(ground, 11)
    look = replace(
        OURS, ground=ground.name(), raised=raised.name(), text=text.name(), family=family,
        line=_lighter(raised, 16).name(), edge=_lighter(raised, 32).name(),
        dim=_lighter(raised, 52).name(),
    )  # fmt: skip
    quiet = _readable(OURS.quiet, look.ground, look.text)
    pale = _readable(OURS.pale, look.raised, look.text)
    reject = _readable(OURS.reject, look.ground, look.text)
    return replace(look, quiet=quiet, pale=pale, reject=reject)


def contrast(one: str, other: str) -> float:
    """How well one colour is told from another, 1 to 21. WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    told = QColor(colour)
    parts = [told.redF(), told.greenF(), told.blueF()]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _lighter(colour: QColor, by: int) -> QColor:
    return QColor(*(min(255, c + by) for c in (colour.red(), colour.green(), colour.blue())))


def _readable(colour: str, ground: str, text: str) -> str:
    """A colour, brought towards that of the text until it can be read."""
    for step in range(11):
        a, b, part = QColor(colour), QColor(text), step / 10
        pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
        mixed = QColor(*(round(x + part * (y - x)) for x, y in pairs)).name()
        if contrast(mixed, ground) >= READABLE:
            return mixed
    return text


def type_of(look: Look, pixels: int = BODY, strong: bool = False) -> QFont:
    """The panel's type, with figures that stand one under the other."""
    font = QFont(look.family) if look.family else QFont(QApplication.font())
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    if sys.platform == "darwin" and hasattr(QFont, "Tag"):  # its own face has them on demand alone
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def dress(widget: QWidget, look: Look) -> None:
    """Give a panel its look; the windows around it keep theirs."""
    palette = widget.palette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, look.ground), (role.Base, look.raised), (role.Button, look.raised),
        (role.WindowText, look.text), (role.Text, look.text), (role.ButtonText, look.text),
        (role.Highlight, look.edge), (role.HighlightedText, look.text),
        (role.ToolTipBase, look.raised), (role.ToolTipText, look.text),
        (role.PlaceholderText, look.pale),
    ):  # fmt: skip
        palette.setColor(which, QColor(colour))
    widget.setPalette(palette)
    widget.setFont(type_of(look))
    widget.setStyleSheet(sheet(look))


class Button(QPushButton):
    """A button that Return presses, as the space bar does."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and the rest go on to the panel."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.click()
        else:
            super().keyPressEvent(event)


def button(text: str, role: str = "plain", tip: str = "", parent: QWidget | None = None) -> Button:
    """A button of the panel: "primary", "plain", or "word", which is a word alone.

    The pen presses it and leaves the keys where they are.
    """
    made = Button(text, parent)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.setProperty("role", role)
    made.setToolTip(tip)
    made.setAutoDefault(False)
    return made


def sheet(look: Look) -> str:
    """The panel's style sheet."""
    named = {**vars(look), "hit": HIT - 2, "body": BODY, "small": SMALL}
    named["family"] = f'font-family: "{look.family}";' if look.family else ""
    text = _SHEET
    for key, value in named.items():
        text = text.replace(f"<{key}>", str(value))
    return text


_SHEET = """
* { font-size: <body>px; <family> color: <text>; }
#panel, #panel QScrollArea, #column, QFrame[role="page"] { background: <ground>; border: none; }
QLabel { background: transparent; }
QLabel[role="name"] { font-weight: 600; }
QLabel[role="quiet"], QLabel[role="label"] { color: <quiet>; }
QLabel[role="small"], QLabel[role="heading"] { color: <quiet>; font-size: <small>px; }
QLabel[role="fault"] { color: <reject>; }
QLabel:disabled { color: <line>; }
QFrame[role="line"] { background: <line>; border: none; }

QPushButton { background: <raised>; border: 1px solid <edge>; border-radius: 3px;
    padding: 0 10px; min-height: <hit>px; }
QPushButton:hover { background: <line>; }
QPushButton:pressed { background: <edge>; }
QPushButton:checked { background: <edge>; border-color: <pale>; }
QPushButton:disabled { color: <dim>; background: <ground>; border-color: <line>; }
QPushButton:focus { border: 1px solid <text>; }

QPushButton[role="primary"] { background: <accent>; border: 2px solid <accent>; color: <ground>;
    font-weight: 600; padding: 0 20px; min-height: 28px; min-width: 56px; }
QPushButton[role="primary"]:hover { background: #f0b355; border-color: #f0b355; }
QPushButton[role="primary"]:pressed { background: #cf8f31; border-color: #cf8f31; }
QPushButton[role="primary"]:disabled { background: <raised>; border-color: <line>;
    color: <pale>; }
QPushButton[role="primary"]:focus { border-color: <text>; }

QPushButton[role="word"] { background: transparent; border: 1px solid transparent;
    color: <quiet>; padding: 0 6px; min-width: 14px; }
QPushButton[role="word"]:hover { color: <text>; background: <raised>; }
QPushButton[role="word"]:checked { color: <text>; background: transparent; }
QPushButton[role="word"]:disabled { color: <dim>; background: transparent; }
QPushButton[role="word"]:focus { border-color: <text>; }

QPushButton[role="task"] { background: transparent; border: 1px solid transparent;
    border-bottom: 2px solid transparent; border-radius: 0; color: <quiet>; padding: 0 1px;
    min-height: 27px; }
QPushButton[role="task"]:hover { color: <text>; }
QPushButton[role="task"]:checked { color: <text>; border-bottom: 2px solid <text>;
    background: transparent; }
QPushButton[role="task"]:focus { border: 1px solid <text>; border-bottom: 2px solid <text>;
    border-radius: 3px; }

QPushButton[role="head"] { background: transparent; border: 1px solid transparent;
    min-height: 42px; padding: 0; }
QPushButton[role="head"]:hover { background: <raised>; }
QPushButton[role="head"]:focus { border-color: <text>; }

QFrame[role="offer"] { border: 1px solid transparent; border-radius: 3px; }
QFrame[role="offer"]:hover { background: <raised>; }
QFrame[role="offer"]:focus { border-color: <text>; }

QPushButton[role="step"] { background: <raised>; border: 1px solid <edge>; padding: 0;
    min-width: 26px; max-width: 26px; color: <pale>; }
QPushButton[role="step"]:hover { background: <line>; color: <text>; }
QPushButton[role="step"]:disabled { color: <edge>; background: <raised>; }
QPushButton[role="step"]:focus { border-color: <text>; }

QPushButton[role="choice"] { border-radius: 0; border-right-width: 0; color: <pale>;
    padding: 0 10px; }
QPushButton[role="choice"][place="first"] { border-top-left-radius: 3px;
    border-bottom-left-radius: 3px; }
QPushButton[role="choice"][place="last"] { border-right-width: 1px;
    border-top-right-radius: 3px; border-bottom-right-radius: 3px; }
QPushButton[role="choice"]:checked { background: <edge>; color: <text>; border-color: <pale>;
    border-width: 1px; }
QPushButton[role="choice"]:focus { border: 1px solid <text>; }

QLineEdit, QPlainTextEdit { background: <raised>; border: 1px solid <line>; border-radius: 3px;
    padding: 0 7px; selection-background-color: <edge>; selection-color: <text>; }
QLineEdit { min-height: <hit>px; }
QPlainTextEdit { padding: 3px 4px; }
QLineEdit:hover, QPlainTextEdit:hover { border-color: <edge>; }
QLineEdit[place="middle"] { border-radius: 0; border-color: <edge>; border-left: none;
    border-right: none; padding: 0 2px; }
QLineEdit:focus, QPlainTextEdit:focus { border: 1px solid <text>; }
QLineEdit[faulty="true"], QPlainTextEdit[faulty="true"] { border: 1px solid <reject>; }

QComboBox { background: <raised>; border: 1px solid <edge>; border-radius: 3px;
    padding: 0 8px; min-height: <hit>px; }
QComboBox:hover { background: <line>; }
QComboBox:focus { border: 1px solid <text>; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: none; width: 0; }
QComboBox QAbstractItemView { background: <raised>; border: 1px solid <edge>; outline: none;
    selection-background-color: <edge>; selection-color: <text>; }
QComboBox QAbstractItemView::item { min-height: <hit>px; padding: 0 8px; }

QMenu { background: <raised>; border: 1px solid <edge>; padding: 4px 0; }
QMenu::item { background: transparent; padding: 6px 16px; color: <text>; }
QMenu::item:selected { background: <edge>; }
QMenu::separator { height: 1px; background: <line>; margin: 4px 0; }

QScrollArea { border: none; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar::handle:vertical { background: <line>; border-radius: 3px; min-height: 32px;
    margin: 0 1px; }
QScrollBar::handle:vertical:hover { background: <edge>; }
QScrollBar::add-line:vertical, QScrollBar::sub-line:vertical { height: 0; }
QScrollBar::add-page:vertical, QScrollBar::sub-page:vertical { background: transparent; }
QToolTip { background: <raised>; color: <text>; border: 1px solid <edge>; padding: 4px;
    font-size: <small>px; }
"""
