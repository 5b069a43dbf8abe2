"""A guide: laid out frame for frame with what is shot, fitted like the plate, and followed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import UNKNOWN, CallSheet, Unwatched
from secondunit.engine.local import Engine
from secondunit.models.testing import tiny_vace
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job
from secondunit_contract.problem import ModelUnfit, RangeOutside


def stepped(count, size=(34, 50), first=0):
    """Frames that tell their number: grey of 10 a frame, brighter to the right."""
    ramp = np.linspace(0, 9, size[1])[None, None, :, None]
    numbers = 10.0 * (first + np.arange(count))[:, None, None, None]
    return np.broadcast_to(ramp + numbers, (count, *size, 3)).astype(np.uint8)


@pytest.fixture
def guide(tmp_path, props):
    """Eight frames 1 to 8 of PNG: the first is 0, the next 10, and so on."""
    return props.write_pictures(tmp_path / "guide", stepped(8), "png", 1)


def job_of(task, folder, values, **clips):
    return Job(task, str(folder / "out" / "take"), inputs=clips, values=values, model="scripted")


def tens(frames):
    """Which frame of the guide each one shows; -1 where nothing is known."""
    middle = frames.mean(axis=(1, 2, 3)) * 255
    return [-1 if abs(each / 255 - UNKNOWN) < 1e-4 else int(each // 10) for each in middle]


def test_a_restyle_follows_its_guide_frame_for_frame(scripted, short, guide, tmp_path):
    engine, model = scripted()
    engine.shoot(job_of("restyle", tmp_path, {"strength": 0.5}, plate=short, guide=guide))
    (sheet,) = model.seen
    assert "guide" in sheet.needs()
    assert tens(sheet.guide) == [0, 1, 2, 3, 4, 5, *[5] * (sheet.frames - 6)]
    assert sheet.guide.shape == sheet.plate.shape
    assert not np.allclose(sheet.guide, sheet.plate)


def test_the_guides_own_range_says_where_it_begins(scripted, short, guide, tmp_path):
    engine, model = scripted()
    later = Clip(guide.media, FrameRange(3, 8), guide.rate)
    engine.shoot(job_of("restyle", tmp_path, {}, plate=short, guide=later))
    assert tens(model.seen[0].guide)[:6] == [2, 3, 4, 5, 6, 7]


def test_every_window_of_a_long_shot_has_its_own_part(scripted, tmp_path, props):
    frames = stepped(20)
    plate = props.write_pictures(tmp_path / "plate", frames, "png", 101)
    guide = props.write_pictures(tmp_path / "guide", frames, "png", 1)
    engine, model = scripted(longest=9)
    engine.shoot(job_of("restyle", tmp_path, {}, plate=plate, guide=guide))
    assert len(model.seen) > 2
    shown = [tens(sheet.guide) for sheet in model.seen]
    assert shown[0][0] == 0
    assert shown[-1][-1] == 19
    for here, after in itertools.pairwise(shown):
        assert here[0] < after[0] <= here[-1] + 1


def test_an_inserts_guide_tells_of_the_slot_alone(scripted, short, guide, tmp_path):
    engine, model = scripted()
    values = {"frames": 5, "head": 2}
    engine.shoot(job_of("insert", tmp_path, values, before=short, after=short, guide=guide))
    (sheet,) = model.seen
    told = tens(sheet.guide)
    new = [place for place in range(sheet.frames) if sheet.paint[place].all()]
    assert [told[place] for place in new][:5] == [0, 1, 2, 3, 4]
    assert {told[place] for place in range(sheet.frames) if place not in new} == {-1}


def test_a_guide_alone_is_enough_for_an_insert_and_says_its_size(scripted, guide, tmp_path):
    engine, model = scripted()
    (take,) = engine.shoot(job_of("insert", tmp_path, {"frames": 5}, guide=guide))
    assert (take.width, take.height, len(take.range)) == (50, 34, 5)
    assert tens(model.seen[0].guide) == [0, 1, 2, 3, 4]


def test_an_extension_and_a_cleanup_follow_one_too(scripted, short, guide, matte, tmp_path):
    engine, model = scripted()
    engine.shoot(job_of("extend", tmp_path, {"tail": 2}, plate=short, guide=guide))
    painted = [place for place in range(8) if model.seen[0].paint[place].any()]
    assert [tens(model.seen[0].guide)[place] for place in painted] == [6, 7]
    clips = {"plate": short, "guide": guide, "matte": matte}
    engine.shoot(job_of("cleanup", tmp_path / "two", {}, **clips))
    assert tens(model.seen[-1].guide)[:6] == [0, 1, 2, 3, 4, 5]


def test_a_guide_of_another_size_is_never_squashed(scripted, short, tmp_path, props):
    wide = np.zeros((6, 34, 100, 3), np.uint8)
    wide[:, :, 25:75] = stepped(6, first=5)
    guide = props.write_pictures(tmp_path / "wide", wide, "png", 1)
    engine, model = scripted()
    engine.shoot(job_of("restyle", tmp_path, {}, plate=short, guide=guide))
    assert tens(model.seen[0].guide)[:6] == [5, 6, 7, 8, 9, 10]  # its middle


def test_one_picture_stands_on_all_frames(scripted, short, tmp_path, props):
    props.write_pictures(tmp_path / "still", stepped(1, first=7), "png", 1)
    still = Clip(str(tmp_path / "still" / "shot.0001.png"))
    engine, model = scripted()
    engine.shoot(job_of("restyle", tmp_path, {}, plate=short, guide=still))
    assert set(tens(model.seen[0].guide)) == {7}


def test_a_guide_that_is_too_short_is_refused_before_anything_is_shot(
    scripted, short, tmp_path, props
):
    guide = props.write_pictures(tmp_path / "guide", stepped(4), "png", 1)
    engine, model = scripted()
    with pytest.raises(RangeOutside, match="4 frames, and 6 are to follow") as told:
        engine.shoot(job_of("restyle", tmp_path, {}, plate=short, guide=guide))
    assert told.value.remedy
    assert not model.seen


def test_the_model_that_comes_along_cannot_and_one_that_can_is_named(short, guide, tmp_path):
    job = Job("restyle", str(tmp_path / "take"), inputs={"plate": short, "guide": guide})
    with pytest.raises(ModelUnfit, match="following a guide clip") as told:
        Engine(Settings(tmp_path / "none", "cpu", tmp_path / "data")).shoot(job)
    assert "VACE" in told.value.remedy


# By a real pipeline, of random weights


@pytest.fixture(scope="module")
def vace(tmp_path_factory):
    """A folder of models with a tiny VACE in it."""
    folder = tmp_path_factory.mktemp("models")
    tiny_vace(folder / "tiny")
    return folder


def test_vace_follows_a_guide_where_it_may_paint_and_nowhere_else(
    vace, guide, matte, tmp_path, props
):
    """In floating pixels, which show how little a network of random weights listens."""
    frames = np.random.default_rng(2).random((6, *props.SIZE, 3), np.float32)
    floating = props.write_pictures(tmp_path / "plate", frames, "exr")
    engine = Engine(Settings(vace, "cpu", tmp_path / "data"))
    takes = []
    for name, clips in (("with", {"guide": guide}), ("without", {})):
        clips |= {"plate": floating, "matte": matte}
        job = Job("restyle", str(tmp_path / name), inputs=clips, values={"strength": 1.0},
                  model="tiny", steps=2, seed=3)  # fmt: skip
        takes.append(props.bits(props.whole(engine.shoot(job)[0].media)))
    plate = props.bits(frames)
    top, bottom, left, right = props.BOX
    outside = np.ones(plate.shape[1:3], bool)
    outside[top:bottom, left:right] = False
    for take in takes:
        np.testing.assert_array_equal(take[:, outside], plate[:, outside])
    inside = takes[0][:, ~outside] != takes[1][:, ~outside]
    assert inside.mean() > 0.5


def test_what_a_restyle_starts_from_is_the_plate_and_not_the_guide(tmp_path):
    """Where the network does not listen to what it is shown, a guide changes nothing."""
    import torch

    model = models.load(str(tiny_vace(tmp_path / "deaf")), "cpu")
    with torch.no_grad():
        for block in model._pipe.transformer.vace_blocks:
            block.proj_out.weight.zero_()
            block.proj_out.bias.zero_()
    shape = (5, 32, 32)
    plate = np.random.default_rng(1).random((*shape, 3), np.float32)
    made = []
    for guide in (None, np.zeros((*shape, 3), np.float32)):
        sheet = CallSheet(32, 32, 5, Rate.of(24), plate=plate, paint=np.ones(shape, bool),
                          guide=guide, strength=0.5, steps=4)  # fmt: skip
        made.append(np.concatenate([each.frames for each in model.shoot(sheet, Unwatched())]))
    np.testing.assert_array_equal(*made)
