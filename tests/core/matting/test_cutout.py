"""Cutouts: what an artist does to an alpha, and what the artist's mattes say of it."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from secondunit.matting.cutout import Finish, Seen, grown, held, told_apart


def disc(radius, soft=1.5, size=96):
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return gaussian_filter((np.hypot(x, y) < radius).astype(np.float32), soft)


@pytest.mark.parametrize("pixels", [-4.0, -1.5, 0.5, 2.0, 5.25])
def test_an_edge_goes_out_by_parts_of_a_pixel_too(pixels):
    before, after = (np.sqrt(each.sum() / np.pi) for each in (disc(25), grown(disc(25), pixels)))
    assert after - before == pytest.approx(pixels, abs=0.35)


def test_clips_leave_exact_ends_and_nothing_else_changes_unasked():
    alpha = disc(25, 4)
    assert np.array_equal(Finish().of(alpha), alpha)
    clipped = Finish(black=0.2, white=0.8).of(alpha)
    assert (clipped[alpha <= 0.2] == 0).all()
    assert (clipped[alpha >= 0.8] == 1).all()
    assert ((clipped > 0) & (clipped < 1)).any()


def test_softening_keeps_the_core_whole():
    soft = Finish(soften=4).of((disc(25, 0.1) > 0.5).astype(np.float32))
    assert soft[48, 48] == 1
    assert soft[0, 0] == 0
    assert ((soft > 0.1) & (soft < 0.9)).sum() > 100


def test_garbage_is_out_holdout_in_and_a_frame_that_is_given_stays():
    picture = np.zeros((96, 96, 3), np.float32)
    left = np.zeros((96, 96), np.float32)
    left[:, :48] = 1
    alpha = disc(25)
    out = held(alpha, Seen(picture, picture, garbage=left))
    assert out[:, :48].max() == 0
    assert np.array_equal(out[:, 48:], alpha[:, 48:])
    assert held(alpha, Seen(picture, picture, holdout=left))[:, :48].min() == 1
    given = disc(10)
    assert np.array_equal(held(alpha, Seen(picture, picture, given=given, garbage=left)), given)


def test_the_layers_tell_core_edge_and_doubt_apart():
    picture = np.zeros((96, 96, 3), np.float32)
    alpha = np.round(disc(25), 2)
    spread = np.where(alpha > 0.5, 0.25, 0).astype(np.float32)
    layers = told_apart(alpha, Seen(picture, picture, hint=alpha, spread=spread, sureness=0.8))
    assert np.array_equal(layers["core"] == 1, alpha == 1)
    assert not (layers["core"] * layers["edge"]).any()
    assert layers["edge"].sum() == ((alpha > 0) & (alpha < 1)).sum()
    assert layers["confidence"][0, 0] == pytest.approx(0.8)
    assert layers["confidence"][48, 48] == pytest.approx(0.4)
