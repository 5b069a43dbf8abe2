"""The picture: seen whole or enlarged, wiped between plate and take, and drawn on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from secondunit_panel.marks import Marks
from secondunit_panel.qt import brushes, events
from secondunit_panel.qt.brushes import Brush, Mark, Touch
from secondunit_panel.qt.inks import Inks, written
from secondunit_panel.qt.look import OURS, SMALL, Look, type_of
from secondunit_panel.qt.sight import Sight

_GRIP = 14.0  # points from the wipe's line, or from its grip, that still take hold of it
_HOLD = 10.0  # points from a mark that still take hold of it
_LENS = 1.25  # one notch of the wheel
_PIXELS = 3.0  # a pixel of the picture as many of the screen: from here on pixels are seen as such
_ROOM = 160  # points a picture is wide, at least, to have its name on it
_ELSEWHERE = "Marks go on the plate's own frames"
_REST = 150  # milliseconds without a change until a large picture is drawn smoothly
_LARGE = 1_200_000  # pixels of the screen that are not drawn smoothly in a few milliseconds
_SAME_SHAPE = 0.02  # of the shape: takes are a little off it, as models round their sizes
_TALLEST = 4 / 3  # the shape of the canvas for pictures that are higher than this
_STEP, _FINE = 8.0, 1.0  # points the keyboard moves the pen or the wipe

_LEFT, _RIGHT, _MIDDLE = (
    Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton,
)  # fmt: skip


class Canvas(QWidget):
    """Shows a picture, or two beside a wipe, with the marks of a frame over them.

    `drawn` tells new marks when the pen has gone up, `picked` the mark that is chosen now, `wiped`
    where the wipe is, `sized` that another size of picture would be seen better. All places are
    shares of the picture.
    """

    drawn = Signal(object)
    picked = Signal(object)
    wiped = Signal(float)
    sized = Signal()

    def __init__(self, look: Look = OURS, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.sight = Sight()
        self.marks = Marks()
        self.frame = 0
        self.tool = ""  # the kind of mark that is drawn; empty: none
        self.add = True
        self.drawable = True
        self.chosen: Mark | None = None
        self.count: Callable[[int], str] = str
        self.wipe = 0.5
        self._left: QImage | None = None
        self._right: QImage | None = None
        self._names = ("", "")
        self._word = ""
        self._brush: Brush | None = None
        self._drag = ""  # what the mouse does: "pan", "wipe", "draw"
        self._was = QPointF()
        self._rubs = False
        self._cross: tuple[float, float] | None = None
        self._painted: QPixmap | None = None
        self._painted_as: Any = None
        self._hurries = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._rested)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(80, 45)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription(
            "Control and the arrows move the pen, Return puts it down and takes it up"
        )

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return round(width / max(_TALLEST, self.sight.aspect))

    def sizeHint(self) -> QSize:
        return QSize(640, 360)

    # what it shows

    def show_pictures(
        self, left: QImage | None, right: QImage | None = None, names: tuple[str, str] = ("", "")
    ) -> None:
        """Show a picture; with `right` another one to the right of the wipe."""
        self._left, self._right, self._names = left, right, names
        self.update()

    def say(self, word: str) -> None:
        """A sentence in the place of a picture."""
        if word != self._word:
            self._word = word
            self.update()

    def set_aspect(self, aspect: float) -> None:
        """The shape of the picture, width over height."""
        if aspect > 0 and abs(aspect - self.sight.aspect) > 1e-6:
            self.sight.aspect = aspect
            self.updateGeometry()
            self._look_again()

    def set_marks(self, marks: Marks, frame: int) -> None:
        """Show marks, of a frame."""
        if frame != self.frame:
            self.lift()
        self.marks, self.frame = marks, frame
        if self.chosen is not None and not _holds(marks, self.chosen):
            self._choose(None)
        self.update()

    def use(self, tool: str) -> None:
        """Draw a kind of mark; nothing where empty."""
        self.lift()
        self.tool = tool
        self._cross = None
        self._point_at(None)
        self.update()

    @property
    def seen(self) -> float:
        """Pixels of the screen that the whole picture's longer side takes."""
        rect = self.sight.rect
        return max(rect.width(), rect.height()) * self.devicePixelRatioF()

    # looking

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """So many times larger, around a point or the middle."""
        self.sight.enlarge(factor, at)
        self._look_again()

    def fit(self) -> None:
        """See all of it."""
        self.sight.fit()
        self._look_again()

    def set_wipe(self, share: float) -> None:
        """Put the wipe somewhere."""
        self.wipe = min(1.0, max(0.0, share))
        self.update()
        self.wiped.emit(self.wipe)

    def hurry(self) -> None:
        """What is seen changes fast: a large picture is drawn quickly until it stands again."""
        self._hurries = True
        self._rest.start(_REST)

    def _rested(self) -> None:
        self._hurries = False
        self.update()

    def _look_again(self) -> None:
        self.update()
        self.sized.emit()

    def resizeEvent(self, event: Any) -> None:
        self.sight.resize(self.width(), self.height())
        self._look_again()

    # drawing

    def delete(self) -> bool:
        """Rub out the mark that is chosen; whether there was one."""
        mark = self.chosen
        if mark is None or self._brush is not None:
            return False
        self._choose(None)
        self._put(self.marks.without(mark))
        return True

    def turn(self) -> bool:
        """Let the chosen mark say the opposite; whether there was one that can."""
        if self.chosen is None or self._brush is not None:
            return False
        marks, mark = brushes.turned(self.marks, self.chosen)
        self._choose(mark)
        return self._put(marks)

    def lift(self) -> None:
        """Take the pen up, and keep what it drew."""
        brush, self._brush = self._brush, None
        if brush is not None:
            marks = brush.up()
            self._choose(brush.touched)
            self._put(marks)

    def drop(self) -> bool:
        """Forget the mark that is chosen or under way; whether there was one."""
        had = self._brush is not None or self.chosen is not None
        self._brush, self._drag = None, ""
        self._choose(None)
        return had

    def _put(self, marks: Marks) -> bool:
        self.update()
        if marks == self.marks:
            return False
        self.marks = marks
        self.drawn.emit(marks)
        return True

    def _choose(self, mark: Mark | None) -> None:
        if mark != self.chosen:
            self.chosen = mark
            self.picked.emit(mark)
            self.update()

    def _touch(self, x: float, y: float, add: bool) -> Touch:
        reach = _HOLD / self.sight.rect.height()
        return Touch(self.frame, x, y, add, reach, self.sight.aspect)

    def _down(self, x: float, y: float, add: bool) -> None:
        """The pen goes down."""
        if self.drawable:
            touch = self._touch(x, y, add)
            self._brush = brushes.brush(self.tool, self.marks, touch, self.chosen)
            self.update()

    def _pick(self, at: QPointF) -> Mark | None:
        touch = self._touch(*self.sight.share(at), True)
        found = self.marks.nearest(self.frame, touch.x, touch.y, touch.reach, touch.aspect)
        self._choose(found)
        return found

    # mouse and pen

    def tabletEvent(self, event: Any) -> None:
        """The pen is a mouse; its other end rubs out."""
        self._rubs = events.is_eraser(event)
        event.ignore()

    def mousePressEvent(self, event: Any) -> None:
        at, button = events.place(event), event.button()
        self._was = at
        self._cross = None
        if button == _MIDDLE:
            self._drag = "pan"
        elif self._rubs:
            self._pick(at)
            self.delete()
        elif button == _LEFT and self._at_grip(at):
            self._drag = "wipe"
        elif self.tool and button in (_LEFT, _RIGHT):
            self._drag = "draw"
            self._down(*self.sight.share(at), self.add == (button == _LEFT))
        elif button == _LEFT and self._pick(at) is None:
            self._drag = "pan"
        self._point_at(at)

    def mouseMoveEvent(self, event: Any) -> None:
        at = events.place(event)
        if self._drag in ("pan", "wipe"):
            self.hurry()
        if self._drag == "pan":
            self.sight.pan(at.x() - self._was.x(), at.y() - self._was.y())
            self.update()
        elif self._drag == "wipe":
            self.set_wipe(self.sight.share(at)[0])
        elif self._brush is not None and self._drag == "draw":
            self._brush.along(*self.sight.share(at))
            self.update()
        self._was = at
        self._point_at(at)

    def mouseReleaseEvent(self, event: Any) -> None:
        if self._drag == "draw":
            self.lift()
        self._drag = ""
        self._point_at(events.place(event))

    def wheelEvent(self, event: Any) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom(_LENS**notches, events.place(event))
        event.accept()

    def _at_grip(self, at: QPointF) -> bool:
        """Whether the wipe would be taken hold of: anywhere on its line, or, where the pen draws,
        on its grip alone.
        """
        if self._right is None:
            return False
        grip = self._grip()
        away = at - grip
        if self.tool:
            return away.x() ** 2 + away.y() ** 2 <= _GRIP**2
        return abs(away.x()) <= _GRIP

    def _grip(self) -> QPointF:
        """Where the wipe is held: in the middle of what is seen of its line."""
        rect = self.sight.rect
        top, bottom = max(0.0, rect.top()), min(float(self.height()), rect.bottom())
        return QPointF(rect.left() + self.wipe * rect.width(), (top + bottom) / 2)

    def _point_at(self, at: QPointF | None) -> None:
        """The pointer says what a press would do."""
        shape = Qt.CursorShape.CrossCursor if self.tool else Qt.CursorShape.ArrowCursor
        if self._drag == "pan":
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._drag == "wipe" or (at is not None and self._at_grip(at)):
            shape = Qt.CursorShape.SplitHCursor
        elif self.tool and not self.drawable:
            shape = Qt.CursorShape.ForbiddenCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    # the keyboard's pen

    def nudge(self, dx: int, dy: int, fine: bool = False) -> None:
        """Move the pen by the keyboard; without one the wipe, or what is seen."""
        step = _FINE if fine else _STEP
        rect = self.sight.rect
        if self.tool:
            x, y = self._cross or (0.5, 0.5)
            x += dx * step / rect.width() if self._cross else 0
            y += dy * step / rect.height() if self._cross else 0
            self._cross = min(1.0, max(0.0, x)), min(1.0, max(0.0, y))
            if self._brush is not None:
                self._brush.along(*self._cross)
        elif self._right is not None and dx:
            self.set_wipe(self.wipe + dx * step / rect.width())
        else:
            self.sight.pan(-dx * step * 4, -dy * step * 4)
        self.update()

    def press(self) -> bool:
        """Put the keyboard's pen down, or take it up again; whether there is one."""
        if not self.tool:
            return False
        if self._brush is not None:
            self.lift()
            return True
        self._cross = self._cross or (0.5, 0.5)
        self._down(*self._cross, self.add)
        if not self._stays():
            self.lift()
        return True

    def _stays(self) -> bool:
        """Whether the brush that is down says nothing by its first place alone."""
        return self._brush is not None and self._brush.stays

    def focusOutEvent(self, event: Any) -> None:
        self._cross = None
        self.update()

    def focusInEvent(self, event: Any) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._rubs = False

    # painting

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._ground())
        painter.setFont(type_of(self.look, SMALL))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._left is None and self._right is None:
            painter.setPen(QColor(self.look.quiet))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            room = QRectF(self.rect()).adjusted(16, 8, -16, -8)
            painter.drawText(room, flags, self._word)
        else:
            self._paint_names(painter)
            self._paint_marks(painter)
            if self.tool and not self.drawable:
                at = self.sight.rect.intersected(QRectF(self.rect())).bottomLeft()
                written(painter, at + QPointF(12, -14), _ELSEWHERE, QColor(self.look.text))
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.look.text), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _paint_marks(self, painter: QPainter) -> None:
        inks = Inks(painter, self.sight.point, self.look)
        brush = self._brush
        marks = brush.marks if brush else self.marks
        chosen = brush.touched if brush else self.chosen
        inks.draw(marks, self.frame, chosen, self.count)
        if brush and brush.line:
            inks.line(brush.line, brush.touch.add)
        if self._cross and self.hasFocus():
            inks.cross(*self._cross)

    def _paint_names(self, painter: QPainter) -> None:
        """Which picture is which, and the wipe between them."""
        rect = self.sight.rect.intersected(QRectF(self.rect()))
        ink, (left, right) = QColor(self.look.text), self._names
        if rect.width() < _ROOM:
            left = right = ""
        top = rect.top() + 20
        if left:
            written(painter, QPointF(rect.left() + 12, top), left, ink)
        if self._right is None:
            return
        if right:
            written(painter, QPointF(rect.right() - 12, top), right, ink, right=True)
        grip = self._grip()
        painter.setPen(QPen(QColor(20, 20, 22, 160), 3.0))
        painter.drawLine(QPointF(grip.x(), rect.top()), QPointF(grip.x(), rect.bottom()))
        painter.setPen(QPen(ink, 1.0))
        painter.drawLine(QPointF(grip.x(), rect.top()), QPointF(grip.x(), rect.bottom()))
        painter.setBrush(QColor(self.look.ground))
        painter.drawEllipse(grip, 10, 10)
        for side in (-1, 1):
            tip = grip + QPointF(side * 6, 0)
            painter.drawLine(tip, grip + QPointF(side * 3, -3))
            painter.drawLine(tip, grip + QPointF(side * 3, 3))

    def _ground(self) -> QPixmap:
        """The pictures as they lie in the window, in the screen's own pixels; made once."""
        ratio, rect = self.devicePixelRatioF(), self.sight.rect
        pictures = tuple(each.cacheKey() for each in (self._left, self._right) if each is not None)
        both = self._left is None, self._right is None
        wipe = self.wipe if self._right is not None else 1.0
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        quick = self._hurries and size.width() * size.height() > _LARGE
        told = (pictures, both, wipe, rect.getRect(), size.width(), size.height(), ratio, quick)
        if self._painted is None or told != self._painted_as:
            self._painted, self._painted_as = QPixmap(size), told
            self._painted.setDevicePixelRatio(ratio)
            self._painted.fill(QColor(self.look.ground).darker(125))
            painter = QPainter(self._painted)
            border = rect.left() + wipe * rect.width()
            if self._left is not None:
                _lay(painter, self._left, rect, (rect.left(), border), ratio, quick)
            if self._right is not None:
                _lay(painter, self._right, rect, (border, rect.right()), ratio, quick)
            painter.end()
        return self._painted


def _lay(
    painter: QPainter,
    image: QImage,
    rect: QRectF,
    ends: tuple[float, float],
    ratio: float,
    quick: bool,
) -> None:
    """A picture into its place between two ends; a pixel of it is smooth while it is small."""
    if image.isNull():
        return
    own, (left, right) = image.width() / image.height(), ends
    if abs(own * rect.height() / rect.width() - 1) > _SAME_SHAPE:
        rect = _inside(rect, own)
    large = rect.width() * ratio / image.width() >= _PIXELS
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not (large or quick))
    painter.setClipRect(QRectF(left, rect.top() - 1, max(0.0, right - left), rect.height() + 2))
    painter.drawImage(rect, image)
    painter.restore()


def _inside(rect: QRectF, aspect: float) -> QRectF:
    """A picture of another shape, as large as it can be in the middle of a place."""
    width = min(rect.width(), rect.height() * aspect)
    height = width / aspect
    middle = rect.center()
    return QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height)


def _holds(marks: Marks, mark: Mark) -> bool:
    return mark == marks.box or mark in (*marks.points, *marks.strokes, *marks.paths)
