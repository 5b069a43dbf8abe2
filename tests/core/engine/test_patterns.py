"""More frame around a wall has the wall's bricks, whatever a small model leaves out of them."""

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

HEIGHT, WIDTH = 216, 384
DOWN, ACROSS = 36, 64  # pixels beyond the plate on each side
BEYOND = np.ones((HEIGHT, WIDTH), bool)
BEYOND[DOWN:-DOWN, ACROSS:-ACROSS] = False


def wall(frames: int, step: int) -> Pixels:
    """A brick wall that the camera goes along, so many pixels a frame."""
    brick = np.full((24, 48, 3), (0.5, 0.3, 0.2), np.float32)
    brick[:4], brick[:, :4] = 0.75, 0.75
    wide = 48 * 40
    rows = [np.roll(np.tile(brick, (1, 40, 1)), 24 * (at % 2), 1) for at in range(9)]
    whole = cv2.GaussianBlur(np.concatenate(rows), (0, 0), 0.8)
    assert frames * step + WIDTH <= wide
    return np.stack([whole[:HEIGHT, step * at : step * at + WIDTH] for at in range(frames)])


@dataclass
class Soft:
    """A model that knows the whole of it, and none of its bricks."""

    colour: Pixels

    @property
    def card(self) -> ModelCard:
        (card,) = starter.cards()
        return replace(card, steps=1, reach=replace(card.reach, area=WIDTH * HEIGHT // 16))

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        flat = np.broadcast_to(self.colour, (sheet.frames, sheet.height, sheet.width, 3))
        for take in range(len(sheet.seeds)):
            yield Answer(take, 0, np.array(flat, np.float32))

    def provenance(self) -> dict[str, Any]:
        return {"model": "soft"}


def extended(truth: Pixels, folder: Any) -> Pixels:
    unit = Unit.with_model(Soft(truth.mean((0, 1, 2))), folder)
    plate = unit.filed("plate", truth[:, DOWN:-DOWN, ACROSS:-ACROSS])
    values = {"width": WIDTH, "height": HEIGHT}
    return unit.takes("extend", {"plate": plate}, values)[0]


def wrong(clip: Pixels, truth: Pixels) -> float:
    return float(np.sqrt(np.square((clip - truth)[:, BEYOND]).mean()))


@pytest.mark.parametrize("step", [0, 5])
def test_a_wider_frame_has_the_bricks_of_its_wall(step, tmp_path):
    truth = wall(7, step)
    take = extended(truth, tmp_path)
    flat = np.broadcast_to(truth.mean((0, 1, 2)), truth.shape)
    assert wrong(take, truth) < 0.7 * wrong(flat, truth)
    assert np.abs(take - truth)[:, ~BEYOND].max() <= 0.5 / 255 + 1e-6


def test_nothing_jumps_where_a_long_shot_is_searched_anew(tmp_path):
    truth = wall(60, 0)
    take = extended(truth, tmp_path)
    flat = np.broadcast_to(truth.mean((0, 1, 2)), truth.shape)
    assert wrong(take, truth) < 0.7 * wrong(flat, truth)
    assert np.abs(np.diff(take, axis=0)).max() < 0.05
