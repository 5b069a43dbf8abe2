"""From a click in Blender's Clip editor to the engine, and back as what cuts the plate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from secondunit.ledger import sidecar
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit.models.testing import tiny_vace
from secondunit_panel.service import found

HERE = Path(__file__).parent
PATIENCE = 120.0
SERVE = "from secondunit.cli import main; main()"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data folder of a user whose engine runs, and who has a model that follows guides."""
    folder = tmp_path_factory.mktemp("matte's user ä") / "data"
    tiny_vace(folder / "models" / "tiny")
    env = os.environ | {
        "SECONDUNIT_DATA": str(folder), "SECONDUNIT_MODELS": str(folder / "models"),
        "SECONDUNIT_DEVICE": "cpu", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    log = (folder / "log").open("wb")
    engine = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve"], env=env, stdout=log, stderr=log
    )
    end = time.monotonic() + PATIENCE
    while found(folder) is None:
        assert engine.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < end, "the engine does not come"
        time.sleep(0.2)
    yield folder
    engine.terminate()
    engine.wait(30)
    log.close()


@pytest.fixture(scope="module")
def came(bpy_python, data, plate, tmp_path_factory):
    """The folder of a journey, and what it tells."""
    folder = tmp_path_factory.mktemp(f"matte journey {bpy_python.version} 漢")
    done = bpy_python.run(
        HERE / "inside_matte_journey.py", folder, plate, SECONDUNIT_DATA=str(data),
        BLENDER_USER_RESOURCES=str(folder / "blender"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads((folder / "told.json").read_text("utf-8"))


def frames(media: str) -> list[np.ndarray]:
    with open_media(media) as reader:
        depth = reader.footage.depth
        return [to_unit(each, depth) for each in reader.frames(reader.footage.range)]


def test_what_is_rendered_has_the_alpha_of_the_file(came):
    folder, told = came
    takes = frames(told["take"]["media"])
    assert len(takes) == 3
    for frame, take in zip((11, 12, 13), takes, strict=True):
        [seen] = frames(str(folder / f"cut_{frame}.exr"))
        assert 0.01 < take[..., 3].mean() < 0.9, "there is something to cut out"
        assert np.abs(seen[..., 3] - take[..., 3]).max() <= 1.01 / 255


def test_the_matte_stands_where_its_plate_does(came):
    _, told = came
    assert (told["first"], told["placed"], told["take"]["range"]) == (5, "11-13", "5-7")
    assert told["shapes"] >= 1
    [[frame, name]] = told["marker"]
    assert (frame, name) == (11, "Second Unit · matte · take 1")
    said = sidecar.read(Path(told["take"]["sidecar"]))["job"]["values"]
    assert [(each["frame"], each["add"]) for each in said["points"]] == [(5, True), (5, False)]
    assert said["box"]["frame"] == 5


def test_a_guide_goes_to_the_engine_and_its_take_behind_the_camera(came):
    _, told = came
    guide = frames(told["guide"]["media"])
    assert [each.shape for each in guide] == [(96, 160, 3)] * 3
    assert guide[0].max() > 0.98
    assert guide[0].min() == 0
    assert np.ptp(guide[0], axis=2).max() < 1e-4, "it is grey"
    assert told["inputs"] == ["guide"]
    assert told["behind"] == ["cam · insert 1"]
    taken = frames(told["shot"]["media"])
    assert [each.shape[:2] for each in taken] == [(96, 160)] * 3
    story = sidecar.read(Path(told["shot"]["sidecar"]))
    assert "guide" in story["call_sheets"][0]["needs"]
    assert story["model"]["name"] == "tiny", "the model that comes along follows none"
