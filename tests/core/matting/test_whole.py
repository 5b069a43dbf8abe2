"""Whole: which holes are closed and which gaps stay, and which lines at a border are blank."""

import numpy as np
import pytest

from secondunit.matting import whole

SIZE = (120, 200)
NEAR, CLEAR = 0.1, 0.01  # how much what the subject wears varies along the screen's hue


def closed(alpha, varied):
    import torch

    return whole.closed(torch.from_numpy(alpha), torch.full(alpha.shape, varied)).numpy()


def unlined(alpha):
    import torch

    return whole.unlined(torch.from_numpy(alpha.copy())).numpy()


def subject(hole=1.0, radius=2.0, at=(60, 100)):
    """A disc with a soft edge and a soft hole in it."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = np.clip(45 - np.hypot(y - 60, x - 100), 0, 5) / 5
    dip = np.clip(radius + 0.5 - np.hypot(y - at[0], x - at[1]), 0, 1)
    return (disc * (1 - dip * (1 - hole))).astype("f4")


@pytest.mark.parametrize("hole", [0.75, 0.85, 0.93])
def test_a_small_shallow_hole_in_cloth_near_the_screens_hue_is_closed(hole):
    after = closed(subject(hole), NEAR)
    assert (after[59:62, 99:102] == 1).all()
    assert np.allclose(after, subject(), atol=0.05)


@pytest.mark.parametrize(
    ("alpha", "varied"),
    [
        (subject(0.0), NEAR),  # the crook of an arm: the screen itself
        (subject(0.4), NEAR),  # deeper than the cloth's own colours explain
        (subject(0.75, radius=12), NEAR),  # as large as glass
        (subject(0.75), CLEAR),  # hair clear of the screen's hue
        (subject(0.75, at=(60, 58)), NEAR),  # open to the screen at the edge
        (subject(), NEAR),
    ],
    ids=["gap", "deep", "large", "hair", "open", "whole"],
)
def test_what_is_no_such_hole_stays_as_it_is(alpha, varied):
    assert np.array_equal(closed(alpha, varied), alpha)


def test_a_hole_in_a_rim_that_is_not_whole_becomes_no_more_than_its_rim():
    alpha = subject(0.8) * np.float32(0.92)
    after = closed(alpha, NEAR)
    assert after[60, 100] == pytest.approx(0.9, abs=0.03)
    assert np.array_equal(after[alpha >= 0.92], alpha[alpha >= 0.92])


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
def test_a_long_line_before_the_screen_goes_and_a_short_one_stays(side):
    turn = {"top": 0, "left": 1, "bottom": 2, "right": 3}[side]
    upright = np.zeros((200, 200), "f4")
    upright[30:, 80:120] = 1
    lined, short = upright.copy(), upright.copy()
    lined[0], lined[1] = 1, 0.1  # and the ringing beside it
    short[:2, 10:60] = 1
    lined, short, upright = (np.rot90(each, turn) for each in (lined, short, upright))
    assert np.array_equal(unlined(lined), upright)
    assert np.array_equal(unlined(short), short)


def test_a_subject_that_fills_the_border_is_no_line():
    full = np.ones(SIZE, "f4")
    full[40:80, 60:140] = 0
    assert np.array_equal(unlined(full), full)
    assert np.array_equal(unlined(np.ones((5, 5), "f4")), np.ones((5, 5), "f4"))
