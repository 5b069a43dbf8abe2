"""Dailies: the jobs and takes the panel knows, as events tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, cast

from secondunit_contract.job import Event
from secondunit_contract.queue import Entry, Rating, State, TakeEntry, Told
from secondunit_panel.orders import made_for, media_of, slate_of

OPEN: tuple[State, ...] = ("queued", "running", "pausing", "paused", "cancelling")
"""States of jobs that are not over."""

_BY_KIND: dict[str, State] = {
    "queued": "queued",
    "started": "running",
    "pausing": "pausing",
    "paused": "paused",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
    "problem": "failed",
    "done": "done",
}


@dataclass(frozen=True)
class Ask:
    """A frame on which a click would help a job, the least sure of those from `first` to `last`."""

    job: str
    sentence: str
    frame: int | None = None
    first: int | None = None
    last: int | None = None


@dataclass
class Dailies:
    """Every job and take heard of.

    `asked` are clicks that would help, by job; `previews` the picture a job shows while it is shot;
    `said` what was told in passing, by job; `doing` what it is at, in the engine's own words.
    """

    jobs: dict[str, Entry] = field(default_factory=dict)
    takes: dict[str, TakeEntry] = field(default_factory=dict)
    asked: dict[str, Ask] = field(default_factory=dict)
    previews: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    doing: dict[str, str] = field(default_factory=dict)

    def told(self, jobs: Iterable[Entry], takes: Iterable[TakeEntry]) -> None:
        """Take over what the service lists."""
        self.jobs.update((each.id, each) for each in jobs)
        self.takes.update((each.id, each) for each in takes)

    def heard(self, told: Told) -> str:
        """Take over an event; what it changed: "job", "take", "" for nothing, or "unknown" where
        the job has to be asked for.
        """
        event = told.event
        if not event.job:
            return ""
        if event.kind == "rated":
            return self._rated(event)
        if event.job not in self.jobs:
            return "unknown"
        if event.kind == "take" and event.take is not None:
            id = str(event.extra.get("id") or f"{event.job}-{event.take.number}")
            known = self.takes.get(id)
            made = TakeEntry(id, event.take, made=told.at)
            self.takes[id] = replace(known, take=event.take) if known else made
        self._change(told)
        return "take" if event.kind == "take" else "job"

    def _change(self, told: Told) -> None:
        event, entry = told.event, self.jobs[told.event.job]
        changes: dict[str, Any] = {}
        state = event.extra.get("state", _BY_KIND.get(event.kind))
        if told.id and state in (*OPEN, "cancelled", "failed", "done"):
            changes["state"] = cast(State, state)
            if state == "running" and entry.started is None:
                changes["started"] = told.at
            if state not in OPEN:
                changes["ended"] = told.at
        if event.kind in ("progress", "preview"):
            changes |= {"phase": event.phase, "done": event.done, "total": event.total}
            changes |= {"seconds_left": event.seconds_left}
        if event.kind == "take":
            changes["takes"] = max(entry.takes, event.done)
        if event.kind == "problem":
            changes["problem"] = event.problem
        if event.kind == "moved":
            changes["place"] = event.extra.get("place", entry.place)
        self.jobs[entry.id] = replace(entry, **changes)
        self._aside(event, over=changes.get("state", entry.state) not in OPEN)

    def _aside(self, event: Event, over: bool) -> None:
        if event.preview:
            self.previews[event.job] = event.preview
        if event.kind in ("progress", "preview", "take"):
            self.doing[event.job] = event.message
        if event.kind == "notice":
            self.said[event.job] = event.message
        if event.kind == "ask":
            where = {key: event.extra.get(key) for key in ("frame", "first", "last")}
            numbers = {key: at for key, at in where.items() if isinstance(at, int)}
            self.asked[event.job] = Ask(event.job, event.message, **numbers)
        if over:
            self.previews.pop(event.job, None)
            self.doing.pop(event.job, None)

    def _rated(self, event: Event) -> str:
        id = str(event.extra.get("id", ""))
        known = self.takes.get(id)
        if known is None:
            return ""
        rating, note = event.extra.get("rating", ""), event.extra.get("note", "")
        self.takes[id] = replace(
            known,
            rating=cast(Rating, rating) if rating in ("circled", "rejected") else "",
            note=note if isinstance(note, str) else "",
        )
        return "take"

    def of(self, document: str, media: Iterable[str] = ()) -> list[TakeEntry]:
        """The takes made for a document, or of media, the latest first. Without either: all."""
        wanted = set(media)

        def belongs(entry: TakeEntry) -> bool:
            job = self.jobs.get(entry.take.job)
            if job is None:
                return not (document or wanted)
            own = made_for(job.job).get("document") == document
            shown = not wanted or wanted & media_of(job.job)
            return bool(shown) and (own or not document)

        found = [each for each in self.takes.values() if belongs(each)]
        return sorted(found, key=lambda each: (-each.made, each.take.job, -each.take.number))

    def open(self) -> list[Entry]:
        """The jobs that are not over, in their order."""
        found = [each for each in self.jobs.values() if each.state in OPEN]
        return sorted(found, key=lambda each: each.place)

    def highest(self, slate: str) -> int:
        """The highest number of a slate's takes, made or to be made."""
        found = [0]
        for entry in self.jobs.values():
            if slate_of(entry.job) == slate:
                found.append(entry.job.first_take + entry.job.takes - 1)
        return max(found)

    def used(self) -> Counter[str]:
        """How often each task was asked for."""
        return Counter(each.job.task for each in self.jobs.values())

    def pace(self, task: str, model: str) -> float | None:
        """Seconds a frame of such a job took of late; None where none was shot to the end."""
        found = []
        for entry in self.jobs.values():
            like = entry.job.task == task and entry.job.model == model
            if like and entry.state == "done" and entry.started and entry.ended:
                frames = sum(
                    len(each.take.range)
                    for each in self.takes.values()
                    if each.take.job == entry.id
                )
                if frames:
                    found.append((entry.ended, (entry.ended - entry.started) / frames))
        return median([each for _, each in sorted(found)[-5:]]) if found else None
