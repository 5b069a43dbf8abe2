"""The extension as its users get it: installed from its ZIP, or laid into the user's own.

python inside_extension.py zip|folder ZIP OUT
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

MODULE = "bl_ext.user_default.second_unit"
PANEL = "SECONDUNIT_PT_sequence_editor"


class Quiet:
    """A layout on which anything can be drawn."""

    def __getattr__(self, name: str) -> Any:
        return lambda *given, **look: SimpleNamespace() if name == "operator" else Quiet()

    def __setattr__(self, name: str, value: Any) -> None:
        """How it looks is not for here."""


def tried(way: str, archive: str) -> dict[str, Any]:
    """Install it, look at it, take it out."""
    addon_utils = importlib.import_module("addon_utils")  # which is there since bpy is
    if way == "zip":
        bpy.ops.extensions.package_install_files(
            repo="user_default", filepath=archive, enable_on_install=True
        )
    else:
        assert addon_utils.enable(MODULE, default_set=True) is not None
    told: dict[str, Any] = {"enabled": MODULE in bpy.context.preferences.addons}
    told["registered"] = hasattr(bpy.types, PANEL)
    panel = sys.modules["secondunit_panel"]
    told["panel"] = str(panel.__file__)
    told["qt"] = any(name.startswith("secondunit_panel.qt") for name in sys.modules)
    preferences = bpy.context.preferences.addons[MODULE].preferences
    told["preferences"] = [preferences.python, preferences.data, preferences.start_by_itself]
    preferences.start_by_itself = False
    running = sys.modules[f"{MODULE}.running"]
    told["told"] = running.running().engine.may_start
    kind = getattr(bpy.types, PANEL)
    kind.draw(SimpleNamespace(layout=Quiet()), bpy.context)
    running.running().main.pump(0.3)
    kind.draw(SimpleNamespace(layout=Quiet()), bpy.context)
    told["session"] = running.room("SEQUENCE_EDITOR").session is not None
    addon_utils.disable(MODULE, default_set=True)
    told["left"] = hasattr(bpy.types, PANEL)
    return told


if __name__ == "__main__":
    try:
        told = tried(*sys.argv[1:3])
        Path(sys.argv[3]).write_text(json.dumps(told), "utf-8")
    except BaseException:  # noqa: BLE001 - told, then ended
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
