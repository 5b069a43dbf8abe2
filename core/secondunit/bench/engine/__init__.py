"""The engine: how soon a job is taken on and let go, and what is lost when processes are killed."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from secondunit.bench.engine.http import http_ratio, memory_ratio, submit_p99_ms
from secondunit.bench.engine.journal import JOURNAL
from secondunit.bench.engine.previews import preview_share
from secondunit.bench.engine.short import short_job, short_jobs
from secondunit.bench.engine.soak import soaked
from secondunit.engine.unit import Unit
from secondunit.settings import Settings
from secondunit_contract.job import Job
from secondunit_contract.problem import ProgramFault

_BROUGHT = f"{__name__}.journal:journalled_starter"
_LISTENERS, _SUBMITS, _CANCELS = 50, 200, 5
_PATIENCE = 300.0


def measure(soak: bool = False) -> tuple[dict[str, float], dict[str, Any]]:
    """http_ratio, submit_p99_ms, cancel_seconds, preview_share, memory_ratio, takes_lost,
    shot_twice, half_files; and submit_direct_p99_ms, without HTTP.

    The soak in full, 1,000 jobs and 50 kills, takes half an hour; without it 20 jobs and 6 kills.
    """
    with tempfile.TemporaryDirectory() as folder:
        figures, conditions = _asked_while_shooting(Path(folder) / "asked")
        jobs, kills = (1000, 50) if soak else (20, 6)
        root = Path(folder) / "soak"
        found, told = soaked(short_jobs(root, jobs), _settings(root), _BROUGHT, kills, seed=1)
    share, made = preview_share()
    figures |= share | {
        "http_ratio": http_ratio(),
        "submit_p99_ms": submit_p99_ms(),
        "memory_ratio": memory_ratio(),
    }
    return figures | found, conditions | told | made


def _settings(folder: Path) -> Settings:
    found = Settings.found()
    return Settings(found.models, found.device, folder / "data", found.idle_seconds)


def _asked_while_shooting(folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """How long submitting and cancelling take while a job is shot and many listen."""
    os.environ.setdefault(JOURNAL, str(folder / "journal.jsonl"))
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        unit = stack.enter_context(Unit.opened(_settings(folder)))
        for _ in range(_LISTENERS):
            stack.enter_context(unit.listen())
        cancels = [_cancel_seconds(unit, short_job(folder, -n, 1000)) for n in range(1, _CANCELS)]
        unit.submit(short_job(folder, 0, 1000))
        _until(unit, "job-0000", "running")
        taken = []
        for number in range(1, _SUBMITS + 1):
            before = time.perf_counter()
            unit.submit(short_job(folder, number))
            taken.append(time.perf_counter() - before)
        unit.pause_all()
    slow = sorted(taken)[int(0.99 * len(taken))]
    figures = {"cancel_seconds": max(cancels), "submit_direct_p99_ms": 1000 * slow}
    return figures, {"listeners": _LISTENERS, "submits": _SUBMITS, "cancels": len(cancels)}


def _cancel_seconds(unit: Unit, job: Job) -> float:
    """From the wish until the worker is free for another job."""
    with unit.listen() as listener:
        unit.submit(job)
        while (told := listener.get(_PATIENCE)) and told.event.kind not in ("progress", "preview"):
            pass
        before = time.perf_counter()
        unit.cancel(job.id)
        while (told := listener.get(_PATIENCE)) and told.event.kind != "cancelled":
            pass
        return time.perf_counter() - before


def _until(unit: Unit, id: str, state: str) -> None:
    with unit.listen() as listener:
        while unit.entry(id).state != state:
            if listener.get(_PATIENCE) is None:
                raise ProgramFault(f"The job {id} did not come to be {state}")
