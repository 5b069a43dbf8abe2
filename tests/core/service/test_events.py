"""Events: each once, in order, also for who was away; fifty listen, and none holds another up."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, IncompleteRead

import pytest

from secondunit.service.events import Events, Hub, Line, Listener, latest_event
from secondunit.service.testing import ScriptedWorker, served
from secondunit_contract.job import Event
from secondunit_contract.queue import Told
from secondunit_panel.client import parsed

LISTENERS = 50


class Ear:
    """Hears a stream of events, from one on, with the token."""

    def __init__(self, service, after=None, query="", header=True) -> None:
        self._connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
        headers = {"Authorization": f"Bearer {service.keys.token}"}
        if after is not None and header:
            headers["Last-Event-ID"] = str(after)
        elif after is not None:
            query += f"&after={after}"
        self._connection.request("GET", f"/v1/events?{query}", headers=headers)
        self.answer = self._connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["content-type"].startswith("text/event-stream")
        self._events = parsed(iter(lambda: self.answer.read1(65536), b""))
        kind, self.hello = next(self._events)
        assert kind == "hello"

    def next(self) -> tuple[str, dict]:
        return next(self._events)

    def until(self, *kinds: str, job: str = "") -> list[dict]:
        """Everything up to an event of a kind; signs of life left out."""
        heard = []
        for kind, told in self._events:
            if kind:
                heard.append(told)
            if kind in kinds and told["event"].get("job") in (job or told["event"].get("job"),):
                return heard
        raise AssertionError(f"the stream ended after {heard}")

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def ear(service):
    """Makes ears, and closes them."""
    made = []

    def make(*args, **kinds) -> Ear:
        made.append(Ear(service, *args, **kinds))
        return made[-1]

    yield make
    for each in made:
        each.close()


def kinds(heard) -> list[str]:
    return [each["event"]["kind"] for each in heard]


def kept(heard) -> list[int]:
    return [each["id"] for each in heard if each["id"]]


def test_a_job_is_heard_from_beginning_to_end(ask, ear, tmp_path):
    listening = ear()
    ask("POST", "/v1/jobs", ask.job(tmp_path, id="heard", takes=2))
    heard = listening.until("done")
    lasting = [each for each in heard if each["id"]]
    assert kinds(lasting) == ["queued", "started", "take", "take", "done"]
    assert kept(heard) == sorted(set(kept(heard)))
    assert lasting[2]["event"]["take"]["number"] == 1


@pytest.mark.parametrize("header", [True, False])
def test_who_was_away_hears_what_was_missed_and_goes_on(ask, ear, tmp_path, header):
    first = ear()
    ask("POST", "/v1/jobs", ask.job(tmp_path, id=f"away{header}", takes=1))
    heard = first.until("started")
    first.close()
    ask.until(f"away{header}", "done")
    again = ear(kept(heard)[-1], header=header)
    missed = again.until("done")
    assert kinds(missed) == ["take", "done"]
    ask("POST", "/v1/jobs", ask.job(tmp_path, "more", id=f"more{header}"))
    fresh = again.until("done")
    assert kept(missed)[0] == kept(heard)[-1] + 1
    whole = [*kept(missed), *kept(fresh)]
    assert whole == list(range(whole[0], whole[0] + len(whole)))


def test_all_from_the_beginning(ask, ear, tmp_path):
    ask.shot(tmp_path, id="begin")
    last = latest_event(ask.service.unit)
    listening = ear(0)
    heard = [listening.next()[1]["id"] for _ in range(last)]
    assert heard == list(range(1, last + 1))
    assert listening.hello == {"protocol": 1, "last": last}


def test_who_knows_more_than_the_ledger_starts_where_it_is(ask, ear, tmp_path):
    listening = ear(10**9)
    ask("POST", "/v1/jobs", ask.job(tmp_path, id="fresh"))
    assert kinds(listening.until("queued")) == ["queued"]


def test_one_job_alone_can_be_listened_to(ask, ear, tmp_path):
    listening = ear(query="job=mine")
    ask.shot(tmp_path, name="theirs", id="theirs")
    ask.shot(tmp_path, name="mine", id="mine")
    assert {each["event"]["job"] for each in listening.until("done")} == {"mine"}
    whole = ear(0, "job=mine").until("done")
    assert {each["event"]["job"] for each in whole} == {"mine"}


def test_a_judgement_is_told_to_the_others(ask, ear, tmp_path):
    job = ask.shot(tmp_path, id="rated")
    listening = ear()
    ask("PATCH", f"/v1/takes/{job}-1", {"rating": "circled"})
    ask("PATCH", f"/v1/takes/{job}-1", {"note": "the fog"})
    for heard in (listening, ear(0, f"job={job}")):
        told = [each["event"] for each in (*heard.until("rated"), *heard.until("rated"))]
        about = {"kind": "rated", "job": job, "id": f"{job}-1", "rating": "circled"}
        assert [each for each in told if each["kind"] == "rated"] == [
            about | {"note": ""}, about | {"note": "the fog"}
        ]  # fmt: skip


def test_fifty_listen_and_each_hears_all(ask, ear, tmp_path):
    ears = [ear() for _ in range(LISTENERS)]
    assert ask("GET", "/v1/system").json["listeners"] >= LISTENERS
    ask("POST", "/v1/jobs", ask.job(tmp_path, id="fifty", takes=3))
    heard = [kept(each.until("done")) for each in ears]
    assert len(heard[0]) == 6
    assert all(each == heard[0] for each in heard)


def test_one_who_does_not_read_holds_nobody_up(ask, ear, tmp_path):
    deaf = socket.create_connection(("127.0.0.1", ask.service.port), 10)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(
        f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{ask.service.port}\r\n"
        f"Authorization: Bearer {ask.service.keys.token}\r\n\r\n".encode()
    )
    listening = ear()
    job = ask.shot(tmp_path, id="deaf")
    for number in range(400):
        ask.service.unit.annotate(f"{job}-1", f"{number} " + "x" * 2000)
    began = time.monotonic()
    heard = 0
    while heard < 400:
        kind, _ = listening.next()
        heard += kind == "rated"
    assert time.monotonic() - began < 10
    assert ask("GET", "/v1/jobs").status == 200
    deaf.close()


def test_silence_is_broken_by_a_sign_of_life(tmp_path):
    with served(tmp_path / "data", heartbeat=0.05) as service:
        listening = Ear(service)
        assert [listening.next() for _ in range(3)] == [("", {})] * 3
        listening.close()


def test_when_the_service_goes_the_streams_end_at_once(tmp_path):
    with served(tmp_path / "data", ScriptedWorker()) as service:
        listening = Ear(service)
        ended = threading.Event()

        def listen() -> None:
            with suppress(IncompleteRead):
                while listening.answer.read1(65536):
                    pass
            ended.set()

        threading.Thread(target=listen, daemon=True).start()
    assert ended.wait(5)
    listening.close()


def told(id: int, kind: str = "rated", job: str = "j") -> Told:
    return Told(id, 0.0, Event(kind, job))  # type: ignore[arg-type]


def test_of_what_is_told_in_passing_only_the_last_waits():
    async def scene() -> list[Line]:
        listener = Listener()
        for number in range(100):
            passing = Told(0, float(number), Event("progress", f"j{number % 2}"))
            listener.put(Line.of(passing))
        listener.put(Line.of(told(1)))
        return await listener.waiting(1)

    came = asyncio.run(scene())
    assert [each.id for each in came] == [1, 0, 0]
    assert b'"at":98.0' in came[1].text
    assert b'"at":99.0' in came[2].text


def test_who_falls_behind_is_sent_to_the_ledger():
    listener = Listener()
    for number in range(1, 1000):
        listener.put(Line.of(told(number)))
    assert listener.behind


def test_an_event_of_any_words_is_one_event():
    wild = Told(7, 1.0, Event("notice", "j", message="a\n\ndata: b\r\n\udce9 ✓\x00"))
    [(kind, back)] = parsed(iter([Line.of(wild).text]))
    assert kind == "notice"
    assert back["event"]["message"] == wild.event.message


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 17, 64, 1000])
def test_the_last_event_is_found(count):
    assert latest_event(Ledger(count)) == count


class Ledger:
    """A unit that only remembers: as many events as were told."""

    def __init__(self, count: int) -> None:
        self.count = count

    def events_after(self, id: int, limit: int) -> list[Told]:
        return [told(each) for each in range(id + 1, self.count + 1)][:limit]


def heard_ids(blocks: list[bytes]) -> list[int]:
    return [each["id"] for kind, each in parsed(iter(blocks)) if kind not in ("", "hello")]


def test_what_is_told_while_the_past_is_read_is_heard_once():
    async def scene() -> list[int]:
        ledger = Ledger(3)
        hub = Hub(ledger)
        lines = Events(ledger, hub, 1.0)._lines(0, "")
        blocks = [await anext(lines) for _ in range(2)]  # the greeting, and the first of the past
        for id in (2, 3, 4):
            hub._tell(told(id))
        ledger.count = 4
        while len(heard_ids(blocks)) < 4:
            blocks.append(await anext(lines))
        await lines.aclose()
        return heard_ids(blocks)

    assert asyncio.run(scene()) == [1, 2, 3, 4]


def test_who_fell_behind_hears_all_from_the_ledger(monkeypatch):
    monkeypatch.setattr("secondunit.service.events._HELD", 4)

    async def scene() -> list[int]:
        ledger = Ledger(0)
        hub = Hub(ledger)
        lines = Events(ledger, hub, 1.0)._lines(None, "")
        blocks = [await anext(lines)]
        waiting = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)  # from here on it listens
        for id in range(1, 21):
            ledger.count = id
            hub._tell(told(id))
        blocks.append(await waiting)
        while len(heard_ids(blocks)) < 20:
            blocks.append(await anext(lines))
        await lines.aclose()
        return heard_ids(blocks)

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == list(range(1, 21))
