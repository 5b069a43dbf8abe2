"""A worker's process: shoots what it is told on stdin, and tells on stdout what happens.

What is said in which words is in engine.crew. The model libraries live here alone: when the process
ends, all the memory they held is free.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit.callsheet import VideoModel
from secondunit.engine.crew import lock_of
from secondunit.engine.local import Engine
from secondunit.engine.slate import template
from secondunit.engine.voice import LEFT_ALONE, REFUSED, Voice, own_stdout
from secondunit.engine.watching import Cancel
from secondunit.ledger.lock import Lock
from secondunit.settings import Settings
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import BadValue, MachineProblem, Problem
from secondunit_contract.wire import from_json

_PATIENCE = 20.0  # seconds to wait for a worker of this name to have left
_GRACE = 2.0  # seconds to stop in, once nobody listens
_held: list[Lock] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until stdin ends."""
    told = _arguments().parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who owns us decides when we stop
    voice = Voice(own_stdout())
    settings = Settings.found()
    try:
        come_alone(settings.data, told.name)
        engine = engine_of(settings, told.brought, settings.data)
    except Problem as problem:
        voice.say({"refused": problem.to_json()})
        return REFUSED
    voice.say({"ready": {"process": os.getpid()}})
    Shift(engine, voice).work(sys.stdin.buffer)
    return 0


def come_alone(data: Path, name: str) -> None:
    """Hold the lock of a worker of that name while this process lives, and so its memory.

    Raises MachineProblem where another keeps it, NotWritable.
    """
    lock = lock_of(data, name)
    if not lock.taken(_PATIENCE, str(os.getpid())):
        raise MachineProblem(
            "Another worker is at work in this data folder",
            f"{lock.path}, held by process {lock.holder}",
            "Wait until it has ended, or end it",
        )
    _held.append(lock)


def engine_of(settings: Settings, brought: str, data: Path | None) -> Engine:
    """A worker's engine; `data` is the unit's own data folder, None where it is out of reach.

    `brought` names a function, "module:function", that gives models. Raises BadValue.
    """
    previews, rushes = (data / "previews", data / "rushes") if data else (None, None)
    return Engine(settings, previews, _brought(brought), rushes)


class Shift:
    """One worker's time at work: jobs come in, one after another."""

    def __init__(self, engine: Engine, voice: Voice) -> None:
        self._engine, self._voice = engine, voice
        self._orders: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._cancel = Cancel()

    def work(self, orders: Iterable[bytes]) -> None:
        """Shoot what is ordered, an order a line, until there are no more orders."""
        threading.Thread(target=self._listen, args=(orders,), daemon=True).start()
        while (order := self._orders.get()) is not None:
            self._shoot(from_json(Job, order["job"]), order["takes"], order.get("frugality", 0))

    def _listen(self, orders: Iterable[bytes]) -> None:
        try:
            for line in orders:
                self._hear(json.loads(line))
        finally:
            self._orders.put(None)
            self._cancel.wish()
            # A model deep in a call may not hear the wish; its owner is gone, and so is its work.
            gone = threading.Timer(_GRACE, os._exit, (LEFT_ALONE,))
            gone.daemon = True
            gone.start()

    def _hear(self, order: dict[str, Any]) -> None:
        if order["do"] == "stop":
            self._cancel.wish()
        else:
            self._cancel = Cancel()
            self._orders.put(order)

    def _shoot(self, job: Job, takes: list[int], frugality: int) -> None:
        """These takes of a job, as if it were the whole of it."""
        cancel = self._cancel
        if frugality:
            job = replace(job, extra=job.extra | {"frugality": frugality})
        telling = Telling(job, len(takes), self._voice)
        for part in parts(job, takes):
            self._engine.run(part, telling.hear, cancel)
            if telling.end.kind != "done":
                break
        self._voice.event(telling.end)


class Telling:
    """Tells a job's events as one, though it may be shot in parts. `end` is what came of it."""

    def __init__(self, job: Job, takes: int, voice: Voice) -> None:
        self._before, self._whole = job.takes - takes, job.takes
        self._voice = voice
        self.end = Event("done", job.id)

    def hear(self, event: Event) -> None:
        """An event of the engine."""
        if event.kind in ("done", "cancelled", "problem"):
            self.end = event
        elif event.kind == "take":
            self._before += 1
            self._voice.event(replace(event, done=self._before, total=self._whole))
        elif event.kind != "started":  # who gave the job has told that
            self._voice.event(event)


def parts(job: Job, takes: list[int]) -> list[Job]:
    """Jobs that make these takes alone, with the names and the seeds they have in the whole job."""
    found: list[Job] = []
    for number in sorted(takes):
        last = found[-1] if found else None
        if last is not None and number == last.first_take + last.takes:
            found[-1] = replace(last, takes=last.takes + 1)
        else:
            seed = (job.seed + number - job.first_take) % 2**63
            alone = replace(job, output=template(job), takes=1, first_take=number, seed=seed)
            found.append(alone)
    return found


def _brought(name: str) -> Iterable[VideoModel]:
    """The models a named function gives. Raises BadValue."""
    if not name:
        return ()
    module, _, function = name.partition(":")
    try:
        models: Iterable[VideoModel] = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise BadValue(
            f"No models could be brought ({error})", name, "Name it as in module:function"
        ) from error
    return models


def _arguments() -> argparse.ArgumentParser:
    told = argparse.ArgumentParser("secondunit.engine.worker", description=__doc__)
    told.add_argument("--name", default="worker")
    told.add_argument("--brought", default="", help="module:function that gives models")
    return told


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # what the libraries would tidy up goes with the process
