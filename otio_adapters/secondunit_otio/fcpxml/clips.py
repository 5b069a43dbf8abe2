"""What a single clip of Final Cut shows: a file, a title, a caption."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.fcpxml.marks import params, words
from secondunit_otio.fcpxml.media import Footage, Shelf, footage, generator, missing
from secondunit_otio.fcpxml.retime import still
from secondunit_otio.fcpxml.times import length_of, span, time_of
from secondunit_otio.fcpxml.tracks import AUDIO, CAPTION, VIDEO
from secondunit_otio.layout import DEFAULT_KEY

CONTAINED = ("asset-clip", "clip", "sync-clip", "ref-clip", "mc-clip", "video", "audio", "title")
STORY = (*CONTAINED, "gap", "audition", "caption", "live-drawing")
"""Elements that take a place on a storyline, or are connected to one that does."""


@dataclass(frozen=True)
class Shape:
    """What an element shows, before it is retimed and placed.

    `local`  where its own time starts; `length` how long its parent plays it
    `shift`  from its own time to what its source range counts in
    `rate`   of its media
    All but the rate in seconds. `children` are the tracks of a compound.
    """

    local: Fraction
    length: Fraction
    rate: Rate
    kind: str = VIDEO
    shift: Fraction = Fraction(0)
    references: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: list[dict[str, Any]] | None = None
    effects: tuple[dict[str, Any], ...] = ()
    told: dict[str, Any] = field(default_factory=dict)
    inner: Element | None = None


def leaf(shelf: Shelf, element: Element, parent: Rate) -> Shape:
    """What an asset-clip, video, audio, title or caption shows."""
    if element.tag in ("title", "caption", "live-drawing"):
        return _drawn(shelf, element, parent)
    asset = shelf.found(element.get("ref"), "asset")
    if asset is not None:
        return _filmed(shelf, element, footage(shelf, asset, parent), parent)
    if shelf.found(element.get("ref"), "effect") is not None:
        return _drawn(shelf, element, parent)
    local, length = own_time(shelf, element)
    kind = AUDIO if element.tag == "audio" or element.get("srcEnable") == "audio" else VIDEO
    rate = shelf.rate(element.get("format")) or parent
    return Shape(local, length, rate, kind, references={DEFAULT_KEY: missing(element.get("name"))})


def own_time(
    shelf: Shelf, element: Element, start: Fraction = Fraction(0), length: Fraction = Fraction(0)
) -> tuple[Fraction, Fraction]:
    """Where an element's own time starts and how long it plays, in seconds."""
    name = shelf.name
    return time_of(element, "start", name, start), length_of(element, name, length)


def _filmed(shelf: Shelf, element: Element, shot: Footage, parent: Rate) -> Shape:
    begins = shot.start if not shot.start <= 0 < shot.start + shot.length else Fraction(0)
    local = time_of(element, "start", shelf.name, begins if shot.length else Fraction(0))
    rest = max(shot.start + shot.length - local, Fraction(0))
    length = length_of(element, shelf.name, rest)
    heard = not shot.video or element.tag == "audio" or element.get("srcEnable") == "audio"
    return Shape(
        local,
        length,
        shot.rate if shot.video or heard else parent,
        AUDIO if heard else VIDEO,
        references=shot.references,
        effects=(still(),) if shot.still else (),
    )


def _drawn(shelf: Shelf, element: Element, parent: Rate) -> Shape:
    """A title, a caption or a generator: what it shows is asked of Final Cut, not read."""
    local, length = own_time(shelf, element)
    effect = shelf.found(element.get("ref"), "effect")
    asked: dict[str, Any] = {"text": words(element)} if element.child("text") else {}
    if effect is not None:
        asked |= {"effect": effect.get("name"), "uid": effect.get("uid")}
    values = params(element)
    if values:
        asked["params"] = values
    tag = element.tag if element.tag != "video" else "generator"
    there = span(local, length, parent) if length else None
    reference = generator(f"fcpxml.{tag}", element.get("name"), asked, there)
    kind = CAPTION if element.tag == "caption" else VIDEO
    return Shape(local, length, parent, kind, references={DEFAULT_KEY: reference})


def opened_clip(shelf: Shelf, element: Element, parent: Rate) -> Shape | None:
    """A clip that only wraps one picture or sound, as that; None for one that holds more."""
    held = [each for each in element.each(*STORY, "spine") if each.get("lane", "0") == "0"]
    if len(held) != 1 or held[0].tag not in ("video", "audio"):
        return None
    inner = held[0]
    if any(each.tag not in ("video", "audio") for each in inner.each(*STORY, "spine")):
        return None
    shown = leaf(shelf, inner, shelf.rate(element.get("format")) or parent)
    local, length = own_time(shelf, element, length=shown.length)
    parts = [dict(each.attributes) for each in inner.each("video", "audio")]
    return Shape(
        local,
        length,
        shown.rate,
        shown.kind,
        shown.local - time_of(inner, "offset", shelf.name),
        shown.references,
        effects=shown.effects,
        told={"holds": dict(inner.attributes), **({"parts": parts} if parts else {})},
        inner=inner,
    )
