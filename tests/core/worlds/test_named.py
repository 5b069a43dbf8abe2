"""The named world: clips that look as their words say, with a truth that adds up."""

from __future__ import annotations

from colorsys import rgb_to_hsv
from random import Random

import numpy as np
import pytest

from secondunit.worlds import words
from secondunit.worlds.clips import Clips
from secondunit.worlds.named import clips
from secondunit.worlds.scenes import PAINTED
from secondunit.worlds.staging import Stage, staged
from secondunit.worlds.subjects import COLOURS, SHAPES

FRAMES, HEIGHT, WIDTH = 5, 64, 80


@pytest.fixture(scope="module")
def made() -> Clips:
    return clips(7, 72, FRAMES, HEIGHT, WIDTH)


def stages(count: int, seed: int = 0) -> list[Stage]:
    rng = Random(seed)
    return [staged(rng, FRAMES, HEIGHT, WIDTH) for _ in range(count)]


def alone(made: Clips) -> list[int]:
    return [row for row, told in enumerate(made.told) if not told.several]


def test_every_word_can_be_seen():
    assert SHAPES.keys() == words.SHAPES.keys()
    assert COLOURS.keys() == words.COLOURS.keys()
    assert PAINTED.keys() == words.PLACES.keys()
    drawn = stages(900)
    assert {stage.shot.subject.shape for stage in drawn} == SHAPES.keys()
    assert {stage.shot.subject.motion for stage in drawn} == words.MOTIONS.keys()
    assert {stage.shot.camera for stage in drawn} == words.CAMERAS.keys()


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 64, 64), (9, 48, 32), (17, 40, 72)])
def test_sizes(frames, height, width):
    made = clips(3, 4, frames, height, width)
    for name, channels in (("plate", 3), ("clean", 3), ("alpha", 1), ("subject", 3), ("depth", 1)):
        each = getattr(made, name).numpy()
        assert each.shape == (4, channels, frames, height, width)
        assert each.dtype == np.float32
        assert np.isfinite(each).all()
        assert each.min() >= 0
        assert each.max() <= 1


def test_the_seed_decides_every_bit():
    first, again, other = (clips(seed, 6, 4, 32, 48) for seed in (11, 11, 12))
    assert first.told == again.told
    assert first.told != other.told
    for name in ("plate", "clean", "alpha", "subject", "depth"):
        assert getattr(first, name).equal(getattr(again, name)), name
        assert not getattr(first, name).equal(getattr(other, name)), name


def test_where_the_subject_covers_all_the_plate_is_the_subject(made):
    whole = (made.alpha > 0.995).expand_as(made.plate)
    assert whole.float().mean() > 0.01
    assert (made.plate - made.subject)[whole].abs().max() < 0.02


def test_subject_over_clean_is_the_plate_but_for_a_shadow(made):
    """Of a thing alone: never brighter than the plate is, and darker only about its foot."""
    for row in alone(made):
        alpha = made.alpha[row]
        over = made.subject[row] * alpha + made.clean[row] * (1 - alpha)
        missing = (over - made.plate[row]).numpy()
        assert missing.min() > -0.06, made.told[row]
        shadow = missing.max(0) > 0.03
        assert shadow.mean() < 0.2, made.told[row]
        if shadow.any() and alpha[:, 2].sum() > 20:
            assert rows_of(shadow[2:3]) > rows_of(alpha[0, 2:3].numpy()), made.told[row]


def rows_of(picture: np.ndarray) -> float:
    """The middle of a picture's weight, downwards; the bottom where there is none."""
    weight = picture.sum((0, 2)).astype(float)
    return float((weight * np.arange(len(weight))).sum() / weight.sum()) if weight.sum() else 1e9


def test_the_clean_plate_is_without_the_subject(made):
    gone = ((made.plate - made.clean).abs() * made.alpha).sum() / made.alpha.sum() / 3
    assert gone > 0.15
    far = made.alpha.amax((2, 3, 4)).flatten() > 0.5
    assert far.float().mean() > 0.97


def test_depth_puts_the_subject_before_what_is_behind_it(made):
    for row in alone(made):
        depth, alpha = made.depth[row, 0], made.alpha[row, 0]
        if (alpha > 0.99).sum() > 50:
            assert (
                depth[alpha > 0.99].mean()
                > depth[:, : HEIGHT // 4][alpha[:, : HEIGHT // 4] == 0].mean()
            )


def hue_name(red: float, green: float, blue: float) -> str:
    """The colour a person would name, from its hue, saturation and value."""
    hue, saturation, value = rgb_to_hsv(red, green, blue)
    hue *= 360
    if value < 0.2:
        return "black"
    if saturation < 0.24:
        return "white" if value > 0.63 else "grey"
    if hue < 48 or hue >= 310:
        return warm_name(hue, saturation, value)
    return next(
        name
        for end, name in (
            (72, "yellow"),
            (165, "green"),
            (205, "cyan"),
            (256, "blue"),
            (310, "purple"),
        )
        if hue < end
    )


def warm_name(hue: float, saturation: float, value: float) -> str:
    if 310 <= hue < 352 or (hue >= 352 and saturation < 0.65):
        return "pink" if value > 0.5 else "purple"
    if hue < 12 or hue >= 352:
        return "red"
    return "brown" if value < 0.55 else "orange"


def seen_colour(made: Clips, row: int) -> str:
    alpha = made.alpha[row, 0].numpy()
    sure = alpha > 0.9
    pixels = made.subject[row].permute(1, 2, 3, 0).numpy()[sure]
    counts: dict[str, int] = {}
    for pixel in pixels[:: max(1, len(pixels) // 300)]:
        name = hue_name(*(float(channel) for channel in pixel))
        counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else ""


def test_the_named_colour_is_the_colour_most_seen(made):
    seen = [(told.colour, seen_colour(made, row)) for row, told in enumerate(made.told)]
    judged = [pair for pair in seen if pair[1]]
    assert len(judged) > 0.9 * len(seen)
    assert {told for told, _ in judged} == COLOURS.keys()
    for colour in COLOURS:
        right = [found == colour for told, found in judged if told == colour]
        assert sum(right) / len(right) > 0.6, (colour, judged)
    assert sum(told == found for told, found in judged) / len(judged) > 0.93


def test_no_subject_wears_the_screen(made):
    """Green above red and blue, half as far as in the screen, would key as a hole."""
    excess = made.subject[:, 1] - made.subject[:, (0, 2)].amax(1)
    assert (excess * made.alpha[:, 0]).max() < 0.34


def middle(alpha: np.ndarray) -> tuple[float, float]:
    down, across = np.nonzero(alpha > 0.5)
    return float(across.mean()), float(down.mean())


def test_things_go_where_they_are_said_to_go():
    """On clips of their own, enough for every way of moving."""
    made = clips(23, 120, 3, 48, 64)
    gone: dict[str, int] = {}
    for row in alone(made):
        first, last = (made.alpha[row, 0, frame].numpy() for frame in (0, -1))
        way = made.told[row].motion.split()[-1]
        if way not in WAYS or min((first > 0.5).sum(), (last > 0.5).sum()) < 12:
            continue
        (x0, y0), (x1, y1) = middle(first), middle(last)
        step = {"left": x0 - x1, "right": x1 - x0, "rises": y0 - y1, "falls": y1 - y0}
        step |= {"closer": last.sum() - first.sum(), "away": first.sum() - last.sum()}
        assert step[way] > 3, made.told[row]
        gone[way] = gone.get(way, 0) + 1
    assert gone.keys() == WAYS
    assert sum(gone.values()) > 30


WAYS = {"left", "right", "rises", "falls", "closer", "away"}


def test_a_panning_camera_moves_what_is_seen_the_other_way():
    judged = 0
    for seed in range(400):
        stage = staged(Random(seed), 3, HEIGHT, WIDTH)
        if not stage.pan or stage.shot.place not in ("forest", "street", "city"):
            continue
        far = clips(seed, 1, 3, HEIGHT, WIDTH).clean[0, :, :, : HEIGHT // 2].mean(0).numpy()
        assert (shift(far[0], far[2]) > 0) == (stage.shot.camera == "pans right"), seed
        judged += 1
    assert judged > 10


def shift(before: np.ndarray, after: np.ndarray) -> int:
    """How many pixels further left `after` shows what `before` showed."""

    def miss(by: int) -> float:
        rolled = np.roll(before, -by, axis=1)
        return float(np.abs(rolled - after)[:, 24:-24].mean())

    return min((by for by in range(-24, 25) if by), key=miss)


def test_a_subject_is_told_from_everything_else():
    others, rng = 0, Random(8)
    for stage in stages(700, seed=3):
        told = words.told(stage.shot, rng)
        for other in stage.shot.others:
            others += 1
            alike = words.family(other.shape) == words.family(told.shape)
            named = told.colour not in told.subject or other.colour == told.colour
            assert not (alike and named), (told.subject, other)
    assert others > 300


def test_some_things_are_hidden_by_others_and_none_for_good():
    made = clips(41, 40, FRAMES, HEIGHT, WIDTH)
    several = [row for row, told in enumerate(made.told) if told.several]
    area = made.alpha[several].sum((1, 3, 4)).amax(1)
    assert (area > 40).float().mean() > 0.93


def test_no_two_clips_of_a_batch_are_the_same():
    made = clips(5, 12, 1, 32, 32)
    pictures = {picture.numpy().tobytes() for picture in made.plate}
    assert len(pictures) == 12
