"""A cut as one host is to see it: each clip with the media in use, open requests as slates."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Change, Cut
from secondunit_otio.fills import Fill, filled_gap
from secondunit_otio.findings import Finding
from secondunit_otio.flavours.hosts import Host
from secondunit_otio.flavours.identity import NONE, Marks, marks_of, take_in
from secondunit_otio.flavours.slates import SLATE_KEY, Slate, slate_of, slate_reference
from secondunit_otio.layout import DEFAULT_KEY, active_key, extent, place_of, references
from secondunit_otio.media import local_path
from secondunit_otio.requests import OURS, REQUEST_KEY, Request, find_requests, said_by
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import range_json, stretch

_UNSAFE = re.compile(r"[#?%]")


@dataclass(eq=False)
class Overlay:
    """What a host's flavour of a cut shows otherwise than the cut itself.

    `bodies` is what each changed item gives way to, `slots` the place in it of each slate that
    fills a gap, by the request's id. `asked` holds the requests of an item that carry no id of
    their own there.
    """

    cut: Cut
    host: Host
    folder: str
    bodies: dict[Item, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    marks: dict[Item, Marks] = field(default_factory=dict)
    asked: dict[Item, list[Request]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    slates: list[Slate] = field(default_factory=list)

    def shown(self, item: Item) -> tuple[dict[str, Any], ...]:
        """The body, or bodies, the host sees in an item's place."""
        found = self.bodies.get(item)
        return (item.body,) if found is None else found

    def text(self) -> str:
        """The flavour's text: every byte but those of what is changed is the cut's own."""
        return self.cut.patched(Change(item, bodies) for item, bodies in self.bodies.items())

    def lost(self, item: Item, what: str, id: str = "", **more: Any) -> None:
        """Note what the host will not see of an item."""
        self.findings.append(told(self.cut, "lost", item, what, id, **more))


def told(cut: Cut, kind: Any, item: Item, what: str, id: str = "", **more: Any) -> Finding:
    """A finding about an item, with its place in the cut."""
    start = stop = None
    with contextlib.suppress(BadValue, KeyError):
        start, stop = place_of(cut, item)
    track = item.parent.name if item.parent is not None else ""
    return Finding(kind, what, item.name, id, track, start, stop, item.path, **more)


def overlay(cut: Cut, host: Host, slates: str = "") -> Overlay:
    """Work out a host's view of a cut. Slates are to lie in a folder; "": the cut's own."""
    key = ("overlay", host.name, slates)
    if key not in cut.worked_out:
        cut.worked_out[key] = _overlay(cut, host, slates)
    found: Overlay = cut.worked_out[key]
    return found


def any_overlay(cut: Cut, host: Host) -> Overlay:
    """A host's view of a cut, wherever its slates lie."""
    made: Overlay
    for key, made in cut.worked_out.items():
        if isinstance(key, tuple) and key[:2] == ("overlay", host.name):
            return made
    return overlay(cut, host)


def _overlay(cut: Cut, host: Host, slates: str) -> Overlay:
    made = Overlay(cut, host, slates or cut.folder)
    for request in find_requests(cut):
        if request.problem is None or request.form == "generator":
            made.asked.setdefault(request.item, []).append(request)
    for item in cut.items():
        if item.target is not None:
            continue
        if item.schema == "Clip":
            _show_clip(made, item)
        elif item.schema == "Gap" and item in made.asked:
            _fill_gap(made, item)
    _stamp(made)
    return made


def _stamp(made: Overlay) -> None:
    root = made.cut.root
    if root.schema != "Timeline" or not made.host.stamp:
        return
    metadata = root.body.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    missing = False
    for space, wanted in made.host.stamp.items():
        there = metadata.get(space)
        there = there if isinstance(there, dict) else {}
        if not wanted.keys() <= there.keys():
            metadata[space] = {**wanted, **there}
            missing = True
    if missing:
        made.bodies[root] = ({**root.body, "metadata": metadata},)


def _show_clip(made: Overlay, item: Item) -> None:
    marks = marks_of(item.body)
    asked = made.asked.get(item, [])
    new = sorted({each.id for each in asked} - {*marks.own, *marks.asked})
    if new:
        marks = Marks(marks.own, (*marks.asked, *new))
    body = item.body
    refs = references(made.cut, item)
    key = active_key(item)
    media = _media(made, item, refs, key, marks)
    if media is not None:
        body = _with_media(made, body, refs, key, media)
    if marks:
        made.marks[item] = marks
        body = _with_markers(made, item, body, asked)
        _tell_takes(made, item, refs, media if media is not None else refs.get(key), marks)
    elif len(refs) > 1 and not made.host.every:
        _tell_others(made, item, refs, key)
    if body is not item.body:
        made.bodies[item] = (body,)


def _media(
    made: Overlay, item: Item, refs: dict[str, Any], key: str, marks: Marks
) -> dict[str, Any] | None:
    """The media reference the host is to see; None: the one in use, as it stands."""
    active = refs.get(key) or {}
    kind = kind_of(active)
    if kind == "GeneratorReference" and str(active.get("generator_kind", "")).startswith(OURS):
        return _slate(made, item, active)
    if kind == "ImageSequenceReference" and not made.host.sequences:
        movie = _movie_for(refs, active)
        if movie is not None:
            made.findings.append(
                told(made.cut, "switched", item,
                     f"{made.host.name} reads no image sequences; the movie take stands in",
                     marks.own[0] if marks.own else "")
            )  # fmt: skip
            return _with_path(made, movie) or movie
        if made.host.native:
            made.lost(
                item,
                f"It is an image sequence, and {made.host.name} reads none: render it as a movie",
                marks.own[0] if marks.own else "",
            )
    if kind in made.host.unread:
        made.lost(item, f"{made.host.name} drops media of this kind ({kind})")
    renamed = _with_path(made, active)
    if renamed is not None:
        return renamed
    alone = key == DEFAULT_KEY and not (len(refs) > 1 and _ours(refs))
    return None if alone or not active or made.host.every else active


def _slate(made: Overlay, item: Item, active: dict[str, Any]) -> dict[str, Any] | None:
    requests = [each for each in made.asked.get(item, []) if each.form == "generator"]
    if not requests:
        return None
    request = requests[0]
    try:
        there: dict[str, Any] = active.get("available_range") or {}
        if not there:
            shown = extent(made.cut, item)
            there = range_json(shown.begin, shown.length, shown.written)
        slate = slate_of(request.id, request.kind, request.values, _known(there), made.folder)
    except BadValue as error:
        made.lost(item, f"There is no telling how long its slate is: {error.what}", request.id)
        return None
    return slate_reference(_added(made, slate), there, request.id)


def _added(made: Overlay, slate: Slate) -> Slate:
    """The slate among those to be made; one of another length gets a file of its own."""
    stem, ending = os.path.splitext(slate.path)
    number = 1
    while any(each.path == slate.path and each != slate for each in made.slates):
        number += 1
        slate = replace(slate, path=f"{stem}_{number}{ending}")
    if slate not in made.slates:
        made.slates.append(slate)
    return slate


def _known(there: Any) -> Any:
    found = stretch(there)
    if found is None:
        raise BadValue("Nothing says how long it is")
    return found


def _movie_for(refs: dict[str, Any], sequence: dict[str, Any]) -> dict[str, Any] | None:
    """A movie of the same take, else any movie of ours, the newest first."""
    movies = [each for each in refs.values() if kind_of(each) == "ExternalReference"]
    wanted = take_in(sequence)
    for movie in movies:
        if wanted is not None and take_in(movie) == wanted:
            return movie
    ours = [(take[1], at) for at, each in enumerate(movies) if (take := take_in(each))]
    return movies[max(ours)[1]] if wanted is not None and ours else None


def _with_path(made: Overlay, reference: Any) -> dict[str, Any] | None:
    """The reference with a plain absolute path; None where it has one."""
    key = "target_url" if kind_of(reference) == "ExternalReference" else "target_url_base"
    url = reference.get(key) if isinstance(reference, dict) else None
    if not isinstance(url, str) or not url or kind_of(reference) == "MissingReference":
        return None
    ours = take_in(reference) is not None
    if url.lower().startswith("file:") and made.host.urls and not ours:
        return None
    path = local_path(url, made.cut.folder)
    return None if path == url else {**reference, key: path}


def _with_media(
    made: Overlay, body: dict[str, Any], refs: dict[str, Any], key: str, media: dict[str, Any]
) -> dict[str, Any]:
    """The clip showing this media."""
    slate = refs.get(key) is not media and _is_slate(media)
    if "media_references" not in body:
        return {**body, "media_reference": media}
    if made.host.every:
        many = {**body["media_references"], (SLATE_KEY if slate else key): media}
        return {
            **body,
            "media_references": many,
            "active_media_reference_key": SLATE_KEY if slate else key,
        }
    many = {DEFAULT_KEY: media}
    if made.cut.shared or not _ours(refs):
        many |= {
            each: value
            for each, value in body["media_references"].items()
            if each not in (key, DEFAULT_KEY)
        }
    return {**body, "media_references": many, "active_media_reference_key": DEFAULT_KEY}


def _is_slate(media: dict[str, Any]) -> bool:
    block = media.get("metadata", {})
    ours = block.get("secondunit") if isinstance(block, dict) else None
    return isinstance(ours, dict) and ours.get("status") == "slate"


def _ours(refs: dict[str, Any]) -> bool:
    return any(key.startswith("su_") for key in refs)


def _with_markers(
    made: Overlay, item: Item, body: dict[str, Any], asked: list[Request]
) -> dict[str, Any]:
    """The clip with each request on it told by a marker, where hosts keep ids best."""
    wanted = [each for each in asked if each.form != "generator" and each.holder is item]
    if not wanted:
        return body
    listed = body.get("markers")
    markers = list(listed) if isinstance(listed, list) else []
    for request in wanted:
        said = said_by(request)
        if request.form == "marker":
            markers[int(request.spot)] = _signed(made.host, said, request)
            continue
        try:
            shown = extent(made.cut, item)
        except BadValue:
            continue
        frame = min(1 / shown.rate.per_second, shown.length)
        line = _line(request)
        marker = {
            "OTIO_SCHEMA": "Marker.2",
            "metadata": {"secondunit": {"schema": 1, "id": request.id}},
            "name": f"su-{request.id}",
            "color": "CYAN",
            "marked_range": range_json(shown.begin, frame, shown.written),
            "comment": line,
        }
        markers.append(_noted(made.host, marker, line))
    return {**body, "markers": markers}


def _signed(host: Host, said: dict[str, Any], request: Request) -> dict[str, Any]:
    name = said.get("name")
    marker = dict(said)
    if f"su-{request.id}" not in str(name).lower():
        plain = name if isinstance(name, str) and name.strip() else f"SU {request.kind}"
        # a whole line as a name would be read together with the id
        marker["name"] = f"{plain} su-{request.id}" if ":" not in plain else plain
    return _noted(host, marker, str(said.get("comment") or ""))


def _noted(host: Host, marker: dict[str, Any], line: str) -> dict[str, Any]:
    """The marker with its text where the host keeps it."""
    if not host.note or not line:
        return marker
    metadata = marker.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    there = metadata.get(host.note)
    there = there if isinstance(there, dict) else {}
    if "Note" in there:
        return marker
    return {**marker, "metadata": {**metadata, host.note: {**there, "Note": line}}}


def _line(request: Request) -> str:
    words = request.values.get("prompt") or request.values.get("subject") or ""
    return " | ".join(filter(None, (request.kind.replace("_", " "), str(words))))


def _tell_takes(made: Overlay, item: Item, refs: dict[str, Any], shown: Any, marks: Marks) -> None:
    id = (marks.own or marks.asked)[0]
    if not made.host.every:
        for key, each in refs.items():
            if each is refs.get(active_key(item)) or key == REQUEST_KEY:
                continue
            made.lost(
                item, "This take or plate stays in the master; only the one in use goes along",
                id, before=key,
            )  # fmt: skip
    url = shown.get("target_url") if isinstance(shown, dict) else None
    if isinstance(url, str) and _UNSAFE.search(url):
        made.lost(
            item, "The path of its media holds #, ? or %, at which some hosts cut it off", id,
            before=url,
        )  # fmt: skip


def _tell_others(made: Overlay, item: Item, refs: dict[str, Any], key: str) -> None:
    for each in refs:
        if each != key:
            made.lost(item, "Only the media in use goes along", before=each)


def _fill_gap(made: Overlay, gap: Item) -> None:
    """A gap with inserts wanted in it, with their slates standing there."""
    fills: list[Fill] = []
    for request in made.asked[gap]:
        slot = request.slot
        if request.kind != "insert" or slot is None:
            continue
        rate = slot.rate.per_second
        there = range_json(
            Fraction(request.first) / rate, Fraction(request.length) / rate,
            extent(made.cut, gap).written,
        )  # fmt: skip
        slate = slate_of(request.id, "insert", request.values, _known(there), made.folder)
        slate = _added(made, slate)
        own = request.holder is gap
        spots = frozenset({int(request.spot)}) if own else frozenset[int]()
        clip = {
            "OTIO_SCHEMA": "Clip.2",
            "metadata": {"secondunit": {"schema": 1, "id": request.id, "kind": "insert"}},
            "name": f"insert su-{request.id}",
            "source_range": range_json(
                Fraction(request.first + request.head) / rate, slot.stop - slot.start,
                extent(made.cut, gap).written,
            ),
            "effects": [],
            "markers": [],
            "enabled": True,
            "media_references": {DEFAULT_KEY: slate_reference(slate, there, request.id)},
            "active_media_reference_key": DEFAULT_KEY,
        }  # fmt: skip
        moved = (spots, frozenset[int]()) if request.form == "marker" else (frozenset[int](), spots)
        fills.append(Fill(slot.start, slot.stop, clip, *moved))
    if not fills:
        return
    start, _ = place_of(made.cut, gap)
    body = gap.body
    if not isinstance(body.get("metadata", {}), dict):
        body = {**body, "metadata": {}}
    made.bodies[gap] = filled_gap(body, start, extent(made.cut, gap), fills)
    made.marks[gap] = NONE
