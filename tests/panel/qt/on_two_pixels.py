"""The viewer on a screen with two pixels a point: run by test_viewer_dpi.py with QT_SCALE_FACTOR=2.

Prints as JSON where clicks went, how many pixels wide the wipe's border is, and how large pictures
were asked for.
"""

from __future__ import annotations

import json
import sys
import time

from qtpy.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QPainter
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.host import Place, Shot
from secondunit_panel.marks import Marks
from secondunit_panel.qt.clock import Clock
from secondunit_panel.qt.pictures import Pictures
from secondunit_panel.qt.viewer import Viewer

sides = []


def shown(clip, frames, side, layer):
    """Columns of black and white, each one pixel wide: only seen where no pixel is lost."""
    sides.append(side)
    for _ in frames:
        image = QImage(1280, 720, QImage.Format.Format_RGB32)
        image.fill(QColor("black"))
        painter = QPainter(image)
        for x in range(0, 1280, 2):
            painter.fillRect(x, 300, 1, 120, QColor("white"))
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        yield bytes(buffer.data().data())


application = QApplication([])
pictures, clock = Pictures(shown), Clock()
viewer = Viewer(pictures, clock)
viewer.canvas.setFixedSize(640, 360)
viewer.show()
place = Place(FrameRange(0, 0), Rate.of(24))
viewer.show_plate(Shot("p", Clip("/p.mov", FrameRange(0, 0)), place, None, 1280, 720))
viewer.set_marks(Marks(), ("points",))
end = time.monotonic() + 10
while viewer.canvas._left is None and time.monotonic() < end:
    application.processEvents()
image = viewer.canvas.grab().toImage()
row = [image.pixelColor(x, 720 // 2).lightness() for x in range(400, 440)]
clicks = []
viewer.drawn.connect(lambda marks: clicks.append((marks.points[-1].x, marks.points[-1].y)))
for zoom in (1.0, 4.0):
    viewer.canvas.zoom(zoom, QPointF(0, 0))
    for spot in (QPoint(160, 90), QPoint(320, 270)):
        QTest.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, pos=spot)
pictures.close()
told = {"ratio": viewer.devicePixelRatioF(), "size": [image.width(), image.height()], "row": row,
        "clicks": clicks, "sides": sides}  # fmt: skip
sys.stdout.write(json.dumps(told))
