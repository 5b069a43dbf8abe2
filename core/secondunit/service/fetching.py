"""The routes that fetch a model of the catalogue: begun by a person's word, one at a time.

What `secondunit models pull` refuses is refused here, in the same words. Where a licence has to be
agreed to, the answer brings what has to be read first. How far a fetch is stands in `/v1/models`.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from secondunit.service.body import json_object
from secondunit.service.described import DISK_FULL, described
from secondunit.service.problems import Json, refusal
from secondunit.service.schemas import Schema, ref
from secondunit.settings import Settings
from secondunit.weights import fetch
from secondunit.weights.catalogue import Entry, terms_of, wanted
from secondunit.weights.licence import Gate, words
from secondunit.weights.sources import Hub
from secondunit_contract.problem import (
    BadValue,
    LicenceRefused,
    ModelUnknown,
    NetworkLost,
    Problem,
    ProgramFault,
)

_PATIENCE = 5.0  # seconds until a fetch has ended that is to be stopped
_BREAKS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, OSError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip

Name = Annotated[str, Path(max_length=200)]


class _Stopped(Exception):
    """Somebody stopped it."""


class Fetch:
    """One model on its way: how many bytes of how many are here, and why it broke off."""

    def __init__(self, name: str) -> None:
        self.name, self.done, self.total = name, 0, 0
        self.problem: Problem | None = None
        self._stop, self._over = threading.Event(), threading.Event()

    @property
    def over(self) -> bool:
        """Whether it has ended, however it did."""
        return self._over.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stop.is_set()

    def run(self, offer: fetch.Offer, settings: Settings) -> None:
        """Fetch, in a thread of its own."""
        self.done, self.total = offer.plan.here, offer.plan.size

        def work() -> None:
            try:
                fetch.take(offer, Hub(), settings, self._heard)
            except _Stopped:
                pass  # what is here stays, and the next time goes on from there
            except Problem as problem:
                self.problem = problem
            except _BREAKS as error:
                told = f"{type(error).__name__}: {error}"
                self.problem = ProgramFault(told, self.name, "This is our mistake: report it")
            finally:
                self.end()

        threading.Thread(target=work, name="secondunit-fetch", daemon=True).start()

    def stop(self, patience: float) -> None:
        """End soon; waits so many seconds for it."""
        self._stop.set()
        self._over.wait(patience)

    def end(self) -> None:
        """It has ended."""
        self._over.set()

    def told(self) -> dict[str, Any]:
        """How far it is, as it travels."""
        problem = self.problem.to_json() if self.problem is not None else None
        return {"done": self.done, "total": self.total, "problem": problem}

    def _heard(self, done: int, total: int, path: str) -> None:
        if self._stop.is_set():
            raise _Stopped
        self.done, self.total = done, total


class Fetching:
    """The fetch under way in this service, and those that broke off."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._fetches: dict[str, Fetch] = {}
        self._lock = threading.Lock()

    def router(self) -> APIRouter:
        """All routes of fetching."""
        router = APIRouter(tags=["system"])
        body: Schema = {"type": "object", "properties": {"agree": {"type": "boolean"}}}
        begun = {"name": "ltx-2", "fetching": _EXAMPLE}
        router.add_api_route(
            "/models/{name}/fetch",
            self.post,
            methods=["POST"],
            **described(
                "Begin to fetch a model of the catalogue, or go on", _ANSWER, begun,
                _UNKNOWN, _ASTRAY, _LICENCE, _BUSY, DISK_FULL, _NETWORK,
                body=(body, {"agree": True}), needed=False,
            ),
        )  # fmt: skip
        ended = {"name": "ltx-2", "fetching": None}
        router.add_api_route(
            "/models/{name}/fetch",
            self.delete,
            methods=["DELETE"],
            **described(
                "Stop fetching; what is here stays", _ANSWER, ended, _UNKNOWN, _ASTRAY
            ),
        )  # fmt: skip
        return router

    def post(
        self, name: Name, message: Annotated[dict[str, Any], Depends(json_object)]
    ) -> Response:
        """Begin to fetch; of a model that is on its way already, how far it is."""
        agree = message.get("agree", False)
        if not isinstance(agree, bool):
            raise BadValue(f"{agree!r:.60} should be true or false", "agree")
        begun = self.begin(name, agree)
        return Json({"name": begun.name, "fetching": begun.told()})

    def delete(self, name: Name) -> Response:
        """Stop fetching, or forget why it broke off."""
        entry = wanted(name)
        self.stop(entry.name)
        return Json({"name": entry.name, "fetching": self.told(entry.name)})

    def begin(self, name: str, agree: bool) -> Fetch:
        """Fetch a model, once it is clear that it may and can be.

        Raises ModelUnknown and LicenceRefused before anything is asked of the network; what a look
        at the source and the disk tells; model.busy while another one is on its way.
        """
        entry = wanted(name)
        self._refuse_unagreed(entry, agree)
        with self._lock:
            under_way = next((each for each in self._fetches.values() if not each.over), None)
            if under_way is not None:
                if under_way.name != entry.name or under_way.stopping:
                    raise _busy(under_way)
                return under_way
            begun = self._fetches[entry.name] = Fetch(entry.name)
        try:
            offer = fetch.offered(entry.name, entry, Hub(), self._settings)
            offer.plan.refuse_without_room()
            fetch.agree(offer, self._settings)
        except BaseException:
            begun.end()
            self._forget(begun)
            raise
        begun.run(offer, self._settings)
        return begun

    def stop(self, name: str, patience: float = _PATIENCE) -> None:
        """Stop the fetch of that name, if there is one, and forget it once it has ended."""
        known = self._fetches.get(name)
        if known is not None:
            known.stop(patience)
            if known.over:
                self._forget(known)

    def told(self, name: str) -> dict[str, Any] | None:
        """How far a model's fetch is, or why it broke off; None where it is not being fetched."""
        known = self._fetches.get(name)
        if known is None or (known.over and known.problem is None):
            return None
        return known.told()

    def close(self) -> None:
        """Stop all; the next service goes on from there when it is asked to."""
        for name in list(self._fetches):
            self.stop(name, 1.0)

    def _forget(self, known: Fetch) -> None:
        with self._lock:
            if self._fetches.get(known.name) is known:
                del self._fetches[known.name]

    def _refuse_unagreed(self, entry: Entry, agree: bool) -> None:
        gate = Gate.of(self._settings)
        if agree and gate.standing(entry.name, entry.licence) == "asks":
            return
        try:
            gate.refuse(entry.name, entry.title, entry.licence)
        except LicenceRefused as problem:
            if gate.standing(entry.name, entry.licence) == "asks":
                text = words(terms_of(entry.licence), entry.repository)
                problem.extra = {"model": entry.name, "title": entry.title, "words": text}
            raise


def _busy(under_way: Fetch) -> Problem:
    doing = "still being stopped" if under_way.stopping else "being fetched"
    return refusal(
        "model.busy",
        f"{under_way.name} is {doing}, and models are fetched one at a time",
        under_way.name,
        "Wait until it is over, or stop it",
    )


_EXAMPLE = {"done": 1800000000, "total": 9400000000, "problem": None}
_FETCHING: Schema = {
    "type": "object",
    "properties": {
        "done": {"type": "integer"},
        "total": {"type": "integer"},
        "problem": {"anyOf": [ref("Problem"), {"type": "null"}]},
    },
    "required": ["done", "total", "problem"],
}
_ANSWER: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "fetching": {"anyOf": [_FETCHING, {"type": "null"}]},
    },
    "required": ["name", "fetching"],
}
_UNKNOWN = ModelUnknown("The catalogue has no model called x", "It has: ltx-2", "Take one of these")
_ASTRAY = refusal("route.unknown", "There is nothing at this address")
_LICENCE = LicenceRefused(
    "Nobody here has agreed to the licence of LTX-2 yet",
    "LTX-2 Community",
    "Read it and agree: `secondunit models allow ltx-2`",
)
_LICENCE.extra = {"model": "ltx-2", "title": "LTX-2", "words": "LTX-2 Community License\n…"}
_BUSY = refusal("model.busy", "ltx-2 is being fetched, and models are fetched one at a time")
_NETWORK = NetworkLost("It broke off: no answer", "the hub", "Fetch again: it goes on where it was")
