"""Watching a job: steps become progress with time left, and a wish to stop stops the model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from secondunit.callsheet import Cancelled, Estimate, Pixels
from secondunit_contract.job import Event

_SHARE = 0.02  # of a job's time, at most, for previews
_AHEAD = 0.25  # of what is still to come may be spent in advance
_FIRST = 0.5  # of a step's time: a few frames decoded are no more

Report = Callable[[Event], None]
ShowPreview = Callable[[Pixels], str]


class Cancel:
    """The wish to stop a job; any thread may express it."""

    def __init__(self) -> None:
        self._wished = threading.Event()

    def wish(self) -> None:
        """Stop as soon as possible."""
        self._wished.set()

    @property
    def wished(self) -> bool:
        """Whether someone wished it."""
        return self._wished.is_set()

    def check(self) -> None:
        """Raise Cancelled when someone wished it."""
        if self.wished:
            raise Cancelled


class JobWatch:
    """Watches one job: `calls` model calls of some steps each, heard as one progress.

    `preview` turns an estimate into a picture on disk and gives its path. One is made every
    `preview_every` seconds at most, and only while all of them take no more than a fiftieth of the
    time that the job is thought to take.
    """

    def __init__(
        self,
        job: str,
        report: Report,
        cancel: Cancel,
        preview: ShowPreview | None = None,
        preview_every: float = 2.0,
    ) -> None:
        self._job, self._report, self._cancel = job, report, cancel
        self._preview, self._preview_every = preview, preview_every
        self.calls = 1
        self._called = 0
        self._started = self._previewed = time.monotonic()
        self._last_cost = self._spent = 0.0

    def check(self) -> None:
        """Raise Cancelled when the job is no longer wanted."""
        self._cancel.check()

    def called(self) -> None:
        """One more call is over."""
        self._called += 1

    def notice(self, message: str) -> None:
        """Tell something worth knowing that stops nothing."""
        self._report(Event("notice", self._job, "matte", message=message))

    def ask(self, message: str, **where: object) -> None:
        """Ask the artist for a mark; the job goes on without it."""
        self._report(Event("ask", self._job, "matte", message=message, extra=dict(where)))

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Tell how far the job is, and how long it will be."""
        steps = self._called * total + done
        whole = max(self.calls * total, steps)
        now = time.monotonic()
        left = (now - self._started) / steps * (whole - steps) if steps else None
        shown = ""
        if self._preview and estimate and self._affordable(now, steps, whole):
            shown = self._preview(estimate())
            self._previewed = time.monotonic()
            self._last_cost = self._previewed - now
            self._spent += self._last_cost
        self._report(
            Event("preview" if shown else "progress", self._job, "shooting", steps, whole, left,
                  preview=shown)
        )  # fmt: skip

    def _affordable(self, now: float, steps: int, whole: int) -> bool:
        """Whether it is time for a preview. What the first will cost is a guess: half a step."""
        if now - self._previewed < self._preview_every or not steps:
            return False
        a_step = (now - self._started - self._spent) / steps
        cost = self._last_cost or _FIRST * a_step
        return self._spent + cost <= _SHARE * a_step * (steps + _AHEAD * (whole - steps))
