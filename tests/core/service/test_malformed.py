"""Malformed requests, some thousands of them: never a fault of ours, never a wait."""

from __future__ import annotations

import json
import logging
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

REQUESTS = 2000
BROKEN_JSON = [
    b"", b"{", b"[", b'{"task":', b"nul", b"\xff\xfe", b"\x00", b'{"task": "extend",}', b"'x'",
    b'"\\ud800"', b'{"task": "\\udfff", "output": "/tmp/x"}', b"NaN", b'{"seed": Infinity}',
    b"1e999", b"[" * 5000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"[1]", b"3", b"true", b"null",
    b'{"task": "extend", "output": "/tmp/x", "seed": ' + b"9" * 5000 + b"}",
    b'{"task": "extend", "output": "/tmp/x", "takes": 1e308}', b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/timelines", "/v1/jobs/x/move"])
@pytest.mark.parametrize("body", BROKEN_JSON, ids=lambda body: repr(body[:18]))
def test_what_is_no_json_is_refused(ask, path, body):
    told = ask("POST", path, body)
    assert 400 <= told.status < 500
    assert told.code in ("value.wrong", "job.unknown")


@pytest.mark.parametrize(("levels", "status"), [(50, 201), (61, 422), (300, 422)])
def test_what_is_nested_too_deeply_is_refused(ask, tmp_path, levels, status):
    deep: dict = {}
    for _ in range(levels):
        deep = {"a": deep}
    told = ask("POST", "/v1/jobs", ask.job(tmp_path) | {"lens": [[[[deep]]]]})
    assert told.status == status
    assert status == 201 or "nested" in told.json["what"]


WRONG = [
    None, True, -1, 2**80, 1.5, "", "x", "/etc/passwd", "\x00", "a" * 4000, [], {}, [[]],
    {"media": 3}, {"media": "/x", "range": "9-1"}, {"media": "/x", "range": "1-99999999999999999"},
    {"media": "/x", "rate": "0/0"}, {"media": "/x", "rate": -24}, {"plate": {"media": ""}},
    {"plate": {"media": "\x00"}}, {"plate": None}, "١٢", "../../x", "{take}", "%00", "\U0001f3ac",
]  # fmt: skip
FIELDS = ["task", "output", "id", "inputs", "values", "model", "seed", "takes", "first_take",
          "steps", "guidance", "codec", "otio", "path", "folder", "before", "rating",
          "note"]  # fmt: skip
PATHS = [
    "/v1/jobs", "/v1/timelines", "/v1/jobs/{}/move", "/v1/jobs/{}/cancel", "/v1/takes/{}",
    "/v1/queue/{}", "/v1/takes?limit={}", "/v1/jobs?state={}", "/v1/events?after={}",
    "/v1/takes/{}/media?key={}", "/v1/tasks/{}", "/v1/timelines/{}", "/{}", "/v1/jobs/{}/preview",
    "/v1/takes?before={}", "/v1/takes?rating={}", "/v1/tickets/redeem",
    "/v1/models/{}/fetch",
]  # fmt: skip
NAMES = ["x", "", "..", "%2e%2e%2f%2e%2e", "%00", "%ff%fe", "a" * 3000, "-1", "1e9", "9" * 30,
         "%F0%9F%8E%AC", "'; DROP TABLE jobs; --".replace(" ", "%20"), "{}",
         "%0d%0aX:%20y"]  # fmt: skip
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"]


def raw_request(chance: random.Random, token: str, port: int) -> bytes:
    """A request that is wrong in some way, as it goes over the wire."""
    method = chance.choice(["POST", "POST", "PATCH", *METHODS])
    path = chance.choice(PATHS).format(*chance.choices(NAMES, k=2))
    fields = chance.sample(FIELDS, chance.randrange(len(FIELDS)))
    body = json.dumps({each: chance.choice(WRONG) for each in fields}).encode()
    if chance.random() < 0.3:
        body = bytearray(body)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        body = bytes(body)
    headers = {
        "Host": f"127.0.0.1:{port}",
        "Authorization": f"Bearer {token}",
        "Content-Type": chance.choice(["application/json", "text/plain", "application/zip", "é"]),
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    odd = chance.random()
    if odd < 0.05:
        headers["Content-Length"] = chance.choice(["-1", "x", "1" * 40, "1, 2"])
    elif odd < 0.1:
        del headers["Content-Length"]
        headers["Transfer-Encoding"] = chance.choice(["chunked", "gzip", "x"])
        body = chance.choice([b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"0\r\n\r\n"])
    elif odd < 0.15:
        headers["Last-Event-ID"] = chance.choice(["x", "-5", "9" * 40, "\x7f"])
    elif odd < 0.2:
        headers["Range"] = chance.choice(["bytes=9-1", "bytes=-", "x", "bytes=0-0,1-1,2-2"])
    head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "replace") + body


def answered(port: int, request: bytes) -> bytes:
    """The first line of the answer; b"" where the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        raw.settimeout(10)
        try:
            raw.sendall(request)
            raw.shutdown(socket.SHUT_WR)
            return raw.recv(4096).partition(b"\r\n")[0]
        except (BrokenPipeError, ConnectionResetError):
            return b""


def test_thousands_of_malformed_requests_are_answered_and_never_by_a_fault(ask):
    chance = random.Random(5)
    port, token = ask.service.port, ask.service.keys.token
    statuses: dict[bytes, int] = {}
    for number in range(REQUESTS):
        request = raw_request(chance, token, port)
        before = time.monotonic()
        line = answered(port, request)
        assert time.monotonic() - before < 10, request[:300]
        status = line.split(b" ")[1][:1] if line else b"closed"
        assert status != b"5", (number, line, request[:600])
        statuses[status] = statuses.get(status, 0) + 1
    assert statuses[b"4"] > REQUESTS / 2
    assert ask("GET", "/v1/jobs").status == 200


def begun(ask) -> bytes:
    """A request that says it brings more than it does."""
    return (
        f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{ask.service.port}\r\n"
        f"Authorization: Bearer {ask.service.keys.token}\r\nContent-Length: 900\r\n\r\n{{"
    ).encode()


def test_a_request_that_never_ends_holds_nobody_up(ask):
    with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
        raw.sendall(begun(ask))
        assert ask("GET", "/v1/jobs").status == 200


def test_a_request_that_comes_too_slowly_is_told_so(ask, monkeypatch):
    monkeypatch.setattr("secondunit.service.body._PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
        raw.sendall(begun(ask))
        answer = raw.recv(65536)
    assert b" 408 " in answer.partition(b"\r\n")[0]


@contextmanager
def faults_told() -> Iterator[list[str]]:
    """What the server and the loop beneath it complain of, in the meantime."""
    told: list[str] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                told.append(f"{record.getMessage()}: {record.exc_info}")

    hearing = Hearing()
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    for each in loggers:
        each.addHandler(hearing)
    try:
        yield told
    finally:
        for each in loggers:
            each.removeHandler(hearing)


@pytest.mark.parametrize("close", ["", "Connection: close\r\n"])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("path", "known", "statuses"),
    [("/v1/jobs", False, "400 401"), ("/v1/nothing", True, "400 404"), ("/v1/jobs", True, "400")],
)
def test_a_piece_that_is_none_is_no_fault_whatever_is_answered(
    ask, path, known, statuses, later, close
):
    """A request may be refused before all of it has come, and what then comes be no piece."""
    token = f"Authorization: Bearer {ask.service.keys.token}\r\n" if known else ""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{ask.service.port}\r\n{token}{close}"
    parts = [f"{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".encode(), b"zz\r\n"]
    with faults_told() as faults:
        with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
            for part in parts if later else [b"".join(parts)]:
                raw.sendall(part)
                ask("GET", "/v1/health")  # the first part has been looked at by then
            answers = b"".join(iter(lambda: raw.recv(65536), b""))
        assert ask("GET", "/v1/health").status == 200
    assert faults == []
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers[9:12].decode() in statuses.split()


def test_a_request_in_pieces_that_never_ends_is_refused_all_the_same(ask, monkeypatch):
    monkeypatch.setattr("secondunit.service.arriving._PATIENCE", 0.1)
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{ask.service.port}\r\n"
    with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
        raw.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhel".encode())
        answers = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answers.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answers.lower()


def test_a_request_that_breaks_off_is_no_fault(ask):
    with faults_told() as faults:
        with socket.create_connection(("127.0.0.1", ask.service.port), 10) as raw:
            raw.sendall(begun(ask))
            ask("GET", "/v1/health")
        for _ in range(3):
            assert ask("GET", "/v1/health").status == 200
    assert faults == []
