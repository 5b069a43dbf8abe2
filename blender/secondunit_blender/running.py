"""What runs while the extension is enabled: the pump, and a room for each editor with a panel."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import cameras, editors, operators, panel, preferences, sequencer, tools
from .engine import Engine
from .host import BlenderHost
from .pump import MainThread
from .room import Room
from .scenes import Scenes

HOSTS: dict[str, type[BlenderHost]] = {
    sequencer.EDITOR: sequencer.SequencerHost,
    editors.CLIP_EDITOR: editors.ClipHost,
    editors.IMAGE_EDITOR: editors.ImageHost,
    cameras.VIEW: cameras.CameraHost,
}
"""The host of each editor that has a panel."""


class Running:
    """All there is of us in this Blender. For the main thread alone."""

    def __init__(self) -> None:
        self.main, self.scenes, self.engine = MainThread(), Scenes(), Engine()
        self.rooms = {
            editor: Room(editor, make(self.main, self.scenes), self.engine)
            for editor, make in HOSTS.items()
        }
        for each in self.rooms.values():
            self.main.watch(each.watch)

    def open(self) -> None:
        """Have the pump run; panels begin when they are drawn."""
        self.main.open()

    def close(self) -> None:
        """Be done. The engine and its jobs go on."""
        for each in self.rooms.values():
            each.close()
        self.main.close()


_running: list[Running] = []  # one, while the extension is enabled


def running() -> Running:
    """What runs. Raises RuntimeError where the extension is not enabled."""
    if not _running:
        raise RuntimeError("Second Unit is not enabled")
    return _running[0]


def room(editor: str) -> Room:
    """The room of an editor."""
    return running().rooms[editor]


@persistent
def _loaded(*told: Any) -> None:
    """Another file is open: what was known of the last one's scenes is over."""
    here = running()
    here.scenes.forget()
    here.main.open()
    for each in here.rooms.values():
        each.forget()


@persistent
def _saving(*told: Any) -> None:
    """The file is about to be saved: it will tell by what its scenes are known."""
    running().scenes.keep()


@persistent
def _saved(*told: Any) -> None:
    """The file has a folder now, or another one."""
    for each in running().rooms.values():
        each.forget()


_HANDLERS = (("load_post", _loaded), ("save_pre", _saving), ("save_post", _saved))


def register() -> None:
    """Begin."""
    here = Running()
    _running[:] = [here]
    preferences.register(here)
    operators.register(room)
    panel.register(here.rooms)
    tools.register(room)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)
    here.open()


def unregister() -> None:
    """End."""
    for name, handler in _HANDLERS:
        known = getattr(bpy.app.handlers, name)
        if handler in known:
            known.remove(handler)
    for each in tuple(_running):
        each.close()
    tools.unregister()
    panel.unregister()
    operators.unregister()
    preferences.unregister()
    _running.clear()
