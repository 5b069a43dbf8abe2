"""What every model must hold to, the scripted one first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from secondunit import models
from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    Estimate,
    Pixels,
    Question,
    Unwatched,
    VideoModel,
)
from secondunit.models.testing import ScriptedModel, scripted_card, tiny_vace
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, ModelUnfit, SizeUnfit

Make = Callable[[pytest.FixtureRequest], VideoModel]


def ramp(sheet: CallSheet, seed: int) -> Pixels:
    """Frames of one grey each, rising; the seed moves them."""
    greys = (np.arange(sheet.frames) + seed) / 100
    return np.broadcast_to(
        greys[:, None, None, None], (sheet.frames, sheet.height, sheet.width, 3)
    ).astype(np.float32)


def scripted(request: pytest.FixtureRequest) -> VideoModel:
    return ScriptedModel(scripted_card(), ramp)


def vace(request: pytest.FixtureRequest) -> VideoModel:
    model: VideoModel = request.getfixturevalue("tiny")
    return model


def timeless(request: pytest.FixtureRequest) -> VideoModel:
    folder: Path = request.getfixturevalue("tmp_path")
    return models.load(str(tiny_vace(folder / "timeless", time=False)), "cpu")


def words_only(request: pytest.FixtureRequest) -> VideoModel:
    return models.load(str(request.getfixturevalue("wan_folder")), "cpu")


def embedded(request: pytest.FixtureRequest) -> VideoModel:
    model: VideoModel = request.getfixturevalue("starter")
    return model


@pytest.fixture(params=[scripted, vace, timeless, words_only, embedded])
def model(request: pytest.FixtureRequest) -> VideoModel:
    make: Make = request.param
    return make(request)


def sheet_for(model: VideoModel, *seeds: int, frames: int | None = None) -> CallSheet:
    """The smallest sheet of words that the model's own rule allows."""
    side = 2 * model.card.reach.multiple
    rule = model.card.reach.frames
    count = rule.up(rule.base + 1) if frames is None else frames
    return CallSheet(2 * side, side, count, Rate.of(24), "a cat", seeds=seeds or (0,), steps=2)


class Script(Unwatched):
    """Keeps the steps it is told; stops at the one named."""

    def __init__(self, stop: int | None = None) -> None:
        self.steps: list[tuple[int, int, int]] = []
        self._stop = stop

    def check(self) -> None:
        if self._stop is not None and len(self.steps) >= self._stop:
            raise Cancelled

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        self.steps.append((take, done, total))
        if estimate is not None:
            shown = estimate()
            assert shown.ndim == 4
            assert shown.shape[-1] == 3


def test_takes_come_in_order_whole_and_in_range(model: VideoModel) -> None:
    sheet = sheet_for(model, 7, 8)
    expected = 0
    takes: dict[int, list[Pixels]] = {0: [], 1: []}
    last_take = 0
    for take, first, frames, _ in model.shoot(sheet, Unwatched()):
        assert take >= last_take
        expected = 0 if take > last_take else expected
        last_take = take
        assert first == expected
        assert frames.dtype == np.float32
        assert 0 <= frames.min() <= frames.max() <= 1
        expected += len(frames)
        takes[take].append(frames)
    clips = [np.concatenate(each) for each in takes.values()]
    assert {clip.shape for clip in clips} == {(sheet.frames, sheet.height, sheet.width, 3)}
    assert not np.array_equal(*clips)


def test_the_rules_lengths_are_made_and_others_refused(model: VideoModel) -> None:
    rule = model.card.reach.frames
    for frames in (rule.base, rule.base + rule.step):
        answers = list(model.shoot(sheet_for(model, frames=frames), Unwatched()))
        assert sum(len(each.frames) for each in answers) == frames
    for frames in (rule.base + 1, rule.longest + rule.step):
        if rule.step > 1:
            with pytest.raises(SizeUnfit):
                model.shoot(sheet_for(model, frames=frames), Unwatched())


def test_a_size_that_is_no_multiple_is_refused(model: VideoModel) -> None:
    side = 2 * model.card.reach.multiple
    sheet = CallSheet(side + 1, side, model.card.reach.frames.base, Rate.of(24), "a cat")
    with pytest.raises(SizeUnfit) as unfit:
        model.shoot(sheet, Unwatched())
    assert str(model.card.reach.multiple) in unfit.value.remedy


def test_steps_are_told_for_each_take(model: VideoModel) -> None:
    watch = Script()
    list(model.shoot(sheet_for(model, 1, 2), watch))
    assert watch.steps == [(0, 1, 2), (0, 2, 2), (1, 1, 2), (1, 2, 2)]


def test_it_stops_when_told_and_goes_on_as_before(model: VideoModel) -> None:
    sheet = sheet_for(model, 3)
    before = [each.frames for each in model.shoot(sheet, Unwatched())]
    for stop in (0, 1, 2):
        watch = Script(stop)
        with pytest.raises(Cancelled):
            list(model.shoot(sheet, watch))
        assert len(watch.steps) == stop
    after = [each.frames for each in model.shoot(sheet, Unwatched())]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_what_it_does_not_honour_is_refused(model: VideoModel) -> None:
    if "look" in model.card.reach.honours:
        return
    footage = np.zeros((1, 32, 32, 3), dtype=np.float32)
    with pytest.raises(ModelUnfit):
        model.look(footage, Question(words="the cat"))


def test_what_it_sees_fits_the_footage_and_is_the_same_each_time(model: VideoModel) -> None:
    if "look" not in model.card.reach.honours:
        return
    side = 2 * model.card.reach.multiple
    footage = np.random.default_rng(0).random((3, side, 2 * side, 3), dtype=np.float32)
    mask = np.zeros((side, 2 * side), dtype=np.bool_)
    mask[: side // 2, : side // 2] = True
    for question in (Question({1: mask}, samples=2), Question(words="a cat", samples=1)):
        first, again = model.look(footage, question), model.look(footage, question)
        assert first.found.shape == footage.shape[:3]
        assert first.confidence.shape == (3,)
        for values in (first.found, first.confidence):
            assert values.dtype == np.float32
            assert 0 <= values.min() <= values.max() <= 1
        assert np.array_equal(first.found, again.found)
        assert np.array_equal(first.confidence, again.confidence)
        if question.masks:
            assert np.array_equal(first.found[1] > 0.5, mask)


def test_a_question_that_does_not_fit_is_refused(model: VideoModel) -> None:
    if "look" not in model.card.reach.honours:
        return
    side = 2 * model.card.reach.multiple
    footage = np.zeros((2, side, side, 3), dtype=np.float32)
    mask = np.ones((side, side), dtype=np.bool_)
    questions = (Question(), Question({2: mask}), Question({0: mask[1:]}))
    for question in questions:
        with pytest.raises(BadValue):
            model.look(footage, question)
    with pytest.raises(BadValue):
        model.look(footage * np.float32(np.nan), Question({0: mask}))
    with pytest.raises(SizeUnfit):
        model.look(footage[:, 1:], Question({0: mask[1:]}))


def test_its_provenance_can_be_written(model: VideoModel) -> None:
    told = model.provenance()
    assert json.loads(json.dumps(told)) == told
    assert {"model", "weights", "licence"} <= set(told)


def test_the_scripted_model_keeps_what_it_was_given() -> None:
    model = ScriptedModel(scripted_card(), ramp)
    sheet = sheet_for(model, 5)
    clip = np.concatenate([each.frames for each in model.shoot(sheet, Unwatched())])
    assert model.seen == [sheet]
    assert np.array_equal(clip, ramp(sheet, 5))
