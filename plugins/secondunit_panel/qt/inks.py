"""How marks look on the picture: by their shape, and then by their colour."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from secondunit_panel.marks import RADIUS, Box, Marks, Path, Point
from secondunit_panel.qt.look import Look

Where = Callable[[float, float], QPointF]
"""The point of the window at a place of the picture."""

RING = 8.0
"""Points of a click's ring, from its middle; what can be hit is larger."""

_DOTS = 240  # frames of a path that are told one by one; dots of more would be a line

_SHADE = QColor(20, 20, 22, 200)  # behind every line, so that it is seen on a light picture too


class Inks:
    """Draws marks with a painter. All widths are points of the window, at any zoom."""

    def __init__(self, painter: QPainter, where: Where, look: Look) -> None:
        self._painter, self._where = painter, where
        self._yes, self._no = QColor(look.accent), QColor(look.text)

    def draw(
        self, marks: Marks, frame: int, chosen: object = None, count: Callable[[int], str] = str
    ) -> None:
        """The marks of a frame, and the paths that lead through it."""
        painter = self._painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        here = marks.on(frame)
        if here.box:
            self._box(here.box, here.box == chosen)
        for stroke in here.strokes:
            self.line(stroke.points, stroke.add, stroke == chosen)
        for path in marks.paths:
            self._path(path, frame, path == chosen, count)
        for point in here.points:
            self._point(point, point == chosen)
        painter.restore()

    def line(self, points: Iterable[tuple[float, float]], add: bool, chosen: bool = False) -> None:
        """A stroke: whole where it says what is meant, broken where it says what is not."""
        where = [self._where(*each) for each in points]
        if len(where) == 1:
            where.append(where[0] + QPointF(0.01, 0))
        line = QPolygonF(where)
        self._under(5.0 if not chosen else 8.0)
        self._painter.drawPolyline(line)
        pen = QPen(self._yes if add else self._no, 3.0 if add else 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if not add:
            pen.setDashPattern([3.0, 3.0])
        self._painter.setPen(pen)
        self._painter.drawPolyline(line)

    def cross(self, x: float, y: float) -> None:
        """Where the keyboard's pen is."""
        at = self._where(x, y)
        for pen in (QPen(_SHADE, 3.0), QPen(self._no, 1.0)):
            self._painter.setPen(pen)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                near, far = QPointF(dx * 4, dy * 4), QPointF(dx * 14, dy * 14)
                self._painter.drawLine(at + near, at + far)

    def _point(self, point: Point, chosen: bool) -> None:
        """A click: a full ring with a plus; a thin hollow one with a minus."""
        painter, at = self._painter, self._where(point.x, point.y)
        ink = self._yes if point.add else self._no
        if chosen:
            self._halo(at, RING + 4)
        painter.setBrush(QColor(20, 20, 22, 120) if point.add else Qt.BrushStyle.NoBrush)
        self._under(4.5)
        painter.drawEllipse(at, RING, RING)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink, 2.25 if point.add else 1.5))
        painter.drawEllipse(at, RING, RING)
        arms = [(QPointF(-3.5, 0), QPointF(3.5, 0))]
        if point.add:
            arms.append((QPointF(0, -3.5), QPointF(0, 3.5)))
        for width, colour in ((4.0, _SHADE), (1.75, ink)):
            painter.setPen(QPen(colour, width))
            for one, other in arms:
                painter.drawLine(at + one, at + other)

    def _box(self, box: Box, chosen: bool) -> None:
        painter = self._painter
        rect = QRectF(self._where(box.left, box.top), self._where(box.right, box.bottom))
        self._under(4.0)
        painter.drawRect(rect)
        painter.setPen(QPen(self._yes, 2.5 if chosen else 1.5))
        painter.drawRect(rect)
        painter.setPen(QPen(_SHADE, 1.0))
        painter.setBrush(self._yes)
        for corner in (rect.topLeft(), rect.topRight(), rect.bottomLeft(), rect.bottomRight()):
            painter.drawRect(QRectF(corner.x() - 3.5, corner.y() - 3.5, 7, 7))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _path(self, path: Path, frame: int, chosen: bool, count: Callable[[int], str]) -> None:
        """A path: its places with their frames, a dot for each frame between, since they tell its
        pace, and a ring where it is now.
        """
        painter = self._painter
        places = [self._where(x, y) for _, x, y in path.keys]
        self._under(4.0)
        painter.drawPolyline(QPolygonF(places))
        painter.setPen(QPen(self._yes, 2.0 if chosen else 1.25))
        painter.drawPolyline(QPolygonF(places))
        first, last = path.keys[0][0], path.keys[-1][0]
        if last - first <= _DOTS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._no)
            for each in range(first + 1, last):
                painter.drawEllipse(self._where(*path.at(each)), 1.5, 1.5)
        for (key, _, _), at in zip(path.keys, places):  # noqa: B905 - as many, and Python 3.10
            painter.setPen(QPen(_SHADE, 1.0))
            painter.setBrush(self._yes if key == frame else QColor(_SHADE))
            painter.drawEllipse(at, 3.5, 3.5)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._yes, 1.25))
            painter.drawEllipse(at, 3.5, 3.5)
            if chosen or key == frame:
                written(painter, at + QPointF(14, -10), count(key), self._no)
        now = self._where(*path.at(frame))
        if chosen:
            self._halo(now, self._around(path))
        self._under(4.0)
        painter.drawEllipse(now, RING - 1, RING - 1)
        painter.setPen(QPen(self._yes, 1.75))
        painter.drawEllipse(now, RING - 1, RING - 1)

    def _around(self, path: Path) -> float:
        """How far what goes along a path reaches, in points of the window."""
        sides = self._where(1, 1) - self._where(0, 0)
        return (path.radius or RADIUS) * min(sides.x(), sides.y())

    def _halo(self, at: QPointF, radius: float) -> None:
        """What says that a mark is chosen."""
        self._under(3.0)
        self._painter.drawEllipse(at, radius, radius)
        pen = QPen(self._no, 1.25)
        pen.setDashPattern([3.0, 2.0])
        self._painter.setPen(pen)
        self._painter.drawEllipse(at, radius, radius)

    def _under(self, width: float) -> None:
        pen = QPen(_SHADE, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self._painter.setPen(pen)


def written(painter: QPainter, at: QPointF, text: str, ink: QColor, right: bool = False) -> None:
    """A word on the picture, its baseline at a point; to the left of it where `right`."""
    metrics = painter.fontMetrics()
    width = metrics.boundingRect(text).width() + 2
    left = at.x() - width if right else at.x()
    ground = QRectF(left - 5, at.y() - metrics.ascent() - 3, width + 10, metrics.height() + 6)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_SHADE)
    painter.drawRoundedRect(ground, 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(ink)
    painter.drawText(QPointF(left, at.y()), text)
