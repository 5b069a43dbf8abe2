"""Legs: every frame of a run lies on one, and each leg begins where the one before it ended."""

from itertools import pairwise

import pytest

from secondunit.stage.legs import legs
from secondunit_contract.frames import Span


@pytest.mark.parametrize("longest", [2, 3, 9, 33])
@pytest.mark.parametrize(
    ("frames", "total"), [(Span(1, 12), 12), (Span(0, 11), 12), (Span(3, 60), 70), (Span(5, 6), 9)]
)
def test_legs_lead_from_what_is_known_to_every_frame_once(frames, total, longest):
    sides = legs(frames, total, longest)
    on = [index for side in sides for leg in side for index in leg.frames]
    assert sorted(on) == list(range(frames.start, frames.stop))
    known = {frames.start - 1, frames.stop} & set(range(total))
    assert {side[0].home for side in sides} <= known
    for side in sides:
        way = [side[0].home, *(index for leg in side for index in leg.frames)]
        assert {abs(a - b) for a, b in pairwise(way)} == {1}
        assert all(len(leg.frames) < max(longest, 2) for leg in side)
        assert [leg.home for leg in side[1:]] == [leg.frames[-1] for leg in side[:-1]]


def test_from_both_sides_they_meet_in_the_middle():
    left, right = legs(Span(10, 20), 30, 33)
    assert left[0].home == 9
    assert right[0].home == 20
    assert (left[0].frames[-1], right[0].frames[-1]) == (14, 15)


def test_nothing_known_beside_it_is_no_leg():
    assert legs(Span(0, 12), 12, 9) == []
