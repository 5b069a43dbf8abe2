"""The routes about this machine: what it has, what is missing, which models, and the way in."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import webbrowser
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from secondunit import models
from secondunit.callsheet import ModelCard
from secondunit.service import PROTOCOL
from secondunit.service.auth import Keys
from secondunit.service.body import json_object, text_of
from secondunit.service.described import described
from secondunit.service.events import Hub
from secondunit.service.fetching import Fetching
from secondunit.service.problems import Json, refusal
from secondunit.service.roots import Roots
from secondunit.service.schemas import Schema
from secondunit.settings import Settings
from secondunit.weights.catalogue import RUNGS, entries, terms_of
from secondunit.weights.licence import Gate
from secondunit.weights.pull import free_bytes
from secondunit_contract.problem import Problem

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit

_PARTS = {
    "torch": ("models", "torch"),
    "diffusers": ("models", "diffusers"),
    "transformers": ("models", "transformers"),
    "av": ("movies", "av"),
    "OpenImageIO": ("stills and sequences", "OpenImageIO"),
    "PyOpenColorIO": ("colour", "opencolorio"),
    "scipy": ("mattes", "scipy"),
}  # module: what it is for, and the name it is installed by
_ROOM_GB = 5
_OBJECT: Schema = {"type": "object"}


class System:
    """What there is to know of this machine and its models."""

    def __init__(
        self,
        unit: Unit,
        settings: Settings,
        roots: Roots,
        hub: Hub,
        keys: Keys,
        fetching: Fetching,
    ) -> None:
        self._unit, self._settings, self._roots = unit, settings, roots
        self._hub, self._keys, self._fetching = hub, keys, fetching

    def router(self) -> APIRouter:
        """All routes about the machine."""
        router = APIRouter(tags=["system"])
        here = {"service": "secondunit", "protocol": PROTOCOL}
        router.add_api_route(
            "/health", self.health, **described("Whether the service is here", _OBJECT, here)
        )
        router.add_api_route(
            "/system",
            self.system,
            **described("The machine, versions, and what is missing", _OBJECT, _SYSTEM),
        )
        router.add_api_route(
            "/models",
            self.models,
            **described("Every model, and whether it fits here", _OBJECT, {"models": [_MODEL]}),
        )
        used = refusal("auth.token", "This link has been used, or is too old")
        router.add_api_route(
            "/tickets",
            self.ticket,
            methods=["POST"],
            **described("A link to the dailies that works once", _OBJECT, _LINK, status=201),
        )
        schema = {
            "type": "object",
            "properties": {"ticket": {"type": "string"}},
            "required": ["ticket"],
        }
        router.add_api_route(
            "/tickets/redeem",
            self.redeem,
            methods=["POST"],
            **described(
                "The token, for a ticket", _OBJECT, {"token": "…"}, used,
                body=(schema, {"ticket": "…"}),
            ),
        )  # fmt: skip
        return router

    async def health(self) -> Response:
        """That we are here, and which protocol we speak; no more, as everybody may ask."""
        return Json({"service": "secondunit", "protocol": PROTOCOL})

    def system(self) -> Response:
        """What the machine has, and what to do about what it lacks."""
        return Json(
            {
                "protocol": PROTOCOL,
                "version": version(),
                "python": platform.python_version(),
                "machine": self._unit.machine(),
                "room": {"fetched": _room()},
                "checks": checks(self._settings),
                "listeners": self._hub.listeners,
                "folders": {"data": str(self._settings.data), "models": str(self._settings.models)},
                "roots": {"opened": list(self._roots.opened), "closed": list(self._roots.closed)},
            }
        )

    def models(self) -> Response:
        """Models that are here, broken ones with why, and public ones that could be."""
        room = _memory_gb(self._unit.machine())
        listed = models.listing(self._settings.model_folders())
        gate = Gate.of(self._settings)
        told = [
            _told(each.card, True, room, gate)
            if each.card
            else {"name": each.name, "installed": True, "fault": each.fault}
            for each in listed
        ]
        here = {each.name for each in listed}
        elsewhere = [card for card in models.known() if card.name not in here]
        told += [_told(card, False, room, gate) for card in elsewhere]
        told = [each | {"fetching": self._fetching.told(str(each["name"]))} for each in told]
        return Json({"models": told})

    async def ticket(self, request: Request) -> Response:
        """A link to the dailies page. It works once, within a minute."""
        host, port = request.scope["server"]
        return Json({"url": f"http://{host}:{port}/#ticket={self._keys.ticket()}"}, 201)

    async def redeem(self, message: Annotated[dict[str, Any], Depends(json_object)]) -> Response:
        """The token for a ticket."""
        return Json({"token": self._keys.redeem(text_of(message, "ticket"))})


def version() -> str:
    """The version of this program."""
    try:
        return importlib.metadata.version("secondunit")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def checks(settings: Settings) -> list[dict[str, str]]:
    """What is here and what is missing, with remedies. Loads nothing: models are the worker's."""
    found = [_part(module, use, name) for module, (use, name) in _PARTS.items()]
    free = shutil.disk_usage(settings.data if settings.data.exists() else "/").free / 1e9
    tight = free <= _ROOM_GB
    found.append(
        _check("disk", "note" if tight else "ok", f"{free:.0f} GB free", "Make room" * tight)
    )
    config = os.environ.get("OCIO", "")
    lost = bool(config) and not os.path.exists(config) and not config.startswith("ocio://")
    remedy = "Point it at a config that is there, or unset it" if lost else ""
    found.append(_check("$OCIO", "missing" if lost else "ok", config or "not set", remedy))
    try:
        listed = models.listing(settings.model_folders())
    except Problem as problem:
        return [*found, _check("models", "missing", problem.what, problem.remedy)]
    return [*found, *(_check(f"model {m.name}", "note", m.fault) for m in listed if m.fault)]


def _part(module: str, use: str, name: str) -> dict[str, str]:
    if importlib.util.find_spec(module) is None:
        return _check(use, "missing", f"{name} is not installed", "Install secondunit[all]")
    try:
        return _check(use, "ok", f"{name} {importlib.metadata.version(name)}")
    except importlib.metadata.PackageNotFoundError:
        return _check(use, "ok", f"{name} of unknown version")


def _check(what: str, state: str, found: str, remedy: str = "") -> dict[str, str]:
    return {"what": what, "state": state, "found": found, "remedy": remedy}


def _told(card: ModelCard, installed: bool, room: float, gate: Gate) -> dict[str, Any]:
    told = asdict(card) | _licence_told(card, installed, gate) | _catalogued(card)
    told["reach"] = {
        key: sorted(each) if isinstance(each, frozenset) else each
        for key, each in told["reach"].items()
    }
    told["reach"]["native_rate"] = str(card.reach.native_rate) if card.reach.native_rate else None
    needed = card.reach.memory_gb
    short = max(0.0, needed - room)
    told |= {"installed": installed, "fault": "", "fits": not short}
    told["short"] = f"Needs {short:.0f} GB more than this machine has" if short else ""
    return told


def _catalogued(card: ModelCard) -> dict[str, Any]:
    """What it is for, and the memory of a device it takes: all of it there, block by block, and
    that in fewer bits; predicted. Nothing of a model that the catalogue does not have.
    """
    entry = next((each for each in entries() if each.name == card.name), None)
    if entry is None:
        return {"use": "", "memory": []}
    return {"use": entry.use, "memory": [entry.memory_gb(rung) for rung in RUNGS]}


def _licence_told(card: ModelCard, installed: bool, gate: Gate) -> dict[str, Any]:
    """What its licence asks, whether that is settled here, and the command that settles it."""
    terms, standing = terms_of(card.licence), gate.standing(card.name, card.licence)
    verb = "allow" if installed and standing == "asks" else "" if installed else "pull"
    verb = "" if standing == "forbidden" else verb
    return {
        "terms": {
            "title": terms.title,
            "excluded": list(terms.excluded),
            "revenue": terms.revenue,
            "outputs": terms.outputs,
            "use": terms.use,
            "unverified": sorted(terms.unverified),
        },
        "standing": standing,
        "command": f"secondunit models {verb} {card.name}" if verb else "",
    }


def _room() -> int | None:
    """Bytes that models may still take on the disk they are fetched to; None where none can be."""
    return free_bytes() if importlib.util.find_spec("huggingface_hub") else None


def _memory_gb(machine: dict[str, Any]) -> float:
    """Memory a model can have: that of the largest GPU, else the machine's own."""
    rooms = [gpu["memory"] for gpu in machine["gpus"]] or [machine["memory"]]
    return float(max(rooms)) / 1e9


def open_page(url: str) -> None:
    """Show the dailies in the user's browser."""
    webbrowser.open(url)


_LINK = {"url": "http://127.0.0.1:50505/#ticket=…"}
_SYSTEM = {
    "protocol": PROTOCOL,
    "version": "0.1.0",
    "python": "3.11.7",
    "machine": {"cores": 8, "memory": 34359738368, "gpus": [], "held": False},
    "room": {"fetched": 412000000000},
    "checks": [
        {"what": "movies", "state": "ok", "found": "av 18.1.0", "remedy": ""},
        {
            "what": "models",
            "state": "missing",
            "found": "torch is not installed",
            "remedy": "Install secondunit[all]",
        },
    ],
    "listeners": 1,
}
_MODEL = {
    "name": "starter",
    "title": "Starter",
    "licence": "Apache-2.0",
    "installed": True,
    "fault": "",
    "fits": True,
    "use": "the one to begin with",
    "memory": [20.5, 4.1, 4.0],
    "standing": "free",
    "command": "",
    "fetching": None,
}
