"""One application without a screen for everything of the panel that needs Qt."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secondunit_contract.frames import FrameRange

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def application():
    """The one QApplication there may be; skipped where Qt is not installed."""
    pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)
    from qtpy.QtWidgets import QApplication

    return QApplication.instance() or QApplication(["secondunit"])


@pytest.fixture
def until(application) -> Callable[..., None]:
    """Lets events happen until something is so; fails where it does not come to be."""

    def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to be in time"
            application.processEvents()
            time.sleep(0.002)

    return wait


@pytest.fixture(scope="session")
def greys(application) -> Callable[[dict], bytes]:
    """As many grey pictures as are asked for, as the service sends them; for any thread.

    They are made here, on the main thread: PySide2 may crash where Qt's objects are made on others.
    """
    from qtpy.QtCore import QBuffer, QIODevice, Qt
    from qtpy.QtGui import QImage

    image = QImage(320, 180, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.gray)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG")
    told = bytes(buffer.data())
    one = len(told).to_bytes(4, "big") + told
    return lambda body: one * len(FrameRange.parse(body["clip"]["range"]))


@pytest.fixture(scope="session")
def screens(application):
    """What makes a viewer in a window: the class in screen.py."""
    path = Path(__file__).with_name("screen.py")
    spec = importlib.util.spec_from_file_location("secondunit_test_screen", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Screen


@pytest.fixture
def screen(screens, until):
    """A viewer with a plate and two takes, of which none is chosen."""
    screen = screens(until)
    screen.viewer.show_plate(screen.shot())
    screen.viewer.show_takes([screen.take(1), screen.take(2)])
    screen.canvas.setFocus()
    yield screen
    screen.clock.pause()
    screen.pictures.close()


@pytest.fixture(autouse=True)
def _no_windows_left(application) -> Iterator[None]:
    """What a test opened is gone when it ends."""
    yield
    for each in application.topLevelWidgets():
        each.close()
        each.deleteLater()
    application.processEvents()
