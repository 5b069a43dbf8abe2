"""What a cut asks of the second unit, in whichever form its maker's application allows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from secondunit_contract.frames import FrameRange, Timecode
from secondunit_contract.problem import BadValue, RequestWrong
from secondunit_otio.document import Cut
from secondunit_otio.layout import active_key, available, extent, references, start_in_cut
from secondunit_otio.media import Media, media_of
from secondunit_otio.neighbours import Slot, resolve_media_frame, slot_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.slots import insert_slot, item_under, marked_slot
from secondunit_otio.times import frame_at, frames_in, moment, stretch
from secondunit_otio.words import (
    KINDS,
    Words,
    fault_in,
    frames_of,
    is_line,
    is_name,
    kind_named,
    read_name,
    read_object,
    read_parameters,
    read_text,
)

Form = Literal["generator", "effect", "marker"]

OURS = "SecondUnit."
REQUEST_KEY = "su_request"
TAKE_KEY = "su_take_"
_TOKEN = re.compile(r"\bsu-([0-9a-z]{8})\b", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z]{8}", re.IGNORECASE)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Request:
    """One thing asked for.

    `item`     the clip or gap the work is for; `holder` what carries the request: the same, or a
        track or stack
    `spot`     which one it is on its holder: a number among markers or effects, or a media
        reference's key
    `slot`     the place in the track it is wanted for; None where that cannot be told (then
        `problem` says why)
    `head`, `tail`  further frames wanted before and after the slot
    `frames`   the slot's length in frames of its rate; head + frames + tail are to be made
    `first`    the number of the first frame to be made, in the clip's own time
    `plate`    the key of the media reference to work on; "" where there is none
    `marked`   the frames of the clip's own time that a marker means, where it does not mean the
        whole clip
    `values`   what a human asks, keys unknown here included
    `problem`  why it cannot be done as it is written
    """

    id: str
    kind: str
    form: Form
    item: Item
    holder: Item
    spot: int | str
    slot: Slot | None = None
    head: int = 0
    tail: int = 0
    frames: int = 0
    first: int = 0
    plate: str = ""
    marked: FrameRange | None = None
    values: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    problem: RequestWrong | None = None

    @property
    def length(self) -> int:
        """How many frames are to be made."""
        return self.head + self.frames + self.tail

    @property
    def takes(self) -> int:
        """How many takes are wanted."""
        wanted = self.values.get("takes", 1)
        return wanted if isinstance(wanted, int) else 1


@dataclass(frozen=True)
class _Ask:
    """A request as found: the object that says it, and where that is."""

    form: Form
    holder: Item
    spot: int | str
    said: dict[str, Any]


@dataclass(frozen=True)
class Plate:
    """The frames a request works on: which media, and which frames as the cut numbers them."""

    media: Media
    range: FrameRange
    assumed: str = ""


def find_requests(cut: Cut) -> list[Request]:
    """Every request in a cut, in its order. One that cannot be done says so in its `problem`.

    An effect or marker that carries the id of a generator request is that request's, and is not
    listed twice.
    """
    asks = [ask for item in cut.items() for ask in _asks(item)]
    made = {_id_in(ask) for ask in asks if ask.form == "generator"} - {""}
    found: list[Request] = []
    seen: set[str] = set()
    for ask in asks:
        given = _id_in(ask)
        if ask.form != "generator" and given in made:
            continue
        request = _request(cut, ask)
        if not given:
            request = replace(request, id=_new_id(request, seen))
        seen.add(request.id)
        found.append(request)
    return _without_overlaps(found)


def _asks(item: Item) -> Iterator[_Ask]:
    body = item.body
    if item.schema == "Clip":
        many = body.get("media_references")
        for key, reference in many.items() if isinstance(many, dict) else ():
            if _is_ours(reference, "generator_kind"):
                yield _Ask("generator", item, key, reference)
        if _is_ours(body.get("media_reference"), "generator_kind"):
            yield _Ask("generator", item, "media_reference", body["media_reference"])
    effects, markers = body.get("effects"), body.get("markers")
    for spot, effect in enumerate(effects if isinstance(effects, list) else ()):
        if _is_ours(effect, "effect_name") and effect.get("enabled") is not False:
            yield _Ask("effect", item, spot, effect)
    for spot, marker in enumerate(markers if isinstance(markers, list) else ()):
        if kind_of(marker) == "Marker" and _is_our_marker(marker):
            yield _Ask("marker", item, spot, marker)


def _is_ours(value: Any, key: str) -> bool:
    name = value.get(key) if isinstance(value, dict) else None
    return isinstance(name, str) and name.startswith(OURS)


def _is_our_marker(marker: dict[str, Any]) -> bool:
    if is_name(marker.get("name")) or is_line(marker.get("comment")) or is_line(_note(marker)):
        return True
    return "kind" in block_of(marker)


def block_of(value: Any) -> dict[str, Any]:
    """The secondunit block in an object's metadata, {} where there is none."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    block = metadata.get("secondunit") if isinstance(metadata, dict) else None
    return block if isinstance(block, dict) else {}


def said_by(request: Request) -> dict[str, Any]:
    """The reference, effect or marker a request was read from."""
    body = request.holder.body
    found: Any
    if request.form == "generator":
        found = body if request.spot == "media_reference" else body["media_references"]
    else:
        found = body["effects" if request.form == "effect" else "markers"]
    said: dict[str, Any] = found[request.spot]
    return said


def _note(marker: dict[str, Any]) -> Any:
    metadata = marker.get("metadata")
    host = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    return host.get("Note") if isinstance(host, dict) else None


def _id_in(ask: _Ask) -> str:
    """The id it was given before, in metadata or as su-k3v9x0aa in a name; else ""."""
    held = [ask.said] + ([ask.holder.body] if ask.form == "generator" else [])
    for each in held:
        given = block_of(each).get("id")
        if isinstance(given, str) and _ID.fullmatch(given):
            return given.lower()
    for each in held:
        name = each.get("name")
        token = _TOKEN.search(name) if isinstance(name, str) else None
        if token:
            return token[1].lower()
    return ""


def _new_id(request: Request, seen: set[str]) -> str:
    """An id that follows from where a request stands and what it asks: always the same."""
    parent = request.holder.parent
    place = (parent or request.holder).path
    slot = f"{request.slot.start} {request.slot.stop}" if request.slot else request.holder.path
    said = json.dumps([request.kind, request.values], sort_keys=True, default=str)
    turn = 0
    while True:
        digest = hashlib.sha256(f"{place}\n{slot}\n{said}\n{turn}".encode("utf-8", "replace"))
        number = int.from_bytes(digest.digest()[:8], "big")
        made = "".join(_DIGITS[number // 36**power % 36] for power in range(8))
        if made not in seen:
            return made
        turn += 1


def _request(cut: Cut, ask: _Ask) -> Request:
    bare = Request(_id_in(ask), "", ask.form, ask.holder, ask.holder, ask.spot)
    bare = replace(bare, where=_where(cut, ask))
    try:
        kind, words = _said(ask)
        bare = replace(bare, kind=kind, values=words.asked(kind))
        if kind not in KINDS:
            raise RequestWrong(
                f"{kind!r} is nothing that can be asked for" if kind else "It asks for nothing",
                remedy="Ask for " + ", ".join(KINDS),
            )
        fault = fault_in(bare.values)
        if fault:
            raise RequestWrong(fault)
        placed = _placed(cut, ask, bare, words.duration)
        _check(placed)
    except (RequestWrong, BadValue) as error:
        problem = RequestWrong(error.what, error.where or bare.where, error.remedy)
        return replace(bare, problem=problem)
    return placed


def _said(ask: _Ask) -> tuple[str, Words]:
    """The kind asked for and the words it is asked in."""
    if ask.form == "generator":
        parameters = ask.said.get("parameters")
        if not isinstance(parameters, (dict, type(None))):
            raise RequestWrong("The request's parameters are no list of keys and values")
        words = read_parameters(parameters or {})
        return kind_named(ask.said["generator_kind"][len(OURS) :]), words
    if ask.form == "effect":
        return kind_named(ask.said["effect_name"][len(OURS) :]), read_object(block_of(ask.said))
    return _said_by_marker(ask.said)


def _said_by_marker(marker: dict[str, Any]) -> tuple[str, Words]:
    """Metadata, Resolve's note, the comment, the name: the first that says anything is believed."""
    name = marker.get("name")
    words = read_object(block_of(marker))
    for text in (_note(marker), marker.get("comment")):
        if not words and isinstance(text, str):
            words = read_text(text)
    if words.kind or not isinstance(name, str):
        return words.kind, words
    named = read_name(name) if is_name(name) else Words()
    return named.kind, words or named


def _placed(cut: Cut, ask: _Ask, bare: Request, duration: str) -> Request:
    """The request with its slot, its length and its plate."""
    item, said = ask.holder, ask.said
    marked = stretch(said.get("marked_range")) if ask.form == "marker" else None
    if item.schema in ("Track", "Stack"):
        if ask.form != "marker" or marked is None:
            raise RequestWrong("A whole track is asked for", remedy="Ask on a clip or a gap")
        item, marked = item_under(cut, item, marked, wants_gap=bare.kind == "insert")
    if item.schema not in ("Clip", "Gap"):
        raise RequestWrong(f"Nothing can be asked of a {item.schema}", remedy="Ask on a clip")
    if item.schema == "Gap" and bare.kind != "insert":
        raise RequestWrong("There is no picture to work on in a gap", remedy="Ask on a clip")
    made = replace(bare, item=item, plate=_plate_key(cut, item, said))
    if ask.form == "generator":
        return _generated(cut, made, said)
    slot = slot_of(cut, item)
    head, tail = (made.values.get(key, 0) for key in ("head", "tail"))
    if item.schema == "Gap":
        wanted = frames_of(duration, slot.rate) if duration else 0
        slot = insert_slot(cut, item, slot, marked, wanted)
        return _sized(replace(made, slot=slot, head=head, tail=tail))
    if made.kind == "extend_time" and duration and not head and not tail:
        tail = frames_of(duration, slot.rate)
        made = replace(made, values={**made.values, "tail": tail})
    elif marked is not None and made.kind not in ("insert", "extend_time", "extend_frame"):
        wanted = frames_of(duration, slot.rate) if duration else 0
        slot, meant = marked_slot(cut, item, slot, marked, wanted)
        made = replace(made, marked=meant)
    shown = extent(cut, item)
    first = frame_at(shown.begin * shown.rate.per_second) - head
    return _sized(replace(made, slot=slot, head=head, tail=tail, first=first))


def _generated(cut: Cut, made: Request, said: dict[str, Any]) -> Request:
    """A generator's slot is its clip's; its handles are what its range holds beyond that."""
    slot, shown = slot_of(cut, made.item), extent(cut, made.item)
    begin, rate = shown.begin, shown.rate.per_second
    there = available(said)
    head = tail = 0
    if there is not None:
        head = frames_in((begin - there.begin) * rate)
        tail = frames_in((there.end - shown.end) * rate)
    head, tail = max(head, 0), max(tail, 0)
    first = frame_at(begin * rate) - head
    return _sized(replace(made, slot=slot, head=head, tail=tail, first=first))


def _sized(made: Request) -> Request:
    slot = made.slot
    frames = frames_in((slot.stop - slot.start) * slot.rate.per_second) if slot else 0
    return replace(made, frames=frames)


def _check(made: Request) -> None:
    """Raise RequestWrong where the kind lacks what it cannot do without."""
    if made.frames < 1:
        raise RequestWrong("Its place in the cut is empty", remedy="Make it a frame long or more")
    if made.length > 1_000_000:
        raise RequestWrong(f"It asks for {made.length} frames")
    if made.kind == "extend_time" and not made.head and not made.tail:
        raise RequestWrong("It does not say by how much", remedy="Write head=12 or tail=12")
    sides = ("target", "left", "right", "top", "bottom")
    if made.kind == "extend_frame" and not any(made.values.get(side) for side in sides):
        raise RequestWrong("It does not say how far", remedy="Write a size as 1920x1080")


def _plate_key(cut: Cut, item: Item, said: dict[str, Any]) -> str:
    """The media a request works on: what it says, else what is in use, but never a take of ours."""
    keys = references(cut, item)
    said_key = block_of(said).get("plate")
    wanted = [said_key if isinstance(said_key, str) else "", active_key(item), *keys]
    for key in wanted:
        usable = key in keys and not key.startswith("su_")
        if usable and not _is_ours(keys[key], "generator_kind"):
            return key
    return ""


def _without_overlaps(found: list[Request]) -> list[Request]:
    """Of two inserts wanted for the same stretch of a gap the second is refused."""
    taken: dict[Item, list[Slot]] = {}
    kept: list[Request] = []
    for request in found:
        slot = request.slot
        if request.item.schema == "Gap" and slot is not None and request.problem is None:
            others = taken.setdefault(request.item, [])
            if any(slot.start < other.stop and other.start < slot.stop for other in others):
                request = replace(
                    request,
                    problem=RequestWrong(
                        "Another insert is wanted for the same place",
                        request.where,
                        "Move one of the two, or delete it",
                    ),
                )
            else:
                others.append(slot)
        kept.append(request)
    return kept


def _where(cut: Cut, ask: _Ask) -> str:
    """The place as an editor finds it: track, item, timecode."""
    item = ask.holder
    parts = [cut.name]
    if item.parent is not None and item.parent.schema == "Track":
        parts.append(item.parent.name or f"track {item.parent.index + 1}")
    parts.append(f'"{item.name}"' if item.name else item.schema.lower())
    time = _timecode(cut, item)
    if time:
        parts.append(time)
    name = ask.said.get("name")
    if ask.form != "generator" and name and isinstance(name, str):
        parts.append(f'{ask.form} "{name}"')
    return ", ".join(parts)


def _timecode(cut: Cut, item: Item) -> str:
    if item.schema not in ("Clip", "Gap"):
        return ""
    try:
        begin = moment(cut.root.body.get("global_start_time"))
        shown = extent(cut, item)
        rate = begin.rate if begin else shown.rate
        start = start_in_cut(cut, item) + (begin.seconds if begin else 0)
        return str(Timecode(frame_at(start * rate.per_second), rate))
    except BadValue:
        return ""  # a place without a time is still a place


def plate_of(cut: Cut, request: Request, whole_clip: bool = True) -> Plate:
    """The frames a request works on: all its clip shows, or only those of its slot.

    Raises BadValue.
    """
    item, length = request.item, extent(cut, request.item).length
    begin, end = Fraction(0), length
    if not whole_clip and request.slot is not None:
        start = slot_of(cut, item).start
        begin, end = request.slot.start - start, request.slot.stop - start
    media = media_of(cut, references(cut, item).get(request.plate))
    one = resolve_media_frame(cut, item, begin, "at", request.plate)
    other = resolve_media_frame(cut, item, end, "before", request.plate)
    low, high = sorted((one.number, other.number))
    return Plate(media, FrameRange(low, high), one.assumed)
