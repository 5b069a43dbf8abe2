import numpy as np

from secondunit.callsheet import FrameRule, Reach, Size
from secondunit.stage.detail import Known, brought_back
from secondunit.stage.fit import Fit


def test_detail_comes_back_where_the_answer_agrees_and_nowhere_else():
    noise = np.random.default_rng(3)
    picture = noise.random((96, 160, 3), np.float32) * 0.4 + 0.3
    fit = Fit.into(Size(160, 96), Reach(frozenset(), 8, FrameRule(1, 1, 9), 40 * 24))
    known = Known.of(picture, fit)
    answer = known.shown.copy()
    half = answer.shape[1] // 2
    answer[:, half:] = 1 - answer[:, half:] * 0.2
    result = brought_back(answer, [known], fit)
    still, moved = slice(0, 70), slice(90, 160)
    assert np.abs(result[:, still] - picture[:, still]).mean() < 0.02
    blurred = fit.delivered_picture(known.shown)
    assert np.abs(blurred[:, still] - picture[:, still]).mean() > 0.05
    ghost = result[:, moved] - fit.delivered_picture(answer)[:, moved]
    assert np.abs(ghost).mean() < 0.005


def test_a_frame_counts_only_where_it_is_one():
    picture = np.random.default_rng(3).random((96, 160, 3), np.float32) * 0.4 + 0.3
    fit = Fit.into(Size(160, 96), Reach(frozenset(), 8, FrameRule(1, 1, 9), 40 * 24))
    seen = np.ones((96, 160, 1), np.float32)
    seen[:, 80:] = 0
    known = Known.of(picture, fit, seen)
    result = brought_back(known.shown, [known], fit)
    soft = fit.delivered_picture(known.shown)
    assert np.abs(result[:, :64] - picture[:, :64]).mean() < 0.02
    assert np.abs(result[:, 96:] - soft[:, 96:]).max() < 0.01
