"""Masks carried by correspondence, with features made by hand: colours of patches, and where."""

import numpy as np
import pytest
from PIL import Image

from secondunit.callsheet import Size
from secondunit.matting.correspond import (
    Carried,
    Features,
    Grid,
    Matching,
    carry,
    grids,
    stand_out,
    territories,
    told_apart,
)
from secondunit.media.resize import resized
from secondunit.worlds.baselines import carried

torch = pytest.importorskip("torch")

SIZE, UNIT = Size(224, 128), 8


def clip(samples, folder, pictures, masks, count):
    """Frames (T,H,W,3) and masks (T,H,W) bool at SIZE."""

    def small(path, mode):
        picture = np.asarray(Image.open(path).convert(mode), np.float32) / 255
        return resized(np.atleast_3d(picture), SIZE, "box")

    root = samples / "footage" / folder
    frames = sorted(root.glob(pictures))[:count]
    truth = sorted(root.glob(masks))[:count]
    plate = np.stack([small(path, "RGB") for path in frames])
    return plate, np.stack([small(path, "L")[..., 0] > 0.5 for path in truth])


def by_hand(plate, grid):
    """Features of patches: their colours at 4x4 points, and a little of where they are."""
    padded = grid.padded(plate)
    down, across = np.meshgrid(
        np.linspace(0, 1, padded.shape[1]), np.linspace(0, 1, padded.shape[2]), indexing="ij"
    )
    where = np.broadcast_to(np.stack([down, across], -1), (*padded.shape[:3], 2))
    whole = np.concatenate([padded, 0.2 * where], -1)
    count, unit = len(plate), grid.unit
    tokens = whole.reshape(count, grid.rows, unit, grid.columns, unit, 5).transpose(
        0, 1, 3, 2, 4, 5
    )
    cells = tokens.reshape(count, grid.rows * grid.columns, 4, unit // 4, 4, unit // 4, 5)
    flat = cells.mean((3, 5)).reshape(count, grid.rows * grid.columns, -1)
    values = torch.from_numpy(flat.astype(np.float32))
    return Features(grid, tuple(range(count)), values, values)


def overlap(found, truth):
    both, either = (found & truth).sum((1, 2)), (found | truth).sum((1, 2))
    return float((both / np.maximum(either, 1)).mean())


def through(plate, mask, samples=4, matching=None):
    looks = [by_hand(plate, grid) for grid in grids(*plate.shape[1:3], UNIT, samples)]
    seen = carry(looks, {0: mask.astype(np.float32)}, {}, range(1, len(plate)), matching)
    return list(seen.values())


@pytest.mark.parametrize(
    ("folder", "pictures", "masks", "least"),
    [
        ("plate_true_alpha", "plate_*.png", "alpha_*.png", 0.6),
        ("camera_pan_tennis", "rgb/*.jpg", "mask/*.png", 0.35),
    ],
)
def test_a_mask_goes_with_its_subject(samples, folder, pictures, masks, least):
    plate, truth = clip(samples, folder, pictures, masks, 24)
    found = np.stack([each.found > 0.5 for each in through(plate, truth[0])])
    ours = overlap(found, truth[1:])
    held = overlap(np.repeat(truth[:1], len(plate) - 1, 0), truth[1:])
    assert ours > least
    assert ours > held + 0.1
    assert ours > overlap(carried(plate, truth)[1:], truth[1:])


def disc(frames=6, step=5, radius=9):
    """A textured disc that moves over a textured ground, and its mask."""
    rng = np.random.default_rng(3)
    ground = resized(rng.random((16, 24, 3), dtype=np.float32), Size(192, 128), "bicubic") * 0.4
    coat = resized(rng.random((16, 24, 3), dtype=np.float32), Size(192, 128), "bicubic") * 0.4 + 0.6
    down, across = np.mgrid[:128, :192]
    plate, truth = [], []
    for frame in range(frames):
        inside = np.hypot(down - 60, across - 40 - step * frame) < radius
        moved = np.roll(coat, step * frame, axis=1)
        plate.append(np.where(inside[..., None], moved, ground))
        truth.append(inside)
    return np.stack(plate).astype(np.float32), np.stack(truth)


def test_more_grids_find_the_edge_better():
    truth = disc()[1]

    def errors(count):
        masks = torch.from_numpy(truth.astype(np.float32))
        looks = grids(*truth.shape[1:], UNIT, count)
        seen = [torch.stack([grid.pixels(grid.tokens(each)) for each in masks]) for grid in looks]
        return 1 - overlap((torch.stack(seen).mean(0) > 0.5).numpy(), truth)

    assert errors(4) < 0.9 * errors(1)


def test_something_thinner_than_a_token_does_not_fade_away():
    plate, truth = disc(frames=20, step=3, radius=5)
    last = through(plate, truth[0])[-1]
    assert last.found.max() > 0.9
    assert (last.found * truth[-1]).sum() > 0.5 * truth[-1].sum()


def test_confidence_falls_where_the_subject_is_gone():
    plate, truth = disc(radius=21)
    clear = plate.copy()
    clear[4:] = disc(radius=0)[0][4:]
    there, gone = through(plate, truth[0]), through(clear, truth[0])
    assert min(each.confidence for each in there) > 0.6
    assert max(each.confidence for each in gone[3:]) < min(each.confidence for each in there) - 0.2


def test_an_empty_mask_stays_empty_and_is_sure_of_it():
    plate, truth = disc()
    for each in through(plate, np.zeros_like(truth[0])):
        assert not each.found.any()
        assert each.confidence == 1


def test_grids_cover_a_picture_and_give_it_back():
    picture = np.zeros((30, 44), np.float32)
    picture[8:24, 8:32] = 1
    for grid in (*grids(30, 44, 8, 4), Grid(30, 44, 8, 3, 5)):
        padded = grid.padded(picture[None, ..., None])
        assert padded.shape[1:3] == (grid.rows * 8, grid.columns * 8)
        tokens = grid.tokens(torch.from_numpy(picture))
        assert tokens.shape == (grid.rows * grid.columns,)
        back = grid.pixels(tokens).numpy()
        assert back.shape == picture.shape
        rows, columns = np.mgrid[:30, :44]
        for axis in (rows, columns):
            centre = float((axis * back).sum() / back.sum())
            assert centre == pytest.approx(float((axis * picture).sum() / picture.sum()), abs=0.6)


def test_every_frame_belongs_to_the_nearest_key():
    found = {at: each.keys for each in territories(12, (8, 2)) for at in each.frames}
    assert sorted(found) == [0, 1, 3, 4, 5, 6, 7, 9, 10, 11]
    assert all(keys[0] == min((2, 8), key=lambda key: abs(at - key)) for at, keys in found.items())
    assert found[4] == (2, 8)
    assert next(iter(territories(12, (8, 2)))).frames == (1, 0)


def test_frames_seen_before_lead_to_where_the_key_does_not_reach():
    plate, truth = disc(radius=21)
    whole = by_hand(plate, Grid(128, 192, UNIT))
    before = Carried(truth[4].astype(np.float32), np.zeros((128, 192), np.float32), 1.0)
    key, close = {0: truth[0].astype(np.float32)}, Matching(near=0.05, far=0.05)
    (alone,) = carry([whole], key, {}, [5], close).values()
    (led,) = carry([whole], key, {4: before}, [5], close).values()
    assert overlap((led.found > 0.5)[None], truth[5:6]) > 0.8
    assert overlap((alone.found > 0.5)[None], truth[5:6]) < 0.6


def attended(strong):
    """Queries of two frames of 40 pixels, keys of three concepts; pixels 0 to 9 are the first."""
    rng = np.random.default_rng(5)
    keys = torch.from_numpy(rng.normal(size=(5, 8)).astype(np.float32))
    queries = torch.from_numpy(rng.normal(size=(80, 8)).astype(np.float32)) * 0.1
    for first in (0, 40):
        queries[first : first + 10] += strong * keys[0]
        queries[first + 10 : first + 40] += strong * keys[3]
    return queries, keys


def test_words_are_where_they_stand_out_from_the_others():
    stand = stand_out(*attended(2.0), [2, 1, 2], heads=2).unflatten(0, (2, 40))
    found, sure = told_apart(stand)
    assert found[:, :10].min() > found[:, 10:].max() + 0.2
    assert sure.min() > 0.1


def test_a_model_that_sees_every_word_in_the_same_place_is_not_sure():
    queries, keys = attended(2.0)
    same = keys[:1].expand(5, -1) + 0.01 * keys
    stand = stand_out(queries, torch.cat([same, -same[:1]]), [2, 1, 2], heads=2)
    found, sure = told_apart(stand.unflatten(0, (2, 40)))
    assert found.max() < 0.1
    assert sure.max() < 0.05
