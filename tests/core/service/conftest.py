"""A real service with a scripted worker, and a way to ask it anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from secondunit.service.testing import Served, served
from secondunit_contract.job import Job
from secondunit_contract.wire import to_json


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem told."""
        assert self.json.keys() >= {"code", "what", "where", "remedy"}
        return str(self.json["code"])


class Asking:
    """Asks a service, as a program on this machine does."""

    def __init__(self, service: Served) -> None:
        self.service = service

    def __call__(
        self, method: str, path: str, body: Any = None, token: str | None = "", **headers: str
    ) -> Answer:
        """`body` as it is where it is bytes, else as JSON; `token` None sends none."""
        token = self.service.keys.token if token == "" else token
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            told = {key.lower(): value for key, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def job(self, folder: Path, name: str = "shot", **fields: Any) -> dict[str, Any]:
        """A job as it is sent."""
        usual = {"values": {"tail": 2}, "takes": 1}
        return to_json(Job("extend", str(folder / f"{name}_t{{take}}.mov"), **usual | fields))

    def until(self, id: str, *states: str) -> dict[str, Any]:
        """The job when it has come to one of these states."""
        end = time.monotonic() + 20
        while (told := self("GET", f"/v1/jobs/{id}").json)["state"] not in states:
            assert time.monotonic() < end, told
            time.sleep(0.01)
        return told

    def shot(self, folder: Path, **fields: Any) -> str:
        """The id of a job that has been shot."""
        told = self("POST", "/v1/jobs", self.job(folder, **fields))
        assert told.status == 201, told.body
        assert self.until(told.json["id"], "done", "failed")["state"] == "done"
        return str(told.json["id"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service for the tests of one file."""
    with served(tmp_path_factory.mktemp("service") / "data") as service:
        yield service


@pytest.fixture
def ask(service: Served) -> Asking:
    return Asking(service)


@pytest.fixture(scope="session")
def asking() -> Callable[[Served], Asking]:
    """How any service is asked."""
    return Asking
