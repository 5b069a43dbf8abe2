"""What came back of a cut, what was lost and where, told per clip."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding, FindingKind
from secondunit_otio.report.clock import Clock, Line
from secondunit_otio.report.media_changes import KEYS, media_changes
from secondunit_otio.report.pairing import Pairing, paired
from secondunit_otio.report.pieces import Piece, ids_of
from secondunit_otio.report.telling import Report, safe
from secondunit_otio.report.values import ABSENT, Difference, differences
from secondunit_otio.report.wording import plain, shift_told, told, trim_told, value_told
from secondunit_otio.scan import Item
from secondunit_otio.times import NEAR, stretch

_NONE = Fraction(0)


def compared(master: Cut, came: Cut, host: str = "") -> Report:
    """What became of the master in the cut that came back, `host` being where it was.

    Clips are matched by our id, else by media, source time and name; then every value is compared.
    A value that only is written differently (24 and 24.0, a default left out) is told as kept.
    """
    pairs = paired(master, came)
    desk = _Desk(master, came, pairs, Clock.of(master))
    desk.frames()
    desk.pieces()
    clips = sum(piece.is_clip for row in pairs.ones for piece in row)
    there = sum(piece.is_clip for row in pairs.others for piece in row)
    return Report(
        host, desk.clock, clips, there, desk.counts(clips), desk.rewritten, desk.in_order()
    )


@dataclass(eq=False)
class _Desk:
    """Where a report is put together."""

    master: Cut
    came: Cut
    pairs: Pairing
    clock: Clock
    found: list[Finding] = field(default_factory=list)
    touched: dict[FindingKind, set[object]] = field(default_factory=dict)
    rewritten: int = 0

    def counts(self, clips: int) -> dict[FindingKind, int]:
        """To how many clips each kind of thing happened."""
        changed = set().union(*(them for kind, them in self.touched.items() if kind != "kept"))
        ours = {piece for row in self.pairs.ones for piece in row if piece.is_clip}
        told: Counter[FindingKind] = Counter()
        for kind, them in self.touched.items():
            told[kind] = sum(isinstance(each, Piece) and each.is_clip for each in them)
        told["kept"] = clips - len(changed & ours)
        return {kind: count for kind, count in sorted(told.items()) if count or kind == "kept"}

    def in_order(self) -> tuple[Finding, ...]:
        """The findings as they come in the cut; those of the cut as a whole first."""
        first = Fraction(-1)
        order = sorted(self.found, key=lambda each: each.start if each.start is not None else first)
        return tuple(order)

    # the cut itself, its sequences and its tracks

    def frames(self) -> None:
        """What became of the sequences and the tracks."""
        partner: dict[Item, Item] = {}
        everything: list[tuple[Item | None, Item | None, str]] = [
            (one, other, _called(one or other)) for one, other in self.pairs.frames
        ]
        for ours, theirs in self.pairs.lines:
            single = _single(ours) and _single(theirs)
            if single:  # a clip in a stack: told as a clip
                continue
            label = (ours or theirs).label  # type: ignore[union-attr]  # one of them is there
            everything.append(
                (ours.track if ours else None, theirs.track if theirs else None, label)
            )
        for one, other, _ in everything:
            if one is not None and other is not None:
                partner[one.real] = other.real
        for one, other, label in everything:
            self._frame(one, other, label, partner)

    def _frame(
        self, one: Item | None, other: Item | None, label: str, partner: dict[Item, Item]
    ) -> None:
        if one is None or other is None:
            there = one or other
            if there is not None:
                self._lone_frame(there, label, one is not None)
            return
        for each in differences(one.body, other.body):
            self._value(one, each, Finding("changed", label, track=label, path=one.path))
        if one.real is not one and one.real is not other.real:
            for each in differences(one.real.body, other.real.body):
                self._value(one.real, each, Finding("changed", label, track=label))
        home, new_home = _home(one), _home(other)
        if (partner.get(home) if home else None) is not new_home and home in partner:
            what = "lies in another sequence than before"
            self.found.append(Finding("moved", what, track=label, path=one.path))
        elif self._out_of_turn(one, other, partner):
            what = f"is number {other.index + 1} from below instead of {one.index + 1}"
            before, after = one.index, other.index
            self.found.append(
                Finding("moved", what, track=label, path=one.path, before=before, after=after)
            )

    def _out_of_turn(self, one: Item, other: Item, partner: dict[Item, Item]) -> bool:
        """Whether it stands above something that stood above it."""
        if one.parent is None or other.parent is None or one.parent.schema == "Track":
            return False
        place = {child.real: at for at, child in enumerate(other.parent.children)}
        below = [partner.get(child.real) for child in one.parent.children[: one.index]]
        return any(each in place and place[each] > other.index for each in below if each)

    def _lone_frame(self, item: Item, label: str, lost: bool) -> None:
        kind: FindingKind = "lost" if lost else "new"
        what = f"the {item.real.schema.lower()} did not come back" if lost else "is new"
        if item.children:
            count = len(item.children)
            what += f", with {count} item{'' if count == 1 else 's'} on it"
        path = item.path if lost else ""
        self.found.append(Finding(kind, what, track=label, path=path))

    # what lies on the tracks

    def pieces(self) -> None:
        """What became of every clip, gap and transition."""
        for row in self.pairs.ones:
            self._shifts(row)
            for piece in row:
                other = self.pairs.of.get(piece)
                if other is None:
                    self._missing(piece)
                else:
                    self._came_back(piece, other)
        for piece in self.pairs.new():
            self._new(piece)

    def _missing(self, piece: Piece) -> None:
        what = "is not there any more" if piece.is_clip else f"{_article(piece)} is gone"
        after = before = None
        if piece.length is not None:
            before = {"frames": str(piece.length * self.clock.rate.per_second)}
        self._tell(piece, Finding("missing", what, before=before, after=after))

    def _new(self, piece: Piece) -> None:
        used = piece.id and any(piece.id == one.id for one in self.pairs.of)
        what = (
            "is used once more"
            if used
            else "is new"
            if piece.is_clip
            else f"{_article(piece)} is new"
        )
        label = piece.line.label
        self._touch("new", piece)
        self.found.append(
            Finding("new", what, _clip_name(piece), piece.id, label, piece.start, piece.stop)
        )

    def _came_back(self, one: Piece, other: Piece) -> None:
        parts = self.pairs.parts.get(one, [])
        if parts:
            self._split(one, [other, *parts])
        if (
            _home(one.item) is not None
            and one.line.track.real.schema != other.line.track.real.schema
        ):
            what = "lies on a track of its own now" if _single(one.line) else "lies on no track now"
            self._tell(one, Finding("moved", what, path=one.item.path))
        same = _words(self.master, one.item) == _words(self.came, other.item)
        if same and not parts:
            return
        for each in [other, *parts]:
            self._values(one, each, bool(parts))

    def _split(self, one: Piece, parts: list[Piece]) -> None:
        parts = sorted(parts, key=lambda each: (each.begin or 0, each.start))
        rate = self.clock.rate.per_second
        lengths = " + ".join(f"{float((each.length or 0) * rate):g}" for each in parts)
        what = f"was cut into {len(parts)} parts of {lengths} frames"
        before = one.item.real.body.get("source_range")
        after = [each.item.real.body.get("source_range") for each in parts]
        path = f"{one.item.real.path}.source_range"
        self._tell(one, Finding("split", what, path=path, before=before, after=after))

    def _values(self, one: Piece, other: Piece, parts: bool) -> None:
        """Every value of one clip and what it became."""
        here, there = one.item.real, other.item.real
        written: list[str] = []
        frame = self._frame_of(one)
        clip = here.schema == there.schema == "Clip"
        skip = (KEYS if clip else frozenset()) | ({"source_range"} if parts else frozenset())
        for each in differences(here.body, there.body, frozenset(skip)):
            if each.form:
                written.append(each.path)
            else:
                self._value(here, each, frame)
        for change in media_changes(self.master, here, self.came, there) if clip else ():
            path = f"{here.path}.{change.path}"
            if change.form:
                written.append(change.path)
            else:
                finding = Finding(change.kind, change.what, path=path)
                self._tell(one, _with(finding, safe(change.before), safe(change.after)))
        if written:
            self._written(one, here, written)

    def _written(self, one: Piece, here: Item, written: list[str]) -> None:
        self.rewritten += len(written)
        what = f"means the same, written differently in {len(written)} places"
        self._tell(one, Finding("kept", what, path=here.path, after=written))

    def _frame_of(self, one: Piece) -> Finding:
        return Finding(
            "changed",
            "",
            _clip_name(one),
            _id(self.master, one),
            one.line.label,
            one.start,
            one.stop,
        )

    def _value(self, item: Item, each: Difference, frame: Finding) -> None:
        """Tell one value that differs."""
        path = f"{item.path}.{each.path}".lstrip(".")
        before = None if each.before is ABSENT else safe(each.before)
        after = None if each.after is ABSENT else safe(each.after)
        kind: FindingKind = "changed"
        if each.form:
            self.rewritten += 1
            kind, what = "kept", f"{each.path} means the same, written differently"
        elif each.keys == ("source_range",) and (trim := _trim(each)):
            kind, what = "trimmed", trim
        elif each.keys == ("global_start_time",):
            what = f"the cut starts at {told(after)} instead of {told(before)}"
        else:
            what = value_told(item.body, each.keys, each.before, each.after)
            kind = "lost" if each.after is ABSENT else kind
        told_of = Finding(
            kind, what, frame.clip, frame.id, frame.track, frame.start, frame.stop, path
        )
        self.found.append(_with(told_of, before, after))
        self._touch(kind, self._piece_at.get(item))

    @property
    def _piece_at(self) -> dict[Item, Piece]:
        """The piece of each item of the master."""
        if not hasattr(self, "_known"):
            self._known = {piece.item.real: piece for row in self.pairs.ones for piece in row}
        return self._known

    def _shifts(self, row: list[Piece]) -> None:
        """Clips of a track that play at another time, told in runs that moved together."""
        run: list[Piece] = []
        last = Fraction(0)
        home: Line | None = None
        for piece in row:
            other = self.pairs.of.get(piece)
            if other is None or not piece.is_clip:
                continue
            by = self._shift(piece, other)
            if run and (by != last or other.line is not home):
                self._shifted(run, last)
                run = []
            if by or not self._same_track(piece, other):
                run.append(piece)
            last, home = by, other.line
        if run:
            self._shifted(run, last)

    def _shift(self, one: Piece, other: Piece) -> Fraction:
        """How much later a clip plays, in seconds; 0 for less than a thousandth of a frame."""
        if one.start == other.start:
            return _NONE
        by = other.start - one.start
        return by if abs(by) * self.clock.rate.per_second >= NEAR else _NONE

    def _shifted(self, run: list[Piece], by: Fraction) -> None:
        first, other = run[0], self.pairs.of[run[0]]
        words = []
        if not self._same_track(first, other):
            words.append(f"on {plain(other.line.label)} instead of {plain(first.line.label)}")
        if by:
            words.append(shift_told(by, self.clock.rate.per_second))
        many = f"and {len(run) - 1} more after it play" if len(run) > 1 else "plays"
        when = [self.clock.timecode(each.start) for each in (first, other)]
        self.found.append(
            Finding(
                "moved", f"{many} {' and '.join(words)}", _clip_name(first),
                _id(self.master, first), first.line.label, first.start, run[-1].stop,
                first.item.path, when[0], when[1],
            )
        )  # fmt: skip
        for piece in run:
            self._touch("moved", piece)

    def _same_track(self, one: Piece, other: Piece) -> bool:
        if not hasattr(self, "_tracks"):
            self._tracks = {id(ours): theirs for ours, theirs in self.pairs.lines if ours}
        return self._tracks.get(id(one.line)) is other.line

    def _tell(self, piece: Piece, finding: Finding) -> None:
        """A finding about a clip of the master."""
        self._touch(finding.kind, piece)
        self.found.append(
            Finding(
                finding.kind, finding.what, _clip_name(piece), _id(self.master, piece),
                piece.line.label, piece.start, piece.stop, finding.path or piece.item.path,
                finding.before, finding.after,
            )
        )  # fmt: skip

    def _touch(self, kind: FindingKind, piece: Piece | None) -> None:
        if piece is not None:
            self.touched.setdefault(kind, set()).add(piece)


def _with(finding: Finding, before: Any, after: Any) -> Finding:
    return Finding(
        finding.kind, finding.what, finding.clip, finding.id, finding.track,
        finding.start, finding.stop, finding.path, before, after,
    )  # fmt: skip


def _words(cut: Cut, item: Item) -> str:
    return cut.text[item.real.start : item.real.stop]


def _trim(each: Difference) -> str:
    """What was done to a range, where both can be read."""
    try:
        before, after = stretch(each.before), stretch(each.after)
    except BadValue:
        return ""
    return trim_told(before, after) if before and after else ""


def _home(item: Item) -> Item | None:
    return item.parent.real if item.parent is not None else None


def _single(line: Line | None) -> bool:
    return line is None or line.track.real.schema != "Track"


def _called(item: Item | None) -> str:
    if item is None or item.parent is None:
        return ""
    return item.real.name or item.real.schema.lower()


def _article(piece: Piece) -> str:
    return f"a {piece.schema.lower()}"


def _clip_name(piece: Piece) -> str:
    return piece.name or piece.schema.lower()


def _id(cut: Cut, piece: Piece) -> str:
    if piece.id or piece.schema not in ("Clip", "Gap"):
        return piece.id
    if "effects" not in piece.item.real.body and "markers" not in piece.item.real.body:
        return ""
    return next(iter(ids_of(cut, piece.item)), "")
