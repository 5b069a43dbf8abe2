"""How models are measured: the scores, the races, the probe, and that right answers win."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, repeat
from random import Random
from typing import Any

import numpy as np
import pytest

from secondunit.bench.starter import footage, generated, worded
from secondunit.bench.starter.generated import Sample
from secondunit.bench.starter.probe import Lesson, Probe, direction_of
from secondunit.bench.starter.race import Race, decibels, overlap, spread
from secondunit.bench.starter.unit import Unit, frames_of
from secondunit.callsheet import Answer, CallSheet, ModelCard, Watch
from secondunit.matting.screen import on_screen
from secondunit.models import starter
from secondunit.worlds import named
from secondunit.worlds.clips import Told
from secondunit.worlds.staging import staged
from secondunit_contract.clip import Clip
from secondunit_contract.problem import MarkMissing

FRAMES, SIDE = 9, 64


@dataclass
class Scripted:
    """A model that answers every take with the frames it was given, and keeps what it is asked."""

    answer: np.ndarray
    asked: list[CallSheet] = field(default_factory=list)

    @property
    def card(self) -> ModelCard:
        (card,) = starter.cards()
        honours = card.reach.honours | {"carry"}
        return replace(card, steps=30, reach=replace(card.reach, honours=honours))

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        self.asked.append(sheet)
        for take in range(len(sheet.seeds)):
            yield Answer(take, 0, self.answer[:4])
            yield Answer(take, 4, self.answer[4:])


@pytest.fixture
def sample(monkeypatch) -> Sample:
    """A red square that moves over grey noise, the only clip there is."""
    chance = np.random.default_rng(0)
    clean = 0.3 + 0.2 * chance.random((FRAMES, SIDE, SIDE, 3), np.float32)
    alpha = np.zeros((FRAMES, SIDE, SIDE), np.float32)
    for index in range(FRAMES):
        alpha[index, 20:40, 10 + 3 * index : 30 + 3 * index] = 1
    plate = np.where(alpha[..., None] > 0, np.float32([0.9, 0.1, 0.1]), clean)
    told = Told("red box", "a red box moves right", "red", "box", "moves right")
    only = Sample(plate, clean, alpha, told)
    monkeypatch.setattr(generated, "samples", lambda call, count, *_, **__: repeat(only, count))
    return only


def test_decibels_are_the_mean_over_frames_of_the_region():
    truth = np.zeros((3, 4, 4, 3), np.float32)
    found = np.full_like(truth, 9.0)
    where = np.zeros((3, 4, 4), bool)
    where[0, :2], where[1, 2:] = True, True
    found[0, :2], found[1, 2:] = 0.1, 0.01
    assert decibels(found, truth, where) == pytest.approx(30)
    assert decibels(truth, truth, where) == pytest.approx(50)
    assert np.isnan(decibels(found, truth, np.zeros_like(where)))


def test_overlap_is_the_mean_over_frames_with_a_subject():
    truth = np.zeros((3, 4, 4), bool)
    truth[0, :2], truth[1, :2] = True, True
    found = truth.copy()
    found[1] = True
    found[2] = True
    assert overlap(found, truth) == pytest.approx(0.75)
    assert overlap(np.zeros_like(truth), truth) == 0
    assert np.isnan(overlap(truth, np.zeros_like(truth)))


def test_a_race_is_against_the_baseline_that_is_best_on_all_clips():
    race = Race("fill_psnr_db", "fill_{}_db", "fill_gain_db")
    race.score(20, {"steady": 18, "lucky": 24})
    race.score(float("nan"), {"steady": 90, "lucky": 90})
    race.score(22, {"steady": 19, "lucky": 10}, {"own": 30})
    assert race.best == "steady"
    figures = race.figures()
    assert figures == {
        "fill_psnr_db": 21,
        "fill_steady_db": 18.5,
        "fill_lucky_db": 17,
        "fill_own_db": 30,
        "fill_baseline_db": 18.5,
        "fill_gain_db": 2.5,
    }
    assert Race("a", "b").figures() == {}


def test_a_sheet_shows_first_and_last_frames():
    shown = spread(np.arange(17.0).reshape(17, 1))
    assert [int(frame[0]) for frame in shown] == [0, 4, 8, 12, 16]


Delivered = Callable[[str, dict[str, Clip], dict[str, Any]], np.ndarray]


@pytest.fixture
def unit(tmp_path, monkeypatch) -> Callable[[Scripted, Delivered], Unit]:
    """A unit whose model is scripted, and what its jobs deliver."""

    def made(model: Scripted, deliver: Delivered) -> Unit:
        def takes(self: Unit, task: str, inputs: Any, values: Any, takes: int = 1) -> Any:
            return np.repeat(deliver(task, inputs, values)[None], takes, 0)

        monkeypatch.setattr(Unit, "takes", takes)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return Unit.with_model(model, folder)

    return made


@pytest.mark.parametrize("call", ["extension", "insert", "cleanup"])
def test_a_fill_that_is_right_wins_and_grey_loses(sample, unit, call):
    measured = {
        "extension": generated.extended,
        "insert": generated.inserted,
        "cleanup": generated.cleaned,
    }[call]
    truth = sample.clean if call == "cleanup" else sample.plate
    part = truth[1:-1] if call == "insert" else truth
    right, grey = Scripted(truth), Scripted(np.full_like(truth, 0.5))

    won = measured(unit(grey, lambda *_: part), 1).figures()
    assert won[f"{call}_gain_db"] > 10, "it is about what was delivered"
    assert won[f"{call}_own_db"] < won[f"{call}_guess_db"] < won[f"{call}_psnr_db"]
    lost = measured(unit(right, lambda *_: np.full_like(part, 0.5)), 1).figures()
    assert lost[f"{call}_gain_db"] < 0
    assert lost[f"{call}_own_db"] == pytest.approx(50)

    (sheet,) = right.asked
    assert sheet.seeds == (0, 1, 2, 3)
    assert sheet.steps == 8, "eight at most, whatever the card advises"
    hidden = np.asarray(sheet.plate)[np.asarray(sheet.paint)]
    assert (hidden == 0.5).all(), "a fill is shown nothing of what it is to fill"


def test_jobs_are_shown_what_may_be_known_and_no_more(sample, unit):
    asked: dict[str, Any] = {}

    def deliver(task: str, inputs: dict[str, Clip], values: dict[str, Any]) -> np.ndarray:
        asked[task] = {n: frames_of(clip) for n, clip in inputs.items()} | {"values": values}
        return sample.plate[1:-1] if task == "insert" else sample.plate

    model = Scripted(sample.plate)
    for call in (generated.extended, generated.inserted, generated.cleaned):
        call(unit(model, deliver), 1)
    rim = SIDE // 6
    inner = sample.plate[:, rim:-rim, rim:-rim]
    close = 0.5 / 255 + 1e-6
    assert np.abs(asked["extend"]["plate"] - inner).max() <= close
    assert asked["extend"]["values"] == {"width": SIDE, "height": SIDE}
    assert np.abs(asked["insert"]["before"] - sample.plate[:1]).max() <= close
    assert np.abs(asked["insert"]["after"] - sample.plate[-1:]).max() <= close
    assert asked["insert"]["values"] == {"frames": FRAMES - 2}
    hole = asked["cleanup"]["matte"][..., 0] > 0.5
    assert hole[sample.alpha > 0].all()
    assert hole.sum() > sample.alpha.sum()
    assert asked["cleanup"]["values"] == {"grow": 0, "feather": 0}


@pytest.mark.parametrize("kind", ["single", "several", "marked"])
def test_isolation_that_is_right_is_whole_and_the_plate_itself_is_none(sample, unit, kind):
    whole = np.stack([on_screen(*pair) for pair in zip(sample.plate, sample.alpha, strict=True)])

    def figures(model: Scripted, alpha: np.ndarray) -> dict[str, float]:
        there = unit(model, lambda *_: np.concatenate([sample.plate, alpha[..., None]], 3))
        if kind == "marked":
            return generated.marked(there, 1).figures()
        return generated.isolated(there, 1, several=kind == "several").figures()

    key, own = {
        "marked": ("marked_iou", "marked_own_iou"),
    }.get(kind, (f"isolate_iou_{kind}", f"isolate_own_iou_{kind}"))
    right = Scripted(whole)
    told = figures(right, np.ones_like(sample.alpha))
    share = sample.alpha.mean()
    assert told[key] == pytest.approx(share, rel=0.01), "all is kept, and little of it hers"
    assert told[own] == 1
    (sheet,) = right.asked
    assert sorted(sheet.keys) == ([0] if kind == "marked" else [])
    assert kind == "marked" or "red box" in sheet.prompt
    told = figures(Scripted(sample.plate), sample.alpha)
    assert told[key] == 1
    assert told[own] == pytest.approx(share, rel=0.01)


def test_words_that_find_nothing_deliver_nothing(sample, unit):
    def refused(*_: Any) -> np.ndarray:
        raise MarkMissing("red box was not found in the shot")

    told = generated.isolated(unit(Scripted(sample.plate), refused), 1, several=False).figures()
    assert told["isolate_iou_single"] == 0
    assert told["isolate_own_iou_single"] > 0


def test_the_clips_are_held_out_and_mixed():
    first = [next(generated._endless(generated.HELD_OUT, world, shape, 9))
             for world in generated._BOTH for shape in generated.SHAPES]  # fmt: skip
    assert {each.plate.shape for each in first} == {(9, 64, 64, 3), (9, 64, 96, 3)}
    assert [bool(each.told.caption) for each in first] == [True, True, False, False]
    assert all(0 <= each.plate.min() <= each.plate.max() <= 1 for each in first)
    assert all(each.plate.std() > 0.02 for each in first)


def test_what_is_asked_in_words_is_what_the_true_clip_shows():
    for each in islice(worded.asked(worded._ASKING), 3):
        clip = named.clips(each.seed, 1, *worded._SHAPE).told[0]
        thing = each.shot.subject
        assert (clip.colour, clip.shape, clip.motion) == (thing.colour, thing.shape, thing.motion)
        assert all(word in each.prompt for word in (thing.colour, thing.shape))
        assert each.seen.direction in thing.motion
        assert not clip.several
    assert staged(Random(each.seed), *worded._SHAPE).shot == each.shot


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return list(worded.lessons(worded._LEARNING, 48))


def test_the_probe_sees_true_clips_as_they_are(lessons):
    learnt, new = lessons[:36], lessons[36:]
    probe = Probe(learnt)
    seen = [probe.seen(each.plate) for each in new]
    right = np.array(
        [[a == b for a, b in zip(*pair, strict=True)]
         for pair in zip(seen, (each.seen for each in new), strict=True)]
    )  # fmt: skip
    colour, shape, direction = right.mean(0)
    assert min(colour, direction) >= 0.9
    assert shape >= 0.4, "of 24, from one clip of each or two"
    asked_of_others = [each.seen for each in new[1:] + new[:1]]
    assert np.mean([a == b for a, b in zip(seen, asked_of_others, strict=True)]) < 0.2


def test_the_probe_sees_nothing_where_nothing_moves(lessons):
    still = np.repeat(lessons[0].plate[:1], FRAMES, 0)
    assert Probe(lessons[:8]).seen(still) == ("", "", "")


def test_a_direction_needs_a_way():
    mask = np.zeros((5, 40, 40), bool)
    for index in range(5):
        mask[index, 30 - 5 * index : 36 - 5 * index, 10 + index : 16 + index] = True
    assert direction_of(mask) == "rises"
    assert direction_of(mask.transpose(0, 2, 1)) == "left"
    assert direction_of(mask[:, ::-1]) == "falls"
    assert direction_of(np.zeros_like(mask)) == ""


def test_footage_is_left_out_where_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("SECONDUNIT_SAMPLES", str(tmp_path))
    assert footage.samples() is None
    (tmp_path / "footage").mkdir()
    assert footage.samples() == tmp_path / "footage"


def test_a_fill_on_footage_is_a_whole_job_at_the_plate_s_size(samples, tmp_path, monkeypatch):
    taken: dict[str, Any] = {}

    def takes(self: Unit, task: str, inputs: Any, values: Any, takes: int = 1) -> Any:
        taken.update(task=task, values=values, takes=takes)
        plate = frames_of(inputs["before"])
        return np.repeat(np.repeat(plate[-1:], 15, 0)[None], takes, 0)

    monkeypatch.setattr(Unit, "takes", takes)
    folder = samples / "footage" / footage.PLATE
    unit = Unit.with_model(Scripted(np.zeros((9, 1, 1, 3), np.float32)), tmp_path)
    figures = footage.inserted(unit, folder).figures()
    assert taken == {"task": "insert", "values": {"frames": 15}, "takes": 4}
    assert figures["plate_insert_baseline_db"] == pytest.approx(20.1, abs=0.1)
    assert figures["plate_insert_gain_db"] < -1, "holding the frame before is no good insert"


def test_a_delivered_matte_is_a_job_s_with_the_first_frame_marked(sample, tmp_path, monkeypatch):
    asked: list[dict[str, Any]] = []

    def takes(self: Unit, task: str, inputs: Any, values: Any, takes: int = 1) -> Any:
        plate, first = frames_of(inputs["plate"]), frames_of(inputs["matte"])
        assert task == "matte"
        assert np.abs(plate - sample.plate).max() <= 0.5 / 255 + 1e-6
        assert (first[0, ..., 0] == sample.alpha[0]).all()
        asked.append(inputs)
        alpha = sample.alpha.copy()
        alpha[5:] = 0
        return np.concatenate([plate, alpha[..., None]], 3)[None]

    monkeypatch.setattr(Unit, "takes", takes)
    unit = Unit.with_model(Scripted(sample.plate), tmp_path)
    figures = generated.marked(unit, 2).figures()
    assert len(asked) == 2
    assert figures["marked_iou"] == pytest.approx(0.5), "four of the eight that were not marked"
