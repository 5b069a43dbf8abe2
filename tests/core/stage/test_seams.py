import numpy as np

from secondunit.stage.seams import colour_matched, healed, membrane


def scene(frames=9, height=48, width=64):
    """A moving gradient with a few bumps: (T,H,W,3)."""
    t, y, x = np.mgrid[0:frames, 0:height, 0:width].astype(np.float32)
    red = 0.5 + 0.3 * np.sin(x / 9 + t / 4)
    green = 0.4 + 0.3 * np.cos(y / 7)
    blue = 0.5 + 0.2 * np.sin((x + y) / 11 - t / 5)
    return np.stack([red, green, blue], -1)


def drifted(truth):
    """What a model that drifts gives back: other gain, other tint, a shade over the picture."""
    shade = 0.06 * np.linspace(-1, 1, truth.shape[2], dtype=np.float32)[None, None, :, None]
    return truth * np.float32([0.9, 1.1, 1.0]) + np.float32([0.05, -0.08, 0.1]) + shade


def test_a_gain_and_an_offset_are_taken_out():
    truth = scene()
    kept = np.zeros(truth.shape[:3], bool)
    kept[:, :, :20] = True
    tinted = truth * np.float32([0.9, 1.1, 1.0]) + np.float32([0.05, -0.08, 0.1])
    assert np.abs(colour_matched(tinted, truth, kept) - truth).mean() < 0.01
    assert np.abs(tinted - truth).mean() > 0.05


def test_the_seam_between_kept_and_painted_closes():
    truth = scene()
    kept = np.zeros(truth.shape[:3], bool)
    kept[:, :, 16:48] = True
    result = healed(drifted(truth), truth, kept, range(9))
    step = np.abs(result[:, :, 48] - truth[:, :, 48]).mean()
    assert step < 0.012
    assert np.abs(drifted(truth)[:, :, 48] - truth[:, :, 48]).mean() > 4 * step


def test_the_join_in_time_closes():
    truth = scene()
    kept = np.zeros(truth.shape[:3], bool)
    kept[:4] = True
    result = healed(drifted(truth), truth, kept, range(9))
    first = np.abs(result[4] - truth[4]).mean()
    assert first < 0.015
    assert np.abs(drifted(truth)[4] - truth[4]).mean() > 3 * first


def test_a_membrane_is_exact_where_it_is_known_and_smooth_between():
    known = np.zeros((40, 60), bool)
    known[:, 0] = known[:, -1] = True
    error = np.zeros((40, 60, 3), np.float32)
    error[:, -1] = 1
    filled = membrane(error, known)
    assert np.abs(filled[known] - error[known]).max() < 1e-5
    assert np.abs(np.diff(filled[20, :, 0])).max() < 0.25
    assert 0.2 < filled[20, 30, 0] < 0.8


def test_nothing_kept_changes_nothing():
    truth = scene(3)
    kept = np.zeros(truth.shape[:3], bool)
    assert healed(truth, truth * 0, kept, range(3)) is truth
