"""In a real window: the panel is drawn, and a click on Shoot ends in a take.

The only Blender with a window that a package manager brings is older than what we stand for. What
differs between windows' versions is little, and is all that is tested here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from secondunit_contract.clip import Clip

HERE = Path(__file__).parent
NEEDED = ("blender", "Xvfb")
PATIENCE = 300.0


@pytest.fixture(scope="module")
def display(tmp_path_factory):
    """A screen that nobody sees."""
    lacking = [each for each in NEEDED if shutil.which(each) is None]
    if lacking:
        pytest.skip(f"no window can be opened: {', '.join(lacking)} is not installed")
    told = tmp_path_factory.mktemp("display") / "number"
    with told.open("wb") as number:
        command = ["Xvfb", "-displayfd", str(number.fileno()), "-screen", "0", "1600x1000x24"]
        server = subprocess.Popen(command, pass_fds=[number.fileno()], stderr=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while not told.read_text().strip():
        assert server.poll() is None, "the screen does not come"
        assert time.monotonic() < end, "the screen does not come"
        time.sleep(0.1)
    yield f":{told.read_text().strip()}"
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def came(display, data, plate, tmp_path_factory):
    """The folder a Blender with a window wrote into, and what it tells."""
    folder = tmp_path_factory.mktemp("in a window ä")
    own = shutil.copy(plate, folder)  # takes of a file that was never saved lie beside their media
    kept = {key: each for key, each in os.environ.items() if not key.startswith("PYTHON")}
    env = kept | {
        "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1", "HOME": str(folder),
        "SECONDUNIT_DATA": str(data), "SECONDUNIT_PYTHON": str(folder / "no python"),
    }  # fmt: skip
    done = subprocess.run(
        ["blender", "--factory-startup", "--app-template", "Video_Editing",
         "--enable-event-simulate", "--window-geometry", "0", "0", "1600", "1000",
         "--python", HERE / "in_a_window.py", "--", folder, own],
        env=env, capture_output=True, text=True, timeout=PATIENCE + 120,
    )  # fmt: skip
    written = folder / "told.json"
    assert written.is_file(), f"Blender died ({done.returncode}):\n{done.stderr[-3000:]}"
    return folder, json.loads(written.read_text("utf-8"))


def test_the_panel_stands_in_the_window(came):
    _, told = came
    assert "error" not in told, told["error"]
    assert told["selected"].startswith("Gap between a and b")
    assert told["colours_in_panel"] > 100, "letters and buttons have soft edges"


def test_a_click_on_shoot_ends_in_a_take(came):
    from secondunit.media.read import open_media

    _, told = came
    assert told.get("done"), told.get("error")
    [media] = told["takes"]
    with open_media(Clip(media)) as reader:
        assert len(list(reader.frames(reader.footage.range))) == 5


def test_the_take_is_placed_into_the_gap(came):
    _, told = came
    placed = [each for each in told["cut"] if each[0] not in ("a", "b")]
    assert len(told["cut"]) == 3
    assert [each[1:3] for each in placed] == [[25, 30]]
