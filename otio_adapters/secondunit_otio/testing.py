"""Cuts made to measure: a long one as hosts export them, and small ones for a single question."""

from __future__ import annotations

import json
from typing import Any


def time(frames: float, rate: float = 24.0) -> dict[str, Any]:
    """A RationalTime."""
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(frames)}


def span(start: float, frames: float, rate: float = 24.0) -> dict[str, Any]:
    """A TimeRange."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": time(frames, rate),
        "start_time": time(start, rate),
    }


def movie(url: str, available: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An ExternalReference."""
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": "",
        "available_range": available,
        "available_image_bounds": None,
        "target_url": url,
        **more,
    }


def generator(kind: str, available: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
    """A GeneratorReference asking for `asked`."""
    return {
        "OTIO_SCHEMA": "GeneratorReference.1",
        "metadata": {},
        "name": "",
        "available_range": available,
        "available_image_bounds": None,
        "generator_kind": kind,
        "parameters": asked,
    }


def clip(
    name: str, shown: dict[str, Any] | None, media: dict[str, Any] | None, **more: Any
) -> dict[str, Any]:
    """A Clip.2 with one media reference."""
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {},
        "name": name,
        "source_range": shown,
        "effects": [],
        "markers": [],
        "enabled": True,
        "color": None,
        "media_references": {
            "DEFAULT_MEDIA": media
            or {"OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": ""}
        },
        "active_media_reference_key": "DEFAULT_MEDIA",
        **more,
    }


def gap(frames: float, rate: float = 24.0, **more: Any) -> dict[str, Any]:
    """A Gap."""
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": span(0, frames, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
        "color": None,
        **more,
    }


def transition(before: float, after: float, rate: float = 24.0) -> dict[str, Any]:
    """A dissolve that reaches so many frames into the clip before it and the clip after it."""
    return {
        "OTIO_SCHEMA": "Transition.1",
        "metadata": {},
        "name": "",
        "in_offset": time(before, rate),
        "out_offset": time(after, rate),
        "transition_type": "SMPTE_Dissolve",
    }


def warp(scalar: float) -> dict[str, Any]:
    """A LinearTimeWarp."""
    return {
        "OTIO_SCHEMA": "LinearTimeWarp.1",
        "metadata": {},
        "name": "",
        "effect_name": "LinearTimeWarp",
        "enabled": True,
        "time_scalar": scalar,
    }


def effect(name: str, **asked: Any) -> dict[str, Any]:
    """An Effect that asks in its secondunit block."""
    return {
        "OTIO_SCHEMA": "Effect.1",
        "metadata": {"secondunit": {"schema": 1, **asked}},
        "name": "",
        "effect_name": name,
        "enabled": True,
    }


def marker(name: str, marked: dict[str, Any], comment: str = "", **more: Any) -> dict[str, Any]:
    """A Marker.2."""
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {},
        "name": name,
        "color": "CYAN",
        "marked_range": marked,
        "comment": comment,
        **more,
    }


def track(*children: dict[str, Any], kind: str = "Video", **more: Any) -> dict[str, Any]:
    """A Track."""
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {},
        "name": "",
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "color": None,
        "children": list(children),
        "kind": kind,
        **more,
    }


def stack(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Stack."""
    made = track(*children, **{"OTIO_SCHEMA": "Stack.1", **more})
    del made["kind"]
    return made


def timeline(*tracks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Timeline over its tracks."""
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": "a cut",
        "global_start_time": None,
        "tracks": stack(*tracks, name="tracks"),
        **more,
    }


def text_of(cut: dict[str, Any], indent: int | None = 4) -> str:
    """A cut as OpenTimelineIO writes it."""
    return json.dumps(cut, indent=indent, ensure_ascii=False)


def synthetic_cut(clips: int = 10_000, requests: int = 100, tracks: int = 1) -> str:
    """A cut of so many clips as hosts export them, with requests of all forms spread over it."""
    every = max(1, clips // requests) if requests else clips + 1
    rows: list[list[dict[str, Any]]] = [[] for _ in range(max(1, tracks))]
    asked = 0
    for number in range(clips):
        wanted = number % every == every // 2 and asked < requests
        made = _asking(number, asked) if wanted else _host_clip(number)
        asked += wanted
        rows[number % len(rows)].append(made)
    made_tracks = [track(*row, name=f"V{place + 1}") for place, row in enumerate(rows)]
    return text_of(timeline(*made_tracks, global_start_time=time(86400), name="synthetic"))


def _host_clip(number: int, **more: Any) -> dict[str, Any]:
    """A clip with the metadata hosts leave on it."""
    length, start = 24 + number % 97, 86400.0 + 1000 * (number % 50)
    media = movie(
        f"/shots/reel_{number % 50:03d}/A{number % 50:03d}_C{number % 20:03d}.mov",
        span(start, 900),
        metadata={
            "Resolve_OTIO": {"Media Pool Id": f"{number:032x}", "Reel": f"A{number % 50:03d}"},
        },
    )
    lens = {
        "OTIO_SCHEMA": "Effect.1",
        "metadata": {
            "Resolve_OTIO": {
                "Effect Name": "Transform",
                "Parameters": [{"Parameter ID": "zoom", "Parameter Value": 1.1899998188018799}],
            }
        },
        "name": "Resolve Effect",
        "effect_name": "Resolve Effect",
        "enabled": True,
    }
    ask = more.pop("ask", [])
    return clip(
        f"sq{number // 100:03d}_sh{number % 100:04d}",
        span(start + 100, length),
        media,
        metadata={"Resolve_OTIO": {"Channels": [], "Link Group ID": number}},
        effects=[*([] if number % 3 else [lens]), *ask],
        **more,
    )


def _asking(number: int, turn: int) -> dict[str, Any]:
    """A clip or gap with a request, of another form each turn."""
    form = turn % 7
    if form == 0:
        return gap(48, markers=[marker("SU insert", span(0, 48), f"su: insert | take {turn}")])
    if form == 1:
        media = generator("SecondUnit.Insert", span(0, 64), prompt=f"a gull, {turn}", takes=2)
        asking = clip(f"insert {turn}", span(8, 48), media, active_media_reference_key="su_request")
        asking["media_references"] = {"su_request": media}
        return asking
    if form == 2:
        start = 86400.0 + 1000 * (number % 50) + 100
        marked = marker("SU cleanup", span(start + 4, 12), "su: cleanup | the boom")
        return _host_clip(number, markers=[marked])
    asked = (
        effect("SecondUnit.Matte", subject="the man"),
        effect("SecondUnit.ExtendTime", head=12, tail=12),
        effect("SecondUnit.ExtendFrame", target=[2048, 1152]),
        effect("SecondUnit.Restyle", prompt="dusk", strength=0.6),
    )
    return _host_clip(number, ask=[asked[form - 3]])
