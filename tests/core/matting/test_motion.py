import cv2
import numpy as np
import pytest

from secondunit.matting.motion import (
    Beside,
    Crop,
    against_background,
    in_crop,
    moved,
    scaled_by,
    unlike_background,
)


def grain(seed, height, width):
    """A picture with something to follow in it everywhere."""
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    return np.clip(0.5 + 2.5 * (cv2.GaussianBlur(noise, (0, 0), 2) - 0.5), 0, 1)


SET, COAT = grain(1, 140, 240), grain(2, 40, 30)


def frame(step):
    """A camera that pans 3 pixels a frame, and somebody who walks 4 pixels a frame against it."""
    picture = SET[10:130, 30 + 3 * step : 190 + 3 * step].copy()
    left = 60 + 4 * step
    picture[40:80, left : left + 30] = COAT
    return picture


WALKER = np.zeros((120, 160), bool)
WALKER[40:80, 60:90] = True
AWAY = 7  # pixels a frame against the set


@pytest.mark.parametrize("step", [-1, 1])
def test_the_walker_moves_against_the_set_and_the_set_does_not(step):
    told = moved(frame(0), Beside(step, frame(step)))
    assert told.offset == step
    assert np.median(told.away[WALKER]) == pytest.approx(AWAY, abs=0.7)
    assert np.median(told.away[~WALKER]) < 0.3


def test_what_one_frame_hides_the_other_shows():
    both = against_background(frame(0), [frame(-1), frame(1)])
    one = against_background(frame(0), [frame(1)])
    near = cv2.dilate(np.uint8(WALKER), np.ones((25, 25))) > 0
    assert (both[near & ~WALKER] > 3).sum() <= (one[near & ~WALKER] > 3).sum()
    assert against_background(frame(0), []).max() == 0


def test_a_picture_too_small_to_measure_does_not_move():
    assert moved(SET[:9, :9], Beside(1, SET[:9, 1:10])) is None
    assert against_background(SET[:9, :9], [SET[:9, 1:10]]).max() == 0


def beside(scale=1.0):
    told = []
    for step in (-4, -3, 3, 4):
        found = moved(frame(0), Beside(step, frame(step)))
        told.append((scaled_by(frame(step), scale), found.background))
    return told


def test_only_the_walker_is_unlike_the_set():
    unlike = unlike_background(frame(0), beside())
    inner = cv2.erode(np.uint8(WALKER), np.ones((5, 5))) > 0
    assert (unlike[inner] > 0.03).mean() > 0.6
    assert (unlike[~WALKER] > 0.03).mean() < 0.01


def test_one_frame_alone_is_not_believed():
    assert unlike_background(frame(0), beside()[:1]).max() == 0


def test_a_crop_sees_the_same_as_the_whole():
    crop = Crop(40, 24, 120, 96, 1.0)
    whole = unlike_background(frame(0), beside())[24:96, 40:120]
    part = unlike_background(
        crop.of(frame(0)), [(seen, in_crop(motion, 1.0, crop)) for seen, motion in beside()]
    )
    assert np.abs(part - whole).mean() < 0.004
    assert whole.mean() > 0.02
