"""Blender as the panel's host: what the hosts of all its editors share.

Each editor has a host of its own, with what is selected and placed there; the Sequencer's is in
`sequencer`. Everything of Blender's is asked for on its main thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

from secondunit_contract.problem import Problem
from secondunit_panel import host as panel
from secondunit_panel.host import Delivery, Placed

from . import versions
from .pump import MainThread
from .scenes import Scenes

T = TypeVar("T")


class BlenderHost(panel.Host):
    """The Blender this runs in; made on its main thread."""

    can: frozenset[panel.Ability] = frozenset()

    def __init__(self, main: MainThread, scenes: Scenes) -> None:
        self.main, self.scenes = main, scenes
        self._about = panel.About("Blender", versions.VERSION, "frames", self.can)

    def about(self) -> panel.About:
        """Which Blender this is."""
        return self._about

    def attach_matte(self, delivery: Delivery) -> Placed:
        """Where no matte can be wired, it is placed like any take."""
        self._need("matte")
        raise AssertionError("an editor that can, says how")

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Have something called on Blender's main thread."""
        self.main.soon(call)

    def signature(self, context: Any) -> object:
        """What changes when what is selected does. Quick: it is asked for at each redraw."""
        raise NotImplementedError

    def slate(self, context: Any) -> str:
        """The slate of the take that is selected; "" where none is."""
        return ""

    def _need(self, ability: panel.Ability) -> None:
        if ability not in self.can:
            raise panel.HostCannot(
                f"This editor cannot {ability}", "Blender", "Do it by hand in Blender"
            )

    def _read(self, call: Callable[[], T]) -> T:
        return self._told(lambda: self.main.carry(call))

    def _write(self, call: Callable[[], T]) -> T:
        return self._told(lambda: self.main.carry(call, writes=True))

    def _told(self, call: Callable[[], T]) -> T:
        """What Blender raises is told as a Problem."""
        try:
            return call()
        except Problem:
            raise
        except ReferenceError as error:
            raise panel.PlaceGone(
                "What was selected has gone meanwhile", "Blender", "Select again"
            ) from error
        except (RuntimeError, TypeError, AttributeError, KeyError, ValueError) as error:
            raise panel.HostProblem(f"Blender refuses: {error}", "Blender", "Try again") from error


def redraw(kinds: tuple[str, ...]) -> None:
    """Have the editors of those kinds drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas if window.screen else ():
            if area.type in kinds:
                area.tag_redraw()
