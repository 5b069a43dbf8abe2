import numpy as np
import pytest

from secondunit.matting.trimap import clamped, opened
from secondunit_contract.problem import SizeUnfit


def ramp(width=16.0, size=(40, 120)):
    """A hint that falls from 1 to 0 over so many pixels about the middle."""
    x = np.arange(size[1]) + 0.5 - size[1] / 2
    return np.tile(np.clip(0.5 - x / width, 0, 1).astype(np.float32), (size[0], 1))


def open_columns(trimap):
    return int((trimap[20] == 0.5).sum())


def test_the_noise_of_a_hint_is_taken_off():
    assert np.array_equal(clamped(np.array([[0.1, 0.5, 0.9]])), np.float32([[0, 0.5, 1]]))


def test_inside_outside_and_an_open_band_of_about_a_token():
    trimap = opened(ramp(), None, 16)
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    assert (trimap[:, :40] == 1).all()
    assert (trimap[:, 80:] == 0).all()
    assert 16 <= open_columns(trimap) <= 20


def test_disagreement_and_motion_widen_the_band():
    plain = open_columns(opened(ramp(), None, 16))
    doubted = open_columns(opened(ramp(), np.full((40, 120), 0.5, np.float32), 16))
    moved = open_columns(opened(ramp(), None, 16, 40.0))
    assert doubted - plain == pytest.approx(2 * 0.5 * 16, abs=2)
    assert moved - plain == pytest.approx(2 * 40 / 4, abs=2)


def test_motion_can_differ_from_place_to_place():
    motion = np.zeros((40, 120), np.float32)
    motion[20:] = 40
    trimap = opened(ramp(), None, 16, motion)
    assert (trimap[39] == 0.5).sum() > (trimap[0] == 0.5).sum()


@pytest.mark.parametrize("level", [0.0, 0.1, 0.95, 1.0])
def test_a_hint_with_no_edge_leaves_nothing_open(level):
    trimap = opened(np.full((9, 9), level, np.float32), None, 16)
    assert (trimap == round(level)).all()


def test_what_is_no_number_is_open_and_nothing_else_is():
    hint = np.zeros((60, 60), np.float32)
    hint[30, 30] = np.nan
    trimap = opened(hint, None, 4)
    assert trimap[30, 30] == 0.5
    assert (trimap[:20] == 0).all()


def test_planes_of_another_size_are_refused():
    with pytest.raises(SizeUnfit):
        opened(ramp(), np.zeros((3, 3), np.float32), 16)
