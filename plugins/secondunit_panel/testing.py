"""A scripted service, to test panels with: what it answers is what it was told to answer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from secondunit_contract.job import Event
from secondunit_contract.problem import Problem
from secondunit_contract.queue import Told
from secondunit_contract.wire import to_json
from secondunit_panel.client import PROTOCOL, Client


class ScriptedService:
    """An HTTP server in this process that speaks as the service does.

        with ScriptedService() as service:
            service.answers["GET /v1/jobs"] = {"jobs": []}
            service.tell(Event("done", "j1"))

    `answers` holds JSON, or a Problem with its status in `statuses`, or what makes either of a
    request's body; `asked` what was asked, as (method, path, body); `told` every event. `drop` cuts
    all that are listening off.
    """

    def __init__(self, token: str = "scripted", protocol: int = PROTOCOL) -> None:
        self.token, self.protocol = token, protocol
        self.answers: dict[str, Any] = {}
        self.statuses: dict[str, int] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.told: list[Told] = []
        self.stirred = threading.Condition()
        self.round = 0  # of listeners; those of an earlier one were cut off
        self.listeners = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.daemon = True

    def __enter__(self) -> ScriptedService:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def client(self) -> Client:
        """A client of it."""
        return Client(f"http://127.0.0.1:{self.port}", self.token)

    def tell(self, event: Event, kept: bool = True) -> Told:
        """Tell an event to all that listen; one that is not kept cannot be asked for later."""
        with self.stirred:
            known = sum(bool(each.id) for each in self.told)
            told = Told(known + 1 if kept else 0, 0.0, event)
            self.told.append(told)
            self.stirred.notify_all()
        return told

    def drop(self) -> None:
        """Cut off all that listen, as a service does that dies."""
        with self.stirred:
            self.round += 1
            self.stirred.notify_all()

    def wait_for_listeners(self, count: int, patience: float = 10.0) -> bool:
        """Whether so many listen, after waiting for at most so many seconds."""
        with self.stirred:
            return self.stirred.wait_for(lambda: self.listeners >= count, patience)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: ScriptedService


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PATCH(self) -> None:
        self._do()

    def do_DELETE(self) -> None:
        self._do()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said aside."""

    @property
    def _script(self) -> ScriptedService:
        return cast(_Server, self.server).script

    def _do(self) -> None:
        script, path = self._script, urlsplit(self.path).path
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        script.asked.append((self.command, self.path, body))
        if path == "/v1/health":
            self._send({"service": "secondunit", "protocol": script.protocol})
        elif self.headers.get("Authorization") != f"Bearer {script.token}":
            refused = Problem("Without its token the service does nothing")
            refused.code = "auth.token"
            self._send(refused.to_json(), 401)
        elif path == "/v1/events":
            self._stream()
        else:
            self._scripted(f"{self.command} {path}", body)

    def _scripted(self, key: str, body: Any) -> None:
        answer = self._script.answers.get(key)
        if callable(answer):
            answer = answer(body)
        if answer is None:
            answer = Problem("There is nothing at this address", key)
            answer.code = "route.unknown"
        told = answer.to_json() if isinstance(answer, Problem) else answer
        usual = 404 if isinstance(answer, Problem) else 200
        self._send(told, self._script.statuses.get(key, usual))

    def _send(self, told: Any, status: int = 200) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        script = self._script
        asked = parse_qs(urlsplit(self.path).query).get("after", [None])[0]
        after = self.headers.get("Last-Event-ID", asked)
        with script.stirred:
            mine, place = script.round, 0 if after is not None else len(script.told)
            last = sum(bool(each.id) for each in script.told)
            script.listeners += 1
            script.stirred.notify_all()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        try:
            self._say(f'event: hello\ndata: {{"protocol":{script.protocol},"last":{last}}}')
            while True:
                with script.stirred:
                    if script.round == mine and len(script.told) == place:
                        script.stirred.wait(5.0)
                    fresh, place = script.told[place:], len(script.told)
                    if script.round != mine:
                        return
                for each in fresh:
                    if not each.id or each.id > int(after or 0):
                        known = f"id: {each.id}\n" if each.id else ""
                        self._say(
                            f"{known}event: {each.event.kind}\ndata: {json.dumps(to_json(each))}"
                        )
        except OSError:
            return  # whoever listened has gone
        finally:
            with script.stirred:
                script.listeners -= 1

    def _say(self, text: str) -> None:
        line = text.encode() + b"\n\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()
