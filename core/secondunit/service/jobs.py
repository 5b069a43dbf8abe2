"""The routes of jobs and their queue: submit, look, cancel, pause, resume, retry, move."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query
from starlette.responses import FileResponse, Response

from secondunit import tasks
from secondunit.service.body import json_body, json_object
from secondunit.service.described import (
    ENTRY,
    JOB,
    JOB_STATE,
    JOB_THERE,
    JOB_UNKNOWN,
    OUTSIDE,
    described,
)
from secondunit.service.events import Hub
from secondunit.service.problems import Json
from secondunit.service.roots import Roots
from secondunit.service.schemas import list_of, ref
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, MediaMissing
from secondunit_contract.queue import Entry, State, Where
from secondunit_contract.wire import from_json, to_json

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_NO_PREVIEW = MediaMissing("There is no preview of j-5f2c now")
_ACTS = {
    "cancel": "Stop a job; its finished takes stay",
    "pause": "Pause a job; the machine's memory is free soon after",
    "resume": "Let a paused job go on where it was",
    "retry": "Queue a job again that has failed or was cancelled",
}


_task = functools.cache(tasks.named)  # looking for who brings a task takes ten milliseconds


class Jobs:
    """What can be done with jobs."""

    def __init__(self, unit: Unit, roots: Roots, hub: Hub) -> None:
        self._unit, self._roots, self._hub = unit, roots, hub

    def router(self) -> APIRouter:
        """All routes of jobs."""
        router = APIRouter(tags=["jobs"])
        self._add_submit(router)
        router.add_api_route(
            "/jobs",
            self.listed,
            **described(
                "The queue in its order", list_of("jobs", Entry), {"jobs": [ENTRY], "held": False}
            ),
        )
        router.add_api_route(
            "/jobs/{id}", self.one, **described("One job", ref(Entry), ENTRY, JOB_UNKNOWN)
        )
        router.add_api_route(
            "/jobs/{id}/preview",
            self.preview,
            **described(
                "What the model believes so far, while a job is shot",
                {"type": "string", "format": "binary"}, "", JOB_UNKNOWN, kind="image/*",
            ),
        )  # fmt: skip
        for act, words in _ACTS.items():
            router.add_api_route(
                f"/jobs/{{id}}/{act}",
                self._acting(act),
                methods=["POST"],
                name=act,
                **described(words, ref(Entry), ENTRY, JOB_UNKNOWN, JOB_STATE),
            )
        self._add_move(router)
        for act, words in (("pause", "Pause every job"), ("resume", "Let every job go on")):
            router.add_api_route(
                f"/queue/{act}",
                self._acting_on_all(act),
                methods=["POST"],
                name=f"{act} all",
                **described(words, list_of("jobs", Entry), {"jobs": [ENTRY], "held": False}),
            )
        return router

    def _add_submit(self, router: APIRouter) -> None:
        router.add_api_route(
            "/jobs",
            self.submit,
            methods=["POST"],
            **described(
                "Queue a job. The same job with the same id is queued once",
                ref(Entry), ENTRY, JOB_THERE, OUTSIDE,
                body=(ref(Job), JOB), status=201,
            ),
        )  # fmt: skip

    def _add_move(self, router: APIRouter) -> None:
        schema = {
            "type": "object",
            "properties": {"before": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        }
        router.add_api_route(
            "/jobs/{id}/move",
            self.move,
            methods=["POST"],
            **described(
                "Move a job before another one; before none, to the end",
                ref(Entry), ENTRY, JOB_UNKNOWN, JOB_STATE,
                body=(schema, {"before": "j-77aa"}), needed=False,
            ),
        )  # fmt: skip

    def submit(
        self, message: Annotated[Any, Depends(json_body)], where: Where = "back"
    ) -> Response:
        """Queue a job. What is wrong with it is told now, as far as it can be."""
        job = from_json(Job, message)
        refuse_unfit(job, self._roots)
        return Json(to_json(self._unit.submit(job, where)), 201)

    def listed(
        self,
        state: Annotated[list[State] | None, Query(max_length=len(get_args(State)))] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> Response:
        """Jobs in the queue's order, of some states or of all."""
        entries = self._unit.entries(state or None, limit)
        return Json({"jobs": [to_json(each) for each in entries], "held": self._unit.held})

    def one(self, id: str) -> Response:
        """One job."""
        return Json(to_json(self._unit.entry(id)))

    def preview(self, id: str) -> Response:
        """The last preview of a job that is being shot."""
        self._unit.entry(id)
        picture = self._hub.picture(id)
        if not picture:
            raise MediaMissing(f"There is no preview of {id} now")
        try:
            return FileResponse(
                picture, headers={"Cache-Control": "no-store"}, stat_result=os.stat(picture)
            )
        except OSError as error:
            raise MediaMissing(f"There is no preview of {id} now") from error

    def move(self, id: str, message: Annotated[dict[str, Any], Depends(json_object)]) -> Response:
        """Move a job in the queue."""
        before = message.get("before")
        if not isinstance(before, str | None):
            raise BadValue(f"{before!r:.60} names no job", "before", "Give a job's id, or null")
        return Json(to_json(self._unit.move(id, before)))

    def _acting(self, act: str) -> Callable[[str], Response]:
        def acted(id: str) -> Response:
            return Json(to_json(getattr(self._unit, act)(id)))

        return acted

    def _acting_on_all(self, act: str) -> Callable[[], Response]:
        def acted() -> Response:
            getattr(self._unit, f"{act}_all")()
            return self.listed()

        return acted


def refuse_unfit(job: Job, roots: Roots) -> None:
    """Raise a Problem for a job that cannot be shot by what it says itself.

    BadValue for a name that is none and for values its task cannot mean, TaskUnknown, PathOutside.
    """
    if job.id and not _NAME.fullmatch(job.id):
        raise BadValue(
            f"{job.id!r:.60} is no name for a job", "Job.id", "Use letters, digits, - and _"
        )
    roots.check_job(job)
    tasks.checked(_task(job.task), job.task, job.values)
