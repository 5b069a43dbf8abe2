"""When each item of a track plays: one pass over the track, then every question is a look-up."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import Moment, Stretch, moment, rate_of, stretch

DEFAULT_KEY = "DEFAULT_MEDIA"


class Extent(NamedTuple):
    """What an item shows of itself, in seconds of its own time.

    `written` is its rate as the file has it.
    """

    begin: Fraction
    length: Fraction
    rate: Rate
    written: float | int

    @property
    def end(self) -> Fraction:
        """The first moment after it."""
        return self.begin + self.length

    @property
    def frames(self) -> Fraction:
        """How long it plays, in frames."""
        return self.length * self.rate.per_second


class Place(NamedTuple):
    """An item and when its track plays it, in seconds. `fault` says why that cannot be told."""

    item: Item
    start: Fraction
    stop: Fraction
    fault: str = ""


@dataclass(eq=False)
class Layout:
    """A track's items in order of time.

    `fades` holds the transition into the item of that number, as (start, stop); `unsure` the first
    item whose length cannot be told, from which on no time is sure.
    """

    places: list[Place] = field(default_factory=list)
    fades: dict[int, tuple[Fraction, Fraction]] = field(default_factory=dict)
    starts: list[Fraction] = field(default_factory=list)
    at: dict[Item, int] = field(default_factory=dict)
    end: Fraction = Fraction(0)
    unsure: Place | None = None

    def playing(self, time: Fraction) -> int | None:
        """The number of the item that plays at a moment."""
        number = bisect.bisect_right(self.starts, time) - 1
        return number if number >= 0 and time < self.places[number].stop else None

    def playing_before(self, time: Fraction) -> int | None:
        """The number of the item that plays just before a moment."""
        number = bisect.bisect_left(self.starts, time) - 1
        return number if number >= 0 and time <= self.places[number].stop else None


def references(cut: Cut, item: Item) -> dict[str, Any]:
    """A clip's media references by key; those of old clips under DEFAULT_MEDIA."""
    body = item.real.body
    many = body.get("media_references")
    if isinstance(many, dict):
        return {key: cut.meant(each) for key, each in many.items()}
    one = cut.meant(body.get("media_reference"))
    return {DEFAULT_KEY: one} if isinstance(one, dict) else {}


def active_key(item: Item) -> str:
    """The key of the media reference in use."""
    key = item.real.body.get("active_media_reference_key")
    return key if isinstance(key, str) else DEFAULT_KEY


def active_reference(cut: Cut, item: Item) -> dict[str, Any]:
    """The media reference in use, {} where there is none."""
    found = references(cut, item).get(active_key(item))
    return found if isinstance(found, dict) else {}


def available(reference: dict[str, Any]) -> Stretch | None:
    """What a media reference says there is. Raises BadValue."""
    return stretch(reference.get("available_range"))


def extent(cut: Cut, item: Item) -> Extent:
    """What an item shows of itself. Raises BadValue where that cannot be told."""
    key = ("extent", item)
    if key not in cut.worked_out:
        cut.worked_out[key] = _extent(cut, item.real)
    found: Extent = cut.worked_out[key]
    return found


def _extent(cut: Cut, item: Item) -> Extent:
    own = stretch(item.body.get("source_range"))
    if own is None and item.schema == "Clip":
        own = available(active_reference(cut, item))
    if own is not None:
        return Extent(own.begin, own.duration.seconds, own.start.rate, own.start.written)
    if item.schema == "Track":
        return Extent(Fraction(0), lay_out(cut, item).end, *_rate_below(cut, item))
    if item.schema in ("Stack", "Timeline"):
        ends = [extent(cut, child).length for child in item.children]
        return Extent(Fraction(0), max(ends, default=Fraction(0)), *_rate_below(cut, item))
    raise BadValue("Nothing says how long it is")


def _rate_below(cut: Cut, item: Item) -> tuple[Rate, float | int]:
    """The rate of the first thing in a composition that has one."""
    for child in item.children:
        if child.schema == "Transition":
            continue
        try:
            found = extent(cut, child)
        except BadValue:
            continue
        if found.length:
            return found.rate, found.written
    return rate_of(24), 24


def lay_out(cut: Cut, track: Item) -> Layout:
    """When a track plays what, in its own untrimmed time."""
    key = ("layout", track.real)
    if key not in cut.worked_out:
        cut.worked_out[key] = _lay_out(cut, track.real)
    found: Layout = cut.worked_out[key]
    return found


def _lay_out(cut: Cut, track: Item) -> Layout:
    made = Layout()
    now = Fraction(0)
    fade: Item | None = None
    for child in track.children:
        if child.schema == "Transition":
            fade = child
            continue
        start, fault = now, ""
        try:
            now += extent(cut, child).length
        except BadValue as error:
            fault = error.what
        if fade is not None:
            made.fades[len(made.places)] = _fade(fade, start)
            fade = None
        made.at[child] = len(made.places)
        made.starts.append(start)
        made.places.append(Place(child, start, now, fault))
        if fault and made.unsure is None:
            made.unsure = made.places[-1]
    if fade is not None:
        made.fades[len(made.places)] = _fade(fade, now)
    made.end = now
    return made


def _fade(item: Item, cut_point: Fraction) -> tuple[Fraction, Fraction]:
    """A transition's first moment and the first after it, around the cut it hides."""
    return (
        cut_point - _offset(item.body.get("in_offset")),
        cut_point + _offset(item.body.get("out_offset")),
    )


def _offset(value: Any) -> Fraction:
    try:
        found: Moment | None = moment(value)
    except BadValue:
        return Fraction(0)  # a transition no one can time hides nothing
    return max(found.seconds, Fraction(0)) if found else Fraction(0)


def is_video(item: Item) -> bool:
    """Whether a child of a stack holds pictures: a video track, or anything that is no track."""
    real = item.real
    return real.schema != "Track" or real.body.get("kind", "Video") == "Video"


def place_of(cut: Cut, item: Item) -> tuple[Fraction, Fraction]:
    """When its parent plays an item, in seconds of the parent's untrimmed time. Raises BadValue."""
    length = extent(cut, item).length
    if item.parent is None or item.parent.schema != "Track":
        return Fraction(0), length
    layout = lay_out(cut, item.parent)
    place = layout.places[layout.at[item]]
    return place.start, place.stop


def home_of(cut: Cut, item: Item) -> tuple[Item, Fraction, Fraction] | None:
    """The stack a clip lies in and when it plays there; None without one, or not all seen.

    Raises BadValue.
    """
    parent = item.parent
    start, stop = place_of(cut, item)
    if parent is not None and parent.schema == "Stack":
        return parent, start, stop
    if parent is None or parent.schema != "Track" or parent.parent is None:
        return None
    stack, begin = parent.parent, extent(cut, parent).begin
    if stack.schema != "Stack" or start < begin:
        return None
    return stack, start - begin, stop - begin


def start_in_cut(cut: Cut, item: Item) -> Fraction:
    """When the cut plays an item, in seconds from its start; retimes around it not counted in.

    Raises BadValue.
    """
    start = place_of(cut, item)[0] if item.parent is not None else Fraction(0)
    around = item.parent
    if around is None or around.schema in ("Timeline", "SerializableCollection"):
        return start
    return start - extent(cut, around).begin + start_in_cut(cut, around)


def effects(item: Item) -> list[dict[str, Any]]:
    """An item's effects that are switched on."""
    listed = item.real.body.get("effects")
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [each for each in found if each.get("enabled") is not False and kind_of(each)]
