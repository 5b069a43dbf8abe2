"""Outside the paint region every pixel of a take is the same bits as the plate, for every task.

Both are read back from disk; the model answers with black and white snow, so a leak would be seen.
"""

import numpy as np
import pytest

from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job


@pytest.mark.parametrize(("head", "tail"), [(3, 0), (0, 3), (2, 3)])
def test_extend_in_time(plate, shoot, props, head, tail):
    take = shoot("extend", {"head": head, "tail": tail}, plate=plate)
    got, before = props.whole(take), props.whole(plate)
    assert len(got) == head + 6 + tail
    assert props.same(got[head : head + 6], before)
    for new in (got[:head], got[head + 6 :]):
        assert all(frame[..., :3].astype(np.float64).std() > 0 for frame in new)
        assert (new[..., 3:] == (1 if new.dtype.kind == "f" else np.iinfo(new.dtype).max)).all()


def test_a_head_is_numbered_before_the_plate(plate, shoot, props):
    take = shoot("extend", {"head": 2}, plate=plate)
    with open_media(plate) as ours, open_media(take) as theirs:
        first, kind = ours.footage.range.first, theirs.footage.kind
        assert theirs.footage.range.first == (first - 2 if kind == "sequence" else 0)


@pytest.mark.parametrize(
    ("values", "top", "left", "size"),
    [
        ({"left": 6, "right": 3, "top": 2}, 2, 6, (36, 59)),
        ({"width": 70, "height": 40}, 3, 10, (40, 70)),
    ],
)
def test_extend_in_frame(plate, shoot, props, values, top, left, size):
    got, before = props.whole(shoot("extend", values, plate=plate)), props.whole(plate)
    assert got.shape[1:3] == size
    height, width = props.SIZE
    assert props.same(got[:, top : top + height, left : left + width], before)
    beyond = np.ones(size, bool)
    beyond[top : top + height, left : left + width] = False
    invented = got[:, beyond]
    assert invented[..., :3].astype(np.float64).std() > 0
    assert (invented[..., 3:] == (1 if got.dtype.kind == "f" else np.iinfo(got.dtype).max)).all()


@pytest.mark.parametrize("feather", [0, 4])
def test_cleanup(plate, matte, shoot, props, feather):
    values = {"grow": 3, "feather": feather}
    take = shoot("cleanup", values, plate=plate, matte=matte)
    got, before = props.whole(take), props.whole(plate)
    inside = props.within(3)
    assert props.same(got[:, ~inside], before[:, ~inside])
    assert props.same(got[..., 3:], before[..., 3:])
    deep = props.within(0) if feather else inside
    assert props.changed(got[:, deep], before[:, deep]) > 0.9


def test_cleanup_of_some_frames_leaves_the_others(short, matte, shoot, props):
    take = shoot("cleanup", {"only": "2-3"}, plate=short, matte=matte)
    got, before = props.whole(take), props.whole(short)
    assert props.same(got[[0, 1, 4, 5]], before[[0, 1, 4, 5]])
    assert min(props.changed(got[i], before[i]) for i in (2, 3)) > 0.05


def test_restyle_within_a_matte(plate, matte, shoot, props):
    take = shoot("restyle", {"strength": 1.0}, plate=plate, matte=matte)
    got, before = props.whole(take), props.whole(plate)
    inside = props.within(0)
    assert props.same(got[:, ~inside], before[:, ~inside])
    assert props.same(got[..., 3:], before[..., 3:])
    assert props.changed(got[:, inside], before[:, inside]) > 0.9


@pytest.mark.parametrize("task", ["restyle", "cleanup"])
def test_past_a_matte_that_is_shorter_nothing_is_painted(short, shoot, props, tmp_path, task):
    frames = np.zeros((3, *props.SIZE, 3), np.uint8)
    frames[:, 8:20, 16:30] = 255
    brief = props.write_pictures(tmp_path / "brief", frames, "png", 0)
    got = props.whole(shoot(task, {}, plate=short, matte=brief))
    before = props.whole(short)
    assert props.same(got[3:], before[3:])
    assert props.changed(got[:3], before[:3]) > 0.05


def test_matte(plate, matte, shoot, props):
    take = shoot("matte", {}, plate=plate, matte=matte)
    got, before = props.whole(take), props.whole(plate)
    assert got.shape[3] == 4
    assert props.same(got[..., :3], before[..., :3])
    box = props.within(0)
    white = 1 if got.dtype.kind == "f" else int(got[0, ..., 3].max())
    assert np.array_equal(got[0, ..., 3] == white, box)
    assert got[1:, ..., 3].astype(np.float64).std() > 0


def test_the_handles_of_an_insert_are_the_clips_beside_it(plate, shoot, props):
    values = {"frames": 4, "head": 2, "tail": 1}
    before, after = props.part(plate, 0, 2), props.part(plate, 3, 5)
    got = props.whole(shoot("insert", values, before=before, after=after))
    whole = props.whole(plate)
    assert len(got) == 7
    assert props.same(got[:2], whole[1:3])
    assert props.same(got[6:], whole[3:4])
    assert got[2:6, ..., :3].astype(np.float64).std() > 0


def test_a_take_of_eight_bits_from_mixed_sizes_keeps_the_main_clip(short, shoot, props, tmp_path):
    other = np.full((3, 20, 20, 3), 90, np.uint8)
    after = props.write_pictures(tmp_path / "other", other, "png")
    values = {"frames": 3, "head": 2, "tail": 1}
    got = props.whole(shoot("insert", values, before=short, after=after))
    assert props.same(got[:2], props.whole(short)[4:6])
    assert got.shape[1:3] == props.SIZE
    assert (got[-1] == 90).all()


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("kept", [True, False])
def test_a_lamp_the_model_keeps_burns_on_and_one_it_takes_away_is_gone(
    scripted, props, tmp_path, dtype, kept
):
    frames = np.full((5, *props.SIZE, 3), 0.18, dtype)
    frames[:, 12:15, 20:24] = 40.0
    frames[:, 30:32, 40:44] = 40.0  # outside
    marked = np.zeros((1, *props.SIZE, 3), np.uint8)
    marked[:, 8:20, 16:30] = 255
    matte = props.write_pictures(tmp_path / "matte", marked, "png", 0)
    plate = props.write_pictures(tmp_path / "plate", frames, "exr")

    def answer(sheet, seed):
        return sheet.plate if kept else np.full_like(sheet.plate, 0.4)

    engine, _ = scripted(answer)
    job = Job("restyle", str(tmp_path / "take"), inputs={"plate": plate, "matte": matte},
              values={"strength": 1.0}, model="scripted")  # fmt: skip
    got = props.whole(engine.shoot(job)[0].media)
    lamp = got[:, 12:15, 20:24].astype(np.float32)
    if kept:
        assert np.abs(lamp - 40).max() < 1
    else:
        assert lamp.max() < 1.5
    assert (got[:, 30:32, 40:44] == 40).all()


def test_a_promise_with_numbers_that_are_none_around_the_matte(matte, shoot, props, tmp_path):
    """Infinities and no-numbers right at the region's edge and inside it harm nothing."""
    frames = props.wild("float32", 4)
    frames[:, 12, 14:34] = np.inf
    frames[:, 13, 14:34] = np.nan
    plate = props.write_pictures(tmp_path / "plate", frames, "exr")
    got = props.whole(shoot("cleanup", {"grow": 2}, plate=plate, matte=matte))
    inside = props.within(2)
    assert props.same(got[:, ~inside], frames[:, ~inside])
    deep = np.zeros_like(inside)
    deep[13:14, 22:24] = True
    assert np.isfinite(got[:, deep]).mean() > 0.7


def test_a_still_is_a_plate(matte, shoot, props, tmp_path):
    frames = np.random.default_rng(1).integers(0, 256, (1, *props.SIZE, 3)).astype(np.uint8)
    props.write_pictures(tmp_path / "still", frames, "png")
    plate = Clip(str(tmp_path / "still" / "shot.1001.png"))
    got = props.whole(shoot("cleanup", {"grow": 0, "feather": 0}, plate=plate, matte=matte))
    assert props.same(got[:, ~props.within(0)], frames[:, ~props.within(0)])
