"""The panel's link to the service: found or started, heard, lost and found again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Literal

from secondunit_contract.problem import Problem
from secondunit_contract.queue import Told
from secondunit_panel.client import Client
from secondunit_panel.errands import Errands, Main
from secondunit_panel.service import ProtocolOther, find_or_start, found

State = Literal["looking", "starting", "here", "lost", "absent", "other"]
"""looking for it; it is being started; here; it was here and does not answer; it is not here and
could not be started; it speaks another protocol."""

Find = Callable[[Callable[[float], None]], Client]
Look = Callable[[], "Client | None"]

_LOOK_EVERY = 3.0  # seconds between two looks for a service that somebody may have started
_PATIENCE = 2.0  # seconds a lost service may take to come back before it is started again


class Link:
    """The service, as long as the panel is open. State changes are told on the main thread.

    The one thread it owns is the one that waits for the service and hears its events.
    """

    def __init__(
        self,
        main: Main,
        changed: Callable[[], None],
        heard: Callable[[list[Told]], None],
        find: Find | None = None,
        look: Look = found,
    ) -> None:
        self.state: State = "looking"
        self.seconds = 0.0
        self.problem: Problem | None = None
        self.client: Client | None = None
        self._main, self._changed, self._heard = main, changed, heard
        self._find: Find = find or (lambda waiting: find_or_start(waiting=waiting))
        self._look = look
        self._stop, self._wake = threading.Event(), threading.Event()
        self._fresh: deque[Told] = deque()
        self._starting = Errands("secondunit-start", main)

    @property
    def here(self) -> bool:
        """Whether the service can be asked."""
        return self.state == "here" and self.client is not None

    def start(self) -> None:
        """Look for the service, and start it where there is none."""
        threading.Thread(target=self._live, name="secondunit-client", daemon=True).start()

    def again(self) -> None:
        """Look for it now, and start it where there is none."""
        if self.state == "lost":
            self._revive(0.0)
        elif self.state in ("absent", "other"):
            self._set("looking")
            self._wake.set()

    def close(self) -> None:
        """Hear no more. The service stays."""
        self._stop.set()
        self._wake.set()
        self._starting.close()

    # on the link's own thread

    def _live(self) -> None:
        client = self._found()
        if client is None or self._stop.is_set():
            return
        self._later(lambda: setattr(self, "client", client))
        for told in client.events(stop=self._stop, connected=self._connected):
            self._fresh.append(told)
            if len(self._fresh) == 1:  # else a drain is on its way, and takes this one along
                self._later(self._drain)

    def _found(self) -> Client | None:
        """The service, however long it takes; None when the panel is closed meanwhile."""
        start = True
        while not self._stop.is_set():
            try:
                client = self._find(self._waiting) if start else self._look()
                if client is not None:
                    return client
            except Problem as problem:
                self._tell("other" if isinstance(problem, ProtocolOther) else "absent", problem)
            start = self._wake.wait(_LOOK_EVERY)
            self._wake.clear()
        return None

    def _waiting(self, seconds: float) -> None:
        self._later(lambda: self._set("starting", seconds=seconds))

    def _connected(self, there: bool) -> None:
        self._tell("here" if there else "lost")

    def _tell(self, state: State, problem: Problem | None = None) -> None:
        self._later(lambda: self._set(state, problem))

    def _later(self, call: Callable[[], None]) -> None:
        self._main(lambda: None if self._stop.is_set() else call())

    # on the main thread

    def _drain(self) -> None:
        fresh = []
        while self._fresh:
            fresh.append(self._fresh.popleft())
        self._heard(fresh)

    def _set(self, state: State, problem: Problem | None = None, seconds: float = 0.0) -> None:
        before = (self.state, self.problem, self.seconds)
        if state == "lost" and self.state == "lost":
            return
        self.state, self.problem, self.seconds = state, problem, seconds
        if state == "lost":
            self._revive(_PATIENCE)
        if before != (state, problem, seconds) or state == "here":
            self._changed()

    def _revive(self, patience: float) -> None:
        """Start a service that went and does not come back; its events are heard again by then."""

        def work() -> None:
            if not self._stop.wait(patience) and self.state == "lost":
                self._find(lambda seconds: None)

        def failed(problem: Problem) -> None:
            if self.state == "lost":
                self.problem = problem
                self._changed()

        self._starting.send(work, failed=failed)
