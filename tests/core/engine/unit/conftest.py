"""A second unit with a crew that does what a test says."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from secondunit.engine.crew import Heard
from secondunit.engine.unit import Unit
from secondunit.ledger import sidecar
from secondunit.ledger.book import Book
from secondunit.settings import Settings
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.queue import Entry
from secondunit_contract.wire import from_json, to_json


class Hand:
    """A worker that does what the test says; it writes real files where a take is to be."""

    def __init__(self, name: str = "hand", obedient: bool = True) -> None:
        self.name, self.obedient = name, obedient
        self.orders: list[dict] = []
        self.starts = self.kills = self.ends = 0
        self._hear = None
        self._changed = threading.Condition()

    # What the unit wants

    def start(self, hear):
        with self._changed:
            self._hear, self.starts = hear, self.starts + 1
            self._changed.notify_all()

    def tell(self, message):
        with self._changed:
            self.orders.append(message)
            self._changed.notify_all()
        if message["do"] == "stop" and self.obedient:
            self.say("cancelled")

    def end(self):
        self.ends += 1
        if self.obedient:
            self.leave()

    def kill(self):
        self.kills += 1
        self.leave()

    # What the test wants

    def here(self) -> Hand:
        self.wait(lambda: self._hear is not None)
        self._hear(Heard(ready={}))
        return self

    def given(self, job: str) -> dict:
        """The order to shoot that job."""
        self.wait(lambda: any(self.of(each) == job for each in self.orders))
        return next(each for each in reversed(self.orders) if self.of(each) == job)

    def wait(self, holds, patience: float = 10.0) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, patience), (self.orders, self.starts)

    @staticmethod
    def of(order: dict) -> str:
        return order["job"]["id"] if order["do"] == "shoot" else ""

    def job(self) -> Job:
        return from_json(Job, next(o for o in reversed(self.orders) if o["do"] == "shoot")["job"])

    def say(self, kind: str, **more) -> None:
        self._hear(Heard(event=Event(kind, more.pop("job", self.job().id), **more)))

    def shoots(self, number: int = 1, tells: bool = True) -> Take:
        """A take appears on disk, and is told of."""
        job = self.job()
        stem = job.output.removesuffix(".mov")
        media = Path(f"{stem}_t{number:03d}.mov" if job.takes > 1 else job.output)
        media.parent.mkdir(exist_ok=True)
        take = Take(job.id, number, job.seed + number - 1, str(media), FrameRange(0, 5),
                    Rate.of(24), 50, 34, str(sidecar.sidecar_path(str(media))))  # fmt: skip
        sidecar.written(
            Path(take.sidecar),
            {"secondunit_take": 1, "job": to_json(job), "take": to_json(take)},
        )
        media.write_bytes(b"a movie")
        if tells:
            self.say("take", take=take)
        return take

    def leave(self, words: str = "It ended") -> None:
        hear, self._hear = self._hear, None
        if hear is not None:
            hear(Heard(left=True, last_words=words))


class Watched(Unit):
    """A unit that can be waited for."""

    def until(self, id: str, *states: str) -> Entry:
        """The job's entry, once it is in one of these states."""
        end = time.monotonic() + 10
        with self.listen() as listener:
            while (entry := self.entry(id)).state not in states:
                assert time.monotonic() < end, entry
                listener.get(0.1)
        return entry

    def kinds(self, job: str = "") -> list[str]:
        """The events that were told and kept."""
        return [each.event.kind for each in self.events_after(0) if job in ("", each.event.job)]

    def until_away(self) -> None:
        """Once the first worker is not at work."""
        end = time.monotonic() + 10
        while self.machine()["workers"][0]["post"] != "away":
            assert time.monotonic() < end, self.machine()["workers"]
            time.sleep(0.01)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def open_unit(tmp_path):
    """Opens the unit of one data folder with these hands; closes what is left open."""
    units: list[Watched] = []
    settings = Settings(tmp_path / "no-models", "cpu", tmp_path / "data", idle_seconds=60.0)

    def make(*hands: Hand, **more) -> Watched:
        wanted = replace(settings, **{k: more.pop(k) for k in ("idle_seconds",) if k in more})
        units.append(Watched(Book(settings.data / "ledger.sqlite"), hands, wanted, **more))
        return units[-1]

    yield make
    for unit in units:
        unit.close()


@pytest.fixture
def unit(open_unit, hand) -> Watched:
    return open_unit(hand)


@pytest.fixture
def job(tmp_path):
    def make(id: str = "", **more) -> Job:
        return Job("extend", str(tmp_path / "takes" / f"{id or 'take'}.mov"), id, **more)

    return make


@pytest.fixture
def another() -> type[Hand]:
    """More workers like it."""
    return Hand
