"""The measures measure: by hand-reckoned mattes, and by the definitions written out another way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, correlate
from scipy.special import erf

from secondunit.matting.measure import Tally, boundary_score, measured, overlap, slope
from secondunit_contract.problem import BadValue, MediaEmpty, SizeDisagrees


@pytest.fixture
def disc() -> np.ndarray:
    """Five frames (5,90,120) of a soft disc that moves two pixels a frame."""
    down, across = np.mgrid[:90, :120]
    return np.stack(
        [
            np.clip(30.5 - np.hypot(down - 45, across - 50 - 2 * t), 0, 4).astype(np.float32) / 4
            for t in range(5)
        ]
    )


def test_the_truth_beside_itself_is_perfect(disc) -> None:
    scores = measured(disc, disc)
    assert scores.frames == 5
    assert (scores.j, scores.f) == (1, 1)
    for name in ("mad", "mse", "grad", "dtssd", "chatter"):
        assert getattr(scores, name) == 0
    for name in ("band_mad", "band_mse", "band_grad", "band_dtssd"):
        assert getattr(scores, name) == 0
    assert scores.colour_mse is None


def test_a_known_offset(disc) -> None:
    scores = measured(disc - np.float32(0.1), disc)
    assert scores.mad == pytest.approx(100, rel=1e-5)
    assert scores.mse == pytest.approx(10, rel=1e-5)
    assert scores.band_mad == pytest.approx(100, rel=1e-5)
    # what is off by the same amount everywhere and always has the truth's slopes and changes
    assert scores.grad == pytest.approx(0, abs=1e-6)
    assert scores.dtssd == pytest.approx(0, abs=1e-4)


def test_a_known_noise(disc) -> None:
    chance = np.random.default_rng(0).normal(0, 0.05, disc.shape).astype(np.float32)
    scores = measured(disc + chance, disc)
    assert scores.mad == pytest.approx(1e3 * 0.05 * np.sqrt(2 / np.pi), rel=0.02)
    assert scores.mse == pytest.approx(2.5, rel=0.02)
    # noise of two frames: standard deviations add in squares
    assert scores.dtssd == pytest.approx(100 * 0.05 * np.sqrt(2), rel=0.02)
    assert scores.chatter == pytest.approx(100 * 0.05 * np.sqrt(2), rel=0.02)
    assert scores.band_mse == pytest.approx(2.5, rel=0.1)


def test_a_known_shift() -> None:
    truth = np.zeros((1, 40, 100), np.float32)
    truth[0, 10:30, 20:60] = 1
    ours = np.roll(truth, 4, axis=2)
    scores = measured(ours, truth)
    assert scores.mad == pytest.approx(1e3 * 2 * 4 * 20 / 4000)
    assert scores.mse == pytest.approx(scores.mad)
    assert scores.j == pytest.approx(36 / 44)
    assert scores.dtssd is None
    assert scores.chatter is None
    assert scores.band_mad is None  # a hard truth has no soft band


def test_a_flash_of_one_frame_costs_two_changes() -> None:
    truth = np.zeros((5, 10, 10), np.float32)
    ours = truth.copy()
    ours[2, :5] = 0.5
    scores = measured(ours, truth)
    # the changes to and from frame 2 are 0.5 in half of the pixels, the other two changes are none
    assert scores.dtssd == pytest.approx(100 * 0.5 * np.sqrt(0.5) * 2 / 4)
    assert scores.chatter == pytest.approx(scores.dtssd)


def test_chatter_looks_only_where_the_truth_stands_still(disc) -> None:
    moving = np.abs(np.diff(disc, axis=0)) > 0
    ours = disc.copy()
    ours[1:][moving] += np.random.default_rng(0).normal(0, 0.3, moving.sum())
    ours[1:][~moving] = disc[1:][~moving]
    scores = measured(np.stack([ours[0], ours[1]]), disc[:2])
    assert scores.dtssd > 1
    assert scores.chatter < 1e-4


def test_the_slope_of_a_step_is_the_gaussian_s_own() -> None:
    """Against the whole kernel laid over the picture, and the step's slope by hand."""
    step = np.zeros((40, 60), np.float32)
    step[:, 30:] = 1
    place = np.arange(-4, 5)
    bell = np.exp(-(place**2) / (2 * 1.4**2))
    kernel = np.outer(bell, place * bell)
    kernel /= np.sqrt((kernel**2).sum())
    across = correlate(step.astype(float), kernel, mode="nearest")
    down = correlate(step.astype(float), kernel.T, mode="nearest")
    assert np.allclose(slope(step), np.hypot(across, down), atol=1e-5)
    # pixels 29 and 30 see the Gaussian's derivative cut off at -1/2 and +1/2
    assert slope(step)[20, 29] == pytest.approx(slope(step)[20, 30], rel=1e-5)
    assert slope(step)[20, 29] == pytest.approx(kernel[:, 5:].sum(), rel=1e-5)
    assert slope(step)[20, :24].max() < 1e-6


def test_grad_sums_squares_over_the_frame() -> None:
    step = np.zeros((1, 40, 60), np.float32)
    step[0, :, 30:] = 1
    scores = measured(np.zeros_like(step), step)
    assert scores.grad == pytest.approx(float((slope(step[0]) ** 2).sum()) / 1e3, rel=1e-5)


def test_soft_edges_are_measured_apart() -> None:
    across = np.arange(100, dtype=np.float32)
    ramp = (1 + erf((across - 50) / 5)) / 2
    truth = np.tile(ramp.astype(np.float32), (1, 20, 1))
    ours = truth.copy()
    soft = (truth > 1 / 255) & (truth < 254 / 255)
    ours[soft] += 0.2
    scores = measured(ours, truth)
    assert scores.band_mad == pytest.approx(200, rel=1e-4)
    assert scores.mad == pytest.approx(200 * soft.mean(), rel=1e-4)


def test_overlap_and_boundary_by_hand() -> None:
    truth = np.zeros((75, 100), bool)  # a diagonal of 125: a tolerance of one pixel
    truth[20:40, 20:60] = True
    shifted = [np.roll(truth, by, axis=1) for by in range(5)]
    assert overlap(truth, truth) == 1
    assert boundary_score(shifted[1], truth) == 1
    assert 0.5 < boundary_score(shifted[2], truth) < 1
    empty = np.zeros_like(truth)
    assert (overlap(empty, empty), boundary_score(empty, empty)) == (1, 1)
    assert (overlap(empty, truth), boundary_score(empty, truth)) == (0, 0)


def test_the_boundary_is_found_as_davis_says() -> None:
    """The published recipe written out by loops and a disc: precision, recall, their mean."""
    chance = np.random.default_rng(3)
    ours, truth = (binary_dilation(chance.random((60, 80)) > 0.998, iterations=5) for _ in range(2))
    ours |= truth

    def edge(mask):
        found = np.zeros_like(mask)
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                near = mask[y : y + 2, x : x + 2]
                found[y, x] = near.min() != near.max()
        return found

    disc = np.hypot(*np.mgrid[-1:2, -1:2]) <= 1
    # a diagonal of 100 pixels: 0.8, rounded up
    precision = (edge(ours) & binary_dilation(edge(truth), disc)).sum() / edge(ours).sum()
    recall = (edge(truth) & binary_dilation(edge(ours), disc)).sum() / edge(truth).sum()
    assert 0.2 < precision < 0.95
    wanted = 2 * precision * recall / (precision + recall)
    assert boundary_score(ours, truth) == pytest.approx(wanted)


def test_colours_are_compared_as_they_are_composited(disc) -> None:
    truth = np.repeat(disc[..., None], 3, -1)
    subject = (disc > 1 / 255).mean()
    scores = measured(disc, disc, truth * 0.5, truth * 0.5)
    assert scores.colour_mse == 0
    veil = np.full_like(truth, 0.1)
    scores = measured(disc, disc, truth * 0.5 + veil, truth * 0.5)
    # a veil over the whole picture counts in full, though we divide by the subject's pixels
    assert scores.colour_mse == pytest.approx(10 / subject, rel=1e-4)


def test_frame_after_frame_is_the_same_as_all_at_once(disc) -> None:
    ours = np.roll(disc, 1, axis=2)
    tally = Tally()
    for mine, right in zip(ours, disc, strict=True):
        tally.add(mine, right)
    assert tally.scores() == measured(ours, disc)
    assert tally.scores().frames == 5


def test_what_cannot_be_measured_is_refused(disc) -> None:
    with pytest.raises(MediaEmpty):
        Tally().scores()
    with pytest.raises(SizeDisagrees, match="120 x 90"):
        measured(disc[:, :, :100], disc)
    with pytest.raises(SizeDisagrees, match="shape"):
        measured(disc[..., None], disc)
    holed = disc.copy()
    holed[2, 3, 4] = np.nan
    with pytest.raises(BadValue, match="no numbers"):
        measured(holed, disc)
    tally = Tally()
    tally.add(disc[0], disc[0])
    with pytest.raises(SizeDisagrees, match="after one of"):
        tally.add(disc[0, :50], disc[0, :50])
