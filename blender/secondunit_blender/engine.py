"""The engine as this Blender knows it: where it is, and whether it may be started by itself.

What preferences say is kept here in plain words, as threads ask for it and may not ask Blender.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from secondunit_panel.client import Client, ServiceGone
from secondunit_panel.link import Link
from secondunit_panel.service import data_folder, find_or_start, found

INSTALL = 'pip install "secondunit[all]"'
"""The one command that installs the engine."""

_PYTHON, _DATA = "SECONDUNIT_PYTHON", "SECONDUNIT_DATA"
_BEFORE = {name: os.environ.get(name) for name in (_PYTHON, _DATA)}


class EngineOff(ServiceGone):
    """The engine is not running, and may not be started by itself."""


class Engine:
    """Finds the engine for a session; from any thread."""

    def __init__(self) -> None:
        self.may_start = True
        self._told = ("", "")

    def settle(self, python: str, data: str, may_start: bool) -> None:
        """Take over what preferences say; where they say nothing, what stood before counts."""
        self.may_start, self._told = may_start, (python, data)
        for name, told in ((_DATA, data), (_PYTHON, python)):
            value = told or _BEFORE[name]
            if value:
                os.environ[name] = value
            else:
                os.environ.pop(name, None)
        if not os.environ.get(_PYTHON) and not (data_folder() / "engine.json").is_file():
            beside = _on_the_path()
            if beside:
                os.environ[_PYTHON] = beside

    def asked(self) -> None:
        """The artist wants it started, whatever preferences say; and it may be installed by now."""
        self.settle(*self._told, may_start=True)

    def find(self, waiting: Callable[[float], None]) -> Client:
        """The engine, started where it may be. Raises EngineOff, and what `find_or_start` does."""
        here = found()
        if here is not None:
            return here
        if not self.may_start:
            raise EngineOff("The engine is not running", str(data_folder()), "Start it")
        return find_or_start(waiting=waiting)


def standing(link: Link | None) -> str:
    """How it stands with the engine, in words."""
    if link is None:
        return "Not looked for yet: open the panel"
    if link.state == "starting":
        return f"Starting the engine · {link.seconds:.0f} s"
    told = {
        "looking": "Looking for the engine", "here": "The engine is ready",
        "lost": "The engine is away; it is looked for", "other": "Another engine answers",
    }  # fmt: skip
    return told.get(link.state, "The engine is not installed" if missing(link) else "Not running")


def missing(link: Link | None) -> bool:
    """Whether nobody knows of an engine on this machine."""
    problem = link.problem if link is not None else None
    return problem is not None and problem.code.startswith("machine.part")


def _on_the_path() -> str:
    """The Python of an engine whose program is on the PATH; "" where there is none."""
    program = shutil.which("secondunit")
    name = "python.exe" if sys.platform == "win32" else "python"
    python = Path(program).resolve().parent / name if program else None
    return str(python) if python is not None and python.is_file() else ""
