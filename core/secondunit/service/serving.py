"""Serving: one process per user that holds the queue, until it is told to go."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from secondunit.engine.cluster import cluster_crew
from secondunit.engine.unit import Unit
from secondunit.ledger.lock import Lock
from secondunit.media.refusals import writing
from secondunit.service import discovery
from secondunit.service.app import build
from secondunit.service.auth import Keys
from secondunit.service.roots import Roots
from secondunit.service.system import open_page, version
from secondunit.settings import Settings
from secondunit_contract.problem import BadValue, MachineProblem

Say = Callable[[str], None]

_GRACE = 3  # seconds for answers that are under way when we are told to go
_PATIENCE = 10.0  # seconds a service that has just begun may take to say where it is


def serve(
    settings: Settings,
    say: Say,
    port: int = 0,
    show: bool = False,
    roots: Sequence[Path] = (),
    cluster: str = "",
) -> None:
    """Serve until SIGTERM or SIGINT; where another serves this user already, say where.

    `port` 0 takes a free one; `show` opens the dailies in the browser; `roots` are the only folders
    jobs may use; `cluster` is the address of the Ray cluster that shoots, instead of this machine.
    Raises NotWritable, BadValue for a port that is taken, LedgerUnreadable, MachineProblem and
    PartMissing for a cluster out of reach.
    """
    with writing(settings.data):
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = Lock(settings.data / "service.lock")
    if not lock.taken(holder=str(os.getpid())):
        _find_the_other(settings.data, say, show)
        return
    try:
        crew = cluster_crew(settings, cluster) if cluster else ()
        with bound_to(port) as bound, Unit.opened(settings, workers=crew) as unit:
            keys = Keys()
            discovery.leave_the_way(settings.data)
            app = build(unit, settings, keys, Roots.usual(roots, settings.data))
            config = uvicorn.Config(
                app, log_level="warning", access_log=False, lifespan="on", ws="none",
                server_header=False, timeout_graceful_shutdown=_GRACE, timeout_keep_alive=30,
            )  # fmt: skip
            told = _Told(config, settings.data, keys, say, show)
            with _kept_in_hand():
                told.run([bound])
    finally:
        lock.let_go()


class Server(uvicorn.Server):
    """A server that sends those who listen home when it goes; else they would be waited for."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.app
        await app.state.hub.stop()
        await super().shutdown(sockets)


class _Told(Server):
    """A server that tells where it is once it can be asked."""

    def __init__(
        self, config: uvicorn.Config, data: Path, keys: Keys, say: Say, show: bool
    ) -> None:
        super().__init__(config)
        self._data, self._keys, self._say, self._show = data, keys, say, show
        self._here: discovery.Here | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit or not sockets:
            return
        port = sockets[0].getsockname()[1]
        self._here = discovery.announce(self._data, port, self._keys.token, version())
        self._say(f"Second Unit serves at {self._here.address}")
        if self._show:
            page = f"{self._here.address}/#ticket={self._keys.ticket()}"
            threading.Thread(target=open_page, args=(page,), daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._here is not None:
            discovery.withdraw(self._data, self._here)
        await super().shutdown(sockets)


@contextmanager
def bound_to(port: int) -> Iterator[socket.socket]:
    """A socket on this machine's own address alone. Raises BadValue where the port is taken."""
    # Named TCP, or asyncio leaves Nagle's algorithm on, and every answer comes 40 ms late.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError as error:
            raise BadValue(
                f"Port {port} is not free ({error.strerror})", remedy="Leave --port out"
            ) from error
        yield bound
    finally:
        bound.close()


@contextmanager
def _kept_in_hand() -> Iterator[None]:
    """Inside, a signal that uvicorn passes on after it has ended does not end us half-way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, frame: FrameType | None) -> None:
        """uvicorn has ended for it."""

    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {each: signal.signal(each, heard) for each in numbers}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _find_the_other(data: Path, say: Say, show: bool) -> None:
    """Say where the service is that has the lock. Raises MachineProblem where it tells nobody."""
    until = time.monotonic() + _PATIENCE
    while (here := discovery.found(data)) is None or not _alive(here):
        if time.monotonic() > until:
            raise MachineProblem(
                "A service is at work in this data folder, but does not answer",
                str(data),
                "End the process named in service.lock, then start again",
            )
        time.sleep(0.1)
    say(f"Second Unit serves already, at {here.address}")
    if show:
        open_page(json.loads(_asked(here, "POST", "/v1/tickets"))["url"])


def _alive(here: discovery.Here) -> bool:
    try:
        return b"secondunit" in _asked(here, "GET", "/v1/health")
    except OSError:
        return False


def _asked(here: discovery.Here, method: str, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=5)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {here.token}"})
        return connection.getresponse().read()
    finally:
        connection.close()
