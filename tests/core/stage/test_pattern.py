"""What repeats itself goes on where nobody knows; what does not, or a model knows, is left."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from secondunit.callsheet import Pixels
from secondunit.stage.pattern import PIECE, Layers, Mask, Pattern, gone_on

HEIGHT, WIDTH, SPREAD = 120, 180, 4.0
SIDE = round(PIECE * SPREAD)


@pytest.fixture
def known() -> Mask:
    """The middle of the picture."""
    middle = np.zeros((HEIGHT, WIDTH), bool)
    middle[20:-20, 30:-30] = True
    return middle


def wall() -> Pixels:
    """Bricks laid half over each other, each like the other, in light that falls off."""
    brick = np.full((12, 25, 3), (0.55, 0.3, 0.2), np.float32)
    brick[:2], brick[:, :2] = 0.8, 0.8
    rows = [np.roll(np.tile(brick, (1, 10, 1)), 12 * (at % 2), 1)[:, :WIDTH] for at in range(10)]
    light = np.linspace(1, 0.6, WIDTH, dtype=np.float32)[:, None]
    return np.concatenate(rows) * light


def pebbles(seed: int = 3) -> Pixels:
    """As coarse as the wall, and nowhere like itself."""
    chance = np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), np.float32)
    return np.asarray(np.clip(0.5 + 4 * (cv2.GaussianBlur(chance, (0, 0), 2) - 0.5), 0, 1))


def soft(picture: Pixels) -> Pixels:
    """As a small model answers: right on the whole."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 8), np.float32)


def went_on(truth: Pixels, answer: Pixels, known: Mask) -> Pixels:
    layers = Layers.of(truth * known[..., None], known, SPREAD)
    pattern = Pattern.of([layers.fine], known, SIDE)
    whole = np.where(known[..., None], truth, answer)
    return gone_on(whole, layers, known, pattern, SPREAD)


def wrong(picture: Pixels, truth: Pixels, where: Mask) -> float:
    return float(np.sqrt(np.square((picture - truth)[where]).mean()))


def test_bricks_go_on(known):
    truth = wall()
    made = went_on(truth, soft(truth), known)
    assert wrong(made, truth, ~known) < 0.6 * wrong(soft(truth), truth, ~known)


def test_and_past_their_own_light(known):
    """Detail is as bright as what it lies over: the dark end of the wall gets dark joints."""
    truth = wall()
    made = went_on(truth, soft(truth), known)
    dark = np.zeros_like(known)
    dark[:, -25:] = True
    assert made[dark].max() < 0.6
    assert wrong(made, truth, dark) < 0.7 * wrong(soft(truth), truth, dark)


@pytest.mark.parametrize("seed", range(3, 7))
def test_what_is_nowhere_alike_hardly_changes(known, seed):
    truth = pebbles(seed)
    made = went_on(truth, soft(truth), known)
    assert wrong(made, truth, ~known) < 1.02 * wrong(soft(truth), truth, ~known)
    assert wrong(made, soft(truth), ~known) < 0.3 * wrong(soft(truth), truth, ~known)


def test_a_letter_that_a_word_has_twice_is_not_written_again(known):
    """What lies at the edge is seen once more farther in, and that is all."""
    truth = pebbles()
    truth[:, 60:90] = truth[:, 30:60]
    made = went_on(truth, soft(truth), known)
    beside = np.zeros_like(known)
    beside[20:-20, :30] = True
    assert wrong(made, soft(truth), beside) < 0.1 * wrong(soft(truth), truth, beside)


def test_a_model_that_shows_detail_is_left_alone(known):
    """Be it right, or another wall."""
    truth = wall()
    for answer in (truth, np.roll(truth, (5, 9), (0, 1))):
        made = went_on(truth, answer, known)
        assert wrong(made, answer, ~known) < 0.1 * wrong(soft(truth), truth, ~known)


def test_so_is_one_that_shows_something_else(known):
    sky = np.full((HEIGHT, WIDTH, 3), (0.2, 0.5, 0.95), np.float32)
    made = went_on(wall(), sky, known)
    assert wrong(made, sky, ~known) < 0.02


def test_what_is_known_stays_the_same_bits(known):
    truth = wall()
    made = went_on(truth, soft(truth), known)
    assert np.array_equal(made[known], truth[known])


@pytest.mark.parametrize("middle", [0, 1, 10])
def test_too_little_is_known(middle):
    known = np.zeros((HEIGHT, WIDTH), bool)
    known[:middle, :middle] = True
    answer = soft(wall())
    whole = np.where(known[..., None], wall(), answer)
    assert np.array_equal(went_on(wall(), answer, known), whole)


def test_a_hole_in_the_middle(known):
    truth = wall()
    hole = np.zeros_like(known)
    hole[50:75, 80:110] = True
    made = went_on(truth, soft(truth), ~hole)
    assert wrong(made, truth, hole) < 0.6 * wrong(soft(truth), truth, hole)


def test_found_small_it_leads_as_far_in_the_large(known):
    small = Pattern.of([Layers.of(wall(), known, SPREAD).fine], known, SIDE)
    large = small.sized(2 * HEIGHT, 2 * WIDTH)
    truth = cv2.resize(wall(), (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    inside = np.repeat(np.repeat(known, 2, 0), 2, 1)
    answer = np.asarray(cv2.GaussianBlur(truth, (0, 0), 16))
    layers = Layers.of(truth, inside, 2 * SPREAD)
    made = gone_on(np.where(inside[..., None], truth, answer), layers, inside, large, 2 * SPREAD)
    assert wrong(made, truth, ~inside) < 0.7 * wrong(answer, truth, ~inside)
