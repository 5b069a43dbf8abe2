"""A viewer in a window, plate and takes for it, and eyes and hands: loaded by conftest.py."""

from __future__ import annotations

from qtpy.QtCore import QBuffer, QEvent, QIODevice, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Take
from secondunit_contract.problem import MediaMissing
from secondunit_contract.queue import TakeEntry
from secondunit_panel.host import Place, Shot
from secondunit_panel.marks import Marks
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.pictures import Pictures
from secondunit_panel.qt.viewer import Viewer

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
RED, BLUE = (200, 40, 30), (20, 60, 190)
COLOURS = {"/plate.mov": RED, "/take1.mov": BLUE, "/take2.mov": RED}
HALF = 128  # the alpha of everything
FIRST, LAST = 1001, 1048


def jpeg(*colour: int, size: tuple[int, int] = (320, 180)) -> bytes:
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(*colour))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG", 100)
    return bytes(buffer.data().data())


def shot(media: str = "/plate.mov") -> Shot:
    frames = FrameRange(FIRST, LAST)
    return Shot("plate", Clip(media, frames, Rate.of(24)), Place(frames, Rate.of(24)), None, 1920,
                1080)  # fmt: skip


def take(number: int, first: int = FIRST, last: int = LAST) -> TakeEntry:
    frames = FrameRange(first, last)
    made = Take("j", number, 40 + number, f"/take{number}.mov", frames, Rate.of(24), 1920, 1080)
    return TakeEntry(f"j-{number}", made)


def move(widget, at: QPoint, button) -> None:
    """A mouse that moves with its button held, which QTest cannot in Qt 5."""
    where = QPointF(at), QPointF(widget.mapToGlobal(at))
    QApplication.sendEvent(
        widget, QMouseEvent(QEvent.Type.MouseMove, *where, button, button, PLAIN)
    )


def near(one, other, by: int = 3) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other))  # noqa: B905 - Python 3.10


class Screen:
    """A viewer in a window, what it told, and the colours that are seen in it."""

    shot, take, near, move = map(staticmethod, (shot, take, near, move))

    def __init__(self, until) -> None:
        self.until, self.asked = until, []
        self.gone: set[str] = set()
        self.jpegs = {media: jpeg(*colour) for media, colour in COLOURS.items()}
        self.grey = jpeg(HALF, HALF, HALF)
        self.pictures = Pictures(self._shown)
        self.clock = Clock()
        self.viewer = Viewer(self.pictures, self.clock)
        self.canvas = self.viewer.canvas
        self.drawn: list[Marks] = []
        self.moved: list[int] = []
        self.viewer.drawn.connect(self.drawn.append)
        self.viewer.moved.connect(self.moved.append)
        self.viewer.resize(660, 480)
        self.viewer.show()
        QApplication.processEvents()

    def _shown(self, clip, frames, side, layer):
        self.asked.append((clip, frames, side, layer))
        if clip.media in self.gone:
            raise MediaMissing("The plate is gone", clip.media, "Select it again")
        for _ in frames:  # on another thread, where nothing of Qt is to be made
            yield self.grey if layer == "alpha" else self.jpegs[clip.media]

    def settle(self) -> None:
        """Until all pictures are there that are seen."""
        pictures, calm = self.pictures, 0
        while calm < 3:
            QApplication.processEvents()
            self.until(lambda: not (pictures._busy or pictures._told or pictures._next()))
            calm = 0 if self.viewer._soon.isActive() else calm + 1

    def spot(self, x: float, y: float) -> QPoint:
        return self.canvas.sight.point(x, y).toPoint()

    def at(self, x: float, y: float) -> tuple[int, int, int]:
        """The colour at a place of the picture."""
        self.settle()
        image = self.canvas.grab().toImage()
        colour = image.pixelColor(self.spot(x, y) * image.devicePixelRatio())
        return colour.red(), colour.green(), colour.blue()

    def key(self, key, held=PLAIN) -> None:
        QTest.keyClick(self.canvas, key, held)

    def press(self, name: str) -> None:
        self.viewer.tools[name].click()

    def drag(self, *places: tuple[float, float], button=LEFT) -> None:
        where = [self.spot(*each) for each in places]
        QTest.mousePress(self.canvas, button, PLAIN, where[0])
        for each in where[1:]:
            move(self.canvas, each, button)
        QTest.mouseRelease(self.canvas, button, PLAIN, where[-1])
