"""The client asks each route as it should, raises what is told, and misses no event."""

from __future__ import annotations

import threading
import time

import pytest

from secondunit_contract.job import Event, Job
from secondunit_contract.problem import (
    JobUnknown,
    NotEnoughMemory,
    PathOutside,
    Problem,
    ProgramFault,
    StateUnfit,
)
from secondunit_panel.client import Client, ServiceGone, parsed

ENTRY = {"id": "j1", "state": "queued", "job": {"task": "extend", "output": "/t.mov"}}
TAKE = {
    "id": "j1-1",
    "take": {"job": "j1", "number": 1, "seed": 7, "media": "/t.mov", "range": "1001-1024",
             "rate": "24", "width": 64, "height": 48},
    "rating": "circled",
    "links": {"media": "/v1/takes/j1-1/media?key=1.a"},
}  # fmt: skip

CALLS = [
    (lambda c: c.submit(Job("extend", "/t.mov"), "next"), "POST /v1/jobs?where=next",
     {"task": "extend", "output": "/t.mov"}),
    (lambda c: c.job("j1"), "GET /v1/jobs/j1", None),
    (lambda c: c.cancel("j1"), "POST /v1/jobs/j1/cancel", None),
    (lambda c: c.pause("j1"), "POST /v1/jobs/j1/pause", None),
    (lambda c: c.resume("j1"), "POST /v1/jobs/j1/resume", None),
    (lambda c: c.retry("j1"), "POST /v1/jobs/j1/retry", None),
    (lambda c: c.move("j1", "j2"), "POST /v1/jobs/j1/move", {"before": "j2"}),
]  # fmt: skip


@pytest.mark.parametrize(("call", "asked", "body"), CALLS)
def test_what_is_done_with_a_job(service, call, asked, body):
    service.answers[asked.partition("?")[0]] = ENTRY
    entry = call(service.client)
    assert (entry.id, entry.state, entry.job.task) == ("j1", "queued", "extend")
    method, path, sent = service.asked[-1]
    assert (f"{method} {path}", sent) == (asked, body)


def test_lists_and_takes(service):
    client = service.client
    service.answers |= {
        "GET /v1/jobs": {"jobs": [ENTRY]},
        "GET /v1/takes": {"takes": [TAKE]},
        "GET /v1/takes/j1-1": TAKE,
        "PATCH /v1/takes/j1-1": TAKE,
        "GET /v1/tasks": {"tasks": [{"name": "a", "title": "A", "help": "b"}]},
        "GET /v1/tasks/a": {"name": "a", "title": "A", "help": "b"},
        "GET /v1/models": {"models": [{"name": "starter"}]},
        "POST /v1/queue/pause": {"jobs": []},
        "POST /v1/queue/resume": {"jobs": []},
        "POST /v1/tickets": {"url": "http://127.0.0.1:1/#ticket=x"},
        "GET /v1/system": {"protocol": 1},
        "POST /v1/timelines": {"id": "t-1"},
        "GET /v1/timelines/t-1": {"id": "t-1", "otio": "{}"},
    }
    assert [each.id for each in client.jobs(["queued", "running"], 5)] == ["j1"]
    assert service.asked[-1][1] == "/v1/jobs?state=queued&state=running&limit=5"
    [take] = client.takes("j1", rating="circled", before="j1-9")
    assert service.asked[-1][1] == "/v1/takes?job=j1&rating=circled&limit=100&before=j1-9"
    assert (take.take.seed, take.rating, take.extra["links"]) == (7, "circled", TAKE["links"])
    assert client.take("j1-1") == take
    assert client.rate("j1-1", "") == take
    assert service.asked[-1][2] == {"rating": ""}
    assert client.annotate("j1-1", "late") == take
    assert service.asked[-1][2] == {"note": "late"}
    assert client.tasks() == [client.task("a")]
    assert client.models() == [{"name": "starter"}]
    client.pause_all()
    client.resume_all()
    assert client.dailies().endswith("#ticket=x")
    assert client.system() == {"protocol": 1}
    assert client.submit_timeline(path="/cut.otio", output="/takes") == {"id": "t-1"}
    assert service.asked[-1][2] == {"path": "/cut.otio", "output": "/takes"}
    assert client.timeline("t-1")["otio"] == "{}"


def test_a_file_is_fetched_whole_or_not_at_all(service, tmp_path):
    service.answers["GET /v1/takes/j1-1/media"] = b"moving pictures" * 1000
    path = service.client.fetch("j1-1", tmp_path / "t.mov")
    assert path.read_bytes() == b"moving pictures" * 1000
    with pytest.raises(Problem):
        service.client.fetch("j1-2", tmp_path / "u.mov")
    assert [each.name for each in tmp_path.iterdir()] == ["t.mov"]


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (JobUnknown("There is no job j1", remedy="Look"), 404),
        (StateUnfit("A job that is done cannot be paused"), 409),
        (NotEnoughMemory("Needs 3 GB more", "here", "Shoot smaller"), 503),
        (PathOutside("outside", "/etc"), 403),
    ],
)
def test_a_problem_is_raised_as_the_problem_it_is(service, problem, status):
    service.answers["GET /v1/jobs/j1"] = problem
    service.statuses["GET /v1/jobs/j1"] = status
    with pytest.raises(type(problem)) as raised:
        service.client.job("j1")
    assert raised.value.to_json() == problem.to_json()


def test_a_wrong_token_is_a_problem_with_its_code(service):
    with pytest.raises(Problem) as raised:
        Client(service.client.base, "wrong").jobs()
    assert raised.value.code == "auth.token"


def test_somebody_else_at_the_port_is_said_to_be(service):
    for answer in (b"<html>", [1], b""):
        service.answers["GET /v1/jobs/j1"] = answer
        with pytest.raises(ProgramFault):
            service.client.job("j1")
    service.statuses["GET /v1/jobs/j1"] = 302
    with pytest.raises(ProgramFault):
        service.client.job("j1")


def test_nobody_at_the_port_is_said_to_be():
    from secondunit_panel.testing import ScriptedService

    with ScriptedService() as service:
        client = service.client
    with pytest.raises(ServiceGone) as raised:
        client.jobs()
    assert raised.value.remedy


def test_a_proxy_is_never_asked(service, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    service.answers["GET /v1/jobs/j1"] = ENTRY
    assert service.client.job("j1").id == "j1"


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a?b=c", "a#b", "a b", "ä", ""])
def test_a_name_leads_nowhere_else(service, name):
    with pytest.raises(Problem):
        service.client.job(name)
    path = service.asked[-1][1]
    assert path.startswith("/v1/jobs/")
    assert path.count("/") == 3
    assert not set(path[9:]) & set("?#")


class Hearing:
    """Hears events in a thread, as a panel does."""

    def __init__(self, client: Client, after: int | None = None, **kinds) -> None:
        self.heard, self.there = [], []
        self.stop = threading.Event()
        self._events = client.events(after, stop=self.stop, connected=self.there.append, **kinds)
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        for told in self._events:
            self.heard.append((told.id, told.event.kind))

    def until(self, holds) -> None:
        end = time.monotonic() + 15
        while not holds(self):
            assert time.monotonic() < end, (self.heard, self.there)
            time.sleep(0.01)


def test_events_are_heard_as_they_come(service):
    hearing = Hearing(service.client)
    assert service.wait_for_listeners(1)
    service.tell(Event("queued", "j1"))
    service.tell(Event("progress", "j1", done=1, total=4), kept=False)
    service.tell(Event("done", "j1"))
    hearing.until(lambda h: len(h.heard) == 3)
    assert hearing.heard == [(1, "queued"), (0, "progress"), (2, "done")]
    hearing.stop.set()


def test_what_was_missed_is_heard_after_a_break_and_nothing_twice(service):
    hearing = Hearing(service.client)
    assert service.wait_for_listeners(1)
    service.tell(Event("queued", "j1"))
    hearing.until(lambda h: len(h.heard) == 1)
    service.drop()
    service.tell(Event("started", "j1"))
    service.tell(Event("take", "j1"))
    hearing.until(lambda h: len(h.heard) == 3)
    service.tell(Event("done", "j1"))
    hearing.until(lambda h: len(h.heard) == 4)
    assert [id for id, _ in hearing.heard] == [1, 2, 3, 4]
    assert hearing.there[:3] == [True, False, True]
    hearing.stop.set()


def test_a_break_before_anything_was_heard_loses_nothing(service):
    for _ in range(3):
        service.tell(Event("queued", "old"))
    hearing = Hearing(service.client)
    assert service.wait_for_listeners(1)
    hearing.until(lambda h: h.there == [True])
    service.drop()
    service.tell(Event("done", "j1"))
    hearing.until(lambda h: h.heard == [(4, "done")])
    hearing.stop.set()


def test_all_from_the_beginning_can_be_asked_for(service):
    for _ in range(3):
        service.tell(Event("queued", "old"))
    hearing = Hearing(service.client, after=1)
    hearing.until(lambda h: [id for id, _ in h.heard] == [2, 3])
    hearing.stop.set()


def test_a_service_that_was_started_anew_is_found_anew(service):
    from secondunit_panel.testing import ScriptedService

    with ScriptedService(token="other") as second:
        first = service.client
        client = Client(first.base, first.token, lambda: (second.client.base, "other"))
        hearing = Hearing(client)
        assert service.wait_for_listeners(1)
        service.tell(Event("queued", "j1"))
        hearing.until(lambda h: len(h.heard) == 1)
        second.tell(Event("queued", "j1"))
        second.tell(Event("done", "j1"))
        service.drop()
        hearing.until(lambda h: h.heard == [(1, "queued"), (2, "done")])
        hearing.stop.set()


def test_a_stream_in_any_pieces_is_the_same_events():
    raw = b'retry: 1\nid: 4\nevent: take\ndata: {"a": "\xc3\xa4"}\n\n: here\n\ndata: {}\n\n'
    whole = [("take", {"a": "ä"}), ("", {}), ("message", {})]
    for size in (1, 2, 7, 1000):
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        assert list(parsed(iter(pieces))) == whole
