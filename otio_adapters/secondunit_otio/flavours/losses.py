"""What a format could not hold: the cut that went in against the cut that is read out of it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.flavours.align import near, same_strips, written_beats
from secondunit_otio.flavours.flatten import told
from secondunit_otio.flavours.lower import Lowering, below, first_file, read
from secondunit_otio.flavours.strips import Beat, Strip, in_use, strip_of, top, tracks_of
from secondunit_otio.layout import extent, references
from secondunit_otio.media import local_path
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.splice import same
from secondunit_otio.times import moment, stretch

_PLAYS = frozenset({"Clip", "Transition"})


def strips_read(low: Lowering, came: Cut) -> list[Strip]:
    """What was read out of a format, in the times of the cut that went in."""
    strips = [strip_of(came, each) for each in tracks_of(top(came))]
    if low.seen.host.suffix == ".edl":  # it has no start of its own, only a record side
        for strip in strips:
            shift(strip, _seconds(came.root.body) - low.begin)
    return strips


def shift(strip: Strip, by: Fraction) -> None:
    """Move a strip in time."""
    if by:
        for beat in strip.beats:
            beat.start, beat.stop = beat.start + by, beat.stop + by
        for gap in strip.gaps:
            gap.start, gap.stop = gap.start + by, gap.stop + by
        strip.end += by


def losses(low: Lowering, came: Cut) -> list[Finding]:
    """Everything of the cut that is not in what came out of the format, item by item."""
    book = _Book(low, came)
    rows, others = low.rows(), strips_read(low, came)
    pairs = dict(same_strips(rows, others))
    for number, row in enumerate(rows):
        book.strips(row, others[pairs[number]] if number in pairs else None)
    known = {strip.item for strip in rows}
    for item in below(top(low.seen.cut)):
        if item not in known:
            book.strips(read(low.seen, item), None)
    book.whole()
    return book.found


@dataclass(eq=False)
class _Book:
    low: Lowering
    came: Cut
    found: list[Finding] = field(default_factory=list)

    def lost(self, item: Item, what: str, before: Any = None, after: Any = None) -> None:
        self.found.append(
            told(self.low.seen.cut, "lost", item, what, self._id(item), before=before, after=after)
        )

    def _id(self, item: Item) -> str:
        marks = self.low.seen.marks.get(item)
        return (marks.own or marks.asked)[0] if marks else ""

    def whole(self) -> None:
        """The cut's own name, start, notes and markers."""
        cut, root, other = self.low.seen.cut, self.low.seen.cut.root, self.came.root.body
        if root.schema != "Timeline":
            return
        self.plain(root, root.body, other)
        start, now = _seconds(root.body), _seconds(other)
        clock = self.low.seen.host.suffix != ".edl" or not near(start, self.low.begin)
        if clock and not near(start, now):
            self.lost(root, "The timecode it starts at", float(start), float(now))
        stack = top(cut)
        if stack is not root:
            self.marked(stack, stack.body, top(self.came).body)
            self.worked(stack, stack.body, {})
            self.noted(stack, stack.body, top(self.came).body)
            self.cut_off(stack)

    def cut_off(self, item: Item) -> None:
        """What a composition does not show of itself is cut off for good."""
        if item.body.get("source_range") is not None:
            self.lost(item, "What lies outside the part of it that is seen")

    def strips(self, row: Strip, other: Strip | None) -> None:
        """A track, and all that is on it."""
        item = row.item
        if other is None:
            what = "This track" if item.real.schema == "Track" else "This"
            if item.real.schema == "Track":
                self.lost(item, f"{what} and what is on it")
            for beat in read(self.low.seen, item).beats:
                self.gone(beat, "its track is left out")
            for gap in row.gaps:
                self.lost(gap.item, "The gap: its track is left out")
            return
        if item.real.schema == "Track":
            self.plain(item, item.real.body, other.item.real.body)
            self.marked(item, item.real.body, other.item.real.body)
            self.worked(item, item.real.body, other.item.real.body)
            self.cut_off(item)
        self.beats(row, other)
        self.gaps(row, other)
        self.left_out(row)

    def left_out(self, row: Strip) -> None:
        """What the format was never given: opened sequences, things of no length."""
        given = {beat.item for beat in row.beats}
        for beat in read(self.low.seen, row.item).beats:
            if beat.item not in given:
                opened = beat.kind == "nest" and not self.low.seen.host.nested
                if opened:
                    self.unfolded(beat, given)
                else:
                    self.gone(beat, "")

    def unfolded(self, nest: Beat, given: set[Item]) -> None:
        """A sequence of which only the fullest track goes along, as far as it is seen."""
        self.lost(nest.item, "It is no sequence of its own; only its fullest track goes along")
        for item in nest.item.real.walk():
            if item.schema == "Gap":
                self.lost(item, "The gap as an item of its own")
            elif item.schema in _PLAYS and item not in given:
                self.lost(item, "It lies outside what is seen of the sequence it is in")

    def gone(self, beat: Beat, why: str) -> None:
        """Something that is not there, with all that is in it."""
        self.lost(beat.item, f"The {_noun(beat)}" + (f": {why}" if why else ""))
        if beat.kind == "nest":
            for item in beat.item.real.walk():
                if item.schema in _PLAYS or item.schema == "Gap":
                    self.lost(item, f"It goes with the sequence it is in{why and ': ' + why}")

    def gaps(self, row: Strip, other: Strip) -> None:
        """Gaps are empty places; what else they carry is lost."""
        there = {(_tick(gap.start), _tick(gap.stop)): gap for gap in other.gaps}
        for gap in row.gaps:
            found = there.get((_tick(gap.start), _tick(gap.stop)))
            if found is None:
                self.lost(gap.item, "The gap as an item of its own")
            body = found.body if found else {}
            self.plain(gap.item, gap.body, body)
            self.marked(gap.item, gap.body, body)
            self.worked(gap.item, gap.body, body)

    def beats(self, row: Strip, other: Strip) -> None:
        """Everything that plays."""
        pairs = dict(written_beats(row.beats, other.beats))
        for number, beat in enumerate(row.beats):
            if number not in pairs:
                self.gone(beat, "")
                continue
            seen = other.beats[pairs[number]]
            self.plain(beat.item, beat.body, seen.body)
            if beat.kind == "fade":
                self.fade(beat, seen)
                continue
            self.marked(beat.item, beat.body, seen.body)
            self.worked(beat.item, beat.body, seen.body)
            self.timed(beat, seen)
            if beat.kind == "nest":
                self.inside(beat, seen)
            else:
                self.media(beat, seen)

    def inside(self, beat: Beat, seen: Beat) -> None:
        """What plays in a nested sequence."""
        window = (beat.begin, beat.begin + beat.length)
        rows = [self.low.row(read(self.low.seen, each), *window) for each in below(beat.item)]
        others = [strip_of(self.came, each) for each in tracks_of(seen.item)]
        for strip in others:
            shift(strip, -seen.begin)
        pairs = dict(same_strips(rows, others))
        for number, row in enumerate(rows):
            self.strips(row, others[pairs[number]] if number in pairs else None)

    def timed(self, beat: Beat, seen: Beat) -> None:
        """When it plays, how long, and which part of its media."""
        for what, one, other in (
            ("Its place in the cut", beat.start, seen.start),
            ("Its length", beat.length, seen.length),
            ("Which part of its media is seen", beat.begin, seen.begin),
        ):
            if not near(one, other):
                self.lost(beat.item, what, f"{float(one):.6f} s", f"{float(other):.6f} s")
        with contextlib.suppress(BadValue):
            if not near(extent(self.low.seen.cut, beat.item).length, beat.length):
                self.lost(beat.item, "What of it lies outside the sequence around it")

    def fade(self, beat: Beat, seen: Beat) -> None:
        """A transition's kind and length."""
        kinds = [each.body.get("transition_type") for each in (beat, seen)]
        if kinds[0] != kinds[1]:
            self.lost(beat.item, "The kind of transition", *kinds)
        for key in ("in_offset", "out_offset"):
            one, other = (_moment(each.body.get(key)) for each in (beat, seen))
            if not near(one, other):
                self.lost(beat.item, f"How far the transition reaches ({key})",
                          float(one), float(other))  # fmt: skip

    def media(self, beat: Beat, seen: Beat) -> None:
        """Which media it shows, and what is known of it."""
        cut = self.low.seen.cut
        one, other = cut.meant(in_use(beat.body)), self.came.meant(in_use(seen.body))
        kinds = kind_of(one), kind_of(other)
        if kinds[0] != kinds[1]:
            self.lost(beat.item, f"The kind of its media ({kinds[0] or 'none'})", *kinds)
        paths = _path(one), _path(other)
        if paths[0] != paths[1]:
            self.lost(beat.item, "The path of its media", *paths)
        if kinds[0] == "GeneratorReference":
            for key in ("generator_kind", "parameters"):
                if not same(one.get(key), other.get(key)):
                    self.lost(beat.item, f"What the host makes it with ({key})")
        there = _range(one), _range(other)
        if there[0] and (there[1] is None or not all(map(near, there[0], there[1]))):
            self.lost(beat.item, "How much there is of its media", *map(_said, there))
        if one.get("name") and one.get("name") != other.get("name"):
            self.lost(beat.item, "The name of its media", one.get("name"), other.get("name"))
        if one.get("available_image_bounds"):
            self.lost(beat.item, "How its picture lies in the frame")
        self.noted(beat.item, one, other, " on its media")
        if len(beat.body.get("media_references") or ()) > len(references(self.came, seen.item)):
            self.lost(beat.item, "Its other media; only the one in use goes along")

    def plain(self, item: Item, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Name, whether it is on, colour, notes."""
        if one.get("name") and one.get("name") != other.get("name"):
            self.lost(item, "Its name", one.get("name"), other.get("name"))
        if (one.get("enabled") is False) != (other.get("enabled") is False):
            self.lost(item, "That it is switched off" if one.get("enabled") is False
                      else "That it is switched on")  # fmt: skip
        if one.get("color") and not same(one.get("color"), other.get("color")):
            self.lost(item, "Its colour", one.get("color"))
        self.noted(item, one, other)

    def noted(self, item: Item, one: Any, other: Any, where: str = "") -> None:
        """The notes applications keep beside an item."""
        told, now = (_metadata(each) for each in (one, other))
        for space, value in told.items():
            if not same(value, now.get(space)) and value not in ({}, None):
                self.lost(item, f"What is noted under {space!r}{where}")

    def marked(self, item: Item, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Markers, by name and place."""
        left = _listed(other, "markers")
        for marker in _listed(one, "markers"):
            name = str(marker.get("name") or "")
            best = next((each for each in left if _alike(marker, each)), None)
            if best is None:
                self.lost(item, f'The marker "{name}"')
                continue
            left.remove(best)
            for key in ("name", "comment", "color"):
                if marker.get(key) and marker.get(key) != best.get(key):
                    self.lost(item, f'The {key} of the marker "{name}"', marker.get(key),
                              best.get(key))  # fmt: skip
            spans = [_span(each) for each in (marker, best)]
            if not all(map(near, *spans)):
                self.lost(item, f'Where the marker "{name}" lies', *map(_said, spans))
            self.noted(item, marker, best, f' on the marker "{name}"')

    def worked(self, item: Item, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Effects, retimes among them."""
        left = _listed(other, "effects")
        for effect in _listed(one, "effects"):
            name = str(effect.get("effect_name") or effect.get("name") or kind_of(effect))
            best = next((each for each in left if kind_of(each) == kind_of(effect)), None)
            if best is None:
                self.lost(item, f'The effect "{name}"')
                continue
            left.remove(best)
            if kind_of(effect) == "LinearTimeWarp" and not _equal_speed(effect, best):
                self.lost(item, "Its speed", effect.get("time_scalar"), best.get("time_scalar"))
            if effect.get("name") and effect.get("name") != best.get("name"):
                self.lost(item, f'The name of the effect "{name}"', effect.get("name"))
            self.noted(item, effect, best, f' on the effect "{name}"')


def _noun(beat: Beat) -> str:
    return {"fade": "transition", "nest": "nested sequence"}.get(beat.kind, "clip")


def _tick(seconds: Fraction) -> int:
    return round(seconds * 1000)


def _metadata(value: Any) -> dict[str, Any]:
    told = value.get("metadata") if isinstance(value, dict) else None
    return told if isinstance(told, dict) else {}


def _listed(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = body.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    names = (str(each.get("name") or "").casefold() for each in (one, other))
    return next(names) == next(names)


def _span(marker: dict[str, Any]) -> tuple[Fraction, Fraction]:
    try:
        found = stretch(marker.get("marked_range"))
    except BadValue:
        found = None
    return (found.begin, found.end) if found else (Fraction(0), Fraction(0))


def _range(reference: dict[str, Any]) -> tuple[Fraction, Fraction] | None:
    try:
        found = stretch(reference.get("available_range"))
    except BadValue:
        return None
    return (found.begin, found.end) if found else None


def _said(span: tuple[Fraction, Fraction] | None) -> str:
    return f"{float(span[0]):.6f}-{float(span[1]):.6f} s" if span else ""


def _moment(value: Any) -> Fraction:
    try:
        found = moment(value)
    except BadValue:
        return Fraction(0)
    return found.seconds if found else Fraction(0)


def _seconds(body: dict[str, Any]) -> Fraction:
    return _moment(body.get("global_start_time"))


def _path(reference: dict[str, Any]) -> str:
    if kind_of(reference) == "ImageSequenceReference":
        return first_file(reference)
    url = reference.get("target_url")
    return local_path(url, "") if isinstance(url, str) else ""


def _equal_speed(one: dict[str, Any], other: dict[str, Any]) -> bool:
    speeds = [each.get("time_scalar", 1) for each in (one, other)]
    numbers = [each for each in speeds if isinstance(each, (int, float))]
    return len(numbers) == 2 and abs(numbers[0] - numbers[1]) < 1e-6
