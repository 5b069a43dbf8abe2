"""What Final Cut notes on a clip beside its picture: markers, keywords, notes, roles, effects."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.fcpxml.media import SPACE, notes
from secondunit_otio.fcpxml.times import length_of, rational, time_of

_MARKERS = ("marker", "chapter-marker")
_SPOKEN = (
    *("ref", "offset", "start", "duration", "lane", "format", "tcFormat", "tcStart", "srcEnable"),
    *("role", "audioRole", "videoRole", "srcCh", "srcID", "audioStart", "audioDuration", "modDate"),
)
_COLORS = {"to-do": "RED", "done": "GREEN", "chapter": "ORANGE"}

_FilmTime = Callable[[Fraction], Fraction]


def markers(
    element: Element, moved: _FilmTime, rate: Rate, also: tuple[Rate, ...], name: str
) -> list[dict[str, Any]]:
    """A clip's markers. `moved` leads from Final Cut's time for them to the clip's in the cut."""
    found = []
    for each in element.each(*_MARKERS):
        start, length = time_of(each, "start", name), length_of(each, name)
        found.append(_marker(each, moved(start), length, rate, also))
    return found


def _marker(
    element: Element, start: Fraction, length: Fraction, rate: Rate, also: tuple[Rate, ...]
) -> dict[str, Any]:
    state = "chapter" if element.tag == "chapter-marker" else ""
    if element.get("completed"):
        state = "done" if element.get("completed") == "1" else "to-do"
    told = {
        key: element.get(key) for key in ("start", "completed", "posterOffset") if element.get(key)
    }
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {SPACE: {"kind": element.tag, **told}},
        "name": element.get("value"),
        "color": _COLORS.get(state, "BLUE"),
        "marked_range": {
            "OTIO_SCHEMA": "TimeRange.1",
            "duration": rational(length, also[0] if also else rate, (rate, *also)),
            "start_time": rational(start, rate, also),
        },
        "comment": element.get("note"),
    }


def told(element: Element) -> dict[str, Any]:
    """What an element says of itself, in Final Cut's own words, for its metadata."""
    found: dict[str, Any] = {"element": element.tag}
    found |= {key: element.get(key) for key in _SPOKEN if element.get(key)}
    note = element.child("note")
    if note is not None and note.text.strip():
        found["note"] = note.text.strip()
    for key, tags in (("keywords", ("keyword",)), ("ratings", ("rating",))):
        listed = [dict(each.attributes) for each in element.each(*tags)]
        if listed:
            found[key] = listed
    roles = [
        {"element": each.tag, **each.attributes}
        for each in element.each("audio-channel-source", "audio-role-source", "sync-source")
    ]
    if roles:
        found["audio"] = roles
    conform = element.child("conform-rate")
    if conform is not None:
        found["conform-rate"] = dict(conform.attributes)
    adjusted = [
        {"element": each.tag, **each.attributes}
        for each in element.children
        if each.tag.startswith("adjust-")
    ]
    if adjusted:
        found["adjust"] = adjusted
    noted = notes(element)
    return {**found, **({"metadata": noted} if noted else {})}


def filters(element: Element) -> list[dict[str, Any]]:
    """The effects laid on a clip: their names, and the values they have."""
    return [
        {
            "OTIO_SCHEMA": "Effect.1",
            "metadata": {
                SPACE: {"element": each.tag, "ref": each.get("ref"), "params": params(each)}
            },
            "name": each.get("name"),
            "effect_name": each.get("name") or each.tag,
            "enabled": each.get("enabled", "1") != "0",
        }
        for each in element.each("filter-video", "filter-audio")
    ]


def params(element: Element) -> dict[str, str]:
    """The values of an effect or title by name."""
    return {
        each.get("name"): each.get("value")
        for each in element.each("param")
        if each.get("name") and "value" in each.attributes
    }


def words(element: Element) -> str:
    """The text a title or caption shows."""
    return "\n".join(
        "".join(style.text for style in each.each("text-style")).strip() or each.text.strip()
        for each in element.each("text")
    ).strip()
