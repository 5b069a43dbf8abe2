"""The routes of tasks: what can be asked for, and the form of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from secondunit import tasks as all_tasks
from secondunit.service.described import TASK_UNKNOWN, described
from secondunit.service.problems import Json
from secondunit.service.schemas import list_of, ref
from secondunit_contract.problem import TaskUnknown
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import to_json

_CARD = {
    "name": "extend",
    "title": "Extend",
    "help": "More frames before or after, or more picture around",
    "inputs": {"plate": "needed"},
    "values_schema": {
        "type": "object",
        "properties": {"tail": {"type": "integer", "title": "Tail", "unit": "frames"}},
    },
}


def router() -> APIRouter:
    """All routes of tasks."""
    made = APIRouter(tags=["tasks"])
    made.add_api_route(
        "/tasks",
        listed,
        **described("Every task, broken ones with why", list_of("tasks", TaskCard),
                    {"tasks": [_CARD]}),
    )  # fmt: skip
    made.add_api_route(
        "/tasks/{name}", one, **described("One task", ref(TaskCard), _CARD, TASK_UNKNOWN)
    )
    return made


def listed() -> Response:
    """Every task as a panel may show it."""
    return Json({"tasks": [to_json(card) for card in all_tasks.cards()]})


def one(name: Annotated[str, Path(max_length=200)]) -> Response:
    """One task. Raises TaskUnknown."""
    cards = all_tasks.cards()
    for card in cards:
        if card.name == name:
            return Json(to_json(card))
    known = ", ".join(card.name for card in cards)
    raise TaskUnknown(f"There is no task {name!r}", remedy=f"The tasks are {known}")
