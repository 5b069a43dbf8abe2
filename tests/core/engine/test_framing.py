"""Framing: a crop that goes with a small subject, and gives its matte back in place."""

import numpy as np
import pytest

from secondunit.callsheet import Size
from secondunit.engine.framing import Framing

PICTURE = Size(320, 180)


def matte(left, top, width=16, height=24):
    found = np.zeros((180, 320), np.float32)
    found[top : top + height, left : left + width] = 1
    return found


def test_every_frame_shows_the_subject_whole_and_larger():
    shown = range(5)
    found = {index: matte(40 + 30 * index, 60) for index in shown}
    framing = Framing.around(found, shown, PICTURE)
    assert framing.size.width * framing.size.height < 0.2 * 320 * 180
    for index in shown:
        assert framing.cut(index, found[index]).sum() == 16 * 24


def test_between_known_frames_it_goes_straight_and_beyond_them_on():
    found = {0: matte(20, 60), 4: matte(120, 60), 5: matte(145, 60)}
    framing = Framing.around(found, range(7), PICTURE)
    truth = {2: matte(70, 60), 6: matte(170, 60)}
    for index, each in truth.items():
        assert framing.cut(index, each).sum() == 16 * 24


@pytest.mark.parametrize(("left", "top"), [(0, 0), (304, 156)])
def test_at_the_pictures_edge_it_stays_inside(left, top):
    framing = Framing.around({0: matte(left, top)}, [0], PICTURE)
    cut = framing.cut(0, matte(left, top))
    assert cut.shape == (framing.size.height, framing.size.width)
    assert cut.sum() == 16 * 24
    assert np.array_equal(framing.put(0, cut), matte(left, top))


@pytest.mark.parametrize(
    "found", [{}, {0: np.zeros((180, 320), np.float32)}, {0: matte(20, 10, 280, 160)}]
)
def test_without_a_small_subject_all_of_the_picture_is_shown(found):
    framing = Framing.around(found, [0, 1], PICTURE)
    assert framing == Framing.whole(PICTURE, 2)
    picture = np.random.default_rng(1).random((180, 320, 3))
    assert np.array_equal(framing.cut(1, picture), picture)
    assert np.array_equal(framing.put(0, picture[..., 0]), picture[..., 0])
