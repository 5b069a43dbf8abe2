"""Traits and sureness: what is learnt of a subject, and how far a matte can be believed."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from secondunit.matting.sureness import UNSURE, Neighbour, sureness
from secondunit.matting.track import Belief, Track
from secondunit.matting.traits import Behind, Known, Traits
from secondunit.matting.ways import Guess


def plate(samples, kind, number):
    picture = Image.open(samples / "footage/plate_true_alpha" / f"{kind}_{number:04d}.png")
    return np.asarray(picture.convert("L" if kind == "alpha" else "RGB"), np.float32) / 255


def overlap(ours, truth):
    ours, truth = ours > 0.5, truth > 0.5
    return (ours & truth).sum() / (ours | truth).sum()


@pytest.mark.parametrize("number", [4, 12, 20])
def test_colours_learnt_on_one_frame_bring_a_vague_hint_nearer_on_another(samples, number):
    traits = Traits.of([Known(plate(samples, "plate", 1), plate(samples, "alpha", 1))])
    truth = plate(samples, "alpha", number)
    vague = np.roll(gaussian_filter(truth, 9), 5, axis=1)
    weighed = traits.weighed(vague, plate(samples, "plate", number))
    assert overlap(weighed, truth) > overlap(vague, truth) + 0.02


def test_what_moves_as_the_subject_did_counts_for_it():
    grey = np.full((40, 40, 3), 0.5, np.float32)
    matte = np.zeros((40, 40), np.float32)
    matte[10:30, 10:30] = 1
    traits = Traits.of([Known(grey, matte, matte * 6)])
    hint = np.full((40, 40), 0.3, np.float32)
    moving = np.zeros((40, 40), np.float32)
    moving[:, 20:] = 6
    weighed = traits.weighed(hint, grey, moving)
    assert weighed[:, 25:].min() > 0.5 > weighed[:, :15].max()


def test_what_stood_beside_the_subject_and_is_of_its_colour_is_not_taken_along():
    grain = gaussian_filter(np.random.default_rng(1).random((60, 90, 3)), (1, 1, 0))
    ground = (0.4 + 0.4 * (grain - 0.5)).astype(np.float32)
    red = np.float32([1, 0.15, 0.15]) * np.linspace(0.2, 1, 20, dtype=np.float32)[:, None, None]
    matte = np.zeros((60, 90), np.float32)
    ground[10:30, 60:80] = red  # a box that stands there
    marked, later = ground.copy(), ground.copy()
    marked[30:50, 10:30], later[30:50, 30:50] = red, red
    matte[30:50, 10:30] = 1
    traits = Traits.of([Known(marked, matte)])
    vague = np.full((60, 90), 0.4, np.float32)
    told = Behind(marked, matte < 0.05)
    assert traits.weighed(vague, later)[14:26, 64:76].min() > 0.5
    weighed = traits.weighed(vague, later, behind=told)
    assert weighed[14:26, 64:76].max() < 0.5 < weighed[34:46, 34:46].min()


def test_a_blurred_edge_does_not_teach_that_what_looks_like_it_is_the_subject():
    grain = np.random.default_rng(1).normal(0, 0.02, (2, 80, 80, 3))
    disc = np.hypot(*(np.mgrid[:80, :80] - 30)) < 12
    matte = gaussian_filter(disc.astype(np.float32), 4)
    red, blue = np.float32([0.8, 0.2, 0.1]), np.float32([0.1, 0.2, 0.6])
    truth = np.roll(matte, 15, axis=(0, 1))
    marked, later = (
        (each[..., None] * red + (1 - each[..., None]) * blue + noise).astype(np.float32)
        for each, noise in zip((matte, truth), grain, strict=True)
    )
    hint = gaussian_filter(truth, 5)
    grown = Traits.of([Known(marked, matte)]).weighed(hint, later)
    weighed = Traits.proven([Known(marked, matte)]).weighed(hint, later)
    assert overlap(weighed, truth) > overlap(grown, truth) + 0.08


def test_hair_goes_on_teaching_where_the_subject_is(samples):
    known = Known(plate(samples, "plate", 1), plate(samples, "alpha", 1))
    truth, picture = plate(samples, "alpha", 20), plate(samples, "plate", 20)
    hint = gaussian_filter(truth, 9)
    stern = Traits.of([known], purity=4).weighed(hint, picture)
    assert overlap(Traits.proven([known]).weighed(hint, picture), truth) > overlap(stern, truth)


def test_nothing_is_learnt_from_a_frame_that_is_all_subject():
    picture = np.zeros((20, 20, 3), np.float32)
    assert Traits.of([Known(picture, np.ones((20, 20), np.float32))]) is None
    assert Traits.of([]) is None
    assert Traits.proven([]) is None


def guess(found, spread=None, alike=1.0):
    found = np.asarray(found, np.float32)
    spread = np.zeros_like(found) if spread is None else spread
    return Guess(found, spread, np.full(len(found), alike, np.float32))


def shot(samples):
    numbers = range(8, 14)
    return (
        np.stack([plate(samples, "plate", n) for n in numbers]),
        np.stack([plate(samples, "alpha", n) for n in numbers]),
    )


def test_the_truth_is_surer_than_anything_that_is_wrong_with_it(samples):
    plates, truth = shot(samples)
    hard = (truth > 0.5).astype(np.float32)
    right = sureness(plates, guess(hard))
    assert right.min() > UNSURE
    stray = hard.copy()
    stray[3] = np.roll(hard[3], 90, axis=1)
    assert sureness(plates, guess(stray))[3] < UNSURE < right[3]
    assert sureness(plates, guess(0.5 * hard + 0.25)).max() < right.min()
    assert sureness(plates, guess(hard, spread=0.45 * hard)).max() < UNSURE
    assert sureness(plates, guess(hard, alike=0.2)).max() < UNSURE
    assert sureness(plates, guess(np.zeros_like(hard))).max() == 0


def test_one_frame_is_judged_by_the_frame_before_it(samples):
    plates, truth = shot(samples)
    before = Neighbour(plates[0], truth[0])
    alone = guess(truth[1:2] > 0.5)
    there = sureness(plates[1:2], alone, before)
    gone = sureness(plates[1:2], guess(np.roll(truth[1:2] > 0.5, 120, axis=2)), before)
    assert there[0] > gone[0]


def test_a_track_keeps_the_surer_belief_and_the_artists_in_any_case():
    def belief(value, sure, given=False):
        plane = np.full((4, 5), value, np.float32)
        return Belief(plane, np.zeros_like(plane), sure, "look", given)

    track = Track(3)
    track.hear(0, belief(0.2, 0.6))
    track.hear(0, belief(1.0, 0.3))
    assert track[0].found.max() == pytest.approx(0.2, abs=0.003)
    track.hear(1, belief(1.0, 0.1, given=True))
    track.hear(1, belief(0.0, 0.9))
    assert track[1].found.min() == 1
    assert track[2] is None
    assert track.unsure() == [False, True, True]
