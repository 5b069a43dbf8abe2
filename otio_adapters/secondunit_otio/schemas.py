"""Which OpenTimelineIO schemas a cut may be made of, and up to which version we read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from secondunit_contract.problem import CutTooNew

NEWEST = {
    "Timeline": 1,
    "SerializableCollection": 1,
    "Stack": 1,
    "Track": 1,
    "Clip": 2,
    "Gap": 1,
    "Transition": 1,
    "TimeRange": 1,
    "RationalTime": 1,
    "ExternalReference": 1,
    "ImageSequenceReference": 1,
    "MissingReference": 1,
    "GeneratorReference": 1,
    "LinearTimeWarp": 1,
    "FreezeFrame": 1,
}
"""The structure of a cut.

Markers, effects and colours are not in it: of a newer one we read what we know.
"""

_OLD_NAMES = {
    "Sequence": "Track",
    "Filler": "Gap",
    "SerializeableCollection": "SerializableCollection",
}
COMPOSITIONS = frozenset({"Timeline", "SerializableCollection", "Stack", "Track"})

# A quick look over the whole text; only what it finds is then looked at in its place.
_MAYBE_NEWER = re.compile(
    r'"OTIO_SCHEMA"\s*:\s*"(?:Clip\.(?![12]")|(?:'
    + "|".join([name for name in NEWEST if name != "Clip"] + list(_OLD_NAMES))
    + r')\.(?!1"))'
)
_FREE = frozenset({"metadata", "parameters"})  # anything may live there


@lru_cache(maxsize=4096)
def schema_of(label: str) -> tuple[str, int]:
    """The name and version in "Clip.2", old names made new; version 0 where there is none."""
    name, _, version = label.rpartition(".")
    if not name or not version.isdecimal():
        return (label, 0)
    return (_OLD_NAMES.get(name, name), int(version[:9]))


def kind_of(body: Any) -> str:
    """The schema's name of an OTIO object, "" for what is none."""
    label = body.get("OTIO_SCHEMA") if isinstance(body, dict) else None
    return schema_of(label)[0] if isinstance(label, str) else ""


def refuse_newer(label: str, where: str) -> None:
    """Raise CutTooNew for a structural schema beyond the newest we read."""
    name, version = schema_of(label)
    newest = NEWEST.get(name, version)
    if version > newest:
        raise CutTooNew(
            f"The cut holds {name} in version {version}; the newest read here is {name}.{newest}",
            where=where,
            remedy="Export it for an older version of OpenTimelineIO, or update Second Unit",
        )


def may_hold_newer(text: str) -> bool:
    """Whether the text names a structural schema newer than ours anywhere."""
    return _MAYBE_NEWER.search(text) is not None


def labels_in(value: Any) -> Iterator[str]:
    """Every schema label in an object's own structure, metadata left out."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            label = each.get("OTIO_SCHEMA")
            if isinstance(label, str):
                yield label
            waiting.extend(inner for key, inner in each.items() if key not in _FREE)
        elif isinstance(each, list):
            waiting.extend(each)
