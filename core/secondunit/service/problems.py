"""Problems as answers: which HTTP status each has, and JSON for every one of them."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from secondunit_contract.problem import (
    BadInput,
    BadValue,
    DiskFull,
    JobThere,
    JobUnknown,
    MachineProblem,
    MediaProblem,
    ModelProblem,
    PathOutside,
    Problem,
    ProgramFault,
    StateUnfit,
    TakeThere,
    TakeUnknown,
    TaskUnknown,
)

_BY_CODE = {
    "auth.token": 401,
    "auth.stranger": 403,
    "route.unknown": 404,
    "timeline.unknown": 404,
    "route.method": 405,
    "model.busy": 409,
    "body.too_slow": 408,
    "body.too_large": 413,
}
_BY_KIND: tuple[tuple[type[Problem], int], ...] = (
    (PathOutside, 403),
    (JobUnknown, 404),
    (TakeUnknown, 404),
    (StateUnfit, 409),
    (JobThere, 409),
    (TakeThere, 409),
    (BadInput, 422),
    (ModelProblem, 422),
    (DiskFull, 507),
    (MachineProblem, 503),
)


class Json(JSONResponse):
    """JSON in ASCII, so that a path of any bytes can be told."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def refusal(code: str, what: str, where: str = "", remedy: str = "") -> Problem:
    """A problem of speaking HTTP, which has no class of its own."""
    problem = BadInput(what, where, remedy)
    problem.code = code
    return problem


def status_of(problem: Problem, method: str = "POST") -> int:
    """The HTTP status of a problem; what was to be fetched and is not there is a 404."""
    if problem.code in _BY_CODE:
        return _BY_CODE[problem.code]
    if method == "GET" and isinstance(problem, TaskUnknown | MediaProblem):
        return 404
    for kind, status in _BY_KIND:
        if isinstance(problem, kind):
            return status
    return 500


def answer_of(problem: Problem, method: str = "POST") -> Json:
    """The answer that tells a problem."""
    status = status_of(problem, method)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Json(problem.to_json(), status, headers)


def install(app: FastAPI) -> None:
    """Make every error answer of an application a Problem, FastAPI's own too."""

    async def told(request: Request, error: Exception) -> Json:
        assert isinstance(error, Problem)
        return answer_of(error, request.method)

    async def invalid(request: Request, error: Exception) -> Json:
        assert isinstance(error, RequestValidationError)
        faults = [
            f"{'.'.join(map(str, fault['loc'][1:]))}: {fault['msg']}" for fault in error.errors()
        ]
        return answer_of(
            BadValue(
                f"The request cannot be understood: {'; '.join(faults)}",
                request.url.path,
                "The description of the routes says what each value may be",
            )
        )

    async def astray(request: Request, error: Exception) -> Json:
        assert isinstance(error, HTTPException)
        answer = answer_of(_astray(request, error))
        if error.headers:
            answer.headers.update(error.headers)
        return answer

    async def gone(request: Request, error: Exception) -> Json:
        # Nobody is there to read it; but that somebody left is no fault of ours.
        return answer_of(refusal("body.broken_off", "The request broke off", request.url.path))

    async def fault(request: Request, error: Exception) -> Json:
        remedy = "This is our mistake: please report it with this text"
        return answer_of(ProgramFault(f"{type(error).__name__}: {error}", request.url.path, remedy))

    app.add_exception_handler(Problem, told)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, astray)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, fault)


def _astray(request: Request, error: HTTPException) -> Problem:
    where = f"{request.method} {request.url.path}"
    if error.status_code == 405:
        return refusal("route.method", f"{request.method} means nothing here", where)
    if error.status_code == 404:
        return refusal("route.unknown", "There is nothing at this address", where)
    return BadValue(str(error.detail), where)
