"""Roto: a subject found through a shot by scripted models, and mattes as they are delivered.

The plate is a red square that goes to the right over a grey noise. The scripted models know
red: what they answer is each test's.
"""

import json
from pathlib import Path

import numpy as np
import OpenImageIO
import pytest
from scipy.ndimage import gaussian_filter

from secondunit.callsheet import FrameRule, Sight
from secondunit.engine.local import Engine
from secondunit.engine.roto import Roto
from secondunit.matting.screen import GREEN
from secondunit.models.forecast import Look
from secondunit.models.testing import ALL_NEEDS, ScriptedModel, scripted_card
from secondunit_contract.job import Job
from secondunit_contract.problem import MarkMissing, ModelUnfit, RangeOutside, ScreenMissing

FRAMES, SIZE = 12, (72, 128)


def shot(frames=FRAMES, size=SIZE):
    """Plates (T,H,W,3) uint8 and the subject's place (T,H,W)."""
    random = np.random.default_rng(3)
    plates = np.repeat(random.integers(60, 120, (1, *size, 1)), 3, 3).repeat(frames, 0)
    there = np.zeros((frames, *size), bool)
    for index in range(frames):
        there[index, 20:50, 20 + 4 * index : 44 + 4 * index] = True
    plates[there] = (200, 30, 40)
    return plates.astype(np.uint8), there


def red(pictures):
    return (pictures[..., 0] - pictures[..., 1:].max(-1) > 0.2).astype(np.float32)


def right(sheet, seed):
    """The subject on green, as it should be."""
    subject = red(sheet.plate)[..., None]
    return sheet.plate * subject + GREEN * (1 - subject)


def mush(sheet, seed):
    return np.full_like(sheet.plate, 0.5)


def babble(sheet, seed):
    return np.random.default_rng(seed).random(sheet.plate.shape)


def seeing(footage, question):
    return Sight(red(footage), np.ones(len(footage), np.float32))


def blind(footage, question):
    return Sight(np.zeros(footage.shape[:3], np.float32), np.zeros(len(footage), np.float32))


@pytest.fixture
def plate(props, tmp_path):
    frames, _ = shot()
    return props.write_pictures(tmp_path / "plate", frames, "png")


@pytest.fixture
def first(props, tmp_path):
    _, there = shot()
    return props.write_pictures(
        tmp_path / "first", (there[:1] * 255).astype(np.uint8)[..., None].repeat(3, 3), "png", 0
    )


@pytest.fixture
def roto(settings, tmp_path):
    """Shoot a matte with a scripted model; its take's frames, the events and the model."""

    def run(answer, values=None, sight=None, honours=ALL_NEEDS, task="matte", output="t", **clips):
        needs = honours | {"look"} if sight else honours
        card = scripted_card(honours=needs, frames=FrameRule(1, 4, 9), area=96 * 64)
        model = ScriptedModel(card, answer, sight)
        events = []
        job = Job(task, str(tmp_path / "out" / output), "j", clips, values or {}, "scripted")
        takes = Engine(settings, brought=[model]).shoot(job, events.append)
        return takes, events, model

    return run


def overlap(alpha, there):
    return (alpha & there).sum() / (alpha | there).sum()


def test_what_is_marked_on_one_frame_is_carried_through_the_shot(roto, plate, first, props):
    (take,), _, model = roto(right, plate=plate, matte=first)
    got = props.whole(take.media)
    _, there = shot()
    assert np.array_equal(got[..., :3], props.whole(plate))
    assert np.array_equal(got[0, ..., 3] == 255, there[0])
    assert min(overlap(got[i, ..., 3] > 127, there[i]) for i in range(FRAMES)) > 0.9
    assert all(sheet.carry and sheet.keys for sheet in model.seen)
    assert set(take.extra["ways"]) == {"given", "carry"}
    assert take.extra["sureness"][0] == 1


def test_a_frame_that_was_clicked_on_has_its_edge_found_as_the_others_have(roto, props, tmp_path):
    """A click only hints; what an artist draws is kept."""
    _, there = shot()
    soft = np.stack([gaussian_filter(each.astype(np.float32), 2.5) for each in there])
    grey = np.random.default_rng(3).integers(60, 120, (1, *SIZE, 1)).astype(np.float32)
    pictures = grey + soft[..., None] * (np.array([200, 30, 40], np.float32) - grey)
    plate = props.write_pictures(tmp_path / "soft", pictures.astype(np.uint8), "png")
    click = {"points": [{"x": 32 / SIZE[1], "y": 35 / SIZE[0]}]}
    (take,), *_ = roto(mush, click, sight=seeing, plate=plate)
    assert take.extra["ways"][0] == "marked"
    alpha = props.whole(take.media)[..., 3] / 255
    errors = np.abs(alpha - soft).mean((1, 2))
    assert errors[0] < 0.75 * np.abs(there[0] - soft[0]).mean()
    assert errors[0] < 2 * np.median(errors)


def test_a_model_that_looks_is_not_asked_to_paint(roto, plate, first, props):
    (take,), _, model = roto(mush, sight=seeing, plate=plate, matte=first)
    assert not model.seen
    assert set(take.extra["ways"]) == {"given", "look"}
    _, there = shot()
    got = props.whole(take.media)[..., 3]
    assert min(overlap(got[i] > 127, there[i]) for i in range(FRAMES)) > 0.9


def test_what_words_find_roughly_is_found_whole_by_its_own_colours(roto, plate, props):
    def roughly(footage, question):
        found = red(footage)
        if not question.masks:
            found = np.roll(gaussian_filter(found, (0, 4, 4)), (4, 4), axis=(1, 2))
        return Sight(found, np.ones(len(footage), np.float32))

    values = {"subject": "the square", "way": "look"}
    (take,), *_ = roto(mush, values, sight=roughly, plate=plate)
    _, there = shot()
    got = props.whole(take.media)[..., 3]
    aside = np.roll(there, (4, 4), axis=(1, 2))
    assert min(overlap(aside[i], there[i]) for i in range(FRAMES)) < 0.6
    assert min(overlap(got[i] > 127, there[i]) for i in range(FRAMES)) > 0.9


def test_grain_that_is_stronger_than_what_tells_the_subject_does_not_fray_it(
    roto, first, props, tmp_path
):
    _, there = shot()
    random = np.random.default_rng(8)
    pictures = np.where(there[..., None], (128.0, 92, 84), (100.0, 96, 92))
    pictures = (pictures + random.normal(0, 22, pictures.shape)).clip(0, 255).astype(np.uint8)
    plate = props.write_pictures(tmp_path / "grainy", pictures, "png")

    def vague(footage, question):
        redder = gaussian_filter(footage[..., 0] - footage[..., 2], (0, 3, 3))
        return Sight(np.clip(redder * 5, 0, 1), np.ones(len(footage), np.float32))

    (take,), *_ = roto(mush, sight=vague, plate=plate, matte=first)
    got = props.whole(take.media)[..., 3]
    assert np.mean([overlap(got[i] > 127, there[i]) for i in range(1, FRAMES)]) > 0.8


@pytest.mark.parametrize(
    ("values", "sight"),
    [({}, seeing), ({}, blind), ({"way": "carry"}, seeing), ({"quality": "final"}, seeing)],
)
def test_no_look_is_larger_than_what_memory_is_foretold_for(
    roto, plate, first, monkeypatch, values, sight
):
    told, looked = told_and_looked(monkeypatch)
    roto(right, values, sight=watched(sight, looked), plate=plate, matte=first)
    ((most,), shoots) = told[0]
    assert shoots
    assert looked
    assert not most.words
    for each in looked:
        assert each.width * each.height <= most.width * most.height
        assert (each.frames, each.samples) <= (most.frames, most.samples)
    assert max(each.samples for each in looked) == most.samples
    assert max(each.frames for each in looked) == most.frames


def test_a_look_for_words_and_for_what_they_found_are_both_told(roto, plate, monkeypatch):
    told, looked = told_and_looked(monkeypatch)
    values = {"subject": "the square", "way": "look"}
    roto(mush, values, sight=watched(seeing, looked), plate=plate)
    looks, shoots = told[0]
    assert not shoots
    assert looked[0] in looks
    assert {each.words for each in looked} == {each.words for each in looks} == {True, False}


def test_a_model_that_cannot_look_tells_of_none(roto, plate, first, monkeypatch):
    told, _ = told_and_looked(monkeypatch)
    roto(right, plate=plate, matte=first)
    assert told == [((), True)]


def told_and_looked(monkeypatch):
    """What each job tells of its looks, and room for those it takes."""
    told, track = [], Roto.track

    def tracked(self, take):
        told.append((self.looks(), self.shoots))
        return track(self, take)

    monkeypatch.setattr(Roto, "track", tracked)
    return told, []


def watched(sight, looked):
    def look(footage, question):
        looked.append(Look.over(footage, question))
        return sight(footage, question)

    return look


def test_where_looking_is_not_sure_another_way_is_taken_and_told(roto, plate, first):
    (take,), events, model = roto(right, sight=blind, plate=plate, matte=first)
    assert model.asked
    assert set(take.extra["ways"]) == {"given", "carry"}
    assert any("carry" in event.message for event in events if event.kind == "notice")


@pytest.mark.parametrize("sticks", [True, False])
def test_what_looks_sure_is_doubted_where_the_way_back_leads_elsewhere(
    roto, first, props, tmp_path, sticks
):
    """Something comes in beside the subject, and is taken for it from then on, backwards too."""
    frames, _ = shot()
    frames[6:, 20:66, 96:] = (200, 90, 40)
    plate = props.write_pictures(tmp_path / "two", frames, "png")

    def other(pictures):
        return red(pictures) * (pictures[..., 1] > 0.25)

    def taking_along(footage, question):
        found, there = red(footage), other(footage)
        at, mask = max(question.masks.items())
        if min(question.masks) and (other(footage[at]) * mask).sum() > 50:
            found[:at] = np.maximum(found[:at], there[at])  # looking back, it goes with the rest
        return Sight(found if sticks else found - there, np.ones(len(footage), np.float32))

    (take,), events, _ = roto(mush, {"way": "look"}, taking_along, plate=plate, matte=first)
    assert set(take.extra["ways"]) == {"given", "look"}
    asks = [event for event in events if event.kind == "ask"]
    assert bool(asks) == sticks


def test_where_no_way_is_sure_the_artist_is_asked_on_the_least_sure_frame(
    roto, first, props, tmp_path
):
    fog = np.random.default_rng(5).integers(80, 90, (FRAMES, *SIZE, 3)).astype(np.uint8)
    plate = props.write_pictures(tmp_path / "fog", fog, "png")
    (take,), events, _ = roto(babble, plate=plate, matte=first)
    (ask,) = [event for event in events if event.kind == "ask"]
    assert (ask.extra["first"], ask.extra["last"]) == (1002, 1012)
    assert 1002 <= ask.extra["frame"] <= 1012
    assert str(ask.extra["frame"]) in ask.message
    assert max(take.extra["sureness"][1:]) < 0.5


def test_a_second_mark_is_kept_exactly_and_spares_the_frames_beside_it(
    roto, plate, props, tmp_path
):
    _, there = shot()
    odd = np.zeros((2, *SIZE, 3), np.uint8)
    odd[0][there[0]], odd[1, 5:60, 5:90] = 255, 200  # the second is nothing a model would find
    keys = props.write_pictures(tmp_path / "keys", odd, "png", 0)
    (take,), *_ = roto(right, {"mask_frames": [1001, 1007]}, plate=plate, matte=keys)
    alpha = props.whole(take.media)[..., 3]
    assert np.array_equal(alpha[6], odd[1, ..., 0])
    assert take.extra["ways"][6] == "given"


def test_a_small_subject_is_shown_large(roto, props, tmp_path):
    frames = np.full((5, 180, 320, 3), 90, np.uint8)
    frames[:, 80:92, 40:52] = (200, 30, 40)
    small = props.write_pictures(tmp_path / "small", frames, "png")
    mark = np.zeros((1, 180, 320, 3), np.uint8)
    mark[:, 80:92, 40:52] = 255
    first = props.write_pictures(tmp_path / "mark", mark, "png", 0)
    _, _, model = roto(right, plate=small, matte=first)
    assert min(float(red(sheet.plate).mean()) for sheet in model.seen) > 4 * 144 / (180 * 320)


def test_words_that_name_nothing_in_the_shot_are_not_made_up(roto, plate):
    bare = lambda sheet, seed: np.broadcast_to(GREEN, sheet.plate.shape)  # noqa: E731
    with pytest.raises(MarkMissing, match="a giraffe") as told:
        roto(bare, {"subject": "a giraffe"}, plate=plate)
    assert "Click" in told.value.remedy


def test_words_that_name_something_find_it_by_votes(roto, plate, props):
    (take,), _, model = roto(right, {"subject": "the box", "votes": 2}, plate=plate)
    _, there = shot()
    got = props.whole(take.media)[..., 3]
    assert min(overlap(got[i] > 127, there[i]) for i in range(FRAMES)) > 0.85
    assert all("the box" in sheet.prompt and len(sheet.seeds) == 2 for sheet in model.seen)


def test_a_model_that_can_go_no_way_says_so(roto, plate, first):
    with pytest.raises(ModelUnfit):
        roto(right, honours=frozenset({"words"}), plate=plate, matte=first)


def test_the_way_an_artist_asks_for_is_the_only_one(roto, plate, first):
    (take,), _, model = roto(right, {"way": "tint"}, sight=seeing, plate=plate, matte=first)
    assert all(max(question.masks) > 0 for question in model.asked)  # looked back, never onward
    assert set(take.extra["ways"]) == {"given", "tint"}
    assert all(sheet.strength < 1 for sheet in model.seen)


def test_the_same_seed_gives_the_same_bits(roto, plate, first, props):
    takes = [roto(right, plate=plate, matte=first, output=name)[0][0].media for name in "ab"]
    assert np.array_equal(*(props.whole(media) for media in takes))


def test_garbage_and_holdout_have_the_last_word(roto, plate, first, props, tmp_path):
    half = np.zeros((1, *SIZE, 3), np.uint8)
    half[:, :, 64:] = 255
    top = np.zeros((1, *SIZE, 3), np.uint8)
    top[:, :4] = 255
    garbage = props.write_pictures(tmp_path / "garbage", half, "png", 0)
    holdout = props.write_pictures(tmp_path / "holdout", top, "png", 0)
    clips = {"plate": plate, "matte": first, "garbage": garbage, "holdout": holdout}
    (take,), *_ = roto(right, **clips)
    alpha = props.whole(take.media)[1:, ..., 3]
    assert alpha[:, 4:, 64:].max() == 0
    assert alpha[:, :4].min() == 255
    assert alpha[:, 30, 40].max() == 255


def layers_of(path):
    picture = OpenImageIO.ImageInput.open(str(path))
    spec = picture.spec()
    return dict(zip(spec.channelnames, np.moveaxis(picture.read_image("float"), 2, 0), strict=True))


@pytest.mark.parametrize("straight", [False, True])
def test_an_exr_holds_the_cutout_premultiplied_and_its_layers(roto, plate, first, straight):
    values = {"picture": "cutout", "straight": straight}
    (take,), *_ = roto(right, values, plate=plate, matte=first, output="t.exr")
    file = sorted(Path(take.media).parent.glob("*.exr"))[4]
    layers = layers_of(file)
    assert {"R", "G", "B", "A", "core.A", "edge.A", "confidence.A"} <= set(layers)
    half = (layers["A"] > 0.2) & (layers["A"] < 0.8)
    inside = layers["core.A"] == 1
    assert (layers["A"][inside] == 1).all()
    assert np.abs(layers["R"][inside] - 0.578).max() < 0.02  # 200/255 in linear light
    outside = layers["A"] == 0
    assert outside.any()
    if not straight:
        assert layers["R"][outside].max() == 0
        assert (layers["R"][half] <= layers["A"][half]).all()
    else:
        assert layers["R"][outside].max() > 0.01


def test_splines_lie_beside_the_take(roto, plate, first):
    (take,), *_ = roto(right, {"splines": True}, plate=plate, matte=first)
    told = json.loads(Path(take.extra["splines"]).read_text("utf-8"))
    assert told["schema"] == "secondunit.splines/1"
    (shape,) = [each for each in told["shapes"] if not each.get("hole")][:1]
    assert (shape["first"], shape["last"]) == (1001, 1012)


def test_pixels_that_are_no_numbers_do_no_harm(roto, first, props, tmp_path):
    frames = shot()[0].astype(np.float32) / 255
    frames[3, 5:9, 5:9] = np.nan
    frames[4, 5:9, 5:9] = -2.0
    frames[5, 5:9, 5:9] = np.inf
    plate = props.write_pictures(tmp_path / "float", frames, "exr")
    (take,), *_ = roto(right, plate=plate, matte=first)
    got = props.whole(take.media)
    assert np.array_equal(got[..., :3], frames, equal_nan=True)
    assert np.isfinite(got[..., 3]).all()
    assert 0 <= got[..., 3].min() <= got[..., 3].max() <= 1


def test_a_plate_of_one_frame(roto, first, props, tmp_path):
    one = props.write_pictures(tmp_path / "one", shot(1)[0], "png")
    (take,), _, model = roto(right, plate=one, matte=first)
    assert not model.seen
    assert np.array_equal(props.whole(take.media)[0, ..., 3] == 255, shot(1)[1][0])
    (named,), *_ = roto(right, {"subject": "box"}, plate=one, output="named")
    assert overlap(props.whole(named.media)[0, ..., 3] > 127, shot(1)[1][0]) > 0.85


def test_an_alpha_that_is_there_already_is_replaced_and_its_colours_kept(
    roto, first, props, tmp_path
):
    frames, there = shot()
    with_alpha = np.concatenate([frames, np.full((*frames.shape[:3], 1), 77, np.uint8)], 3)
    plate = props.write_pictures(tmp_path / "rgba", with_alpha, "png")
    (take,), *_ = roto(right, plate=plate, matte=first)
    got = props.whole(take.media)
    assert np.array_equal(got[..., :3], frames)
    assert overlap(got[5, ..., 3] > 127, there[5]) > 0.9


def test_a_mark_on_a_frame_that_is_not_there(roto, plate, first):
    with pytest.raises(RangeOutside, match="4000"):
        roto(right, {"mask_frames": [4000]}, plate=plate, matte=first)


def test_a_key_needs_no_model_and_refuses_a_plate_without_a_screen(roto, plate, props, tmp_path):
    frames, there = shot()
    frames[~there] = (20, 150, 60)
    screen = props.write_pictures(tmp_path / "screen", frames, "png")
    (take,), _, model = roto(mush, task="key", plate=screen)
    assert not model.seen
    assert not model.asked
    got = props.whole(take.media)
    assert overlap(got[..., 3] > 127, there) > 0.97
    assert (got[there][:, 3] == 255).mean() > 0.8  # all but the square's rim
    noise = np.random.default_rng(1).integers(0, 255, (3, *SIZE, 3)).astype(np.uint8)
    with pytest.raises(ScreenMissing) as told:
        roto(mush, task="key", output="n", plate=props.write_pictures(tmp_path / "n", noise, "png"))
    assert "Matte" in told.value.remedy


@pytest.mark.parametrize("values", [{}, {"subject": "the singer"}])
def test_a_marked_subject_in_the_screens_colour_stays_whole(roto, props, tmp_path, values):
    frames, there = shot()
    frames[~there] = (20, 150, 60)
    shirt = there & (np.arange(SIZE[0])[None, :, None] > 34)
    frames[shirt] = (30, 140, 60)
    plate = props.write_pictures(tmp_path / "screen", frames, "png")
    mark = (there[:1] * 255).astype(np.uint8)[..., None].repeat(3, 3)
    first = props.write_pictures(tmp_path / "mark", mark, "png", 0)

    def knows(footage, question):
        """The whole subject, from where its red half is."""
        found = red(footage)
        for each in found:
            rows, columns = np.nonzero(each > 0.5)
            height = rows.max() - rows.min()
            each[rows.min() : rows.max() + height + 2, columns.min() : columns.max() + 1] = 1
        return Sight(found, np.ones(len(footage), np.float32))

    alone = props.whole(roto(mush, task="key", plate=plate)[0][0].media)[..., 3]
    clips = {"plate": plate, "matte": first}
    held = roto(mush, values, sight=knows, task="key", output="h", **clips)
    helped = props.whole(held[0][0].media)[..., 3]
    inner = shirt.copy()
    inner[:, :, :] &= np.roll(shirt, 6, 2) & np.roll(shirt, -6, 2) & np.roll(shirt, -6, 1)
    assert (alone[1:][inner[1:]] > 127).mean() < 0.5
    assert (helped[1:][inner[1:]] > 127).mean() > 0.9


def test_a_key_holds_each_frame_against_its_own_clean_plate(roto, props, tmp_path):
    """The screen's light wanders; one empty picture tells of one frame, a clip of all."""
    frames, there = shot()
    across = np.arange(SIZE[1]) / SIZE[1]
    light = np.stack(
        [1 - 0.5 * np.exp(-(((across - t / FRAMES) / 0.1) ** 2)) for t in range(FRAMES)]
    )
    empty = (light[:, None, :, None] * np.array([20, 150, 60])).repeat(SIZE[0], 1).astype(np.uint8)
    frames[~there] = empty[~there]
    plate = props.write_pictures(tmp_path / "screen", frames, "png")
    wrong = []
    for name, clean in (("all", empty), ("one", empty[:1])):
        beside = props.write_pictures(tmp_path / name, clean, "png")
        (take,), *_ = roto(mush, task="key", output=f"t_{name}", plate=plate, clean=beside)
        alpha = props.whole(take.media)[..., 3] / 255
        wrong.append(np.abs(alpha - there)[1:].mean())
    assert wrong[0] < 0.02
    assert wrong[0] < 0.6 * wrong[1]


@pytest.mark.parametrize("task", ["key", "matte"])
def test_a_calmed_take_has_every_frame_in_its_place(roto, props, tmp_path, task):
    frames, there = shot()
    frames[~there] = (20, 150, 60)
    plate = props.write_pictures(tmp_path / "screen", frames, "png")
    mark = (there[:1] * 255).astype(np.uint8)[..., None].repeat(3, 3)
    clips = {"plate": plate, "matte": props.write_pictures(tmp_path / "mark", mark, "png", 0)}
    (take,), *_ = roto(right, {"chatter": 1, "picture": "plate"}, task=task, **clips)
    got = props.whole(take.media)
    assert np.array_equal(got[..., :3], frames)
    assert min(overlap(got[i, ..., 3] > 127, there[i]) for i in range(FRAMES)) > 0.9
