"""The second unit: takes jobs, has them shot in their order, and tells what comes of them.

Every method may be called from any thread and returns at once. What it returns is on the disk:
nothing that was taken on is lost, whatever dies.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from secondunit.engine.claims import names_of
from secondunit.engine.crew import Worker, local_crew
from secondunit.engine.dispatch import HELD, RESTING, Dispatch, forget_rushes
from secondunit.engine.hearing import Subscription
from secondunit.engine.inputs import refuse_unwritable
from secondunit.engine.machine import machine
from secondunit.engine.office import Office
from secondunit.ledger.book import Book
from secondunit.ledger.lock import Lock
from secondunit.ledger.sidecar import wholly_named
from secondunit.ledger.states import ENDED, OPEN, Act
from secondunit.settings import Settings
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, JobThere, JobUnknown, MachineProblem, TakeThere
from secondunit_contract.queue import Entry, Rating, State, TakeEntry, Told, Where
from secondunit_contract.wire import to_json

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]{0,99}")
ATTEMPTS = 3
"""Workers a job may lose in a row, without a take in between, before it fails."""


class Unit:
    """A book, the workers that shoot what is in it, and those who listen.

    Only one can be at work in a data folder: raises MachineProblem where another is.
    """

    def __init__(
        self, book: Book, workers: Sequence[Worker], settings: Settings, attempts: int = ATTEMPTS
    ) -> None:
        self._lock = Lock(settings.data / "unit.lock")
        if not self._lock.taken(holder=str(os.getpid())):
            raise MachineProblem(
                "Another second unit is at work in this data folder",
                f"{settings.data}, by process {self._lock.holder}",
                "Use that one, or end it first",
            )
        self._settings = settings
        self._book = book
        self._office = Office(book)
        self._outputs: dict[str, str] = {}
        for entry in book.entries(OPEN):
            self._claim(entry.job)
        self._dispatch = Dispatch(self._office, workers, settings, attempts)
        self._dispatch.start()

    @classmethod
    def opened(
        cls,
        settings: Settings,
        brought: str = "",
        attempts: int = ATTEMPTS,
        workers: Sequence[Worker] = (),
    ) -> Self:
        """The unit of a data folder, with those workers, or this machine's where there are none.

        `brought` names a function, "module:function", whose models this machine's can shoot with
        too. Raises LedgerUnreadable, NotWritable, DiskFull, MachineProblem.
        """
        book = Book(settings.data / "ledger.sqlite")
        try:
            return cls(book, workers or local_crew(settings, brought), settings, attempts)
        except BaseException:
            book.close()
            raise

    # Jobs

    def submit(self, job: Job, where: Where = "back") -> Entry:
        """Take a job on; one without an id gets one. The very same job again is the same entry.

        Raises JobThere where another job has its id, TakeThere where another that has not ended
        makes a take of the same name, BadValue for an id that cannot be part of an address and
        for names that cannot be written down.
        """
        job = replace(
            job, output=os.path.abspath(job.output) if job.output else "",
            inputs=wholly_named(job.inputs), id=job.id or new_id(),
        )  # fmt: skip
        if not _NAME.fullmatch(job.id):
            raise BadValue(
                f"{job.id!r:.60} cannot be a job's id", "id", "Use letters, digits, - and _"
            )
        refuse_unwritable(job)
        with self._office.turn:
            try:
                known = self._book.entry(job.id)
            except JobUnknown:
                self._refuse_taken(job)
            else:
                if to_json(known.job) != to_json(job):
                    raise JobThere(
                        f"Another job is called {job.id} already",
                        remedy="Give this one another id, or none",
                    )
                return self._office.with_progress(known)
            entry = self._office.add(job, where)
            self._claim(job)
        self._dispatch.nudge()
        return entry

    def entries(
        self, states: Collection[State] | None = None, limit: int | None = None
    ) -> list[Entry]:
        """Jobs in these states, or all, in the order of the queue; the last `limit` of them."""
        return [self._office.with_progress(each) for each in self._book.entries(states, limit)]

    def entry(self, id: str) -> Entry:
        """One job. Raises JobUnknown."""
        return self._office.with_progress(self._book.entry(id))

    def cancel(self, id: str) -> Entry:
        """Stop a job for good. Raises JobUnknown, StateUnfit."""
        return self._acted(id, "cancel")

    def pause(self, id: str) -> Entry:
        """Put a job aside; what it has done is kept. Raises JobUnknown, StateUnfit."""
        return self._acted(id, "pause")

    def resume(self, id: str) -> Entry:
        """Take up a job that was put aside. Raises JobUnknown, StateUnfit."""
        return self._acted(id, "resume")

    def retry(self, id: str) -> Entry:
        """Try a job again that failed or was cancelled.

        Raises JobUnknown, StateUnfit, and TakeThere as `submit` does.
        """
        with self._office.turn:
            self._refuse_taken(self._book.entry(id).job)
            entry = self._office.act(id, "retry")
            self._claim(entry.job)
        self._dispatch.nudge()
        return entry

    def move(self, id: str, before: str | None = None) -> Entry:
        """Put a waiting job before another, or behind all. Raises JobUnknown, StateUnfit."""
        entry = self._office.changed(lambda: self._book.move(id, before))
        self._dispatch.nudge()
        return entry

    def pause_all(self) -> None:
        """Shoot nothing; what is being shot is put aside, and the memory is freed."""
        with self._office.turn:
            running = [entry.id for entry in self._book.entries(["running"])]
            resting = self._book.note(RESTING) or []
            self._book.set_note(RESTING, list(dict.fromkeys([*resting, *running])))
            self._book.set_note(HELD, True)
            for id in running:
                self._office.act(id, "pause")
        self._dispatch.nudge()

    def resume_all(self) -> None:
        """Go on, with what was put aside for it too."""
        with self._office.turn:
            self._book.set_note(HELD, False)
        self._dispatch.nudge()

    @property
    def held(self) -> bool:
        """Whether nothing is shot, as somebody paused the queue."""
        return bool(self._book.note(HELD))

    # Takes

    def takes(
        self,
        job: str | None = None,
        rating: Rating | None = None,
        limit: int | None = None,
        before: str | None = None,
    ) -> list[TakeEntry]:
        """Takes of a job, or all, with that rating, or any; the newest first.

        `limit` of them, those entered before the take `before`. Raises TakeUnknown.
        """
        return self._book.takes(job, rating, limit, before)

    def take(self, id: str) -> TakeEntry:
        """One take. Raises TakeUnknown."""
        return self._book.take(id)

    def rate(self, id: str, rating: Rating) -> TakeEntry:
        """Circle a take, reject it, or neither. Raises TakeUnknown, BadValue."""
        return self._office.changed(lambda: self._book.judge(id, rating=rating))

    def annotate(self, id: str, note: str) -> TakeEntry:
        """Say something about a take. Raises TakeUnknown."""
        return self._office.changed(lambda: self._book.judge(id, note=note))

    # What is told

    def events_after(self, id: int, limit: int | None = 1000) -> list[Told]:
        """What was told after the event of that id, but for progress and previews."""
        return self._book.events_after(id, limit)

    def last_event(self) -> int:
        """The id of what was told last; 0 while nothing was."""
        return self._book.last_event()

    def listen(
        self, after: int | None = None, wake: Callable[[], None] | None = None
    ) -> Subscription:
        """Hear everything told after the event of an id, without a gap; None: from now on.

        `wake` is called, from any thread, whenever there is something to fetch.
        """
        return self._office.listen(after, wake)

    def machine(self) -> dict[str, Any]:
        """This machine, its GPUs and memory, the versions of what shoots, and the workers."""
        return machine() | {"workers": self._dispatch.posts(), "held": self.held}

    def close(self) -> None:
        """Let everybody go. Jobs in hand are queued, and go on with the next unit."""
        self._dispatch.close()
        self._office.close()
        self._lock.let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # How

    def _acted(self, id: str, act: Act) -> Entry:
        entry = self._office.act(id, act)
        forget_rushes(self._settings, entry.job, entry.state)
        self._dispatch.nudge()
        return entry

    def _claim(self, job: Job) -> None:
        """Note which takes a job makes."""
        for name in names_of(job):
            self._outputs[name] = job.id

    def _refuse_taken(self, job: Job) -> None:
        for name in names_of(job):
            other = self._outputs.get(name, job.id)
            if other != job.id and self._book.state(other) not in ENDED:
                raise TakeThere(
                    f"The job {other} is to make a take of that name",
                    name,
                    "Give the take another name, or wait until that job has ended",
                )


def new_id() -> str:
    """A job's id: when it was made, and what no other has."""
    return f"{time.strftime('%y%m%d-%H%M%S')}-{secrets.token_hex(6)}"
