"""On a screen with two pixels a point no pixel is lost, and a click is where it was made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)


def test_two_pixels_a_point():
    scale = {"QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    paths = os.pathsep.join(each for each in sys.path if each)
    script = str(Path(__file__).with_name("on_two_pixels.py"))
    done = subprocess.run(
        [sys.executable, script], env={**os.environ, **scale, "PYTHONPATH": paths},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ratio"] == 2
    assert told["size"] == [1280, 720]
    assert told["sides"] == [960]
    assert told["row"] == [255, 0] * 20
    wanted = [(0.25, 0.25), (0.5, 0.75), (0.0625, 0.0625), (0.125, 0.1875)]
    assert [tuple(each) for each in told["clicks"]] == wanted
