"""When each thing of a cut plays, and how an editor reads that time off the cut's own clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import Layout, Place, extent, is_video, lay_out
from secondunit_otio.requests import block_of
from secondunit_otio.scan import Item
from secondunit_otio.times import frame_at, moment, rate_of

_DROP_KEYS = frozenset({"displayformat", "tcformat", "drop", "drop_frame", "dropframe"})
_LONGEST = Fraction(10**9)  # seconds; a cut that is longer says something else than a time


@dataclass(frozen=True)
class Clock:
    """A cut's timecode: its rate, the time of its first frame in seconds, whether it drops."""

    rate: Rate
    start: Fraction = Fraction(0)
    drop: bool = False

    @classmethod
    def of(cls, cut: Cut) -> Clock:
        """The clock of a cut: its global start where it has one, else from 00:00:00:00."""
        begin = None
        with contextlib.suppress(BadValue):  # a start nobody can read is no start
            begin = moment(cut.root.body.get("global_start_time"))
        try:
            rate = begin.rate if begin else extent(cut, cut.root).rate
        except BadValue:
            rate = rate_of(24)
        start = begin.seconds if begin else Fraction(0)
        return cls(rate, start, is_drop_frame(cut, rate, start))

    def frame(self, seconds: Fraction) -> int:
        """The number of the frame at so many seconds of the cut, counted from 00:00:00:00."""
        return frame_at((self.start + seconds) * self.rate.per_second)

    def timecode(self, seconds: Fraction) -> str:
        """The timecode at so many seconds from the cut's first frame; before zero led by a -."""
        frame = self.frame(seconds)
        told = str(Timecode(abs(frame), self.rate, self.drop))
        return f"-{told}" if frame < 0 else told

    def stretch(self, start: Fraction, stop: Fraction) -> str:
        """First and last frame of a stretch of the cut, both included; `stop` is exclusive."""
        last = max(stop - 1 / self.rate.per_second, start)
        return f"{self.timecode(start)}–{self.timecode(last)}"

    def length(self, seconds: Fraction) -> str:
        """A length, as "49 frames" of the cut; one that is not whole with its fraction."""
        frames = seconds * self.rate.per_second
        near = round(frames)
        whole = abs(frames - near) < Fraction(1, 1000)
        count = str(near) if whole else f"{float(frames):.2f}"
        return f"{count} frame{'' if count == '1' else 's'}"


def is_drop_frame(cut: Cut, rate: Rate, start: Fraction) -> bool:
    """Whether the cut counts drop-frame timecode from its `start`, in seconds.

    OpenTimelineIO has no place for it; readers of other formats keep what the file said, as
    FCP7's displayformat. Where nothing is said, a start that is a whole minute in drop-frame alone
    tells. What clips say is their media's timecode.
    """
    if not rate.can_drop:
        return False
    own = [cut.root.body, *(each.body for each in cut.root.children if each.schema == "Stack")]
    said = {_says_drop(body.get("metadata")) for body in own} - {None}
    frame = frame_at(start * rate.per_second)
    if said or frame <= 0:
        return True in said
    plain, dropped = (str(Timecode(frame, rate, drop))[6:] for drop in (False, True))
    return dropped in ("00;00", f"00;{rate.nominal // 15:02d}") and plain != "00:00"


def _says_drop(metadata: Any) -> bool | None:
    waiting = [metadata]
    for each in waiting:
        if not isinstance(each, dict) or len(waiting) > 10_000:
            continue
        for key, value in each.items():
            if key.lower().lstrip("@") in _DROP_KEYS:
                return str(value).lower() in ("df", "true", "1")
            waiting.append(value)
    return None


@dataclass(frozen=True, eq=False)
class Line:
    """A track as a cut shows it.

    `label` is its name, or V1, A1 counted from the bottom; that of a nested one is led by its
    sequence's. `offset` is when the track's own time 0 plays, in seconds of the cut.
    `depth` counts the sequences around it.
    """

    track: Item
    label: str
    video: bool
    enabled: bool
    offset: Fraction
    layout: Layout
    depth: int = 0

    @property
    def mattes(self) -> bool:
        """Whether it holds mattes of ours."""
        ours = block_of(self.track.real.body).get("kind") == "mattes"
        return ours or self.track.real.name.startswith("SU mattes")


def lines(cut: Cut) -> list[Line]:
    """Every track of a cut, bottom up, each followed by those nested in it.

    A clip that lies in a stack without a track is a track of its own, without its own layout's
    transitions. What a nested sequence's retime does to its insides is not counted in.
    """
    key = "report lines"
    if key not in cut.worked_out:
        cut.worked_out[key] = list(_lines(cut))
    found: list[Line] = cut.worked_out[key]
    return found


class _Spot(NamedTuple):
    """Something in the tree, when its time 0 plays, what it is called, whether it is seen."""

    item: Item
    when: Fraction
    label: str
    seen: bool
    depth: int


def _lines(cut: Cut) -> Iterator[Line]:
    waiting = [_Spot(cut.root, Fraction(0), "", True, 0)]
    done: set[Item] = set()  # what is referred to twice, or a hundred times over, plays once here
    while waiting:
        spot = waiting.pop()
        real = spot.item.real
        if real in done:
            continue
        done.add(real)
        if real.schema == "Track":
            line = _track_line(cut, spot)
            yield line
            waiting += reversed(_nested(line, spot))
        elif real.schema in ("Timeline", "Stack", "SerializableCollection"):
            waiting += reversed(_stacked(cut, spot))
        elif real.schema != "Transition":
            yield _single(cut, spot)


def _nested(line: Line, spot: _Spot) -> list[_Spot]:
    found = []
    for place in line.layout.places:
        real = place.item.real
        if real.children:
            label = f"{line.label} › {real.name or 'sequence'}"
            on = line.enabled and real.enabled
            found.append(_Spot(place.item, line.offset + place.start, label, on, spot.depth + 1))
    return found


def _stacked(cut: Cut, spot: _Spot) -> list[_Spot]:
    real = spot.item.real
    on = spot.seen and (real.enabled or real.schema == "Timeline")
    begin = spot.when - _begin(cut, real)
    labels = _labels(real, spot.label)
    return [
        _Spot(child, begin, label, on, spot.depth)
        for child, label in zip(real.children, labels, strict=True)
    ]


def _begin(cut: Cut, item: Item) -> Fraction:
    """Where a stack's or a track's own range begins, in its untrimmed time."""
    if item.body.get("source_range") is None:
        return Fraction(0)
    try:
        return extent(cut, item).begin
    except BadValue:
        return Fraction(0)


def _labels(stack: Item, lead: str) -> list[str]:
    counts = {True: 0, False: 0}
    found = []
    for child in stack.children:
        if child.real.schema in ("Stack", "Timeline", "SerializableCollection"):
            own = child.real.name if stack.schema != "Timeline" else ""
        else:
            video = is_video(child)
            counts[video] += 1
            own = child.real.name if child.real.schema == "Track" else ""
            own = own or f"{'V' if video else 'A'}{counts[video]}"
        found.append(f"{lead} › {own}" if lead and own else lead or own)
    return found


def _track_line(cut: Cut, spot: _Spot) -> Line:
    real = spot.item.real
    layout = lay_out(cut, real)
    offset = spot.when - _begin(cut, real)
    label = spot.label or real.name or "track"
    on = spot.seen and real.enabled
    return Line(spot.item, label, is_video(spot.item), on, offset, layout, spot.depth)


def _single(cut: Cut, spot: _Spot) -> Line:
    """A stack's own clip, as the track it might be."""
    item = spot.item
    layout = Layout(at={item: 0}, starts=[Fraction(0)])
    try:
        layout.end = extent(cut, item).length
        layout.places.append(Place(item, Fraction(0), layout.end))
    except BadValue as error:
        layout.places.append(Place(item, Fraction(0), Fraction(0), error.what))
    label, on = spot.label or item.real.name, spot.seen and item.real.enabled
    return Line(item, label, True, on, spot.when, layout, spot.depth)


def plays(cut: Cut) -> dict[Item, tuple[Line, Fraction, Fraction]]:
    """The track of every item on one, and when the cut plays it: start, stop (exclusive), seconds.

    Where a track is used twice, its items have the place of the first use.
    """
    key = "report plays"
    if key not in cut.worked_out:
        found: dict[Item, tuple[Line, Fraction, Fraction]] = {}
        for line in lines(cut):
            for place in line.layout.places:
                off, start, stop = line.offset, place.start, place.stop
                if off:
                    start, stop = off + start, off + stop
                found.setdefault(place.item, (line, start, stop))
            found.update(_fadings(line))
        cut.worked_out[key] = found
    known: dict[Item, tuple[Line, Fraction, Fraction]] = cut.worked_out[key]
    return known


def _fadings(line: Line) -> Iterator[tuple[Item, tuple[Line, Fraction, Fraction]]]:
    """The track's transitions and when each is seen."""
    number, end = 0, line.layout.end
    for child in line.track.real.children:
        if child.schema == "Transition":
            start, stop = line.layout.fades.get(number, (end, end))
            yield child, (line, line.offset + start, line.offset + stop)
        else:
            number += 1


def total(cut: Cut) -> Fraction:
    """How long the cut plays, in seconds: to the end of its last item."""
    ends = [line.offset + line.layout.end for line in lines(cut)]
    return min(max(ends, default=Fraction(0)), _LONGEST)
