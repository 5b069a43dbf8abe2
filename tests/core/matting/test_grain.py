"""Grain: measured, and taken off a picture before it is looked at for a matte."""

import numpy as np
import pytest
from PIL import Image

from secondunit.matting.edge import refined
from secondunit.matting.grain import grain, ungrained

TOKEN = 16


def grainy(picture, strength, seed=0):
    noise = np.random.default_rng(seed).normal(0, strength, picture.shape)
    return (picture + noise).clip(0, 1).astype(np.float32)


def hair(samples):
    """A frame with hair before bricks, and its true alpha."""
    folder = samples / "footage/plate_true_alpha"
    picture = np.asarray(Image.open(folder / "plate_0007.png").convert("RGB"), np.float32) / 255
    alpha = np.asarray(Image.open(folder / "alpha_0007.png").convert("L"), np.float32) / 255
    return picture, alpha


@pytest.mark.parametrize("strength", [0.01, 0.03, 0.08])
def test_grain_is_measured_on_flat_colour_and_over_a_picture(samples, strength):
    flat = np.full((90, 120, 3), 0.5, np.float32)
    assert grain(grainy(flat, strength)) == pytest.approx(strength, rel=0.1)
    picture, _ = hair(samples)
    own = grain(picture)
    assert own < 0.008
    assert grain(grainy(picture, strength)) == pytest.approx(np.hypot(strength, own), rel=0.25)


def test_a_picture_without_grain_stays_as_it_is():
    across = np.linspace(0, 1, 64, dtype=np.float32)
    slope = np.repeat(np.repeat(across[None, :, None], 48, 0), 3, 2)
    assert grain(slope) < 1 / 255
    assert ungrained(slope) is slope


def test_grain_goes_and_an_edge_stays():
    picture = np.full((60, 60, 3), 0.3, np.float32)
    picture[:, 30:] = 0.6
    seen = grainy(picture, 0.03)
    clean = ungrained(seen)
    inner = np.abs(np.arange(60) - 29.5) > 3
    assert (clean - picture)[:, inner].std() < 0.6 * (seen - picture)[:, inner].std()
    assert ((clean.mean(2) > 0.45) == (picture.mean(2) > 0.45)).mean() > 0.995
    beside = clean[:, [29, 30]].mean((0, 2))
    assert beside == pytest.approx([0.3, 0.6], abs=0.02)


def test_what_is_no_number_spreads_no_further():
    picture = grainy(np.full((20, 20, 3), 0.5, np.float32), 0.05)
    picture[4, 4], picture[12, 12], picture[16, 2] = np.nan, np.inf, -np.inf
    assert np.isfinite(ungrained(picture)).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (3, 3)])
def test_a_picture_too_small_to_tell_stays(size):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    assert ungrained(picture).shape == picture.shape


def test_an_edge_in_grain_is_found_nearly_as_in_a_clean_picture(samples):
    picture, truth = hair(samples)
    height, width = truth.shape[0] // TOKEN * TOKEN, truth.shape[1] // TOKEN * TOKEN
    picture, truth = picture[:height, :width], truth[:height, :width]
    blocks = truth.reshape(height // TOKEN, TOKEN, width // TOKEN, TOKEN).mean((1, 3))
    hint = np.asarray(
        Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)
    ).clip(0, 1)

    def error(seen):
        return np.abs(refined(seen, hint, None, TOKEN) - truth).mean()

    assert error(grainy(picture, 0.04)) < 1.14 * error(picture)
