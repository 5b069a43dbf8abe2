"""Every value in which two objects of a cut differ, and which of them only differ in writing."""

from __future__ import annotations

import marshal
import math
from collections.abc import Hashable, Iterator
from operator import eq
from typing import Any, NamedTuple

from secondunit_contract.problem import BadValue
from secondunit_otio.report.matching import matched
from secondunit_otio.schemas import kind_of, schema_of
from secondunit_otio.times import moment, stretch

Key = str | int


class Absent:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = Absent()
_LARGE = (dict, list)

_MEANT_BY_NOTHING: dict[str, Any] = {
    "name": "",
    "metadata": {},
    "effects": [],
    "markers": [],
    "parameters": {},
    "enabled": True,
    "color": None,
    "source_range": None,
    "global_start_time": None,
    "available_range": None,
    "available_image_bounds": None,
    "comment": "",
    "effect_name": "",
    "active_media_reference_key": "DEFAULT_MEDIA",
    "target_url_base": "",
    "name_prefix": "",
    "name_suffix": "",
    "frame_step": 1,
    "frame_zero_padding": 0,
    "missing_frame_policy": "error",
}
"""What OpenTimelineIO takes for granted where it is not said, and writes when it saves."""
_FREE = frozenset({"metadata", "parameters"})  # anything may live there
_DRIFT = 1e-14  # what fifteen digits lose; OpenTimelineIO reads the last ones a little differently


class Difference(NamedTuple):
    """A value that differs.

    `keys` lead to it; `before` and `after` are the values, ABSENT where there is none. `form`: it
    means the same and is only written differently, as 24 and 24.0.
    """

    keys: tuple[Key, ...]
    before: Any
    after: Any
    form: bool = False

    @property
    def path(self) -> str:
        """The way to it as changed_paths() writes it: effects[0].metadata.grade."""
        return path_of(self.keys)


def path_of(keys: tuple[Key, ...]) -> str:
    """Keys as changed_paths() writes them."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return "".join(parts).removeprefix(".")


class _Both(NamedTuple):
    """Two objects or lists at the same place, still to be compared."""

    one: Any
    other: Any
    keys: tuple[Key, ...]
    free: bool
    timed: bool


def differences(
    one: dict[str, Any], other: dict[str, Any], skip: frozenset[str] = frozenset()
) -> list[Difference]:
    """Every difference between two objects, those of the top keys in `skip` left out.

    A time range or a time that differs in meaning is one difference. In a list that has grown or
    shrunk places count in the first list for what is changed or gone, in the second for what is
    new.
    """
    if skip:
        one = {key: value for key, value in one.items() if key not in skip}
        other = {key: value for key, value in other.items() if key not in skip}
    found: list[Difference] = []
    waiting = [_Both(one, other, (), False, False)]
    for both in waiting:  # grows while it is walked; nothing here goes deeper by calling itself
        for key, before, after in _pairs(both):
            met = _met(both, key, before, after)
            if isinstance(met, _Both):
                waiting.append(met)
            elif met is not None:
                found.append(met)
    return found


def _pairs(both: _Both) -> list[tuple[Key, Any, Any]]:
    """What stands at the same place of both, but for what is clearly the same."""
    if isinstance(both.one, list):
        return [each for each in _pairs_of_lists(both) if each[1] is not each[2]]
    one, other = both.one, both.other
    found: list[tuple[Key, Any, Any]] = []
    for key, value in one.items():
        there = other.get(key, ABSENT)
        if value is there:
            continue
        kind = type(value)
        if kind is type(there) and (alike if kind in _LARGE else eq)(value, there):
            continue
        found.append((key, value, there))
    if len(one) != len(other) or one.keys() != other.keys():
        found += [(key, ABSENT, other[key]) for key in other if key not in one]
    return found


def alike(one: Any, other: Any) -> bool:
    """Whether two objects are the same to the letter, in the same order; False may be wrong."""
    try:
        return marshal.dumps(one, 2) == marshal.dumps(other, 2)
    except ValueError:  # nested too deep for it
        return False


def _met(both: _Both, key: Key, before: Any, after: Any) -> _Both | Difference | None:
    """What comes of two values: two to be looked into, a difference, or None where they agree."""
    kind = type(before)
    if kind is type(after):
        if kind is dict or kind is list:
            return _looked_into(both, key, before, after)
        if before == after or (before != before and after != after):
            return None
    return Difference((*both.keys, key), before, after, _means_the_same(both, key, before, after))


def _looked_into(both: _Both, key: Key, before: Any, after: Any) -> _Both | Difference | None:
    keys = (*both.keys, key)
    free = both.free or key in _FREE
    timed = both.timed
    if not free and not timed and "OTIO_SCHEMA" in before:
        kind = kind_of(before)
        if kind in ("TimeRange", "RationalTime") and kind == kind_of(after):
            same = _same_time(kind, before, after)
            if same is False:
                return Difference(keys, before, after)
            timed = bool(same)
    return _Both(before, after, keys, free, timed)


def _same_time(kind: str, before: dict[str, Any], after: dict[str, Any]) -> bool | None:
    """Whether two times mean the same, at the same rate; None where that cannot be told."""
    try:
        if kind == "RationalTime":
            one, other = moment(before), moment(after)
            return one is not None and other is not None and one[:2] == other[:2]
        here, there = stretch(before), stretch(after)
    except BadValue:
        return None
    if here is None or there is None:
        return None
    return (here.start[:2], here.duration[:2]) == (there.start[:2], there.duration[:2])


def _means_the_same(both: _Both, key: Key, before: Any, after: Any) -> bool:
    if _is_number(before) and _is_number(after):
        drifted = isinstance(before, float) or isinstance(after, float)
        near = drifted and math.isclose(before, after, rel_tol=_DRIFT)
        return before == after or near or (both.timed and key in ("value", "rate"))
    if both.free or key not in _MEANT_BY_NOTHING:
        return key == "OTIO_SCHEMA" and not both.free and _one_schema(before, after)
    meant = _MEANT_BY_NOTHING[str(key)]
    plain = [meant if each is ABSENT or each is None else each for each in (before, after)]
    return type(plain[0]) is type(plain[1]) and bool(plain[0] == plain[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one_schema(before: Any, after: Any) -> bool:
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return schema_of(before)[0] == schema_of(after)[0]


def _pairs_of_lists(both: _Both) -> Iterator[tuple[Key, Any, Any]]:
    """What stands at the same place of two lists; where the lengths differ, what is alike."""
    one, other = both.one, both.other
    if len(one) == len(other):
        yield from zip(range(len(one)), one, other, strict=True)
        return
    last = (-1, -1)
    for pair in [*matched(one, other, (_whole, _kind_and_name)), (len(one), len(other))]:
        gone, new = range(last[0] + 1, pair[0]), range(last[1] + 1, pair[1])
        common = min(len(gone), len(new))
        yield from ((gone[at], one[gone[at]], other[new[at]]) for at in range(common))
        yield from ((at, one[at], ABSENT) for at in gone[common:])
        yield from ((at, ABSENT, other[at]) for at in new[common:])
        if pair[0] < len(one) and pair[1] < len(other):
            yield pair[0], one[pair[0]], other[pair[1]]
        last = pair


def _whole(value: Any) -> Hashable:
    try:
        return repr(value)
    except RecursionError:
        return None


def _kind_and_name(value: Any) -> Hashable:
    if not isinstance(value, dict) or not kind_of(value):
        return None
    return kind_of(value), str(value.get("name")), str(value.get("effect_name"))
