"""Frames scaled for people: small, even, of their shape."""

from __future__ import annotations

import pytest

from secondunit.media.shown import shown_size


@pytest.mark.parametrize(("size", "wanted"), [((1920, 1080), (640, 360)), ((320, 180), (320, 180)),
                                              ((1080, 1920), (360, 640)), ((321, 179), (320, 180)),
                                              ((4000, 3), (640, 2)), ((1, 1), (2, 2))])  # fmt: skip
def test_what_is_shown_is_small_even_and_of_its_shape(size, wanted):
    assert shown_size(*size, 640) == wanted
