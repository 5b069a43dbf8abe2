"""Slates: takes that are alternatives of each other, as they stand side by side on a sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from secondunit_contract.job import Job
from secondunit_contract.queue import Entry, TakeEntry
from secondunit_panel.dailies import OPEN, Dailies
from secondunit_panel.orders import made_for, media_of, slate_of


@dataclass
class Slate:
    """The takes of one request, those that are there by number, and those to come.

    `jobs` are its jobs, the first one first; `waiting` is a job that the engine has not had yet.
    """

    id: str
    name: str = ""
    takes: list[TakeEntry] = field(default_factory=list)
    jobs: list[Entry] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)

    @property
    def open(self) -> Entry | None:
        """The job of it that is being shot, else one that is not over."""
        going = [each for each in self.jobs if each.state in OPEN]
        running = [each for each in going if each.state == "running"]
        return next(iter(running or going), None)

    @property
    def last(self) -> Entry | None:
        """Its latest job."""
        return max(self.jobs, key=lambda each: each.created, default=None)

    def coming(self) -> list[tuple[int, str]]:
        """Takes that are not there yet: the number of each, and its job's id."""
        there = {each.take.number for each in self.takes}
        asked = [(each.id, each.job) for each in self.jobs if each.state in OPEN]
        asked += [(job.id, job) for job in self.waiting]
        found = []
        for id, job in asked:
            for number in range(job.first_take, job.first_take + job.takes):
                if number not in there:
                    found.append((number, id))
        return sorted(found)


class Knows(Protocol):
    """The part of a session that slates are made of."""

    @property
    def dailies(self) -> Dailies: ...

    def takes(self) -> list[TakeEntry]: ...


def slates(
    knows: Knows, document: str, media: Iterable[str] = (), waiting: Iterable[Job] = ()
) -> list[Slate]:
    """The slates to show, the latest first: those of the takes shown, and those being shot for
    this document and these media.
    """
    wanted = set(media)
    found: dict[str, Slate] = {}
    for entry in knows.takes():
        job = knows.dailies.jobs.get(entry.take.job)
        id = slate_of(job.job) if job else entry.take.job
        slate = found.setdefault(id, Slate(id, _name(job.job) if job else ""))
        slate.takes.append(entry)
        if job is not None and job not in slate.jobs:
            slate.jobs.append(job)

    def belongs(job: Job) -> bool:
        own = made_for(job).get("document") == document or not document
        return own and (not wanted or bool(wanted & media_of(job)))

    for each in knows.dailies.jobs.values():
        if (each.state in OPEN or slate_of(each.job) in found) and belongs(each.job):
            slate = found.setdefault(slate_of(each.job), Slate(slate_of(each.job)))
            slate.name = slate.name or _name(each.job)
            if all(known.id != each.id for known in slate.jobs):
                slate.jobs.append(each)
    for kept in waiting:
        if belongs(kept) and kept.id not in knows.dailies.jobs:
            slate = found.setdefault(slate_of(kept), Slate(slate_of(kept), _name(kept)))
            slate.waiting.append(kept)
    for slate in found.values():
        slate.takes.sort(key=lambda entry: entry.take.number)
        slate.jobs.sort(key=lambda entry: entry.created)
    return sorted(found.values(), key=_age)


def _name(job: Job) -> str:
    return " · ".join(filter(None, (str(made_for(job).get("name") or ""), job.task)))


def _age(slate: Slate) -> tuple[bool, float]:
    """What waits for the engine comes first, then the latest."""
    moments = [each.created for each in slate.jobs] + [each.made for each in slate.takes]
    return not slate.waiting, -max(moments, default=0.0)
