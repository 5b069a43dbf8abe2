"""Nuke as the panel's host: each call is carried over to its main thread."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from secondunit_contract.clip import Clip
from secondunit_contract.problem import Problem
from secondunit_nuke import mattes, placing, plates
from secondunit_nuke.export import export
from secondunit_nuke.knobs import node_at
from secondunit_nuke.main_thread import MainThread
from secondunit_nuke.mattes import Traced
from secondunit_panel import host as panel
from secondunit_panel.host import Delivery, Mark, Place, Placed, Progress, Selection, Shot

T = TypeVar("T")

_LEARNING = "Nuke Non-commercial: plates are read from their files, takes come back as Reads"


class NukeHost:
    """The Nuke this runs in; made on its main thread."""

    def __init__(self, nuke: Any = None) -> None:
        self.nuke = nuke = nuke or importlib.import_module("nuke")
        self.main = MainThread(nuke)
        version, learning = str(nuke.NUKE_VERSION_STRING), bool(nuke.env["nc"])
        cannot = {"mark"} | ({"matte"} if learning else set()) | (set() if nuke.GUI else {"open"})
        can = panel.About("Nuke").can - cannot
        self._about = panel.About("Nuke", version, "frames", can, _LEARNING if learning else "")

    def about(self) -> panel.About:
        """Which Nuke this is."""
        return self._about

    def selection(self) -> Selection:
        """The selected nodes that have a picture."""
        return self._do(lambda: plates.selection(self.nuke))

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The node's file, or its frames rendered."""
        if not shot.must_export:
            return shot.clip
        return self._told(lambda: export(self.nuke, self.main, shot, folder, told))

    def place(self, delivery: Delivery) -> Placed:
        """A Read beside the plate, and in the switch of its slate."""
        return self._do(lambda: self._placed(delivery, "take"))

    def attach_matte(self, delivery: Delivery) -> Placed:
        """A Read of the matte beside the plate, its shapes, and a group that cuts the plate."""
        self._need("matte")
        shapes = self._told(lambda: mattes.traced(delivery))  # which takes its time, but not Nuke's
        return self._do(lambda: self._placed(delivery, "matte", shapes))

    def mark(self, at: Place, mark: Mark) -> None:
        """Nuke has no marks: a node's own knobs say whose it is."""
        self._need("mark")

    def open(self, at: Place, frame: int | None = None) -> None:
        """Select a node, go to it in the node graph, and to a frame."""
        self._need("open")

        def show() -> None:
            node = node_at(self.nuke, at)
            for each in self.nuke.selectedNodes():
                each.setSelected(False)
            node.setSelected(True)
            self.nuke.zoom(1.0, (int(node.xpos()), int(node.ypos())))
            if frame is not None:
                self.nuke.frame(frame)

        self._do(show)

    def take_out(self, placed: Placed) -> None:
        """Delete the nodes of a take."""
        self._do(lambda: placing.take_out(self.nuke, placed))

    def call_on_main(self, call: Callable[[], None]) -> None:
        """Have something called on Nuke's main thread."""
        self.main.soon(call)

    def _placed(self, delivery: Delivery, part: str, shapes: Sequence[Traced] = ()) -> Placed:
        to = placing.Placing(self.nuke, delivery)
        with to.one_step():
            stood = to.standing(part)
            read = stood or to.read(part)
            placed = to.told(read, "Read and group" if part == "matte" else "Read")
            if part == "matte" and stood is None:
                mattes.cut(to, read, mattes.roto(to, shapes) if shapes else None)
            elif part == "take" and "matte" in self._about.can:  # else one node, and no more
                to.into_switch(read)
        return placed

    def _need(self, ability: str) -> None:
        if ability not in self._about.can:
            what = f"This Nuke cannot {ability}"
            raise panel.HostCannot(what, "Nuke", "Do it by hand in the script")

    def _do(self, call: Callable[[], T]) -> T:
        return self._told(lambda: self.main.carry(call))

    def _told(self, call: Callable[[], T]) -> T:
        """What Nuke raises is told as a Problem."""
        try:
            return call()
        except Problem:
            raise
        except (RuntimeError, ValueError, NameError, TypeError) as error:
            if "not attached" in str(error):
                raise panel.PlaceGone(
                    "A node has gone meanwhile", "Nuke", "Select again"
                ) from error
            raise panel.HostProblem(f"Nuke refuses: {error}", "Nuke", "Try again") from error
