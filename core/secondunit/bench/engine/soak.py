"""The soak: many short jobs, kills at random moments, and a count of what was lost by them."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from secondunit.bench.engine.journal import JOURNAL, begun_late
from secondunit.engine.crew import lock_of
from secondunit.engine.standing import whole
from secondunit.ledger.book import Book
from secondunit.ledger.states import ENDED
from secondunit.media.read import open_media
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import Problem
from secondunit_contract.wire import to_json

_A_MOMENT = 4.0  # seconds
_QUIET = 600.0  # seconds without a job that ends, after which the soak has failed


@dataclass
class Owner:
    """A process that owns a unit; started again when it was killed."""

    settings: Settings
    brought: str
    journal: Path
    accepted: set[str] = field(default_factory=set)
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None

    def submit(self, jobs: Sequence[Job]) -> None:
        """Hand in the jobs that were not taken on yet, to a running process."""
        process = self._running()
        with suppress(OSError):
            for job in jobs:
                if job.id not in self.accepted and process.stdin is not None:
                    process.stdin.write(_line(job))
                    process.stdin.flush()

    def kill(self, what: str) -> None:
        """kill -9 the worker, or the owner itself."""
        if what == "worker":
            holder = lock_of(self.settings.data, "worker").holder
            with suppress(OSError):
                if holder.isdigit():
                    os.kill(int(holder), signal.SIGKILL)
        elif self._process is not None:
            self._process.kill()
            self.close()

    def close(self) -> None:
        """Let it end in peace."""
        if self._process is not None:
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            where = {
                "SECONDUNIT_DATA": str(self.settings.data),
                "SECONDUNIT_MODELS": str(self.settings.models),
                "SECONDUNIT_DEVICE": self.settings.device,
                JOURNAL: str(self.journal),
            }
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.owner", "--brought", self.brought],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | where,
            )
            threading.Thread(target=self._hear, args=(self._process,), daemon=True).start()
        return self._process

    def _hear(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is not None:
            with process.stdout:
                for line in process.stdout:
                    if line.endswith("\n"):
                        self.accepted.add(line.strip())


def soaked(
    jobs: Sequence[Job], settings: Settings, brought: str, kills: int, seed: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """takes_lost, shot_twice and half_files after so many kills of worker or owner, spread over the
    jobs: each a moment after a random number of them has ended.

    Every job must have its own id, its own seeds and an output below one folder of its own.
    """
    chance = random.Random(seed)
    owner = Owner(settings, brought, settings.data / "journal.jsonl")
    begun, killed, next_kill = time.monotonic(), 0, math.inf
    turns = sorted(chance.randrange(len(jobs)) for _ in range(kills))
    settings.data.mkdir(parents=True, exist_ok=True)
    book = Book(settings.data / "ledger.sqlite")
    try:
        last, ended = begun, -1
        while ended < len(jobs):
            owner.submit(jobs)
            time.sleep(0.1)
            now = time.monotonic()
            if now >= next_kill:
                owner.kill(chance.choice(("worker", "owner")))
                killed, next_kill = killed + 1, math.inf
            if killed < kills and ended >= turns[killed] and next_kill == math.inf:
                next_kill = now + chance.uniform(0.0, _A_MOMENT)
            count = len(book.entries(ENDED))
            last, ended = (now, count) if count != ended else (last, ended)
            if now - last > _QUIET:
                break
        figures, found = counted(book, jobs, owner.journal)
    finally:
        owner.close()
        book.close()
    return figures, found | {"kills": killed, "seconds": round(time.monotonic() - begun)}


def counted(
    book: Book, jobs: Sequence[Job], journal: Path
) -> tuple[dict[str, float], dict[str, Any]]:
    """What is missing, what was made more than once, and what lies about."""
    entries = {entry.id: entry for entry in book.entries()}
    takes = [each.take for each in book.takes()]
    stood = {take.seed: Path(take.media).stat().st_mtime for take in takes if whole(take)}
    ours = {name for take in takes for name in (take.media, take.sidecar, take.sheet)}
    folders = {Path(job.output).parent for job in jobs}
    there = {str(each) for folder in folders if folder.is_dir() for each in folder.iterdir()}
    wanted = sum(job.takes for job in jobs)
    figures = {
        "takes_lost": float(wanted - sum(_good(take) for take in takes)),
        "shot_twice": float(begun_late(journal, stood) + len(takes) - len(stood)),
        "half_files": float(len(there - ours)),
    }
    states = [entries[job.id].state if job.id in entries else "missing" for job in jobs]
    told = {
        "jobs": len(jobs),
        "not_done": [f"{job.id}: {state}" for job, state in zip(jobs, states, strict=True)
                     if state != "done"],
        "lying_about": sorted(there - ours)[:5],
    }  # fmt: skip
    return figures, told


def _good(take: Take) -> bool:
    """Whether a take can be read from its first frame to its last, and is told of."""
    if not (whole(take) and Path(take.sidecar).is_file()):
        return False
    try:
        with open_media(Clip(take.media)) as reader:
            return sum(1 for _ in reader.frames(reader.footage.range)) == len(take.range)
    except Problem:
        return False


def _line(job: Job) -> str:
    return json.dumps(to_json(job)) + "\n"
