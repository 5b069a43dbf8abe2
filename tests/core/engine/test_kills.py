"""Processes are killed at the worst moments, and nothing is lost, shot twice, or left half done."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from secondunit.bench.engine.journal import JOURNAL, calls
from secondunit.bench.engine.soak import soaked
from secondunit.callsheet import Sight
from secondunit.engine.crew import lock_of
from secondunit.engine.local import Engine
from secondunit.engine.sweep import swept
from secondunit.engine.worker import parts
from secondunit.ledger import sidecar
from secondunit.ledger.book import Book
from secondunit.models.testing import ALL_NEEDS, ScriptedModel, scripted_card
from secondunit_contract.job import Job
from secondunit_contract.wire import to_json

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of other systems")


@pytest.fixture
def journal(desk, monkeypatch) -> Path:
    """Where the worker's models write down what they begin."""
    path = desk.folder / "journal.jsonl"
    monkeypatch.setenv(JOURNAL, str(path))
    return path


@pytest.fixture
def models(desk):
    """The models that workers bring, in this process."""
    sys.path.insert(0, os.environ["PYTHONPATH"])
    try:
        return importlib.import_module("brought_models").models()
    finally:
        sys.path.pop(0)


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    return process.pid


def worker_of(desk) -> int:
    return int(lock_of(desk.settings.data, "worker").holder)


def owner(desk) -> subprocess.Popen[str]:
    """A process of its own that owns the unit."""
    where = {"SECONDUNIT_DATA": str(desk.settings.data), "SECONDUNIT_DEVICE": "cpu",
             "SECONDUNIT_MODELS": str(desk.settings.models)}  # fmt: skip
    command = [sys.executable, "-m", "secondunit.bench.engine.owner"]
    process = subprocess.Popen(
        [*command, "--brought", "brought_models:models"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env=os.environ | where,
    )  # fmt: skip
    assert process.stdout.readline() == "open\n"
    return process


def told(process: subprocess.Popen[str], *jobs) -> None:
    for job in jobs:
        process.stdin.write(json.dumps(to_json(job)) + "\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == job.id


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def heard(unit, kind: str, patience: float = 60.0) -> None:
    with unit.listen(0) as listener:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            event = listener.get(1.0)
            if event is not None and event.event.kind == kind:
                return
    raise AssertionError(f"no {kind} was told")


def test_a_worker_killed_between_two_takes_goes_on_with_the_second(desk, journal):
    job = desk.job("two", takes=2, steps=80, seed=7)
    with desk.unit() as unit:
        unit.submit(job)
        heard(unit, "take")
        os.kill(worker_of(desk), signal.SIGKILL)
        done = desk.until(unit, "two", "done", "failed")
        assert (done.state, done.takes) == ("done", 2)
        kinds = [each.event.kind for each in unit.events_after(0)]
        assert kinds.count("take") == 2
        assert kinds == ["queued", "started", "take", "queued", "started", "take", "done"]
    assert [seed for seed, _ in calls(journal)].count(7) == 1
    assert desk.names() == [
        "two_sheet.png", "two_t001.mov", "two_t001.take.json", "two_t002.mov", "two_t002.take.json"
    ]  # fmt: skip


def test_an_owner_killed_while_a_job_is_shot_is_followed_by_one_who_goes_on(desk, journal):
    process = owner(desk)
    told(process, desk.job("a", takes=2, steps=60), desk.job("b"), desk.job("c"))
    while not (desk.takes / "a_t001.mov").exists():
        time.sleep(0.05)
    left = worker_of(desk)
    killed(process)
    with desk.unit() as unit:
        for id, takes in (("a", 2), ("b", 1), ("c", 1)):
            done = desk.until(unit, id, "done", "failed")
            assert (done.state, done.takes, done.attempts) == ("done", takes, 0)
        kinds = [each.event.kind for each in unit.events_after(0)]
        assert kinds.count("take") == 4
    assert not psutil.pid_exists(left)
    assert [seed for seed, _ in calls(journal)].count(0) == 3  # one each: all have the seed 0
    assert not [name for name in desk.names() if name.startswith(".")]


def test_a_worker_ends_soon_after_its_owner_was_killed(desk):
    process = owner(desk)
    told(process, desk.job("a", steps=3000))
    while not lock_of(desk.settings.data, "worker").holder:
        time.sleep(0.05)
    worker = psutil.Process(worker_of(desk))
    killed(process)
    assert psutil.wait_procs([worker], timeout=5)[0]


@pytest.mark.parametrize(("wish", "became"), [("cancel", "cancelled"), ("pause", "paused")])
def test_a_wish_outlives_the_owner(desk, wish, became):
    book = Book(desk.settings.data / "ledger.sqlite")
    book.add(desk.job("a"))
    book.act("a", "start")
    book.act("a", wish)
    book.close()  # and here the owner dies
    with desk.unit() as unit:
        desk.until(unit, "a", became)
    assert desk.names() == []


def test_a_take_that_stands_is_entered_and_not_shot_again(desk, journal, models):
    """The first take's media has its name, the second is under way; nobody was told of either."""
    job = replace(desk.job("a", takes=2), output=str(desk.takes / "a_t{take}.mov"))
    made = Engine(desk.settings, brought=models).shoot(replace(job, takes=1))
    stamp = Path(made[0].media).stat().st_mtime_ns
    book = Book(desk.settings.data / "ledger.sqlite")
    book.add(job)
    book.act("a", "start")
    (desk.takes / f".a_t002.mov.{dead()}-abcdef.part").write_bytes(b"half")
    book.close()
    with desk.unit() as unit:
        assert desk.until(unit, "a", "done", "failed").takes == 2
    assert Path(made[0].media).stat().st_mtime_ns == stamp
    assert [seed for seed, _ in calls(journal)] == [0, 1]
    assert not [name for name in desk.names() if name.startswith(".")]


def test_a_sequence_half_of_which_has_its_names_gets_the_others(desk, models):
    job = desk.job("s", output="s.####.png")
    take = Engine(desk.settings, brought=models).shoot(job)[0]
    whole = {each.name: each.read_bytes() for each in desk.takes.glob("s.*.png")}
    process = dead()
    for name in sorted(whole)[2:]:
        (desk.takes / name).rename(desk.takes / f".{name}.{process}-abcdef.part")
    assert [each.number for each in swept(job, 0)] == [1]
    assert {each.name: each.read_bytes() for each in desk.takes.glob("s.*.png")} == whole
    assert len(whole) == len(take.range) == 6
    assert not list(desk.takes.glob(".*"))


def test_what_never_came_is_swept_up_and_what_lives_is_left(desk):
    job = desk.job("m")
    desk.takes.mkdir()
    process = dead()
    half = desk.takes / f".m.mov.{process}-abcdef.part"
    sheet = desk.takes / f".m.take.json.{process}.part"
    alive = desk.takes / f".m.mov.{os.getpid()}-abcdef.part"
    foreign = desk.takes / f".other.mov.{process}-abcdef.part"
    for path in (half, sheet, alive, foreign, desk.takes / "m_sheet.png"):
        path.write_bytes(b"half")
    take = {"job": "m", "number": 1, "seed": 0, "media": str(desk.takes / "m.mov"), "range": "0-5",
            "rate": "24", "width": 8, "height": 8}  # fmt: skip
    story = {"secondunit_take": 1, "job": to_json(job), "take": take}
    sidecar.written(desk.takes / "m.take.json", story)
    assert swept(job, time.time() - 60) == []
    assert sorted(desk.takes.iterdir()) == sorted([alive, foreign])


def test_a_sheet_from_before_the_job_is_not_its_own(desk):
    desk.takes.mkdir()
    sheet = desk.takes / "m_sheet.png"
    sheet.write_bytes(b"of an earlier job")
    swept(desk.job("m"), time.time() + 60)
    assert sheet.exists()


def test_a_job_that_was_broken_off_goes_on_behind_its_last_window(desk, journal):
    job = desk.job("w", model="windows", steps=40, takes=1, seed=5)
    with desk.unit() as unit:
        unit.submit(job)
        while len(calls(journal)) < 2:
            time.sleep(0.02)
        os.kill(worker_of(desk), signal.SIGKILL)
        assert desk.until(unit, "w", "done", "failed").state == "done"
    begun = [seed for seed, _ in calls(journal)]
    assert begun.count(5) == 1  # the first window was not asked again
    assert len(begun) == len(set(begun)) + 1  # the second was broken off, and only that


def test_soak(desk, journal):
    jobs = [desk.job(f"job-{n}", takes=1 + n % 2, steps=40, seed=10 * n + 1) for n in range(12)]
    figures, told = soaked(jobs, desk.settings, "brought_models:models", kills=6, seed=5)
    assert figures == {"takes_lost": 0, "shot_twice": 0, "half_files": 0}, told
    assert told["not_done"] == []
    assert told["kills"] >= 3


class PowerCut(BaseException):
    """The machine is gone."""


def test_a_matte_pulled_on_the_way_is_not_pulled_again(desk, props):
    """The job was broken off behind it, between two takes; the second has another seed."""
    looked: list[int] = []

    def sight(footage, question):
        looked.append(len(footage))
        return Sight((footage[..., 0] > 0.6).astype(np.float32), np.ones(len(footage), np.float32))

    def answer(sheet, seed):
        if fails and (desk.takes / "c_t001.mov").exists():
            raise PowerCut
        return props.loud(sheet, seed)

    model = ScriptedModel(scripted_card(honours=ALL_NEEDS | {"look"}), answer, sight)
    engine = Engine(desk.settings, brought=[model])
    job = Job("cleanup", str(desk.takes / "c.mov"), "c", {"plate": desk.plate},
              {"points": [{"x": 0.9, "y": 0.5}]}, "scripted", seed=4, takes=2)  # fmt: skip
    fails = True
    with pytest.raises(PowerCut):
        engine.shoot(job)
    pulled = len(looked)
    assert pulled
    assert [each.number for each in swept(job, 0)] == [1]
    fails = False
    (rest,) = parts(job, [2])
    take = engine.shoot(rest)[0]
    assert (take.number, take.seed) == (2, 5)
    assert len(looked) == pulled
    assert [name for name in desk.names() if "_matte" in name and name.endswith(".take.json")] == [
        "c_matte.take.json"
    ]
    other = replace(job, id="d", output=str(desk.takes / "c2.mov"), takes=1)
    engine.shoot(other)  # a matte of its own, since it is another job
    assert len(looked) > pulled
