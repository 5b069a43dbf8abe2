"""What a Final Cut document lists to be used: formats, media files, compounds, effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CutUnreadable
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.fcpxml.times import length_of, rate_of_format, span, time_of
from secondunit_otio.layout import DEFAULT_KEY

SPACE = "fcpxml"
"""Where in the metadata Final Cut's own words are kept."""

_FROM_ASSET = ("id", "uid", "name", "format", "audioRate", "audioChannels", "customLUTOverride")


@dataclass(eq=False)
class Shelf:
    """The resources of a document, by id. `name` is the document's, for what goes wrong."""

    name: str
    by_id: dict[str, Element] = field(default_factory=dict)
    rates: dict[str, Rate | None] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Element | None, name: str) -> Shelf:
        """The shelf of a document's resources. Of two with one id the first counts."""
        shelf = cls(name)
        for each in resources.children if resources else []:
            shelf.by_id.setdefault(each.get("id"), each)
        return shelf

    def found(self, identity: str, tag: str) -> Element | None:
        """The resource of a kind and an id; None where there is none."""
        there = self.by_id.get(identity)
        return there if there is not None and there.tag == tag else None

    def rate(self, identity: str) -> Rate | None:
        """The frame rate of a format; None where it has none (stills, sound) or is not listed."""
        if identity not in self.rates:
            self.rates[identity] = rate_of_format(self.found(identity, "format"), self.name)
        return self.rates[identity]


@dataclass(frozen=True)
class Footage:
    """A media file as the cut will refer to it.

    `rate` counts its frames (for sound, its samples); `start` and `length` are seconds of its own
    timecode. `still` is a picture that does not move.
    """

    references: dict[str, dict[str, Any]]
    rate: Rate
    start: Fraction
    length: Fraction
    video: bool
    still: bool


def footage(shelf: Shelf, asset: Element, sequence: Rate) -> Footage:
    """An asset as media references: the original under the default key, a proxy beside it."""
    video = asset.get("hasVideo") == "1" or (
        not asset.get("hasAudio") and bool(asset.get("format"))
    )
    own = shelf.rate(asset.get("format"))
    rate = own or _samples(asset, video) or sequence
    start, length = time_of(asset, "start", shelf.name), length_of(asset, shelf.name)
    still = video and own is None and not length
    there = None
    if still:
        there = span(start, 1 / sequence.per_second, sequence)
    elif length:
        there = span(start, length, rate, (sequence,))
    found = {
        key: _reference(asset, address, there) for key, address in _addresses(asset).items()
    } or {DEFAULT_KEY: _reference(asset, "", there)}
    return Footage(found, rate, start, length, video, still)


def _samples(asset: Element, video: bool) -> Rate | None:
    """The sampling rate of what is only heard: 48000, or 48k."""
    text = asset.get("audioRate").strip()
    if video or not text:
        return None
    thousands = text.lower().endswith("k")
    try:
        rate = Rate.of(text[:-1] if thousands else text)
    except BadValue:
        return None
    return Rate(rate.per_second * 1000) if thousands and rate.per_second < 1000 else rate


def _addresses(asset: Element) -> dict[str, str]:
    """Where the media is: the original, and further kinds (proxy-media) by their name."""
    found: dict[str, str] = {}
    for each in asset.each("media-rep"):
        kind = each.get("kind", "original-media")
        key = DEFAULT_KEY if kind == "original-media" else kind
        if each.get("src"):
            found.setdefault(key, each.get("src"))
    if asset.get("src"):  # up to version 1.8
        found.setdefault(DEFAULT_KEY, asset.get("src"))
    if found and DEFAULT_KEY not in found:
        found = {DEFAULT_KEY: next(iter(found.values())), **found}
    return found


def _reference(asset: Element, address: str, there: dict[str, Any] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "OTIO_SCHEMA": "ExternalReference.1" if address else "MissingReference.1",
        "metadata": {SPACE: _told(asset)},
        "name": asset.get("name"),
        "available_range": there,
        "available_image_bounds": None,
    }
    return {**made, "target_url": address} if address else made


def _told(asset: Element) -> dict[str, Any]:
    told: dict[str, Any] = {key: asset.get(key) for key in _FROM_ASSET if asset.get(key)}
    told |= {
        key: asset.get(key)
        for key in ("hasVideo", "hasAudio", "start", "duration")
        if asset.get(key)
    }
    noted = notes(asset)
    return {**told, **({"metadata": noted} if noted else {})}


def notes(element: Element) -> dict[str, str]:
    """An element's metadata: reel, scene, take and whatever else has a plain value."""
    holder = element.child("metadata")
    return {
        each.get("key").removeprefix("com.apple.proapps."): each.get("value")
        for each in (holder.each("md") if holder else [])
        if each.get("key") and "value" in each.attributes
    }


def generator(
    kind: str, name: str, asked: dict[str, Any], there: dict[str, Any] | None
) -> dict[str, Any]:
    """What Final Cut draws itself: a title, a background, a caption."""
    return {
        "OTIO_SCHEMA": "GeneratorReference.1",
        "metadata": {},
        "name": name,
        "available_range": there,
        "available_image_bounds": None,
        "generator_kind": kind,
        "parameters": asked,
    }


def missing(name: str) -> dict[str, Any]:
    """The reference of a clip whose media is listed nowhere."""
    return {
        "OTIO_SCHEMA": "MissingReference.1",
        "metadata": {},
        "name": name,
        "available_range": None,
        "available_image_bounds": None,
    }


def sequence_rate(shelf: Shelf, sequence: Element, fallback: Rate | None = None) -> Rate:
    """The frame rate a sequence or multicam counts in. Raises CutUnreadable where none is told."""
    rate = shelf.rate(sequence.get("format")) or fallback
    if rate is None:
        raise CutUnreadable(
            "Nothing says how many frames a second the sequence has",
            f"{shelf.name}, line {sequence.line}, {sequence.tag}",
            "Its format needs a frameDuration",
        )
    return rate
