"""Notices: what the artist should know, each with a button that does something about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from secondunit_contract.problem import Problem
from secondunit_panel import words
from secondunit_panel.words import Action, Notice

Repeat = Callable[[], None]


class Notices:
    """The notices shown, the latest last. For the main thread alone."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.shown: list[Notice] = []
        self._repeats: dict[tuple[str, str], Repeat] = {}
        self._changed = changed

    def complain(
        self,
        problem: Problem,
        about: str = "",
        job: Mapping[str, Any] | None = None,
        repeat: Repeat | None = None,
    ) -> None:
        """Show a problem. `repeat` is what was tried, for its button where trying again helps;
        without one it is of a job that failed.
        """
        told = words.notice(problem, about, job)
        helps = told.action is not None and told.action.act in ("again", "connect")
        if helps and repeat is not None:
            told = replace(told, action=Action("Try again", "again", about))
        elif helps and about:
            told = replace(told, action=Action("Try again", "retry", about))
        self.add(told, repeat)

    def add(self, notice: Notice, repeat: Repeat | None = None) -> None:
        """Show a notice, instead of an earlier one of the same about the same."""
        key = (notice.about, notice.code)
        self.shown = [each for each in self.shown if (each.about, each.code) != key]
        self.shown.append(notice)
        self._repeats.pop(key, None)
        if repeat is not None:
            self._repeats[key] = repeat
        self._changed()

    def dismiss(self, notice: Notice) -> Repeat | None:
        """Show a notice no more; what it was that was tried."""
        self._keep(lambda each: each != notice)
        return self._repeats.pop((notice.about, notice.code), None)

    def forget(self, about: str = "", code: str = "") -> None:
        """Show those no more that are about this and whose code begins so."""
        self._keep(lambda each: each.about != about or not each.code.startswith(code))

    def _keep(self, holds: Callable[[Notice], bool]) -> None:
        left = [each for each in self.shown if holds(each)]
        if len(left) < len(self.shown):
            self.shown = left
            self._changed()
