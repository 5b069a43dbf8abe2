"""The description of the routes: what each takes and gives, with an example of every answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.responses import JSONResponse, Response

from secondunit.service.problems import refusal, status_of
from secondunit.service.schemas import Schema, ref
from secondunit_contract.problem import (
    BadValue,
    DiskFull,
    JobThere,
    JobUnknown,
    LedgerUnreadable,
    MediaMissing,
    PathOutside,
    Problem,
    ProgramFault,
    StateUnfit,
    TakeUnknown,
    TaskUnknown,
)

JOB: Schema = {
    "task": "extend",
    "output": "/shots/sc010/extend_t{take}.mov",
    "inputs": {"plate": {"media": "/shots/sc010/plate.mov", "range": "1001-1048"}},
    "values": {"tail": 12, "prompt": "a man juggles three balls"},
    "seed": 41,
    "takes": 4,
}
ENTRY: Schema = {
    "id": "j-5f2c",
    "state": "running",
    "job": {"id": "j-5f2c", **JOB},
    "place": 3.0,
    "created": 1795260000.0,
    "started": 1795260004.5,
    "phase": "shooting",
    "done": 12,
    "total": 60,
    "seconds_left": 96.0,
    "takes": 1,
}
TAKE: Schema = {
    "id": "j-5f2c-1",
    "take": {
        "job": "j-5f2c",
        "number": 1,
        "seed": 41,
        "media": "/shots/sc010/extend_t001.mov",
        "range": "1001-1060",
        "rate": "24",
        "width": 1920,
        "height": 1080,
        "sidecar": "/shots/sc010/extend_t001.take.json",
        "sheet": "/shots/sc010/extend_sheet.png",
    },
    "rating": "circled",
    "note": "the third ball is late",
    "made": 1795260090.0,
    "links": {
        "media": "/v1/takes/j-5f2c-1/media?key=1795269600.5d1c",
        "sheet": "/v1/takes/j-5f2c-1/sheet?key=1795269600.77aa",
        "preview": "/v1/takes/j-5f2c-1/preview?key=1795269600.0b3e",
    },
}

JOB_UNKNOWN = JobUnknown("There is no job j-0000", remedy="It may have been shot by another user")
JOB_THERE = JobThere("There is another job j-5f2c already", remedy="Leave the id out")
JOB_STATE = StateUnfit("A job that is done cannot be paused", remedy="Nothing is left to be done")
TAKE_UNKNOWN = TakeUnknown("There is no take j-5f2c-9", remedy="Look at the takes that there are")
TAKE_GONE = MediaMissing(
    "The take's file is not there any more", "/shots/sc010/extend_t001.mov", "Shoot it again"
)
TASK_UNKNOWN = TaskUnknown("There is no task 'explode'", remedy="Ask for /v1/tasks")
OUTSIDE = PathOutside(
    "The plate leads to /etc/shadow, which may not be used",
    "/shots/../etc/shadow",
    "Put it into a folder of your own, or start the service with --root FOLDER",
)
TIMELINE_UNKNOWN = refusal("timeline.unknown", "There is no timeline t-0000")
DISK_FULL = DiskFull("The disk is full", "/shots/sc010", "Make room, then try again")
_TOO_LARGE = refusal("body.too_large", "The request brings more than 8 MB")
_TOO_SLOW = refusal("body.too_slow", "The request did not arrive in time")

_TOKEN = refusal("auth.token", "Without its token the service does nothing")
_STRANGER = refusal("auth.stranger", "http://evil.example may not ask this service")
_WRONG = BadValue("The request cannot be understood: limit: less than 1", "/v1/takes")
_FAULT = ProgramFault("KeyError: 'x'", "/v1/jobs", "This is our mistake: please report it")
_LEDGER = LedgerUnreadable("The ledger cannot be read", "ledger.sqlite", "Put the copy back")

_EVERYWHERE = (_TOKEN, _STRANGER, _WRONG, _LEDGER, _FAULT)
_WITH_BODY = (_TOO_LARGE, _TOO_SLOW)


def described(
    summary: str,
    schema: Schema,
    example: Any,
    *problems: Problem,
    body: tuple[Schema, Any] | None = None,
    status: int = 200,
    kind: str = "application/json",
    needed: bool = True,
    bodies: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What FastAPI is told of a route. `body` is the schema and an example of what it takes;
    `bodies` further kinds of it.
    """
    told: dict[int | str, dict[str, Any]] = {
        status: {
            "description": summary,
            "content": {kind: {"schema": schema, **({"example": example} if example else {})}},
        }
    }
    more: dict[str, Any] = {}
    if body is not None:
        content = {"application/json": {"schema": body[0], "example": body[1]}} | (bodies or {})
        more["requestBody"] = {"required": needed, "content": content}
        problems = (*problems, *_WITH_BODY)
    told |= _told_problems([*_EVERYWHERE, *problems])
    return {
        "response_class": JSONResponse if kind == "application/json" else Response,
        "summary": summary,
        "responses": told,
        "status_code": status,
        "openapi_extra": more or None,
        "response_model": None,
    }


def _told_problems(problems: Iterable[Problem]) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int, dict[str, Any]] = {}
    for each in problems:
        status = status_of(each, "GET" if each in (TASK_UNKNOWN, TAKE_GONE) else "POST")
        by_status.setdefault(status, {})[each.code] = {"value": each.to_json()}
    return {
        status: {
            "description": " · ".join(examples),
            "content": {"application/json": {"schema": ref("Problem"), "examples": examples}},
        }
        for status, examples in sorted(by_status.items())
    }
