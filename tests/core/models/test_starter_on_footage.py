"""What the starter does on footage: measured against the truth and against doing nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels, Unwatched, VideoModel
from secondunit_contract.frames import Rate

GREEN = np.array([16, 208, 32], dtype=np.float32) / 255
SIDE, FRAMES = 64, 9


def pictures(samples: Path, name: str) -> Pixels:
    """The middle of the rendered shot's frames 1 to 9, at 64x64, float32 0..1."""
    from PIL import Image

    whole = []
    for frame in range(1, FRAMES + 1):
        path = samples / "footage" / "plate_true_alpha" / f"{name}_{frame:04d}.png"
        with Image.open(path) as picture:
            left = (picture.width - picture.height) // 2
            square = picture.convert("L" if name == "alpha" else "RGB").crop(
                (left, 0, left + picture.height, picture.height)
            )
            small = square.resize((SIDE, SIDE), Image.Resampling.BOX)
            whole.append(np.asarray(small, dtype=np.float32) / 255)
    return np.stack(whole)


def shot(model: VideoModel, **told: Any) -> Pixels:
    sheet = CallSheet(SIDE, SIDE, FRAMES, Rate.of(24), **told)
    return np.concatenate([each.frames for each in model.shoot(sheet, Unwatched())])


def keyed(frames: Pixels) -> npt.NDArray[np.bool_]:
    """What is not green: a plain difference key."""
    red, green, blue = np.moveaxis(frames, -1, 0)
    return (green - np.maximum(red, blue)) < 0.5 * (GREEN[1] - GREEN[2])


def overlap(found: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Region similarity J (intersection over union), the mean over frames 2 to 9."""
    both = (found & truth)[1:].sum((1, 2))
    either = (found | truth)[1:].sum((1, 2))
    return float((both / np.maximum(either, 1)).mean())


def decibels(found: Pixels, truth: Pixels, where: npt.NDArray[np.bool_]) -> float:
    return float(-10 * np.log10(((found - truth)[where] ** 2).mean()))


@pytest.fixture(scope="module")
def plate(samples: Path) -> Pixels:
    return pictures(samples, "plate")


@pytest.fixture(scope="module")
def alpha(samples: Path) -> Pixels:
    alpha = pictures(samples, "alpha")
    assert 0.1 < alpha.mean() < 0.5, "the figure fills a part of the picture"
    return alpha


def test_a_subject_marked_on_one_frame_is_carried(
    starter: VideoModel, plate: Pixels, alpha: Pixels
) -> None:
    marked = plate[0] * alpha[0, ..., None] + GREEN * (1 - alpha[0, ..., None])
    paint = np.ones(alpha.shape, dtype=np.bool_)
    answer = shot(starter, plate=plate, paint=paint, keys={0: marked.astype(np.float32)})
    truth = alpha > 0.5
    everything = overlap(np.ones_like(truth), truth)
    assert overlap(keyed(answer), truth) > max(0.65, 1.9 * everything)
    assert overlap(keyed(plate), truth) < 0.65, "the plate itself does not key"


def test_a_hole_is_filled_nearer_to_the_truth_than_grey(
    starter: VideoModel, samples: Path, plate: Pixels, alpha: Pixels
) -> None:
    paint = alpha > 0.03
    holed = np.where(paint[..., None], np.float32(UNKNOWN), plate)
    truth = pictures(samples, "cleanplate")
    answer = shot(starter, plate=holed, paint=paint)
    assert decibels(answer, truth, paint) > decibels(holed, truth, paint) + 1.5
    assert decibels(answer, truth, ~paint) > 25


def test_low_strength_stays_near_the_footage(starter: VideoModel, plate: Pixels) -> None:
    everywhere = np.ones(plate.shape[:3], dtype=np.bool_)
    near, half, free = (
        decibels(shot(starter, plate=plate, strength=strength, steps=8), plate, everywhere)
        for strength in (0.25, 0.5, 1.0)
    )
    assert near > half + 2 > free + 4
