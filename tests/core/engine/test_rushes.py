"""A job that was broken off goes on behind its last finished window, with the same bits."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import Cancelled, FrameRule, Sight
from secondunit.engine.local import Engine
from secondunit.engine.rushes import Rushes, tidied
from secondunit.engine.worker import parts
from secondunit.models.testing import ALL_NEEDS, ScriptedModel, scripted_card
from secondunit_contract.job import Job

TAIL = {"tail": 30}  # a few windows


class PowerCut(BaseException):
    """What no code catches."""


@pytest.fixture
def unit(settings, tmp_path, props):
    """An engine whose model fails at its n-th call; the model."""

    def make(fails_at=None, **more):
        def answer(sheet, seed):
            if fails_at is not None and len(model.seen) >= fails_at:
                raise PowerCut
            return props.loud(sheet, seed)

        card = scripted_card(frames=FrameRule(1, 4, 17), **more)
        model = ScriptedModel(card, answer)
        return Engine(settings, brought=[model], rushes=tmp_path / "rushes"), model

    return make


@pytest.fixture
def job(short, tmp_path):
    return Job("extend", str(tmp_path / "out" / "a"), "j1", {"plate": short}, TAIL, "scripted", 3)


def test_it_goes_on_behind_its_last_finished_window(unit, job, props, tmp_path):
    engine, unbroken = unit()
    whole = engine.shoot(replace(job, id="other", output=str(tmp_path / "whole")))[0]
    assert len(unbroken.seen) >= 3
    engine, _ = unit(fails_at=3)
    with pytest.raises(PowerCut):
        engine.shoot(job)
    assert not list((tmp_path / "out").glob("[!.]*"))
    engine, model = unit()
    take = engine.shoot(job)[0]
    assert len(model.seen) == len(unbroken.seen) - 2
    assert props.same(props.whole(take.media), props.whole(whole.media))


def test_a_second_take_that_was_broken_off_leaves_the_first_alone(unit, job, props, tmp_path):
    two = replace(job, values={"tail": 3}, takes=3)  # one window: the takes are one call
    engine, _ = unit()
    whole = engine.shoot(replace(two, id="other", output=str(tmp_path / "whole")))
    engine, model = unit()

    def report(event):
        if event.kind == "take" and event.take.number == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.shoot(two, report)
    engine, model = unit()
    rest = replace(two, takes=1, first_take=3, seed=two.seed + 2)
    third = engine.shoot(rest)[0]
    assert len(model.seen) == 1
    assert props.same(props.whole(third.media), props.whole(whole[2].media))


def test_another_question_under_the_same_name_is_asked_anew(unit, job, tmp_path):
    engine, _ = unit(fails_at=3)
    with pytest.raises(PowerCut):
        engine.shoot(job)
    engine, model = unit()
    engine.shoot(replace(job, values=TAIL | {"prompt": "rain"}, output=str(tmp_path / "b")))
    engine, unbroken = unit()
    engine.shoot(replace(job, id="other", output=str(tmp_path / "c")))
    assert len(model.seen) == len(unbroken.seen)


def test_an_answer_torn_by_a_crash_is_asked_for_again(unit, job, props, tmp_path):
    engine, _ = unit(fails_at=3)
    with pytest.raises(PowerCut):
        engine.shoot(job)
    kept = sorted((tmp_path / "rushes").rglob("*.npz"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    engine, unbroken = unit()
    whole = engine.shoot(replace(job, id="other", output=str(tmp_path / "whole")))[0]
    engine, model = unit()
    take = engine.shoot(job)[0]
    assert len(model.seen) == len(unbroken.seen) - 1
    assert props.same(props.whole(take.media), props.whole(whole.media))


def test_nothing_is_kept_of_a_job_that_ended(unit, job, tmp_path):
    engine, _ = unit()
    engine.shoot(job)
    assert not list((tmp_path / "rushes").rglob("*.npz"))


def test_a_matte_goes_on_too(settings, short, tmp_path, props):
    """What was looked at is not looked at again."""
    looked = []

    def sight(footage, question):
        looked.append(len(footage))
        if fails_at and len(looked) == fails_at:
            raise PowerCut
        shape = footage.shape[:3]
        return Sight((footage[..., 0] > 0.5).astype(np.float32), np.ones(shape[0], np.float32))

    card = scripted_card(honours=ALL_NEEDS | {"look"}, frames=FrameRule(1, 4, 5), context=1)
    model = ScriptedModel(card, props.loud, sight)
    engine = Engine(settings, brought=[model], rushes=tmp_path / "rushes")
    ask = Job("matte", str(tmp_path / "a"), "j", {"plate": short},
              {"points": [{"x": 0.9, "y": 0.5}], "quality": "preview"}, "scripted")  # fmt: skip
    fails_at = None
    whole = engine.shoot(replace(ask, id="other", output=str(tmp_path / "whole")))[0]
    calls = len(looked)
    assert calls >= 2
    looked.clear()
    fails_at = 2
    with pytest.raises(PowerCut):
        engine.shoot(ask)
    looked.clear()
    fails_at = None
    take = engine.shoot(ask)[0]
    assert len(looked) == calls - 1
    assert props.same(props.whole(take.media), props.whole(whole.media))


def test_a_disk_without_room_keeps_nothing_and_shoots_on(unit, job, tmp_path, monkeypatch):
    def refuse(*told, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("secondunit.engine.rushes.np.savez", refuse)
    engine, _ = unit()
    assert engine.shoot(job)
    assert not list((tmp_path / "rushes").rglob("*.part"))


def test_what_nobody_goes_on_with_goes_after_a_fortnight(tmp_path):
    shelf, fresh = tmp_path / "rushes", {}
    for name in ("open", "old", "new"):
        Rushes.of(shelf, Job("extend", "take", name), {})
        fresh[name] = next(each for each in shelf.iterdir() if each not in fresh.values())
        if name != "new":
            os.utime(fresh[name], (0, 0))
    tidied(shelf, ["open"])
    assert set(shelf.iterdir()) == {fresh["open"], fresh["new"]}
    tidied(tmp_path / "no shelf", [])


def test_the_contact_sheet_of_a_job_that_went_on_shows_the_takes_from_before(unit, job, tmp_path):
    two = replace(job, values={"tail": 3}, takes=2)
    engine, _ = unit()
    whole = engine.shoot(replace(two, output=str(tmp_path / "whole" / "a")))
    for part in parts(two, [1]) + parts(two, [2]):
        made = engine.shoot(part)[0]
    sheets = [Path(each.sheet).read_bytes() for each in (whole[0], made)]
    assert sheets[0] == sheets[1]
