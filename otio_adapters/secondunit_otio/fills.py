"""Putting clips into the empty stretches of a track without moving anything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.layout import Extent
from secondunit_otio.times import moment, range_json, stretch, time_json


@dataclass(frozen=True)
class Fill:
    """A clip to stand from `start` up to `stop`, in seconds of its track's time.

    `markers` are the numbers of the gap's markers, and `effects` of its effects, that go with it.
    """

    start: Fraction
    stop: Fraction
    body: dict[str, Any]
    markers: frozenset[int] = field(default_factory=frozenset)
    effects: frozenset[int] = field(default_factory=frozenset)


def gap_json(length: Fraction, written: float | int) -> dict[str, Any]:
    """A gap of so many seconds."""
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": range_json(Fraction(0), length, written),
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def with_gaps(fills: list[Fill], begin: Fraction, written: float | int) -> list[dict[str, Any]]:
    """The clips in order of time, from `begin` on, with gaps before and between them."""
    made: list[dict[str, Any]] = []
    for fill in sorted(fills, key=lambda each: each.start):
        if fill.start > begin:
            made.append(gap_json(fill.start - begin, written))
        made.append(fill.body)
        begin = fill.stop
    return made


def filled_gap(
    gap: dict[str, Any], start: Fraction, shown: Extent, fills: list[Fill]
) -> tuple[dict[str, Any], ...]:
    """A gap that plays from `start`, given way to clips where they stand; in all as long as it was.

    What remains of the gap keeps its own time, so that its markers still mean the same moments.
    Markers and effects named by a clip go with it; all others stay. Where nothing remains the clip
    inherits what was the gap's.
    """
    pieces = _pieces(gap, start, shown, sorted(fills, key=lambda each: each.start))
    kept = [piece for piece in pieces if piece.fill is None]
    effects = _listed(gap, "effects")
    gone = {spot for fill in fills for spot in fill.effects}
    rest = [each for spot, each in enumerate(effects) if spot not in gone]
    made: list[dict[str, Any]] = []
    for piece in pieces:
        if piece.fill is None:
            there = range_json(piece.begin, piece.end - piece.begin, shown.written)
            made.append({**gap, "source_range": there, "markers": piece.markers, "effects": rest})
            continue
        own = [effects[spot] for spot in sorted(piece.fill.effects)]
        clip = {**piece.fill.body, "markers": _moved(piece, _listed(gap, "markers"))}
        if not kept and not made:
            own = rest + own
            metadata = {**(gap.get("metadata") or {}), **clip["metadata"]}
            clip = {**gap, **clip, "metadata": metadata}
        made.append({**clip, "effects": own})
    return tuple(made)


@dataclass(frozen=True)
class _Piece:
    """A stretch of a gap in the gap's own time, what fills it, and the markers that lie in it."""

    begin: Fraction
    end: Fraction
    fill: Fill | None
    markers: list[dict[str, Any]] = field(default_factory=list)


def _pieces(gap: dict[str, Any], start: Fraction, shown: Extent, fills: list[Fill]) -> list[_Piece]:
    own = shown.begin - start
    found: list[_Piece] = []
    reached = shown.begin
    for fill in fills:
        if fill.start + own > reached:
            found.append(_Piece(reached, fill.start + own, None))
        found.append(_Piece(fill.start + own, fill.stop + own, fill))
        reached = fill.stop + own
    if shown.end > reached:
        found.append(_Piece(reached, shown.end, None))
    taken = {spot for fill in fills for spot in fill.markers}
    for spot, marker in enumerate(_listed(gap, "markers")):
        if spot not in taken:
            at = _begin(marker, shown.begin)
            home = next((piece for piece in reversed(found) if piece.begin <= at), found[0])
            home.markers.append(marker)
    return found


def _listed(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = body.get(key)
    return value if isinstance(value, list) else []


def _begin(marker: Any, otherwise: Fraction) -> Fraction:
    try:
        marked = stretch(marker.get("marked_range")) if isinstance(marker, dict) else None
    except BadValue:
        return otherwise
    return marked.begin if marked else otherwise


def _moved(piece: _Piece, markers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The markers a clip takes over: those that asked for it at its start, others in place."""
    if piece.fill is None:
        return piece.markers
    shown = stretch(piece.fill.body["source_range"])
    begin = shown.begin if shown else Fraction(0)
    asked = [_at(markers[spot], begin) for spot in sorted(piece.fill.markers)]
    return asked + [
        _at(marker, begin + _begin(marker, piece.begin) - piece.begin) for marker in piece.markers
    ]


def _at(marker: dict[str, Any], begin: Fraction) -> dict[str, Any]:
    marked = marker.get("marked_range")
    if not isinstance(marked, dict):
        return marker
    try:
        old = moment(marked.get("start_time"))
    except BadValue:
        return marker
    if old is None:
        return marker
    return {**marker, "marked_range": {**marked, "start_time": time_json(begin, old.written)}}
