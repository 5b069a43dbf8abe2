"""The client: asks the service, one method a route, and hears its events without a gap."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.problem import MachineProblem, Problem, ProgramFault, problem_from_json
from secondunit_contract.queue import Entry, Rating, State, TakeEntry, Told, Where
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import from_json, to_json

if TYPE_CHECKING:  # it takes a quarter of a second to come, and a panel is drawn before
    import requests

PROTOCOL = 1
"""The number of the language spoken here. A service of another number is not asked."""

_CONNECT = 5.0  # seconds
_ANSWER = 60.0  # seconds; a long cut takes a while to be read
_SILENCE = 45.0  # seconds; the service says something every 15
_LONGEST_WAIT = 10.0  # seconds between two tries to come back
_BLOCK = 1 << 20

Layer = Literal["colour", "alpha"]

Address = Callable[[], "tuple[str, str]"]


class ServiceGone(MachineProblem):
    """The service does not answer."""

    code = "service.gone"


class Client:
    """The service at an address, asked with its token. May be used from several threads.

    `find` gives the address and the token anew, for a service that was started again meanwhile. All
    methods raise the Problems the service tells, and ServiceGone where it does not answer.
    """

    def __init__(self, base: str, token: str, find: Address | None = None) -> None:
        self.base, self.token, self._find = base.rstrip("/"), token, find

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *told: object) -> None:
        """Nothing is held between two questions."""

    # the machine

    def health(self) -> dict[str, Any]:
        """That it is there, and its protocol."""
        return self._asked("GET", "/v1/health")

    def system(self) -> dict[str, Any]:
        """The machine, versions, and what is missing."""
        return self._asked("GET", "/v1/system")

    def models(self) -> list[dict[str, Any]]:
        """Every model: its card, whether it is installed, and whether it fits."""
        return list(self._asked("GET", "/v1/models")["models"])

    def fetch_model(self, name: str, agree: bool = False) -> dict[str, Any]:
        """Begin to fetch a model of the catalogue, or go on; its name and how far it is. `agree`
        says that somebody has read its licence and agrees. Raises LicenceRefused where that is
        needed, with the words to be read in `extra`.
        """
        return self._asked("POST", f"/v1/models/{_part(name)}/fetch", {"agree": agree})

    def stop_fetching(self, name: str) -> None:
        """Stop fetching a model. What is here stays, and the next time goes on from there."""
        self._asked("DELETE", f"/v1/models/{_part(name)}/fetch")

    def dailies(self) -> str:
        """An address that opens the dailies page, once, within a minute."""
        return str(self._asked("POST", "/v1/tickets")["url"])

    def tasks(self) -> list[TaskCard]:
        """Every task."""
        return [from_json(TaskCard, each) for each in self._asked("GET", "/v1/tasks")["tasks"]]

    def task(self, name: str) -> TaskCard:
        """One task. Raises TaskUnknown."""
        return from_json(TaskCard, self._asked("GET", f"/v1/tasks/{_part(name)}"))

    # jobs

    def submit(self, job: Job, where: Where = "back") -> Entry:
        """Queue a job."""
        return _entry(self._asked("POST", "/v1/jobs", to_json(job), where=where))

    def jobs(self, states: Sequence[State] = (), limit: int = 200) -> list[Entry]:
        """The queue, in its order."""
        told = self._asked("GET", "/v1/jobs", state=list(states), limit=limit)
        return [_entry(each) for each in told["jobs"]]

    def job(self, id: str) -> Entry:
        """One job. Raises JobUnknown."""
        return _entry(self._asked("GET", f"/v1/jobs/{_part(id)}"))

    def cancel(self, id: str) -> Entry:
        """Stop a job."""
        return self._acted(id, "cancel")

    def pause(self, id: str) -> Entry:
        """Put a job aside."""
        return self._acted(id, "pause")

    def resume(self, id: str) -> Entry:
        """Let a paused job go on."""
        return self._acted(id, "resume")

    def retry(self, id: str) -> Entry:
        """Queue a job again."""
        return self._acted(id, "retry")

    def move(self, id: str, before: str | None = None) -> Entry:
        """Move a job before another; to the end without one."""
        return _entry(self._asked("POST", f"/v1/jobs/{_part(id)}/move", {"before": before}))

    def pause_all(self) -> None:
        """Pause the queue: the machine's memory is free soon after."""
        self._asked("POST", "/v1/queue/pause")

    def resume_all(self) -> None:
        """Let the queue go on."""
        self._asked("POST", "/v1/queue/resume")

    # takes

    def takes(
        self,
        job: str | None = None,
        rating: Rating | None = None,
        limit: int = 100,
        before: str | None = None,
    ) -> list[TakeEntry]:
        """Takes, the latest first; `before` is the id of the last one had."""
        told = self._asked("GET", "/v1/takes", job=job, rating=rating, limit=limit, before=before)
        return [_take(each) for each in told["takes"]]

    def take(self, id: str) -> TakeEntry:
        """One take. Raises TakeUnknown."""
        return _take(self._asked("GET", f"/v1/takes/{_part(id)}"))

    def rate(self, id: str, rating: Rating) -> TakeEntry:
        """Circle a take, reject it, or neither."""
        return _take(self._asked("PATCH", f"/v1/takes/{_part(id)}", {"rating": rating}))

    def annotate(self, id: str, note: str) -> TakeEntry:
        """Write a note to a take."""
        return _take(self._asked("PATCH", f"/v1/takes/{_part(id)}", {"note": note}))

    def fetch(self, id: str, target: Path, what: str = "media") -> Path:
        """A take's media, sheet or preview, into a file; where paths are shared none is needed."""
        import requests

        part = target.with_name(f".{target.name}.part")
        with self._answer(
            "GET", f"/v1/takes/{_part(id)}/{what}", stream=True, patience=_ANSWER * 10
        ) as answer:
            try:
                with part.open("wb") as file:
                    for block in answer.iter_content(_BLOCK):
                        file.write(block)
                part.replace(target)
            except requests.RequestException as error:
                raise _gone(self.base) from error
            finally:
                part.unlink(missing_ok=True)
        return target

    def pictures(
        self, clip: Clip, frames: FrameRange, side: int = 960, layer: Layer = "colour"
    ) -> Iterator[bytes]:
        """Those frames of a clip, each as a JPEG file of at most `side` pixels, as they are made.

        The alpha alone is grey, white where the media has none.
        """
        import requests

        body = {"clip": to_json(replace(clip, range=frames)), "side": side, "layer": layer}
        with self._answer("POST", "/v1/pictures", body, stream=True) as answer:
            try:
                yield from framed(answer.iter_content(_BLOCK), len(frames))
            except (requests.RequestException, EOFError) as error:
                raise _gone(self.base) from error

    # timelines

    def submit_timeline(self, **order: Any) -> dict[str, Any]:
        """Queue the requests of a cut: `otio` its text or `path` its place, `output` a folder."""
        return self._asked("POST", "/v1/timelines", order)

    def timeline(self, id: str) -> dict[str, Any]:
        """How far a timeline is, and the cut with its takes as `otio`."""
        return self._asked("GET", f"/v1/timelines/{_part(id)}")

    # events

    def events(
        self,
        after: int | None = None,
        job: str = "",
        stop: threading.Event | None = None,
        connected: Callable[[bool], None] | None = None,
    ) -> Iterator[Told]:
        """Events as they happen, from the one after `after` on; None: from now on.

        Goes on when the service was away, with what was missed; ends when `stop` is set, within
        some seconds. `connected` is called whenever the service has come or gone.
        """
        stop = stop or threading.Event()
        heard, wait = after, 0.25
        while not stop.is_set():
            try:
                for kind, told in self._stream(heard, job):
                    if stop.is_set():
                        return
                    wait = 0.25
                    if kind == "hello":
                        last = int(told.get("last", 0))
                        heard = last if heard is None else min(heard, last)
                        _call(connected, True)
                    elif kind:
                        event = from_json(Told, told)
                        heard = max(heard or 0, event.id)
                        yield event
            except ServiceGone:
                _call(connected, False)
            stop.wait(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
            self._look_again()

    def _stream(self, after: int | None, job: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(kind, data) of each event of one connection; ("", {}) for a sign of life."""
        import requests

        headers = {} if after is None else {"Last-Event-ID": str(after)}
        with self._answer(
            "GET", "/v1/events", headers=headers, stream=True, patience=_SILENCE, job=job or None
        ) as answer:
            try:
                yield from parsed(answer.iter_content(None))
            except (requests.RequestException, ValueError) as error:
                raise _gone(self.base) from error
        raise _gone(self.base)

    def _look_again(self) -> None:
        if self._find is not None:
            try:
                self.base, self.token = self._find()
            except Problem:
                return  # it is still away

    # how

    def _acted(self, id: str, act: str) -> Entry:
        return _entry(self._asked("POST", f"/v1/jobs/{_part(id)}/{act}"))

    def _asked(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        with self._answer(method, path, body, **query) as answer:
            try:
                told = answer.json()
            except ValueError as error:
                raise _not_ours(self.base) from error
            if not isinstance(told, dict):
                raise _not_ours(self.base)
            return told

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        stream: bool = False,
        patience: float = _ANSWER,
        **query: Any,
    ) -> Iterator[requests.Response]:
        """An answer that is none of a problem. Raises the Problem it tells, or ServiceGone."""
        import requests

        with requests.Session() as session:
            session.trust_env = False  # a proxy knows nothing of this machine
            try:
                answer = session.request(
                    method,
                    self.base + path,
                    params={key: each for key, each in query.items() if each not in (None, [])},
                    json=body,
                    headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
                    stream=stream,
                    timeout=(_CONNECT, patience),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise _gone(self.base) from error
            with answer:
                if answer.status_code >= 300:
                    raise _told(answer)
                yield answer


def framed(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """As many files from a stream in which each stands behind its length. Raises EOFError where
    it ends before.
    """
    held = bytearray()

    def taken(size: int) -> bytes:
        while len(held) < size:
            block = next(blocks, b"")
            if not block:
                raise EOFError
            held.extend(block)
        told = bytes(held[:size])
        del held[:size]
        return told

    for _ in range(count):
        yield taken(int.from_bytes(taken(4), "big"))


def parsed(blocks: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind, data) of each server-sent event in a stream; ("", {}) for what is only a comment."""
    waiting = b""
    for block in blocks:
        waiting += block
        *whole, waiting = waiting.split(b"\n\n")
        for each in whole:
            fields: dict[str, str] = {}
            for line in each.decode("utf-8").split("\n"):
                key, _, value = line.partition(":")
                fields[key] = value[1:] if value.startswith(" ") else value
            if "data" in fields:
                yield fields.get("event", "message"), json.loads(fields["data"])
            else:
                yield "", {}


def _told(answer: requests.Response) -> Problem:
    import requests

    try:
        message = answer.json()
        if isinstance(message, dict) and "code" in message:
            return problem_from_json(message)
    except (ValueError, requests.RequestException):
        pass
    return _not_ours(answer.url)


def _not_ours(where: str) -> Problem:
    return ProgramFault(
        "Something answers there that is no Second Unit", where, "Start the service again"
    )


def _gone(base: str) -> ServiceGone:
    return ServiceGone(
        "The engine does not answer", base, "It is looked for again; nothing is lost"
    )


def _call(listener: Callable[[bool], None] | None, there: bool) -> None:
    if listener is not None:
        listener(there)


def _entry(message: dict[str, Any]) -> Entry:
    return from_json(Entry, message)


def _take(message: dict[str, Any]) -> TakeEntry:
    return from_json(TakeEntry, message)


def _part(name: str) -> str:
    """A name as a part of an address; one that would lead elsewhere is none."""
    return quote(name, safe="") if name.strip(".") else "%20"
