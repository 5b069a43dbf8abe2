from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from secondunit.matting import chroma
from secondunit.matting.cutout import Seen
from secondunit.matting.despill import Despill
from secondunit.matting.keyer import KeyControls, Keyer
from secondunit.matting.screened import Screened
from secondunit.media.read import open_media
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue, ScreenMissing, SizeDisagrees

GREEN = np.array([0.04, 0.28, 0.06], np.float32)
SHIRT = np.array([0.05, 0.07, 0.45], np.float32)
SKIN = np.array([0.45, 0.27, 0.19], np.float32)


def linear(frame):
    seen = np.asarray(frame)[..., :3].astype(np.float32) / 255
    return np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4).astype("f4")


def encoded(light):
    low = np.clip(light, 0, None)
    return np.where(low <= 0.0031308, low * 12.92, 1.055 * low ** (1 / 2.4) - 0.055)


def shot(path, *numbers):
    with open_media(path) as reader:
        for number in numbers:
            (frame,) = reader.frames(FrameRange(number, number))
            yield linear(frame)


def rendered(samples, number):
    """A frame's true alpha (H,W), rendered."""
    path = samples / f"footage/synth_true_alpha_fg/alpha16/{number:04d}.png"
    return np.asarray(Image.open(path)).astype(np.float32) / 65535


def made(shirt=SHIRT, screen=GREEN, size=(180, 320), seed=0):
    """A figure with a soft edge before an uneven, noisy screen: plate, true alpha, screen."""
    y, x = np.mgrid[-1 : 1 : size[0] * 1j, -1.78 : 1.78 : size[1] * 1j]
    head = 0.4 - np.hypot(x, y + 0.3)
    body = np.minimum(0.5 - np.abs(x), y - 0.05)
    alpha = np.clip(np.maximum(head, body) * size[0] / 6 + 0.5, 0, 1)
    colour = np.where((y > 0.05)[..., None], shirt, SKIN) * (1 + 0.2 * x)[..., None]
    bare = screen * (1 - 0.1 * (x**2 + y**2) + 0.08 * x)[..., None]
    plate = colour * alpha[..., None] + bare * (1 - alpha[..., None])
    noise = np.random.default_rng(seed).normal(0, 0.004, plate.shape)
    return np.maximum(plate * (1 + noise), 0).astype("f4"), alpha.astype("f4"), bare.astype("f4")


def off(alpha, truth):
    """The mean difference of two alphas, in thousandths."""
    return float(np.abs(alpha - truth).mean() * 1000)


def hue(picture):
    return picture / np.maximum(picture.sum(-1, keepdims=True), 1e-3)


def by_one_colour(plate, screen):
    """The trivial baseline: one screen colour for the whole picture, its median."""
    above = plate[..., 1] - plate[..., [0, 2]].max(-1)
    return np.clip(1 - above / np.median(screen[..., 1] - screen[..., [0, 2]].max(-1)), 0, 1)


def test_the_rendered_shot_is_keyed_with_nothing_said(samples):
    keyer, ours, trivial, truths = Keyer(), [], [], []
    for number, plate in enumerate(
        shot(samples / "footage/synth_true_alpha_fg/green.mp4", *range(12))
    ):
        pulled = keyer.pull(plate)
        ours.append(pulled.alpha)
        truths.append(rendered(samples, number))
        trivial.append(by_one_colour(plate, plate[truths[-1] == 0][None]))
    ours, trivial, truths = (np.stack(each) for each in (ours, trivial, truths))
    steps = [np.diff(each, axis=0) for each in (ours, truths)]
    flicker = np.sqrt(((steps[0] - steps[1]) ** 2).mean((1, 2))).mean() * 100
    assert off(ours, truths) < 12
    assert flicker < 5
    assert off(ours, truths) < 0.6 * off(trivial, truths)
    assert (ours[truths == 0] == 0).mean() > 0.95
    assert (ours[truths == 1] == 1).mean() > 0.95


def test_the_colours_of_the_subject_are_nearer_to_the_render_than_the_plates(samples):
    (plate,) = shot(samples / "footage/synth_true_alpha_fg/green.mp4", 5)
    with open_media(samples / "footage/synth_true_alpha_fg/fg_premult_exr/0005.exr") as reader:
        (truth,) = reader.frames(FrameRange(0, 0))
    truth, cover = truth[..., :3].astype("f4"), truth[..., 3:].astype("f4")
    band = (cover[..., 0] > 0.02) & (cover[..., 0] < 0.98)
    pulled = Keyer().pull(plate)
    ours = np.abs(pulled.foreground * cover - truth)[band].mean()
    assert ours < 0.5 * np.abs(plate * cover - truth)[band].mean()
    # its hue above all: what a strand of hair keeps of the screen is seen at once
    hues = [hue(each) for each in (pulled.foreground, plate, truth)]
    wrong = [np.abs(each - hues[2])[band].mean() for each in hues]
    assert wrong[0] < 0.3 * wrong[1]


@pytest.mark.parametrize(
    ("name", "numbers", "inside", "outside"),
    [
        # boxes (top, bottom, left, right) in shares: face, hands, cloth; and the wall
        (
            "yellowscreen_mdn.mp4",
            (319, 320),
            [(0.2, 0.5, 0.46, 0.6), (0.86, 0.95, 0.26, 0.34), (0.88, 0.97, 0.66, 0.74)],
            [(0.0, 0.4, 0.0, 0.3), (0.0, 0.5, 0.75, 1.0)],
        ),
        (
            "bluescreen_grid_bbaf2n.mpg",
            (73, 74),
            [(0.25, 0.6, 0.3, 0.55), (0.94, 0.99, 0.3, 0.5), (0.93, 0.98, 0.62, 0.7)],
            [(0.05, 0.7, 0.03, 0.18), (0.1, 0.8, 0.7, 0.95)],
        ),
    ],
)
def test_real_screens_leave_no_hole_and_no_veil(samples, name, numbers, inside, outside):
    keyer = Keyer()
    for plate in shot(samples / "footage" / name, *numbers):
        alpha = keyer.pull(plate).alpha
    height, width = alpha.shape

    def cut(box):
        return alpha[
            round(box[0] * height) : round(box[1] * height),
            round(box[2] * width) : round(box[3] * width),
        ]

    for box in inside:
        assert (cut(box) > 0.9).mean() > 0.97
    for box in outside:
        assert (cut(box) == 0).mean() > 0.97
        assert cut(box).max() < 0.1


@pytest.mark.parametrize(
    ("name", "numbers", "box"),
    [
        # denim nearly of the screen's hue, in one shoulder; the side of a head that yellow lights
        ("bluescreen_grid_bbaf2n.mpg", (0, 1, 2), (270, 284, 50, 86)),
        ("yellowscreen_mdn.mp4", (2, 3, 4), (40, 68, 102, 110)),
    ],
)
def test_what_nearly_has_the_screens_hue_gets_no_holes_that_come_and_go(
    samples, name, numbers, box
):
    keyer = Keyer()
    for plate in shot(samples / "footage" / name, *numbers):
        alpha = keyer.pull(plate).alpha[box[0] : box[1], box[2] : box[3]]
        assert (alpha > 0.9).mean() > 0.97
        assert alpha.mean() > 0.985


DENIM = np.array([0.16, 0.25, 0.18], np.float32)


def test_cloth_of_the_screens_hue_but_paler_is_whole_and_keeps_its_colour():
    plate, truth, _ = made(shirt=DENIM)
    pulled = Keyer().pull(plate)
    shirt = np.zeros(truth.shape, bool)
    shirt[125:, 130:190] = True
    assert pulled.alpha[shirt].min() > 0.98
    assert off(pulled.alpha, truth) < 12
    green, before = (each[shirt].mean(0) for each in (pulled.foreground, plate))
    assert np.abs(green / before - 1).max() < 0.08


def test_light_from_the_screen_is_taken_off_a_neutral_shirt_and_its_middle_stays():
    grey = np.array([0.2, 0.2, 0.2], np.float32)
    plate, truth, bare = made(shirt=grey, size=(270, 480))
    away = np.minimum(np.abs(np.arange(480) - 172), np.abs(np.arange(480) - 307))
    lit = 0.5 * np.exp(-away / 12) * (truth > 0.99)
    spilled = (plate + lit[..., None] * bare).astype("f4")
    pulled = Keyer().pull(spilled)
    side, middle = np.s_[200:, 178:188], np.s_[200:, 230:250]

    def tint(picture):
        return float((picture[..., 1] / picture.mean(-1)).mean() - 1)

    assert tint(spilled[side]) > 0.1
    assert abs(tint(pulled.foreground[side])) < 0.3 * tint(spilled[side])
    assert abs(tint(pulled.foreground[middle])) < 0.02


def test_a_veil_lets_the_screen_through_still():
    plate, *_ = made(size=(270, 480))
    y, x = np.mgrid[:270, :480]
    veil = (0.6 + 0.2 * np.sin(x / 5)) * (x > 330) * (x < 440) * (y > 60)
    white = np.array([0.7, 0.68, 0.65], np.float32) * 0.8
    plate = plate + veil[..., None] * (white - plate)
    alpha = Keyer().pull(plate.astype("f4")).alpha[100:200, 350:420]
    assert 0.2 < alpha.min() < alpha.max() < 0.9


def test_a_dark_corner_is_not_left_as_subject(samples):
    (plate,) = shot(samples / "footage/bluescreen_grid_bbaf2n.mpg", 0)
    alpha = Keyer().pull(plate).alpha
    assert alpha[:30, -40:].mean() < 0.003
    assert alpha[:30, -40:].max() < 0.15


def test_blank_lines_at_the_pictures_border_are_no_subject(samples):
    (plate,) = shot(samples / "footage/bluescreen_grid_bbaf2n.mpg", 0)
    alpha = Keyer().pull(plate).alpha
    assert (alpha[:4, 20:320] < 0.02).mean() > 0.97
    assert (alpha[-1, 120:210] == 1).all()


def test_a_border_that_cuts_the_subject_or_what_sticks_in_cuts_it_still():
    plate, truth, _ = made()
    plate[:5, 40:60], truth[:5, 40:60] = SHIRT, 1  # a short thing at the upper border
    whole = Keyer().pull(plate).alpha
    blank = plate.copy()
    blank[0], blank[-1], blank[:, :2] = 0.01, 0.6, 0.0
    pulled = Keyer().pull(blank).alpha
    assert off(pulled, truth) < off(whole, truth) + 1
    assert (pulled[:2, 70:] < 0.02).all()
    assert (pulled[:, 0][truth[:, 4] == 0] < 0.02).all()
    assert (pulled[-1][truth[-1] == 1] > 0.95).all()
    assert (pulled[0, 42:58] > 0.95).all()


def test_each_frame_is_held_against_its_own_clean_plate():
    """Somebody walks through the light: the screen's shade wanders from frame to frame."""
    y, x = np.mgrid[:180, :320]
    frames, truths = [], []
    for number in range(4):
        plate, truth, bare = made(seed=number)
        shade = 1 - 0.6 * np.exp(-((x - 60 * number - 60) ** 2 + (y - 40) ** 2) / 1500)
        clean = bare * shade[..., None].astype("f4")
        plate = plate + (1 - truth[..., None]) * (clean - bare)
        frames.append(Seen(plate, plate, clean=clean))
        truths.append(truth)
    own = [each.alpha for each in Screened().cut(iter(frames))]
    first = [replace(each, clean=frames[0].clean) for each in frames]
    by_first = [each.alpha for each in Screened().cut(iter(first))]
    errors = [[off(*each) for each in zip(ours, truths, strict=True)] for ours in (own, by_first)]
    assert max(errors[0]) < 15
    assert np.mean(errors[0][1:]) < 0.6 * np.mean(errors[1][1:])


@pytest.mark.parametrize("empty", ["core", "garbage", "both"])
def test_a_matte_that_says_nothing_changes_nothing(empty):
    plate, truth, _ = made()
    nothing = np.zeros(truth.shape, bool)
    mattes = {"core": truth == 1, "garbage": truth == 0}
    mattes |= dict.fromkeys(mattes, nothing) if empty == "both" else {empty: nothing}
    without = {name: mask for name, mask in mattes.items() if mask.any()}
    pulled, alone = Keyer().pull(plate, **mattes), Keyer().pull(plate, **without)
    assert np.array_equal(pulled.alpha, alone.alpha)
    assert off(pulled.alpha, truth) < 12


def test_a_plate_without_a_screen_is_refused(samples):
    (plate,) = shot(samples / "footage/person_juggle.mp4", 0)
    with pytest.raises(ScreenMissing):
        Keyer().pull(plate)


@pytest.mark.parametrize(
    "screen", [GREEN, (0.05, 0.30, 0.30), (0.50, 0.03, 0.40), (0.01, 0.05, 0.015), (0.4, 3, 0.6)]
)
def test_every_screen_is_keyed_to_exactly_nothing_and_all(screen):
    plate, truth, bare = made(screen=np.array(screen, np.float32))
    pulled = Keyer().pull(plate)
    assert off(pulled.alpha, truth) < 12
    assert (pulled.alpha[truth == 0] == 0).mean() > 0.98
    assert (pulled.alpha[truth == 1] == 1).mean() > 0.95
    assert np.abs(pulled.screen - bare).mean() < 0.03 * bare.mean()


def test_set_back_on_its_screen_the_subject_makes_the_plate():
    plate, _, _ = made()
    pulled = Keyer(KeyControls(despill=Despill(strength=0))).pull(plate)
    cover = pulled.alpha[..., None]
    again = pulled.foreground * cover + pulled.screen * (1 - cover)
    assert np.abs(again - plate).mean() < 0.02 * plate.mean()
    assert np.array_equal(pulled.foreground[pulled.alpha == 1], plate[pulled.alpha == 1])


def test_a_shirt_in_the_screens_colour_is_held_by_a_coarse_hint():
    plate, truth, _ = made(shirt=np.array([0.045, 0.27, 0.07], np.float32))
    tokens = truth[:176, :].reshape(11, 16, 20, 16).mean((1, 3)).repeat(16, 0).repeat(16, 1)
    tokens = np.concatenate([tokens, tokens[-4:]])
    core, garbage = tokens > 0.99, tokens < 0.01
    alone = Keyer().pull(plate).alpha
    held = Keyer().pull(plate, core=core, garbage=garbage)
    assert off(alone, truth) > 60
    assert off(held.alpha, truth) < 0.5 * off(alone, truth)
    assert off(held.alpha, truth) < off(tokens, truth)
    assert (held.alpha[core] == 1).all()
    assert (held.alpha[garbage] == 0).all()
    assert held.confidence < Keyer().pull(made()[0]).confidence


def test_every_pixel_that_is_not_a_number_stays_alone():
    plate, truth, _ = made()
    broken = plate.copy()
    broken[5:9, 5:9], broken[20, 300], broken[90, 160] = np.nan, np.inf, -np.inf
    broken[100:104, 30:34] = -0.2
    pulled, whole = Keyer().pull(broken), Keyer().pull(plate)
    for picture in (pulled.alpha, pulled.foreground, pulled.screen, pulled.despill):
        assert np.isfinite(picture).all()
    assert pulled.alpha.min() >= 0
    assert pulled.alpha.max() <= 1
    assert off(pulled.alpha, truth) < off(whole.alpha, truth) + 1.5


def test_an_empty_screen_keys_to_nothing():
    _, _, bare = made()
    noise = np.random.default_rng(3).normal(0, 0.01, bare.shape)
    alpha = Keyer().pull((bare * (1 + noise)).astype("f4")).alpha
    assert (alpha == 0).mean() > 0.9999
    assert alpha.max() < 0.02


@pytest.mark.parametrize("size", [(91, 161), (36, 64), (600, 300)])
def test_any_size_will_do(size):
    plate, truth, _ = made(size=size)
    pulled = Keyer().pull(plate)
    assert pulled.alpha.shape == size
    assert pulled.foreground.shape == (*size, 3)
    assert off(pulled.alpha, truth) < 25


def test_strips_leave_no_seam(monkeypatch):
    plate, _, _ = made(size=(300, 200))
    in_two = Keyer().pull(plate)
    monkeypatch.setattr("secondunit.matting.oneframe._STRIP", 1024)
    in_one = Keyer().pull(plate)
    assert np.allclose(in_two.alpha, in_one.alpha, atol=2e-3)
    assert np.allclose(in_two.foreground, in_one.foreground, atol=2e-3)


def test_the_edge_grows_and_shrinks_by_parts_of_a_pixel():
    plate, _, _ = made()
    areas = [Keyer(KeyControls(grow=each)).pull(plate).alpha.sum() for each in (-0.5, 0, 0.5, 1.0)]
    steps = np.diff(areas)
    assert (steps > 0).all()
    assert steps.max() < 1.5 * steps.min()


def test_softening_keeps_the_area_and_widens_the_edge():
    plate, _, _ = made()
    hard, soft = (Keyer(KeyControls(soften=each)).pull(plate).alpha for each in (0, 2.0))
    assert soft.sum() == pytest.approx(hard.sum(), rel=0.01)
    between = [((each > 0.02) & (each < 0.98)).sum() for each in (hard, soft)]
    assert between[1] > 1.3 * between[0]


def test_the_artists_clips_rule():
    plate, _, _ = made()
    plain = Keyer(KeyControls(black=0.0, white=1.0)).pull(plate).alpha
    tight = Keyer(KeyControls(black=0.3, white=0.6)).pull(plate).alpha
    assert (tight[plain < 0.28] == 0).all()
    assert (tight[plain > 0.7] == 1).all()


@pytest.mark.parametrize("wrong", [{"black": 0.8, "white": 0.3}, {"balance": 2.0}])
def test_controls_that_cannot_be_meant_are_refused(wrong):
    with pytest.raises(BadValue):
        replace(KeyControls(), **wrong)


def test_a_matte_of_another_size_is_refused():
    with pytest.raises(SizeDisagrees, match="core"):
        Keyer().pull(made()[0], core=np.zeros((9, 9), bool))


def test_halved_colour_is_seen_and_put_back_along_luma():
    import torch

    plate, truth, _ = made(size=(180, 320), seed=2)
    seen = encoded(plate)
    luma = seen @ [0.299, 0.587, 0.114]
    colour = (seen - luma[..., None])[..., [0, 2]]
    colour = colour.reshape(90, 2, 160, 2, 2).mean((1, 3)).repeat(2, 0).repeat(2, 1)
    red, blue = colour[..., 0] + luma, colour[..., 1] + luma
    halved = np.stack([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue], -1)
    halved = linear(halved.clip(0, 1) * 255)
    assert not any(chroma.halved(plate))
    how = chroma.halved(halved)
    assert how == (True, True)
    back = chroma.rebuilt(torch.from_numpy(halved.transpose(2, 0, 1).copy()), how)
    edge = (truth > 0.01) & (truth < 0.99)
    error = np.abs(back.numpy().transpose(1, 2, 0) - plate)[edge].mean()
    assert error < 0.8 * np.abs(halved - plate)[edge].mean()
