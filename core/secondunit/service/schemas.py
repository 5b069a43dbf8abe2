"""The contract's words as JSON Schema, so that the description of the routes is the contract's."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Span
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.queue import Entry, TakeEntry, Told
from secondunit_contract.task import TaskCard

Schema = dict[str, Any]

_KINDS = (Clip, Job, Take, Event, Entry, TakeEntry, Told, TaskCard)
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Any: {},
    Rate: {"anyOf": [{"type": "string"}, {"type": "number", "exclusiveMinimum": 0}]},
    FrameRange: {"type": "string", "pattern": r"^\s*-?\d{1,18}(\s*-\s*-?\d{1,18})?\s*$"},
    Span: {
        "type": "array",
        "items": {"type": "integer"},
        "minItems": 2,
        "maxItems": 2,
    },
}

PROBLEM: Schema = {
    "type": "object",
    "title": "Problem",
    "description": "What happened, where, and what to do about it. Codes never change.",
    "properties": {key: {"type": "string"} for key in ("code", "what", "where", "remedy")},
    "required": ["code", "what", "where", "remedy"],
}


def components() -> dict[str, Schema]:
    """Every word of the contract that travels, by its name."""
    found = {kind.__name__: schema_of(kind) for kind in _KINDS}
    return found | {"Problem": PROBLEM}


def ref(kind: type[Any] | str) -> Schema:
    """A reference to a word of the contract."""
    name = kind if isinstance(kind, str) else kind.__name__
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(key: str, kind: type[Any] | str) -> Schema:
    """An object with a list in it."""
    return {
        "type": "object",
        "properties": {key: {"type": "array", "items": ref(kind)}},
        "required": [key],
    }


def schema_of(kind: type[Any]) -> Schema:
    """A dataclass as JSON Schema. What it does not name may be there too: it is kept."""
    hints = typing.get_type_hints(kind)
    properties: Schema = {}
    required = []
    for each in dataclasses.fields(kind):
        if each.name == "extra":
            continue
        properties[each.name] = _hinted(hints[each.name])
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            required.append(each.name)
    return {
        "type": "object",
        "title": kind.__name__,
        "description": str(kind.__doc__).strip(),
        "properties": properties,
        "required": required,
    }


def _hinted(hint: Any) -> Schema:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if origin is typing.Literal:
        return {"type": "string", "enum": list(args)}
    if origin in (typing.Union, types.UnionType):
        kinds = [_hinted(arg) for arg in args if arg is not type(None)]
        return {"anyOf": [*kinds, {"type": "null"}]}
    if origin in (list, tuple):
        return {"type": "array", "items": _hinted(args[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _hinted(args[1])}
    return ref(hint)
