"""Takes that stand: shot before for the very same job, so nothing is shot twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit.engine.inputs import fingerprints
from secondunit.ledger import sidecar
from secondunit.media.pattern import pattern_of
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import Problem
from secondunit_contract.wire import from_json, to_json


def standing_take(job: Job, number: int) -> Take | None:
    """Take `number` of a job, if it lies there finished and was made from what the job says now."""
    output = Path(job.output.replace("{take}", f"{number:03d}"))
    path = output.with_name(output.name + sidecar.SUFFIX)
    if not path.is_file():
        return None
    try:
        story = sidecar.read(path)
        take = from_json(Take, story["take"])
        if _asked(sidecar.job_of(story), job) != _asked(job, job):
            return None
        inputs = fingerprints(job)
    except (Problem, KeyError):
        return None  # what cannot be read stands for nothing: the take is shot again
    made_from = {name: story.get("inputs", {}).get(name) for name in inputs}
    same_seed = take.seed == (job.seed + number - job.first_take) % 2**63
    return take if same_seed and made_from == inputs and exists(take.media) else None


def exists(media: str) -> bool:
    """Whether a take's movie or sequence is there."""
    path = Path(media)
    if path.is_file():
        return True
    pattern = pattern_of(path)
    return pattern is not None and bool(pattern.numbers())


def _asked(told: Job, job: Job) -> Any:
    """What was asked; not where it goes, which take it was, nor a matte pulled on the way."""
    inputs = {name: clip for name, clip in told.inputs.items() if name in job.inputs}
    alike = replace(told, output="", takes=1, first_take=1, seed=0, inputs=inputs)
    return to_json(alike)
