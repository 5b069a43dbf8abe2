import numpy as np
import pytest
from PIL import Image

from secondunit.matting.backing import Steady, fit, on_clean_plate, small_size, smaller
from secondunit.media.read import open_media
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import ScreenMissing

COLOURS = {
    "green": (0.04, 0.28, 0.06),
    "blue": (0.03, 0.06, 0.40),
    "yellow": (0.50, 0.45, 0.02),
    "magenta": (0.50, 0.03, 0.40),
    "pale green": (0.30, 0.45, 0.30),
}


def linear(frame):
    seen = np.asarray(frame)[..., :3].astype(np.float32)
    seen = seen / 255 if np.asarray(frame).dtype == np.uint8 else seen
    return np.where(seen <= 0.04045, seen / 12.92, ((seen + 0.055) / 1.055) ** 2.4).astype("f4")


def frame(path, number):
    with open_media(path) as reader:
        (picture,) = reader.frames(FrameRange(number, number))
    return small(linear(picture))


def small(picture):
    return smaller(picture, small_size(picture.shape[1], picture.shape[0]))


def bare(colour, height=180, width=320):
    """A bare screen lit from one side, and falling off into the corners."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1 - 0.2 * (x**2 + y**2) + 0.12 * x
    return (light[..., None] * np.array(colour)).astype(np.float32)


def person(picture, share=0.35, colour=(0.35, 0.2, 0.13)):
    """Somebody before it: a head and shoulders, shaded."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    where = (x**2 / share**2 + y**2 / 0.5 < 1) | ((y > 0.4) & (np.abs(x) < 2 * share))
    shaded = np.array(colour, np.float32) * (0.7 + 0.3 * np.sin(7 * x + 5 * y))[..., None]
    noise = np.random.default_rng(1).normal(0, 0.004, picture.shape)
    seen = np.where(where[..., None], shaded, picture) * (1 + noise)
    return np.maximum(seen, 0).astype(np.float32), where


def missed(surface, truth):
    """The mean error of a screen, in parts of its own level."""
    return np.abs(surface - truth).mean() / truth.mean()


@pytest.mark.parametrize("name", COLOURS)
def test_the_screen_of_any_colour_is_found_behind_who_stands_there(name):
    truth = bare(COLOURS[name])
    seen, where = person(truth)
    found = fit(seen)
    one_colour = np.median(seen[~where], axis=0)
    assert found.stands
    assert missed(found.surface, truth) < 0.02
    assert missed(found.surface, truth) < 0.2 * missed(
        np.broadcast_to(one_colour, seen.shape), truth
    )
    assert found.share == pytest.approx((~where).mean(), abs=0.03)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("synth_true_alpha_fg/green.mp4", (0, 11)),
        ("bluescreen_grid_bbaf2n.mpg", (0, 40)),
        ("yellowscreen_mdn.mp4", (0, 320)),
    ],
)
def test_real_screens_stand(samples, name, numbers):
    for number in numbers:
        found = fit(frame(samples / "footage" / name, number))
        assert found.stands
        assert found.share > 0.4


def test_lawns_streets_and_courts_are_no_screens(samples):
    footage = samples / "footage"
    plates = [frame(footage / "person_juggle.mp4", number) for number in (0, 120)]
    plates += [frame(footage / "person_dog_leash.mp4", 40)]
    plates += [frame(footage / "synth_true_alpha_fg/natural.mp4", 3)]
    for picture in sorted((footage / "camera_pan_tennis/rgb").iterdir())[::25]:
        plates.append(small(linear(np.asarray(Image.open(picture)))))
    for plate in plates:
        with pytest.raises(ScreenMissing, match="Pick the screen's colour"):
            Steady().seen(plate)


def test_a_hint_that_takes_half_the_screen_for_the_subject_does_no_harm():
    truth = bare(COLOURS["green"])
    seen, where = person(truth)
    core = where.copy()
    core[:, : seen.shape[1] // 2] = True
    assert missed(fit(seen, core=core).surface, truth) < 0.02


def test_a_hint_that_knows_the_shirt_keeps_the_shirt_from_being_the_screen():
    """More of the picture is shirt than screen: only the hint can tell which is which."""
    truth = bare(COLOURS["green"])
    seen, where = person(truth, share=0.75, colour=(0.05, 0.07, 0.45))
    assert where.mean() > 0.6
    assert missed(fit(seen, core=where).surface, truth) < 0.05


def test_a_picked_colour_decides_between_two_screens():
    truth = bare(COLOURS["green"])
    seen = truth.copy()
    seen[:, 200:] = bare(COLOURS["blue"])[:, 200:]
    for name in ("green", "blue"):
        found = fit(seen, colour=np.array(COLOURS[name], np.float32))
        right = np.zeros(seen.shape[:2], bool)
        right[:, :195] = name == "green"
        right[:, 205:] = name == "blue"
        assert found.bare[right].mean() > 0.95
        assert found.bare[~right].mean() < 0.1


def test_a_clean_plate_shows_what_no_surface_can():
    truth = bare(COLOURS["green"])
    truth[:, 150:154] *= 0.6  # a seam
    seen, _ = person(1.2 * truth)
    found = on_clean_plate(seen, truth)
    assert missed(found.surface, 1.2 * truth) < 0.01
    assert missed(found.surface, 1.2 * truth) < 0.5 * missed(fit(seen).surface, 1.2 * truth)


def test_a_locked_camera_averages_noise_away():
    truth, steady, errors = bare(COLOURS["green"]), Steady(), []
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(0, 0.05, truth.shape)
        found = steady.seen(np.maximum(truth * (1 + noise), 0).astype(np.float32))
        errors.append(missed(found.surface, truth))
    assert errors[-1] < 0.8 * errors[0]


def test_a_moving_camera_is_followed():
    wide, steady = bare(COLOURS["green"], width=960), Steady()
    for left in range(0, 640, 100):
        truth = wide[:, left : left + 320]
        found = steady.seen(person(truth)[0])
        assert missed(found.surface, truth) < 0.04


def test_light_that_is_switched_is_answered_at_once():
    truth, steady = bare(COLOURS["blue"]), Steady()
    for _ in range(4):
        steady.seen(person(truth)[0])
    assert missed(steady.seen(person(0.4 * truth)[0]).surface, 0.4 * truth) < 0.02


def test_a_frames_own_clean_plate_is_not_averaged_with_those_before():
    screen, steady = bare(COLOURS["green"]), Steady()
    across = np.linspace(0, 1, screen.shape[1])
    for place in (0.2, 0.3, 0.4):
        shade = 1 - 0.5 * np.exp(-(((across - place) / 0.05) ** 2))
        clean = (screen * shade[None, :, None]).astype("f4")
        seen, _ = person(clean)
        assert np.array_equal(
            steady.seen(seen, clean=clean).surface, on_clean_plate(seen, clean).surface
        )


def test_one_clean_plate_for_all_frames_is_steadied_as_it_was():
    screen = bare(COLOURS["green"])
    chance = np.random.default_rng(0)
    seen = [(screen * (1 + chance.normal(0, 0.05, screen.shape))).astype("f4") for _ in range(4)]
    told, each = Steady(clean=screen), Steady()
    for picture in seen:
        surfaces = told.seen(picture).surface, each.seen(picture, clean=screen).surface
        assert np.array_equal(*surfaces)
    assert not np.array_equal(surfaces[0], on_clean_plate(seen[-1], screen).surface)


def vignetted(darkest, arm=False):
    """A green screen whose corner falls off to so much of its light; or a black arm."""
    screen = bare(COLOURS["green"])
    y, x = np.mgrid[:180, :320]
    away = np.hypot(x - 319, y) / 60
    if arm:
        dark = np.clip((away - 0.6) * 20, 0, 1)
    else:
        dark = darkest + (1 - darkest) * np.clip(away, 0, 1) ** 0.7
    plate, _ = person(screen)
    noise = np.random.default_rng(2).normal(0, 0.004, plate.shape)
    return (plate * dark[..., None] * (1 + noise)).astype(np.float32), screen * dark[..., None]


def off_in_the_corner(surface, screen):
    """How far a surface is from the screen there, as the eye sees it."""
    apart = np.abs(surface ** (1 / 2.4) - screen ** (1 / 2.4)).sum(-1)
    return float(apart[:20, -20:].mean())


@pytest.mark.parametrize("darkest", [0.5, 0.15, 0.03])
def test_the_screen_goes_on_into_a_dark_corner(darkest):
    plate, screen = vignetted(darkest)
    assert off_in_the_corner(fit(plate).surface, screen) < 0.04


def test_a_black_arm_in_the_corner_is_no_screen():
    plate, _ = vignetted(1, arm=True)
    assert off_in_the_corner(fit(plate).surface, bare(COLOURS["green"])) < 0.2
