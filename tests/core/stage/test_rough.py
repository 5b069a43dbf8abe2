"""Pixels nobody knows get a first guess from those that are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from secondunit.callsheet import Pixels
from secondunit.stage.rough import Mask, roughed

FRAMES, HEIGHT, WIDTH = 9, 48, 64
GREY = np.float32(0.5)


def grain(seed: int, height: int, width: int) -> Pixels:
    """A picture with something to follow in it everywhere."""
    noise = np.random.default_rng(seed).random((height, width, 3), np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(np.clip(0.5 + 2.5 * (soft - 0.5), 0, 1), np.float32)


def still() -> Pixels:
    return np.repeat(grain(1, HEIGHT, WIDTH)[None], FRAMES, 0)


def pan(pixels: int = 2) -> Pixels:
    """The camera goes to the right by so many pixels a frame."""
    ground = grain(2, HEIGHT, WIDTH + pixels * FRAMES)
    return np.stack([ground[:, pixels * at : pixels * at + WIDTH] for at in range(FRAMES)])


def nothing() -> Mask:
    return np.zeros((FRAMES, HEIGHT, WIDTH), bool)


def hidden(clip: Pixels, unknown: Mask) -> Pixels:
    return np.where(unknown[..., None], GREY, clip)


def dissolved(clip: Pixels) -> Pixels:
    """From its first frame to its last."""
    share = np.linspace(0, 1, FRAMES, dtype=np.float32)[:, None, None, None]
    return np.asarray(clip[:1] * (1 - share) + clip[-1:] * share, np.float32)


def wrong(clip: Pixels, truth: Pixels, where: Mask) -> float:
    """The root of the mean squared error."""
    return float(np.sqrt(np.square((clip - truth)[where]).mean()))


def test_between_two_known_frames_it_fades_from_one_to_the_other() -> None:
    later = np.linspace(0, 0.04, FRAMES, dtype=np.float32)[:, None, None, None]
    clip = still() * 0.9 + later
    unknown = nothing()
    unknown[1:-1] = True
    assert np.abs(roughed(hidden(clip, unknown), unknown) - clip).max() < 0.01


def test_between_two_known_frames_it_goes_where_the_camera_goes() -> None:
    clip, unknown = pan(1), nothing()
    unknown[1:-1] = True
    filled = roughed(hidden(clip, unknown), unknown)
    assert wrong(filled, clip, unknown) < 0.35 * wrong(dissolved(clip), clip, unknown)


def test_between_two_known_frames_it_goes_where_things_go() -> None:
    clip, thing = still(), grain(3, 16, 16)
    for at, frame in enumerate(clip):
        frame[16:32, 8 + at : 24 + at] = thing
    unknown = nothing()
    unknown[1:-1] = True
    filled = roughed(hidden(clip, unknown), unknown)
    assert wrong(filled, clip, unknown) < 0.75 * wrong(dissolved(clip), clip, unknown)


def test_beside_one_known_frame_it_holds() -> None:
    clip, unknown = pan(), nothing()
    unknown[3:] = True
    filled = roughed(hidden(clip, unknown), unknown)
    assert (filled[3:] == clip[2]).all()


def test_a_moving_hole_shows_what_other_frames_saw_there() -> None:
    clip, unknown = still(), nothing()
    for at in range(FRAMES):
        unknown[at, 12:24, 4 * at : 4 * at + 10] = True
    filled = roughed(hidden(clip, unknown), unknown)
    assert np.abs(filled - clip).max() < 1e-6


def test_a_hole_shows_what_other_frames_saw_from_where_the_camera_was_then() -> None:
    clip, unknown = pan(), nothing()
    unknown[:, 12:36, 28:38] = True  # stands in the frame; the ground goes by
    filled = roughed(hidden(clip, unknown), unknown)
    middle = unknown.copy()
    middle[[0, 1, -2, -1]] = False  # what is behind it there is not seen long enough
    assert wrong(filled, clip, middle) < 0.03


def test_a_wider_frame_shows_what_the_camera_saw_before_and_after() -> None:
    clip, unknown = pan(), nothing()
    unknown[..., -12:] = True
    filled = roughed(hidden(clip, unknown), unknown)
    seen_later = unknown.copy()
    seen_later[-7:] = False
    assert wrong(filled, clip, seen_later) < 0.03


def test_what_is_never_known_goes_on_from_the_border() -> None:
    clip, unknown = still(), nothing()
    clip[:] = cv2.GaussianBlur(clip[0], (0, 0), 6)
    unknown[..., 52:] = True
    filled = roughed(hidden(clip, unknown), unknown)
    border = clip[..., 51:52, :]
    assert np.abs(filled[..., 52:, :] - border).max() < 0.12
    assert np.abs(filled[..., 52, :] - clip[..., 51, :]).max() < 0.03


def test_a_cut_is_no_move_of_the_camera() -> None:
    clip, unknown = still(), nothing()
    clip[5:] = grain(4, HEIGHT, WIDTH)
    unknown[:, 12:24, 20:30] = True
    unknown[3] = unknown[6] = False
    filled = roughed(hidden(clip, unknown), unknown)
    assert np.abs(filled[:4] - clip[:4]).max() < 1e-6


@pytest.mark.parametrize("share", [False, True])
def test_nothing_unknown_or_nothing_known_changes_nothing(share: bool) -> None:
    clip = np.random.default_rng(1).random((5, 16, 16, 3), np.float32)
    assert (roughed(clip, np.full((5, 16, 16), share)) == clip).all()


@pytest.mark.parametrize("size", [(15, 17), (33, 40), (1, 1), (2, 9)])
def test_known_pixels_keep_their_bits(size: tuple[int, int]) -> None:
    chance = np.random.default_rng(2)
    clip = chance.random((5, *size, 3), np.float32)
    unknown = chance.random((5, *size)) < 0.4
    filled = roughed(clip, unknown)
    assert filled.dtype == np.float32
    assert (filled[~unknown] == clip[~unknown]).all()
    assert filled.min() >= 0
    assert filled.max() <= 1


def test_the_same_frames_give_the_same_bits() -> None:
    clip, unknown = pan(), nothing()
    unknown[..., :9] = True
    first, again = (roughed(hidden(clip, unknown), unknown) for _ in range(2))
    assert (first == again).all()
