"""A form's fields as Blender's own properties, by one table: a new value of a task needs no code.

They hold nothing: each asks the session for its value, and tells it what the artist has said. So
neither undo nor another file can part what is shown from what will be sent.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from secondunit_panel.form import Field, Kind

Get = Callable[[str], Any]
Put = Callable[[str, Any], None]
Make = Callable[[Field, Get, Put], Any]

LEAST, MOST = -(2**31), 2**31 - 1
"""What Blender's whole numbers can hold."""

_UNITS = {"pixels": "PIXEL", "share": "FACTOR"}
_WHOLE_UNITS, _NUMBER_UNITS = ("PIXEL", "FACTOR"), ("FACTOR", "PIXEL")


@dataclass(frozen=True)
class Group:
    """The properties of a form, as they are registered: by the attribute of each field's key."""

    name: str
    fields: tuple[Field, ...]
    kind: type
    attributes: dict[str, str]


def _words(field: Field) -> dict[str, Any]:
    """What every property is told of its field: "Length (frames)", and what hovering tells."""
    shown = field.label
    if field.unit and field.unit not in _UNITS:
        shown = f"{shown} ({field.unit})"
    return {"name": shown, "description": field.hint.replace("\n", ". "), "options": {"SKIP_SAVE"}}


def _text(field: Field, get: Get, put: Put) -> Any:
    """Words; and whatever has no control of its own, as it is written."""

    def read(_: Any) -> str:
        value = get(field.key)
        return value if isinstance(value, str) else field.written(value)

    return bpy.props.StringProperty(
        **_words(field), get=read, set=lambda _, value: put(field.key, value)
    )


def _whole(field: Field, get: Get, put: Put) -> Any:
    low, high = _ends(field, LEAST, MOST, 1)
    fits = isinstance(field.default, int) and LEAST <= field.default <= MOST
    if field.maybe or low < LEAST or high > MOST or not (fits or field.default is None):
        return _text(field, get, put)

    def read(_: Any) -> int:
        value = get(field.key)
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return min(int(high), max(int(low), int(value))) if fits else int(max(0, low))

    unit = _UNITS.get(field.unit, "NONE")
    return bpy.props.IntProperty(
        **_words(field), get=read, set=lambda _, value: put(field.key, value),
        min=int(low), max=int(high), step=max(1, int(field.step or 1)),
        subtype=unit if unit in _WHOLE_UNITS else "NONE",
    )  # fmt: skip


def _number(field: Field, get: Get, put: Put) -> Any:
    if field.maybe:
        return _text(field, get, put)
    low, high = _ends(field, -3.4e38, 3.4e38, 1e-6)

    def read(_: Any) -> float:
        value = get(field.key)
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return min(high, max(low, float(value))) if fits else max(0.0, low)

    unit = _UNITS.get(field.unit, "NONE")
    if unit == "NONE" and (field.least, field.most) == (0, 1):
        unit = "FACTOR"
    return bpy.props.FloatProperty(
        **_words(field), get=read, set=lambda _, value: put(field.key, shortest(value)),
        min=low, max=high, step=max(1, round((field.step or 0.05) * 100)), precision=3,
        subtype=unit if unit in _NUMBER_UNITS else "NONE",
    )  # fmt: skip


def _yes_no(field: Field, get: Get, put: Put) -> Any:
    if field.maybe:
        return _text(field, get, put)
    return bpy.props.BoolProperty(
        **_words(field),
        get=lambda _: get(field.key) is True,
        set=lambda _, value: put(field.key, bool(value)),
    )


def _choice(field: Field, get: Get, put: Put) -> Any:
    values = [each.value for each in field.choices]
    words = [each.word for each in field.choices]
    if field.maybe and None not in values:
        values, words = [None, *values], ["none", *words]
    items = [
        (identifier, word, "", number)
        for number, (identifier, word) in enumerate(zip(_identifiers(values), words, strict=True))
    ]

    def read(_: Any) -> int:
        value = get(field.key)
        return next((k for k, e in enumerate(values) if e == value and type(e) is type(value)), 0)

    return bpy.props.EnumProperty(
        **_words(field), items=items, get=read,
        set=lambda _, number: put(field.key, values[number]),
    )  # fmt: skip


TABLE: dict[Kind, Make] = {
    "text": _text, "whole": _whole, "number": _number, "yes_no": _yes_no, "choice": _choice,
    "wholes": _text, "points": _text, "strokes": _text, "box": _text, "paths": _text,
    "written": _text,
}  # fmt: skip
"""How each kind of field is a property. Marks are drawn on the picture, and written for scripts."""


def attribute(key: str) -> str:
    """What a field's property is called: no name that Blender's own groups use."""
    return "v_" + re.sub(r"\W", "_", key)[:50]


def attributes(fields: Sequence[Field]) -> dict[str, str]:
    """The property of each field by its key; no two are the same."""
    found: dict[str, str] = {}
    for each in fields:
        name = attribute(each.key)
        while name in found.values():
            name += "_"
        found[each.key] = name
    return found


def group(name: str, fields: Sequence[Field], get: Get, put: Put) -> Group:
    """A group of properties of these fields, registered on the window manager by `name`."""
    known = attributes(fields)
    made = {known[each.key]: TABLE[each.kind](each, get, put) for each in fields}
    kind = type(f"SECONDUNIT_PG_{name}", (bpy.types.PropertyGroup,), {"__annotations__": made})
    bpy.utils.register_class(kind)
    setattr(bpy.types.WindowManager, name, bpy.props.PointerProperty(type=kind))
    return Group(name, tuple(fields), kind, known)


def drop(known: Group | None) -> None:
    """Take a group away again."""
    if known is not None:
        delattr(bpy.types.WindowManager, known.name)
        bpy.utils.unregister_class(known.kind)


def shortest(value: float) -> float:
    """The shortest number that is this one to Blender, whose numbers have 24 bits: 0.3, not
    0.30000001192092896.
    """
    single = struct.pack("f", value)
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == single:
            return short
    return value


def _ends(field: Field, lowest: float, highest: float, small: float) -> tuple[float, float]:
    """Both ends of a range, which Blender includes."""
    low = lowest if field.least is None else field.least + (small if field.open_below else 0)
    high = highest if field.most is None else field.most - (small if field.open_above else 0)
    return low, high


def _identifiers(values: list[Any]) -> list[str]:
    """What each choice is called by scripts: its value, where that is a name."""
    names = [re.sub(r"\W", "_", str(each)) or "none" for each in values]
    return [name if names.count(name) == 1 else f"{name}_{k}" for k, name in enumerate(names)]
