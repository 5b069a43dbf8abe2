"""Qt's main thread, for hosts that have no better way to it: what is given is called there soon."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal


class MainThread(QObject):
    """Calls what it is given on the thread it was made on, in the order given.

    `call` may be used from any thread and returns at once: it is a Host's `call_on_main`. What a
    call raises is told by Qt's binding and keeps no other away, as each has an event of its own.
    """

    _given = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._calls: deque[Callable[[], None]] = deque()
        self._given.connect(self._next, Qt.ConnectionType.QueuedConnection)

    def call(self, call: Callable[[], None]) -> None:
        """Have something called soon."""
        self._calls.append(call)
        try:
            self._given.emit()
        except RuntimeError:  # Qt has ended, and this object with it
            self._calls.clear()

    def _next(self) -> None:
        if self._calls:
            self._calls.popleft()()
