"""Laying the sound of takes out on tracks of its own, in step with the pictures it belongs to."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.fills import gap_json
from secondunit_otio.lacing import Child, Lacing, regions
from secondunit_otio.layout import active_key, extent, home_of, lay_out
from secondunit_otio.scan import Item
from secondunit_otio.sound.pictures import Sounding, Spot, renewed, soundings
from secondunit_otio.sound.take import is_sound
from secondunit_otio.splice import Edit, apply
from secondunit_otio.times import stretch

NAME = "SU sound"


def in_step(cut: Cut, ids: Container[str]) -> str:
    """The cut's text with the sound of these requests' takes just where their pictures are.

    What is heard stands as a clip of its own on a track of ours, at the place and length of its
    picture, retimed as that is, and with the same take in use. Sound whose picture has moved moves;
    where no picture is heard any more it is taken out, and so is a track of ours that nothing is
    left on. Every other byte stays.
    """
    return _Desk(cut).finish(ids)


def standing_sound(cut: Cut) -> dict[str, list[Item]]:
    """The clips that are heard with takes of ours, by the id of their request."""
    found: dict[str, list[Item]] = {}
    for item in cut.items():
        if item.schema == "Clip" and is_sound(item.body):
            id = str(item.body["metadata"]["secondunit"].get("id", "")).lower()
            found.setdefault(id, []).append(item)
    return found


def left_behind(before: Cut, now: Cut, ids: Container[str]) -> set[str]:
    """The requests whose pictures were moved, or show another stretch, while nobody touched their
    sound, so that it is of another moment now. Where it only runs on beside a picture that was
    trimmed it is of the same one, as an editor may want it.
    """
    was, there = _heard_at(before, ids), _heard_at(now, ids)
    wished, wish = _wanted_at(before, ids), _wanted_at(now, ids)
    return {
        id
        for id in was.keys() & there.keys() & wish.keys()
        if was[id] == there[id]
        and not _meet(there[id], wish[id])
        and _meet(was[id], wished.get(id, set()))
    }


def astray(cut: Cut) -> set[str]:
    """The requests whose sound no longer goes with a picture: that of other takes than are seen, or
    of none, or where no picture of theirs plays while it is heard.
    """
    standing = standing_sound(cut)
    seen = [each for each in soundings(cut, standing) if each.spot is not None]
    found: set[str] = set()
    for id, items in standing.items():
        mine = [each for each in seen if each.id == id]
        takes = {active_key(each.picture) for each in mine}
        if takes != {active_key(item) for item in items} or not all(
            _beside(cut, item, mine) for item in items
        ):
            found.add(id)
    return found


def _beside(cut: Cut, item: Item, seen: list[Sounding]) -> bool:
    """Whether any of these pictures is seen while a sound is heard."""
    try:
        home = home_of(cut, item)
    except BadValue:
        return True  # nobody can tell
    if home is None:
        return True
    spots = [each.spot for each in seen if each.spot and each.spot.stack is home[0]]
    return any(spot.start < home[2] and home[1] < spot.stop for spot in spots)


_Moments = set[tuple[Fraction, Fraction]]
"""When something plays, and which moment of its own time is then: both in seconds."""


def _meet(some: _Moments, others: _Moments) -> bool:
    """Whether any of them are of the same moment."""
    lags = ({start - begin for start, begin in each} for each in (some, others))
    return not next(lags).isdisjoint(next(lags))


def _heard_at(cut: Cut, ids: Container[str]) -> dict[str, _Moments]:
    found: dict[str, _Moments] = {}
    for id, items in standing_sound(cut).items():
        for item in items if id in ids else ():
            with suppress(BadValue):
                home = home_of(cut, item)
                if home is not None:
                    found.setdefault(id, set()).add((home[1], extent(cut, item).begin))
    return found


def _wanted_at(cut: Cut, ids: Container[str]) -> dict[str, _Moments]:
    found: dict[str, _Moments] = {}
    for each in soundings(cut, ids):
        shown = stretch(each.spot.body["source_range"]) if each.spot else None
        if shown is not None and each.spot:
            found.setdefault(each.id, set()).add((each.spot.start, shown.begin))
    return found


@dataclass(eq=False)
class _Entry:
    """A child of a track, or what is to become one, and when it plays."""

    child: Child
    start: Fraction
    stop: Fraction

    @property
    def is_fade(self) -> bool:
        return self.child.item is not None and self.child.item.schema == "Transition"


@dataclass(eq=False)
class _Track:
    """A track of ours, there or still to be made; plain gaps are made anew between its entries."""

    item: Item | None
    written: float | int
    entries: list[_Entry] = field(default_factory=list)
    gaps: dict[tuple[Fraction, Fraction], Item] = field(default_factory=dict)
    unsure: bool = False

    @classmethod
    def of(cls, cut: Cut, item: Item) -> _Track:
        """A track that stands."""
        made = cls(item, extent(cut, item).written)
        layout = lay_out(cut, item)
        made.unsure = layout.unsure is not None
        times = {place.item: (place.start, place.stop) for place in layout.places}
        now = Fraction(0)
        for child in item.children:
            start, now = times.get(child, (now, now))
            if child.schema == "Gap" and not _says(child):
                made.gaps[start, now] = child
            else:
                made.entries.append(_Entry(Child(child.body, child), start, now))
        return made

    def holds(self, start: Fraction, stop: Fraction) -> bool:
        """Whether the stretch is free."""
        free = (stop < each.start or each.stop < start if each.is_fade else
                stop <= each.start or each.stop <= start for each in self.entries)  # fmt: skip
        return not self.unsure and all(free)

    def children(self) -> list[Child]:
        """What the track is to hold; nothing where no clip is left on it."""
        made: list[Child] = []
        reached = Fraction(0)
        ordered = sorted(self.entries, key=lambda each: (each.start, not each.is_fade))
        kept = [each for each in ordered if not each.is_fade or self._fades(each)]
        for each in kept if any(not one.is_fade for one in kept) else ():
            if each.start > reached:
                made.append(self._gap(reached, each.start))
            made.append(each.child)
            reached = each.stop
        return made

    def _fades(self, fade: _Entry) -> bool:
        """Whether a transition still has something beside it."""
        beside = (each for each in self.entries if each is not fade)
        return any(fade.start in (each.start, each.stop) for each in beside)

    def _gap(self, start: Fraction, stop: Fraction) -> Child:
        there = self.gaps.get((start, stop))
        return Child(there.body, there) if there else Child(gap_json(stop - start, self.written))


@dataclass(eq=False)
class _Desk:
    """Where the sound of a cut is put in step."""

    cut: Cut
    changed: dict[Item, dict[Item, Child]] = field(default_factory=dict)
    tracks: dict[Item, list[_Track]] = field(default_factory=dict)

    def finish(self, ids: Container[str]) -> str:
        """The text with all that is to be written."""
        left = {id: there for id, there in standing_sound(self.cut).items() if id in ids}
        late: list[tuple[Spot, Sounding]] = []
        for each in soundings(self.cut, ids):
            if each.spot is None:
                continue
            beside = (one for one in left.get(each.id, []) if self._there(one, each.spot))
            there = next(beside, None)
            if there is None:
                late.append((each.spot, each))
                continue
            left[each.id].remove(there)
            self._change(there, Child(renewed(there.body, each.spot.body), there))
        for items in left.values():
            for item in items:
                self._take_out(item)
        for spot, each in late:
            moved = left.get(each.id) or []
            body = renewed(moved.pop(0).body, spot.body) if moved else spot.body
            self._lay(spot._replace(body=body), extent(self.cut, each.picture).written)
        return self._written()

    def _there(self, item: Item, spot: Spot) -> bool:
        """Whether a clip stands where a sound is wanted."""
        try:
            return home_of(self.cut, item) == spot[:3]
        except BadValue:
            return False

    def _change(self, item: Item, child: Child) -> None:
        """Have a child stand in an item's place, on whichever track that is."""
        track = item.parent
        ours = self._ours(track) if track is not None else None
        if ours is not None:
            entry = next(each for each in ours.entries if each.child.item is item)
            entry.child = child
        elif track is not None:
            self.changed.setdefault(track, {})[item] = child

    def _take_out(self, item: Item) -> None:
        """Take a clip out; on a track of somebody else's a gap keeps its place."""
        track = item.parent
        ours = self._ours(track) if track is not None else None
        if ours is not None:
            ours.entries = [each for each in ours.entries if each.child.item is not item]
        elif track is not None and track.schema == "Track":
            try:
                shown = extent(self.cut, item)
            except BadValue:
                return
            gap = Child(gap_json(shown.length, shown.written))
            self.changed.setdefault(track, {})[item] = gap

    def _lay(self, spot: Spot, written: float | int) -> None:
        """Put a sound onto the first track of ours with room for it; a new one, where none has."""
        tracks = self._tracks(spot.stack)
        free = next((each for each in tracks if each.holds(spot.start, spot.stop)), None)
        if free is None:
            free = _Track(None, written)
            tracks.append(free)
        free.entries.append(_Entry(Child(spot.body), spot.start, spot.stop))

    def _ours(self, track: Item) -> _Track | None:
        """A track of ours as it is to be; None for other people's."""
        if track.parent is None or not _is_ours(track):
            return None
        return next((each for each in self._tracks(track.parent) if each.item is track), None)

    def _tracks(self, stack: Item) -> list[_Track]:
        if stack not in self.tracks:
            ours = [child for child in stack.children if _is_ours(child)]
            self.tracks[stack] = [_Track.of(self.cut, child) for child in ours]
        return self.tracks[stack]

    def _written(self) -> str:
        """All changes made."""
        lacing = Lacing.of(self.cut.text)
        edits: list[Edit] = []
        for holder, changed in self.changed.items():
            wanted = [changed.get(child, Child(child.body, child)) for child in holder.children]
            edits += _laced(lacing, holder, wanted)
        for stack, tracks in self.tracks.items():
            gone: set[Item] = set()
            new: list[Child] = []
            for track in tracks:
                children = track.children()
                if track.item is None:
                    new.append(Child(_track_json(_named(stack, len(new)), children)))
                elif children or _says(track.item):
                    edits += _laced(lacing, track.item, children)
                else:
                    gone.add(track.item)
            stay = [Child(each.body, each) for each in stack.children if each not in gone]
            edits += _laced(lacing, stack, [*stay, *new])
        return apply(self.cut.text, edits) if edits else self.cut.text


def _laced(lacing: Lacing, holder: Item, wanted: list[Child]) -> Iterator[Edit]:
    for region in regions(holder.children, wanted):
        yield from lacing.laced(holder, region)


def _is_ours(track: Item) -> bool:
    plain = track.schema == "Track" and track.body.get("source_range") is None
    return plain and is_sound(track.body)


def _says(item: Item) -> bool:
    return any(item.body.get(key) for key in ("markers", "effects"))


def _named(stack: Item, made: int) -> str:
    """The name of the next track: numbered where there is one of that name."""
    taken = {child.name for child in stack.children}
    free = [NAME, *(f"{NAME} {number}" for number in range(2, len(taken) + made + 3))]
    return [each for each in free if each not in taken][made]


def _track_json(name: str, children: list[Child]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {"secondunit": {"schema": 1, "kind": "sound"}},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": [child.body for child in children],
        "kind": "Audio",
    }
