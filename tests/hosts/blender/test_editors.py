"""Mattes come into the compositor: what is cut there is what the engine made, to the pixel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from secondunit.matting.splines import Splines, rasterised
from secondunit.matting.trace import traced
from secondunit.media.read import open_media
from secondunit_contract.frames import FrameRange, Rate

HERE = Path(__file__).parent
WIDTH, HEIGHT = 160, 90
FRAMES = FrameRange(1001, 1016)


@dataclass
class Attached:
    """A matte as it was made, and as Blender has rendered it: by its file and by its shapes."""

    alphas: list[np.ndarray]
    splines: Splines
    told: dict[str, Any]
    by_file: list[np.ndarray]
    by_shapes: list[np.ndarray]


def ring(frame: int) -> np.ndarray:
    """A soft ring that goes over the picture and grows, its hole as well; late a ball joins it."""
    fine = np.zeros((HEIGHT * 4, WIDTH * 4), np.float32)
    at = 45 + 4.5 * frame + 3 * np.sin(frame)
    centre = (round(4 * at), round(4 * (42 + 6 * np.cos(frame / 3))))
    axes = (4 * (26 + frame // 2), 4 * (24 + frame // 3))
    cv2.ellipse(fine, centre, axes, 9 * frame, 0, 360, 1, -1, cv2.LINE_AA)
    cv2.ellipse(fine, centre, (4 * 11, 4 * (8 + frame // 4)), 0, 0, 360, 0, -1, cv2.LINE_AA)
    if frame >= 6:
        cv2.circle(fine, (4 * 22, 4 * 68), 4 * 11, 1, -1, cv2.LINE_AA)
    small = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), 0.8)


@pytest.fixture(scope="module")
def attached(bpy_python, tmp_path_factory) -> Attached:
    folder = tmp_path_factory.mktemp(f"matte-{bpy_python.version} ä")
    alphas = [ring(index) for index in range(len(FRAMES))]
    for kind, last in (("plate", 3), ("take", 4)):
        for frame, alpha in zip(FRAMES, alphas, strict=True):
            picture = np.dstack([np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), alpha])[..., :last]
            path = folder / f"{kind}.{frame}.png"
            path.write_bytes(cv2.imencode(".png", np.round(picture * 65535).astype(np.uint16))[1])
    splines = traced(iter(alphas), FRAMES.first, Rate.of(24), tolerance=0.5, straight=0.5)
    beside = folder / "take.splines.json"
    beside.write_text(json.dumps(splines.to_json()), "utf-8")
    said = {"plate": str(folder / f"plate.{FRAMES.first}.png"), "first": 101, "last": 116,
            "take": str(folder / "take.####.png"), "splines": str(beside)}  # fmt: skip
    (folder / "told.json").write_text(json.dumps(said), "utf-8")
    done = bpy_python.run(
        HERE / "attach_matte.py", folder, BLENDER_USER_RESOURCES=str(folder / "b")
    )
    assert done.returncode == 0, done.stderr[-3000:]

    def seen(name: str) -> list[np.ndarray]:
        return [alpha_of(folder / f"{name}_{frame}.exr") for frame in range(101, 117)]

    told = json.loads((folder / "out.json").read_text("utf-8"))
    return Attached(alphas, splines, told, seen("file"), seen("shapes"))


def alpha_of(path: Path) -> np.ndarray:
    with open_media(str(path)) as reader:
        return np.asarray(reader.frame(0)[..., 3], np.float32)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())


def test_the_plate_is_cut_by_the_alpha_of_the_file(attached):
    for alpha, seen in zip(attached.alphas, attached.by_file, strict=True):
        assert np.abs(alpha - seen).max() < 2e-5


def test_the_artist_finds_things_as_they_were(attached):
    assert attached.told["placed"] == "101-116"
    assert attached.told["stayed"]
    assert attached.told["editor"] == "TRACKING"
    assert attached.told["layers"] == [each.name for each in attached.splines.shapes]
    assert any(each.hole for each in attached.splines.shapes)


def test_the_shapes_are_exact_on_every_frame(attached):
    """Against what the engine itself draws of them, and against the matte they were traced of.

    The shapes have keys on different frames, and Blender gives a key to all layers at once.
    """
    keys = {each.keys for each in attached.splines.shapes}
    assert len(keys) > 1
    assert all(len(each) < len(FRAMES) for each in keys)
    for index, frame in enumerate(FRAMES):
        seen, drawn = attached.by_shapes[index], rasterised(attached.splines, frame)
        assert overlap(seen, drawn) > 0.96, frame
        assert overlap(seen, attached.alphas[index]) > 0.95, frame
        assert np.abs(seen - drawn).mean() < 0.008, frame
        assert abs(seen.sum() / drawn.sum() - 1) < 0.02, frame


def test_no_frame_shows_its_neighbours_shapes(attached):
    """A key that comes a frame late shows here at once."""
    for index in range(1, len(FRAMES) - 1):
        seen = attached.by_shapes[index]
        apart = [np.abs(seen - rasterised(attached.splines, FRAMES.first + k)).mean()
                 for k in (index - 1, index, index + 1)]  # fmt: skip
        assert apart[1] < 0.35 * min(apart[0], apart[2]), (index, apart)
