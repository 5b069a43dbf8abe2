"""Hearing what the second unit tells, from any event on; whoever is slow loses only progress."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from secondunit.ledger.book import Book
from secondunit_contract.queue import Told

_KEPT_AT_ONCE = 256  # events waiting for one listener
_READ_AT_ONCE = 200  # events read from the book at a time, for one who is behind


class Subscription:
    """One listener's events, in their order, each once.

    Events that are kept in the book come without a gap, from the one after `after`; progress and
    previews (of id 0) only as they happen, and not to somebody who is behind. `wake` is called
    whenever there is something to fetch: from any thread, so it must be quick.
    """

    def __init__(
        self,
        book: Book,
        after: int,
        leave: Callable[[Subscription], None],
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._book, self._leave, self._wake = book, leave, wake
        self._have = after  # the last kept event that waits here, or was given out
        self._behind = True  # what the book holds comes first
        self._waiting: deque[Told] = deque()
        self._turn = threading.Condition()
        self.closed = False

    def put(self, told: Told) -> None:
        """Something was told. Never waits."""
        with self._turn:
            if told.id and not self._behind and len(self._waiting) >= _KEPT_AT_ONCE:
                self._waiting = deque(each for each in self._waiting if each.id)
                self._behind = len(self._waiting) >= _KEPT_AT_ONCE
            room = not self._behind and len(self._waiting) < _KEPT_AT_ONCE
            if room and (not told.id or told.id > self._have):
                self._waiting.append(told)
                self._have = max(self._have, told.id)
            self._turn.notify_all()
        if self._wake:
            self._wake()

    def now(self) -> list[Told]:
        """What there is to hear; never waits for more. Raises what reading the book raises."""
        with self._turn:
            if not self._waiting and self._behind:
                self._catch_up()
            found = list(self._waiting)
            self._waiting.clear()
            return found

    def get(self, timeout: float | None = None) -> Told | None:
        """The next event, waited for at most so many seconds; None when none came, or closed."""
        until = None if timeout is None else time.monotonic() + timeout
        with self._turn:
            while not self.closed:
                if not self._waiting and self._behind:
                    self._catch_up()
                if self._waiting:
                    return self._waiting.popleft()
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._turn.wait(left)
        return None

    def close(self) -> None:
        """Nobody listens any more; a `get` that waits returns."""
        with self._turn:
            self.closed = True
            self._turn.notify_all()
        self._leave(self)
        if self._wake:
            self._wake()

    def _catch_up(self) -> None:
        read = self._book.events_after(self._have, _READ_AT_ONCE)
        self._waiting.extend(read)
        self._have = read[-1].id if read else self._have
        self._behind = len(read) == _READ_AT_ONCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
