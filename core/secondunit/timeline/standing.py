"""Takes that stand: shot before for the very same job, so nothing is shot twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit.engine.inputs import fingerprints
from secondunit.engine.keeping import lies_there
from secondunit.ledger import sidecar
from secondunit.media.pattern import pattern_of
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import Problem
from secondunit_contract.wire import from_json, to_json


def standing_takes(job: Job) -> tuple[list[Take], int]:
    """The takes of a job that lie there finished and are what it asks for now.

    And the number to go on from: takes of what was asked before keep theirs, and their files.
    """
    found: list[Take] = []
    number = job.first_take
    while len(found) < job.takes and _in_the_way(job, number, job.takes - len(found)):
        take = _standing(job, number)
        if take is not None:
            found.append(take)
        number += 1
    return found, number


def _in_the_way(job: Job, first: int, takes: int) -> bool:
    return any(lies_there(_name(job, number)) for number in range(first, first + takes))


def _name(job: Job, number: int) -> Path:
    return Path(job.output.replace("{take}", f"{number:03d}"))


def _standing(job: Job, number: int) -> Take | None:
    output = _name(job, number)
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
    inputs = sidecar.wholly_named({n: c for n, c in told.inputs.items() if n in job.inputs})
    alike = replace(told, output="", takes=1, first_take=1, seed=0, inputs=inputs)
    return to_json(alike)
