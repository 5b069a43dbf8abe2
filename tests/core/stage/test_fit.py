import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit.callsheet import FrameRule, Reach, Size
from secondunit.stage.fit import Fit
from secondunit_contract.problem import SizeUnfit


def reach(multiple=16, area=832 * 480):
    return Reach(frozenset(), multiple, FrameRule(1, 4, 81), area)


@given(
    st.integers(16, 8192), st.integers(16, 8192), st.sampled_from([8, 16, 32]),
    st.sampled_from([64 * 64, 832 * 480, 1280 * 720]),
)  # fmt: skip
def test_the_shape_is_kept_the_size_snapped_and_the_area_held(width, height, multiple, area):
    if not 1 / 8 < width / height < 8:
        return
    fit = Fit.into(Size(width, height), reach(multiple, area))
    assert fit.working.width % multiple == 0
    assert fit.working.height % multiple == 0
    assert fit.working.width * fit.working.height <= area
    squash = (fit.inner.width / width) / (fit.inner.height / height)
    slack = 0.5 / fit.inner.width + 0.5 / fit.inner.height
    assert abs(squash - 1) < 2.1 * slack


@pytest.mark.parametrize("size", [(0, 100), (100, 40_000), (30_000, 4)])
def test_an_absurd_size_is_refused_in_words(size):
    with pytest.raises(SizeUnfit) as told:
        Fit.into(Size(*size), reach())
    assert told.value.remedy


def test_a_thin_line_of_paint_survives_being_made_small():
    fit = Fit.into(Size(1920, 1080), reach(16, 160 * 96))
    paint = np.zeros((1080, 1920), bool)
    paint[500, 1000] = True
    assert fit.shown_mask(paint).any()


def test_no_paint_stays_no_paint():
    fit = Fit.into(Size(640, 360), reach())
    assert not fit.shown_mask(np.zeros((360, 640), bool)).any()


def test_there_and_back_keeps_a_smooth_picture():
    y, x = np.mgrid[0:180, 0:320] / 320
    picture = np.stack([x, y, 1 - x], -1).astype(np.float32)
    fit = Fit.into(Size(320, 180), reach(8, 160 * 96))
    back = fit.delivered_picture(fit.shown(picture))
    assert back.shape == picture.shape
    assert np.abs(back - picture).max() < 0.02
