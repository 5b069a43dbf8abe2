import numpy as np
import pytest

from secondunit.matting import wardrobe
from secondunit.matting.despill import Despill, despilled_picture

GREEN = np.array([0.04, 0.28, 0.06], np.float32)
BLUE = np.array([0.03, 0.06, 0.40], np.float32)
SKIN, GREY, RED = (0.40, 0.24, 0.17), (0.3, 0.3, 0.3), (0.5, 0.08, 0.06)
LUMA = np.array([0.2126, 0.7152, 0.0722])


def patch(colour):
    return np.broadcast_to(np.array(colour, np.float32), (4, 4, 3)).copy()


@pytest.mark.parametrize("screen", [GREEN, BLUE])
@pytest.mark.parametrize(("colour", "left"), [(SKIN, 0.95), (GREY, 0.05)])
def test_the_screens_light_comes_off(screen, colour, left):
    clean = patch(colour)
    spilled = clean + 0.5 * screen
    back, amount = despilled_picture(spilled, screen)
    # the light stays, so it is the hue that is compared
    hue = [each[0, 0] / each[0, 0].sum() for each in (clean, spilled, back)]
    assert np.abs(hue[2] - hue[0]).sum() < left * np.abs(hue[1] - hue[0]).sum()
    assert amount.min() > 0


@pytest.mark.parametrize("colour", [SKIN, GREY, RED])
def test_what_has_no_spill_is_left_alone(colour):
    back, amount = despilled_picture(patch(colour), GREEN)
    assert np.allclose(back, patch(colour), atol=1e-4)
    assert amount.max() < 1e-4


@pytest.mark.parametrize("screen", [GREEN, BLUE])
def test_the_luminance_stays(screen):
    spilled = patch(GREY) + 0.3 * screen
    kept = despilled_picture(spilled, screen)[0] @ LUMA
    lost = despilled_picture(spilled, screen, Despill(luminance=0))[0] @ LUMA
    assert np.allclose(kept, spilled @ LUMA, rtol=1e-3)
    assert not np.allclose(lost, spilled @ LUMA, rtol=1e-2)


def test_strength_goes_from_nothing_to_all():
    spilled = patch(SKIN) + 0.5 * GREEN
    none, half, whole = (
        despilled_picture(spilled, GREEN, Despill(strength=each)) for each in (0, 0.5, 1)
    )
    assert np.array_equal(none[0], spilled)
    assert np.allclose(half[0], (none[0] + whole[0]) / 2, atol=1e-5)
    assert 2 * half[1][0, 0] == pytest.approx(whole[1][0, 0], rel=1e-4)


def test_average_takes_more_than_vector_and_vector_more_than_max():
    spilled = patch((0.35, 0.4, 0.1))
    average, vector, most = (
        despilled_picture(spilled, GREEN, Despill(kind))[1][0, 0]
        for kind in ("average", "vector", "max")
    )
    assert average > vector > most >= 0


def test_the_light_comes_back_in_the_colour_asked_for():
    spilled = patch(GREY) + 0.5 * GREEN
    warm = despilled_picture(spilled, GREEN, Despill(replace=(1.0, 0.6, 0.3)))[0][0, 0]
    plain = despilled_picture(spilled, GREEN)[0][0, 0]
    assert warm[0] - warm[2] > plain[0] - plain[2] + 0.01


def test_highlights_and_what_is_below_black_stay():
    back, _ = despilled_picture(patch((9.0, 9.0, 9.0)), GREEN)
    assert np.allclose(back, 9)
    back, _ = despilled_picture(patch((-0.01, 0.2, -0.01)), GREEN)
    assert np.isfinite(back).all()
    assert back.min() >= -0.011


def wardrobe_of(share, falls, size=(160, 240)):
    """A grey figure with so much of a green screen's hue, and more the nearer to its edge."""
    import torch

    bare = torch.tensor([0.05, 0.4, 0.06])[:, None, None].expand(3, *size)
    alpha = torch.zeros(size)
    alpha[20:140, 30:210] = 1.0
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    away = torch.stack([y - 20, 139 - y, x - 30, 209 - x]).amin(0).clamp(min=0)
    hue = bare - bare.mean(0)
    hue = hue / hue.norm(dim=0)
    plate = 0.2 + 0.2 * (share + falls * torch.exp(-away / 9.6)) * hue
    plate = torch.lerp(bare, plate, alpha)
    return wardrobe.measured(plate, bare, alpha > 0.5, alpha), plate, bare


@pytest.mark.parametrize(("share", "falls"), [(0.0, 0.5), (0.3, 0.0), (0.3, 0.4)])
def test_what_falls_off_from_the_edge_is_the_screens_and_the_rest_is_worn(share, falls):
    worn, plate, bare = wardrobe_of(share, falls)
    own = worn.own(plate, bare, slice(0, 160)) / plate.mean(0)
    assert float(own[70:90, 100:140].mean()) == pytest.approx(share, abs=0.06)
    assert float(own[70:90, 34:40].mean()) < share + 0.35 * falls + 0.02
