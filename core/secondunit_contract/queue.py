"""What the second unit has in hand: jobs in their order, their takes, and what was told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from secondunit_contract.job import Event, Job, Take

State = Literal[
    "queued",
    "running",
    "pausing",
    "paused",
    "cancelling",
    "cancelled",
    "failed",
    "done",
]

Where = Literal["back", "front", "next"]
"""Where a new job goes: behind all others, before all others, or next after what is running."""

Rating = Literal["", "circled", "rejected"]


@dataclass(frozen=True)
class Entry:
    """A job in the queue, or one that was: how far it is and what became of it.

    `place` orders the queue, smallest first. Times are seconds since 1970, None while it has not
    happened. `done` of `total` and `seconds_left` are those of the last progress told, in the unit
    of `phase`; `takes` is how many takes of the job stand. `problem` is why it failed, as
    Problem.to_json writes it. `attempts` counts the workers it was lost with since its last take;
    `frugality` above 0 says that it is shot more sparingly, as memory did not suffice before.
    """

    id: str
    state: State
    job: Job
    place: float = 0.0
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    phase: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    takes: int = 0
    problem: dict[str, Any] | None = None
    attempts: int = 0
    frugality: int = 0
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class TakeEntry:
    """A take in the ledger, and what people think of it.

    `id` is the job's, a dash and the take's number; `made` seconds since 1970.
    """

    id: str
    take: Take
    rating: Rating = ""
    note: str = ""
    made: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Told:
    """An event as it was told to everybody, at that many seconds since 1970.

    Ids grow, so whoever knows the last one heard can ask for those after it. Progress and previews
    are told in passing and not kept: their id is 0. The event of a job that changed its state says
    in its `extra` which `state` it is in now.
    """

    id: int
    at: float
    event: Event
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
