"""The tasks: each file here is one, and says how an artist's wish becomes call sheets.

A task is a module (or one named by an entry point of the group `secondunit.tasks`) with

    TITLE, HELP      what a panel shows
    INPUTS           the clips it takes, each "needed" or "optional"
    SEVERAL          those of which there may be more than one; left out, there is one of each
    MAKES            "picture"; "matte": the picture stays as it is and gets an alpha; "light": it
                     stays as it is and gets its highlights, linear and floating; or "adapter"
    Values           its parameters, a pydantic model: panels draw their form from its schema

and, where it makes a picture, light or a matte,

    lay_out          from values and clips to the layout of the delivery
    paint            where a laid-out frame may be painted

and, where it makes a picture or light,

    write            from a scene to a call sheet

or, where it makes an adapter,

    course           how it is to learn
    lesson           from frames of a clip to a call sheet whose answer they are
    sample           the call sheet that shows what has been learnt
    story            what is told of the adapter: its rights above all

or, where it makes a matte,

    wish             what a model is asked to find
    cut              from what is seen of each frame to cutouts
    LAYERS           what its cutouts show beside their alpha
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from random import Random
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from secondunit.callsheet import CallSheet, Course, Lesson, Need, Pixels
from secondunit.matting.cutout import Cutouts, Seen
from secondunit.matting.ways import Wish
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.scene import Scene
from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, Problem, TaskUnknown
from secondunit_contract.task import TaskCard

# All that importing somebody's module can raise, short of what should stop the program.
_BREAKS = (
    ImportError,
    SyntaxError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AssertionError,
    OSError,
    RuntimeError,
    Problem,
)

_PICTURE = ("lay_out", "paint", "write")
_PARTS = {
    "matte": ("lay_out", "paint", "wish", "cut", "LAYERS"),
    "adapter": ("course", "lesson", "sample", "story"),
}


class Task(Protocol):
    """What a task's module holds."""

    __name__: str
    TITLE: str
    HELP: str
    INPUTS: dict[str, str]
    MAKES: str
    LAYERS: tuple[str, ...]
    Values: type[BaseModel]

    def lay_out(self, values: Any, clips: Mapping[str, Turnover], context: int) -> Layout: ...
    def paint(
        self, values: Any, layout: Layout, index: int, marks: Pixels | None
    ) -> NDArray[np.bool_]: ...
    def write(self, values: Any, scene: Scene) -> CallSheet: ...
    def wish(self, values: Any) -> Wish: ...
    def cut(self, values: Any, frames: Iterator[Seen]) -> Cutouts: ...
    def course(self, values: Any, seed: int) -> Course: ...
    def lesson(
        self,
        values: Any,
        clip: str,
        frames: Pixels,
        rate: Rate,
        honours: frozenset[Need],
        chance: Random,
    ) -> Lesson: ...
    def sample(
        self, values: Any, frames: Pixels, rate: Rate, honours: frozenset[Need], own: bool
    ) -> CallSheet: ...
    def story(self, values: Any, base: str, clips: Mapping[str, str]) -> dict[str, str]: ...


@dataclass(frozen=True)
class Found:
    """A task's module, or why it cannot be used."""

    name: str
    task: Task | None
    fault: str = ""


def found() -> list[Found]:
    """Every task there is, broken ones with their fault."""
    places = {each.name: f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__)}
    places |= {each.name: each.value for each in entry_points(group="secondunit.tasks")}
    return [_imported(name, place) for name, place in sorted(places.items())]


def _imported(name: str, place: str) -> Found:
    try:
        module = importlib.import_module(place)
    except _BREAKS as error:
        return Found(name, None, f"{type(error).__name__}: {error}")
    parts = ("TITLE", "INPUTS", "Values", *_PARTS.get(getattr(module, "MAKES", ""), _PICTURE))
    lacking = [part for part in parts if not hasattr(module, part)]
    if lacking:
        return Found(name, None, f"has no {', '.join(lacking)}")
    return Found(name, cast(Task, module))


def named(name: str) -> Task:
    """The task of that name. Raises TaskUnknown, also for a broken one, with its fault."""
    for each in found():
        if each.name == name:
            if each.task is None:
                raise TaskUnknown(
                    f"The task {name} is broken: {each.fault}",
                    remedy="Repair or remove the part that brings it",
                )
            return each.task
    ready = ", ".join(each.name for each in found() if each.task)
    raise TaskUnknown(f"There is no task {name!r}", remedy=f"The tasks are {ready}")


def cards() -> list[TaskCard]:
    """Every task as a panel may show it."""
    return [_card(each) for each in found()]


def _card(each: Found) -> TaskCard:
    if each.task is None:
        return TaskCard(each.name, each.name, "", fault=each.fault)
    task = each.task
    return TaskCard(
        each.name,
        task.TITLE,
        task.HELP,
        dict(task.INPUTS),
        task.Values.model_json_schema(),
        task.MAKES,
        several=tuple(getattr(task, "SEVERAL", ())),
    )


def checked(task: Task, name: str, values: Mapping[str, Any]) -> BaseModel:
    """A task's values from plain ones. Raises BadValue naming each that cannot be meant."""
    try:
        return task.Values.model_validate(dict(values))
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'values'}: "
            + fault["msg"].removeprefix("Value error, ")
            for fault in error.errors()
        )
        raise BadValue(
            f"The values of {name} cannot be used: {faults}",
            remedy=f"`secondunit tasks {name}` shows what each may be",
        ) from error
