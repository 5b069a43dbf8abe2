"""Watching a job: steps become progress with time left, and a wish to stop stops the model."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from secondunit.callsheet import Cancelled, Estimate, Pixels
from secondunit_contract.job import Event, EventKind

_SHARE = 0.02  # of a job's time, at most, for previews
_AHEAD = 0.25  # of what is still to come may be spent in advance
_FIRST = 0.5  # of a step's time: a few frames decoded are no more
_NONE, _ALL = Fraction(0), Fraction(1)

FINE = 1000
"""Parts that a job's progress is told in where its steps are not alike."""

LARGE = 256 * 1024**2
"""Bytes that are not read in a moment."""

_READ = Fraction(1, 50)  # of a job's progress, for reading clips as large as that

MATTE_FIRST = Fraction(1, 4)
"""Of a job's progress, for a matte that has to be pulled before it."""

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

    A call may have no steps, as where a model only looks; then it moves by the call. `parts` is in
    how many calls one of them is asked, `seeds` how many answers one asks for. Whatever turns out
    to be more or less than was thought: what is told never goes back. A job that has `begun` has
    had that share of its progress told by others.

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
        begun: Fraction = _NONE,
    ) -> None:
        self._job, self._report, self._cancel = job, report, cancel
        self._preview, self._preview_every = preview, preview_every
        self.calls = self.parts = self.seeds = 1
        self._called = _NONE
        self._from, self._to, self._told = begun, _ALL, begun
        self._steps, self._heard = 1, 0
        self._began, self._started = begun, time.monotonic()
        self._previewed = self._started
        self._last_cost = self._spent = 0.0

    def check(self) -> None:
        """Raise Cancelled when the job is no longer wanted."""
        self._cancel.check()

    def stretch(self, to: Fraction, calls: int) -> None:
        """What comes now are so many calls, with which the job will have come to that share."""
        self.calls, self.parts, self.seeds = calls, 1, 1
        self._called, self._steps = _NONE, 1
        self._from, self._to = self._told, to

    def read(self, done: int, total: int) -> None:
        """So many of all bytes of the clips have been read, before anything is shot. Told of where
        they are many. Raises Cancelled when the job is no longer wanted.
        """
        self.check()
        if total < LARGE:
            return
        before, share = self._told, self._from + (self._to - self._from) * _READ * done / total
        if math.floor(share * FINE) > math.floor(before * FINE) or done == total:
            self._tell("progress", share, None, phase="reading")
        if done == total:
            self._from = self._began = share
            self._started = time.monotonic()

    def called(self) -> None:
        """One more call is over."""
        self._called += Fraction(1, self.parts)
        share = self._share(_NONE)
        if share > self._told:  # its last step may have told so
            self._tell("progress", share, self._left(share, time.monotonic()))

    def notice(self, message: str) -> None:
        """Tell something worth knowing that stops nothing."""
        self._report(Event("notice", self._job, "matte", message=message))

    def ask(self, message: str, **where: object) -> None:
        """Ask the artist for a mark; the job goes on without it."""
        self._report(Event("ask", self._job, "matte", message=message, extra=dict(where)))

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Tell how far the job is, and how long it will be."""
        self._steps, self._heard = total, self._heard + 1
        within = (min(take, self.seeds - 1) + Fraction(done, total)) / (self.seeds * self.parts)
        share, now = self._share(within), time.monotonic()
        left, shown = self._left(share, now), ""
        if self._preview and estimate and self._affordable(now, share):
            shown = self._preview(estimate())
            self._previewed = time.monotonic()
            self._last_cost = self._previewed - now
            self._spent += self._last_cost
        self._tell("preview" if shown else "progress", share, left, shown)

    def _share(self, within: Fraction) -> Fraction:
        """How much of the job is done, so much of a call being under way."""
        of_stretch = min(_ALL, (self._called + within) / self.calls) if self.calls else _ALL
        return max(self._told, self._from + (self._to - self._from) * of_stretch)

    def _left(self, share: Fraction, now: float) -> float | None:
        done = float(share - self._began)
        return (now - self._started) / done * float(1 - share) if done else None

    def _tell(
        self, kind: EventKind, share: Fraction, left: float | None, shown: str = "",
        phase: str = "shooting",
    ) -> None:  # fmt: skip
        """In steps, where all of the job's are alike."""
        alike = (self._from, self._to) == (_NONE, _ALL) and phase == "shooting"
        total = max(self.calls * self._steps, 1) if alike else FINE
        self._told = share
        self._report(
            Event(kind, self._job, phase, math.floor(share * total), total, left,
                  preview=shown)
        )  # fmt: skip

    def _affordable(self, now: float, share: Fraction) -> bool:
        """Whether it is time for a preview. What the first will cost is a guess: half a step."""
        done = float(share - self._began)
        if now - self._previewed < self._preview_every or not done:
            return False
        worked = now - self._started - self._spent
        cost = self._last_cost or _FIRST * worked / self._heard
        to_come = worked / done * float(1 - share)
        return self._spent + cost <= _SHARE * (worked + _AHEAD * to_come)


def before(report: Report, share: Fraction, phase: str) -> Report:
    """Reports how far something is that comes first, as that share of the job. How long all of it
    takes nobody knows by then.
    """

    def pass_on(event: Event) -> None:
        if event.kind in ("progress", "preview"):
            done = math.floor(share * FINE * event.done / max(event.total, 1))
            report(replace(event, phase=phase, done=done, total=FINE, seconds_left=None))

    return pass_on
