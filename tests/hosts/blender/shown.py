"""The panel with an engine that answers as it is told to: what is drawn, and what is clicked."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import bpy

import secondunit_blender
from secondunit_blender import panel, running
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Take
from secondunit_panel.testing import ScriptedService

EDITOR = "SEQUENCE_EDITOR"
POINT = {"type": "object", "properties": {"x": {}, "y": {}}}
VALUES = {
    "prompt": {"type": "string", "default": "", "title": "What is beyond", "simple": True},
    "head": {"type": "integer", "default": 0, "minimum": 0, "maximum": 1000, "unit": "frames",
             "simple": True},
    "share": {"type": "number", "default": 0.3, "minimum": 0, "maximum": 1, "unit": "share"},
    "steady": {"type": "boolean", "default": True},
    "way": {"enum": ["paint", "tint"], "words": {"paint": "Paint over"}, "default": "paint"},
    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
    "huge": {"type": "integer", "default": 2**40},
    "frames": {"type": "array", "items": {"type": "integer"}, "default": []},
    "name": {"type": "string", "default": "x"},
    "points": {"type": "array", "default": [], "items": POINT},
    "odd": {"type": "object", "default": {"a": [1]}},
}  # fmt: skip
CARDS = [
    {"name": "extend", "title": "Extend", "help": "Makes it longer", "inputs": {"plate": "needed"},
     "values_schema": {"properties": VALUES}},
    {"name": "insert", "title": "Insert", "help": "", "inputs": {"before": "optional",
     "after": "optional"}, "values_schema": {"properties": {}}},
]  # fmt: skip


class Layout:
    """A layout that says what is drawn on it; properties are read, as Blender does."""

    def __init__(self, told: list) -> None:
        self.__dict__["told"] = told

    def __getattr__(self, name: str) -> Any:
        def draw(*given: Any, **look: Any) -> Any:
            if name == "prop":
                self.told.append(("prop", given[1], getattr(*given)))
            elif name == "operator":
                made = SimpleNamespace(act=given[0].partition(".")[2], text=look.get("text"))
                self.told.append(("operator", made))
                return made
            elif name in ("label", "progress"):
                self.told.append((name, look["text"]))
            return Layout(self.told)

        return draw

    def __setattr__(self, name: str, value: Any) -> None:
        """How it looks is not for here."""


class Drawn(list):
    """What was drawn."""

    @property
    def words(self) -> str:
        return " | ".join(each[1] for each in self if each[0] in ("label", "progress"))

    def buttons(self, act: str) -> list:
        return [each[1] for each in self if each[0] == "operator" and each[1].act == act]

    @property
    def values(self) -> dict[str, Any]:
        return {each[1]: each[2] for each in self if each[0] == "prop"}


class Panel:
    """The extension, enabled, with an engine that answers as it is told to."""

    def __init__(self, stage: Any, engine: ScriptedService) -> None:
        self.stage, self.engine = stage, engine
        self.here = running.running()
        self.room = running.room(EDITOR)

    @property
    def session(self) -> Any:
        return self.room.session

    def draw(self) -> Drawn:
        told = Drawn()
        kind = next(each for each in panel._kinds if each.bl_space_type == EDITOR)
        kind.draw(SimpleNamespace(layout=Layout(told)), bpy.context)
        return told

    def pump(self, seconds: float = 0.1) -> None:
        self.here.main.pump(seconds)

    def until(self, holds) -> None:
        self.stage.until(holds, main=self.here.main)

    def ready(self) -> None:
        """Drawn, begun, and its tasks there."""
        self.draw()
        self.until(lambda: self.session and self.session.desk.task and self.room.form)

    def act(self, name: str, about: str = "", how: str = "") -> None:
        assert getattr(bpy.ops.secondunit, name)(editor=EDITOR, about=about, how=how) == {
            "FINISHED"
        }
        self.pump(0.02)

    def group(self) -> Any:
        return self.room.values(self.room.form)

    def jobs(self) -> list[dict]:
        return [e[2] for e in self.engine.asked if e[0] == "POST" and "/v1/jobs" in e[1] and e[2]]

    def shoot(self) -> dict:
        before = len(self.jobs())
        self.act("shoot")
        self.until(lambda: len(self.jobs()) > before and not self.session.drafts.waiting)
        return self.jobs()[-1]

    def tell_take(self, job: dict, number: int = 1) -> str:
        media = str(self.stage.cut_movie(f"t{number}", 10))
        take = Take(job["id"], number, 40 + number, media, FrameRange(0, 9), Rate.of(24), 320, 180)
        id = f"{job['id']}-{number}"
        self.engine.tell(Event("take", job["id"], "", number, 2, take=take, extra={"id": id}))
        self.until(lambda: id in self.session.dailies.takes)
        return id


@contextmanager
def enabled(stage: Any, find: Any = None):
    """The extension, with a strip of ten frames selected."""
    with ScriptedService() as engine:
        engine.answers |= {
            "GET /v1/tasks": {"tasks": CARDS},
            "GET /v1/jobs": {"jobs": []},
            "GET /v1/takes": {"takes": []},
            "GET /v1/models": {"models": [
                {"name": "m", "title": "Model M", "installed": True, "reach": {"memory_gb": 11}},
            ]},
            "GET /v1/system": {"machine": {"gpus": [{"memory": 24e9}]}},
            "POST /v1/jobs": lambda job: {"id": job["id"], "state": "queued", "job": job},
        }  # fmt: skip
        stage.movie("a", 1, 10)
        stage.select("a")
        secondunit_blender.register()
        here = running.running()
        here.engine.find = find or (lambda waiting: engine.client)
        try:
            yield Panel(stage, engine)
        finally:
            secondunit_blender.unregister()
