"""Takes that stand: they lie there finished, so nothing is shot twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit.engine.inputs import fingerprints
from secondunit.engine.keeping import lies_there
from secondunit.engine.paths import lying_in
from secondunit.engine.slate import story_path
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
        take = standing_take(job, number)
        if take is not None:
            found.append(take)
        number += 1
    return found, number


def takes_of(job: Job) -> list[Take]:
    """The takes that this very job, by its id, has made and that lie there whole.

    Whether its inputs are still what they were is not asked: they were when it was shot.
    """
    found = []
    for number in range(job.first_take, job.first_take + job.takes):
        take = told_of(story_path(job, number), job.id)
        if take is not None and take.number == number and whole(take):
            found.append(take)
    return found


def told_of(path: Path, job: str) -> Take | None:
    """The take a side-car tells of, where there is one, and it is of that job."""
    try:
        take = _told(path, sidecar.read(path))
    except (Problem, KeyError):
        return None
    return take if job and take.job == job else None


def whole(take: Take) -> bool:
    """Whether every file of a take is there."""
    path = Path(take.media)
    if path.is_file():
        return True
    pattern = pattern_of(path)
    return pattern is not None and set(take.range) <= set(pattern.numbers())


def _in_the_way(job: Job, first: int, takes: int) -> bool:
    return any(lies_there(_name(job, number)) for number in range(first, first + takes))


def _name(job: Job, number: int) -> Path:
    return Path(job.output.replace("{take}", f"{number:03d}"))


def standing_take(job: Job, number: int, any_seed: bool = False) -> Take | None:
    """One take of a job, if it lies there finished and is what the job asks for now."""
    output = _name(job, number)
    return _asked_for(job, number, output.with_name(output.name + sidecar.SUFFIX), any_seed)


def made_take(job: Job, number: int) -> Take | None:
    """As standing_take, for a job that names its takes with their suffix, or in several files."""
    return _asked_for(job, number, story_path(job, number))


def _asked_for(job: Job, number: int, path: Path, any_seed: bool = False) -> Take | None:
    if not path.is_file():
        return None
    try:
        story = sidecar.read(path)
        take = _told(path, story)
        if _asked(sidecar.job_of(story), job) != _asked(job, job):
            return None
        inputs = fingerprints(job)
    except (Problem, KeyError):
        return None  # what cannot be read stands for nothing: the take is shot again
    made_from = {name: story.get("inputs", {}).get(name) for name in inputs}
    same_seed = any_seed or take.seed == (job.seed + number - job.first_take) % 2**63
    return take if same_seed and made_from == inputs and whole(take) else None


def _told(path: Path, story: dict[str, Any]) -> Take:
    """The take a side-car tells of. Its files lie beside the side-car, wherever that is now:
    another machine may have written it, to which the folder has another name.
    """
    return lying_in(from_json(Take, story["take"]), str(path.parent))


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
