"""Labels that cut what does not fit, and tell it whole where the pen rests."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import QLabel, QSizePolicy


class Words(QLabel):
    """A line of words that may be narrower than it is long."""

    def __init__(self, text: str = "", role: str = "", middle: bool = False) -> None:
        super().__init__(text)
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        if role:
            self.setProperty("role", role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._own_tip = ""

    def tell(self, text: str, tip: str = "") -> None:
        """Other words; `tip` is what hovering tells beside them."""
        self._own_tip = tip
        if text != self.text():
            self.setText(text)
        self.setToolTip(tip or (text if self._cut() else ""))

    def _cut(self) -> bool:
        return self.fontMetrics().horizontalAdvance(self.text()) > max(1, self.width())

    def minimumSizeHint(self) -> QSize:
        """A few letters."""
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much as fits."""
        painter = QPainter(self)
        painter.setFont(self.font())
        role = self.foregroundRole()
        painter.setPen(self.palette().color(role))
        rect = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._mode, rect.width())
        painter.drawText(rect, int(self.alignment()), text)
        painter.end()
        if not self._own_tip:
            self.setToolTip(self.text() if self._cut() else "")


def say(label: QLabel, role: str) -> None:
    """Give a label another role in the style sheet."""
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)
