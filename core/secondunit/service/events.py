"""What is told to everybody who listens: server-sent events, none of them lost."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from secondunit.service import PROTOCOL
from secondunit.service.described import described
from secondunit_contract.queue import Told
from secondunit_contract.wire import to_json

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit

HEARTBEAT = 15.0
"""Seconds of silence after which a line says that we are still here."""

_PASSING = 0.1  # seconds between two looks at what is told in passing
_HELD = 256  # events that wait for one listener; a slower one reads them from the ledger
_PAGE = 500
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Line:
    """An event as it is sent. One told in passing has no id: it is not to be asked for."""

    id: int
    job: str
    text: bytes

    @classmethod
    def of(cls, told: Told) -> Line:
        """The event in the words of server-sent events, all in ASCII."""
        known = f"id: {told.id}\n" if told.id else ""
        words = json.dumps(to_json(told), separators=(",", ":"))
        text = f"{known}event: {told.event.kind}\ndata: {words}\n\n"
        return cls(told.id, told.event.job, text.encode("ascii"))


class Listener:
    """One who listens: what waits for them, and what they have had.

    Of what is told in passing only the last of each job waits; of what is kept all, up to a number;
    after that `behind` says that the ledger has to be read.
    """

    def __init__(self, job: str = "") -> None:
        self._job = job
        self._kept: deque[Line] = deque()
        self._passing: dict[str, Line] = {}
        self._urgent, self._any = asyncio.Event(), asyncio.Event()
        self._looked = 0.0
        self.behind = self.over = False

    def put(self, line: Line) -> None:
        """Leave an event for them; never waits."""
        if self._job and line.job != self._job:
            return
        if line.id == 0:
            self._passing[line.job] = line
        elif len(self._kept) < _HELD:
            self._kept.append(line)
            self._urgent.set()
        else:
            self._kept.clear()
            self.behind = True
        self._any.set()

    def end(self) -> None:
        """Nothing will come any more."""
        self.over = True
        self._any.set()
        self._urgent.set()

    async def waiting(self, patience: float) -> list[Line]:
        """What has come, in order; none where nothing came in so many seconds."""
        if not await _happens(self._any, patience):
            return []
        soon = self._looked + _PASSING - time.monotonic()
        if soon > 0 and not self._urgent.is_set():
            await _happens(self._urgent, soon)
        self._looked = time.monotonic()
        found = [*self._kept, *self._passing.values()]
        self._kept.clear()
        self._passing.clear()
        if not self.over:
            self._any.clear()
            self._urgent.clear()
        return found


async def _happens(event: asyncio.Event, patience: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), patience)
    except TimeoutError:
        return False
    return True


class Hub:
    """Hears the unit once, and passes on what it hears to all listeners."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._listeners: set[Listener] = set()
        self._pictures: dict[str, str] = {}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to hear, on the loop that runs."""
        loop = asyncio.get_running_loop()

        def pass_on(told: Told) -> None:
            loop.call_soon_threadsafe(self._tell, told)

        self._thread = threading.Thread(
            target=self._hear, args=(pass_on,), name="events", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Send everybody home."""
        self._over.set()
        for each in self._listeners:
            each.end()
        if self._thread is not None:
            await run_in_threadpool(self._thread.join, 5)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def picture(self, job: str) -> str:
        """The last preview told of a job, a path; "" where there was none."""
        return self._pictures.get(job, "")

    @contextmanager
    def listening(self, job: str = "") -> Iterator[Listener]:
        """A listener, while it lasts. Call on the loop."""
        listener = Listener(job)
        self._listeners.add(listener)
        if self._over.is_set():
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def _hear(self, pass_on: Callable[[Told], None]) -> None:
        with self._unit.listen() as subscription:
            while not self._over.is_set() and not subscription.closed:
                told = subscription.get(0.5)
                if told is not None and not self._over.is_set():
                    pass_on(told)

    def _tell(self, told: Told) -> None:
        event = told.event
        if event.preview:
            self._pictures[event.job] = event.preview
        elif event.kind in ("done", "problem", "cancelled"):
            self._pictures.pop(event.job, None)
        line = Line.of(told)  # written once, however many listen
        for each in self._listeners:
            each.put(line)


class Events:
    """The route of events."""

    def __init__(self, unit: Unit, hub: Hub, heartbeat: float = HEARTBEAT) -> None:
        self._unit, self._hub, self._heartbeat = unit, hub, heartbeat

    def router(self) -> APIRouter:
        """The route."""
        router = APIRouter(tags=["events"])
        example = 'id: 12\nevent: take\ndata: {"id":12,"at":1795260090.0,"event":{"kind":"take"}}\n'
        router.add_api_route(
            "/events",
            self.stream,
            **described(
                "Events as they happen, and first those after the last one heard",
                {"type": "string", "description": "Each line of data is a Told, as JSON"},
                example,
                kind="text/event-stream",
            ),
        )
        return router

    async def stream(
        self,
        after: Annotated[int | None, Query(ge=0, le=_LARGEST)] = None,
        job: Annotated[str, Query(max_length=200)] = "",
        last_event_id: Annotated[int | None, Header(ge=0, le=_LARGEST)] = None,
    ) -> StreamingResponse:
        """Server-sent events. Last-Event-ID goes before `after`; without both, only what is new."""
        last = last_event_id if last_event_id is not None else after
        return StreamingResponse(
            self._lines(last, job),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )

    async def _lines(self, last: int | None, job: str) -> AsyncIterator[bytes]:
        with self._hub.listening(job) as listener:
            latest = await run_in_threadpool(latest_event, self._unit)
            greeting = f'{{"protocol":{PROTOCOL},"last":{latest}}}'
            yield f"retry: 1000\nevent: hello\ndata: {greeting}\n\n".encode("ascii")
            heard = 0 if last is None else min(last, latest)
            if last is not None:
                async for line in self._missed(heard, job):
                    heard = line.id
                    yield line.text
            while not listener.over:
                came = await listener.waiting(self._heartbeat)
                if listener.behind:
                    listener.behind = False
                    came = [each for each in came if not each.id]
                    async for line in self._missed(heard, job):
                        heard = line.id
                        yield line.text
                fresh = [each for each in came if not each.id or each.id > heard]
                heard = max([heard, *(each.id for each in fresh)])
                yield b"".join(each.text for each in fresh) or b": still here\n\n"

    async def _missed(self, after: int, job: str) -> AsyncIterator[Line]:
        """Events of the ledger after one, all of them."""
        while True:
            page = await run_in_threadpool(self._unit.events_after, after, _PAGE)
            for each in page:
                if not job or each.event.job == job:
                    yield Line.of(each)
            if len(page) < _PAGE:
                return
            after = page[-1].id


def latest_event(unit: Unit) -> int:
    """The id of the last event that is kept; 0 where there is none."""
    low, step = 0, 1
    while step:
        low, step = (low + step, step * 2) if unit.events_after(low + step - 1, 1) else (low, 0)
    high, low = low * 2 + 1, low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if unit.events_after(middle - 1, 1) else (low, middle)
    return low
