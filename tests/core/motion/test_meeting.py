"""Two pictures moved towards each other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from secondunit.callsheet import Pixels
from secondunit.motion.flow import Way
from secondunit.motion.meeting import met

HEIGHT, WIDTH = 48, 80
FAR = 40


def grain(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(np.clip(0.5 + 2.5 * (soft - 0.5), 0, 1), np.float32)


def scene(across: int) -> Pixels:
    """A thing so far across a still ground."""
    picture = grain(1)
    picture[16:32, 10 + across : 26 + across] = grain(2, 16, 16)
    return picture


def way() -> Way:
    """The true ones from `scene(0)` to `scene(FAR)`, and back."""
    onwards, back = (np.zeros((HEIGHT, WIDTH, 2), np.float32) for _ in range(2))
    onwards[16:32, 10:26, 0] = FAR
    back[16:32, 10 + FAR : 26 + FAR, 0] = -FAR
    return onwards, back


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_thing_is_as_far_on_its_way_as_the_time_is(share: float) -> None:
    picture, _ = met(scene(0), scene(FAR), [way()], share)
    truth = scene(round(FAR * share))
    faded = scene(0) * (1 - share) + scene(FAR) * share
    assert np.abs(picture - truth).mean() < 0.15 * np.abs(faded - truth).mean()


def test_at_both_ends_it_is_what_is_there() -> None:
    for share, truth in ((0.0, scene(0)), (1.0, scene(FAR))):
        picture, _ = met(scene(0), scene(FAR), [way()], share)
        assert np.abs(picture - truth).max() < 1e-4


def test_ground_that_only_one_of_them_sees_is_that_ones() -> None:
    picture, _ = met(scene(0), scene(FAR), [way()], 0.5)
    left_behind = (slice(18, 30), slice(12, 24))  # the thing hides it at first
    assert np.abs(picture[left_behind] - grain(1)[left_behind]).mean() < 0.01


def test_it_says_where_the_two_do_not_agree() -> None:
    other = scene(FAR)
    other[40:, :10] = 1 - other[40:, :10]
    _, apart = met(scene(0), other, [way()], 0.5)
    assert apart[42:, 2:8].min() > 0.1
    assert apart[2:12].max() < 1e-3


def test_a_share_may_differ_from_place_to_place() -> None:
    share = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    share[:, 40:] = 1
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    picture, _ = met(grain(1), grain(3), [(still, still)], share)
    assert np.abs(picture[:, :40] - grain(1)[:, :40]).max() < 1e-5
    assert np.abs(picture[:, 40:] - grain(3)[:, 40:]).max() < 1e-5


def test_where_none_arrive_they_are_faded() -> None:
    away = np.full((HEIGHT, WIDTH, 2), 4.0 * WIDTH, np.float32)
    picture, apart = met(grain(1), grain(3), [(away, -away)], 0.5)
    assert np.abs(picture - (grain(1) + grain(3)) / 2).max() < 1e-5
    assert np.abs(apart - np.abs(grain(1) - grain(3)).mean(axis=2)).max() < 1e-5


def test_of_two_ways_the_one_on_which_both_agree_counts() -> None:
    astray = tuple(flow * np.float32(0.9) for flow in way())
    truth, inside = scene(FAR // 2), (slice(18, 30), slice(34, 42))
    alone, wrong, both = (
        np.abs(met(scene(0), scene(FAR), ways, 0.5)[0] - truth)[inside].mean()
        for ways in ([way()], [astray], [astray, way()])
    )
    assert alone < both < 0.3 * wrong
