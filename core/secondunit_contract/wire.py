"""Dataclasses to JSON and back: defaults are not written, what is not understood is kept."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
import types
import typing
from fractions import Fraction
from typing import Any, TypeVar

from secondunit_contract.frames import FrameRange, Rate, Span
from secondunit_contract.problem import BadValue

T = TypeVar("T")

_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}


def to_json(value: Any) -> Any:
    """The value in JSON's own kinds: ranges as "1001-1010", rates as "24000/1001".

    A field equal to its default is left out; `extra`, where what was not understood is kept, is
    written back beside the others. Raises BadValue for what JSON cannot hold.
    """
    if isinstance(value, (Rate, FrameRange, Fraction)):
        return str(value)
    if isinstance(value, Span):
        return [value.start, value.stop]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields_to_json(value)
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return _plain_to_json(value)


def _plain_to_json(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue(f"JSON has no word for the number {value}")
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise BadValue(f"A {type(value).__name__} cannot be written as JSON")


def _fields_to_json(value: Any) -> dict[str, Any]:
    fields = {each.name: each for each in dataclasses.fields(value) if each.name != "extra"}
    unknown = getattr(value, "extra", {})
    written = {key: to_json(item) for key, item in unknown.items() if key not in fields}
    for name, each in fields.items():
        item = getattr(value, name)
        if item != _default(each):
            written[name] = to_json(item)
    return written


def _default(each: dataclasses.Field[Any]) -> Any:
    if each.default_factory is not dataclasses.MISSING:
        return each.default_factory()
    return each.default


def from_json(kind: type[T], message: Any) -> T:
    """Build a contract dataclass from JSON. Raises BadValue naming the field that is wrong."""
    return _build(kind, message, kind.__name__)


@functools.cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _build(kind: type[T], message: Any, where: str) -> T:
    if not isinstance(message, dict):
        raise BadValue(
            f"A {kind.__name__} is written as an object, not as {message!r:.60}", where=where
        )
    hints = _hints(typing.cast(Any, kind))
    values: dict[str, Any] = {}
    for each in dataclasses.fields(typing.cast(Any, kind)):
        if each.name == "extra":
            continue
        if each.name in message:
            values[each.name] = _read(hints[each.name], message[each.name], f"{where}.{each.name}")
        elif _default(each) is dataclasses.MISSING:
            raise BadValue(f"A {kind.__name__} needs {each.name!r}", where=where)
    if "extra" in hints:
        values["extra"] = {
            key: item for key, item in message.items() if key == "extra" or key not in hints
        }
    return _placed(lambda: kind(**values), where)


def _placed(make: typing.Callable[[], T], where: str) -> T:
    """What `make` makes; its complaint, if it has one, says where."""
    try:
        return make()
    except BadValue as problem:
        problem.where = problem.where or where
        raise


def _read(hint: Any, value: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin is typing.Literal:
        if value not in args:
            raise BadValue(f"{value!r:.60} is none of {', '.join(map(repr, args))}", where=where)
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _read(next(arg for arg in args if arg is not type(None)), value, where)
    if origin in (list, tuple):
        _expect(isinstance(value, list), "a list", value, where)
        return origin(_read(args[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict:
        _expect(isinstance(value, dict), "an object", value, where)
        return {key: _read(args[1], item, f"{where}.{key}") for key, item in value.items()}
    return _read_plain(hint, value, where)


def _read_plain(hint: Any, value: Any, where: str) -> Any:
    if hint is Rate:
        _expect(_is_number(value) or isinstance(value, str), "a frame rate", value, where)
        return _placed(
            lambda: Rate.parse(value) if isinstance(value, str) else Rate.of(value), where
        )
    if hint is FrameRange:
        _expect(isinstance(value, str), 'a range like "1001-1010"', value, where)
        return _placed(lambda: FrameRange.parse(value), where)
    if hint is Span:
        _expect(isinstance(value, list) and len(value) == 2, "[start, stop]", value, where)
        start, stop = (_read(int, item, f"{where}[{i}]") for i, item in enumerate(value))
        return _placed(lambda: Span(start, stop), where)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, where)
    if hint is float:
        _expect(_is_number(value) and math.isfinite(value), _WORDS[float], value, where)
        return float(value)
    fits = isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
    _expect(fits, _WORDS[hint], value, where)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _expect(holds: bool, wanted: str, value: Any, where: str) -> None:
    if not holds:
        raise BadValue(f"{value!r:.60} should be {wanted}", where=where)
