"""Nuke's main thread: what only it may do is carried over to it, from whatever thread it is asked.

In a window Nuke calls for us when it is idle. In a terminal nothing does: there whoever holds the
main thread calls `pump`.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from secondunit_nuke.knobs import inside
from secondunit_panel.host import HostGone

T = TypeVar("T")


class MainThread:
    """The thread this is made on. `patience` is how many seconds a terminal may not pump."""

    def __init__(self, nuke: Any, patience: float = 60.0) -> None:
        self._nuke, self._patience = nuke, patience
        self._ident = threading.get_ident()
        self._window = bool(nuke.GUI)
        self._calls: deque[Callable[[], None]] = deque()

    @property
    def here(self) -> bool:
        """Whether this is it."""
        return threading.get_ident() == self._ident

    def carry(self, call: Callable[[], T]) -> T:
        """Do something on the main thread, in the script itself, and wait for it.

        Nuke's own way swallows what is raised and tells None, and hangs where it is asked for on
        the main thread. Raises what `call` raises, and HostGone where it is left undone.
        """
        results: list[T] = []
        faults: list[Exception] = []

        def run() -> None:
            try:
                with inside(self._nuke.root()):  # whichever group Nuke was left in
                    results.append(call())
            except Exception as error:  # noqa: BLE001 - the border: Nuke would swallow it
                faults.append(error)

        if self.here:
            run()
        elif self._window:
            self._nuke.executeInMainThreadWithResult(run)
        else:
            self._wait_for_pump(run)
        if faults:
            raise faults[0]
        if not results:
            raise HostGone("Nuke has left it undone", "Nuke", "Is it busy or closing? Try again")
        return results[0]

    def soon(self, call: Callable[[], None]) -> None:
        """Have `call` called on the main thread, after those given before. Returns at once."""
        self._calls.append(call)
        if self._window and self.here:  # asked for on it, Nuke would hang
            threading.Thread(target=self._ask, daemon=True).start()
        elif self._window:
            self._ask()

    def pump(self, seconds: float = 0.0) -> None:
        """Call what is waiting, for so long; for a terminal, on the main thread."""
        end = time.monotonic() + seconds
        while True:
            while self._calls:
                self._next()
            if time.monotonic() >= end:
                return
            time.sleep(0.002)

    def _ask(self) -> None:
        self._nuke.executeInMainThread(self._next)

    def _next(self) -> None:
        try:
            if self._calls:
                self._calls.popleft()()
        except Exception:  # noqa: BLE001 - the border: one that fails keeps no other away
            sys.stderr.write(traceback.format_exc())

    def _wait_for_pump(self, run: Callable[[], None]) -> None:
        done = threading.Event()

        def once() -> None:
            run()
            done.set()

        self._calls.append(once)
        if not done.wait(self._patience):
            try:
                self._calls.remove(once)
            except ValueError:
                done.wait()  # it has begun
