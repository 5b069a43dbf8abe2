"""A census of a cut: everything in it that somebody would miss, each with its place in the file.

It is the bench's own eye: it knows nothing of how reports are made, and counts by looking alone.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import moment, stretch

Thing = tuple[str, ...]
"""What a thing is known by: its sort, and what tells it from others of the sort."""


def census(cut: Cut) -> dict[Thing, list[str]]:
    """Every thing of a cut and the JSON paths where one like it stands."""
    found: dict[Thing, list[str]] = defaultdict(list)
    told = json.loads(cut.text.lstrip("\ufeff"))
    for thing, path in _things(told, ""):
        found[thing].append(path)
    return dict(found)


def silent(master: Cut, came: Cut, findings: Iterable[Finding]) -> list[tuple[Thing, str]]:
    """What of the master is not in what came, and no finding speaks of: things, and a place."""
    there = Counter({thing: len(paths) for thing, paths in census(came).items()})
    told = [finding for finding in findings if finding.kind != "kept"]
    spoken_of = {each.path for each in told if each.path}
    whole = " ".join(each.what.lower() for each in told if not each.path)
    missed: list[tuple[Thing, str]] = []
    for thing, paths in census(master).items():
        lost = len(paths) - there[thing]
        if lost <= 0 or _SAID_OF_ALL.get(thing[0], "\0") in whole:
            continue
        silent_ones = [path for path in paths if not _spoken(path, spoken_of)]
        covered = len(paths) - len(silent_ones)
        missed += [(thing, path) for path in silent_ones[: max(0, lost - covered)]]
    return missed


_SAID_OF_ALL = {"start": "start"}
"""What has no place of its own in a file, and the word a finding about the whole cut has for it."""


def _spoken(path: str, spoken_of: set[str]) -> bool:
    """Whether a finding stands at a place, or at what holds it, or at something in it."""
    parts = path.split(".")
    if any(".".join(parts[:count]) in spoken_of for count in range(1, len(parts) + 1)):
        return True
    return any(each.startswith(f"{path}.") or each.startswith(f"{path}[") for each in spoken_of)


def _things(value: Any, path: str) -> Iterator[tuple[Thing, str]]:
    kind = kind_of(value)
    if kind == "Timeline":
        begin = _time(value.get("global_start_time"))
        if begin:
            yield ("start", str(begin)), "global_start_time"
        yield from _things(value.get("tracks"), "tracks")
        return
    if kind == "Clip":
        yield from _clip(value, path)
    elif kind == "Transition":
        yield ("transition",), path
    elif kind in ("Stack", "Track") and path.count("children") > 1:
        yield ("nested",), path
    if isinstance(value, dict):
        yield from _beside(value, path)
        for number, child in enumerate(value.get("children") or ()):
            yield from _things(
                child, f"{path}.children[{number}]" if path else f"children[{number}]"
            )


def _clip(value: dict[str, Any], path: str) -> Iterator[tuple[Thing, str]]:
    many = value.get("media_references") or {"": value.get("media_reference")}
    key = value.get("active_media_reference_key", "")
    active = many.get(key) or next(iter(many.values()), None) or {}
    name = _basename(active) or str(value.get("name") or "").casefold()
    yield ("clip", name), path
    try:
        shown = stretch(value.get("source_range"))
    except BadValue:
        shown = None
    if shown is not None:
        yield ("shown", name, str(_near(shown.begin)), str(_near(shown.duration.seconds))), path
    if value.get("enabled") is False:
        yield ("switched off", name), path
    if len(many) > 1:
        for other in many:
            if other != key:
                yield ("further media", name, other), path


def _beside(value: dict[str, Any], path: str) -> Iterator[tuple[Thing, str]]:
    """Markers and effects of an item."""
    for number, marker in enumerate(value.get("markers") or ()):
        place = f"{path}.markers[{number}]"
        yield ("marker", str(marker.get("name") or "").casefold()), place
        if marker.get("comment"):
            yield ("marker's words", str(marker["comment"])), place
    for number, effect in enumerate(value.get("effects") or ()):
        place = f"{path}.effects[{number}]"
        if kind_of(effect) in ("LinearTimeWarp", "FreezeFrame"):
            scalar = 0 if kind_of(effect) == "FreezeFrame" else effect.get("time_scalar", 1)
            yield ("speed", str(Fraction(scalar).limit_denominator(1000))), place
        else:
            yield ("effect", str(effect.get("effect_name") or effect.get("name"))), place


def _time(value: Any) -> Fraction | None:
    try:
        found = moment(value)
    except BadValue:
        return None
    return None if found is None else _near(found.seconds)


def _near(seconds: Fraction) -> Fraction:
    """To the millisecond, as two files say one time."""
    return Fraction(round(seconds * 1000), 1000)


def _basename(reference: Any) -> str:
    if not isinstance(reference, dict):
        return ""
    url = reference.get("target_url") or reference.get("name_prefix") or ""
    name = str(url).replace("\\", "/").rpartition("/")[2]
    return name.replace("%20", " ").casefold()
