"""Grafting finished takes into a cut, each in the form its kind of request has there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Addition, Change, Cut
from secondunit_otio.done import fingerprint
from secondunit_otio.fills import Fill, filled_gap
from secondunit_otio.layout import DEFAULT_KEY, available, extent, place_of, references
from secondunit_otio.mattes import MatteTracks, matte_clip
from secondunit_otio.references import TakeReference, reference_json
from secondunit_otio.requests import OURS, REQUEST_KEY, TAKE_KEY, Request, block_of
from secondunit_otio.scan import Item
from secondunit_otio.sound.tracks import in_step, standing_sound
from secondunit_otio.times import frame_at, range_json


@dataclass(frozen=True)
class Result:
    """A request and the takes shot for it."""

    request: Request
    takes: tuple[TakeReference, ...]


def graft(cut: Cut, results: Iterable[Result]) -> str:
    """The cut's text with the takes in it, the first new one of each request in use.

    Nothing changes but the clips (or gaps) asked for, the markers and effects that asked, and the
    tracks of mattes and of sound: a take that is heard has its sound on a track of its own, in step
    with its picture. Raises BadValue for a request that has a problem.
    """
    desk, results = _Desk(cut), list(results)
    for result in results:
        if result.request.problem is not None or result.request.slot is None:
            raise BadValue("Takes cannot be placed for a request that has a problem")
        if result.takes:
            desk.place(result.request, result.takes)
    text = cut.patched(desk.changes())
    shot = {result.request.id: result.takes for result in results if result.takes}
    ids = {id for id, takes in shot.items() if any(take.sound for take in takes)}
    ids |= shot.keys() & standing_sound(cut).keys()
    return in_step(Cut.parse(text, cut.name, cut.folder), ids) if ids else text


@dataclass(eq=False)
class _Desk:
    """Where a cut's changed items lie until all are ready."""

    cut: Cut
    bodies: dict[Item, dict[str, Any]] = field(default_factory=dict)
    fills: dict[Item, list[Fill]] = field(default_factory=dict)
    mattes: MatteTracks = field(init=False)

    def __post_init__(self) -> None:
        self.mattes = MatteTracks(self.cut)

    def place(self, request: Request, takes: tuple[TakeReference, ...]) -> None:
        """Lay one request's takes into the items they change."""
        if request.item.schema == "Gap":
            self._into_gap(request, takes)
            return
        if request.kind == "matte":
            outputs = self._above(request, takes)
            _sign(self._said(request), request, outputs=outputs)
            return
        clip = self._body(request.item)
        if request.form == "generator":
            _name_after(clip, request)
        taken = clip.get("media_references")
        _add_takes(clip, self._written(request, takes, taken if isinstance(taken, dict) else {}))
        _sign(self._said(request), request, **({"plate": request.plate} if request.plate else {}))

    def changes(self) -> list[Change | Addition]:
        """All that is to be written."""
        found: list[Change | Addition] = []
        for gap, fills in self.fills.items():
            body = self.bodies.pop(gap, gap.body)
            start, _ = place_of(self.cut, gap)
            found.append(Change(gap, filled_gap(body, start, extent(self.cut, gap), fills)))
        found += [Change(item, (body,)) for item, body in self.bodies.items()]
        return found + self.mattes.changes()

    def _body(self, item: Item) -> dict[str, Any]:
        """The item's body to change: a copy, what lies below it still shared with the old one."""
        return self.bodies.setdefault(item, dict(item.body))

    def _said(self, request: Request) -> dict[str, Any]:
        """The reference, effect or marker that asked, ready to be signed."""
        holder = self._body(request.holder)
        if request.form == "generator":
            many = _own(holder, "media_references")
            key = DEFAULT_KEY if request.spot == "media_reference" else str(request.spot)
            return _own(many, key)
        listed = "effects" if request.form == "effect" else "markers"
        holder[listed] = list(holder[listed])
        spot = int(request.spot)
        holder[listed][spot] = dict(holder[listed][spot])
        said: dict[str, Any] = holder[listed][spot]
        return said

    def _written(
        self, request: Request, takes: tuple[TakeReference, ...], taken: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        """The takes as media references by key; none takes the key of another media."""
        written = extent(self.cut, request.item).written
        part = self._part(request)
        made: dict[str, dict[str, Any]] = {}
        for take in takes:
            number = take.number
            while True:
                key = f"{TAKE_KEY}{number:03d}"
                reference = reference_json(take, request, number, written, part)
                standing = taken.get(key, made.get(key))
                if standing is None or _one_file(standing, reference):
                    break
                number += 1
            made[key] = reference
        return made

    def _part(self, request: Request) -> Fraction:
        """By how much of a frame the numbering of the clip's media is off whole frames."""
        key = request.plate or (str(request.spot) if request.form == "generator" else "")
        there = available(references(self.cut, request.item).get(key) or {})
        return there.start.frames - frame_at(there.start.frames) if there else Fraction(0)

    def _into_gap(self, request: Request, takes: tuple[TakeReference, ...]) -> None:
        slot, gap = request.slot, request.item
        if slot is None:
            return
        _sign(self._said(request), request)
        clip = _insert_clip(request, extent(self.cut, gap).written)
        _add_takes(clip, self._written(request, takes, {}))
        own = request.holder is gap
        spots = frozenset({int(request.spot)}) if own else frozenset()
        moved = (spots, frozenset[int]()) if request.form == "marker" else (frozenset[int](), spots)
        self.fills.setdefault(gap, []).append(Fill(slot.start, slot.stop, clip, *moved))

    def _above(self, request: Request, takes: tuple[TakeReference, ...]) -> list[Any]:
        """Lay a matte above its picture; all outputs, to be noted where it was asked for."""
        standing = self.mattes.standing(request)
        if standing is None:
            clip = matte_clip(self.cut, request)
            new = self._written(request, takes, {})
            _add_takes(clip, new)
            self.mattes.add(request, clip)
        else:
            clip = self._body(standing)
            new = self._written(request, takes, clip.get("media_references") or {})
            _add_takes(clip, new)
        listed = block_of(self._said(request)).get("outputs")
        return [
            *(listed if isinstance(listed, list) else []),
            *({"reference": each} for each in new.values()),
        ]


def _own(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key, made the holder's own so that changing it changes nothing else."""
    value = holder.get(key)
    holder[key] = dict(value) if isinstance(value, dict) else {}
    made: dict[str, Any] = holder[key]
    return made


def _sign(said: dict[str, Any], request: Request, **facts: Any) -> None:
    """Note on what asked that it has been shot."""
    block = _own(_own(said, "metadata"), "secondunit")
    block |= {"schema": 1, "id": request.id, "status": "rendered"}
    block |= {"params_sha256": fingerprint(request), **facts}


def _name_after(clip: dict[str, Any], request: Request) -> None:
    """Have the clip carry the id in metadata and name: one of the two survives most hosts."""
    block = _own(_own(clip, "metadata"), "secondunit")
    block |= {"schema": 1, "id": request.id, "kind": request.kind}
    name = clip.get("name") if isinstance(clip.get("name"), str) else ""
    if f"su-{request.id}" not in str(name).lower():
        clip["name"] = f"{name} su-{request.id}".strip()


def _add_takes(clip: dict[str, Any], takes: dict[str, dict[str, Any]]) -> None:
    """The takes as alternatives to the media the clip has, the first of them in use."""
    if clip.get("OTIO_SCHEMA") == "Clip.1" or "media_references" not in clip:
        old = clip.pop("media_reference", None)
        missing = {"OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": ""}
        many = clip.get("media_references")
        clip["OTIO_SCHEMA"] = "Clip.2"
        clip["media_references"] = many if isinstance(many, dict) else {DEFAULT_KEY: old or missing}
    _own(clip, "media_references").update(takes)
    clip["active_media_reference_key"] = next(iter(takes))


def _one_file(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("OTIO_SCHEMA", "target_url", "target_url_base", "name_prefix", "name_suffix")
    return all(one.get(key) == other.get(key) for key in keys)


def _insert_clip(request: Request, written: float | int) -> dict[str, Any]:
    """The clip that takes a gap's place, with its request, to be found by the next run."""
    slot = request.slot
    rate = slot.rate.per_second if slot else Fraction(24)
    length = slot.stop - slot.start if slot else Fraction(0)
    first = Fraction(request.first)
    values = dict(request.values)
    if "negative" in values:
        values["negative_prompt"] = values.pop("negative")
    asked = {
        "OTIO_SCHEMA": "GeneratorReference.1",
        "metadata": {
            "secondunit": {
                "schema": 1,
                "id": request.id,
                "status": "rendered",
                "params_sha256": fingerprint(request),
            }
        },
        "name": f"su-{request.id}",
        "available_range": range_json(first / rate, Fraction(request.length) / rate, written),
        "available_image_bounds": None,
        "generator_kind": f"{OURS}Insert",
        "parameters": values,
    }
    words = " ".join(str(values.get("prompt") or "insert").split()[:6])
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {"secondunit": {"schema": 1, "id": request.id, "kind": "insert"}},
        "name": f"{words} su-{request.id}",
        "source_range": range_json((first + request.head) / rate, length, written),
        "effects": [],
        "markers": [],
        "enabled": True,
        "media_references": {REQUEST_KEY: asked},
        "active_media_reference_key": REQUEST_KEY,
    }
