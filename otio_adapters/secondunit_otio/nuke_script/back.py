"""From a Nuke script back to the cut: takes to be grafted, and the script as a timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.done import next_take
from secondunit_otio.findings import Finding
from secondunit_otio.layout import active_key, references
from secondunit_otio.media import media_of
from secondunit_otio.nuke_script.reading import Script, ScriptRead, ScriptShot
from secondunit_otio.references import TakeReference
from secondunit_otio.requests import Request, find_requests
from secondunit_otio.takes import Result
from secondunit_otio.times import range_json, rate_of, stretch

_PLACE = re.compile(r"#+|%0?(\d*)d")


@dataclass(frozen=True)
class Brought:
    """What a script brings to a cut: takes to graft, and what became of everything else.

    `chosen` are the keys of the media its switches show, by the path of the clip.
    """

    results: tuple[Result, ...]
    chosen: dict[str, str]
    findings: tuple[Finding, ...]


def brought(cut: Cut, script: Script) -> Brought:
    """The takes somebody added in a script, ready for `graft`, by the id of the request.

    A take whose frames are numbered as the shot's stands there; any other begins with the frames
    asked for: with their handles where it has that many, else with the slot.
    """
    requests = {request.id: request for request in find_requests(cut)}
    results: list[Result] = []
    findings: list[Finding] = []
    chosen: dict[str, str] = {}
    items = {item.path: item for item in cut.items()}
    for shot in script.shots:
        item = items.get(shot.path) if shot.ours else None
        if item is not None and shot.chosen and shot.chosen in references(cut, item):
            chosen[shot.path] = shot.chosen
            if shot.chosen != active_key(item):
                what = "Another take was chosen in Nuke"
                told = (shot.name, shot.id, shot.track)
                before, after = active_key(item), shot.chosen
                findings.append(
                    Finding("switched", what, *told, None, None, shot.path, before, after)
                )
        for request, reads in _by_request(shot, requests, findings).items():
            takes = _takes(cut, requests[request], shot, reads, findings)
            if takes:
                results.append(Result(requests[request], tuple(takes)))
    return Brought(tuple(results), chosen, tuple(findings))


def _by_request(
    shot: ScriptShot, requests: dict[str, Request], findings: list[Finding]
) -> dict[str, list[ScriptRead]]:
    """The Reads somebody added to a shot, by the request they answer."""
    found: dict[str, list[ScriptRead]] = {}
    for read in shot.added:
        wanted = read.id if read.id in requests else shot.id
        request = requests.get(wanted)
        told = (shot.name, wanted, shot.track)
        if not read.path:
            findings.append(Finding("lost", f"{read.name} names no file", *told))
        elif request is None:
            if shot.ours:
                what = f"{read.name} was added where nothing is asked for; it stays in the script"
                findings.append(Finding("lost", what, *told, after=read.path))
        elif request.problem is not None or request.slot is None:
            findings.append(Finding("lost", f"{read.name}: the request has a problem", *told))
        else:
            found.setdefault(wanted, []).append(read)
    return found


def _takes(
    cut: Cut,
    request: Request,
    shot: ScriptShot,
    reads: list[ScriptRead],
    findings: list[Finding],
) -> list[TakeReference]:
    known = _known_files(cut, request)
    number = next_take(cut, request)
    taken: set[int] = set()
    takes: list[TakeReference] = []
    for read in reads:
        told = (shot.name, request.id, shot.track)
        if _PLACE.sub("#", read.path) in known:
            findings.append(Finding("kept", f"{read.name} is in the cut already", *told))
            continue
        own = read.take if read.take and read.take not in taken else max([number - 1, *taken]) + 1
        taken.add(own)
        frames = read.last - read.first + 1
        takes.append(
            TakeReference(
                own,
                read.path,
                frames,
                start=_start(request, shot, read, frames),
                first_file=read.first if read.sequence else 1,
                provenance={"host": "nuke", "node": read.name},
            )
        )
        what = f"{read.name} was added in Nuke as take {own}"
        findings.append(Finding("new", what, *told, after=read.path))
    return takes


def _known_files(cut: Cut, request: Request) -> set[str]:
    found = set()
    for reference in references(cut, request.item).values():
        try:
            path = media_of(cut, reference).path
        except BadValue:
            continue
        found.add(_PLACE.sub("#", path.replace("\\", "/")))
    return found


def _start(request: Request, shot: ScriptShot, read: ScriptRead, frames: int) -> int | None:
    """The number of a take's first frame in the clip's own time; None: as asked for."""
    numbered = read.sequence and shot.ours
    if numbered and shot.first - shot.handles <= read.first <= shot.last:
        return request.first + request.head + read.first - shot.first
    return None if frames >= request.length else request.first + request.head


def timeline(script: Script) -> dict[str, Any]:
    """A script as OpenTimelineIO JSON: its shots one after another on a track.

    What we wrote comes back with the clips' own ranges, speeds and takes; of other scripts each
    Read is a clip.
    """
    written = float(script.rate.per_second)
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {"nuke": {"version": script.version, "script": script.name}},
        "name": script.name.replace("\\", "/").rpartition("/")[2],
        "global_start_time": None,
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "metadata": {},
            "name": "tracks",
            "source_range": None,
            "effects": [],
            "markers": [],
            "enabled": True,
            "children": [
                {
                    "OTIO_SCHEMA": "Track.1",
                    "metadata": {},
                    "name": "shots",
                    "source_range": None,
                    "effects": [],
                    "markers": [],
                    "enabled": True,
                    "children": [_clip(shot, written) for shot in script.shots],
                    "kind": "Video",
                }
            ],
        },
    }


def _clip(shot: ScriptShot, written: float) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for number, read in enumerate(shot.reads):
        if read.role not in ("matte", "slate"):
            key = read.key or ("DEFAULT_MEDIA" if not shot.ours else f"nuke_{number + 1}")
            found.setdefault(key, _reference(read, shot))
    asked = shot.source.get("requests")
    found |= asked if isinstance(asked, dict) else {}
    missing = {"OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": ""}
    many = found or {"DEFAULT_MEDIA": missing}
    told = shot.source.get("secondunit")
    if not shot.ours and shot.id:
        told = {"schema": 1, "id": shot.id}
    metadata: dict[str, Any] = {"nuke": {"first": shot.first, "last": shot.last}}
    metadata["nuke"] |= {"clip": shot.clip, "track": shot.track, "path": shot.path}
    metadata |= {"secondunit": told} if isinstance(told, dict) else {}
    effects = shot.source.get("effects")
    keys = (shot.chosen, str(shot.source.get("active")))
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": metadata,
        "name": shot.name,
        "source_range": _source_range(shot, written),
        "effects": effects if isinstance(effects, list) else [],
        "markers": [],
        "enabled": True,
        "media_references": many,
        "active_media_reference_key": next((key for key in keys if key in many), next(iter(many))),
    }


def _source_range(shot: ScriptShot, written: float) -> dict[str, Any]:
    """The clip's own range where the script kept it, else its frames as they are numbered."""
    kept = shot.source.get("source_range")
    try:
        if isinstance(kept, dict) and stretch(kept) is not None:
            return kept
    except BadValue:
        pass
    rate = shot.rate.per_second
    frames = Fraction(shot.last - shot.first + 1)
    start = Fraction(shot.first)
    if shot.reads and not shot.ours and not shot.reads[0].sequence:
        start -= 1  # a movie's first frame is 1 in Nuke and 0 everywhere else
    return range_json(start / rate, frames / rate, float(rate) if shot.ours else written)


def _reference(read: ScriptRead, shot: ScriptShot) -> dict[str, Any]:
    """A Read as a media reference, numbered as the cut numbered it."""
    rate = _media_rate(read, shot)
    step = _whole(read.about.get("su_step", "")) or 1
    frames = (read.last - read.first) // abs(step) + 1
    begin = _whole(read.about.get("su_start", ""))
    if begin is None:
        begin = read.first if read.sequence else read.first - 1
    seconds = Fraction(begin) / rate_of(rate).per_second
    length = Fraction(frames) / rate_of(rate).per_second
    told = {"id": read.id, "take": read.take} if read.take else {}
    made: dict[str, Any] = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {"secondunit": {"schema": 1, **told}} if told else {},
        "name": read.name,
        "available_range": range_json(seconds, length, rate),
        "available_image_bounds": None,
    }
    folder, _, name = read.path.rpartition("/")
    places = list(_PLACE.finditer(name))
    if not places:
        return {**made, "target_url": read.path}
    place = places[-1]
    digits = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    return {
        **made,
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "target_url_base": f"{folder}/" if folder or read.path.startswith("/") else "",
        "name_prefix": name[: place.start()],
        "name_suffix": name[place.end() :],
        "start_frame": read.first if step > 0 else read.last,
        "frame_step": step,
        "rate": rate,
        "frame_zero_padding": digits,
        "missing_frame_policy": "error",
    }


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,12}", text) else None


def _media_rate(read: ScriptRead, shot: ScriptShot) -> float:
    try:
        return float(Rate.parse(read.about.get("su_media_rate", "")).per_second)
    except BadValue:
        return float(shot.rate.per_second)
