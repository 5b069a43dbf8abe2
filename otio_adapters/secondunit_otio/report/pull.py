"""Pull lists for turnovers: which frames of which source a cut uses, as CSV or ALE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import Place, extent
from secondunit_otio.media import media_of
from secondunit_otio.report.clock import Clock, Line, lines
from secondunit_otio.report.pieces import active
from secondunit_otio.requests import Request, find_requests
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import frame_at, frames_in
from secondunit_otio.warps import Warp, speed

_REEL_KEYS = ("reel", "reel name", "reel_name", "tape", "tape name", "tapename", "source reel")
_DEFUSED = frozenset("=+-@\t\r\n")
_NUMBER = re.compile(r"-\d+(:\d+)*")  # handles and times before zero: no formula
_MARKS = re.compile(r'[",\r\n]')
_NONE = Fraction(0)


@dataclass(frozen=True)
class Pull:
    """A source as the cut uses it.

    `source` are the frames seen between the clip's cuts, `pull` those and what its transitions and
    handles need besides, both as the cut numbers the media, ends included. `head` and `tail` are
    how many frames the media has before and after what is seen; None where the cut does not say.
    `start` and `stop` (exclusive) are seconds of the cut. `note` says why frames cannot be told.
    """

    name: str
    reel: str
    path: str
    track: str
    rate: Rate
    start: Fraction
    stop: Fraction
    source: FrameRange | None = None
    pull: FrameRange | None = None
    head: int | None = None
    tail: int | None = None
    retime: str = ""
    requests: tuple[Request, ...] = field(default=(), compare=False)
    uses: int = 1
    drop: bool = False
    note: str = ""

    @property
    def ids(self) -> str:
        """The ids of what is asked of it."""
        return "; ".join(f"su-{each.id}" for each in self.requests)

    @property
    def kinds(self) -> str:
        """What is asked of it."""
        return "; ".join(each.kind for each in self.requests)

    @property
    def prompts(self) -> str:
        """The words it is asked in."""
        said = (each.values.get("prompt") or each.values.get("subject") for each in self.requests)
        return "; ".join(each for each in said if isinstance(each, str) and each)

    def timecode(self, frame: int) -> str:
        """A frame of the source as its timecode."""
        told = str(Timecode(abs(frame), self.rate, self.drop))
        return f"-{told}" if frame < 0 else told


def rows(
    cut: Cut, handles: int = 0, merged: bool = False, sound: bool = False, disabled: bool = False
) -> list[Pull]:
    """A row for each use of a source, in the order of the cut, track by track from below.

    `handles` frames more are pulled on both sides, as far as the media has them. `merged`: pulls of
    the same media that overlap or touch become one. `sound` and `disabled`: those too.
    """
    asked: dict[Item, list[Request]] = {}
    for request in find_requests(cut):
        asked.setdefault(request.item, []).append(request)
    clock = Clock.of(cut)
    found = [
        _row(cut, line, (number, place), tuple(asked.get(place.item, ())), (handles, clock))
        for line in lines(cut)
        if (line.video or sound) and (line.enabled or disabled) and not line.mattes
        for number, place in enumerate(line.layout.places)
        if _is_used(place.item, disabled) or _is_asked(place.item, asked)
    ]
    return _merged(found) if merged else found


def _is_used(item: Item, disabled: bool) -> bool:
    return item.real.schema == "Clip" and (item.real.enabled or disabled)


def _is_asked(item: Item, asked: dict[Item, list[Request]]) -> bool:
    return item.real.schema == "Gap" and item in asked


def _row(
    cut: Cut,
    line: Line,
    numbered: tuple[int, Place],
    requests: tuple[Request, ...],
    wish: tuple[int, Clock],
) -> Pull:
    number, place = numbered
    handles, clock = wish
    real = place.item.real
    reference = active(cut, place.item)
    facts: dict[str, Any] = {
        "name": real.name or real.schema.lower(),
        "reel": reel_of(reference) or reel_of(real.body),
        "path": "",
        "track": line.label,
        "rate": clock.rate,
        "start": line.offset + place.start if line.offset else place.start,
        "stop": line.offset + place.stop if line.offset else place.stop,
        "requests": requests,
        "retime": _retime(real),
        "note": place.fault,
    }
    if real.schema != "Clip":
        return Pull(**{**facts, "note": "To be shot"})
    fades = line.layout.fades
    before = place.start - fades[number][0] if number in fades else _NONE
    after = fades[number + 1][1] - place.stop if number + 1 in fades else _NONE
    try:
        facts |= _of_media(cut, place.item, reference, clock)
        facts |= _frames(
            facts, Warp(extent(cut, place.item), speed(real)), (before, after), handles
        )
    except BadValue as error:
        facts["note"] = facts["note"] or error.what
    facts.pop("there", None)
    return Pull(**facts)


def _of_media(cut: Cut, item: Item, reference: Any, clock: Clock) -> dict[str, Any]:
    """The path, the rate and the first and last frame of a clip's media, as far as it is known.

    Raises BadValue where there is no source at all.
    """
    shown = extent(cut, item)
    try:
        media = media_of(cut, reference)
    except BadValue as error:
        if kind_of(reference) == "GeneratorReference":
            raise
        drop = clock.drop and shown.rate.can_drop
        return {"rate": shown.rate, "drop": drop, "note": error.what, "there": (None, None)}
    rate = media.rate or shown.rate
    drop = clock.drop and rate.can_drop
    return {"path": media.path, "rate": rate, "drop": drop, "there": (media.start, media.last)}


def _frames(
    facts: dict[str, Any], warp: Warp, fades: tuple[Fraction, Fraction], handles: int
) -> dict[str, Any]:
    """The frames of a row; `fades`: how long transitions run beyond its cuts, in seconds."""
    first, last = facts["there"]
    rate, length = facts["rate"], warp.shown.length
    source = wider = _seen(warp, rate, _NONE, length)
    if fades[0] or fades[1]:
        wider = _seen(warp, rate, -fades[0], length + fades[1])
    low, high = wider.first - handles, wider.last + handles
    least = 0 if first is None and source.first >= 0 else first
    if least is not None:
        low = min(max(low, least), source.first)
    if last is not None:
        high = max(min(high, last), source.last)
    head = None if first is None else source.first - first
    tail = None if last is None else last - source.last
    found = {"source": source, "pull": FrameRange(low, high), "head": head, "tail": tail}
    if not facts["note"] and ((head or 0) < 0 or (tail or 0) < 0):
        found["note"] = "The cut shows more than the media has"
    return found


def _seen(warp: Warp, rate: Rate, begin: Fraction, end: Fraction) -> FrameRange:
    """The source frames seen from `begin` up to `end`, in seconds after the clip starts."""
    steps = max(frames_in((end - begin) * rate.per_second), 1)
    first = frame_at(warp.position(begin, rate))
    if warp.speed == 1:
        return FrameRange.starting(first, steps)
    last = frame_at(warp.position(begin + (steps - 1) / rate.per_second, rate))
    return FrameRange(min(first, last), max(first, last))


def _retime(real: Item) -> str:
    """The speed in words that no spreadsheet takes for a sum."""
    try:
        pace = speed(real)
    except BadValue:
        return "varies"
    if pace == 1:
        return ""
    if pace == 0:
        return "freeze"
    return f"{'reverse ' if pace < 0 else ''}{float(abs(pace) * 100):.6g} %"


def reel_of(holder: Any) -> str:
    """The reel a clip or its media notes in any host's metadata, "" where none does."""
    metadata = holder.get("metadata") if isinstance(holder, dict) else None
    waiting = [metadata]
    for each in waiting:
        if not isinstance(each, dict) or len(waiting) > 500:
            continue
        for key, value in each.items():
            if key.lower() in _REEL_KEYS:
                named = value.get("name") if isinstance(value, dict) else value
                if isinstance(named, str) and named.strip():
                    return named.strip()
            waiting.append(value)
    return ""


def _merged(found: list[Pull]) -> list[Pull]:
    """Pulls of one media that overlap or touch, as one; others as they are."""
    kept: list[Pull] = []
    open_rows: dict[tuple[str, Rate], list[Pull]] = {}
    for row in found:
        known = row.path or row.reel
        if known and row.pull is not None:
            open_rows.setdefault((known, row.rate), []).append(row)
        else:
            kept.append(row)
    for same in open_rows.values():
        same.sort(key=lambda row: row.pull or FrameRange(0, 0))
        run, end = [same[0]], _last(same[0])
        for row in same[1:]:
            if row.pull is not None and row.pull.first <= end + 1:
                run.append(row)
                end = max(end, _last(row))
            else:
                kept.append(_one(run))
                run, end = [row], _last(row)
        kept.append(_one(run))
    return sorted(kept, key=lambda row: (row.start, row.track))


def _last(row: Pull) -> int:
    return row.pull.last if row.pull is not None else 0


def _one(run: list[Pull]) -> Pull:
    """Several pulls as one: the earliest use's place, all their frames, names and requests."""
    if len(run) == 1:
        return run[0]
    first = min(run, key=lambda row: row.start)
    source = _hull(row.source for row in run)
    retimes = dict.fromkeys(row.retime for row in run if row.retime)
    return replace(
        first,
        name="; ".join(dict.fromkeys(row.name for row in run)),
        track="; ".join(dict.fromkeys(row.track for row in run)),
        source=source,
        pull=_hull(row.pull for row in run),
        head=min((row.head for row in run if row.head is not None), default=None),
        tail=min((row.tail for row in run if row.tail is not None), default=None),
        retime="; ".join(retimes),
        requests=tuple(each for row in run for each in row.requests),
        uses=len(run),
        note="; ".join(dict.fromkeys(row.note for row in run if row.note)),
    )


def _hull(ranges: Iterable[FrameRange | None]) -> FrameRange | None:
    known = [each for each in ranges if each is not None]
    if not known:
        return None
    return FrameRange(min(each.first for each in known), max(each.last for each in known))


COLUMNS = (
    "Name", "Reel", "Path", "Rate", "Source in", "Source out", "Source first frame",
    "Source last frame", "Pull in", "Pull out", "Pull frames", "Head handle", "Tail handle",
    "Record in", "Record out", "Retime", "Track", "Uses", "Request", "Kind", "Prompt", "Note",
)  # fmt: skip
"""The CSV's columns. In and out are timecodes of the first and the last frame, both included."""


def csv(
    cut: Cut, handles: int = 0, merged: bool = False, sound: bool = False, disabled: bool = False
) -> str:
    """The pull list as CSV (RFC 4180, CRLF); what a spreadsheet would run is led by a quote."""
    clock = Clock.of(cut)
    table = [COLUMNS, *(_cells(row, clock) for row in rows(cut, handles, merged, sound, disabled))]
    return "".join(",".join(map(_quoted, line)) + "\r\n" for line in table)


def _cells(row: Pull, clock: Clock) -> tuple[str, ...]:
    source, pull = row.source, row.pull
    last = max(row.stop - 1 / clock.rate.per_second, row.start)
    return (
        row.name, row.reel, row.path, f"{float(row.rate.per_second):.6g}",
        row.timecode(source.first) if source else "",
        row.timecode(source.last) if source else "",
        str(source.first) if source else "", str(source.last) if source else "",
        row.timecode(pull.first) if pull else "", row.timecode(pull.last) if pull else "",
        str(len(pull)) if pull else "",
        "" if row.head is None else str(row.head), "" if row.tail is None else str(row.tail),
        clock.timecode(row.start), clock.timecode(last), row.retime, row.track, str(row.uses),
        row.ids, row.kinds, row.prompts, row.note,
    )  # fmt: skip


def _quoted(cell: str) -> str:
    """A cell as RFC 4180 has it, defused where it begins as a formula does."""
    if cell.lstrip(" ")[:1] in _DEFUSED and not _NUMBER.fullmatch(cell):
        cell = f"'{cell}"
    if _MARKS.search(cell):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell


_ALE_COLUMNS = (
    "Name", "Tape", "Start", "End", "Duration", "Tracks", "FPS", "Source File", "Source Path",
    "Record In", "Record Out", "Retime", "Track", "Request", "Kind", "Prompt", "Comments",
)  # fmt: skip


def ale_rates(cut: Cut, sound: bool = False) -> list[Rate]:
    """The rates of the sources of a cut that have frames to pull: an ALE holds one of them."""
    used = rows(cut, sound=sound)
    return sorted({row.rate for row in used if row.pull is not None})


def ale(
    cut: Cut,
    rate: Rate | None = None,
    handles: int = 0,
    merged: bool = False,
    sound: bool = False,
    video_format: str = "1080",
) -> str:
    """The pull list as an Avid Log Exchange of the sources at one rate.

    Start is the first frame pulled, End the one after the last, as Avid counts. Rows without frames
    to pull are left out; the CSV has them. Raises BadValue where sources have several rates and
    none is chosen: see ale_rates().
    """
    clock = Clock.of(cut)
    table = [row for row in rows(cut, handles, merged, sound) if row.pull is not None]
    rates = sorted({row.rate for row in table})
    if rate is None and len(rates) > 1:
        told = ", ".join(f"{float(each.per_second):.6g}" for each in rates)
        raise BadValue(
            f"The sources have several rates ({told}); an ALE holds one",
            cut.name,
            "Ask for one list for each rate, or for CSV",
        )
    chosen = rate or (rates[0] if rates else clock.rate)
    lines_of = [_ale_line(row, clock) for row in table if row.rate == chosen]
    heading = (
        ("FIELD_DELIM", "TABS"), ("VIDEO_FORMAT", _flat(video_format)),
        ("AUDIO_FORMAT", "48khz"), ("FPS", _fps(chosen)),
    )  # fmt: skip
    parts = ["Heading", *("\t".join(each) for each in heading), "", "Column"]
    parts += ["\t".join(_ALE_COLUMNS), "", "Data", *lines_of, ""]
    return "\r\n".join(parts)


def _fps(rate: Rate) -> str:
    """The rate as Avid writes it: 24, 23.976, 29.97."""
    if rate.per_second.denominator == 1:
        return str(rate.per_second.numerator)
    return f"{float(rate.per_second):.3f}".rstrip("0").rstrip(".")


def _ale_line(row: Pull, clock: Clock) -> str:
    pull = row.pull or FrameRange(0, 0)
    file = re.split(r"[\\/]", row.path)[-1]
    tape = row.reel or os.path.splitext(file)[0] or row.name
    times = [row.timecode(frame) for frame in (pull.first, pull.last + 1, len(pull))]
    if pull.first < 0:  # no tape runs before zero
        times = ["", "", ""]
    cells = (
        row.name, tape, *times, "V", _fps(row.rate), file, row.path,
        clock.timecode(row.start), clock.timecode(row.stop), row.retime, row.track,
        row.ids, row.kinds, row.prompts, row.note,
    )  # fmt: skip
    return "\t".join(map(_flat, cells))


def _flat(cell: str) -> str:
    """A cell as an ALE may hold it: no tabs, no line ends."""
    return " ".join("".join(" " if each < " " else each for each in cell).split())
