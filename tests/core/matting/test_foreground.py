import numpy as np
import OpenImageIO
import pymatting
import pytest

from secondunit.matting.foreground import foreground
from secondunit_contract.problem import SizeUnfit


@pytest.fixture(scope="module")
def comp(samples):
    """A hairy subject over spots of colour, in linear light: plate, alpha, colours, clean plate."""
    folder = samples / "footage/synth_true_alpha_fg/fg_premult_exr"
    file = sorted(folder.glob("*.exr"))[5]
    pixels = OpenImageIO.ImageBuf(str(file)).get_pixels(OpenImageIO.FLOAT)[60:260, 100:420]
    alpha = np.ascontiguousarray(pixels[..., 3]).clip(0, 1)
    y, x = np.mgrid[0 : alpha.shape[0], 0 : alpha.shape[1]] / 20
    clean = np.stack((np.sin(x) ** 2, np.cos(y) ** 2, np.sin(x + y) ** 2), -1).astype(np.float32)
    plate = pixels[..., :3] + (1 - alpha[..., None]) * clean
    colours = pixels[..., :3] / np.maximum(alpha, 1e-4)[..., None]
    return plate.astype(np.float32), alpha, colours, clean


def error(ours, comp):
    """How far the premultiplied colours are off where the edge is soft."""
    _, alpha, colours, _ = comp
    soft = (alpha > 0.1) & (alpha < 0.95)
    return (np.abs(ours - colours).mean(-1) * alpha)[soft].mean()


def test_the_background_is_taken_out_of_hair(comp):
    plate, alpha, *_ = comp
    assert error(foreground(plate, alpha), comp) < 0.5 * error(plate, comp)


def test_no_worse_than_the_reference(comp):
    plate, alpha, *_ = comp
    reference = pymatting.estimate_foreground_ml(plate.clip(0, 1), alpha)
    assert error(foreground(plate, alpha), comp) < 1.05 * error(reference, comp)


def test_a_clean_plate_helps(comp):
    plate, alpha, _, clean = comp
    assert error(foreground(plate, alpha, clean), comp) < 0.7 * error(
        foreground(plate, alpha), comp
    )


def test_the_plate_stays_where_alpha_is_one_highlights_too(comp):
    plate, alpha = comp[0].copy(), comp[1]
    y, x = np.argwhere(alpha == 1)[0]
    plate[y, x] = 40
    ours = foreground(plate, alpha)
    assert np.array_equal(ours[alpha == 1], plate[alpha == 1])
    assert np.isfinite(ours).all()


def test_what_is_no_number_does_not_spread(comp):
    plate, alpha = comp[0].copy(), comp[1].copy()
    alpha[50:60, 50:60] = 0
    plate[55, 55] = np.nan
    assert np.isfinite(foreground(plate, alpha)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 2)])
def test_the_smallest_pictures(size):
    ours = foreground(np.full((*size, 3), 0.5, np.float32), np.full(size, 0.5, np.float32))
    assert np.isfinite(ours).all()


def test_sizes_that_differ_are_refused():
    plate = np.zeros((4, 4, 3), np.float32)
    with pytest.raises(SizeUnfit):
        foreground(plate, np.zeros((4, 5), np.float32))
    with pytest.raises(SizeUnfit):
        foreground(plate, np.zeros((4, 4), np.float32), plate[:2])
