"""Stopping: Ctrl-C, or what a farm sends, asks first and ends second."""

from __future__ import annotations

import signal

from secondunit.cli.showing import say_aside
from secondunit.engine.watching import Cancel

_STOPS = (signal.SIGINT, signal.SIGTERM)  # a farm sends the second


class stopping:  # noqa: N801 - reads as a word of the with statement
    """Inside, Ctrl-C or SIGTERM asks the model to stop; a second one stops the program."""

    def __enter__(self) -> Cancel:
        self._cancel = Cancel()
        self._before = {each: signal.signal(each, self._asked) for each in _STOPS}
        return self._cancel

    def __exit__(self, *told: object) -> None:
        for each, before in self._before.items():
            signal.signal(each, before)

    def _asked(self, number: int, frame: object) -> None:
        say_aside("Stopping; press again to stop at once")
        self._cancel.wish()
        signal.signal(number, self._before[signal.Signals(number)])
