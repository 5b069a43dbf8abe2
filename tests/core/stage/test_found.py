"""What other frames show of a hole comes back in place of what a model invented."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels
from secondunit.stage.found import found
from secondunit.stage.witness import Mask, Witnesses
from secondunit_contract.frames import Rate

FRAMES, HEIGHT, WIDTH = 9, 48, 64


def grain(seed: int, height: int, width: int) -> Pixels:
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.asarray(np.clip(0.5 + 2.5 * (soft - 0.5), 0, 1), np.float32)


def pan(pixels: int = 2) -> Pixels:
    """The camera goes to the right by so many pixels a frame."""
    ground = grain(2, HEIGHT, WIDTH + pixels * FRAMES)
    return np.stack([ground[:, pixels * at : pixels * at + WIDTH] for at in range(FRAMES)])


def walked() -> Mask:
    """A hole that walks across the frame faster than the camera."""
    hole = np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    for at in range(FRAMES):
        hole[at, 14:34, 2 + 5 * at : 14 + 5 * at] = True
    return hole


def sheet(clip: Pixels, paint: Mask, **told: Any) -> CallSheet:
    hidden = np.where(paint[..., None], np.float32(UNKNOWN), clip)
    return CallSheet(WIDTH, HEIGHT, FRAMES, Rate.of(24), plate=hidden, paint=paint, **told)


def soft(clip: Pixels) -> Pixels:
    """What a small model makes of it."""
    return np.stack([cv2.GaussianBlur(frame, (0, 0), 3) for frame in clip])


def wrong(clip: Pixels, truth: Pixels, where: Mask) -> float:
    return float(np.sqrt(np.square((clip - truth)[where]).mean()))


def test_a_hole_shows_what_other_frames_saw_there() -> None:
    truth, hole = pan(), walked()
    answer = soft(truth)
    whole = found(answer, sheet(truth, hole))
    assert wrong(whole, truth, hole) < 0.45 * wrong(answer, truth, hole)


def test_pixels_that_were_known_are_left_alone() -> None:
    truth, hole = pan(), walked()
    answer = soft(truth)
    whole = found(answer, sheet(truth, hole))
    assert (whole[~hole] == answer[~hole]).all()
    assert whole.dtype == np.float32


def test_where_the_answer_shows_another_thing_it_stays() -> None:
    truth, hole = pan(), walked()
    answer = np.where(hole[..., None], 1 - np.round(truth), truth).astype(np.float32)
    kept = found(answer, sheet(truth, hole))
    assert wrong(kept, answer, hole) < 0.05


def test_witnesses_that_are_wrong_about_what_is_known_are_not_believed() -> None:
    truth, hole = pan(), walked()
    flickering = truth.copy()
    flickering[::2] *= 0.6
    answer = soft(flickering)
    whole = found(answer, sheet(flickering, hole))
    assert wrong(whole, answer, hole) < 0.15 * wrong(pan(), answer, hole)


def test_what_nobody_saw_is_the_models() -> None:
    truth, hole = np.repeat(pan()[:1], FRAMES, 0), np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    hole[:, 14:34, 20:32] = True  # neither it nor the camera moves
    answer = soft(truth)
    assert (found(answer, sheet(truth, hole)) == answer).all()


def test_between_two_clips_what_both_agree_on_is_theirs() -> None:
    truth, gap = pan(1), np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    gap[1:-1] = True
    answer = soft(truth)
    seen_by_both = gap.copy()
    seen_by_both[..., :9] = seen_by_both[..., -9:] = False
    whole = found(answer, sheet(truth, gap))
    assert wrong(whole, truth, seen_by_both) < 0.5 * wrong(answer, truth, seen_by_both)


def test_a_clip_that_goes_on_alone_is_the_models() -> None:
    """A hold is no witness: the camera may go where it likes."""
    truth, end = pan(), np.zeros((FRAMES, HEIGHT, WIDTH), bool)
    end[4:] = True
    answer = soft(truth)
    assert (found(answer, sheet(truth, end)) == answer).all()


PLATE = pan()
SAID = [
    {"prompt": "a red ball rolls by"},
    {"references": (PLATE[0],)},
    {"guide": PLATE},
]


@pytest.mark.parametrize("told", SAID)
def test_what_an_artist_asks_for_is_not_painted_over(told: dict[str, Any]) -> None:
    answer = soft(PLATE)
    assert found(answer, sheet(PLATE, walked(), **told)) is answer


def test_keys_are_witnesses() -> None:
    truth, gap = pan(1), np.ones((FRAMES, HEIGHT, WIDTH), bool)
    answer = soft(truth)
    keyed = sheet(truth, gap, keys={0: truth[0], FRAMES - 1: truth[-1]})
    assert wrong(found(answer, keyed), truth, gap) < 0.8 * wrong(answer, truth, gap)


def test_witnesses_say_how_wrong_they_are() -> None:
    truth, hole = pan(), walked()
    hidden = np.where(hole[..., None], np.float32(UNKNOWN), truth)
    steady = Witnesses.of(hidden, ~hole).told(4)
    inside = hole[4] & steady.seen
    assert np.median(steady.wrong[inside]) < 0.03
    hidden[::2] *= 0.6
    flickering = Witnesses.of(hidden, ~hole).told(4)
    assert np.median(flickering.wrong[inside]) > 0.1
    assert np.isinf(steady.wrong[~steady.seen]).all()
