"""A row that goes on in the next line where it does not fit."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect, QSize, Qt
from qtpy.QtWidgets import QLayout, QLayoutItem, QSizePolicy, QWidget


class Flow(QLayout):
    """Lays widgets side by side, each as wide as it likes, from left to right and line by line.

    The last one stands at the right end of its line where `pushed` is so.
    """

    def __init__(self, gap: int, line_gap: int = 0, pushed: bool = False) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap, self._line_gap, self._pushed = gap, line_gap, pushed
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """One more at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """That one, or none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """That one, which is then not laid out any more."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes no more than it needs."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """How high it is at a width."""
        return self._arranged(QRect(0, 0, width, 0), apply=False)

    def setGeometry(self, rect: QRect) -> None:
        """Lay out."""
        super().setGeometry(rect)
        self._arranged(rect, apply=True)

    def sizeHint(self) -> QSize:
        """All in one line."""
        shown = [each.sizeHint() for each in self._items if not each.isEmpty()]
        width = sum(each.width() for each in shown) + self._gap * max(0, len(shown) - 1)
        return QSize(width, max((each.height() for each in shown), default=0))

    def minimumSize(self) -> QSize:
        """The widest alone."""
        shown = [each.minimumSize() for each in self._items if not each.isEmpty()]
        return QSize(
            max((each.width() for each in shown), default=0),
            max((each.height() for each in shown), default=0),
        )

    def _arranged(self, rect: QRect, apply: bool) -> int:
        x, y, line = rect.x(), rect.y(), 0
        shown = [each for each in self._items if not each.isEmpty()]
        for item in shown:
            size = item.sizeHint()
            if x > rect.x() and x + size.width() > rect.x() + rect.width():
                x, y, line = rect.x(), y + line + self._line_gap, 0
            if self._pushed and item is shown[-1]:
                x = max(x, rect.x() + rect.width() - size.width())
            if apply:
                item.setGeometry(QRect(QPoint(x, y), size))
            x, line = x + size.width() + self._gap, max(line, size.height())
        return y + line - rect.y()


def flowing(*widgets: QWidget, gap: int = 4, line_gap: int = 4, pushed: bool = False) -> QWidget:
    """Widgets in such a row."""
    box = QWidget()
    layout = Flow(gap, line_gap, pushed)
    for each in widgets:
        layout.addWidget(each)
    box.setLayout(layout)
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    box.setSizePolicy(policy)
    return box
