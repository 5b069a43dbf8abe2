"""A job clip as it is to stand in the master after a host has had it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.flavours.align import near
from secondunit_otio.flavours.flatten import Overlay
from secondunit_otio.flavours.identity import basename, take_in
from secondunit_otio.flavours.strips import Beat
from secondunit_otio.layout import active_key, available, extent, references
from secondunit_otio.requests import OURS, REQUEST_KEY, TAKE_KEY, Request, block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import exact, moment, range_json, rate_of, stretch, whole

_NONE = Fraction(0)
_STEM = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(eq=False)
class Held:
    """A beat of the master, how the host was shown it, and what came back of it.

    `seen` is None where the format could not hold it; `came` and `more` are what the host made of
    it, the first and further parts or copies. `job` says whether it carries an id of ours.
    """

    beat: Beat
    seen: Beat | None
    job: bool = False
    came: Beat | None = None
    more: list[Beat] | None = None
    row: Any = None

    @property
    def parts(self) -> list[Beat]:
        """All that came back of it, in the order it plays in its media."""
        found = ([self.came] if self.came else []) + (self.more or [])
        return sorted(found, key=lambda each: (each.begin, each.start))

    @property
    def id(self) -> str:
        """Its id, "" where it carries none."""
        marks = self.beat.marks
        return (marks.own or marks.asked)[0] if marks else ""


def moved_in_media(held: Held, came: Beat) -> Fraction:
    """By how much later in its media a part begins than the clip was shown, in seconds.

    A host that counts the same media from another first frame is allowed for.
    """
    seen = held.seen or held.beat
    if came.begin == seen.begin:
        return _NONE
    return came.begin - seen.begin - _recount(seen, came)


def _recount(seen: Beat, came: Beat) -> Fraction:
    if basename(seen.media).casefold() != basename(came.media).casefold():
        return _NONE
    try:
        one, other = available(seen.media), available(came.media)
    except BadValue:
        return Fraction(0)
    return other.begin - one.begin if one and other else Fraction(0)


def retimed(held: Held, came: Beat) -> bool:
    """Whether a part shows another stretch of its media than the clip did."""
    seen = held.seen or held.beat
    same = near(came.length, seen.length) and near(moved_in_media(held, came), _NONE)
    return not same


@dataclass(frozen=True)
class Edited:
    """A clip's new body and what was done to it, as (kind of finding, words, before, after)."""

    body: dict[str, Any]
    told: tuple[tuple[str, str, Any, Any], ...] = ()


def edited(seen: Overlay, held: Held, came: Beat, retime: bool = True) -> Edited:
    """A clip of the master with what the editor did to one part of it."""
    item = held.beat.item
    body: dict[str, Any] = item.body if item.schema == "Clip" else insert_body(seen, held)
    told: list[tuple[str, str, Any, Any]] = []
    if retime and retimed(held, came):
        before = body.get("source_range")
        body = {**body, "source_range": _range(seen.cut, held, came, body)}
        told.append(("trimmed", _trim_words(held, came), before, body["source_range"]))
    name = new_name(held, came)
    if name:
        told.append(("changed", "It was renamed", body.get("name"), name))
        body = {**body, "name": name}
    if came.item is not item:
        body = _switched(seen, held, came, body, told)
    paces = [speeds(each.body) for each in (held.seen or held.beat, came)]
    if paces[0] != paces[1]:
        what = "Its speed was changed; the master keeps its own"
        told.append(("changed", what, paces[0], paces[1]))
    on = [each.body.get("enabled") is not False for each in (held.seen or held.beat, came)]
    if on[0] != on[1]:
        told.append(("changed", "It was switched " + ("on" if on[1] else "off"), on[0], on[1]))
        body = {**body, "enabled": on[1]}
    return Edited(body, tuple(told))


def speeds(body: dict[str, Any]) -> list[float]:
    """The speeds a body's linear retimes say, one after another; a freeze frame's is 0."""
    listed = body.get("effects")
    found: list[float] = []
    for each in listed if isinstance(listed, list) else ():
        kind = kind_of(each)
        if kind == "FreezeFrame":
            found.append(0.0)
        elif kind == "LinearTimeWarp" and isinstance(each.get("time_scalar", 1), (int, float)):
            found.append(round(float(each.get("time_scalar", 1)), 6))
    return [pace for pace in found if pace != 1]


def _trim_words(held: Held, came: Beat) -> str:
    seen = held.seen or held.beat
    if near(came.length, seen.length):
        return "It was slipped"
    return "It was made shorter" if came.length < seen.length else "It was made longer"


def _range(cut: Cut, held: Held, came: Beat, body: dict[str, Any]) -> dict[str, Any]:
    """The range a part shows, each number at the rate the master has it in."""
    later = moved_in_media(held, came)
    longer = came.length - (held.seen or held.beat).length
    old = body.get("source_range")
    if not isinstance(old, dict):
        shown = extent(cut, held.beat.item)
        return range_json(shown.begin + later, shown.length + longer, shown.written)
    return {
        **old,
        "start_time": _shifted(old.get("start_time"), old.get("duration"), later),
        "duration": _shifted(old.get("duration"), old.get("duration"), longer),
    }


def _shifted(time: Any, like: Any, by: Fraction) -> Any:
    if near(by, Fraction(0)):
        return time
    written = (time if isinstance(time, dict) else like)["rate"]
    value = exact(time.get("value", 0)) if isinstance(time, dict) else Fraction(0)
    frames = whole(value + by * rate_of(written).per_second)
    fresh = time if isinstance(time, dict) else {"OTIO_SCHEMA": "RationalTime.1", "rate": written}
    return {**fresh, "value": float(frames)}


def new_name(held: Held, came: Beat) -> str:
    """The name an editor gave it; "" where it is the old one or the host only lost it.

    The id that was in the old name is in the new one.
    """
    old = held.beat.item.name if held.beat.item.schema == "Clip" else held.beat.name
    shown = (held.seen or held.beat).name
    name = came.name
    plain = " ".join(name.split()).casefold()
    known = {"", *(" ".join(each.split()).casefold() for each in (old, shown))}
    files = [basename(each.media).casefold() for each in (held.seen or held.beat, came, held.beat)]
    known |= {*files, *(_STEM.sub("", each) for each in files)}
    if plain in known or plain.isdecimal():
        return ""
    token = f"su-{held.id}"
    return name if token not in old.lower() or token in name.lower() else f"{name} {token}"


def _switched(
    seen: Overlay,
    held: Held,
    came: Beat,
    body: dict[str, Any],
    told: list[tuple[str, str, Any, Any]],
) -> dict[str, Any]:
    """The clip with the take in use that is in use in what came."""
    shown = (held.seen or held.beat).media
    media = came.media
    if _file(shown) == _file(media) or _is_slate(media) or held.beat.item.schema != "Clip":
        return body
    item = held.beat.item
    refs = references(seen.cut, item)
    key = next((each for each, ref in refs.items() if _file(ref) == _file(media)), "")
    if not key and _is_ours(media):
        key = REQUEST_KEY if REQUEST_KEY in refs else ""
    now = active_key(item)
    if key == now or (not key and not _file(media)):
        return body
    if key:
        told.append(("switched", "Another take or plate is in use", now, key))
        return {**body, "active_media_reference_key": key}
    take = take_in(media)
    if take is None or take[0] not in held.beat.marks.own or "media_references" not in body:
        told.append(
            (
                "changed",
                "Its media was replaced; the master keeps its own",
                _url(shown),
                _url(media),
            )
        )
        return body
    key = f"{TAKE_KEY}{take[1]:03d}"
    while key in refs:
        key += "_"
    block = {**block_of(media), "schema": 1, "id": take[0], "take": take[1]}
    metadata = media.get("metadata")
    metadata = {**metadata, "secondunit": block} if isinstance(metadata, dict) else {
        "secondunit": block
    }  # fmt: skip
    told.append(("switched", "A take that is new to the master is in use", now, key))
    return {
        **body,
        "media_references": {**body["media_references"], key: {**media, "metadata": metadata}},
        "active_media_reference_key": key,
    }


def _file(reference: Any) -> tuple[str, int] | str:
    """What media is known by: its take, else its file name without the ending."""
    take = take_in(reference)
    return take if take else _STEM.sub("", basename(reference).casefold())


def _url(reference: dict[str, Any]) -> Any:
    return reference.get("target_url") or reference.get("target_url_base")


def _is_slate(media: dict[str, Any]) -> bool:
    return bool(re.search(r"su[-_][0-9a-z]{8}_slate", basename(media), re.IGNORECASE))


def _is_ours(media: dict[str, Any]) -> bool:
    made = media.get("generator_kind")
    return kind_of(media) == "GeneratorReference" and str(made).startswith(OURS)


def insert_body(seen: Overlay, held: Held) -> dict[str, Any]:
    """The clip a slate in a gap becomes once an editor has moved it: the request itself."""
    body = held.beat.body
    request = next(
        (each for each in seen.asked.get(held.beat.item, []) if each.id == held.id), None
    )
    slate = held.beat.media
    values = dict(request.values) if request else {}
    if "negative" in values:
        values["negative_prompt"] = values.pop("negative")
    asked = {
        "OTIO_SCHEMA": "GeneratorReference.1",
        "metadata": {"secondunit": {"schema": 1, "id": held.id, "status": "requested"}},
        "name": f"su-{held.id}",
        "available_range": slate.get("available_range"),
        "available_image_bounds": None,
        "generator_kind": f"{OURS}Insert",
        "parameters": values,
    }
    markers = body.get("markers")
    return {
        **body,
        "markers": [_named(each, request) for each in markers] if isinstance(markers, list) else [],
        "media_references": {REQUEST_KEY: asked},
        "active_media_reference_key": REQUEST_KEY,
    }


def _named(marker: Any, request: Request | None) -> Any:
    """A marker that asked for what is now a clip: it carries the id, so that it asks only once."""
    if request is None or not isinstance(marker, dict) or block_of(marker).get("id"):
        return marker
    if not str(marker.get("name", "")).upper().startswith("SU"):
        return marker
    metadata = marker.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return {**marker, "metadata": {**metadata, "secondunit": {"schema": 1, "id": request.id}}}


def as_part(body: dict[str, Any], id: str, number: int, first: bool) -> dict[str, Any]:
    """A part of a clip that was cut in pieces: it shares the id and says which part it is."""
    metadata = body.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    there = metadata.get("secondunit")
    block = {**(there if isinstance(there, dict) else {}), "schema": 1, "id": id, "part": number}
    made = {**body, "metadata": {**metadata, "secondunit": block}}
    if not first:
        made = without_ids(made)
    return made


def without_ids(value: Any) -> Any:
    """A copy that no reference of the file points to."""
    if isinstance(value, dict):
        return {key: without_ids(each) for key, each in value.items() if key != "OTIO_REF_ID"}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


def keep_markers(body: dict[str, Any], first: bool, last: bool) -> dict[str, Any]:
    """Of a part's markers those that lie in it; what lies outside all parts stays at the ends."""
    listed = body.get("markers")
    shown = stretch(body.get("source_range"))
    if not isinstance(listed, list) or not listed or shown is None:
        return body
    kept = []
    for marker in listed:
        try:
            marked = stretch(marker.get("marked_range")) if isinstance(marker, dict) else None
        except BadValue:
            marked = None
        at = marked.begin if marked else shown.begin
        early, late = at < shown.begin, at >= shown.end
        if (not early and not late) or (early and first) or (late and last):
            kept.append(marker)
    return body if len(kept) == len(listed) else {**body, "markers": kept}


def resized(body: dict[str, Any], length: Fraction) -> dict[str, Any]:
    """A gap of another length, all else as it was."""
    old = body.get("source_range")
    shown = stretch(old)
    if not isinstance(old, dict) or shown is None:
        return body
    return {**body, "source_range": {**old, "duration": _shifted(
        old["duration"], old["duration"], length - shown.duration.seconds)}}  # fmt: skip


def rate_at(cut: Cut, item: Item) -> float | int:
    """The rate new gaps beside an item are counted in, as the file writes it."""
    try:
        return extent(cut, item).written
    except BadValue:
        start = moment(cut.root.body.get("global_start_time"))
        return start.written if start else 24.0
