"""Watching a job: steps become progress with time left, and a wish to stop stops the model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from secondunit.callsheet import Cancelled, Estimate, Pixels
from secondunit_contract.job import Event

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

    `preview` turns an estimate into a picture on disk and gives its path; one is made every
    `preview_every` seconds at most.
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
        if self._preview and estimate and now - self._previewed >= self._preview_every:
            shown, self._previewed = self._preview(estimate()), now
        self._report(
            Event("preview" if shown else "progress", self._job, "shooting", steps, whole, left,
                  preview=shown)
        )  # fmt: skip
