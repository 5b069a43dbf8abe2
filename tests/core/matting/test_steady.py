import numpy as np
import pytest
from PIL import Image

from secondunit.matting.steady import steadied
from secondunit_contract.problem import SizeUnfit

TOKEN = 16


def overlap(ours, truth):
    ours, truth = ours > 0.5, truth > 0.5
    return (ours & truth).sum() / (ours | truth).sum()


@pytest.fixture(scope="module")
def tennis(samples):
    """Sixteen frames of a moving player before a moving camera, and their masks."""
    folder = samples / "footage/camera_pan_tennis"
    frames = []
    for file in sorted((folder / "rgb").glob("*.jpg"))[20:36]:
        picture = np.asarray(Image.open(file), np.float32) / 255
        (mask,) = (folder / "mask").glob(f"{file.stem}.*")
        truth = Image.open(mask).convert("L").resize(picture.shape[1::-1])
        frames.append((picture, np.asarray(truth, np.float32) / 255))
    return frames


def coarse(truth, chance, noise):
    """A mask as a model tells it: one noisy number a token."""
    height, width = truth.shape
    small = truth.reshape(height // TOKEN, TOKEN, width // TOKEN, TOKEN).mean((1, 3))
    small = small + chance.normal(0, noise, small.shape)
    large = Image.fromarray(small.astype(np.float32)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    return np.asarray(large)


def test_noise_that_differs_from_frame_to_frame_is_outvoted(tennis):
    chance = np.random.default_rng(0)
    hints = [coarse(truth, chance, 0.2).clip(0, 1) for _, truth in tennis]
    pairs = [(picture, hint) for (picture, _), hint in zip(tennis, hints, strict=True)]
    steady = list(steadied(pairs))
    truths = [truth for _, truth in tennis]
    before = np.mean([overlap(*each) for each in zip(hints, truths, strict=True)])
    after = np.mean([overlap(*each) for each in zip(steady, truths, strict=True)])
    assert after > before + 0.03


def test_a_moving_subject_is_followed_and_not_smeared(tennis):
    truths = [truth for _, truth in tennis]
    steady = list(steadied(tennis))
    still = [np.mean(truths[max(0, t - 4) : t + 5], 0) for t in range(len(truths))]
    ours = np.mean([overlap(*each) for each in zip(steady, truths, strict=True)])
    smeared = np.mean([overlap(*each) for each in zip(still, truths, strict=True)])
    assert ours > 0.9
    assert ours > smeared + 0.05


def test_a_cut_carries_nothing_across():
    chance = np.random.default_rng(0)
    one, other = chance.random((2, 64, 96, 3)).astype(np.float32)
    frames = [(one, np.ones((64, 96), np.float32))] * 5 + [
        (other, np.zeros((64, 96), np.float32))
    ] * 5
    steady = list(steadied(frames))
    assert steady[4].mean() > 0.9
    assert steady[5].mean() < 0.1


def test_frames_come_out_while_later_ones_are_still_to_come():
    taken = []

    def frames():
        for number in range(20):
            taken.append(number)
            yield np.full((32, 32, 3), 0.5, np.float32), np.full((32, 32), 0.5, np.float32)

    steady = steadied(frames(), ahead=3)
    next(steady)
    assert len(taken) == 4
    assert len(list(steady)) == 19


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_shortest_plates(count):
    frame = np.full((20, 30, 3), np.nan, np.float32), np.full((20, 30), 0.25, np.float32)
    assert [each.shape for each in steadied([frame] * count)] == [(20, 30)] * count
    assert all((each == 0.25).all() for each in steadied([frame] * count))


def test_a_hint_of_another_size_is_refused():
    with pytest.raises(SizeUnfit):
        list(steadied([(np.zeros((9, 9, 3), np.float32), np.zeros((9, 8), np.float32))]))
