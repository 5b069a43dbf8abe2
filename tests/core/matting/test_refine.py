"""From a coarse hint to an alpha: the quick way and the whole way."""

from functools import cache

import av
import numpy as np
import pymatting
import pytest
from PIL import Image

from secondunit.matting.edge import refined
from secondunit.matting.refine import preview
from secondunit.matting.trimap import clamped, opened
from secondunit_contract.problem import SizeUnfit

TOKEN = 16


def coarse(truth, noise=0.0, seed=0):
    """An alpha as a model tells it: its mean over each token, bicubic between."""
    height, width = truth.shape
    padded = np.pad(truth, ((0, -height % TOKEN), (0, -width % TOKEN)), mode="edge")
    rows, columns = padded.shape[0] // TOKEN, padded.shape[1] // TOKEN
    small = padded.reshape(rows, TOKEN, columns, TOKEN).mean((1, 3))
    small = small + np.random.default_rng(seed).normal(0, 1, small.shape) * noise
    large = Image.fromarray(small.astype(np.float32))
    large = large.resize(padded.shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(large)[:height, :width].clip(0, 1)


def picture_of(file, kind="RGB", scale=255):
    return np.asarray(Image.open(file).convert(kind), np.float32) / scale


@cache
def shots(samples):
    """Of each kind of plate two frames and their true alphas."""
    footage = samples / "footage"
    with av.open(str(footage / "synth_true_alpha_fg/natural.mp4")) as movie:
        natural = [each.to_ndarray(format="rgb24") for each in movie.decode(video=0)]
    alphas = sorted((footage / "synth_true_alpha_fg/alpha16").glob("*.png"))
    found = {
        "hair before a street": [
            (natural[t].astype(np.float32) / 255,
             np.asarray(Image.open(alphas[t])).astype(np.float32) / 65535)
            for t in (1, 9)
        ],
        "hair before bricks": [
            (picture_of(footage / f"plate_true_alpha/plate_{t:04d}.png"),
             picture_of(footage / f"plate_true_alpha/alpha_{t:04d}.png", "L"))
            for t in (7, 19)
        ],
    }  # fmt: skip
    tennis = footage / "camera_pan_tennis"
    player = []
    for t in (12, 50):
        picture = picture_of(tennis / f"rgb/{t:04d}.jpg")
        (mask,) = (tennis / "mask").glob(f"{t:04d}.*")
        truth = Image.open(mask).convert("L").resize(picture.shape[1::-1])
        player.append((picture, np.asarray(truth, np.float32) / 255))
    found["a player"] = player
    return found


KINDS = ("hair before a street", "hair before bricks", "a player")


def error(ours, truth):
    return np.abs(ours - truth).mean()


def overlap(ours, truth):
    ours, truth = ours > 0.5, truth > 0.5
    return (ours & truth).sum() / (ours | truth).sum()


@pytest.mark.parametrize("kind", KINDS)
def test_the_edge_comes_nearer_than_the_hint_and_its_outline_is_no_worse(samples, kind):
    for picture, truth in shots(samples)[kind]:
        hint = coarse(truth)
        alpha = refined(picture, hint, None, TOKEN)
        assert error(alpha, truth) < 0.9 * error(clamped(hint), truth)
        assert overlap(alpha, truth) >= overlap(hint, truth)


@pytest.mark.parametrize("kind", KINDS)
def test_a_noisy_hint_that_says_so_is_bettered_as_well(samples, kind):
    picture, truth = shots(samples)[kind][0]
    hint = coarse(truth, 0.12)
    alpha = refined(picture, hint, np.full_like(hint, 0.12), TOKEN)
    assert error(alpha, truth) < 0.75 * error(clamped(hint), truth)


def test_better_than_closed_form_from_the_same_hint(samples):
    picture, truth = shots(samples)["hair before a street"][0]
    hint = coarse(truth)
    trimap = opened(hint, None, TOKEN).astype(float)
    settings = {"epsilon": 1e-5}  # the reference's own does not converge here
    reference = pymatting.estimate_alpha_cf(
        picture.astype(float), trimap, laplacian_kwargs=settings
    )
    assert error(refined(picture, hint, None, TOKEN), truth) < 0.92 * error(reference, truth)


@pytest.mark.parametrize("kind", KINDS)
def test_the_preview_is_not_far_behind_closed_form(samples, kind):
    picture, truth = shots(samples)[kind][0]
    trimap = opened(coarse(truth), None, TOKEN)
    settings = {"epsilon": 1e-6}
    reference = pymatting.estimate_alpha_cf(
        picture.astype(float), trimap.astype(float), laplacian_kwargs=settings
    )
    quick = preview(trimap, picture, shrink=2)
    assert error(quick, truth) <= 1.15 * error(reference, truth)


@pytest.mark.parametrize("way", ["whole", "quick"])
def test_cores_are_exact(samples, way):
    picture, truth = shots(samples)["hair before bricks"][0]
    hint = coarse(truth)
    trimap = opened(hint, None, TOKEN)
    alpha = refined(picture, hint, None, TOKEN) if way == "whole" else preview(trimap, picture)
    for core in (0, 1):
        assert (alpha[trimap == core] == core).all()
    assert alpha.min() >= 0
    assert alpha.max() <= 1


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_hint_with_no_edge_comes_back(level):
    picture = np.random.default_rng(0).random((40, 60, 3)).astype(np.float32)
    hint = np.full((40, 60), level, np.float32)
    assert np.abs(refined(picture, hint, None, TOKEN) - level).max() < 1e-3
    assert np.abs(preview(hint, picture) - level).max() < 5e-3


@pytest.mark.parametrize("way", ["whole", "quick"])
def test_what_is_no_number_does_not_spread(samples, way):
    picture, truth = shots(samples)["a player"][0]
    picture, hint = picture.copy(), coarse(truth)
    picture[::31, ::17] = np.nan
    hint[100, 200] = np.nan
    alpha = refined(picture, hint, None, TOKEN) if way == "whole" else preview(hint, picture)
    assert np.isfinite(alpha).all()
    assert error(alpha, truth) < 0.05


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (9, 3)])
def test_the_smallest_pictures(size):
    picture = np.random.default_rng(0).random((*size, 3)).astype(np.float32)
    hint = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    assert np.isfinite(refined(picture, hint, None, TOKEN)).all()
    assert np.isfinite(preview(hint, picture)).all()


def test_a_hint_of_another_size_is_refused():
    picture, hint = np.zeros((9, 9, 3), np.float32), np.zeros((9, 8), np.float32)
    with pytest.raises(SizeUnfit):
        refined(picture, hint, None, TOKEN)
    with pytest.raises(SizeUnfit):
        preview(hint, picture)
