"""A cut as strips of beats: what plays on each track, in order, wherever gaps stand between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.flavours.identity import NONE, Marks, basename, marks_of
from secondunit_otio.layout import DEFAULT_KEY, extent, is_video, lay_out
from secondunit_otio.scan import Item
from secondunit_otio.times import stretch


@dataclass(eq=False, slots=True)
class Beat:
    """A clip, a nested sequence or a transition on a track, in seconds.

    `start` up to `stop` is when its track plays it, `length` in between, `begin` the first moment
    of its own time that is seen; a transition lies at one moment. `body` is what is seen of it,
    `spot` its place among its track's children.
    """

    item: Item
    kind: str
    start: Fraction
    stop: Fraction
    begin: Fraction
    body: dict[str, Any]
    length: Fraction
    marks: Marks = NONE
    spot: int = 0
    known: str | None = None

    @property
    def name(self) -> str:
        """Its name, "" where it has none."""
        name = self.body.get("name")
        return name if isinstance(name, str) else ""

    @property
    def media(self) -> dict[str, Any]:
        """The media reference in use, {} where there is none."""
        return in_use(self.body)

    @property
    def sign(self) -> str:
        """What a clip of others is known by: its media's file name, else its name."""
        if self.known is None:
            plain = self.kind == "clip"
            self.known = (basename(self.media) or self.name).casefold() if plain else self.kind
        return self.known


@dataclass(eq=False, slots=True)
class Space:
    """A gap, or what is left of one beside a slate; `body` is what is seen of it."""

    item: Item
    start: Fraction
    stop: Fraction
    body: dict[str, Any]
    spot: int = 0


@dataclass(eq=False)
class Strip:
    """What a track plays, or a thing that lies in a stack without one; times are the stack's."""

    item: Item
    kind: str
    beats: list[Beat] = field(default_factory=list)
    gaps: list[Space] = field(default_factory=list)
    end: Fraction = Fraction(0)
    origin: Fraction = Fraction(0)


_ZERO = Fraction(0)

Shown = Callable[[Item], tuple[dict[str, Any], ...]]
Marking = Callable[[Item, dict[str, Any]], Marks]


def in_use(body: dict[str, Any]) -> dict[str, Any]:
    """The media reference in use in a clip's body, {} where there is none."""
    many = body.get("media_references")
    if isinstance(many, dict):
        key = body.get("active_media_reference_key", DEFAULT_KEY)
        found = many.get(key) if isinstance(key, str) else None
    else:
        found = body.get("media_reference")
    return found if isinstance(found, dict) else {}


def top(cut: Cut) -> Item:
    """The stack, or the one track, that the cut plays."""
    item = cut.root
    while item.schema in ("Timeline", "SerializableCollection"):
        inner = [
            child
            for child in item.children
            if child.schema in ("Timeline", "Stack", "Track", "SerializableCollection")
        ]
        if not inner:
            break
        item = inner[0]
    return item


def tracks_of(stack: Item) -> list[Item]:
    """The tracks of a stack, and what lies in it without one; a track alone is its own."""
    if stack.real.schema == "Track":
        return [stack]
    if stack.real.schema == "Clip":
        return [stack]
    return list(stack.real.children)


def kind_of_track(item: Item) -> str:
    """Video or Audio, or what else a track holds."""
    if item.real.schema != "Track":
        return "Video"
    return "Video" if is_video(item) else str(item.real.body.get("kind"))


def strip_of(
    cut: Cut, track: Item, marks: Marking | None = None, shown: Shown | None = None
) -> Strip:
    """A track's strip. `marks` tells an item's ids, `shown` what is seen in its place."""
    return _Reader(cut, marks or _own_marks, shown or _own_body).strip(track)


def _own_marks(_: Item, body: dict[str, Any]) -> Marks:
    return marks_of(body)


def _own_body(item: Item) -> tuple[dict[str, Any], ...]:
    return (item.real.body,)


@dataclass(eq=False)
class _Reader:
    """Reads strips of one cut."""

    cut: Cut
    marks: Marking
    shown: Shown

    def strip(self, track: Item) -> Strip:
        made = Strip(track, kind_of_track(track))
        if track.real.schema != "Track":
            stop = _or_zero(lambda: extent(self.cut, track).length)
            made.beats = [self._beat(track, _ZERO, stop, 0)]
            made.end = stop
            return made
        made.origin = _or_zero(lambda: extent(self.cut, track).begin)
        places = lay_out(self.cut, track).places
        number = 0
        time = -made.origin
        for spot, child in enumerate(track.real.children):
            if child.schema == "Transition":
                made.beats.append(
                    Beat(child, "fade", time, time, _ZERO, child.body, _ZERO, NONE, spot)
                )
                continue
            place = places[number]
            number += 1
            start, time = place.start, place.stop
            if made.origin:
                start, time = start - made.origin, time - made.origin
            if child.real.schema == "Gap":
                self._gap(made, child, start, time, spot)
            else:
                made.beats.append(self._beat(child, start, time, spot))
        made.end = time
        return made

    def _gap(self, made: Strip, gap: Item, start: Fraction, stop: Fraction, spot: int) -> None:
        """A gap, or the slates that stand in it and what is left of it."""
        bodies = self.shown(gap)
        if len(bodies) == 1 and bodies[0] is gap.real.body:
            made.gaps.append(Space(gap, start, stop, gap.real.body, spot))
            return
        for body in bodies:
            shown = stretch(body.get("source_range"))
            if shown is None:
                continue
            end = start + shown.duration.seconds
            if body.get("OTIO_SCHEMA", "").startswith("Clip."):
                made.beats.append(
                    Beat(
                        gap,
                        "clip",
                        start,
                        end,
                        shown.begin,
                        body,
                        end - start,
                        marks_of(body),
                        spot,
                    )
                )
            else:
                made.gaps.append(Space(gap, start, end, body, spot))
            start = end

    def _beat(self, item: Item, start: Fraction, stop: Fraction, spot: int) -> Beat:
        real = item.real
        kind = "clip" if real.schema == "Clip" else "nest" if real.children else "thing"
        try:
            shown = extent(self.cut, item)
            begin, length = shown.begin, shown.length
        except BadValue:
            begin = length = _ZERO
        body = self.shown(item)[0]
        marks = self.marks(item, body) if kind == "clip" and item.target is None else NONE
        return Beat(item, kind, start, stop, begin, body, length, marks, spot)


def _or_zero(ask: Callable[[], Fraction]) -> Fraction:
    """A time that cannot be told counts as none."""
    try:
        return ask()
    except BadValue:
        return Fraction(0)
