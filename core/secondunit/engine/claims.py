"""Claims: while takes are made, nobody else makes takes of the same names.

A claim is an empty hidden file beside the take, named as what is under way is, so that whoever
sweeps up behind a dead process takes it along. It stands for every kind of file a take may be.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from secondunit.engine.slate import story_path
from secondunit.engine.sweep import hidden
from secondunit.media.landing import Landing, discard
from secondunit.media.refusals import writing
from secondunit_contract.job import Job
from secondunit_contract.problem import TakeThere

_TRIES = 5
_PAUSE = 0.5  # seconds at most between two of them


def stories_of(job: Job) -> list[Path]:
    """The side-cars of a job's takes: two takes that share one are in each other's way, be they
    files of one kind or not.
    """
    return [story_path(job, job.first_take + number) for number in range(job.takes)]


def names_of(job: Job) -> list[str]:
    """The names of a job's takes, as they are compared with those of others: whatever way leads to
    their folder.
    """
    if not job.output:
        return []
    folders: dict[Path, str] = {}
    names = []
    for story in stories_of(job):
        if story.parent not in folders:
            folders[story.parent] = os.path.realpath(story.parent)
        names.append(os.path.normcase(os.path.join(folders[story.parent], story.name)))
    return names


@contextmanager
def claimed(job: Job) -> Iterator[None]:
    """Inside, a job's takes are ours to make; whether some lie there already is to be asked inside.
    Raises TakeThere where somebody else is making one, NotWritable.
    """
    claims = [Landing.at(story) for story in stories_of(job)]
    try:
        for left in reversed(range(_TRIES)):
            if _alone(claims, left):
                break
            discard(claims)
            time.sleep(random.uniform(0, _PAUSE))
        yield
    finally:
        discard(claims)


def _alone(claims: list[Landing], tries_left: int) -> bool:
    """Whether nobody else claims any of these; who came first has it. False where two came within
    one tick of the disk's clock: both step back then.
    """
    for claim in claims:
        with writing(claim.final):
            claim.under_way.parent.mkdir(parents=True, exist_ok=True)
            claim.under_way.touch(exist_ok=False)
    for claim in claims:
        for other in _others(claim):
            came = other - claim.under_way.stat().st_mtime_ns
            if came < 0 or (came == 0 and not tries_left):
                raise TakeThere(
                    "Another job is making a take of that name right now",
                    str(claim.final),
                    "Give this one another name, or wait until that one has ended",
                )
            if came == 0:
                return False
    return True


def _others(claim: Landing) -> Iterator[int]:
    """When others of the same name came, in nanoseconds."""
    name = claim.under_way.name.rsplit(".", 2)[0][1:]
    for part, final, in_work in hidden(claim.final.parent, name):
        if final.name == name and part != claim.under_way and in_work:
            with suppress(FileNotFoundError):  # it has just gone
                yield part.stat().st_mtime_ns
