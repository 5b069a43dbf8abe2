"""A clean-up at the plate's size has the detail that other frames saw behind what is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import pytest

from secondunit.bench.starter.unit import Unit
from secondunit.callsheet import Answer, CallSheet, ModelCard, Pixels, Watch
from secondunit.models import starter
from secondunit.stage.found import Mask

FRAMES, HEIGHT, WIDTH = 7, 288, 480
STEP = 12  # pixels of the plate that the camera goes to the right a frame


def ground() -> Pixels:
    """Much to see, coarse and fine."""
    chance = np.random.default_rng(5)
    wide = WIDTH + STEP * FRAMES
    coarse, fine = (
        cv2.GaussianBlur(chance.random((HEIGHT, wide, 3), np.float32), (0, 0), spread)
        for spread in (10, 1.2)
    )
    picture = 0.5 + 8 * (coarse - 0.5) + 0.8 * (fine - 0.5)
    return np.asarray(np.clip(picture, 0, 1), np.float32)


@pytest.fixture(scope="module")
def clean() -> Pixels:
    whole = ground()
    return np.stack([whole[:, STEP * at : STEP * at + WIDTH] for at in range(FRAMES)])


@pytest.fixture(scope="module")
def hole() -> Mask:
    """Something that walks through the frame from left to right."""
    mask = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    for at in range(FRAMES):
        mask[at, 90:210, 40 + 56 * at : 100 + 56 * at] = True
    return mask


@dataclass
class Small:
    """A model that knows what is behind, as small as it works."""

    clean: Pixels

    @property
    def card(self) -> ModelCard:
        (card,) = starter.cards()
        return replace(card, steps=1, reach=replace(card.reach, area=WIDTH * HEIGHT // 16))

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        size = sheet.width, sheet.height
        small = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in self.clean]
        small += small[-1:] * (sheet.frames - len(small))
        for take in range(len(sheet.seeds)):
            yield Answer(take, 0, np.stack(small))

    def provenance(self) -> dict[str, Any]:
        return {"model": "small"}


def cleaned(model: Small, plate: Pixels, hole: Mask, folder: Any) -> Pixels:
    unit = Unit.with_model(model, folder)
    inputs = {
        "plate": unit.filed("plate", plate),
        "matte": unit.filed("matte", np.repeat(hole[..., None], 3, 3).astype(np.float32)),
    }
    return unit.takes("cleanup", inputs, {"grow": 0, "feather": 0})[0]


def fineness(clip: Pixels, where: Mask) -> float:
    """How much of a clip is finer than its model's pixels."""
    fine = np.stack([frame - cv2.GaussianBlur(frame, (0, 0), 4) for frame in clip])
    return float(np.sqrt(np.square(fine[where]).mean()))


def wrong(clip: Pixels, truth: Pixels, where: Mask) -> float:
    return float(np.sqrt(np.square((clip - truth)[where]).mean()))


def through_a_small_model(clip: Pixels) -> Pixels:
    size = WIDTH // 4, HEIGHT // 4
    small = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in clip]
    back = [cv2.resize(each, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for each in small]
    return np.stack(back)


def test_the_detail_behind_comes_from_frames_that_saw_it(clean, hole, tmp_path):
    plate = np.where(hole[..., None], np.float32([0.9, 0.1, 0.1]), clean)
    take = cleaned(Small(clean), plate, hole, tmp_path)
    soft = through_a_small_model(clean)
    assert wrong(take, clean, hole) < 0.2 * wrong(soft, clean, hole)
    assert fineness(take, hole) > 0.95 * fineness(clean, hole)
    assert np.abs(take - plate)[~hole].max() <= 0.5 / 255 + 1e-6


def test_what_no_frame_saw_is_as_soft_as_the_answer(clean, hole, tmp_path):
    still, standing = np.repeat(clean[:1], FRAMES, 0), np.repeat(hole[3:4], FRAMES, 0)
    plate = np.where(standing[..., None], np.float32([0.9, 0.1, 0.1]), still)
    take = cleaned(Small(still), plate, standing, tmp_path)
    soft = through_a_small_model(still)
    assert wrong(take, soft, standing) < 0.5 * wrong(soft, still, standing)
    assert fineness(take, standing) < 0.7 * fineness(still, standing)
