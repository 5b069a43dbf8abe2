"""Errands: what may take long is done beside the host's main thread, and told on it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from secondunit_contract.problem import Problem, ProgramFault

T = TypeVar("T")

Main = Callable[[Callable[[], None]], None]
"""Has something called on the main thread soon, in the order given."""

# What our own code raises where it is wrong. An errand that ends so is told as a fault of ours.
_BREAKS = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    RuntimeError,
)


class Errands:
    """Errands of one kind, done one after the other, on one thread that is always the same.

    The thread is there from the first errand on, and is no reason to keep a host from ending.
    """

    def __init__(self, name: str, main: Main) -> None:
        self._name, self._main = name, main
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[Problem], None] | None = None,
    ) -> None:
        """Do `work` on the errands' thread; `then` is told its result on the main thread, or
        `failed` its Problem. After `close` nothing is done and nothing told.
        """

        def run() -> None:
            try:
                result = work()
            except Problem as problem:
                self._tell(failed, problem)
            except _BREAKS as error:
                self._tell(failed, fault(error, self._name))
            else:
                self._tell(then, result)

        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._waiting.put(run)

    def close(self) -> None:
        """Do nothing more; the errand under way ends by itself, and nobody is told."""
        self._closed = True
        self._waiting.put(None)

    def _run(self) -> None:
        while (run := self._waiting.get()) is not None and not self._closed:
            run()

    def _tell(self, listener: Callable[[Any], None] | None, told: Any) -> None:
        def call() -> None:
            if listener is not None and not self._closed:
                listener(told)

        if listener is not None and not self._closed:
            self._main(call)


def fault(error: Exception, where: str) -> ProgramFault:
    """A mistake of ours as a problem that can be reported."""
    return ProgramFault(
        f"{type(error).__name__}: {error}", where, "This is our mistake: please report it"
    )
