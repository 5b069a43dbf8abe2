"""Differences and composites, by the numbers of their pixels."""

from __future__ import annotations

import pytest

pytest.importorskip("qtpy.QtWidgets", reason="Qt is not installed", exc_type=ImportError)

from qtpy.QtGui import QColor, QImage

from secondunit_panel.qt import mix
from secondunit_panel.qt.compare import Compare, cell

SIZE = (960, 540)


def flat(*colour: int, size: tuple[int, int] = SIZE) -> QImage:
    image = QImage(*size, QImage.Format.Format_RGB32)
    image.fill(QColor(*colour))
    return image


def greys(level: int, size: tuple[int, int] = SIZE) -> QImage:
    image = QImage(*size, QImage.Format.Format_Grayscale8)
    image.fill(level)
    return image


def at(image: QImage, x: int = 5, y: int = 5) -> tuple[int, int, int]:
    colour = image.pixelColor(x, y)
    return colour.red(), colour.green(), colour.blue()


def near(one, other, by: int = 1) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other))  # noqa: B905 - Python 3.10


def test_the_difference_is_each_colours_distance_both_ways():
    assert at(mix.difference(flat(200, 10, 30), flat(50, 40, 30))) == (150, 30, 0)
    assert at(mix.difference(flat(50, 40, 30), flat(200, 10, 30))) == (150, 30, 0)


def test_equal_pictures_differ_nowhere():
    picture = flat(0, 0, 0)
    for x in range(0, 960, 7):
        picture.setPixelColor(x, x % 540, QColor(x % 256, (x * 3) % 256, 255 - x % 256))
    apart = mix.difference(picture, picture.copy(), 8)
    assert apart == flat(0, 0, 0)


def test_a_gain_makes_a_faint_difference_seen_and_stops_at_white():
    assert at(mix.difference(flat(100, 100, 0), flat(103, 100, 200), 8)) == (24, 0, 255)


def test_a_smaller_take_is_compared_at_the_plates_size():
    apart = mix.difference(flat(90, 90, 90), flat(60, 60, 60, size=(480, 270)))
    assert (apart.width(), apart.height()) == SIZE
    assert at(apart, 950, 530) == (30, 30, 30)


@pytest.mark.parametrize(("ground", "level"), [("grey", 0x77), ("black", 0)])
@pytest.mark.parametrize("alpha", [0, 64, 128, 255])
def test_a_straight_picture_over_a_flat_ground(ground, level, alpha):
    share = alpha / 255
    wanted = [round(c * share + level * (1 - share)) for c in (200, 100, 40)]
    assert near(at(mix.over(flat(200, 100, 40), greys(alpha), ground)), wanted)


@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_a_premultiplied_picture_is_not_multiplied_again(alpha):
    share = alpha / 255
    colour = [round(c * share) for c in (200, 100, 40)]
    wanted = [round(c + 0x77 * (1 - share)) for c in colour]
    assert near(at(mix.over(flat(*colour), greys(alpha), "grey", True)), wanted)


def test_a_checker_is_seen_where_the_picture_is_not():
    light, dark = (QColor(each).red() for each in mix.CHECKER)
    whole = mix.over(flat(255, 0, 0), greys(0), "checker")
    tile = mix.TILE
    assert [at(whole, x, 3)[0] for x in (1, tile - 1, tile, 2 * tile - 1, 2 * tile)] == [
        light, light, dark, dark, light,
    ]  # fmt: skip
    assert at(whole, 3, tile)[0] == dark
    half = mix.over(flat(255, 0, 0), greys(128), "checker")
    share = 128 / 255
    assert near(at(half), [255 * share + light * (1 - share), *[light * (1 - share)] * 2])


def test_a_matte_of_another_size_still_fits():
    alpha = greys(0, (96, 54))
    for y in range(54):
        for x in range(48, 96):
            alpha.setPixelColor(x, y, QColor("white"))
    whole = mix.over(flat(9, 99, 199), alpha, "black")
    assert at(whole, 100, 270) == (0, 0, 0)
    assert at(whole, 800, 270) == (9, 99, 199)


def test_a_picture_is_mixed_once():
    compare = Compare(gain=1)
    pictures = {"plate": flat(9, 9, 9), "take": flat(5, 5, 5)}
    one, _ = compare.seen(lambda side, layer: pictures[side], True)
    other, _ = compare.seen(lambda side, layer: pictures[side], True)
    assert one.cacheKey() == other.cacheKey()


def test_alpha_is_seen_as_a_matte_then_over_each_ground_then_not():
    compare, seen = Compare(), []
    for _ in range(5):
        compare.turn("alpha")
        seen.append(compare.alpha)
    assert seen == ["matte", "grey", "black", "checker", ""]


@pytest.mark.parametrize(("count", "gap"), [(1, 0), (7, 12), (13, 12), (25, 12)])
def test_a_strip_of_a_preview_falls_into_its_pictures(count, gap):
    wide, high = 240, 135
    strip = flat(27, 27, 27, size=(count * wide + (count - 1) * gap, high))
    for which in range(count):
        for y in (0, high // 2, high - 1):
            for x in range(which * (wide + gap), which * (wide + gap) + wide):
                strip.setPixelColor(x, y, QColor(10 * which, 0, 0))
    for which in range(count):
        picture = cell(strip, 16 / 9, (which + 0.5) / count)
        assert abs(picture.width() - wide) <= 1
        assert {at(picture, x, high // 2) for x in (2, 120, 237)} == {(10 * which, 0, 0)}
