"""A window of our own around the panel."""

from __future__ import annotations

import sys

from qtpy.QtCore import QCoreApplication, Qt
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from secondunit_panel.host import Host
from secondunit_panel.qt.controls import Combo
from secondunit_panel.qt.look import HIT, OURS, Look
from secondunit_panel.qt.panel import Panel
from secondunit_panel.session import Session
from secondunit_panel.standalone import Standalone

SIZE = (440, 980)
"""Pixels of the window when it is first opened."""


def application() -> QApplication:
    """The one application there is; made where there is none, sharp on every screen."""
    known = QApplication.instance()
    if isinstance(known, QApplication):
        return known
    if QCoreApplication.applicationVersion() == "" and hasattr(Qt, "AA_EnableHighDpiScaling"):
        _scale_as_qt6_does()
    made = QApplication(sys.argv[:1])
    made.setApplicationName("Second Unit")
    made.setDesktopFileName("secondunit")
    return made


def _scale_as_qt6_does() -> None:
    """Qt 5 has to be asked; Qt 6 does it by itself and calls the asking out of date."""
    from qtpy import QT5

    if QT5:
        for each in (Qt.AA_EnableHighDpiScaling, Qt.AA_UseHighDpiPixmaps):
            QCoreApplication.setAttribute(each)


def panel_in(host: Host, look: Look | None = None, session: Session | None = None) -> Panel:
    """A panel in a host, at work: it reads the selection and finds the engine, or starts it.

    `look` None takes that of the application around it, where it is a dark one. Call its
    `shut` and its session's `close` to end it.
    """
    made = session or Session(host)
    panel = Panel(made, look)
    made.start()
    return panel


class Window(QWidget):
    """The panel on its own; with a list of a cut's clips where there are several."""

    def __init__(self, host: Standalone, session: Session | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Second Unit")
        self.panel = panel_in(host, OURS, session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.clips: Combo | None = None
        if len(host.names) > 1:
            self.clips = self._list_of(host)
            self.panel.above(self.clips)
        column.addWidget(self.panel)
        self.resize(*SIZE)
        self.panel.setFocus()

    def _list_of(self, host: Standalone) -> Combo:
        clips = Combo(self.panel.look)
        clips.addItems(host.names)
        clips.setFixedHeight(HIT)
        clips.setToolTip("The clips and the gaps of the cut")
        clips.setAccessibleName("Clip")

        def choose(at: int) -> None:
            host.choose(at)
            self.panel.session.look()

        clips.activated.connect(choose)
        return clips

    def closeEvent(self, event: object) -> None:
        """The panel ends with its window."""
        self.panel.shut()
        self.panel.session.close()


def open_panel(host: Standalone) -> int:
    """Open the panel on its own, until its window is closed."""
    app = application()
    window = Window(host)
    window.show()
    return int(app.exec_() if hasattr(app, "exec_") else app.exec())
