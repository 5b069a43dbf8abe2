"""Opens the panel on its own: `python -m secondunit_panel.qt [CLIPS.json]`.

The file tells what can be selected, as `secondunit panel MEDIA|CUT.otio` writes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from secondunit_contract.problem import Problem
from secondunit_panel.qt.main_thread import MainThread
from secondunit_panel.qt.window import application, open_panel
from secondunit_panel.standalone import Standalone, selections_of


def main(arguments: list[str]) -> int:
    """Open it; how the program ends."""
    try:
        told = (
            json.loads(Path(arguments[0]).read_text("utf-8")) if arguments else {"selections": []}
        )
        selections = selections_of(told)
    except (Problem, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    application()
    return open_panel(Standalone(selections, MainThread().call))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
