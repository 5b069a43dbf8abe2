"""What calls make is heard where their frames stand, without a gap, a jump or a step in power."""

from fractions import Fraction

import numpy as np
import pytest

from secondunit.callsheet import Answer, Sound
from secondunit.media.sound import RATE, samples_of
from secondunit.stage.soundtrack import Soundtrack, gathered, in_step, lasting
from secondunit_contract.frames import Rate, Span
from secondunit_contract.problem import BadValue

FILM, SLOW = Rate.of(24), Rate.of(23.976)


def snow(count: int, seed: int = 0, channels: int = 2) -> np.ndarray:
    """Noise of the same power everywhere."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, channels)).astype(np.float32)


def frames(count: int) -> np.ndarray:
    return np.zeros((count, 2, 2, 3), np.float32)


def power(samples: np.ndarray) -> float:
    return float(np.mean(samples.astype(np.float64) ** 2))


@pytest.mark.parametrize("a_second", [16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("rate", [FILM, SLOW, Rate.of(29.97), Rate(Fraction(25, 2))])
def test_a_sound_lasts_to_the_sample_as_long_as_its_frames(a_second: int, rate: Rate) -> None:
    exact = 121 / float(rate.per_second) * a_second
    for given in (int(exact) - 700, int(exact) + 700):
        made = snow(given)
        kept = lasting(Sound(made, a_second), 121, rate)
        assert abs(len(kept.samples) - exact) <= 0.5 + 1e-6
        same = min(given, len(kept.samples)) - a_second // 100
        assert np.array_equal(kept.samples[:same], made[:same])
        if given < exact:
            assert not kept.samples[given:].any()
            assert float(np.abs(kept.samples[given - 3 : given]).max()) < 0.1, "it ends in a click"


def test_a_tone_keeps_its_pitch_and_its_strength_at_the_rate_of_takes() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000).astype(np.float32)[:, None]
    heard = gathered([Answer(0, 0, frames(24), Sound(tone, 24_000))], FILM)
    assert heard is not None
    assert heard.shape == (RATE, 2)
    assert np.array_equal(heard[:, 0], heard[:, 1])
    expected = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert np.abs(heard[2000:-2000, 0] - expected[2000:-2000]).max() < 1e-3


def test_answers_in_parts_stand_behind_each_other_and_are_silent_where_one_has_none() -> None:
    one, three = snow(2000, 1), snow(4000, 3)
    answers = [
        Answer(0, 0, frames(1), Sound(one, RATE)),
        Answer(0, 1, frames(3)),
        Answer(0, 4, frames(2), Sound(three, RATE)),
    ]
    heard = gathered(answers, FILM)
    assert heard is not None
    assert len(heard) == samples_of(6, FILM)
    assert np.array_equal(heard[:2000], one)
    assert not heard[2000:8000].any()
    assert np.array_equal(heard[8000:], three)
    assert gathered([Answer(0, 0, frames(6))], FILM) is None


def test_what_is_no_sound_is_refused() -> None:
    for samples, rate in ((snow(10, channels=3), RATE), (snow(10)[:, 0], RATE), (snow(10), 0)):
        with pytest.raises(BadValue, match="sound"):
            Sound(samples, rate)


def test_two_calls_go_over_in_the_middle_of_what_both_show_with_the_same_power() -> None:
    track = Soundtrack(FILM)
    first, second = snow(samples_of(40, FILM), 1), snow(samples_of(40, FILM), 2)
    track.add(second, Span(30, 70))
    track.add(first, Span(0, 40))
    heard = track.over(Span(0, 70))
    middle, half = samples_of(35, FILM), RATE // 20
    assert np.array_equal(heard[: middle - half], first[: middle - half])
    later = middle + half - samples_of(30, FILM)
    assert np.array_equal(heard[middle + half :], second[later:])
    fade = heard[middle - half : middle + half]
    assert 0.8 < power(fade) / power(first) < 1.2
    assert power(fade[half - 400 : half + 400]) > 0.75 * power(first), "a hole in the middle"


def test_three_calls_over_the_same_frames_leave_no_seam() -> None:
    """Each is constant: any value between is a fade, and each fade goes one way."""
    track = Soundtrack(FILM)
    for level, span in ((0.2, Span(0, 20)), (0.4, Span(15, 24)), (0.6, Span(19, 40))):
        track.add(np.full((samples_of(len(span), FILM), 2), level, np.float32), span)
    heard = track.over(Span(0, 40))[:, 0]
    assert heard.min() >= 0.2 - 1e-6
    assert float(np.abs(np.diff(heard)).max()) < 0.001
    assert heard[0] == np.float32(0.2)
    assert heard[-1] == np.float32(0.6)


def test_it_is_cut_to_what_is_delivered_and_silent_where_no_call_was() -> None:
    track = Soundtrack(SLOW)
    sound = snow(samples_of(10, SLOW) + 1, 4)
    track.add(sound, Span(20, 28), place=2)
    heard = track.over(Span(18, 24))
    assert len(heard) == 6 * 2002
    assert not heard[: 2 * 2002].any()
    assert np.array_equal(heard[2 * 2002 :], sound[2 * 2002 : 6 * 2002])
    assert not Soundtrack(SLOW).over(Span(0, 3)).any()


@pytest.mark.parametrize(
    ("shown", "fresh", "expected"),
    [
        (range(17), range(4, 17), (Span(0, 17), 0)),
        ((0, 1, 9, 10, 11, 12), (11, 12), (Span(9, 13), 2)),  # anchors, then its own frames
        ((3, 4, 8, 12, 16, 17), (8, 12), None),  # coarse across a gap
    ],
)
def test_only_what_is_shown_in_its_own_time_is_heard(shown, fresh, expected) -> None:
    places = {index: place for place, index in enumerate(shown)}
    assert in_step(places, tuple(fresh)) == expected
