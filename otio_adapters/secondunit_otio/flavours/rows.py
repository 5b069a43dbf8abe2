"""Which clip of the master is which of what came back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.flavours.align import (
    exact_beats,
    near,
    same_beats,
    same_strips,
    written_beats,
)
from secondunit_otio.flavours.bodies import Held, moved_in_media, retimed
from secondunit_otio.flavours.flatten import Overlay
from secondunit_otio.flavours.formats import written
from secondunit_otio.flavours.losses import strips_read
from secondunit_otio.flavours.lower import Lowering, below, read
from secondunit_otio.flavours.strips import Beat, Strip, strip_of, top, tracks_of
from secondunit_otio.scan import Item
from secondunit_otio.times import stretch


@dataclass(eq=False)
class Row:
    """A track of the master and what became of it.

    `came` is the same track as it came back; None where there is none. `found` holds, by the
    identity of what is not ours, its place in `came`; `exact` the numbers of what came back to the
    frame, in both. `inside` is how deep the track is nested.
    """

    strip: Strip
    came: Strip | None
    held: list[Held] = field(default_factory=list)
    found: dict[int, int] = field(default_factory=dict)
    exact: list[tuple[int, int]] = field(default_factory=list)
    inside: int = 0

    @property
    def open(self) -> bool:
        """Whether clips can be taken out of it and put into it."""
        item = self.strip.item
        plain = item.real.schema == "Track" and item.target is None
        return plain and (self.came is not None or not self.inside)


@dataclass(eq=False)
class Matching:
    """The master's tracks, row by row, and what came back that belongs to none of them.

    `home` is the strip each came beat lies in; `fresh` are tracks the master has not, with the row
    they come after; `strange` are clips that are new and not ours.
    """

    seen: Overlay
    came: Cut
    rows: list[Row] = field(default_factory=list)
    home: dict[int, Strip] = field(default_factory=dict)
    fresh: list[Strip] = field(default_factory=list)
    strange: list[tuple[Beat, Strip]] = field(default_factory=list)
    strips: list[Strip] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)
    usual: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, seen: Overlay, came: Cut) -> Matching:
        """Match a master with what came back of it."""
        made = cls(seen, came)
        tops = below(top(seen.cut))
        theirs = [strip_of(came, each) for each in tracks_of(top(came))]
        if seen.host.native:
            made._native(tops, theirs, 0)
        else:
            made._adapted(tops, theirs)
        made._jobs()
        made._anchors()
        return made

    def _native(self, tracks: list[Item], theirs: list[Strip], depth: int) -> None:
        ours = [read(self.seen, each) for each in tracks]
        rows = [Row(strip, None, inside=depth) for strip in ours]
        for row in rows:
            row.held = [Held(beat, beat, bool(beat.marks)) for beat in row.strip.beats]
        self._join(rows, ours, theirs, depth)

    def _join(self, rows: list[Row], shown: list[Strip], theirs: list[Strip], depth: int) -> None:
        """Find each row's track in what came, then the sequences nested in it."""
        pairs = dict(same_strips(shown, theirs))
        for number, row in enumerate(rows):
            row.came = theirs[pairs[number]] if number in pairs else None
        self.rows += rows
        taken = set(pairs.values())
        self.strips += theirs
        if depth == 0:
            self.fresh += [strip for at, strip in enumerate(theirs) if at not in taken]
        for strip in theirs:
            self.home |= {id(beat): strip for beat in strip.beats}
        for row in rows:
            self._nests(row, depth)
        for at, strip in enumerate(theirs):
            if at not in taken:
                self._loose(strip)

    def _nests(self, row: Row, depth: int) -> None:
        """The same for the nested sequences of a row, in order."""
        ours = [held for held in row.held if held.beat.kind == "nest"]
        theirs = [beat for beat in row.came.beats if beat.kind == "nest"] if row.came else []
        if not ours and not theirs:
            return
        pairs = _same_nests([held.beat for held in ours], theirs)
        for number, held in enumerate(ours):
            inner = theirs[pairs[number]] if number in pairs else None
            strips = [strip_of(self.came, each) for each in tracks_of(inner.item)] if inner else []
            self._native(below(held.beat.item), strips, depth + 1)
        for number in set(range(len(theirs))) - set(pairs.values()):
            self._loose_nest(theirs[number])

    def _loose(self, strip: Strip) -> None:
        for beat in strip.beats:
            if beat.kind == "nest":
                self._loose_nest(beat)

    def _loose_nest(self, beat: Beat) -> None:
        """What lies in a nested sequence that the master has not."""
        for each in tracks_of(beat.item):
            strip = strip_of(self.came, each)
            self.strips.append(strip)
            self.home |= {id(inner): strip for inner in strip.beats}
            self._loose(strip)

    def _adapted(self, tracks: list[Item], theirs: list[Strip]) -> None:
        """Through a format of its own: what it shows is what is read out of the same flavour."""
        made = written(self.seen)
        shown = strips_read(made.low, made.cut)
        if made.low.seen.host.suffix == ".edl":
            _check_rate(theirs, made.low)
            theirs = strips_read(made.low, self.came)
        given = made.low.rows()
        seen: dict[tuple[int, int], Beat] = {}
        mates: dict[int, Strip] = {}
        for a, b in same_strips(given, shown):
            mates[id(given[a].item)] = shown[b]
            for one, other in written_beats(given[a].beats, shown[b].beats):
                beat = given[a].beats[one]
                seen[id(beat.item), id(beat.body)] = shown[b].beats[other]
        rows = [self._adapted_row(track, seen, 0) for track in tracks]
        known = [row for row in rows if id(row.strip.item) in mates]
        as_shown = [mates[id(row.strip.item)] for row in known]
        self._join(known, as_shown, theirs, 0)
        self.rows += [row for row in rows if row not in known]
        for row, strip in zip(known, as_shown, strict=True):
            beats = row.came.beats if row.came is not None else []
            self.usual |= {id(beats[b]) for _, b in same_beats(strip.beats, beats)}
        for row in rows:
            self._inner(row, seen)

    def _adapted_row(self, track: Item, seen: dict[tuple[int, int], Beat], depth: int) -> Row:
        row = Row(read(self.seen, track), None, inside=depth)
        row.held = [
            Held(beat, seen.get((id(beat.item), id(beat.body))), bool(beat.marks))
            for beat in row.strip.beats
        ]
        return row

    def _inner(self, row: Row, seen: dict[tuple[int, int], Beat]) -> None:
        """Nested tracks are not joined one by one there: their clips are known by id alone."""
        for held in row.held:
            for each in below(held.beat.item) if held.beat.kind == "nest" else ():
                inner = self._adapted_row(each, seen, row.inside + 1)
                self.rows.append(inner)
                self._inner(inner, seen)

    def _jobs(self) -> None:
        """Give every clip of ours that came back to the master's clip it was made from."""
        for row in self.rows:
            self._untouched(row)
        book = _Register(self)
        for strip in self.strips:
            for beat in strip.beats:
                if beat.kind == "clip" and id(beat) not in self.claimed:
                    book.claim(beat)
        book.share_out()
        self.claimed |= book.claimed

    def _untouched(self, row: Row) -> None:
        """What came back to the frame as it went; no id is needed to know it."""
        if row.came is None:
            return
        beats = row.came.beats
        shown = [at for at, held in enumerate(row.held) if held.seen is not None]
        pairs = exact_beats([row.held[at].seen or row.held[at].beat for at in shown], beats)
        row.exact = [(shown[a], b) for a, b in pairs]
        for number, place in row.exact:
            held = row.held[number]
            if held.job:
                held.came = beats[place]
                self.claimed.add(id(beats[place]))
            else:
                row.found[id(held)] = place

    def _anchors(self) -> None:
        """What is not ours, or not known by an id: by its media and its place."""
        for row in self.rows:
            for held in row.held:
                held.row = row
            if row.came is None:
                continue
            a0 = b0 = 0
            for a, b in [*row.exact, (len(row.held), len(row.came.beats))]:
                if a > a0 or b > b0:
                    self._between(row, row.came.beats, (a0, a), (b0, b))
                a0, b0 = a + 1, b + 1
        for strip in self.fresh:
            self.strange += [
                (beat, strip) for beat in strip.beats
                if id(beat) not in self.claimed and beat.kind != "fade"
            ]  # fmt: skip

    def _between(
        self, row: Row, beats: list[Beat], mine: tuple[int, int], came: tuple[int, int]
    ) -> None:
        """The same for what lies between two things that came back to the frame."""
        ours = [held for held in row.held[slice(*mine)] if held.came is None and held.seen]
        theirs = [at for at in range(*came) if id(beats[at]) not in self.claimed]
        pairs = same_beats([held.seen or held.beat for held in ours], [beats[at] for at in theirs])
        for a, b in pairs:
            held, beat = ours[a], beats[theirs[b]]
            if held.job and not (held.seen or held.beat).marks:
                held.came = beat  # the format lost its id, but not the clip
                self.claimed.add(id(beat))
            elif not held.job:
                row.found[id(held)] = theirs[b]
        there = {theirs[b] for _, b in pairs}
        self.strange += [
            (beats[at], row.came)
            for at in theirs
            if row.came is not None
            and at not in there
            and beats[at].kind != "fade"
            and id(beats[at]) not in self.usual
        ]


def _check_rate(theirs: list[Strip], low: Lowering) -> None:
    """Raise BadValue for an EDL read at another rate than the cut has: all would seem trimmed."""
    for strip in theirs:
        for beat in strip.beats:
            shown = stretch(beat.body.get("source_range"))
            if shown is None:
                continue
            if shown.start.rate != low.rate:
                raise BadValue(
                    f"The edit list was read at {shown.start.rate} frames a second, but the cut "
                    f"runs at {low.rate}",
                    remedy="Open it with the cut's rate",
                )
            return


def _same_nests(ours: list[Beat], theirs: list[Beat]) -> dict[int, int]:
    if len(ours) == len(theirs):
        return {at: at for at in range(len(ours))}
    renamed = [[replace(beat, kind="clip") for beat in side] for side in (ours, theirs)]
    return dict(same_beats(*renamed))


@dataclass(eq=False)
class _Register:
    """Who carries which id: pictures and sound apart, which share one."""

    matching: Matching
    own: dict[tuple[bool, str], list[Held]] = field(default_factory=dict)
    asked: dict[tuple[bool, str], list[Held]] = field(default_factory=dict)
    families: dict[int, tuple[list[Held], list[Beat]]] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    row_of: dict[int, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.matching.rows:
            for held in row.held:
                if not held.job or held.seen is None:
                    continue
                self.row_of[id(held)] = row
                sound = row.strip.kind == "Audio"
                for id_ in held.beat.marks.own:
                    self.own.setdefault((sound, id_), []).append(held)
                for id_ in held.beat.marks.asked:
                    self.asked.setdefault((sound, id_), []).append(held)

    def claim(self, beat: Beat) -> None:
        """Put a beat to those that carry its id."""
        family = self._family(beat)
        if family is not None:
            self.claimed.add(id(beat))
            self.families.setdefault(id(family), (family, []))[1].append(beat)

    def _family(self, beat: Beat) -> list[Held] | None:
        marks = beat.marks
        home = self.matching.home.get(id(beat))
        sound = home is not None and home.kind == "Audio"
        for id_ in (*_by_reel(beat), *marks.own):
            key = sound, id_
            if key in self.own or key in self.asked:
                return self.own.get(key) or self.asked[key]
        for id_ in marks.asked:
            key = sound, id_
            if key in self.own or key in self.asked:
                return self.asked.get(key) or self.own[key]
        return None

    def share_out(self) -> None:
        """Within each id, the parts of each clip."""
        for family, beats in self.families.values():
            left = list(beats)
            for held in family:
                exact = next((each for each in left if self._exact(held, each)), None)
                if exact is not None and held.came is None:
                    held.came = exact
                    left.remove(exact)
            for held in family:
                if held.came is None and left:
                    held.came = max(left, key=lambda each: self._like(held, each))
                    left.remove(held.came)
            for beat in left:
                owner = max(family, key=lambda each: self._like(each, beat))
                owner.more = [*(owner.more or []), beat]

    def _exact(self, held: Held, beat: Beat) -> bool:
        seen = held.seen
        here = self.row_of[id(held)].came is self.matching.home.get(id(beat))
        if seen is None or not here:
            return False
        return near(seen.start, beat.start) and not retimed(held, beat)

    def _like(self, held: Held, beat: Beat) -> tuple[bool, Fraction, Fraction]:
        seen = held.seen or held.beat
        begin = moved_in_media(held, beat)
        shared = min(seen.length, begin + beat.length) - max(Fraction(0), begin)
        here = self.row_of[id(held)].came is self.matching.home.get(id(beat))
        return here, max(shared, Fraction(0)), -abs(seen.start - beat.start)


def _by_reel(beat: Beat) -> tuple[str, ...]:
    """An EDL's reel names are ids of ours; beside a dissolve the file's name is another clip's."""
    metadata = beat.body.get("metadata")
    there = metadata.get("cmx_3600") if isinstance(metadata, dict) else None
    reel = there.get("reel") if isinstance(there, dict) else None
    return (reel.lower(),) if isinstance(reel, str) else ()
