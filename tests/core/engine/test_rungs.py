"""On which rung a job begins: foretold, told in the side-car, and put right by what it took."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from secondunit.callsheet import Draft, Question, Sight, Unwatched
from secondunit.engine import casting, rungs
from secondunit.engine.casting import DRAFT, DRAFTED, drafted
from secondunit.engine.local import Engine
from secondunit.engine.rungs import RUNG, Book, Choice, Measured, Room, footprint_of, rung_told
from secondunit.ledger import sidecar
from secondunit.models import card_of
from secondunit.models.berth import AMPLE, THIN, TILED, Tally
from secondunit.models.forecast import Asked, Lodging, Look
from secondunit.models.testing import ScriptedModel, scripted_card, tiny_vace
from secondunit.models.wording import IN_WORDS
from secondunit.settings import Settings
from secondunit_contract.job import Job
from secondunit_contract.problem import NotEnoughMemory, problem_from_json

CPU = Lodging("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose blocks are large beside its reader and its VAE: 80 MB in three and two."""
    checkpoint = tiny_vace(tmp_path_factory.mktemp("rungs") / "heavy", wide=80_000)
    told = 'title = "Heavy"\narea = 4096\nlongest = 9\nsteps = 1\nguidance = 1.0\n'
    (checkpoint / "card.toml").write_text(told, "utf-8")
    return checkpoint


def job_of(plate, tmp_path, model, **more) -> Job:
    return Job("extend", str(tmp_path / "take.mov"), inputs={"plate": plate},
               values={"tail": 2}, model=str(model), **more)  # fmt: skip


@pytest.fixture
def foretold(folder) -> dict[int, int]:
    card = card_of(str(folder))
    asked = Asked(96, 32, 9, 1, True, False)
    footprint = footprint_of(card)
    return {rung: footprint.forecast(asked, rung, CPU).peak for rung in (AMPLE, TILED, THIN)}


@pytest.fixture
def room(monkeypatch):
    def give(free: int) -> None:
        monkeypatch.setattr(casting.Casting, "_room", lambda self: Room("cpu", free, free))

    return give


def shot(engine, job) -> tuple[dict, list]:
    told = []
    takes = engine.shoot(job, told.append)
    return json.loads(Path(takes[0].sidecar).read_text()), [each.message for each in told]


def test_the_rung_is_chosen_before_the_run_and_told(folder, short, tmp_path, room):
    engine = Engine(Settings(tmp_path, "cpu", tmp_path / "data"))
    room(10**12)
    ample, heard = shot(engine, job_of(short, tmp_path / "a", folder))
    told = ample["model"]["forecast"]
    assert (told["rung"], ample["model"]["sparing"]) == ("ample", AMPLE)
    assert "frugality" not in sidecar.job_of(ample).extra
    assert not any("Memory" in each for each in heard)
    room(int(told["peak_gb"] * 1e9) - 20_000_000)
    tiled, heard = shot(engine, job_of(short, tmp_path / "b", folder))
    assert tiled["model"]["forecast"]["rung"] == "tiled"
    assert tiled["model"]["sparing"] == TILED
    assert tiled["model"]["forecast"]["peak_gb"] <= tiled["model"]["forecast"]["free_gb"]
    assert any("tiles" in each for each in heard)


def test_a_rerun_takes_the_rung_of_its_side_car(folder, short, tmp_path, room):
    engine = Engine(Settings(tmp_path, "cpu", tmp_path / "data"))
    room(70_000_000)
    told, _ = shot(engine, job_of(short, tmp_path / "a", folder))
    assert told["model"]["sparing"] == TILED
    room(10**12)
    again = replace(sidecar.job_of(told), output=str(tmp_path / "b" / "take.mov"))
    assert shot(engine, again)[0]["model"]["sparing"] == TILED


def test_what_does_not_fit_on_any_rung_is_refused_with_what_would(
    folder, short, tmp_path, room, props
):
    light = scripted_card("light")
    engine = Engine(
        Settings(tmp_path, "cpu", tmp_path / "data"), brought=[ScriptedModel(light, props.loud)]
    )
    room(200_000)
    with pytest.raises(NotEnoughMemory, match="Heavy would need about") as told:
        engine.shoot(job_of(short, tmp_path, folder))
    problem = told.value
    assert "9 frames" in problem.where
    assert not list(tmp_path.glob("take*"))
    travelled = problem_from_json(problem.to_json())
    assert rung_told(travelled.to_json()) == THIN, "nobody tries the rungs between"


@pytest.mark.parametrize("share", [0.9, 0.97])
def test_numbers_that_would_fit_are_told(folder, short, tmp_path, room, monkeypatch, share):
    card = card_of(str(folder))
    footprint = footprint_of(card)
    asked = Asked(512, 512, 9, 1, True, False)
    peak = footprint.forecast(asked, THIN, CPU).peak
    here = tmp_path / "small"
    shutil.copytree(folder, here)
    (here / "card.toml").write_text('title = "Small"\narea = 1024\nlongest = 9\n', "utf-8")
    others = rungs.Others(lambda: frozenset({"plate"}), [card, card_of(str(here))])
    monkeypatch.setattr(rungs, "_DOUBT", 1.0)
    free = Room("cpu", int(peak * share), 10**12)
    with pytest.raises(NotEnoughMemory) as told:
        rungs.Rungs(tmp_path).chosen(card, asked, AMPLE, free, others)
    remedy = told.value.remedy
    assert "Take Small, which is here and fits" in remedy
    assert "frames at this size would fit" in remedy
    size = remedy.split(" at this length")[0].split()[-1]
    width, height = map(int, size.split("x"))
    fits = replace(asked, width=width, height=height)
    assert footprint.forecast(fits, THIN, CPU).peak <= free.free
    assert width % 16 == height % 16 == 0


def test_models_that_could_be_got_are_named_where_none_here_fits(folder, tmp_path):
    card = card_of(str(folder))
    others = rungs.Others(lambda: frozenset({"words"}), [card])
    ways = others.ways(card, Asked(64, 64, 9), Room("cpu", 60 * 10**9, 10**12))
    assert len(ways) == 1
    assert ways[0].startswith("Get ")
    drawn = rungs.Others(lambda: frozenset({"guide", "keys", "tracks"}), [card])
    (way,) = drawn.ways(card, Asked(64, 64, 9), Room("cpu", 60 * 10**9, 10**12))
    assert way.startswith("Get Wan 2.1 VACE 1.3B (Apache-2.0, ")
    assert way.endswith(f"with a stand-in for {IN_WORDS['tracks']}): it would fit")
    edited = rungs.Others(lambda: frozenset({"plate", "edit"}), [])
    (way,) = edited.ways(card, Asked(64, 64, 9), Room("cpu", 60 * 10**9, 10**12))
    assert "VACE" in way, "an editor of single frames is lighter, and makes no clip"
    assert others.ways(card, Asked(64, 64, 9), Room("cpu", 10**6, 10**12)) == []


def test_what_a_run_took_corrects_the_next(tmp_path, folder):
    book, card = Book(tmp_path), card_of(str(folder))
    asked, free = Asked(512, 512, 9, 0, True, False), Room("cpu", 10**12, 10**12)
    others = rungs.Others(frozenset, [card])
    chosen = rungs.Rungs(tmp_path)
    before = chosen.chosen(card, asked, AMPLE, free, others)
    book.took(card.name, AMPLE, before.foretold, 2 * before.foretold)
    after = chosen.chosen(card, asked, AMPLE, free, others)
    assert after.forecast.beside == pytest.approx(2 * before.forecast.beside, rel=0.01)
    assert after.forecast.weights == before.forecast.weights
    assert after.foretold == before.foretold
    assert chosen.chosen(card, asked, TILED, free, others).forecast.beside < after.forecast.beside


def test_the_book_rises_at_once_sinks_slowly_and_knows_its_bounds(tmp_path):
    book = Book(tmp_path / "new")
    assert book.ratio("m", AMPLE) == 1.0
    book.took("m", AMPLE, 100, 200)
    assert book.ratio("m", AMPLE) == 2.0
    book.took("m", AMPLE, 100, 100)
    assert book.ratio("m", AMPLE) == 1.5
    book.took("m", AMPLE, 100, 0)
    book.took("m", AMPLE, 0, 100)
    assert book.ratio("m", AMPLE) == 1.5, "a device that tells nothing teaches nothing"
    book.failed("m", AMPLE)
    assert book.ratio("m", AMPLE) == pytest.approx(1.95)
    book.took("m", AMPLE, 1, 10**6)
    assert book.ratio("m", AMPLE) == 4.0
    assert book.ratio("m", TILED) == book.ratio("other", AMPLE) == 1.0
    (tmp_path / "new" / "memory.json").write_text("[1, 2")
    assert book.ratio("m", AMPLE) == 1.0


def test_what_a_call_took_is_noted_and_a_failure_remembered(tmp_path, props, folder):
    card = card_of(str(folder))
    footprint = footprint_of(card)
    forecast = footprint.forecast(Asked(32, 32, 9), TILED, CPU)
    book, tally = Book(tmp_path), Tally()
    choice = Choice(TILED, "m", forecast, 100, 10**9)
    sheet_taking = props.loud

    def taking(sheet, seed):
        tally.took(150)
        return sheet_taking(sheet, seed)

    def failing(sheet, seed):
        raise NotEnoughMemory("full")

    scripted = scripted_card()
    sheet = _sheet()
    list(Measured(ScriptedModel(scripted, taking), choice, book, tally).shoot(sheet, Unwatched()))
    assert book.ratio("m", TILED) == 1.5
    with pytest.raises(NotEnoughMemory) as told:
        list(
            Measured(ScriptedModel(scripted, failing), choice, book, tally).shoot(
                sheet, Unwatched()
            )
        )
    assert told.value.extra[RUNG] == TILED
    assert book.ratio("m", TILED) == pytest.approx(1.95)


def test_a_look_is_noted_by_itself_and_told_of_where_it_does_not_fit(tmp_path, folder):
    card = card_of(str(folder))
    look = Look(512, 512, 9, 1)
    asked = Asked(16, 16, 9, 0, True, False, (look,), shoots=False)
    chosen = rungs.Rungs(tmp_path)
    others, free = rungs.Others(frozenset, []), Room("cpu", 10**12, 10**12)
    choice = chosen.chosen(card, asked, AMPLE, free, others)
    assert choice.forecast.stretch == "looking"
    tally, footage = Tally(), np.zeros((9, 512, 512, 3), np.float32)
    question = Question({0: np.ones((512, 512), bool)}, samples=1)

    def seeing(footage, question):
        tally.took(2 * choice.looks(look))
        return Sight(footage[..., 0], np.ones(len(footage), np.float32))

    def failing(footage, question):
        raise NotEnoughMemory("full")

    reach = scripted_card(honours=frozenset({"look"}), area=512 * 512)
    model = ScriptedModel(reach, None, seeing)
    Measured(model, choice, chosen.book, tally).look(footage, question)
    assert chosen.book.ratio(card.name, AMPLE, "looking") == 2.0
    assert chosen.book.ratio(card.name, AMPLE) == 1.0, "it says nothing of shooting"
    after = chosen.chosen(card, asked, AMPLE, free, others)
    assert after.forecast.beside == pytest.approx(2 * choice.forecast.beside, rel=0.01)
    short = Measured(ScriptedModel(reach, None, failing), choice, chosen.book, tally)
    with pytest.raises(NotEnoughMemory) as told:
        short.look(footage, question)
    assert told.value.extra[RUNG] == AMPLE
    assert chosen.book.ratio(card.name, AMPLE, "looking") == pytest.approx(2.6)
    with pytest.raises(NotEnoughMemory, match="would need about") as told:
        chosen.chosen(card, asked, AMPLE, Room("cpu", 10**6, 10**12), others)
    assert told.value.where == "9 frames of 512x512, while looking"


def _sheet():
    from secondunit.callsheet import CallSheet
    from secondunit_contract.frames import Rate

    return CallSheet(16, 16, 5, Rate.of(24), "a cat")


def test_a_draft_has_the_same_seed_and_the_adapter_for_few_steps(short, tmp_path):
    card = replace(scripted_card(), draft=Draft("quick:1.0", 4, 1.0))
    job = job_of(short, tmp_path, "scripted", seed=7, extra={DRAFT: True}, adapters=("noir:0.5",))
    told = drafted(job, card)
    assert told.adapters == ("noir:0.5", "quick:1.0")
    assert (told.steps, told.guidance, told.seed) == (4, 1.0, 7)
    assert drafted(replace(job, steps=6), card).steps == 6
    assert told.extra == {DRAFTED: True}
    assert drafted(told, card) == told, "a rerun wears it once"
    assert drafted(job, scripted_card()) == job, "no adapter for few steps: a job as any other"
    assert drafted(replace(job, extra={}), card).adapters == ("noir:0.5",)


def test_a_matte_s_looks_are_foretold(folder, short, tmp_path, room):
    engine = Engine(Settings(tmp_path, "cpu", tmp_path / "data"))
    room(10**12)
    click = {"points": [{"x": 0.5, "y": 0.5}], "way": "look"}
    job = Job("matte", str(tmp_path / "take.mov"), inputs={"plate": short},
              values=click, model=str(folder))  # fmt: skip
    told, _ = shot(engine, job)
    assert told["model"]["forecast"]["stretch"] in ("reading", "looking")
    room(200_000)
    with pytest.raises(NotEnoughMemory) as refused:
        engine.shoot(replace(job, output=str(tmp_path / "b" / "take.mov")), print)
    assert refused.value.where.endswith("while looking")
