"""The ways to Resolve from a process of our own: its scripting API, or the menu script's bridge.

Both give the same objects, on which `ask` asks. Resolve answers None to almost everything it will
not do, and has no method it does not know; `ask` makes one of the two.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from secondunit_contract.problem import ProgramFault
from secondunit_panel.service import data_folder
from secondunit_resolve import menu

_MODULE = "DaVinciResolveScript"


class Link(Protocol):
    """A way to Resolve."""

    def app(self) -> Any:
        """Resolve itself, for the thread that asks; None where it cannot be reached. What was had
        from an earlier one counts no more.
        """
        ...


def ask(target: Any, name: str, *given: Any) -> Any:
    """What comes of a method; None where the thing is gone or cannot."""
    method = getattr(target, name, None)
    return method(*given) if callable(method) else None


class Studio:
    """The scripting API, which lets Studio in from outside. Each thread has its own connection.

    `module` is Blackmagic's own; else it is looked for where the application puts it.
    """

    def __init__(self, module: Any = None) -> None:
        self._module, self._own = module, threading.local()

    def app(self) -> Any:
        if self._module is None:
            self._module = _imported()
        known = getattr(self._own, "app", None)
        if ask(known, "GetProductName") is None:  # it was started again meanwhile, or never had
            known = self._own.app = ask(self._module, "scriptapp", "Resolve")
        return known


class Bridged:
    """The bridge of the menu script, as long as that runs. `data` is the folder of its file."""

    def __init__(self, data: Path | None = None) -> None:
        self._place = (data or data_folder()) / "bridge.json"

    def app(self) -> Any:
        """Resolve, as the script sees it."""
        here = menu.read(self._place)
        try:
            menu.asked(here, {"do": "begin"})
        except (OSError, ValueError):
            return None
        return Remote(here, 0)


class Remote:
    """A thing of Resolve on the other side of the bridge: a call of a method is one question."""

    def __init__(self, place: dict[str, Any], id: int) -> None:
        self._place, self._id = place, id

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*given: Any) -> Any:
            told = [menu.packed(each, lambda thing: thing._id) for each in given]
            try:
                answer = menu.asked(self._place, {"on": self._id, "do": name, "with": told})
            except ValueError as error:
                raise ProgramFault(
                    f"The bridge refuses {name}", str(error), "Run `secondunit install resolve`"
                ) from error
            except OSError:
                return None  # as Resolve answers when it is gone
            return menu.unpacked(answer, lambda id: Remote(self._place, id))

        return call


def _imported() -> Any:
    """Blackmagic's module; None where there is none, or where it would end this process."""
    shared, programs = os.environ.get("PROGRAMDATA", ""), os.environ.get("PROGRAMFILES", "")
    maker, product = "Blackmagic Design", "DaVinci Resolve"
    mac, linux = Path("/Applications", product, f"{product}.app"), Path("/opt", "resolve")
    script, library = {
        "win32": (Path(shared, maker, product, "Support"), Path(programs, maker, product)),
        "darwin": (Path("/Library", "Application Support", maker, product),
                   mac / "Contents" / "Libraries" / "Fusion"),
    }.get(sys.platform, (linux, linux / "libs" / "Fusion"))  # fmt: skip
    script /= Path("Developer", "Scripting")
    name = "fusionscript.dll" if sys.platform == "win32" else "fusionscript.so"
    os.environ.setdefault("RESOLVE_SCRIPT_API", str(script))
    os.environ.setdefault("RESOLVE_SCRIPT_LIB", str(library / name))
    # The library takes the registry's Python for ours and ends the process where it is another.
    os.environ.setdefault("FUSION_PYTHON3_HOME", sys.prefix)
    modules = str(Path(os.environ["RESOLVE_SCRIPT_API"], "Modules"))
    if modules not in sys.path:
        sys.path.append(modules)
    try:
        if importlib.util.find_spec(_MODULE) is None:
            return None
        if sys.platform == "win32":
            trial = f"import sys; sys.path.append({modules!r}); import {_MODULE}"
            if subprocess.run([sys.executable, "-c", trial], capture_output=True).returncode:
                return None
        return importlib.import_module(_MODULE)
    except ImportError:
        return None
