"""Talking to an engine: to its one address, never through a proxy, never on to where it points.

All that goes wrong is said in plain words.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from secondunit.callsheet import Watch
from secondunit.media.refusals import writing
from secondunit.models.external.described import Engine
from secondunit_contract.problem import BadValue, EngineAway, EngineRefused, PartMissing

_CONNECT, _ANSWER = 5.0, 60.0  # seconds; an engine that loads a model answers late
_PIECE = 1 << 20
_LONGEST = 300  # letters of what an engine says


class Wire:
    """The way to one engine."""

    def __init__(self, engine: Engine) -> None:
        try:
            import requests
        except ImportError as error:
            raise PartMissing(
                "The library that speaks to engines is not installed",
                "requests",
                'Install it: pip install "secondunit[models]"',
            ) from error
        engine.address.refuse_open()
        self.title, self.url = engine.title, engine.address.url
        self._lost = requests.RequestException
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor passwords of the environment
        token = _token(engine)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session.headers.update(self.headers)

    def call(self, method: str, path: str, answer: float = _ANSWER, **more: Any) -> Any:
        """Its answer, read whole, if it is a good one.

        Raises EngineAway where none comes, EngineRefused where it says no.
        """
        try:
            answered = self._session.request(
                method,
                self.url + path,
                timeout=(_CONNECT, answer),
                allow_redirects=False,
                **more,
            )
        except self._lost as error:
            raise self._away(error) from error
        self._refuse_no(answered)
        return answered

    def told(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Its answer as a table. Raises EngineAway, EngineRefused."""
        answered = self.call(method, path, **more)
        try:
            told = answered.json()
        except ValueError as error:
            raise self.nonsense(answered.text) from error
        if not isinstance(told, dict):
            raise self.nonsense(answered.text)
        return told

    def fetch(self, path: str, into: Path, watch: Watch, **more: Any) -> Path:
        """A file of its, on disk. Raises EngineAway, EngineRefused, DiskFull."""
        try:
            with self._session.get(
                self.url + path,
                timeout=(_CONNECT, _ANSWER),
                allow_redirects=False,
                stream=True,
                **more,
            ) as answered:
                self._refuse_no(answered)
                with writing(into), into.open("wb") as file:
                    for piece in self._pieces(answered):
                        watch.check()
                        file.write(piece)
        except self._lost as error:
            raise self._away(error) from error
        return into

    def nonsense(self, said: str) -> EngineRefused:
        """The problem of an answer that means nothing."""
        return EngineRefused(
            f"{self.title} answered what nobody understands: {said!r:.120}",
            self.url,
            "Is it really that kind of engine that is at this address?",
        )

    def _pieces(self, answered: Any) -> Any:
        """What comes, piece by piece: an engine that goes is no fault of the disk."""
        try:
            yield from answered.iter_content(_PIECE)
        except self._lost as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> EngineAway:
        late = "Timeout" in type(error).__name__
        return EngineAway(
            f"{self.title} does not answer" + (" in time" if late else ""),
            self.url,
            "Start it, or correct the address in its description",
        )

    def _refuse_no(self, answered: Any) -> None:
        status = answered.status_code
        if status < 300:
            return
        if status < 400:
            raise EngineRefused(
                f"{self.title} sends us on to another address; nobody is followed",
                self.url,
                "Write the address it is really at",
            )
        refused = EngineRefused(
            f"{self.title} refused ({status}): {_said(answered)}",
            self.url,
            "What it says tells what is wrong; its own window or log tells more",
        )
        refused.extra["status"] = status
        raise refused


def _said(answered: Any) -> str:
    """What an engine says of a refusal: in the words of FastAPI, OpenAI, ComfyUI or anybody."""
    try:
        told = answered.json()
    except ValueError:
        return str(answered.text).strip()[:_LONGEST] or str(answered.reason)
    return plain(told)


def plain(told: Any) -> str:
    """What is told of an error, in one line."""
    if isinstance(told, dict):
        faults = _node_faults(told.get("node_errors"))
        if faults:
            return "; ".join(faults)[:_LONGEST]
        for key in ("error", "message", "detail", "details", "msg"):
            if told.get(key):
                return plain(told[key])
    if isinstance(told, list) and told:
        return "; ".join(plain(each) for each in told)[:_LONGEST]
    return str(told)[:_LONGEST]


def _node_faults(told: Any) -> list[str]:
    if not isinstance(told, dict):
        return []
    return [
        f"node {key} ({node.get('class_type', '?')}): {fault.get('message', '')}"
        + (f", {fault['details']}" if fault.get("details") else "")
        for key, node in told.items()
        if isinstance(node, dict)
        for fault in node.get("errors", ())
        if isinstance(fault, dict)
    ]


def _token(engine: Engine) -> str:
    name = engine.told.token_in
    if name and not os.environ.get(name):
        raise BadValue(
            f"There is no {name} in the environment, where the engine's token should be",
            str(engine.path),
            "Set it, or take token_in out of the description",
        )
    return os.environ.get(name, "") if name else ""
