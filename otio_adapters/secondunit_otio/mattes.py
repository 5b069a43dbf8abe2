"""Laying mattes out as clips on switched-off tracks above the pictures they belong to."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Addition, Change, Cut
from secondunit_otio.fills import Fill, filled_gap, with_gaps
from secondunit_otio.layout import extent, home_of, lay_out
from secondunit_otio.requests import Request, block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import range_json

NAME = "SU mattes"
_WARPS = frozenset({"LinearTimeWarp", "FreezeFrame", "TimeEffect"})


@dataclass(eq=False)
class _MatteTrack:
    """A track of mattes, there or still to be made; gaps are counted at the rate `written`."""

    item: Item | None
    written: float | int
    busy: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    def holds(self, start: Fraction, stop: Fraction) -> bool:
        """Whether the stretch is free."""
        return all(stop <= begin or end <= start for begin, end in self.busy)

    def add(self, fill: Fill) -> None:
        """Put a matte into a free stretch."""
        self.busy.append((fill.start, fill.stop))
        self.fills.append(fill)


@dataclass(eq=False)
class MatteTracks:
    """The matte tracks of a cut: finds room for a matte, makes new tracks where there is none."""

    cut: Cut
    _of: dict[Item, list[_MatteTrack]] = field(default_factory=dict)

    def standing(self, request: Request) -> Item | None:
        """The matte clip an earlier run made for a request, if it still stands above it."""
        home = home_of(self.cut, request.item)
        if home is None:
            return None
        for track in _matte_tracks(home[0]):
            for place in lay_out(self.cut, track).places:
                ours = block_of(place.item.body)
                if ours.get("id") == request.id and (place.start, place.stop) == home[1:]:
                    return place.item
        return None

    def add(self, request: Request, body: dict[str, Any]) -> bool:
        """Find room for a matte clip above its picture.

        False where the picture lies in no stack.
        """
        home = home_of(self.cut, request.item)
        if home is None:
            return False
        stack, start, stop = home
        if stack not in self._of:
            self._of[stack] = [_standing_track(self.cut, each) for each in _matte_tracks(stack)]
        tracks = self._of[stack]
        free = next((track for track in tracks if track.holds(start, stop)), None)
        if free is None:
            free = _MatteTrack(None, extent(self.cut, request.item).written)
            tracks.append(free)
        free.add(Fill(start, stop, body))
        return True

    def changes(self) -> list[Change | Addition]:
        """All that is to be written."""
        found: list[Change | Addition] = []
        for stack, tracks in self._of.items():
            made = []
            for number, track in enumerate(tracks):
                if track.item is None:
                    name = NAME if number == 0 else f"{NAME} {number + 1}"
                    made.append(
                        _track_json(name, with_gaps(track.fills, Fraction(0), track.written))
                    )
                elif track.fills:
                    found += _grown(self.cut, track.item, track)
            if made:
                found.append(Addition(stack, tuple(made)))
        return found


def _matte_tracks(stack: Item) -> list[Item]:
    return [
        child
        for child in stack.children
        if child.schema == "Track"
        and (block_of(child.body).get("kind") == "mattes" or child.name.startswith(NAME))
        and child.body.get("source_range") is None
    ]


def _standing_track(cut: Cut, item: Item) -> _MatteTrack:
    layout = lay_out(cut, item)
    track = _MatteTrack(item, extent(cut, item).written)
    for place in layout.places:
        if place.item.schema != "Gap" or place.fault:
            track.busy.append((place.start, place.stop))
    gaps = [place for place in layout.places if place.item.schema == "Gap"]
    # a matte may lie in one gap or behind the end, but not across a seam or the end
    track.busy += [(gap.stop, gap.stop) for gap in gaps]
    return track


def _grown(cut: Cut, item: Item, track: _MatteTrack) -> list[Change | Addition]:
    layout = lay_out(cut, item)
    found: list[Change | Addition] = []
    for place in layout.places:
        inside = [
            fill for fill in track.fills if place.start <= fill.start and fill.stop <= place.stop
        ]
        if inside:
            pieces = filled_gap(place.item.body, place.start, extent(cut, place.item), inside)
            found.append(Change(place.item, pieces))
    behind = [fill for fill in track.fills if fill.start >= layout.end]
    if behind:
        found.append(Addition(item, tuple(with_gaps(behind, layout.end, track.written))))
    return found


def _track_json(name: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {"secondunit": {"schema": 1, "kind": "mattes"}},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": False,
        "children": children,
        "kind": "Video",
    }


def matte_clip(cut: Cut, request: Request) -> dict[str, Any]:
    """A clip like the one a matte belongs to, retimed as it is, still without media."""
    item = request.item
    shown = extent(cut, item)
    same = item.body.get("source_range")
    listed = item.body.get("effects")
    warps = [
        {key: value for key, value in each.items() if key != "OTIO_REF_ID"}
        for each in (listed if isinstance(listed, list) else [])
        if kind_of(each) in _WARPS
    ]
    if shown.length <= 0:
        raise BadValue("The clip has no length")
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {"secondunit": {"schema": 1, "id": request.id, "kind": "matte"}},
        "name": f"{item.name} su-{request.id} matte".strip(),
        "source_range": same
        if isinstance(same, dict)
        else range_json(shown.begin, shown.length, shown.written),
        "effects": warps,
        "markers": [],
        "enabled": True,
        "media_references": {},
        "active_media_reference_key": "",
    }
