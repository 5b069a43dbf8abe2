"""Resolve out of reach: cuts come as files, and takes go back as files.

The free edition takes no scripts from 21.1 on. Its user exports the cut into a folder of ours and
imports what lies in it afterwards; both steps are told in the panel.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.problem import NotWritable
from secondunit_panel import host as panel
from secondunit_panel.errands import Main
from secondunit_panel.host import Delivery, Placed, Selection, Shot
from secondunit_panel.orders import plain
from secondunit_resolve import exchange
from secondunit_resolve.exchange import Cut, Stood
from secondunit_resolve.reading import OURS, PLAYS

_CAN: frozenset[panel.Ability] = frozenset(("place", "take_out"))


class HandOff:
    """Resolve by files in a folder: `cuts` in it is for its exports, `back` for what goes back.

    A clip is selected by a marker on it, or by being the only one. Other than that a host is held
    to, what was placed is seen in Resolve only when its user has imported it.
    """

    def __init__(self, main: Main, folder: Path | None = None) -> None:
        self._main, self.folder = main, folder or Path.home() / OURS
        self.cuts, self.back = self.folder / "cuts", self.folder / "back"
        notice = (
            "Resolve is out of reach, so cuts and takes go by files. Studio, and the free edition"
            " before 21.1, are in reach when this is opened from Workspace > Scripts."
        )
        steps = (
            "In Resolve put a marker on the clip, or over the gap. File > Export > Timeline, as"
            f" OpenTimelineIO (.otio), into {self.cuts}",
            f"Place the take here. In Resolve, File > Import > Timeline: the .otio in {self.back}",
        )
        self._about = panel.About(
            "DaVinci Resolve", "by files", "timecode", _CAN, notice, steps, PLAYS
        )

    def about(self) -> panel.About:
        return self._about

    def selection(self) -> Selection:
        cut = self._cut()
        if cut is None:
            return Selection()
        about: dict[str, Any] = {"document": cut.name, "folder": str(self.back / "takes")}
        shots = [each for each in cut.stood if each.shot]
        over = [[s for s in shots if mark in s.range][-1:] for mark in cut.marks]
        marked = [each for each in shots if each.marked or [each] in over]
        chosen = sorted(marked or shots[: len(shots) == 1], key=lambda each: each.range)
        gaps = [g for g in cut.stood if not g.shot and any(m in g.range for m in cut.marks)]
        if chosen:
            about["clips"] = tuple(each.shot for each in chosen)
        elif gaps:
            about["gap"] = replace(gaps[0].place, id="")
        if chosen or gaps:
            ends = (chosen or gaps[:1])[0], (chosen or gaps[:1])[-1]
            about["before"], about["after"] = _neighbours(cut, *ends)
        return Selection(**about)

    def plate(self, shot: Shot, folder: Path, told: panel.Progress) -> Clip:
        self._there(shot.place)
        if shot.must_export:
            raise panel.HostCannot(
                f"{shot.must_export}, and only Resolve can render it", shot.name,
                "There: right-click it, Render in Place, then export the cut again",
            )  # fmt: skip
        return shot.clip

    def place(self, delivery: Delivery) -> Placed:
        cut, take = self._there(delivery.at), delivery.take
        said = {
            "job": delivery.job.id, "number": take.number, "slate": delivery.slate,
            "first": delivery.lies.first, "frames": len(delivery.lies), "media": take.media,
            "starts": _starts(cut, delivery), "seen": delivery.chosen and not delivery.raw,
        }  # fmt: skip
        kept = self._kept(cut.name)
        if delivery.chosen:
            kept = [{**e, "seen": e["seen"] and e["slate"] != delivery.slate} for e in kept]
        kept = [said if _key(each) == _key(said) else each for each in kept]
        return self._put(cut, kept if said in kept else [*kept, said], said, delivery)

    def attach_matte(self, delivery: Delivery) -> Placed:
        raise _cannot("wire a matte")

    def mark(self, at: panel.Place, mark: panel.Mark) -> None:
        raise _cannot("write a marker")

    def open(self, at: panel.Place, frame: int | None = None) -> None:
        raise _cannot("show a frame")

    def take_out(self, placed: Placed) -> None:
        kept = self._kept(placed.place.document)
        left = [each for each in kept if _key(each) != (placed.job, placed.number)]
        if len(left) < len(kept):
            self._write(placed.place.document, placed.place, left)

    def call_on_main(self, call: Callable[[], None]) -> None:
        self._main(call)

    # how

    def _cut(self, document: str = "") -> Cut | None:
        """The latest export, or the latest of a document."""
        with suppress(OSError):  # then its user makes it
            self.cuts.mkdir(parents=True, exist_ok=True)
        files = sorted(self.cuts.glob("*.otio"), key=lambda each: -each.stat().st_mtime_ns)
        cuts = map(exchange.read, files)
        return next((each for each in cuts if document in ("", each.name)), None)

    def _there(self, place: panel.Place) -> Cut:
        cut = self._cut(place.document)
        known = [""] if cut is None else ["", *(e.place.id for e in cut.stood if e.shot)]
        if cut is None or place.id not in known:
            raise panel.PlaceGone(
                "This is not in the latest export any more", place.document, self._about.steps[0]
            )
        return cut

    def _path(self, document: str) -> Path:
        return self.back / f"{plain(document)} - {OURS}.otio"

    def _kept(self, document: str) -> list[dict[str, Any]]:
        """What was placed, as the file that goes back says."""
        path = self._path(document)
        return [e.said for e in exchange.read(path).stood if e.said] if path.exists() else []

    def _put(self, cut: Cut, kept: list[dict[str, Any]], said: Any, delivery: Delivery) -> Placed:
        self._write(cut.name, panel.Place(delivery.lies, cut.rate), kept, cut.first)
        take = delivery.take
        for each in exchange.read(self._path(cut.name)).stood:
            if each.said == said and each.shot and each.range == delivery.lies:
                place = replace(each.place, id=f"{said['job']} {said['number']}", document=cut.name)
                media, how = each.shot.clip.media, "clip in a file"
                return Placed(place, media, take.range, how, delivery.job.id, take.number)
        raise panel.NotPlaced(
            "What was written reads otherwise", str(self._path(cut.name)), "Place it again"
        )

    def _write(
        self, name: str, like: panel.Place, kept: list[dict[str, Any]], first: int | None = None
    ) -> None:
        path, rate = self._path(name), like.rate
        if first is None:
            first = exchange.read(path).first
        tracks: dict[str, list[dict[str, Any]]] = {}
        ends: dict[str, int] = {}
        for each in sorted(kept, key=lambda e: int(e["first"])):
            names = (OURS if n == 1 else f"{OURS} {n}" for n in range(1, len(kept) + 1))
            track = next(n for n in names if ends.get(n, first) <= each["first"])
            lead = each["first"] - ends.get(track, first)
            row = tracks.setdefault(track, [])
            row += [exchange.gap(lead, rate)] if lead else []
            shown = exchange.span(each["starts"], each["frames"], rate)
            row.append(exchange.clip(each["media"], shown, each["seen"], each))
            ends[track] = each["first"] + each["frames"]
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(exchange.written(f"{name} - {OURS}", rate, first, tracks), "utf-8")
            part.replace(path)
        except OSError as error:
            raise NotWritable(
                f"Nothing can be written: {error.strerror}", str(path), "Free it"
            ) from error


def _key(said: dict[str, Any]) -> tuple[str, int]:
    return said["job"], said["number"]


def _starts(cut: Cut, delivery: Delivery) -> int:
    """What Resolve calls the first frame of a take: its timecode goes on from its plate's."""
    inputs = delivery.job.inputs
    for role in ("plate", "before", "after"):
        for each in cut.stood if role in inputs else ():
            if each.shot and each.shot.clip.media == inputs[role].media and each.shot.available:
                return each.starts + delivery.take.range.first - each.shot.available.first
    return 0


def _neighbours(cut: Cut, first: Stood, last: Stood) -> tuple[Shot | None, Shot | None]:
    """The shots that touch these on their track, before and after."""
    here = [each for each in cut.stood if each.place.track == first.place.track]
    before = next((e.shot for e in here if e.range.last + 1 == first.range.first), None)
    return before, next((e.shot for e in here if last.range.last + 1 == e.range.first), None)


def _cannot(what: str) -> panel.HostCannot:
    return panel.HostCannot(
        f"By files nobody can {what} in Resolve", "DaVinci Resolve", "Do it by hand"
    )
