"""Showing: progress, takes and problems on a terminal, or as lines of JSON for a program."""

from __future__ import annotations

import json
import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from secondunit_contract.job import Event
from secondunit_contract.problem import Problem, problem_from_json
from secondunit_contract.wire import to_json

out = Console(emoji=False, highlight=False)  # a path is a path, with :smile: in it too
err = Console(stderr=True, emoji=False, highlight=False)

_EVERY = 10  # seconds between lines of progress on paper


def say(text: str) -> None:
    """One line for a person."""
    out.print(text, soft_wrap=True)


def say_aside(text: str) -> None:
    """One line for a person that no program may take for a result."""
    err.print(escape(text), soft_wrap=True)


def say_plain(text: str) -> None:
    """One line for a program, at once and as it is."""
    out.print(text, soft_wrap=True, markup=False, highlight=False)


def say_json(value: object) -> None:
    """One value for a program."""
    out.print(json.dumps(value, indent=2, ensure_ascii=False), soft_wrap=True, markup=False,
              highlight=False)  # fmt: skip


def say_problem(problem: Problem) -> None:
    """What happened, where, and what to do about it."""
    err.print(f"[bold red]{escape(problem.what)}[/] [dim]({problem.code})[/]", soft_wrap=True)
    if problem.where:
        err.print(f"  where   {escape(problem.where)}", soft_wrap=True)
    if problem.remedy:
        err.print(f"  remedy  {escape(problem.remedy)}", soft_wrap=True)


class Telling:
    """Hears a job's events and tells them: a bar with time left, or JSON lines."""

    def __init__(self, lines: bool = False) -> None:
        self._lines = lines
        self._bar: TaskID | None = None
        self._told = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[left]}"),
            console=err, disable=lines or not err.is_terminal, transient=True,
        )  # fmt: skip

    def __enter__(self) -> Telling:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        if self._lines:
            out.print(json.dumps(to_json(event)), soft_wrap=True, markup=False, highlight=False)
            return
        if event.kind in ("progress", "preview"):
            self._moved(event)
        elif event.kind == "take" and event.take:
            say(f"take {event.take.number} of {event.total}: {escape(event.take.media)}")
        elif event.kind in ("notice", "ask"):
            say(f"[dim]{escape(event.message)}[/]")
        elif event.kind == "problem" and event.problem:
            say_problem(problem_from_json(event.problem))
        elif event.kind == "cancelled":
            say("Stopped. Takes that were finished are kept.")

    def _moved(self, event: Event) -> None:
        left = "" if event.seconds_left is None else _lasting(event.seconds_left)
        if not err.is_terminal:
            self._moved_on_paper(event, left)
            return
        if self._bar is None:
            self._bar = self._progress.add_task(event.phase, total=event.total, left=left)
        self._progress.update(
            self._bar, completed=event.done, total=event.total, left=left,
            description=event.message or event.phase,
        )  # fmt: skip

    def _moved_on_paper(self, event: Event, left: str) -> None:
        """A line now and then, where there is no terminal to draw a bar on."""
        if time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            share = f"{event.done / max(event.total, 1):.0%}"
            say_aside(" · ".join(filter(None, (event.phase, share, left))))


def _lasting(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"~{minutes} min {rest:02d} s left" if minutes else f"~{rest} s left"
