"""Resolve's timeline markers as an EDL, written and read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue, CutUnreadable
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.layout import extent, start_in_cut
from secondunit_otio.marker_edl.lines import id_in, line_for
from secondunit_otio.requests import Request, find_requests
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import frame_at, frames_in, moment, stretch
from secondunit_otio.words import is_line, is_name

COLORS = {
    **{"Blue": "BLUE", "Cyan": "CYAN", "Green": "GREEN", "Yellow": "YELLOW", "Red": "RED"},
    **{"Pink": "PINK", "Purple": "PURPLE", "Fuchsia": "MAGENTA", "Rose": "PINK"},
    **{"Lavender": "PURPLE", "Sky": "CYAN", "Mint": "GREEN", "Lemon": "YELLOW", "Sand": "ORANGE"},
    **{"Cocoa": "BLACK", "Cream": "WHITE"},
}
"""Resolve's sixteen marker colours and what OpenTimelineIO calls the nearest of its own."""

_OF_OTIO = {
    **{"PINK": "Pink", "RED": "Red", "ORANGE": "Sand", "YELLOW": "Yellow", "GREEN": "Green"},
    **{"CYAN": "Cyan", "BLUE": "Blue", "PURPLE": "Purple", "MAGENTA": "Fuchsia"},
    **{"BLACK": "Cocoa", "WHITE": "Cream"},
}
_TC = r"(\d{1,2}[:;]\d{2}[:;]\d{2}[:;.,]\d{2,3})"
_EVENT = re.compile(rf"\s*(\d{{1,9}})\s+\S.*?\s+{_TC}\s+{_TC}\s+{_TC}\s+{_TC}\s*", re.ASCII)
_TAGS = re.compile(
    r"(?P<note>.*?)\s?\|C:ResolveColor(?P<color>[A-Za-z]{0,20})\s+\|M:(?P<name>.*?)"
    r"(?:\s*\|D:(?P<frames>-?\d{1,12}))?\s*",
    re.DOTALL,
)
_TAG, _LIKE_IT = "|C:ResolveColor", "¦C:ResolveColor"
_RETURN = " ⏎ "
_ADVICE = "Right-click the timeline in Resolve: Timelines > Export > Timeline Markers to EDL"


@dataclass(frozen=True)
class TimelineMarker:
    """A marker on the timeline's ruler, as Resolve knows it.

    `frame` is counted from timecode zero, not from the timeline's start; `frames` is how long it
    is, one at least. `color` is Resolve's name for it. `line` is where it stood in the file.
    """

    frame: int
    frames: int = 1
    name: str = ""
    note: str = ""
    color: str = "Blue"
    drop: bool = False
    line: int = 0

    @property
    def asks(self) -> bool:
        """Whether it asks for something in our words."""
        return is_line(self.note) or is_name(self.name)


def read(
    text: str, rate: Rate | Fraction | float | str, name: str = "the EDL"
) -> list[TimelineMarker]:
    """The markers of an EDL as Resolve exports them, in its order; other events are passed over.

    `rate` is the timeline's, which no EDL says. Timecode is drop-frame where FCM says so or it is
    written with `;`. A note may run over several lines. Raises CutUnreadable for text that is no
    EDL, and for timecode that does not exist at this rate.
    """
    known = Rate.of(rate)
    found: list[TimelineMarker] = []
    drop, events, titled = False, 0, False
    event: TimelineMarker | None = None
    said: list[str] = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        timed = _EVENT.fullmatch(line)
        if timed:
            event, said, events = _event(timed, known, drop, (name, number)), [], events + 1
        elif event is not None and not line.upper().startswith("FCM:"):
            said.append(line)
            tags = _TAGS.fullmatch("\n".join(said)) if _TAG in line else None
            if tags:
                found.append(_marker(event, tags))
                event = None
        elif line.upper().startswith("FCM:"):
            drop = "NON" not in line.upper() and known.can_drop
        titled = titled or line.upper().startswith(("TITLE:", "FCM:"))
    if not events and not titled:
        raise CutUnreadable("This is no EDL", name, _ADVICE)
    return found


def _event(found: re.Match[str], rate: Rate, drop: bool, where: tuple[str, int]) -> TimelineMarker:
    """An event's place in the record; its length, until the marker's own is read."""
    try:
        start, stop = (_timecode(found[group], rate, drop) for group in (4, 5))
    except BadValue as error:
        place = f"{where[0]}, line {where[1]}"
        remedy = error.remedy or f"Give the timeline's own rate; {rate} was given"
        raise CutUnreadable(error.what, place, remedy) from error
    frames = max(stop.frame - start.frame, 1)
    return TimelineMarker(start.frame, frames, drop=start.drop, line=where[1])


def _timecode(text: str, rate: Rate, drop: bool) -> Timecode:
    if drop and ";" not in text and "," not in text:
        text = f"{text[:-3]};{text[-2:]}"
    elif ";" in text:
        text = text.replace(";", ":")[:-3] + ";" + text[-2:]
    return Timecode.parse(text, rate)


def _marker(event: TimelineMarker, tags: re.Match[str]) -> TimelineMarker:
    note = "\n".join(line.rstrip() for line in tags["note"].split("\n")).strip()
    frames = int(tags["frames"]) if tags["frames"] else event.frames
    return replace(
        event,
        frames=max(frames, 1),
        name=tags["name"].strip(),
        note=note.replace(_RETURN, "\n"),
        color=tags["color"] or "Blue",
    )


def write(cut: Cut, title: str = "", drop: bool | None = None) -> str:
    """A cut's markers and requests as an EDL that Resolve imports as timeline markers.

    `drop`: whether its timecode is drop-frame; None asks the cut. What has no place on the ruler is
    left out: `listed` tells of it. Raises BadValue for a cut whose rate cannot be told.
    """
    found, _ = listed(cut)
    rate, start = clock(cut)
    shown = is_drop(cut, rate, start) if drop is None else drop and rate.can_drop
    return written(found, rate, shown, title or cut.root.name or "Timeline 1")


def written(
    found: Iterable[TimelineMarker], rate: Rate, drop: bool = False, title: str = "Timeline 1"
) -> str:
    """Markers as the text of an EDL, as Resolve itself writes it.

    Line breaks in a note become ⏎, which `read` turns back. Raises BadValue for a marker before
    timecode zero.
    """
    lines = [f"TITLE: {_one_line(title)}", f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}", ""]
    for number, each in enumerate(found, 1):
        begin, end = (str(Timecode(each.frame + more, rate, drop)) for more in (0, 1))
        color = each.color if each.color in COLORS else "Blue"
        tags = f"{_TAG}{color} |M:{_said(each.name)} |D:{max(each.frames, 1)}"
        times = f"{begin} {end} {begin} {end}"
        lines += [
            f"{number:03d}  001      V     C        {times}  ",
            f"{_said(each.note)} {tags}",
            "",
        ]
    return "\n".join(lines) + "\n"


def _said(text: str) -> str:
    """A text on one line, in which nothing looks like the tags behind it."""
    return _RETURN.join(text.strip().splitlines()).replace(_TAG, _LIKE_IT)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def clock(cut: Cut) -> tuple[Rate, Fraction]:
    """A cut's frame rate and the time its first frame has, in seconds. Raises BadValue."""
    timeline = home(cut)
    begin = moment(timeline.body.get("global_start_time"))
    if begin is not None:
        return begin.rate, begin.seconds
    return extent(cut, timeline).rate, Fraction(0)


def home(cut: Cut) -> Item:
    """The timeline of a cut: of several the first."""
    return next((item for item in cut.items() if item.schema == "Timeline"), cut.root)


def is_drop(cut: Cut, rate: Rate, start: Fraction) -> bool:
    """Whether a cut counts in drop-frame timecode.

    What its maker said; else, where its start is a whole minute in drop-frame only, yes.
    """
    if not rate.can_drop:
        return False
    metadata = home(cut).body.get("metadata")
    said = metadata.get("fcpxml") if isinstance(metadata, dict) else None
    if isinstance(said, dict) and isinstance(said.get("drop_frame"), bool):
        return bool(said["drop_frame"])
    frame = frame_at(start * rate.per_second)
    if frame <= 0:
        return False
    plain, dropped = (str(Timecode(frame, rate, drop))[6:] for drop in (False, True))
    on_the_minute = ("00;00", f"00;{rate.nominal // 15:02d}")  # the first number a minute has
    return dropped in on_the_minute and plain != "00:00"


def listed(cut: Cut) -> tuple[list[TimelineMarker], list[Finding]]:
    """A cut's markers and requests by time, and what found no place on the ruler.

    Requests in other forms than markers are told in the words of one. Resolve keeps one marker a
    frame: further ones move on to the next that is free. Raises BadValue where the cut's rate
    cannot be told.
    """
    rate, start = clock(cut)
    requests = [each for each in find_requests(cut) if each.problem is None]
    by_spot = {(each.holder, each.spot): each for each in requests if each.form == "marker"}
    found: list[TimelineMarker] = []
    lost: list[Finding] = []
    for item in cut.items():
        many = item.body.get("markers")
        for spot, each in enumerate(many if isinstance(many, list) else ()):
            if kind_of(each) == "Marker":
                _list(cut, item, each, by_spot.get((item, spot)), (rate, start), found, lost)
    for request in requests:
        if request.form != "marker":
            _list_request(cut, request, (rate, start), found, lost)
    return _spread(sorted(found, key=lambda each: each.frame), lost), lost


def _list(
    cut: Cut,
    item: Item,
    body: dict[str, Any],
    request: Request | None,
    own: tuple[Rate, Fraction],
    found: list[TimelineMarker],
    lost: list[Finding],
) -> None:
    name = str(body.get("name") or "")
    rate, start = own
    try:
        marked = stretch(body.get("marked_range"))
        shown = extent(cut, item)
        if marked is None:
            raise BadValue("It marks no time")
        off = marked.begin - shown.begin
        if item.schema in ("Clip", "Gap") and not 0 <= off <= shown.length:
            raise BadValue("It lies outside the part of the clip that is seen")
        frame = frame_at((start + start_in_cut(cut, item) + off) * rate.per_second)
        if frame < 0:
            raise BadValue("It lies before timecode zero")
    except BadValue as error:
        what = f'The marker "{name}" is left out: {error.what}'
        lost.append(Finding("lost", what, clip=item.name, path=item.path))
        return
    frames = max(frames_in(marked.duration.seconds * rate.per_second), 1)
    if request is not None and id_in(name) != request.id:
        name = f"{name} su-{request.id}".strip()
    found.append(TimelineMarker(frame, frames, name, note_of(body), _color(body)))


def _list_request(
    cut: Cut,
    request: Request,
    own: tuple[Rate, Fraction],
    found: list[TimelineMarker],
    lost: list[Finding],
) -> None:
    rate, start = own
    try:
        begin = start + start_in_cut(cut, request.item)
        frame = frame_at(begin * rate.per_second)
    except BadValue as error:
        what = f"The request is left out: {error.what}"
        lost.append(Finding("lost", what, request.item.name, request.id, path=request.item.path))
        return
    name = f"SU {request.kind} su-{request.id}"
    found.append(TimelineMarker(frame, 1, name, line_for(request), "Cyan"))


def _spread(found: list[TimelineMarker], lost: list[Finding]) -> list[TimelineMarker]:
    """The markers, in order of time, with at most one a frame."""
    spread: list[TimelineMarker] = []
    for each in found:
        frame = max(each.frame, spread[-1].frame + 1) if spread else each.frame
        if frame != each.frame:
            what = f'The marker "{each.name}" shares its frame with another and moves on'
            lost.append(Finding("moved", what, before=each.frame, after=frame))
        spread.append(replace(each, frame=frame))
    return spread


def note_of(body: dict[str, Any]) -> str:
    """What a marker of a cut says: Resolve's note, else the comment."""
    metadata = body.get("metadata")
    host = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    note = host.get("Note") if isinstance(host, dict) else None
    text = note if isinstance(note, str) and note else body.get("comment")
    return text if isinstance(text, str) else ""


def _color(body: dict[str, Any]) -> str:
    metadata = body.get("metadata")
    own = metadata.get("resolve_edl") if isinstance(metadata, dict) else None
    kept = own.get("Color") if isinstance(own, dict) else None
    return kept if kept in COLORS else _OF_OTIO.get(str(body.get("color")).upper(), "Blue")
