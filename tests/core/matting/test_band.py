import numpy as np
import pymatting
import pytest
from PIL import Image

from secondunit.matting.band import Band, solved
from secondunit.matting.palette import mixed
from secondunit_contract.problem import SizeUnfit


def striped(height=96, width=128, blur=6.0):
    """Two colours with grain, mixed by a soft slanting edge; the picture and its true alpha."""
    y, x = np.mgrid[0:height, 0:width]
    alpha = 1 / (1 + np.exp((x - width / 2 - 0.3 * (y - height / 2)) / blur))
    grain = np.random.default_rng(0).normal(0, 0.01, (height, width, 3))
    front, behind = np.array([0.8, 0.35, 0.25]), np.array([0.15, 0.4, 0.6])
    picture = alpha[..., None] * front + (1 - alpha[..., None]) * behind + grain
    return picture.clip(0, 1).astype(np.float32), alpha.astype(np.float32)


def opened(alpha, wide=3):
    """The trimap of a true alpha: open wherever it is soft, and some pixels around."""
    soft = (alpha > 0.02) & (alpha < 0.98)
    image = Image.fromarray(np.uint8(soft) * 255).resize(alpha.shape[::-1])
    grown = np.asarray(image)
    for _ in range(wide):
        padded = np.pad(grown, 1, mode="edge")
        grown = np.max([padded[dy : dy + grown.shape[0], dx : dx + grown.shape[1]]
                        for dy in range(3) for dx in range(3)], 0)  # fmt: skip
    return np.where(grown > 0, 0.5, alpha > 0.5).astype(np.float32)


def frame(samples, number):
    folder = samples / "footage/plate_true_alpha"
    picture = Image.open(folder / f"plate_{number:04d}.png").convert("RGB")
    alpha = Image.open(folder / f"alpha_{number:04d}.png").convert("L")
    return np.asarray(picture, np.float32) / 255, np.asarray(alpha, np.float32) / 255


def error(ours, truth):
    return np.abs(ours - truth).mean()


def test_a_soft_edge_between_two_colours_is_found():
    picture, truth = striped()
    trimap = opened(truth)
    straight = error(trimap, truth)
    assert error(solved(picture, trimap), truth) < 0.15 * straight


@pytest.mark.parametrize("number", [6, 16])
def test_no_worse_than_the_reference_on_hair_and_motion_blur(samples, number):
    picture, truth = frame(samples, number)
    trimap = opened(truth)
    reference = pymatting.estimate_alpha_cf(picture.astype(float), trimap.astype(float))
    assert error(solved(picture, trimap), truth) <= 1.02 * error(reference, truth)


def test_what_is_known_stays_exactly():
    picture, truth = striped()
    trimap = opened(truth)
    alpha = solved(picture, trimap)
    known = trimap != 0.5
    assert np.array_equal(alpha[known], trimap[known])
    assert alpha.min() >= 0
    assert alpha.max() <= 1


def test_the_same_twice():
    picture, truth = striped()
    trimap = opened(truth)
    assert np.array_equal(solved(picture, trimap), solved(picture, trimap))


def test_a_known_trimap_comes_back():
    picture, truth = striped()
    trimap = (truth > 0.5).astype(np.float32)
    assert np.array_equal(solved(picture, trimap), trimap)


@pytest.mark.parametrize("known", [None, 0.0, 1.0])
def test_where_one_side_is_missing_alpha_stays_finite(known):
    picture, _ = striped(40, 50)
    trimap = np.full((40, 50), 0.5, np.float32)
    if known is not None:
        trimap[:10] = known
    alpha = solved(picture, trimap)
    assert np.isfinite(alpha).all()
    assert np.allclose(alpha, 0.5 if known is None else known, atol=0.5)
    if known is not None:
        assert (alpha[:10] == known).all()


def test_nothing_in_the_plate_or_the_trimap_spreads_what_is_no_number():
    picture, truth = striped()
    trimap = opened(truth)
    whole = solved(picture, trimap)
    picture[40:43, 60:63] = [np.nan, np.inf, -np.inf]
    trimap[trimap == 0.5] = np.nan
    alpha = solved(picture, trimap)
    assert np.isfinite(alpha).all()
    assert np.abs(alpha - whole)[:25].max() < 0.2


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (3, 3), (5, 4)])
def test_the_smallest_pictures(size):
    picture = np.random.default_rng(0).random((*size, 3)).astype(np.float32)
    trimap = np.full(size, 0.5, np.float32)
    trimap[0, 0] = 1
    alpha = solved(picture, trimap)
    assert alpha.shape == size
    assert np.isfinite(alpha).all()
    assert alpha[0, 0] == 1


def test_a_band_leans_to_a_prior_where_colours_say_nothing():
    flat = np.full((40, 60, 3), 0.5, np.float32)
    trimap = np.full((40, 60), 0.5, np.float32)
    trimap[:, :5], trimap[:, -5:] = 1, 0
    prior = np.tile(np.linspace(0.8, 0.3, 60, dtype=np.float32), (40, 1))
    alpha = Band(flat, trimap).solved(prior, np.ones_like(prior))
    assert np.abs(alpha - prior)[:, 10:-10].max() < 0.05


def test_a_trimap_of_another_size_is_refused():
    with pytest.raises(SizeUnfit):
        solved(np.zeros((9, 9, 3), np.float32), np.zeros((9, 8), np.float32))


def test_one_pixel_of_the_background_is_enough_to_mix_from():
    picture = np.random.default_rng(2).random((24, 24, 3)).astype(np.float32)
    trimap = np.full((24, 24), 0.5, np.float32)
    trimap[8:16, 8:16] = 1
    trimap[0, 0] = 0
    picture[trimap == 1], picture[0, 0] = (0.8, 0.2, 0.2), (0.1, 0.1, 0.6)
    picture[0, 12] = (0.8, 0.2, 0.2)
    picture[12, 0] = (0.1, 0.1, 0.6)
    mix = mixed(picture, trimap, trimap)
    assert mix.alpha[0, 12] > 0.9
    assert mix.alpha[12, 0] < 0.1
