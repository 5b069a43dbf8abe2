"""Measures the panel from inside its own process, for `secondunit bench panel`.

    python -m secondunit_panel.qt.measuring paint PLATE FOLDER
    python -m secondunit_panel.qt.measuring stalls PLATE FOLDER URL TOKEN

prints one line of JSON. PLATE is a movie of 24 frames, FOLDER a place for drafts and takes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QApplication

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.client import Client, ServiceGone
from secondunit_panel.host import Place, Selection, Shot
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.window import Window, application
from secondunit_panel.session import Session
from secondunit_panel.standalone import Standalone

FRAMES = FrameRange(1001, 1024)
TAKES = 4
_PATIENCE = 60.0  # seconds for all takes
_LOOKED_AT = 1.0  # seconds each take is played large, when all are there
_RATE = Rate.of(24)


class Stalls(QObject):
    """A timer inside the main thread: how long it was kept waiting at most, and how much of the
    processor the thread took in such a wait at most, both in milliseconds. The second is what the
    panel does by itself, however busy the machine is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.longest, self.busiest, self.ticks = 0.0, 0.0, 0
        self._last = self._spent = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to look."""
        self._last, self._spent = time.perf_counter(), time.thread_time()
        self._timer.start(1)

    def _tick(self) -> None:
        now, spent = time.perf_counter(), time.thread_time()
        self.longest = max(self.longest, (now - self._last) * 1000)
        self.busiest = max(self.busiest, (spent - self._spent) * 1000)
        self.ticks += 1
        self._last, self._spent = now, spent


class FirstPaint(QObject):
    """Sees when a widget is painted first, in seconds since 1970."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The first one counts."""
        if event.type() == QEvent.Type.Paint and not self.at:
            QTimer.singleShot(0, self._painted)  # when it has been painted
        return False

    def _painted(self) -> None:
        self.at = self.at or time.time()


def window_on(plate: Path, folder: Path, find: Callable[[Any], Client]) -> Window:
    """The panel on a clip, in a window of its own."""
    place = Place(FRAMES, _RATE, "a", "bench", "V1")
    clip = Clip(str(plate), FRAMES, _RATE, media_start=FRAMES.first)
    selection = Selection((Shot("plate", clip, place, FRAMES, 320, 180),), document="bench",
                          folder=str(folder / "takes"))  # fmt: skip
    host = Standalone([selection], MainThread().call)
    return Window(host, Session(host, find, lambda: None, folder / "panel"))


def until(holds: Callable[[], object], seconds: float) -> bool:
    """Let the application live until something is so; whether it came to be."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.0005)
    return bool(holds())


def paint(plate: Path, folder: Path) -> dict[str, Any]:
    """When the window was painted first; what it should not have brought along."""

    def none(waiting: object) -> Client:
        raise ServiceGone("There is no engine in this measurement")

    application()
    window = window_on(plate, folder, none)
    first = FirstPaint()
    window.panel.installEventFilter(first)
    window.show()
    until(lambda: first.at, 20)
    heavy = sorted({"numpy", "torch", "secondunit", "pydantic"} & set(sys.modules))
    window.close()
    return {"painted": first.at, "heavy": heavy}


def stalls(plate: Path, folder: Path, url: str, token: str) -> dict[str, Any]:
    """Shoots four takes, plays them while they come and when they are there, and looks at each."""
    application()
    window = window_on(plate, folder, lambda waiting: Client(url, token))
    panel, session = window.panel, window.panel.session
    window.show()
    until(lambda: session.desk.task, 20)
    session.choose("extend")
    session.set("tail", 8)
    session.settle(takes=TAKES)
    panel.clock.play()
    until(lambda: False, 1.5)
    looked = Stalls()
    looked.start()
    panel.shoot.shoot()
    there = until(lambda: len(session.takes()) == TAKES, _PATIENCE)
    previews = panel.takes.sheet.previews
    for number in range(1, TAKES + 1):
        panel.takes.choose_number(number)
        panel.clock.play()
        until(lambda: False, _LOOKED_AT)
    told = {"longest_ms": looked.longest, "busiest_ms": looked.busiest, "ticks": looked.ticks}
    told |= {"takes": len(session.takes()), "whole": there, "previews": previews}
    window.close()
    return told


def main(arguments: list[str]) -> int:
    """Measure; how the program ends."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    what, plate, folder, *service = arguments
    if what == "paint":
        told = paint(Path(plate), Path(folder))
    else:
        told = stalls(Path(plate), Path(folder), *service)
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
