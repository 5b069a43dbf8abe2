import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import distance_transform_edt

from secondunit.callsheet import Size
from secondunit.matting.hint import OFFSETS, Hint, meant
from secondunit.matting.motion import Beside
from secondunit_contract.problem import MarkMissing

FOOTAGE = {
    "plate_true_alpha": ("plate_%04d.png", "alpha_%04d.png", 24),
    "camera_pan_tennis": ("rgb/%04d.jpg", "mask/%04d.png", 70),
}


def footage(samples, kind, number):
    """A picture, its subject, and the frames beside it, nearest first."""
    pictures, masks, last = FOOTAGE[kind]
    folder = samples / "footage" / kind

    def shown(each):
        return np.asarray(Image.open(folder / (pictures % each)).convert("RGB"), np.float32) / 255

    here = shown(number)
    truth = Image.open(folder / (masks % number)).convert("L").resize(here.shape[1::-1])
    beside = [
        Beside(there - number, shown(there))
        for offset in OFFSETS
        for there in (number - offset, number + offset)
        if 1 <= there <= last
    ]
    return here, np.asarray(truth) > 127, beside


def overlap(ours, truth):
    return (ours & truth).sum() / (ours | truth).sum()


def click(truth, part=(0.0, 1.0), wanted=True):
    """A click on the thickest of a subject, between two heights of it."""
    rows = np.nonzero(truth.any(1))[0]
    top, extent = rows[0], np.ptp(rows) + 1
    inside = distance_transform_edt(truth)
    inside[: int(top + part[0] * extent)] = 0
    inside[int(np.ceil(top + part[1] * extent)) :] = 0
    y, x = np.unravel_index(inside.argmax(), truth.shape)
    return (x + 0.5) / truth.shape[1], (y + 0.5) / truth.shape[0], wanted


@pytest.mark.parametrize(
    ("kind", "number", "part"),
    [
        ("plate_true_alpha", 5, (0, 0.3)),
        ("plate_true_alpha", 18, (0.7, 1)),
        ("camera_pan_tennis", 10, (0, 0.3)),
        ("camera_pan_tennis", 34, (0.7, 1)),
    ],
)
def test_a_click_on_a_part_takes_the_whole(samples, kind, number, part):
    picture, truth, beside = footage(samples, kind, number)
    hint = Hint((click(truth, part),))
    found = overlap(meant(picture, hint, beside), truth)
    assert found > 0.75
    assert found > overlap(meant(picture, hint), truth) + 0.15


def test_where_nothing_moves_colour_decides(samples):
    picture, truth, _ = footage(samples, "plate_true_alpha", 5)
    hint = Hint((click(truth),))
    still = [Beside(offset, picture) for offset in (-1, 1, -2, 2)]
    assert (meant(picture, hint, still) == meant(picture, hint)).all()


def grain(seed, height, width):
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    return np.clip(0.4 + 1.2 * (cv2.GaussianBlur(noise, (0, 0), 2) - 0.5), 0, 1)


SET = grain(3, 160, 280)


def two_walkers(step):
    """Red trousers under a white coat, and close behind a green one, both walking 3 pixels."""
    picture = SET.copy()
    left = 80 + 3 * step
    picture[40:90, left : left + 30] = (0.9, 0.9, 0.85)
    picture[90:125, left + 4 : left + 26] = (0.75, 0.15, 0.1)
    picture[45:120, left + 32 : left + 55] = (0.1, 0.6, 0.2)
    return picture


def walkers():
    first, second = np.zeros((2, 160, 280), bool)
    first[40:90, 80:110] = True
    first[90:125, 84:106] = True
    second[45:120, 112:135] = True
    beside = [Beside(k, two_walkers(k)) for o in OFFSETS for k in (-o, o)]
    return two_walkers(0), first, second, beside


def test_a_click_on_the_coat_takes_the_trousers():
    picture, first, _, beside = walkers()
    found = meant(picture, Hint((click(first, (0, 0.5)),)), beside)
    assert found[first].mean() > 0.95
    assert meant(picture, Hint((click(first, (0, 0.5)),)))[first].mean() < 0.8


def test_a_click_that_excludes_takes_away_who_walks_along():
    picture, first, second, beside = walkers()
    one = Hint((click(first, (0, 0.5)), click(first, (0.7, 1)), click(second, wanted=False)))
    found = meant(picture, one, beside)
    assert overlap(found, first) > 0.9
    assert found[second].mean() < 0.02


def test_a_stroke_from_coat_to_trousers_needs_no_motion():
    picture, first, second, _ = walkers()
    picture[~(first | second)] = 0.4
    stroke = Hint(strokes=((((0.34, 0.3), (0.34, 0.74)), True),))
    assert overlap(meant(picture, stroke), first) > 0.8


def test_what_is_marked_is_exactly_as_marked():
    picture, first, _, beside = walkers()
    points = (click(first), (0.02, 0.02, True), (0.33, 0.3, False))
    strokes = ((((0.6, 0.8), (0.7, 0.9)), True), (((0.3, 0.7), (0.36, 0.72)), False))
    for around in ((), beside):
        hint = Hint(points, None, strokes)
        found, (wanted, unwanted) = meant(picture, hint, around), hint.drawn(Size(280, 160))
        assert found[wanted].all()
        assert not found[unwanted].any()
        assert wanted.sum() > 20
        assert unwanted.sum() > 10


def test_a_box_takes_what_moves_in_it_and_nothing_outside():
    picture, first, _, beside = walkers()
    box = (76 / 280, 36 / 160, 111 / 280, 130 / 160)
    found = meant(picture, Hint(box=box), beside)
    outside = np.ones_like(found)
    outside[36:130, 76:111] = False
    assert overlap(found, first) > 0.85
    assert not found[outside].any()


def test_a_small_subject_of_a_large_picture_is_cut_out_at_its_own_size():
    rng = np.random.default_rng(5)
    backing = cv2.resize(rng.random((80, 140, 3), np.float32), (1120, 640)) * 0.6

    turns = np.arange(16) * np.pi / 8
    reach = np.where(np.arange(16) % 2, 18, 48)

    def shown(step):
        """A star of eight points, whose tips are thinner than a pixel of the wide view."""
        picture = backing.copy()
        points = 320 + np.stack([180 + 9 * step + reach * np.cos(turns), reach * np.sin(turns)], -1)
        cv2.fillPoly(picture, [points.astype(np.int32)], (0.95, 0.9, 0.2))
        return picture

    truth = (shown(0) != backing).any(-1)
    hint = Hint((click(truth),))
    found = meant(shown(0), hint, [Beside(k, shown(k)) for o in OFFSETS for k in (-o, o)])
    assert overlap(found, truth) > 0.93


@pytest.mark.parametrize("hint", [Hint(), Hint(strokes=((((0.5, 0.5),), False),))])
def test_marks_that_mean_nothing_are_refused(hint):
    with pytest.raises(MarkMissing):
        meant(np.zeros((9, 9, 3), np.float32), hint)
