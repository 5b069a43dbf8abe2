"""Opens the panel for DaVinci Resolve, in a window of its own: `python -m secondunit_resolve`."""

from __future__ import annotations

import sys

from secondunit_panel.qt.look import OURS
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.window import SIZE, application, panel_in
from secondunit_resolve.host import host_here


def main() -> int:
    """Open it, until its window is closed; how the program ends."""
    app = application()
    panel = panel_in(host_here(MainThread().call), OURS)
    panel.setWindowTitle("Second Unit")
    panel.resize(*SIZE)
    panel.show()
    return int(app.exec_() if hasattr(app, "exec_") else app.exec())


if __name__ == "__main__":
    sys.exit(main())
