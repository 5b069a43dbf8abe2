"""Which media frames a viewer sees just before and just after a place in a cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import (
    Layout,
    active_key,
    extent,
    is_video,
    lay_out,
    place_of,
    references,
)
from secondunit_otio.media import Media, media_of
from secondunit_otio.scan import Item
from secondunit_otio.times import frame_at
from secondunit_otio.warps import Warp, speed

View = Literal["track", "comp"]
Side = Literal["before", "at"]


@dataclass(frozen=True)
class MediaFrame:
    """One frame of one media, numbered as the cut numbers it; `file_frame` is its own number.

    `clamped` where the cut runs past the media and the last (or first) frame stands in. `assumed`
    says what had to be taken for granted.
    """

    media: Media
    number: int
    clamped: bool = False
    assumed: str = ""

    @property
    def file_frame(self) -> int:
        """The count from 0 in a movie, the file's number in a sequence."""
        return self.media.file_frame(self.number)


@dataclass(frozen=True)
class Sighting:
    """What is seen beside a place: a clip, and its frame there or the reason why it cannot be told.

    `stepped` is how far, in seconds, the look moved on to get out of a dissolve; `blended` where
    there was no getting out, and the frame is only one half of the mix.
    """

    item: Item
    frame: MediaFrame | None = None
    reason: str = ""
    stepped: Fraction = Fraction(0)
    blended: bool = False


@dataclass(frozen=True)
class Slot:
    """A place in a track: start up to stop, in seconds of the track's untrimmed time."""

    track: Item
    start: Fraction
    stop: Fraction
    rate: Rate


@dataclass(frozen=True)
class Neighbours:
    """What is seen just before and just after a slot; None where nothing is (a gap, an end)."""

    before: Sighting | None
    after: Sighting | None
    frames_before: Callable[[int], list[MediaFrame]]
    """The last n frames seen before the slot, earliest first, a frame of the slot's rate apart.

    Fewer where a cut, a gap or something that cannot be told comes between.
    """
    frames_after: Callable[[int], list[MediaFrame]]
    """The first n frames seen after it, likewise."""


def slot_of(cut: Cut, item: Item) -> Slot:
    """The place an item takes in its track. Raises BadValue where that cannot be told."""
    shown = extent(cut, item)
    return Slot(item.parent or item, *place_of(cut, item), shown.rate)


def neighbours(cut: Cut, where: Item | Slot, view: View = "track") -> Neighbours:
    """What is seen around an item or a slot: in its own track, or in the stack from the top down.

    A dissolve into or out of the slot is stepped out of: its frames are a blend that holds the slot
    already. Raises BadValue where the slot's own place cannot be told.
    """
    slot = where if isinstance(where, Slot) else slot_of(cut, where)
    look = _in_stack if view == "comp" else _in_track
    before = look(cut, slot.track, slot.start, "before")
    after = look(cut, slot.track, slot.stop, "at")

    def run(first: Sighting | None, edge: Fraction, side: Side, count: int) -> list[MediaFrame]:
        found: list[MediaFrame] = []
        for step in range(count if first else 0):
            away = (first.stepped if first else 0) + step / slot.rate.per_second
            time = edge - away if side == "before" else edge + away
            seen = look(cut, slot.track, time, side) if step else first
            if seen is None or seen.frame is None or first is None or seen.item is not first.item:
                break
            if step and (seen.blended or seen.stepped):
                break
            found.append(seen.frame)
        return found

    return Neighbours(
        before,
        after,
        lambda count: run(before, slot.start, "before", count)[::-1],
        lambda count: run(after, slot.stop, "at", count),
    )


def resolve_media_frame(
    cut: Cut, item: Item, off: Fraction, side: Side = "at", key: str = ""
) -> MediaFrame:
    """The media frame a clip shows `off` seconds after it starts, or just before that.

    floor(start + off * speed), clamped to what the media has. Raises BadValue saying why it cannot
    be told.
    """
    real = item.real
    if real.schema != "Clip":
        raise BadValue(f"A {real.schema} is no clip")
    media = media_of(cut, references(cut, real).get(key or active_key(real), {}))
    warp = Warp(extent(cut, real), speed(real))
    rate = media.rate or warp.shown.rate
    if side == "before":
        # the media's step, not the slot's: 1/24 s before the end of a 25 fps clip is its last
        # frame but one
        off = max(off - 1 / rate.per_second, Fraction(0))
    number = frame_at(warp.position(off, rate))
    held = number
    if media.start is not None:
        held = max(number, media.start)
        held = min(held, media.last) if media.last is not None else held
    return MediaFrame(media, held, held != number, warp.assumed)


def _in_stack(cut: Cut, track: Item, time: Fraction, side: Side) -> Sighting | None:
    """What is seen, at a time of a track's, in the stack it lies in; without one, in the track."""
    if track.schema == "Stack":
        return _through(cut, track, time, side)
    stack, pace = track.parent, speed(track)
    if stack is None or stack.schema != "Stack" or pace <= 0:
        return _in_track(cut, track, time, side)
    return _through(cut, stack, (time - extent(cut, track).begin) / pace, side)


def _through(cut: Cut, stack: Item, time: Fraction, side: Side) -> Sighting | None:
    """The topmost picture of a stack at a time counted from where its children start."""
    for child in reversed(stack.children):
        if not child.real.enabled or not is_video(child):
            continue
        try:
            length = extent(cut, child).length
        except BadValue as error:
            return Sighting(child, reason=error.what)
        unsure = lay_out(cut, child).unsure if child.real.schema == "Track" else None
        if unsure is not None and time >= unsure.start - extent(cut, child).begin:
            return Sighting(
                unsure.item, reason=f"{unsure.fault}, so what plays after it cannot be told"
            )
        if not _holds(Fraction(0), length, time, side):
            continue
        seen = _in_item(cut, child, time, side)
        if seen is not None:
            return seen
    return None


def _holds(start: Fraction, stop: Fraction, time: Fraction, side: Side) -> bool:
    return start < time <= stop if side == "before" else start <= time < stop


def _in_track(cut: Cut, track: Item, time: Fraction, side: Side) -> Sighting | None:
    """What a track shows at a time of its own untrimmed time, or just before it."""
    if track.real.schema != "Track":
        return None
    if track.real.body.get("source_range") is not None:
        shown = extent(cut, track)
        if not _holds(shown.begin, shown.end, time, side):
            return None
    layout = lay_out(cut, track)
    number = layout.playing_before(time) if side == "before" else layout.playing(time)
    number = _unknown_between(layout, number, time, side)
    if number is None:
        return None
    place = layout.places[number]
    if place.fault:
        return Sighting(place.item, reason=place.fault)
    clean, blended = _out_of_fade(layout, number, time, side)
    seen = _in_item(cut, place.item, clean - place.start, side)
    if seen is None or (clean == time and not blended):
        return seen
    return replace(seen, stepped=seen.stepped + abs(clean - time), blended=seen.blended or blended)


def _unknown_between(layout: Layout, number: int | None, time: Fraction, side: Side) -> int | None:
    """An item of unknown length right at the time comes before whatever else was found there."""
    places = layout.places
    step = 1 if side == "before" else -1
    if side == "before":
        at = 0 if number is None else number + 1
    else:
        at = (len(places) if number is None else number) - 1
    while 0 <= at < len(places) and places[at].start == time == places[at].stop:
        if places[at].fault:
            number = at
        at += step
    return number


def _out_of_fade(layout: Layout, number: int, time: Fraction, side: Side) -> tuple[Fraction, bool]:
    """The time moved out of the transition at the item's near end; whether a blend is left."""
    place = layout.places[number]
    into, out = layout.fades.get(number), layout.fades.get(number + 1)
    near, far = (out, into) if side == "before" else (into, out)
    if near is not None and _holds(*near, time, side):
        time = near[0] if side == "before" else near[1]
        if not _holds(place.start, place.stop, time, side):
            return place.start, True  # a fade as long as the clip leaves nothing clean
    return time, far is not None and _holds(*far, time, side)


def _in_item(cut: Cut, item: Item, off: Fraction, side: Side) -> Sighting | None:
    """What an item shows, `off` seconds after it starts; None where one sees through it."""
    real = item.real
    if not real.enabled or real.schema == "Gap":
        return None
    try:
        if real.schema in ("Track", "Stack"):
            return _below(cut, real, off, side)
        return Sighting(item, resolve_media_frame(cut, item, off, side))
    except BadValue as error:
        return Sighting(item, reason=error.what)


def _below(cut: Cut, item: Item, off: Fraction, side: Side) -> Sighting | None:
    """What a nested sequence shows. Played backwards, just before is just after."""
    shown, pace = extent(cut, item), speed(item)
    time = shown.begin + off * pace
    if pace < 0:
        time += shown.length * -pace
        side = "at" if side == "before" else "before"
    elif pace == 0:
        side = "at"
    seen = (
        _in_track(cut, item, time, side)
        if item.schema == "Track"
        else _through(cut, item, time, side)
    )
    if seen is None or not seen.stepped:
        return seen
    return replace(seen, stepped=seen.stepped / abs(pace) if pace else Fraction(0))
