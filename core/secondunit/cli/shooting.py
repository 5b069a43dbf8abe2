"""Shooting one job from the command line: all of it or a farm's part, and how the program ends.

What a farm is told are the lines of Open Job Description ("openjd_progress: 42.0" on stdout); farms
that know others find them by a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from secondunit.cli.showing import say_plain
from secondunit.engine.dispatch import numbers
from secondunit.engine.local import Engine
from secondunit.engine.paths import job_there, rules_of
from secondunit.engine.standing import made_take
from secondunit.engine.watching import Cancel, Report
from secondunit.engine.worker import parts
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue, MediaUnreadable, Problem

DONE, PROBLEM, MISUSE, PARTLY, STOPPED = 0, 1, 2, 3, 130
"""How `secondunit shoot` ends: all takes are there; none; told what it does not know; some, until a
problem; it was stopped, and the takes that were finished are kept."""

_STEP = 0.1  # per cent; less is no news


def there(job: Job, told: str) -> Job:
    """A job with the paths this machine knows; `told` are rules, or the file they are in.

    Raises BadValue, MediaUnreadable.
    """
    if not told:
        return job
    try:
        written = Path(told).read_text("utf-8") if Path(told).is_file() else told
    except (OSError, UnicodeDecodeError) as error:
        raise MediaUnreadable("The rules for paths cannot be read", f"{told}: {error}") from error
    return job_there(job, rules_of(written))


def tasks_of(job: Job, take: int | None, standing: Report | None) -> list[Job]:
    """What is to be shot of a job: all, or one take; where `standing` hears of those that stand
    already, they are left out. Raises BadValue for a take the job does not make.
    """
    wanted = list(numbers(job) if take is None else [take])
    if not set(wanted) <= set(numbers(job)):
        raise BadValue(
            f"The job makes no take {take}",
            f"{job.takes} takes from {job.first_take} on",
            "Ask for one that it makes",
        )
    if standing is not None:
        for number in list(wanted):
            made = made_take(job, number)
            if made is not None:
                wanted.remove(number)
                standing(Event("take", job.id, done=1, total=1, take=made))
    return [job] if len(wanted) == job.takes else parts(job, wanted)


def shot(
    job: Job, take: int | None, farm: bool, engine: Engine, telling: Report, cancel: Cancel
) -> Ending:
    """Shoot a job, or one take of it, telling all that happens; on a farm in its words, too."""
    ending = Ending()
    hearing: list[Report] = [ending, telling]

    def tell(event: Event) -> None:
        for each in hearing:
            each(event)

    todo = tasks_of(job, take, tell if farm else None)
    if farm:
        hearing.append(FarmLines(len(todo)))
    for part in todo:
        engine.run(part, tell, cancel)
        if ending.kind != "done":
            break
    return ending


@dataclass
class Ending:
    """Hears a job and knows how the program is to end."""

    takes: list[Take] = field(default_factory=list)
    kind: str = "done"

    def __call__(self, event: Event) -> None:
        if event.kind == "take" and event.take is not None:
            self.takes.append(event.take)
        elif event.kind in ("problem", "cancelled"):
            self.kind = event.kind

    @property
    def code(self) -> int:
        """The exit code."""
        if self.kind == "cancelled":
            return STOPPED
        if self.kind == "problem":
            return PARTLY if self.takes else PROBLEM
        return DONE


@dataclass
class FarmLines:
    """Hears the parts of a job, and tells a farm how far it is as one; it never goes back."""

    parts: int
    told: float = -1.0
    _done: int = 0

    def __call__(self, event: Event) -> None:
        if event.kind in ("progress", "preview") and event.total:
            self._moved((self._done + event.done / event.total) / max(self.parts, 1))
            return
        if event.kind == "done":
            self._done += 1
            self._moved(self._done / max(self.parts, 1))
        elif event.kind == "take" and event.take is not None:
            say_plain(f"openjd_status: take {event.take.number}: {_line(event.take.media)}")
        elif event.kind == "problem":
            say_plain(f"openjd_fail: {_line(event.message)}")
        elif event.kind == "cancelled":
            say_plain("openjd_status: stopped")

    def _moved(self, share: float) -> None:
        percent = min(100.0, 100.0 * share)
        if percent >= self.told + _STEP or (percent == 100.0 > self.told):
            self.told = percent
            say_plain(f"openjd_progress: {percent:.1f}")


@contextmanager
def problems_told(farm: bool) -> Iterator[None]:
    """Inside, a problem that comes before the job began is told to the farm, too."""
    try:
        yield
    except Problem as problem:
        if farm:
            say_plain(f"openjd_fail: {_line(str(problem))}")
        raise


def _line(text: str) -> str:
    return " ".join(text.split())
