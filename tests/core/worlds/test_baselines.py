"""The trivial answers: right where they can be right, and no better than they ought to be."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from secondunit.worlds import baselines
from secondunit.worlds.baselines import (
    BY_MASK,
    CLEANUPS,
    EXTENSIONS,
    INSERTS,
    Margins,
    boxed,
    carried,
    carried_and_cut,
    crossfaded,
    edge_repeated,
    flow_blended,
    held,
    inpainted,
    inpainted_around,
    reflected,
)
from secondunit_contract.problem import PartMissing

HEIGHT, WIDTH = 64, 96


def cloudy(seed: int, height: int, width: int) -> np.ndarray:
    """(H,W,3) float32: soft noise, so that there is something to follow."""
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).random((height, width, 3))
    soft = gaussian_filter(noise, (3, 3, 0))
    return ((soft - soft.min()) / (soft.max() - soft.min())).astype(np.float32)


def panning(frames: int, step: int) -> np.ndarray:
    """A camera that pans `step` pixels a frame over clouds."""
    wide = cloudy(1, HEIGHT, WIDTH + frames * step)
    return np.stack([wide[:, i * step : i * step + WIDTH] for i in range(frames)])


@pytest.fixture
def travelling() -> tuple[np.ndarray, np.ndarray]:
    """An orange square that moves two pixels a frame over bluish clouds, and its mask."""
    ground = np.repeat((cloudy(2, HEIGHT, WIDTH) * (0.2, 0.4, 0.8))[None], 8, 0)
    mask = np.zeros(ground.shape[:3], bool)
    for index in range(8):
        mask[index, 20:44, 20 + 2 * index : 44 + 2 * index] = True
    texture = 0.75 + 0.25 * cloudy(3, 24, 24)
    plate = ground.astype(np.float32)
    for frame, where in zip(plate, mask, strict=True):
        frame[where] = ((1.0, 0.5, 0.1) * texture).reshape(-1, 3)
    return plate, mask


def error(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean((found - truth) ** 2))


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_inserts_hold_fade_and_follow():
    clip = panning(9, 1)
    truth = clip[1:-1]
    answers = {name: way(clip[0], clip[-1], 7) for name, way in INSERTS.items()}
    assert all(answer.shape == truth.shape for answer in answers.values())
    assert all(answer.dtype == np.float32 for answer in answers.values())
    errors = {name: error(answer, truth) for name, answer in answers.items()}
    assert errors["flow"] < 0.2 * errors["crossfade"] < errors["hold"]


def test_a_held_frame_is_the_nearer_one():
    first, last = np.zeros((4, 4, 3), np.float32), np.ones((4, 4, 3), np.float32)
    assert held(first, last, 4).mean((1, 2, 3)).tolist() == [0, 0, 1, 1]
    assert np.allclose(crossfaded(first, last, 3).mean((1, 2, 3)), (0.25, 0.5, 0.75))


def test_flow_goes_no_further_than_the_frames_it_joins():
    clip = panning(9, 1)
    early, late = (
        np.argmin([error(frame, each) for each in clip])
        for frame in flow_blended(clip[0], clip[-1], 7)[[1, 5]]
    )
    assert (early, late) == (2, 6)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_extensions_keep_what_is_known(name):
    clip, margins = panning(2, 1), Margins(8, 4, 12, 6)
    wider = EXTENSIONS[name](clip, margins)
    assert wider.shape == (2, HEIGHT + 12, WIDTH + 18, 3)
    assert wider.dtype == np.float32
    assert np.array_equal(wider[:, 8:-4, 12:-6], clip)
    assert 0 < wider[:, :8].mean() < 1


def test_extensions_do_as_they_are_called():
    clip, margins = panning(1, 1), Margins(8, 8, 8, 8)
    assert np.array_equal(edge_repeated(clip, margins)[:, 8:-8, 3], clip[:, :, 0])
    assert np.array_equal(reflected(clip, margins)[:, 8:-8, 5], clip[:, :, 2])
    grey = np.full((1, 32, 32, 3), 0.4, np.float32)
    assert error(inpainted_around(grey, margins, "ns"), np.float32(0.4)) < 1e-5


@pytest.mark.parametrize("name", CLEANUPS)
def test_inpainting_fills_the_hole_and_nothing_else(name, travelling):
    plate, mask = travelling
    clean = np.full_like(plate, 0.3)
    dirty = np.where(mask[..., None], plate, clean)
    filled = CLEANUPS[name](dirty, mask)
    assert np.array_equal(filled[~mask], dirty[~mask])
    assert error(filled[mask], clean[mask]) < 0.01 < error(dirty[mask], clean[mask])


def test_a_frame_without_a_hole_stays():
    clip = panning(2, 1)
    assert np.array_equal(inpainted(clip, np.zeros(clip.shape[:3], bool), "telea"), clip)


def test_isolation_finds_what_stands_out(travelling):
    plate, mask = travelling
    for name, way in BY_MASK.items():
        found = way(plate, mask)
        assert found.dtype == bool
        assert iou(found[1:], mask[1:]) > 0.8, name


def test_only_the_first_mask_and_the_boxes_are_looked_at(travelling):
    plate, mask = travelling
    only_first = mask.copy()
    only_first[1:] = False
    for way in (carried, carried_and_cut):
        assert np.array_equal(way(plate, only_first), way(plate, mask))
    corners = np.zeros_like(mask)
    for corner, where in zip(corners, mask, strict=True):
        rows, columns = np.nonzero(where)
        corner[rows.min(), columns.min()] = corner[rows.max(), columns.max()] = True
    assert np.array_equal(boxed(plate, corners), boxed(plate, mask))


def test_nothing_in_the_picture_is_nothing_found(travelling):
    plate, mask = travelling
    nothing = np.zeros_like(mask)
    assert not any(way(plate, nothing).any() for way in BY_MASK.values())


def test_without_opencv_it_says_what_to_install(monkeypatch, travelling):
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(PartMissing, match="pip install"):
        baselines.inpainted(*travelling, "ns")
