"""The production office: writes into the book, and tells everybody who listens, in one order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from secondunit.engine.hearing import Subscription
from secondunit.ledger.book import Book
from secondunit.ledger.states import ENDED, Act
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.queue import Entry, Told, Where

T = TypeVar("T")


class Office:
    """A book and its listeners. Any thread may come in; one is served at a time."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.turn = threading.RLock()
        self._listeners: list[Subscription] = []
        self._progress: dict[str, Event] = {}

    def changed(self, change: Callable[[], tuple[T, Told | None]]) -> T:
        """What a change of the book gives; what it tells is told, in the order of the book."""
        with self.turn:
            result, told = change()
            if told is not None:
                self._publish(told)
            return result

    def add(self, job: Job, where: Where) -> Entry:
        """Queue a job. Raises JobThere."""
        return self.changed(lambda: self.book.add(job, where))

    def act(self, id: str, act: Act, problem: dict[str, Any] | None = None, **noted: Any) -> Entry:
        """Do something with a job, as Book.act does. Raises JobUnknown, StateUnfit."""
        entry = self.changed(lambda: self.book.act(id, act, problem, **noted))
        if entry.state in ENDED or entry.state in ("queued", "paused"):
            self._progress.pop(id, None)
        return self.with_progress(entry)

    def enter(self, id: str, take: Take) -> None:
        """Write a take down."""
        self.changed(lambda: self.book.enter(id, take))

    def tell(self, event: Event) -> None:
        """Keep an event, and tell it."""
        self.changed(lambda: (None, self.book.tell(event)))

    def pass_on(self, event: Event) -> None:
        """Tell an event in passing; it is not kept."""
        with self.turn:
            if event.kind in ("progress", "preview"):
                self._progress[event.job] = event
            self._publish(Told(0, time.time(), event))

    def with_progress(self, entry: Entry) -> Entry:
        """The entry with how far the job is."""
        last = self._progress.get(entry.id)
        if last is None:
            return entry
        return replace(
            entry,
            phase=last.phase,
            done=last.done,
            total=last.total,
            seconds_left=last.seconds_left,
        )

    def listen(
        self, after: int | None = None, wake: Callable[[], None] | None = None
    ) -> Subscription:
        """Hear everything told after an event, or from now on."""
        with self.turn:
            start = self.book.last_event() if after is None else after
            listener = Subscription(self.book, start, self._left, wake)
            self._listeners.append(listener)
            return listener

    def close(self) -> None:
        """Everybody goes home."""
        for listener in list(self._listeners):
            listener.close()
        self.book.close()

    def _left(self, listener: Subscription) -> None:
        with self.turn:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _publish(self, told: Told) -> None:
        for listener in list(self._listeners):
            try:
                listener.put(told)
            except RuntimeError:  # whom it would wake has gone without a word
                self._listeners.remove(listener)
