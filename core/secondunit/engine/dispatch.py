"""The dispatcher: hands jobs to workers, hears what comes of them, and loses nobody's work.

The book says what is to be done, and the dispatcher follows it, in one thread. When the book cannot
be written all work stops until it can be: what was in hand is then taken up as if its worker died.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from secondunit.engine.crew import Heard, Worker, gone
from secondunit.engine.office import Office
from secondunit.engine.rungs import rung_told
from secondunit.engine.rushes import Rushes, tidied
from secondunit.engine.standing import takes_of, whole
from secondunit.engine.sweep import named, swept
from secondunit.ledger.states import AT_WORK, OPEN
from secondunit.models.berth import THIN
from secondunit.settings import Settings
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import NotEnoughMemory, Problem, ProgramFault, WorkerLost
from secondunit_contract.queue import Entry, State
from secondunit_contract.wire import to_json

PATIENCE = 4.0
"""Seconds from a wish until a worker that does not obey is killed."""

_COMING = 180.0  # seconds a worker may take to come
_TROUBLE = 2.0  # seconds until the book is tried again
_LEAVING = 6.0  # seconds to wait at most for a former owner's worker
_STARTS = 3  # times in a row a worker may fail to come before a job fails for it

HELD, RESTING = "held", "resting"
"""Notes in the book: whether the queue is paused, and which jobs were paused with it."""

Post = Literal["away", "coming", "free", "shooting", "leaving"]


@dataclass
class Seat:
    """A worker, and what it is doing.

    `due` is when the dispatcher's patience ends; `wished` how the job was wished to stop; `calls`
    counts how often the worker was called, so that none is taken for the one before. `model` is
    what it shot with last, which it may still have at hand.
    """

    worker: Worker
    post: Post = "away"
    job: str = ""
    due: float | None = None
    wished: str = ""
    calls: int = 0
    failed_starts: int = 0
    refusal: Problem | None = None
    model: str = ""


@dataclass(frozen=True)
class _Message:
    """What wakes the dispatcher: something a worker told, or a look at the book."""

    seat: Seat | None = None
    call: int = 0
    heard: Heard | None = None


class Dispatch:
    """Does what the book says with the workers there are; `nudge` when the book has changed.

    A job whose worker died goes on with another, `attempts` times in all without a take in between.
    """

    def __init__(
        self, office: Office, workers: Sequence[Worker], settings: Settings, attempts: int
    ) -> None:
        self._office, self._book, self._settings = office, office.book, settings
        self._attempts = attempts
        self._seats = [Seat(worker) for worker in workers]
        self._inbox: queue.SimpleQueue[_Message] = queue.SimpleQueue()
        self._closing = False
        self._recovery: float | None = 0.0  # when to recover; None while all is well
        self._thread = threading.Thread(target=self._run, name="second unit", daemon=True)

    def start(self) -> None:
        """Begin; what a former owner left in hand is taken up first."""
        self._thread.start()

    def nudge(self) -> None:
        """Look at the book again."""
        self._inbox.put(_Message())

    def close(self) -> None:
        """Let everybody go. Jobs in hand are queued, and go on with the next owner."""
        self._closing = True
        self.nudge()
        self._thread.join()

    def posts(self) -> list[dict[str, str]]:
        """What each worker is doing."""
        return [
            {"name": seat.worker.name, "post": seat.post, "job": seat.job} for seat in self._seats
        ]

    # The loop

    def _run(self) -> None:
        look = True
        while True:
            try:
                if self._recovery is not None and time.monotonic() >= self._recovery:
                    self._recover()
                if look or self._patience() == 0.0:
                    self._tend()
                if self._closing and all(seat.post == "away" for seat in self._seats):
                    return
                look = self._heard()
            except Problem as problem:
                self._trouble(problem)
                look = True

    def _heard(self) -> bool:
        """Wait for a message, or until something is due. Whether the book is worth a look."""
        try:
            message = self._inbox.get(timeout=self._patience())
        except queue.Empty:
            return True
        seat, heard = message.seat, message.heard
        if seat is None or heard is None or message.call != seat.calls:
            return True
        if heard.event is not None:
            return self._event(seat, heard.event)
        if heard.refused is not None:
            seat.refusal = heard.refused
        elif heard.left:
            self._left(seat, heard.last_words)
        elif seat.post == "coming":
            seat.post, seat.due, seat.failed_starts = "free", None, 0
        return True

    def _patience(self) -> float | None:
        """Seconds until something is due; None while nothing is."""
        due = [seat.due for seat in self._seats if seat.due is not None]
        if self._recovery is not None:
            due.append(self._recovery)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _trouble(self, problem: Problem) -> None:
        """The book refuses: what is in hand stops, and is taken up when the book can be written."""
        self._office.pass_on(Event("notice", message=str(problem), problem=problem.to_json()))
        now = time.monotonic()
        for seat in self._seats:
            if seat.post == "shooting":
                seat.worker.kill()
                seat.post, seat.due = "leaving", now + PATIENCE
        self._recovery = now + _TROUBLE

    # What is to be done

    def _tend(self) -> None:
        now = time.monotonic()
        for seat in self._seats:
            if seat.due is not None and now >= seat.due:
                self._overdue(seat)
        if self._recovery is not None and not self._closing:
            return
        held = self._closing or bool(self._book.note(HELD))
        if not held:
            self._wake_resting()
        for seat in self._seats:
            if seat.post == "shooting":
                self._stop_if_wished(seat)
            elif (held and seat.post == "free") or (seat.post == "coming" and self._closing):
                self._let_go(seat)
        if not held:
            self._hand_out()
            self._call_for_more()

    def _hand_out(self) -> None:
        """Give those who are free what is next; whoever shot with its model last goes first.

        Who gets nothing may go after a while.
        """
        while free := [seat for seat in self._seats if seat.post == "free"]:
            entry = self._book.next()
            if entry is None:
                for seat in free:
                    if seat.due is None:
                        seat.due = time.monotonic() + self._settings.idle_seconds
                return
            self._hand(min(free, key=lambda seat: seat.model != entry.job.model), entry)

    def _call_for_more(self) -> None:
        """Have workers come, as many as there is work for."""
        more = self._book.waiting() - sum(seat.post == "coming" for seat in self._seats)
        for seat in self._seats:
            if more > 0 and seat.post == "away" and seat.due is None:
                self._call(seat)
                more -= 1

    def _overdue(self, seat: Seat) -> None:
        """A seat whose time is over."""
        seat.due = None
        if seat.post == "free":
            self._let_go(seat)
        elif seat.post != "away":  # away, it was its rest after failing to come
            seat.worker.kill()

    def _call(self, seat: Seat) -> None:
        """Have a worker come."""
        seat.calls += 1
        seat.refusal = None
        seat.post, seat.due = "coming", time.monotonic() + _COMING
        try:
            seat.worker.start(partial(self._note_down, seat, seat.calls))
        except Problem as problem:
            seat.refusal = problem
            self._left(seat, "")

    def _note_down(self, seat: Seat, call: int, heard: Heard) -> None:
        self._inbox.put(_Message(seat, call, heard))

    def _let_go(self, seat: Seat) -> None:
        seat.post, seat.due = "leaving", time.monotonic() + PATIENCE
        seat.worker.end()

    def _stop_if_wished(self, seat: Seat) -> None:
        if seat.wished:
            return
        if self._closing:
            seat.wished = "closing"
            seat.worker.end()
        elif self._book.state(seat.job) != "running":
            seat.wished = "stop"
            seat.worker.tell({"do": "stop"})
        if seat.wished:
            seat.due = time.monotonic() + PATIENCE

    def _hand(self, seat: Seat, entry: Entry) -> None:
        """Give a free worker a job."""
        seat.due, seat.wished = None, ""
        missing = self._missing(entry)
        with self._office.turn:
            if self._book.state(entry.id) != "queued":
                return  # somebody was quicker
            self._office.act(entry.id, "start")
            if not missing:
                self._office.act(entry.id, "finish")
                return
        seat.post, seat.job, seat.model = "shooting", entry.id, entry.job.model
        order = {"do": "shoot", "job": to_json(entry.job), "takes": missing}
        seat.worker.tell(order | {"frugality": entry.frugality})

    def _missing(self, entry: Entry) -> list[int]:
        """The numbers of a job's takes that do not stand. Those that do are written down."""
        for take in takes_of(entry.job):
            self._office.enter(entry.id, take)
        known = {each.take.number for each in self._book.takes(entry.id) if whole(each.take)}
        return [number for number in numbers(entry.job) if number not in known]

    def _wake_resting(self) -> None:
        """Resume what was paused with the queue, now that it is not."""
        resting: list[str] = self._book.note(RESTING) or []
        if not resting:
            return
        still = []
        for job in resting:
            state = self._book.state(job)
            if state == "paused":
                self._office.act(job, "resume")
            elif state == "pausing":
                still.append(job)
        if still != resting:
            self._book.set_note(RESTING, still)

    # What is told

    def _event(self, seat: Seat, event: Event) -> bool:
        """An event of a worker. One that makes no sense ends the worker, not the queue."""
        if seat.post == "leaving":
            return False
        if seat.post != "shooting" or event.job != seat.job:
            seat.worker.kill()
        elif event.kind in ("progress", "preview"):
            self._office.pass_on(event)
            return False
        elif event.kind in ("notice", "ask"):
            self._office.tell(event)
        elif event.kind == "take" and event.take is not None:
            self._office.enter(seat.job, event.take)
        elif event.kind in ("done", "cancelled", "problem"):
            self._ended(seat, event)
        else:
            seat.worker.kill()
        return True

    def _ended(self, seat: Seat, event: Event) -> None:
        """A worker has done what it can for a job."""
        memory = (event.problem or {}).get("code") == NotEnoughMemory.code
        with self._office.turn:
            entry = self._book.entry(seat.job)
            if event.kind == "done":
                entry = self._finished(entry)
            elif event.kind == "cancelled":
                entry = self._office.act(entry.id, "lose" if entry.state == "running" else "yield")
            elif memory and (tried := max(entry.frugality, rung_told(event.problem))) < THIN:
                entry = self._office.act(entry.id, "lose", frugality=tried + 1)
            else:
                entry = self._office.act(entry.id, "fail", event.problem, message=event.message)
        self._forget(entry)
        seat.post, seat.job, seat.due, seat.wished = "free", "", None, ""
        if memory or (entry.state == "paused" and self._book.next() is None):
            self._let_go(seat)

    def _finished(self, entry: Entry) -> Entry:
        missing = self._missing(entry)
        if not missing:
            return self._office.act(entry.id, "finish")
        fault = ProgramFault(
            f"The job is said to be done, and take {missing[0]} is not there",
            entry.job.output,
            "Try it again; if the take was not moved away meanwhile, please report it",
        )
        return self._office.act(entry.id, "fail", fault.to_json(), message=str(fault))

    def _left(self, seat: Seat, last_words: str) -> None:
        """A worker's process has ended."""
        post, job, wished = seat.post, seat.job, seat.wished
        seat.post, seat.job, seat.due, seat.wished = "away", "", None, ""
        seat.model = ""
        if post == "shooting":
            self._lost(self._book.entry(job), "" if wished else last_words or "It died")
        elif post == "coming" and not self._closing:
            self._failed_start(seat, last_words)

    def _failed_start(self, seat: Seat, last_words: str) -> None:
        seat.failed_starts += 1
        seat.due = time.monotonic() + min(30.0, 0.5 * 2.0**seat.failed_starts)
        if seat.failed_starts % _STARTS:
            return
        problem = seat.refusal or WorkerLost(
            "No worker can be started", last_words, "Look what `secondunit doctor` says"
        )
        with self._office.turn:
            entry = self._book.next()
            if entry is not None:
                self._office.act(entry.id, "start")
                self._office.act(entry.id, "fail", problem.to_json(), message=str(problem))

    # What is taken up

    def _lost(self, entry: Entry, blamed: str = "") -> None:
        """Nobody works on a job any more that was in hand; `blamed` tells of what, if of itself.

        What stands of it is written down, what is half there goes; then it may be taken up again.
        """
        for take in swept(entry.job, entry.started or entry.created):
            self._office.enter(entry.id, take)
        missing = self._missing(entry)
        with self._office.turn:
            entry = self._book.entry(entry.id)
            attempts = entry.attempts + bool(blamed)
            if not missing:
                entry = self._office.act(entry.id, "finish")
            elif entry.state == "running" and blamed and attempts >= self._attempts:
                problem = WorkerLost(
                    f"The worker died {attempts} times while it shot this",
                    blamed,
                    "Shoot it smaller or shorter, or with another model; and please report it",
                )
                entry = self._office.act(entry.id, "fail", problem.to_json(), message=str(problem))
            else:
                entry = self._office.act(entry.id, "lose", attempts=attempts)
        self._forget(entry)

    def _recover(self) -> None:
        """Take up all that the book says is in hand, and is in nobody's."""
        if any(seat.job for seat in self._seats if seat.post == "leaving"):
            self._recovery = time.monotonic() + 0.1
            return
        theirs = {seat.job for seat in self._seats if seat.post == "shooting"}
        left = [entry for entry in self._book.entries(AT_WORK) if entry.id not in theirs]
        if left and self._recovery == 0.0:
            for seat in self._seats:
                gone(seat.worker, self._settings.data, _LEAVING)
        for entry in left:
            named(entry.job)
        for entry in left:
            self._lost(entry)
        tidied(self._settings.data / "rushes", [each.id for each in self._book.entries(OPEN)])
        self._recovery = None

    def _forget(self, entry: Entry) -> None:
        """What a model has answered for a job that will not go on."""
        forget_rushes(self._settings, entry.job, entry.state)


def forget_rushes(settings: Settings, job: Job, state: State) -> None:
    """Throw away what is kept of a job's answers, where it was cancelled or is done."""
    if state in ("cancelled", "done"):
        Rushes.of(settings.data / "rushes", job, {}).forget()


def numbers(job: Job) -> range:
    """The numbers of a job's takes."""
    return range(job.first_take, job.first_take + job.takes)
