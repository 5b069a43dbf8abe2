"""DaVinci Resolve as a host of the panel, over its API or over the bridge."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_panel import host as panel
from secondunit_panel.errands import Main
from secondunit_panel.host import Delivery, Place, Placed, Progress, Selection, Shot
from secondunit_resolve.exporting import exported
from secondunit_resolve.handoff import HandOff
from secondunit_resolve.link import Bridged, Link, Studio, ask
from secondunit_resolve.placing import Placing
from secondunit_resolve.reading import PLAYS, Doc, opened
from secondunit_resolve.selecting import selection
from secondunit_resolve.writing import mark, put, turned

_CAN: frozenset[panel.Ability] = frozenset(("place", "mark", "open", "take_out"))


class ResolveHost:
    """Resolve with a timeline open. `main` has things called on the panel's main thread.

    Its timeline has no undo for scripts: what was placed is taken out again by `take_out`.
    """

    def __init__(self, link: Link, main: Main) -> None:
        self._link, self._main, self._placing = link, main, Placing()
        self._one = threading.RLock()
        app = link.app()
        name = str(ask(app, "GetProductName") or "DaVinci Resolve")
        version = str(ask(app, "GetVersionString") or "")
        self._about = panel.About(name, version, "timecode", _CAN, codec=PLAYS)

    def about(self) -> panel.About:
        return self._about

    def selection(self) -> Selection:
        return selection(self._app())

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        with self._doc(shot.place) as doc:
            item = doc.find(shot.place)
            if not shot.must_export or item is None:
                return shot.clip
            return exported(doc, item, shot, folder, told)

    def place(self, delivery: Delivery) -> Placed:
        with self._doc(delivery.at) as doc, turned(doc):
            return self._placing.place(doc, delivery)

    def attach_matte(self, delivery: Delivery) -> Placed:
        raise panel.HostCannot(
            "Resolve lets nobody wire a matte from outside", "DaVinci Resolve",
            "Place it: it waits on a track of its own, for the Color page",
        )  # fmt: skip

    def mark(self, at: Place, mark_: panel.Mark) -> None:
        with self._doc(at) as doc:
            doc.find(at)
            first, frames = mark_.range.first, len(mark_.range)
            id = f"{mark_.job}:{mark_.kind}:{first}"
            with turned(doc, page=""):
                mark(doc, first, frames, mark_.kind, mark_.name, mark_.note, id)

    def open(self, at: Place, frame: int | None = None) -> None:
        with self._doc(at) as doc:
            doc.find(at)
            timecode = str(doc.timecode(at.range.first if frame is None else frame))
            with turned(doc, stay=True):
                now, why = partial(ask, doc.timeline, "GetCurrentTimecode"), f"to {timecode}"
                holds = lambda: now() == timecode  # noqa: E731
                put(
                    f"Resolve does not go {why}",
                    holds,
                    doc.timeline,
                    "SetCurrentTimecode",
                    timecode,
                )

    def take_out(self, placed: Placed) -> None:
        try:
            with self._doc(placed.place) as doc:
                item = doc.find(placed.place)
                if item is not None:
                    with turned(doc):
                        self._placing.take_out(doc, item, placed.job, placed.number)
        except panel.PlaceGone:
            return

    def call_on_main(self, call: Callable[[], None]) -> None:
        self._main(call)

    def _app(self) -> Any:
        app = self._link.app()
        if app is None:
            raise panel.HostGone(
                "Resolve does not answer", self._about.name,
                "Start it; without Studio, open the panel from Workspace > Scripts",
            )  # fmt: skip
        return app

    @contextmanager
    def _doc(self, place: Place) -> Iterator[Doc]:
        with self._one:
            yield opened(self._app(), place.document)


def reached(data: Path | None = None) -> Link | None:
    """The way to the Resolve that runs: its API where that lets us in, else the menu's bridge."""
    ways: tuple[Link, ...] = (Studio(), Bridged(data))
    return next((each for each in ways if each.app() is not None), None)


def host_here(main: Main, data: Path | None = None, folder: Path | None = None) -> panel.Host:
    """The Resolve that runs; where none can be reached, one by files in a folder."""
    link = reached(data)
    return ResolveHost(link, main) if link else HandOff(main, folder)
