"""From a cut in Blender to the engine and back: what is seen in the end is the take."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from secondunit.ledger import sidecar
from secondunit.media.read import open_media

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def came(bpy_python, data, plate, tmp_path_factory):
    """The folder of a journey, and what it tells."""
    folder = tmp_path_factory.mktemp(f"journey {bpy_python.version} 漢")
    done = bpy_python.run(
        HERE / "inside_journey.py", folder, plate, SECONDUNIT_DATA=str(data),
        BLENDER_USER_RESOURCES=str(folder / "blender"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads((folder / "told.json").read_text("utf-8"))


def seen(folder: Path, name: str) -> list[np.ndarray]:
    """(height, width, 3), 0 to 1, of each frame that was rendered, in their order."""
    files = sorted((folder / "seen").glob(f"{name}.*.png"))
    return [np.asarray(Image.open(each), np.float32)[..., :3] / 255 for each in files]


def frames(media: str) -> list[np.ndarray]:
    """The same of a take."""
    with open_media(media) as reader:
        told = [np.asarray(each)[..., :3] for each in reader.frames(reader.footage.range)]
    return [np.float32(each) / (255 if each.dtype == np.uint8 else 1) for each in told]


def screen(linear: np.ndarray) -> np.ndarray:
    """Linear light as a screen shows it: IEC 61966-2-1."""
    light = np.clip(linear, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def furthest(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """The greatest difference between two runs of frames, in steps of eight bits."""
    assert len(one) == len(other)
    assert one
    return 255 * max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def test_the_gap_and_its_neighbours_were_right(came):
    _, told = came
    assert told["selected"] == "Gap between a and b · 7–10 · 4 f"
    before, after = told["inputs"]["before"], told["inputs"]["after"]
    assert (Path(before["media"]).name, before["range"]) == ("a.mov", "0-5")
    assert (Path(after["media"]).name, after["range"]) == ("b.mov", "5-8")


def test_the_take_is_what_is_seen(came):
    folder, told = came
    one, two = (frames(each["media"]) for each in told["takes"][:2])
    assert furthest(seen(folder, "one")[6:10], one) <= 1
    assert furthest(seen(folder, "two"), two) <= 1
    assert furthest(one, two) > 4, "the takes are not the same"
    assert told["flipped"] == ["7-10", 4]


def test_nothing_beside_it_has_changed(came):
    folder, _ = came
    before, after = seen(folder, "before"), seen(folder, "one")
    assert furthest(before[:6] + before[10:], after[:6] + after[10:]) == 0
    nothing = [np.zeros_like(before[0])] * 4
    assert furthest(before[6:10], nothing) < 1.01, "black, or what Blender dithers it to"


def test_the_strip_says_how_it_was_made(came):
    _, told = came
    assert told["strip"] == ["7-10", 2, "MOVIE"]
    says, take = told["says"], told["takes"][0]
    assert (says["secondunit_job"], says["secondunit_take"]) == (take["job"], 1)
    assert (says["secondunit_seed"], says["secondunit_task"]) == ("7", "insert")
    job = sidecar.read(Path(says["secondunit_sidecar"]))["job"]
    assert (job["seed"], job["values"]["prompt"], job["steps"]) == (7, "a ball", 1)
    assert told["marker"] == [[7, "Second Unit · insert · take 1: a ball"]]
    assert "gap · insert" not in told["undone"], "placing it was one step"
    assert len(told["undone"]) == 3


def test_a_plate_that_had_to_be_rendered_comes_back_longer(came):
    folder, told = came
    assert told["rendered"] == "It runs backwards"
    assert told["longer"] == ["41-45", "IMAGE", "Linear Rec.709"]
    take = [screen(each) for each in frames(told["takes"][2]["media"])]
    assert furthest(seen(folder, "longer"), take) <= 1.5
    assert furthest(seen(folder, "plate"), seen(folder, "longer")[:4]) <= 1.5, "the plate is kept"


def test_blender_left_in_the_middle_of_a_job_finds_its_take_later(
    bpy_python, data, plate, tmp_path_factory
):
    folder = tmp_path_factory.mktemp(f"left {bpy_python.version} ä")
    told = []
    for half in ("left", "returned"):
        done = bpy_python.run(
            HERE / "inside_journey.py", folder, plate, half, SECONDUNIT_DATA=str(data),
            BLENDER_USER_RESOURCES=str(folder / "blender"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        told.append(json.loads((folder / "told.json").read_text("utf-8")))
    before, after = told
    assert (before["selected"], before["takes"]) == ("Gap between a and b · 7–10 · 4 f", 0)
    assert (after["placed"], after["seed"]) == ("7-10", 7)
    assert len(after["names"]) == 3
