"""Clips of a cut as a Nuke script: one backdrop a shot, with all that can be shown in it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.layout import active_key, extent, references
from secondunit_otio.nuke_script.retime import Look
from secondunit_otio.nuke_script.sheet import STRING, WHOLE, Raw, Sheet, UserKnob, whole
from secondunit_otio.nuke_script.shots import Shot, Source, shots
from secondunit_otio.nuke_script.syntax import unevaluated
from secondunit_otio.requests import OURS, Request, block_of, said_by
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import range_json

VERSION = "13.0 v1"
"""The Nuke the scripts are written for; newer ones read them too."""

_WIDE, _HIGH = 160, 90  # the step from node to node in the graph
_FORMATS = {(1920, 1080): "HD_1080", (3840, 2160): "UHD_4K", (4096, 2160): "4K_DCP"}
_COLOR_KEYS = ("ayon.source.colorspace", "foundry.source.colourtransform")
_TILES = {"slate": 0x7F4F1FFF, "matte": 0x4F4F7FFF, "take": 0x3F7F4FFF, "plate": 0x5F5F5FFF}
Knobs = list[tuple[str, str]]

_WARPS = ("LinearTimeWarp", "FreezeFrame", "TimeEffect")


@dataclass(frozen=True)
class Written:
    """A script, and what of the cut it does not hold."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Plan:
    """How a script is laid out.

    `first` is each shot's first frame without handles; `size` the script's format in pixels;
    `slates` the movies that stand for requests not shot yet, by their id; `path` the script's own.
    """

    first: int = 1001
    handles: int = 0
    size: tuple[int, int] = (1920, 1080)
    slates: Mapping[str, str] | None = None
    path: str = ""


def write_script(cut: Cut, clips: Iterable[Item] | None, plan: Plan) -> Written:
    """One script with a backdrop for each clip. Raises BadValue."""
    found, lost = shots(cut, clips, plan.first, max(plan.handles, 0))
    return Written(_script(cut, found, plan), tuple(lost))


def write_scripts(
    cut: Cut, clips: Iterable[Item] | None, plan: Plan
) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """A script for each clip, by the name of its shot. Raises BadValue."""
    found, lost = shots(cut, clips, plan.first, max(plan.handles, 0))
    return {shot.token: _script(cut, [shot], plan) for shot in found}, tuple(lost)


def _script(cut: Cut, found: list[Shot], plan: Plan) -> str:
    sheet = Sheet([f"version {VERSION}"])
    sheet.node("Root", _root(found, plan), _about_cut(cut, found))
    across = 0
    for shot in found:
        across += _write_shot(sheet, cut, shot, plan, across)
    return sheet.text()


def _root(found: list[Shot], plan: Plan) -> list[tuple[str, str]]:
    first = min((shot.first - shot.handles for shot in found), default=plan.first)
    last = max((shot.last + shot.handles for shot in found), default=plan.first)
    rate = found[0].rate if found else Rate.of(24)
    width, height = plan.size
    name = _FORMATS.get(plan.size, f"su_{width}x{height}")
    return [
        ("inputs", whole(0)),
        *([("name", unevaluated(_slashes(plan.path)))] if plan.path else []),
        ("frame", whole(first)),
        ("first_frame", whole(first)),
        ("last_frame", whole(last)),
        ("lock_range", Raw("true")),
        ("fps", Raw(f"{float(rate.per_second):.10g}")),
        ("format", f"{width} {height} 0 0 {width} {height} 1 {name}"),
    ]


def _about_cut(cut: Cut, found: list[Shot]) -> list[UserKnob]:
    rate = found[0].rate if found else Rate.of(24)
    return [
        UserKnob(WHOLE, "su_schema", "schema", "1"),
        UserKnob(STRING, "su_cut", "cut", unevaluated(cut.root.name)),
        UserKnob(STRING, "su_rate", "frames a second", str(rate)),
    ]


def _write_shot(sheet: Sheet, cut: Cut, shot: Shot, plan: Plan, across: int) -> int:
    """A shot's nodes within its backdrop; how wide that is."""
    columns = len(shot.sources) + len(shot.mattes)
    width, height = _WIDE * columns + 80, 9 * _HIGH
    _backdrop(sheet, cut, shot, (across, 0, width, height))
    place = across + 40
    for matte in shot.mattes[:1]:
        _source(sheet, shot, matte, plan, (place, _HIGH))
        place += _WIDE
    for column, source in reversed(list(enumerate(shot.sources))):
        _source(sheet, shot, source, plan, (place + column * _WIDE, _HIGH))
    down = 5 * _HIGH
    spot: Knobs = [("xpos", whole(place))]
    if len(shot.sources) > 1:
        knobs: Knobs = [("inputs", whole(len(shot.sources))), ("which", whole(0))]
        knobs += [("name", f"Takes_{shot.token}"), *spot, ("ypos", whole(down))]
        sheet.node("Switch", knobs)
    ranged: Knobs = [
        ("first_frame", whole(shot.first - shot.handles)),
        ("last_frame", whole(shot.last + shot.handles)),
        ("time", ""),
        ("name", f"Range_{shot.token}"),
    ]
    sheet.node("FrameRange", [*ranged, *spot, ("ypos", whole(down + _HIGH))])
    if shot.mattes:
        taken: Knobs = [
            ("from0", "rgba.alpha"),
            ("to0", "rgba.alpha"),
            ("name", f"Matte_{shot.token}"),
        ]
        knobs = [("inputs", whole(2)), *taken, *spot, ("ypos", whole(down + 2 * _HIGH))]
        sheet.node("Copy", knobs)
        named = ("name", f"Premult_{shot.token}")
        sheet.node("Premult", [named, *spot, ("ypos", whole(down + 3 * _HIGH))])
    return width + 80


def _backdrop(sheet: Sheet, cut: Cut, shot: Shot, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    lines = [f"<b>{html.escape(unevaluated(shot.name))}</b>", f"{shot.first}-{shot.last}"]
    lines += [f"su-{each.id} {each.kind}" for each in shot.requests]
    lines += ["not shot yet"] if shot.pending else []
    sheet.node(
        "BackdropNode",
        [
            ("inputs", whole(0)),
            ("name", f"Shot_{shot.token}"),
            ("tile_color", Raw(f"0x{_TILES['slate' if shot.pending else 'plate']:08x}")),
            ("label", "\n".join(lines)),
            ("note_font_size", whole(24)),
            *(("xpos", whole(left)), ("ypos", whole(top))),
            *(("bdwidth", whole(width)), ("bdheight", whole(height))),
        ],
        _about_shot(cut, shot),
    )


def _about_shot(cut: Cut, shot: Shot) -> list[UserKnob]:
    item = shot.item
    track = item.parent.name if item.parent is not None else ""
    strings = {
        "su_shot": shot.token,
        "su_id": shot.id,
        "su_clip": item.name,
        "su_track": track,
        "su_path": item.path,
        "su_rate": str(shot.rate),
        "su_source": json.dumps(_source_json(cut, shot), ensure_ascii=False),
    }
    numbers = {"su_schema": 1, "su_first": shot.first, "su_last": shot.last}
    numbers["su_handles"] = shot.handles
    made = [UserKnob(WHOLE, key, key[3:], str(value)) for key, value in numbers.items()]
    made += [UserKnob(STRING, key, key[3:], unevaluated(text)) for key, text in strings.items()]
    for number, request in enumerate(shot.requests):
        made += _asked(request, f"_{number + 1}" if number else "")
    return made


def _source_json(cut: Cut, shot: Shot) -> dict[str, Any]:
    """The clip's own range, speed and requests, so that a script tells what the cut does."""
    item = shot.item
    listed = item.body.get("effects")
    warps = [
        each
        for each in (listed if isinstance(listed, list) else [])
        if kind_of(each) in _WARPS or str(each.get("effect_name", "")).startswith(OURS)
    ]
    shown = extent(cut, item)
    ranged = item.body.get("source_range")
    if item.schema == "Gap" or not isinstance(ranged, dict):
        length = shown.length
        if item.schema == "Gap":  # of a gap, the slot alone
            length = (shot.last - shot.first + 1) / shot.rate.per_second
        ranged = range_json(shown.begin, length, shown.written)
    asked = {
        key: each
        for key, each in references(cut, item).items()
        if str(each.get("generator_kind", "")).startswith(OURS)
    }
    told = {"source_range": ranged, "effects": warps, "active": active_key(item)}
    block = block_of(item.body)
    return {
        **told,
        **({"requests": asked} if asked else {}),
        **({"secondunit": block} if block else {}),
    }


def _asked(request: Request, tail: str) -> list[UserKnob]:
    """What is asked, knob by knob for people, and whole as JSON."""
    status = block_of(said_by(request)).get("status", "requested")
    values = request.values
    told = {
        "request": request.id,
        "kind": request.kind,
        "prompt": str(values.get("prompt", values.get("subject", ""))),
        "negative": str(values.get("negative", "")),
        "seed": str(values.get("seed", "")),
        "model": str(values.get("model", "")),
        "takes": str(request.takes),
        "status": str(status),
        "asked": json.dumps({"kind": request.kind, **values}, ensure_ascii=False, default=str),
    }
    return [
        UserKnob(STRING, f"su_{key}{tail}", key, unevaluated(text)) for key, text in told.items()
    ]


def _source(sheet: Sheet, shot: Shot, source: Source, plan: Plan, spot: tuple[int, int]) -> None:
    """A source's Read, or its slate, and its retime below."""
    name = f"{shot.token}_{source.key}".replace("-", "_")
    safe = "".join(mark if mark.isalnum() and mark.isascii() else "_" for mark in name)
    if source.look is None:
        _slate(sheet, shot, source, plan, (safe, *spot))
        return
    low, high = source.look.available
    _read_node(sheet, shot, source, (source.look.media.path, low, high), (safe, *spot))
    _retime(sheet, source.look, (safe, spot[0], spot[1] + 2 * _HIGH))


def _read_node(
    sheet: Sheet,
    shot: Shot,
    source: Source,
    media: tuple[str, int, int],
    spot: tuple[str, int, int],
) -> None:
    path, low, high = media
    name, left, top = spot
    knobs: Knobs = [
        ("inputs", whole(0)),
        ("file", unevaluated(_slashes(path))),
    ]
    shape = _format(source.reference)
    knobs += [("format", shape)] if shape else []
    knobs += [("first", whole(low)), ("last", whole(high))]
    knobs += [("origfirst", whole(low)), ("origlast", whole(high)), ("origset", Raw("true"))]
    space = "" if source.role == "matte" else _colorspace(source.reference)
    knobs += [("colorspace", space)] if space else []
    knobs += [("raw", Raw("true" if source.role == "matte" else "false"))]
    knobs += [("name", f"Read_{name}"), ("label", f"{source.role} {source.key}")]
    knobs += [("tile_color", Raw(f"0x{_TILES.get(source.role, 0):08x}"))]
    knobs += [("xpos", whole(left)), ("ypos", whole(top))]
    sheet.node("Read", knobs, _about_source(shot, source))


def _about_source(shot: Shot, source: Source) -> list[UserKnob]:
    block = block_of(source.reference)
    told = {"su_shot": shot.token, "su_role": source.role, "su_key": source.key}
    told |= {"su_id": str(block.get("id") or shot.id), "su_take": str(block.get("take", ""))}
    told["su_status"] = str(block.get("status", ""))
    seen = source.look
    if seen is not None:
        told["su_retime"] = seen.manner
        told["su_assumed"] = seen.assumed
        told["su_start"] = "" if seen.media.start is None else str(seen.media.start)
        told["su_step"] = str(seen.media.step) if seen.media.step != 1 else ""
        told["su_media_rate"] = "" if seen.media.rate is None else str(seen.media.rate)
    provenance = block.get("provenance")
    if isinstance(provenance, dict) and provenance:
        told["su_provenance"] = json.dumps(provenance, ensure_ascii=False)
    return [UserKnob(STRING, key, key[3:], unevaluated(text)) for key, text in told.items()]


def _retime(sheet: Sheet, seen: Look, spot: tuple[str, int, int]) -> None:
    """The node that brings the file's frames to the script's."""
    name, left, top = spot
    there: Knobs = [("xpos", whole(left)), ("ypos", whole(top))]
    begin = seen.first - seen.handles
    if seen.manner == "held":
        held: Knobs = [("firstFrame", whole(seen.numbers[0])), ("name", f"Hold_{name}")]
        sheet.node("FrameHold", held + there)
    elif seen.manner in ("straight", "unknown"):
        moved: Knobs = [("time_offset", whole(begin - seen.numbers[0])), ("time", "")]
        sheet.node("TimeOffset", [*moved, ("name", f"Offset_{name}"), *there])
    else:
        keys = f"curve L x{begin} " + " ".join(map(str, seen.numbers))
        lookup = Raw(f"{{{{{seen.lookup or keys}}}}}")
        warp: Knobs = [
            ("lookup", lookup),
            ("time", ""),
            ("filter", "none"),
            ("name", f"Warp_{name}"),
        ]
        sheet.node("TimeWarp", warp + there)


def _slate(
    sheet: Sheet, shot: Shot, source: Source, plan: Plan, spot: tuple[str, int, int]
) -> None:
    """What stands for something not shot yet: its slate's movie, else a card that says so."""
    name, left, top = spot
    movie = (plan.slates or {}).get(shot.id, "")
    total = shot.last - shot.first + 1
    if movie:
        _read_node(sheet, shot, source, (movie, 1, total), spot)
        moved: Knobs = [("time_offset", whole(shot.first - 1)), ("time", "")]
        place: Knobs = [("xpos", whole(left)), ("ypos", whole(top + 2 * _HIGH))]
        sheet.node("TimeOffset", [*moved, ("name", f"Offset_{name}"), *place])
        return
    width, height = plan.size
    card: Knobs = [("inputs", whole(0)), ("color", Raw("{0.12 0.12 0.12 1}"))]
    card += [("format", f"{width} {height} 0 0 {width} {height} 1 ")]
    card += [("name", f"Slate_{name}"), ("xpos", whole(left)), ("ypos", whole(top))]
    sheet.node("Constant", card, _about_source(shot, source))
    words = [f"su-{shot.id}" if shot.id else "", shot.name]
    for request in shot.requests[:1]:
        words += [request.kind, str(request.values.get("prompt", ""))]
        words.append(f"seed {request.values['seed']}" if "seed" in request.values else "")
    words.append("not shot yet" if shot.requests else "media offline")
    text: Knobs = [("message", unevaluated("\n".join(filter(None, words))))]
    text.append(
        ("box", Raw(f"{{{width // 10} {height // 10} {width * 9 // 10} {height * 9 // 10}}}"))
    )
    text += [("xjustify", "center"), ("yjustify", "center"), ("name", f"Words_{name}")]
    text += [("xpos", whole(left)), ("ypos", whole(top + 2 * _HIGH))]
    sheet.node("Text2", text)


def _slashes(path: str) -> str:
    """A path as Nuke has it: forward slashes on every system."""
    return path.replace("\\/", "/").replace("\\", "/")


def _colorspace(reference: dict[str, Any]) -> str:
    """The colour space the cut knows for a media; "" leaves it to Nuke."""
    metadata = reference.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    provenance = block_of(reference).get("provenance")
    colour = provenance.get("colour") if isinstance(provenance, dict) else None
    found = [colour.get("out") if isinstance(colour, dict) else None]
    found += [told.get(key) for key in _COLOR_KEYS]
    named = (each for each in found if isinstance(each, str) and each and each != "default")
    return next(named, "")


def _format(reference: dict[str, Any]) -> str:
    """A media's format in pixels as the cut knows it; "" leaves it to Nuke."""
    metadata = reference.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    canvas = block_of(reference).get("canvas")
    sizes = [canvas if isinstance(canvas, list) else None]
    for lead in ("ayon.source", "foundry.source"):
        sizes.append([told.get(f"{lead}.width"), told.get(f"{lead}.height")])
    for size in sizes:
        try:
            width, height = (int(str(each)) for each in size or [])
        except ValueError:
            continue
        if 0 < width < 65536 and 0 < height < 65536:
            aspect = told.get("ayon.source.pixelAspect", 1)
            shown = aspect if isinstance(aspect, (int, float)) and 0 < aspect < 10 else 1
            return f"{width} {height} 0 0 {width} {height} {shown:g} "
    return ""
