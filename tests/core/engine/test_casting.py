"""Which model shoots a job, and what is said when none can."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from secondunit.engine.local import Engine
from secondunit.models.standins import widened
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit.settings import Settings
from secondunit.weights import STARTER
from secondunit_contract.job import Job
from secondunit_contract.problem import CheckpointUnsafe, ModelUnfit, ModelUnknown

WORDS = frozenset({"words"})


def job_of(plate, folder, task="extend", values=None, model="", **clips) -> Job:
    values = {"tail": 2} if values is None else values
    return Job(task, str(folder / "out" / "take"), inputs={"plate": plate, **clips},
               values=values, model=model)  # fmt: skip


def told_wholly(problem) -> bool:
    return all(part.strip() for part in (problem.what, problem.where, problem.remedy))


def test_what_the_model_here_lacks_is_named_and_so_are_models_that_have_it(short, matte, tmp_path):
    with pytest.raises(ModelUnfit, match="reference") as told:
        Engine().shoot(job_of(short, tmp_path, reference=matte))
    problem = told.value
    assert told_wholly(problem)
    assert "reference" in problem.where
    assert "Wan 2.1 VACE 1.3B" in problem.remedy
    assert "Apache-2.0" in problem.remedy
    assert "T2V" not in problem.remedy  # words only
    assert not (tmp_path / "out").exists()


def test_a_model_asked_for_by_name_that_cannot(scripted, short, tmp_path):
    engine, model = scripted(honours=WORDS)
    with pytest.raises(ModelUnfit, match="painting inside a matte") as told:
        engine.shoot(job_of(short, tmp_path, model="scripted"))
    assert "starter" in told.value.remedy  # it is here, and can
    assert told_wholly(told.value)
    assert not model.seen


def test_the_lightest_that_can_is_taken(settings, short, tmp_path, props):
    def model(name, memory, **more):
        card = scripted_card(name, **more)
        reach = replace(card.reach, memory_gb=memory)
        return ScriptedModel(replace(card, reach=reach), props.loud)

    cannot, can = model("words", 1e-4, honours=WORDS), model("light", 1e-3)
    heavy = model("heavy", 50)
    engine = Engine(settings, brought=[cannot, heavy, can])
    engine.shoot(job_of(short, tmp_path))
    assert [len(each.seen) for each in (cannot, heavy, can)] == [0, 0, 1]


def test_a_model_nobody_knows(short, tmp_path):
    with pytest.raises(ModelUnknown, match="no-such") as told:
        Engine().shoot(job_of(short, tmp_path, model="no-such-model"))
    assert told_wholly(told.value)


@pytest.mark.parametrize("asked", [True, False])
def test_a_folder_with_pickles(short, tmp_path, asked):
    folder = Path(shutil.copytree(STARTER, tmp_path / "models" / "evil"))
    for weights in folder.glob("transformer/*.safetensors"):
        weights.rename(weights.with_suffix(".bin"))
    engine = Engine(Settings(tmp_path / "models", "cpu"))
    if asked:
        with pytest.raises(CheckpointUnsafe) as told:
            engine.shoot(job_of(short, tmp_path, model=str(folder)))
        assert told_wholly(told.value)
        assert str(folder) in told.value.where
    else:  # one that only lies there is in nobody's way
        assert "evil" not in [card.name for card in engine.casting.cards()]
        assert "starter" in [card.name for card in engine.casting.cards()]


def test_a_folder_that_is_no_checkpoint(short, tmp_path):
    (tmp_path / "empty").mkdir()
    told = []
    Engine().run(job_of(short, tmp_path, model=str(tmp_path / "empty")), told.append)
    problem = told[-1].problem
    assert problem["code"] == "model.checkpoint"
    assert problem["where"]
    assert problem["remedy"]


def test_a_model_by_its_folder(short, props, tmp_path):
    folder = Path(shutil.copytree(STARTER, tmp_path / "mine"))
    take = Engine().shoot(job_of(short, tmp_path, model=str(folder)))[0]
    assert props.same(props.whole(take.media)[:6], props.whole(short))


@pytest.mark.parametrize(
    ("text", "reason"), [("raise RuntimeError('no drivers')", "no drivers"), ("def (", "Syntax")]
)
def test_a_broken_family_is_listed_as_broken_and_jobs_go_on(
    short, scripted, tmp_path, monkeypatch, text, reason
):
    from secondunit import models

    (tmp_path / "torn_family.py").write_text(text + "\n")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    listed = {each.name: each for each in models.listing()}
    assert reason in listed["torn_family"].fault
    engine, _ = scripted()
    assert engine.shoot(job_of(short, tmp_path, model="scripted"))


@pytest.mark.parametrize("asked", ["pictures", ""])
def test_one_that_begins_with_a_picture_is_not_cast_where_none_is_known(
    settings, short, tmp_path, props, asked
):
    """Stand-ins give it plates and strengths; a first picture to go on from they do not."""
    card = scripted_card("pictures", honours=frozenset({"keys"}))
    reach = replace(widened(card.reach), memory_gb=1e-4)
    model = ScriptedModel(replace(card, reach=reach), props.loud)
    able = scripted_card("other")
    able = replace(able, reach=replace(able.reach, memory_gb=1e-3))
    other = ScriptedModel(able, props.loud)
    engine = Engine(settings, brought=[model, other])
    values = {"strength": 0.4, "prompt": "snow"}
    job = job_of(short, tmp_path, "restyle", values, model=asked)
    if asked:
        with pytest.raises(ModelUnfit, match="cannot do all of this") as told:
            engine.shoot(job)
        assert "beginning a clip without a first picture" in told.value.where
        assert "other" in told.value.remedy
        assert told_wholly(told.value)
    else:
        engine.shoot(job)
        assert len(other.seen) == 1
    assert not model.seen


def test_one_that_begins_with_a_picture_goes_on_from_the_plates(settings, short, tmp_path, props):
    card = scripted_card("pictures", honours=frozenset({"keys"}))
    model = ScriptedModel(replace(card, reach=widened(card.reach)), props.loud)
    Engine(settings, brought=[model]).shoot(job_of(short, tmp_path, model="pictures"))
    assert [0 in sheet.keys for sheet in model.seen] == [True]
