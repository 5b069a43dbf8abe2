"""Walking a storyline: every clip of a sequence, what is connected to it, and compounds opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CutTooDeep
from secondunit_otio.fcpxml.clips import STORY, Shape, leaf, opened_clip, own_time
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.fcpxml.marks import filters, markers, told
from secondunit_otio.fcpxml.media import SPACE, Shelf, sequence_rate
from secondunit_otio.fcpxml.retime import Retime, retime
from secondunit_otio.fcpxml.times import length_of, rational, time_of, unreadable
from secondunit_otio.fcpxml.tracks import (
    AUDIO,
    CAPTION,
    VIDEO,
    Fade,
    Lane,
    Placed,
    Reel,
    gap,
    lane_below,
    stack,
    tracks,
)
from secondunit_otio.layout import DEFAULT_KEY
from secondunit_otio.scan import DEEPEST

MOST = 500_000
"""Elements of a document once its compounds are opened; a feature film has some ten thousand."""

_COMPOUNDS_DEEP = DEEPEST // 2 - 2  # each is a stack and a track
_MOST_LANES = 10_000
_HOLDING = ("clip", "sync-clip")  # what stands in these without a lane is part of them
_PLAYED = {"all": (VIDEO, AUDIO, CAPTION), "video": (VIDEO, CAPTION), "audio": (AUDIO,)}
_TRANSITION_START = Fraction(3600)  # a transition's own time starts at one hour, unwritten


@dataclass(frozen=True)
class Clock:
    """Leads from an element's own time to its sequence's, both in seconds."""

    zero: Fraction
    at: Fraction
    pace: Fraction = Fraction(1)

    def moved(self, time: Fraction) -> Fraction:
        """The sequence's time at a time of the element's own."""
        return self.at + (time - self.zero) * self.pace


@dataclass(frozen=True)
class Opened:
    """A sequence or the like as tracks. `zero` is what its own time starts at, in seconds."""

    rate: Rate
    zero: Fraction
    length: Fraction
    children: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        """Video where any of it is seen, else Audio."""
        seen = any(each["kind"] == VIDEO for each in self.children)
        return VIDEO if seen or not self.children else AUDIO


@dataclass(eq=False)
class Walk:
    """A way through a document. `faults` collects what could not be taken over."""

    shelf: Shelf
    faults: list[str] = field(default_factory=list)
    weights: dict[Element, int] = field(default_factory=dict)
    standing: list[str] = field(default_factory=list)

    def sequence(self, element: Element, fallback: Rate | None = None) -> Opened:
        """A sequence's tracks. Raises CutUnreadable, CutTooDeep."""
        self._weigh(element)
        rate = sequence_rate(self.shelf, element, fallback)
        zero = time_of(element, "tcStart", self.shelf.name)
        reel = Reel(rate)
        for spine in element.each("spine"):
            reel.end = self._row(spine.children, Clock(zero, reel.end), (0,), reel)
        length = max(length_of(element, self.shelf.name), reel.end)
        return Opened(rate, zero, length, tracks(reel, self.faults))

    def loose(self, element: Element) -> Opened:
        """A clip that stands in no sequence, and what is connected to it, as tracks."""
        self._weigh(element)
        reel = Reel(self._own_rate(element) or Rate(Fraction(24)))
        reel.end = self._item(element, Fraction(0), (0,), reel)
        return Opened(reel.rate, Fraction(0), reel.end, tracks(reel, self.faults))

    def _own_rate(self, element: Element) -> Rate | None:
        """The rate of a clip that stands in no sequence: its format's, or its media's."""
        there = self.shelf.by_id.get(element.get("ref"))
        inner = [] if there is None else [there, *there.each("sequence", "multicam")]
        rates = (self.shelf.rate(each.get("format")) for each in (element, *inner))
        return next((rate for rate in rates if rate is not None), None)

    def _row(self, elements: Iterable[Element], clock: Clock, lane: Lane, reel: Reel) -> Fraction:
        """Place what follows one another on a storyline; where it ends."""
        now = clock.at
        for each in elements:
            if each.tag == "transition":
                self._fade(each, clock, lane, reel)
            elif each.tag in STORY:
                start = now
                if "offset" in each.attributes:
                    start = clock.moved(time_of(each, "offset", self.shelf.name))
                if now - Fraction(1, 2) / reel.rate.per_second < start < now:
                    start = now
                now = max(now, self._item(each, start, lane, reel))
        return now

    def _item(self, element: Element, start: Fraction, lane: Lane, reel: Reel) -> Fraction:
        """Place an element and what is connected to it; where it ends."""
        if element.tag == "audition":
            picks = element.each(*STORY)
            if not picks:
                return start
            others = [each.get("name") for each in picks[1:]]
            return self._place(picks[0], start, lane, reel, {"audition": others})
        return self._place(element, start, lane, reel, {})

    def _place(
        self, element: Element, start: Fraction, lane: Lane, reel: Reel, more: dict[str, Any]
    ) -> Fraction:
        shape = self._shape(element, reel.rate)
        warp = retime(element, shape.local, shape.length, (reel.rate, shape.rate), self.shelf.name)
        body = _body(element, shape)
        body["source_range"] = _source_range(shape, warp, reel.rate)
        body["effects"] = [*shape.effects, *warp.effects, *filters(element)]
        body["markers"] = self._markers(element, shape, warp, reel.rate)
        body["metadata"] = {SPACE: {**told(element), **shape.told, **more}}
        stop = start + shape.length
        reel.placed.append(Placed(body, start, stop, lane, shape.kind))
        self._connected(element, Clock(shape.local, start, warp.pace), lane, reel)
        return stop

    def _markers(
        self, element: Element, shape: Shape, warp: Retime, parent: Rate
    ) -> list[dict[str, Any]]:
        """An element's markers, in the time its source range counts in, as if it played straight.

        So a marker lies as far behind the start of the source range as it lies behind the cut,
        which is how a cut's markers are read everywhere.
        """
        begin, name = warp.begin + shape.shift, self.shelf.name
        also = (parent,) if parent != shape.rate else ()

        def moved(time: Fraction) -> Fraction:
            return begin + (time - shape.local) * warp.pace

        found = markers(element, moved, shape.rate, also, name)
        if shape.inner is not None:
            inside = shape.shift
            found += markers(shape.inner, lambda time: moved(time - inside), shape.rate, also, name)
        return found

    def _connected(self, element: Element, clock: Clock, lane: Lane, reel: Reel) -> None:
        """Place what is connected to an element, in its lanes."""
        holds = element.tag in _HOLDING
        for each in element.each(*STORY, "spine"):
            number = self._lane(each, 0 if holds else 1)
            if not number:
                continue
            below = lane_below(lane, number)
            start = clock.moved(time_of(each, "offset", self.shelf.name, clock.zero))
            if each.tag == "spine":
                self._row(each.children, Clock(Fraction(0), start), below, reel)
            else:
                self._item(each, start, below, reel)

    def _lane(self, element: Element, default: int) -> int:
        text = element.get("lane").strip()
        if not text:
            return default
        try:
            number = int(text) if len(text) < 9 else _MOST_LANES + 1
        except ValueError:
            number = _MOST_LANES + 1
        if abs(number) > _MOST_LANES:
            fault = BadValue(f"{text[:40]!r} is no lane")
            raise unreadable(element, "lane", fault, self.shelf.name)
        return number

    def _shape(self, element: Element, parent: Rate) -> Shape:
        """What an element shows. Raises CutUnreadable, CutTooDeep."""
        if element.tag == "gap":
            return Shape(*own_time(self.shelf, element), parent)
        if element.tag == "ref-clip":
            return self._compound(element, parent)
        if element.tag == "mc-clip":
            return self._multicam(element, parent)
        if element.tag == "clip":
            return opened_clip(self.shelf, element, parent) or self._synced(element, parent)
        if element.tag == "sync-clip":
            return self._synced(element, parent)
        return leaf(self.shelf, element, parent)

    def _compound(self, element: Element, parent: Rate) -> Shape:
        """A compound clip: the sequence it refers to, opened."""
        media = self.shelf.found(element.get("ref"), "media")
        sequence = media.child("sequence") if media is not None else None
        if media is None or sequence is None:
            return leaf(self.shelf, element, parent)
        with self._open(media, element):
            opened = self.sequence(sequence, parent)
        return self._nested(element, opened)

    def _multicam(self, element: Element, parent: Rate) -> Shape:
        """A multicam clip: its active angles, the one that is seen and the ones that are heard."""
        media = self.shelf.found(element.get("ref"), "media")
        multicam = media.child("multicam") if media is not None else None
        if media is None or multicam is None:
            return leaf(self.shelf, element, parent)
        angles = {each.get("angleID"): each for each in multicam.each("mc-angle")}
        with self._open(media, element):
            rate = sequence_rate(self.shelf, multicam, parent)
            zero = time_of(multicam, "tcStart", self.shelf.name)
            reel = Reel(rate)
            for angle, kinds in _active(element, angles):
                part = Reel(rate)
                part.end = self._row(angle.children, Clock(zero, Fraction(0)), (0,), part)
                reel.end = max(reel.end, part.end)
                reel.placed += _played(part.placed, kinds)
                reel.fades += part.fades
            children = tracks(reel, self.faults)
        told = {"angles": [each.get("name") for each in angles.values()]}
        told["active"] = [angle.get("name") for angle, _ in _active(element, angles)]
        return self._nested(element, Opened(rate, zero, reel.end, children), told)

    def _synced(self, element: Element, parent: Rate) -> Shape:
        """A synchronised clip, or a clip that holds several: what it holds, as a compound."""
        name = self.shelf.name
        held = [each for each in element.each(*STORY, "spine") if not self._lane(each, 0)]
        rate = self.shelf.rate(element.get("format")) or parent
        starts = [time_of(each, "offset", name) for each in held]
        zero = min([time_of(element, "start", name), *starts])
        reel = Reel(rate)
        with self._open(element, element):
            spines = [each for each in held if each.tag == "spine"]
            rest = [each for each in held if each.tag != "spine"]
            reel.end = self._row(rest, Clock(zero, Fraction(0)), (0,), reel)
            for each in spines:
                at = time_of(each, "offset", name) - zero
                end = self._row(each.children, Clock(Fraction(0), at), (0,), reel)
                reel.end = max(reel.end, end)
            children = tracks(reel, self.faults)
        return self._nested(element, Opened(rate, zero, reel.end, children))

    def _nested(
        self, element: Element, opened: Opened, told: dict[str, Any] | None = None
    ) -> Shape:
        local = time_of(element, "start", self.shelf.name)
        length = length_of(element, self.shelf.name, opened.length)
        kind = AUDIO if element.get("srcEnable") == "audio" else opened.kind
        more = {"tcStart": str(opened.zero), **(told or {})}
        return Shape(
            local, length, opened.rate, kind, -opened.zero, children=opened.children, told=more
        )

    def _fade(self, element: Element, clock: Clock, lane: Lane, reel: Reel) -> None:
        """Note a transition, and its markers on the track."""
        name = self.shelf.name
        start = clock.moved(time_of(element, "offset", name))
        length = length_of(element, name)
        label = element.get("name") or "Transition"
        reel.fades.append(Fade(label, start, start + length, lane, reel.rate, told(element)))

        def moved(time: Fraction) -> Fraction:
            own = _TRANSITION_START if time >= _TRANSITION_START else Fraction(0)
            return start + time - time_of(element, "start", name, own)

        reel.markers += markers(element, moved, reel.rate, (), name)

    @contextmanager
    def _open(self, media: Element, element: Element) -> Iterator[None]:
        """Stand inside a compound. Raises CutTooDeep where one holds itself."""
        key = str(id(media))
        if key in self.standing or len(self.standing) >= _COMPOUNDS_DEEP:
            what = (
                f'The compound clip "{media.get("name")}" holds itself'
                if key in self.standing
                else f"Compound clips are nested more than {_COMPOUNDS_DEEP} deep"
            )
            raise CutTooDeep(what, self._where(element), "Break apart some of the compound clips")
        self.standing.append(key)
        try:
            yield
        finally:
            self.standing.pop()

    def _weigh(self, element: Element) -> int:
        """How many elements something holds with its compounds opened. Raises CutTooDeep."""
        if element in self.weights:
            return self.weights[element]
        weight = 1
        media = self.shelf.found(element.get("ref"), "media")
        if media is not None:
            with self._open(media, element):
                weight += self._weigh(media)
        weight += sum(map(self._weigh, element.children))
        if weight > MOST:
            raise CutTooDeep(
                f"With its compounds opened the document holds more than {MOST} clips",
                self._where(element),
                "Break apart compound clips that hold one another many times over",
            )
        self.weights[element] = weight
        return weight

    def _where(self, element: Element) -> str:
        return f"{self.shelf.name}, line {element.line}"


def _active(element: Element, angles: dict[str, Element]) -> list[tuple[Element, tuple[str, ...]]]:
    """The angles a multicam clip plays, and whether each is seen, heard or both.

    One that names none that is there plays its first.
    """
    found = []
    for each in element.each("mc-source"):
        angle = angles.get(each.get("angleID"))
        enabled = each.get("srcEnable", "all")
        if angle is not None and enabled in _PLAYED:
            found.append((angle, _PLAYED[enabled]))
    if not found and all(each.get("srcEnable") != "none" for each in element.each("mc-source")):
        found = [(angle, _PLAYED["all"]) for angle in list(angles.values())[:1]]
    return found


def _played(placed: list[Placed], kinds: tuple[str, ...]) -> list[Placed]:
    """What an angle plays where it is seen, heard or both; a picture only heard is sound."""
    if VIDEO in kinds:
        return [each for each in placed if each.kind in kinds]
    return [
        replace(each, kind=AUDIO)
        for each in placed
        if each.kind != CAPTION and each.body["OTIO_SCHEMA"] != "Gap.1"
    ]


def _source_range(shape: Shape, warp: Retime, parent: Rate) -> dict[str, Any]:
    also = (parent,) if parent != shape.rate else ()
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": rational(shape.length, parent, (shape.rate,)),
        "start_time": rational(warp.begin + shape.shift, shape.rate, also),
    }


def _body(element: Element, shape: Shape) -> dict[str, Any]:
    """The clip, gap or stack an element becomes, without its times."""
    name, enabled = element.get("name"), element.get("enabled", "1") != "0"
    if element.tag == "gap":
        return {**gap(Fraction(0), shape.rate), "name": name if name != "Gap" else ""}
    if shape.children is not None:
        return {**stack(name, shape.children, {}), "enabled": enabled}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": enabled,
        "color": None,
        "media_references": shape.references,
        "active_media_reference_key": DEFAULT_KEY,
    }
