import numpy as np
import pytest
from PIL import Image

from secondunit.matting.hint import Hint, meant
from secondunit.matting.refine import guided
from secondunit.matting.screen import GREEN, keyed, on_screen
from secondunit_contract.problem import MarkMissing


def plate(samples, kind, number):
    picture = Image.open(samples / "footage/plate_true_alpha" / f"{kind}_{number:04d}.png")
    return np.asarray(picture.convert("L" if kind == "alpha" else "RGB"), np.float32) / 255


def overlap(ours, truth):
    ours, truth = ours > 0.5, truth > 0.5
    return (ours & truth).sum() / (ours | truth).sum()


def test_what_was_set_on_a_screen_is_keyed_off_it(samples):
    picture, alpha = plate(samples, "plate", 12), plate(samples, "alpha", 12)
    back = keyed(on_screen(picture, alpha))
    assert np.abs(back - alpha).mean() < 0.02
    assert overlap(back, alpha) > 0.95


def test_the_bare_screen_keys_to_nothing():
    bare = np.broadcast_to(GREEN, (8, 8, 3))
    assert keyed(bare).max() == 0


def made_small(alpha, times):
    """A matte as a model that works so many times smaller gives it back."""
    size = alpha.shape[1], alpha.shape[0]
    small = Image.fromarray(alpha).resize(
        (size[0] // times, size[1] // times), Image.Resampling.BOX
    )
    return np.asarray(small.resize(size, Image.Resampling.BICUBIC)).clip(0, 1)


@pytest.mark.parametrize("number", [6, 12, 20])
def test_hair_and_motion_blur_come_nearer_to_the_truth(samples, number):
    picture, alpha = plate(samples, "plate", number), plate(samples, "alpha", number)
    coarse = made_small(alpha, 8)
    refined = guided(coarse, picture, 4, 2.0)
    assert np.abs(refined - alpha).mean() < 0.75 * np.abs(coarse - alpha).mean()


@pytest.mark.parametrize("number", [5, 30, 60])
def test_hard_edges_come_nearer_and_not_by_contrast_alone(samples, number):
    folder = samples / "footage/camera_pan_tennis"
    picture = np.asarray(Image.open(folder / f"rgb/{number:04d}.jpg"), np.float32) / 255
    (mask,) = (folder / "mask").glob(f"{number:04d}.*")
    truth = Image.open(mask).convert("L").resize(picture.shape[1::-1])
    truth = np.asarray(truth, np.float32) / 255
    coarse = made_small(truth, 8)
    refined = np.abs(guided(coarse, picture, 4, 2.0) - truth).mean()
    contrast = np.abs(((coarse - 0.5) * 2 + 0.5).clip(0, 1) - truth).mean()
    assert refined < 0.5 * np.abs(coarse - truth).mean()
    assert refined < contrast


def test_clicks_on_a_plain_subject_mean_the_subject():
    picture = np.full((90, 160, 3), 0.3, np.float32)
    picture[30:70, 60:110] = (0.8, 0.2, 0.2)
    truth = np.zeros((90, 160), bool)
    truth[30:70, 60:110] = True
    found = meant(picture, Hint(points=((0.5, 0.55, True),)))
    assert overlap(found, truth) > 0.9


def test_a_click_that_excludes_takes_its_part_away():
    picture = np.full((90, 160, 3), 0.3, np.float32)
    picture[30:70, 40:70] = (0.8, 0.2, 0.2)
    picture[30:70, 70:110] = (0.2, 0.8, 0.2)
    both = Hint(points=((0.35, 0.55, True), (0.55, 0.55, True)))
    one = Hint(points=((0.35, 0.55, True), (0.55, 0.55, False)))
    assert meant(picture, both)[50, 90]
    assert meant(picture, one)[50, 50]
    assert not meant(picture, one)[50, 90]


def test_a_hint_that_marks_nothing_is_refused():
    with pytest.raises(MarkMissing):
        meant(np.zeros((9, 9, 3), np.float32), Hint(points=((0.5, 0.5, False),)))
