"""Flow between pictures in which things moved by more than their own size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from secondunit.callsheet import Pixels
from secondunit.motion.apart import ways_apart
from secondunit.motion.flow import Flow, Way, flow_between

HEIGHT, WIDTH = 64, 96

Step = tuple[int, int]


def grain(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Pixels:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(np.clip(0.5 + 2.5 * (soft - 0.5), 0, 1), np.float32)


def moved(across: int, down: int) -> tuple[Pixels, Pixels, tuple[slice, slice]]:
    """A thing of 14 pixels before a still ground, in two pictures; and where it is in the first."""
    thing = grain(2, 14, 14) * np.float32([1.0, 0.3, 0.2])
    first, last = grain(1), grain(1)
    here = slice(20, 34), slice(16, 30)
    first[here] = thing
    last[20 + down : 34 + down, 16 + across : 30 + across] = thing
    return first, last, here


def astray(flow: Flow, true: tuple[int, int]) -> float:
    """Pixels off, for the half of all places that does best."""
    return float(np.median(np.hypot(*(flow - np.float32(true)).reshape(-1, 2).T)))


COARSE = 4  # pixels off, by a copy of 24 to the shorter side
WAYS = [(30, 0), (40, 20), (0, 28), (52, -15)]


@pytest.mark.parametrize("way", WAYS)
def test_a_small_thing_is_found_again_far_away(way: tuple[int, int]) -> None:
    first, last, here = moved(*way)
    there = slice(20 + way[1], 34 + way[1]), slice(16 + way[0], 30 + way[0])
    *searched, patches = ways_apart(first, last)
    assert best(searched, 0, here, way) < 1
    assert best(searched, 1, there, (-way[0], -way[1])) < 1
    assert best([patches], 0, here, way) < COARSE
    assert best([patches], 1, there, (-way[0], -way[1])) < COARSE


def best(ways: list[Way], onwards_or_back: int, where: tuple[slice, slice], true: Step) -> float:
    return min(astray(way[onwards_or_back][where], true) for way in ways)


def test_what_has_no_shades_but_colours_is_found_again() -> None:
    """Its luma is the same all over: by brightness alone it goes astray."""
    ground = grain(1).mean(axis=2, keepdims=True).repeat(3, axis=2)
    first, last = (0.35 + 0.3 * ground for _ in range(2))
    reds = (grain(2, 14, 14)[..., 0] - 0.5) * 0.6
    thing = 0.5 + np.stack([reds, reds * (0.114 - 0.299) / 0.587, -reds], axis=2)
    first[20:34, 16:30], last[20:34, 36:50] = thing, thing
    here, way = (slice(22, 32), slice(18, 28)), (20, 0)
    *searched, patches = ways_apart(first, last)
    assert astray(flow_between(first, last, begin=patches[0])[here], way) > 3
    assert best(searched, 0, here, way) < 0.5


def test_a_search_from_coarse_to_fine_would_lose_it() -> None:
    """What the other test asks is not had for nothing."""
    first, last, here = moved(40, 20)
    assert astray(flow_between(first, last)[here], (40, 20)) > 10


def test_what_stands_beside_it_stands() -> None:
    for onwards, _ in ways_apart(*moved(40, 20)[:2]):
        ground = onwards[44:, :40]
        assert np.abs(ground).max() < 0.5


def test_a_thing_that_has_grown_is_found_again() -> None:
    first, last = grain(1), grain(1)
    thing = grain(2, 14, 14) * np.float32([1.0, 0.3, 0.2])
    first[20:34, 10:24] = thing
    last[10:38, 56:84] = cv2.resize(thing, (28, 28), interpolation=cv2.INTER_CUBIC)
    middle = slice(24, 30), slice(14, 20)
    assert best(ways_apart(first, last), 0, middle, (53, -3)) < 5  # it grows by up to 3 there


def test_the_same_picture_does_not_move() -> None:
    for way in ways_apart(grain(1), grain(1)):
        for flow in way:
            assert (flow == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 90), (15, 15)])
def test_pictures_too_small_to_be_measured_do_not_move(size: tuple[int, int]) -> None:
    for flow in every_flow(size):
        assert (flow == 0).all()


@pytest.mark.parametrize("size", [(16, 640), (640, 16), (97, 131)])
def test_odd_shapes_get_a_flow_of_their_own_size(size: tuple[int, int]) -> None:
    for flow in every_flow(size):
        assert np.isfinite(flow).all()


def every_flow(size: tuple[int, int]) -> list[Flow]:
    """Between two pictures of a size, both ways; as large as they are."""
    flows = [each for way in ways_apart(grain(1, *size), grain(2, *size)) for each in way]
    assert {each.shape for each in flows} == {(*size, 2)}
    return flows
