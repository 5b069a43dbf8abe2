"""The routes of timelines: a cut with requests comes in, their jobs are queued, the cut with the
takes goes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from secondunit.service.body import parsed, text_of, whole
from secondunit.service.described import DISK_FULL, OUTSIDE, TIMELINE_UNKNOWN, described
from secondunit.service.problems import Json
from secondunit.service.turnovers import Order, Turnovers
from secondunit_contract.problem import BadValue, CutUnreadable

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit
    from secondunit.service.roots import Roots
    from secondunit.settings import Settings

ZIP = "application/zip"
_LAID_OUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "otio": {"type": "string", "description": "The cut's text"},
        "path": {"type": "string", "description": "Or the path of a .otio or .otioz"},
        "folder": {"type": "string", "description": "Where relative media paths start from"},
        "output": {"type": "string", "description": "Folder for the takes"},
        "model": {"type": "string"},
        "steps": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
    },
}
_TOLD: dict[str, Any] = {
    "id": "t-9c41",
    "name": "sc010.otio",
    "state": "running",
    "requests": [
        {"id": "5f2c", "kind": "extend_time", "where": "V1 · plate", "job": "t-9c41-5f2c",
         "state": "running", "takes": 1, "problem": None},
    ],
}  # fmt: skip
_UNREADABLE = CutUnreadable("A file in the bundle is called '../x'", "cut.otioz", "Export it again")


class Timelines:
    """What can be done with timelines."""

    def __init__(self, unit: Unit, settings: Settings, roots: Roots) -> None:
        self._turnovers = Turnovers(unit, settings.data / "timelines", roots)

    def router(self) -> APIRouter:
        """All routes of timelines."""
        router = APIRouter(tags=["timelines"])
        schema: dict[str, Any] = {"type": "object", "required": ["id", "state", "requests"]}
        router.add_api_route(
            "/timelines",
            self.submit,
            methods=["POST"],
            **described(
                "Queue a job for each request of a cut; a bundle is sent as a zip or by its path",
                schema, _TOLD, _UNREADABLE, OUTSIDE, DISK_FULL,
                body=(_LAID_OUT, {"path": "/cuts/sc010.otio", "output": "/shots/sc010/takes"}),
                bodies={ZIP: {"schema": {"type": "string", "format": "binary"}}},
                status=201,
            ),
        )  # fmt: skip
        router.add_api_route(
            "/timelines",
            self.listed,
            **described("Timelines, the latest first", {"type": "object"}, {"timelines": [_TOLD]}),
        )
        router.add_api_route(
            "/timelines/{id}",
            self.one,
            **described(
                "How far a timeline is, and the cut with the takes there are",
                schema, {**_TOLD, "otio": "{…}", "notes": []}, TIMELINE_UNKNOWN,
            ),
        )  # fmt: skip
        return router

    async def submit(
        self,
        request: Request,
        output: Annotated[str, Query(max_length=4000)] = "",
        model: Annotated[str, Query(max_length=4000)] = "",
        steps: Annotated[int | None, Query(ge=1, le=1000)] = None,
    ) -> Response:
        """Queue a job for each request. `output`, `model` and `steps` are for a zip."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == ZIP:
            order = Order(output=output, model=model, steps=steps)
            with self._turnovers.receiving() as file:
                async for block in request.stream():
                    await run_in_threadpool(file.write, block)
                file.flush()
                told = await run_in_threadpool(self._turnovers.bundle, file.path, order)
            return Json(told, 201)
        message = parsed(await whole(request), request.url.path)
        if not isinstance(message, dict):
            raise BadValue(f"{message!r:.60} should be an object", request.url.path)
        order = _order(message)
        return Json(await run_in_threadpool(self._turnovers.submit, order), 201)

    def listed(self, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Response:
        """Timelines, the latest first."""
        return Json({"timelines": self._turnovers.listed(limit)})

    def one(self, id: str) -> Response:
        """One timeline, with the cut as it is now."""
        return Json(self._turnovers.one(id))


def _order(message: dict[str, Any]) -> Order:
    texts = {key: text_of(message, key) for key in ("otio", "path", "folder", "output", "model")}
    steps = message.get("steps")
    if steps is not None and (
        not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 1000
    ):
        raise BadValue(f"{steps!r:.60} is no number of steps", "steps", "Give 1 to 1000")
    if bool(texts["otio"]) == bool(texts["path"]):
        raise BadValue("Send a cut: its text as otio, or its place as path", "otio")
    return Order(**texts, steps=steps)
