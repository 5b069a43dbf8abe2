"""Markers set on a host's timeline, laid onto the clips of the cut they stand over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue, RequestWrong
from secondunit_otio.document import Change, Cut
from secondunit_otio.findings import Finding
from secondunit_otio.layout import extent, is_video, lay_out
from secondunit_otio.marker_edl.edl import COLORS, TimelineMarker, clock, home, note_of
from secondunit_otio.marker_edl.lines import id_in, line_for
from secondunit_otio.requests import Request, find_requests
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import range_json, stretch
from secondunit_otio.warps import speed
from secondunit_otio.words import is_name, read_name, read_text


@dataclass(frozen=True)
class Merged:
    """A cut's text with markers laid onto it, and what became of each."""

    text: str
    findings: tuple[Finding, ...]


def merge(cut: Cut, markers: Iterable[TimelineMarker], everything: bool = False) -> Merged:
    """Lay the markers that ask for something (all of them where `everything`) onto a cut.

    Each goes onto what plays at its timecode: an insert onto the lowest gap there, anything else
    onto the topmost clip, and where there is none onto the timeline. One that carries the id of a
    request in the cut is that request: a new text on it is taken over where the request is a marker
    itself. Nothing else of the cut changes. Raises BadValue where the cut's rate cannot be told.
    """
    desk = _Desk(cut, *clock(cut))
    wanted = [each for each in markers if everything or each.asks]
    desk.take_start_from(wanted)
    for each in wanted:
        desk.lay(each)
    changes = [Change(item, (body,)) for item, body in desk.bodies.items()]
    return Merged(cut.patched(changes), tuple(desk.findings))


@dataclass(eq=False)
class _Desk:
    """Where changed items lie until all markers are laid."""

    cut: Cut
    rate: Rate
    start: Fraction
    bodies: dict[Item, dict[str, Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    requests: dict[str, Request] = field(init=False)

    def __post_init__(self) -> None:
        self.requests = {each.id: each for each in find_requests(self.cut)}

    def take_start_from(self, markers: list[TimelineMarker]) -> None:
        """A cut that names no start takes the hour its host gave it, where all markers say so."""
        if not markers or home(self.cut).body.get("global_start_time") is not None:
            return
        first = min(markers, key=lambda each: each.frame)
        hour = f"01:00:00{';' if first.drop else ':'}00"
        frame = Timecode.parse(hour, self.rate).frame
        if first.frame >= frame and frame / self.rate.per_second >= self._length():
            self.start = frame / self.rate.per_second
            what = f"The cut names no start; its first frame was taken for {hour}"
            self.findings.append(Finding("changed", what))

    def _length(self) -> Fraction:
        return extent(self.cut, home(self.cut)).length

    def lay(self, marker: TimelineMarker) -> None:
        """Lay one marker."""
        known = self.requests.get(id_in(marker.name))
        if known is not None:
            self._again(known, marker)
            return
        time = marker.frame / self.rate.per_second - self.start
        under = _under(self.cut, home(self.cut), time, _wants_gap(marker))
        if under is None:
            self._on_the_timeline(marker, time)
            return
        item, own = under
        self._add(item, own, marker, "new")

    def _add(self, item: Item, own: Fraction, marker: TimelineMarker, kind: Any) -> None:
        written = self._written(item)
        length = marker.frames / self.rate.per_second
        body = marker_json(marker, range_json(own, length, written))
        held = self.bodies.get(item, item.body)
        many = held.get("markers")
        standing = list(many) if isinstance(many, list) else []
        where = f"{item.path}.markers[{len(standing)}]".lstrip(".")
        told = Finding(
            "kept",
            f'The marker "{_called(marker)}" is there already',
            item.name,
            id_in(marker.name),
            item.parent.name if item.parent else "",
            marker.frame / self.rate.per_second - self.start,
            path=where,
        )
        if not any(_same(each, body) for each in standing):
            self.bodies[item] = {**held, "markers": [*standing, body]}
            what = f'The marker "{_called(marker)}" lies on {item.name or item.schema.lower()!r}'
            told = replace(told, kind=kind, what=what)
        self.findings.append(told)

    def _on_the_timeline(self, marker: TimelineMarker, time: Fraction) -> None:
        timeline = home(self.cut)
        stack = next(iter(timeline.children)) if timeline.schema == "Timeline" else timeline
        begin = extent(self.cut, stack).begin
        self._add(stack, begin + time, marker, "moved")

    def _again(self, request: Request, marker: TimelineMarker) -> None:
        """A request that has been out: take its new words over, or tell that they are new."""
        told = (request.item.name, request.id)
        said = line_for(request)
        if request.form == "marker":
            body = self.bodies.get(request.holder, request.holder.body)
            standing = list(body["markers"])
            mine = standing[int(request.spot)]
            said = note_of(mine)
            if marker.note != said:
                standing[int(request.spot)] = _reworded(mine, marker.note)
                self.bodies[request.holder] = {**body, "markers": standing}
        same = marker.note == said
        path = request.holder.path
        if same:
            self.findings.append(Finding("kept", "The request is as it was", *told, path=path))
            return
        what = "The request was reworded on the timeline"
        if request.form != "marker":
            what += f"; it stands in the cut as {request.form} and was left as it is"
        self.findings.append(
            Finding("changed", what, *told, path=path, before=said, after=marker.note)
        )

    def _written(self, item: Item) -> float | int:
        try:
            return extent(self.cut, item).written
        except BadValue:
            return float(self.rate.per_second)


def marker_json(marker: TimelineMarker, marked: dict[str, Any]) -> dict[str, Any]:
    """A marker as it stands in a cut, its note where Resolve and where others look for it."""
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {
            "Resolve_OTIO": {"Note": marker.note},
            "resolve_edl": {"Color": marker.color},
        },
        "name": marker.name,
        "color": COLORS.get(marker.color, "BLUE"),
        "marked_range": marked,
        "comment": marker.note,
    }


def _reworded(body: dict[str, Any], note: str) -> dict[str, Any]:
    """A marker with another text, wherever it keeps it."""
    metadata = body.get("metadata")
    made = {**body, "comment": note}
    host = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    if isinstance(metadata, dict) and isinstance(host, dict) and "Note" in host:
        made["metadata"] = {**metadata, "Resolve_OTIO": {**host, "Note": note}}
    return made


def _called(marker: TimelineMarker) -> str:
    return marker.name or marker.note


def _same(standing: Any, body: dict[str, Any]) -> bool:
    if kind_of(standing) != "Marker" or standing.get("name") != body["name"]:
        return False
    try:
        one, other = stretch(standing.get("marked_range")), stretch(body["marked_range"])
    except BadValue:
        return False
    at = one is not None and other is not None and one.begin == other.begin
    return at and note_of(standing) == note_of(body)


def _wants_gap(marker: TimelineMarker) -> bool:
    """Whether a marker asks for what a gap lacks."""
    try:
        words = read_text(marker.note) if marker.note.strip() else None
        if words is not None and words.kind:
            return words.kind == "insert"
        return is_name(marker.name) and read_name(marker.name).kind == "insert"
    except RequestWrong:
        return False


def _under(cut: Cut, item: Item, time: Fraction, gap: bool) -> tuple[Item, Fraction] | None:
    """What plays at a time of a composition's own, and the time in that item; None for nothing.

    The topmost clip, or the lowest gap; nested sequences are looked into unless they are retimed.
    """
    if item.schema == "Timeline":
        return _under(cut, item.children[0], time, gap) if item.children else None
    if item.schema == "Track":
        return _in_track(cut, item, time, gap)
    if item.schema != "Stack":
        return None
    for child in item.children if gap else list(item.children)[::-1]:
        if not child.enabled or not is_video(child):
            continue
        try:
            shown = extent(cut, child)
        except BadValue:
            continue
        if not 0 <= time < shown.length:
            continue
        found = _meant(cut, child, shown.begin + time, gap)
        if found is not None:
            return found
    return None


def _in_track(cut: Cut, track: Item, time: Fraction, gap: bool) -> tuple[Item, Fraction] | None:
    layout = lay_out(cut, track)
    number = layout.playing(time)
    if number is None or not layout.places[number].item.enabled:
        return None
    place = layout.places[number]
    if place.fault:
        return None
    own = time - place.start + extent(cut, place.item).begin
    return _meant(cut, place.item, own, gap)


def _meant(cut: Cut, item: Item, own: Fraction, gap: bool) -> tuple[Item, Fraction] | None:
    """The item itself where it is what is looked for, or what lies within it."""
    if item.schema == ("Gap" if gap else "Clip"):
        return item, own
    if item.schema not in ("Stack", "Track"):
        return None
    try:
        return _under(cut, item, own, gap) if speed(item) == 1 else None
    except BadValue:
        return None
