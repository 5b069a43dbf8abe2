"""A worker's process: shoots what it is told, tells it line by line, and ends when it should."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from secondunit.engine.crew import Heard, LocalWorker, local_crew, lock_of
from secondunit.engine.local import Engine
from secondunit.engine.worker import parts
from secondunit.ledger import sidecar
from secondunit.models.berth import TILED
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import BadValue, MachineProblem
from secondunit_contract.wire import to_json


class Ear:
    """Hears a worker."""

    def __init__(self) -> None:
        self.lines: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.kinds: list[str] = []
        self.told: list[Event] = []
        self.has_left = False

    def next(self, patience: float = 180.0) -> Heard:
        heard = self.lines.get(timeout=patience)
        self.has_left |= heard.left
        self.told += [heard.event] if heard.event else []
        return heard

    def until(self, kind: str) -> Heard:
        """The next event of that kind; "left" when it has left."""
        while True:
            heard = self.next()
            told = heard.event.kind if heard.event else "left" if heard.left else "ready"
            self.kinds.append(told)
            if told == kind:
                return heard
            assert not heard.left, heard.last_words


@pytest.fixture
def hired(desk):
    """Calls a worker that brings what a function gives; what it says is heard."""
    workers: list[tuple[LocalWorker, Ear]] = []

    def hire(brought: str = "models") -> tuple[LocalWorker, Ear]:
        worker, ear = LocalWorker(desk.settings, brought=f"brought_models:{brought}"), Ear()
        worker.start(ear.lines.put)
        workers.append((worker, ear))
        return worker, ear

    yield hire
    for worker, ear in workers:
        worker.kill()
        while not ear.has_left:
            ear.next()


def shoot(worker: LocalWorker, job: Job, *takes: int, frugality: int = 0) -> None:
    order = {"do": "shoot", "job": to_json(job), "takes": list(takes or (1,))}
    worker.tell(order | {"frugality": frugality})


def gone(worker: LocalWorker, within: float) -> bool:
    try:
        worker._at_work.popen.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_it_tells_each_thing_as_it_happens_and_ends_with_its_stdin(desk, hired):
    worker, ear = hired()
    ear.until("ready")
    shoot(worker, desk.job("a", takes=2, steps=3), 1, 2)
    done = ear.until("done")
    assert done.event.job == "a"
    assert [kind for kind in ear.kinds if kind not in ("progress", "notice")] == [
        "ready", "take", "take", "done"
    ]  # fmt: skip
    assert ear.kinds.count("progress") == 6
    worker.end()
    ear.until("left")
    assert gone(worker, 5)
    lock = lock_of(desk.settings.data, "worker")
    assert lock.taken()
    lock.let_go()


def test_only_the_takes_that_are_wanted_are_shot_with_the_seeds_and_names_they_have(desk, hired):
    worker, ear = hired()
    job = desk.job("a", takes=4, seed=70)
    shoot(worker, job, 2, 4)
    takes = [ear.until("take").event for _ in range(2)]
    ear.until("done")
    assert [(each.take.number, each.take.seed, each.done, each.total) for each in takes] == [
        (2, 71, 3, 4), (4, 73, 4, 4)
    ]  # fmt: skip
    assert [Path(each.take.media).name for each in takes] == ["a_t002.mov", "a_t004.mov"]
    assert desk.names() == [
        "a_sheet.png", "a_t002.mov", "a_t002.take.json", "a_t004.mov", "a_t004.take.json"
    ]  # fmt: skip


def test_a_job_in_parts_is_the_whole_job():
    job = Job("t", "/o/a.mov", "a", takes=5, seed=2**63 - 2, first_take=3)
    assert [(p.first_take, p.takes, p.seed, p.output) for p in parts(job, [3, 4, 5, 6, 7])] == [
        (3, 5, 2**63 - 2, "/o/a_t{take}.mov")
    ]
    assert [(p.first_take, p.takes, p.seed) for p in parts(job, [7, 4, 5])] == [
        (4, 2, 2**63 - 1), (7, 1, 2)
    ]  # fmt: skip
    single = Job("t", "/o/a.mov", "a")
    assert parts(single, [1]) == [single]


def test_it_stops_within_two_seconds_and_is_ready_for_the_next(desk, hired):
    worker, ear = hired()
    shoot(worker, desk.job("a", steps=5000))
    ear.until("progress")
    before = time.monotonic()
    worker.tell({"do": "stop"})
    ear.until("cancelled")
    assert time.monotonic() - before < 2
    shoot(worker, desk.job("b"))
    ear.until("done")
    assert [name for name in desk.names() if name.startswith((".", "a"))] == []


def test_a_problem_is_told_and_the_next_job_is_shot(desk, hired):
    worker, ear = hired()
    shoot(worker, desk.job("a", model="nobody"))
    assert ear.until("problem").event.problem["code"] == "model.unknown"
    shoot(worker, desk.job("b"))
    ear.until("done")


def test_one_that_is_deaf_ends_with_its_owner_all_the_same(desk, hired):
    worker, ear = hired("deaf")
    shoot(worker, desk.job("a"))
    ear.until("ready")
    time.sleep(1.0)
    worker.end()
    assert gone(worker, 6)


def test_what_libraries_print_is_in_a_log_that_stays_small(desk, hired):
    worker, ear = hired("chatty")
    for name in "abc":
        shoot(worker, desk.job(name))
        ear.until("done")
    worker.end()
    ear.until("left")
    logs = sorted((desk.settings.data / "logs").iterdir())
    assert [each.name for each in logs] == ["worker.log", "worker.log.1"]
    assert all(each.stat().st_size < 700_000 for each in logs)
    assert b"printed in Python\nprinted in C\n" in b"".join(each.read_bytes() for each in logs)


def test_its_last_words_are_told(desk, hired):
    worker, ear = hired("crashing")
    shoot(worker, desk.job("a"))
    left = Heard()
    while not left.left:
        left = ear.next()
    assert "a driver's last words" in left.last_words
    assert left.last_words.startswith(("It ended with -11", "It ended with 3"))


def test_a_second_one_never_works_beside_it(desk, hired, monkeypatch):
    lock = lock_of(desk.settings.data, "worker")
    assert lock.taken(holder="somebody")
    process = subprocess.Popen(
        [sys.executable, "-c", "import secondunit.engine.worker as w; w._PATIENCE = 0.2; w.main()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"SECONDUNIT_DATA": str(desk.settings.data)},
    )  # fmt: skip
    told, _ = process.communicate(timeout=60)
    refused = json.loads(told)["refused"]
    assert "somebody" in refused["where"]
    lock.let_go()


def test_models_that_cannot_be_brought_are_a_refusal(desk, hired):
    _, ear = hired("nothing_of_that_name")
    refused = ear.next().refused
    assert isinstance(refused, BadValue)
    assert "module:function" in refused.remedy
    assert ear.next().left


def test_a_program_that_is_not_there_is_said(desk, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(desk.folder / "no-python"))
    with pytest.raises(MachineProblem, match="No worker could be started"):
        LocalWorker(desk.settings).start(lambda heard: None)


GIBBERISH = {
    "no JSON": b"Segmentation fault (core dumped)\n",
    "no object": b"[1, 2]\n",
    "nothing we know": b'{"song": "la"}\n',
    "an event of no kind": b'{"event": {"kind": "sung"}}\n',
    "an event of the wrong shape": b'{"event": {"kind": "take", "take": {"job": 3}}}\n',
    "no text": b"\xff\xfe\x00\n",
    "very deep": b'{"event": ' + b"[" * 100_000 + b"\n",
}


@pytest.mark.parametrize("line", GIBBERISH.values(), ids=list(GIBBERISH))
def test_one_that_talks_nonsense_is_ended(desk, line, monkeypatch):
    script = desk.folder / "speaks.py"
    script.write_text(
        "import sys, time\n"
        f"sys.stdout.buffer.write(b'hello\\n' + b'{{\"ready\": {{}}}}\\n' + {line!r})\n"
        "sys.stdout.flush()\n"
        "time.sleep(60)\n"
    )
    starts = subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda command, **more: starts([sys.executable, str(script)], **more)
    )
    worker, ear = LocalWorker(desk.settings), Ear()
    worker.start(ear.lines.put)
    assert ear.next().ready == {}
    left = ear.next()
    assert left.left
    assert "nobody understands" in left.last_words


def test_a_sparing_take_is_told_of_and_made_again_as_sparingly(desk, hired, props):
    worker, ear = hired()
    shoot(worker, replace(desk.job("a"), model="starter", steps=1), frugality=TILED)
    told = ear.until("take")
    ear.until("done")
    assert any("block by block" in each.message for each in ear.told if each.kind == "notice")
    story = sidecar.read(Path(told.event.take.sidecar))
    assert story["model"]["sparing"] == TILED
    made = Engine(desk.settings).shoot(replace(sidecar.job_of(story), output=str(desk.takes / "b")))
    assert sidecar.read(Path(made[0].sidecar))["model"]["sparing"] == TILED
    assert props.same(props.whole(made[0].media), props.whole(told.event.take.media))


@pytest.fixture
def four_gpus(tmp_path, monkeypatch):
    """A machine whose driver's tool tells of four."""
    tool = tmp_path / "nvidia-smi"
    line = "echo 'NVIDIA H200, 143771, 143000, 570.86'\n"
    tool.write_text("#!/bin/sh\n" + 4 * line)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.skipif(sys.platform == "win32", reason="the tool is a shell script here")
@pytest.mark.parametrize(
    ("device", "shown", "devices"),
    [
        ("auto", None, ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]),
        ("auto", "2,3", ["cuda:0", "cuda:1"]),
        ("auto", "1", ["auto"]),
        ("cuda:2", None, ["cuda:2"]),
        ("cpu", None, ["cpu"]),
    ],
)
def test_a_worker_for_each_gpu(desk, four_gpus, monkeypatch, device, shown, devices):
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    crew = local_crew(replace(desk.settings, device=device))
    assert [each.settings.device for each in crew] == devices
    assert len({each.name for each in crew}) == len(crew)
    assert crew[0].name == "worker"
