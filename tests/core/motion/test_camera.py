"""How a camera moves is found from two frames, whatever else moves in them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from secondunit.callsheet import Pixels
from secondunit.motion.camera import STILL, Moves, camera_between, laid, part_of, reached

HEIGHT, WIDTH = 72, 96
EVERYTHING = np.ones((HEIGHT, WIDTH), bool)


def grain(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(np.clip(0.5 + 2.5 * (soft - 0.5), 0, 1), np.float32)


def turned(degrees: float, zoom: float, across: float, down: float) -> Moves:
    turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, zoom)
    turn[:, 2] += across, down
    return np.vstack([turn, [0, 0, 1]])


def astray(found: Moves, true: Moves) -> float:
    """Pixels that a corner is off, at most."""
    corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [0, HEIGHT, 1], [WIDTH, HEIGHT, 1]], float)
    return float(np.abs(corners @ (found - true).T).max())


PATHS = [turned(0, 1, 3, -2), turned(2, 1, 0, 0), turned(0, 1.05, 1, 0), turned(-1, 0.97, -2, 2)]


@pytest.mark.parametrize("true", PATHS)
def test_pan_turn_and_zoom_are_found(true: Moves) -> None:
    here = grain(1)
    there = cv2.warpAffine(here, true[:2], (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    assert astray(camera_between(here, there, EVERYTHING, EVERYTHING), true) < 0.8


def test_somebody_who_walks_does_not_move_the_camera() -> None:
    here, coat, true = grain(1), grain(2, 40, 24), turned(0, 1, 2, 0)
    there = cv2.warpAffine(here, true[:2], (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    here[20:60, 30:54], there[20:60, 24:48] = coat, coat
    assert astray(camera_between(here, there, EVERYTHING, EVERYTHING), true) < 0.8


def test_what_is_not_known_says_nothing() -> None:
    here, true = grain(1), turned(0, 1, 2, 1)
    there = cv2.warpAffine(here, true[:2], (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    known = EVERYTHING.copy()
    known[:, :30] = known[:, -30:] = False
    here[~known] = there[~known] = 0.5  # stands, and is more than half of the picture
    assert astray(camera_between(here, there, known, known), true) < 2


def test_a_camera_that_stands_is_still_to_the_bit() -> None:
    here = grain(1)
    assert camera_between(here, here.copy(), EVERYTHING, EVERYTHING) is STILL
    grainy = here + np.random.default_rng(3).normal(0, 0.004, here.shape).astype(np.float32)
    assert astray(camera_between(here, grainy, EVERYTHING, EVERYTHING), STILL) < 0.2


@pytest.mark.parametrize("known", [0, 3])
def test_where_little_is_known_it_stands(known: int) -> None:
    sure = np.zeros((HEIGHT, WIDTH), bool)
    sure[:known, :known] = True
    assert camera_between(grain(1), grain(2), sure, sure) is STILL
    tiny = np.ones((9, 9), bool)
    assert camera_between(grain(1, 9, 9), grain(2, 9, 9), tiny, tiny) is STILL


def test_half_a_motion_twice_is_all_of_it() -> None:
    true = turned(8, 1.1, 5, -3)
    half = part_of(true, 0.5)
    assert astray(half @ half, true) < 1e-6
    assert astray(part_of(true, 0), STILL) < 1e-9
    assert part_of(STILL, 0.3) is STILL


def test_a_picture_is_laid_where_it_goes_and_what_comes_from_beyond_is_unknown() -> None:
    picture = grain(1)
    moved, seen = laid(picture, EVERYTHING, turned(0, 1, 10, 0))
    assert not seen[:, :9].any()
    assert seen[:, 10:].all()
    assert np.abs(moved[:, 10:] - picture[:, :-10]).max() < 1e-5


@pytest.mark.parametrize("moves", [STILL, *PATHS])
def test_where_a_picture_gets_to_is_where_it_is_laid(moves: Moves) -> None:
    known = grain(3)[..., 0] > 0.4
    assert (reached(known, moves) == laid(grain(1), known, moves)[1]).all()
