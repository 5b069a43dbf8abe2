"""How a picture lies in its window: fitted or enlarged, and which place of it is under the pen."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtCore import QPointF, QRectF

MOST = 32.0
"""Times as large as fitted, at most."""


@dataclass
class Sight:
    """A picture of an `aspect` (width over height) in a window of `width` by `height` points.

    At `zoom` 1 all of it is seen; `x` and `y` say which place of it is in the middle. Places are
    shares of the picture, 0 to 1 from its left and its top.
    """

    width: float = 1.0
    height: float = 1.0
    aspect: float = 16 / 9
    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5

    @property
    def rect(self) -> QRectF:
        """Where the whole picture lies."""
        width = min(self.width, self.height * self.aspect) * self.zoom
        height = width / self.aspect
        return QRectF(
            self.width / 2 - self.x * width, self.height / 2 - self.y * height, width, height
        )

    def share(self, at: QPointF) -> tuple[float, float]:
        """The place of the picture at a point of the window; outside of 0 to 1 beside it."""
        rect = self.rect
        return (at.x() - rect.left()) / rect.width(), (at.y() - rect.top()) / rect.height()

    def point(self, x: float, y: float) -> QPointF:
        """The point of the window at a place of the picture."""
        rect = self.rect
        return QPointF(rect.left() + x * rect.width(), rect.top() + y * rect.height())

    def resize(self, width: float, height: float) -> None:
        """The window is another size now."""
        self.width, self.height = max(1.0, width), max(1.0, height)
        self._hold()

    def enlarge(self, factor: float, at: QPointF | None = None) -> None:
        """So many times larger; what is at a point (or in the middle) stays there."""
        at = QPointF(self.width / 2, self.height / 2) if at is None else at
        x, y = self.share(at)
        self.zoom = min(MOST, max(1.0, self.zoom * factor))
        rect = self.rect
        self.x = x - (at.x() - self.width / 2) / rect.width()
        self.y = y - (at.y() - self.height / 2) / rect.height()
        self._hold()

    def pan(self, dx: float, dy: float) -> None:
        """Shift the picture by so many points."""
        rect = self.rect
        self.x, self.y = self.x - dx / rect.width(), self.y - dy / rect.height()
        self._hold()

    def fit(self) -> None:
        """See all of it."""
        self.zoom, self.x, self.y = 1.0, 0.5, 0.5

    def _hold(self) -> None:
        """No picture is shifted out of sight; what fits stays in the middle."""
        rect = self.rect
        self.x = _held(self.x, self.width / rect.width())
        self.y = _held(self.y, self.height / rect.height())


def _held(middle: float, seen: float) -> float:
    return 0.5 if seen >= 1 else min(1 - seen / 2, max(seen / 2, middle))
