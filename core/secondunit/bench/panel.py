"""The panel's main thread: how long it stands still at most, and how soon a window is painted.

A window on a clip, in a process of its own without a screen. For the stalls a real service takes
its jobs; its takes are drawn, not shot, so that the two do not fight for the machine. The panel
plays the plate, shows a preview every tenth of a second, and takes in four takes; then it plays
each of them large beside the moving sheet of all four.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from secondunit.demo import FOOTAGE
from secondunit_contract.job import Event
from secondunit_contract.problem import PartMissing, ProgramFault

_PROGRAM = "secondunit_panel.qt.measuring"
_OPENED = 3  # windows for the first paint; the middle one counts
_LONGEST = 180  # seconds a measurement may take
_STEPS, _STEP = 10, 0.1  # previews of each take, and seconds between them


def measure() -> tuple[dict[str, float], dict[str, Any]]:
    """longest_stall_ms: the longest wait of a timer of 1 ms in the panel's main thread;
    first_paint_s: from the start of a fresh process to its first painted window.

    Raises PartMissing without Qt, ProgramFault where a measurement breaks.
    """
    if importlib.util.find_spec("qtpy") is None:
        raise PartMissing("Qt is not installed", remedy="Install secondunit[panel]")
    before = _spent()
    painted = [_first_paint() for _ in range(_OPENED)]
    spent = (_spent() - before) / _OPENED
    told = _stalls()
    if not told["whole"]:
        raise ProgramFault(f"Only {told['takes']} of the four takes came", _PROGRAM)
    figures = {
        "longest_stall_ms": round(told["longest_ms"], 1),
        "first_paint_s": round(median(painted), 3),
    }
    conditions = {
        "takes": f"{told['takes']} of 24 frames of 320x180, {told['previews']} previews shown",
        "ticks": f"{told['ticks']} looks of the timer",
        "longest_busy_ms": f"{told['busiest_ms']:.1f} of the processor's time between two of them; "
        "the rest of a stall is the machine's",
        "processor_seconds": f"{spent:.2f} for each first paint: a busy clock runs on",
        "first_paints": ", ".join(f"{each:.2f} s" for each in painted),
        "screen": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
    }
    return figures, conditions


def _first_paint() -> float:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.time()
        told = _run("paint", str(FOOTAGE / "plate.mov"), folder)
    if told["heavy"]:
        raise ProgramFault(f"The panel brings along {', '.join(told['heavy'])}", _PROGRAM)
    return float(told["painted"]) - begun


def _spent() -> float:
    """Seconds of the processor that programs started here have taken."""
    told = os.times()
    return told.children_user + told.children_system


def _stalls() -> dict[str, Any]:
    from secondunit.service.testing import ScriptedWorker, served

    class Painter(ScriptedWorker):
        """Draws takes at a pace, with a preview at each step."""

        preview = ""

        def _say(self, event: Event) -> None:
            if event.kind == "progress":
                time.sleep(_STEP)
                event = replace(event, kind="preview", preview=self.preview)
            super()._say(event)

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        worker = Painter(steps=_STEPS)
        worker.preview = str(_strip(folder / "preview.jpg"))
        with served(folder / "data", worker) as here:
            return _run("stalls", str(FOOTAGE / "plate.mov"), place, here.base, here.keys.token)


def _strip(path: Path) -> Path:
    """What a model believes so far: frames beside each other."""
    import numpy as np
    from PIL import Image

    from secondunit.service.testing import picture

    row = np.concatenate([picture(3, frame) for frame in (0, 6, 12, 18, 23)], axis=1)
    Image.fromarray(row).save(path, quality=85)
    return path


def _run(*arguments: str) -> dict[str, Any]:
    """What the panel's own program measures."""
    env = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", _PROGRAM, *arguments],
            env=env, capture_output=True, text=True, timeout=_LONGEST, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError) as error:
        raise ProgramFault("The panel could not be measured", _PROGRAM) from error
    if not isinstance(told, dict):
        raise ProgramFault("The panel could not be measured", _PROGRAM)
    return told
