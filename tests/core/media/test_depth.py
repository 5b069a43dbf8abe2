"""Values at their own depth, to light and back."""

from __future__ import annotations

import numpy as np
import pytest

from secondunit.media.depth import Depth, from_unit, to_unit


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_every_code_value_comes_back(bits: int) -> None:
    depth = Depth(bits)
    codes = np.arange(1 << bits, dtype=depth.dtype)
    light = to_unit(codes, depth)
    assert light.dtype == np.float32
    assert light[0] == 0
    assert light[-1] == 1
    assert np.array_equal(from_unit(light, depth), codes)
    assert from_unit(light, depth).dtype == depth.dtype


def test_whole_numbers_are_rounded_and_clipped() -> None:
    light = np.array([-1, 0.5 / 1023, 0.6 / 1023, 2, np.nan, np.inf, -np.inf], np.float32)
    assert from_unit(light, Depth(10)).tolist() == [0, 0, 1, 1023, 0, 1023, 0]


def test_every_half_value_comes_back() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    half = Depth(16, floating=True)
    back = from_unit(to_unit(halves, half), half)
    assert np.array_equal(back, halves, equal_nan=True)
    assert np.array_equal(np.signbit(back), np.signbit(halves))


def test_too_much_light_for_half_becomes_the_largest_half() -> None:
    light = np.array([1e9, -1e9, 65519, np.inf, np.nan], np.float32)
    back = from_unit(light, Depth(16, floating=True))
    assert back[:3].tolist() == [65504, -65504, 65504]
    assert np.isinf(back[3])
    assert np.isnan(back[4])


def test_light_is_an_array_of_its_own() -> None:
    frame = np.ones((2, 2, 3), np.float32)
    to_unit(frame, Depth(32, floating=True))[:] = 7
    assert frame.max() == 1
