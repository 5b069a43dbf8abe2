"""What a difference is called when an editor is told of it."""

from __future__ import annotations

import unicodedata
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.report.values import ABSENT, Key, path_of
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import Stretch, moment, stretch

_LONGEST = 48
_LISTS = {"effects": "effect", "markers": "marker"}


def plain(text: str, longest: int = _LONGEST) -> str:
    """A text as it may stand in a terminal or a picture: one line, no control characters."""
    if len(text) <= longest and text.isprintable() and "  " not in text:
        return text.strip()
    seen = (
        " " if each.isspace() else "\ufffd" if unicodedata.category(each)[0] == "C" else each
        for each in text[: longest * 4]
    )
    line = " ".join("".join(seen).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def told(value: Any) -> str:
    """A value in a few words."""
    if value is ABSENT or value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f'"{plain(value)}"'
    if isinstance(value, dict):
        return _object_told(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return plain(f"{value:.10g}" if isinstance(value, float) else str(value))


def _object_told(value: dict[str, Any]) -> str:
    kind = kind_of(value)
    try:
        if kind == "RationalTime" and (time := moment(value)):
            return f"{float(time.frames):g} at {float(time.rate.per_second):g}"
        if kind == "TimeRange" and (meant := stretch(value)):
            return range_told(meant)
    except BadValue:
        pass  # what cannot be meant is told as what it is
    name = value.get("name")
    if isinstance(name, str) and name:
        return f'"{plain(name)}"'
    return kind or f"{len(value)} values"


def range_told(meant: Stretch) -> str:
    """A range as its first and last frame, both included."""
    first, count = meant.start.frames, meant.duration.seconds * meant.start.rate.per_second
    if count <= 0:
        return f"no frame at {float(first):g}"
    return f"{float(first):g}–{float(first + count - 1):g}"


def trim_told(before: Stretch, after: Stretch) -> str:
    """What was done to the stretch a clip shows, in frames of its own rate."""
    rate = before.start.rate.per_second
    if (before.begin, before.end) == (after.begin, after.end):
        count = (float(each.start.rate.per_second) for each in (after, before))
        return "shows the same stretch, counted at {:.6g} frames a second instead of {:.6g}".format(
            *count
        )
    head, tail = (after.begin - before.begin) * rate, (after.end - before.end) * rate
    if head == tail:
        return f"slipped: shows what is {_frames(abs(head))} {_later(head)} in its media"
    words = []
    if head:
        words.append(f"begins {_frames(abs(head))} {_later(head)} in its media")
    if tail:
        words.append(f"ends {_frames(abs(tail))} {_later(tail)}")
    return ", ".join(words)


def shift_told(by: Fraction, rate: Fraction) -> str:
    """How much later or earlier something plays."""
    return f"{_frames(abs(by) * rate)} {_later(by)}"


def _later(by: Fraction) -> str:
    return "later" if by > 0 else "earlier"


def _frames(count: Fraction) -> str:
    near = round(count)
    whole = abs(count - near) < Fraction(1, 1000)
    number = str(near) if whole else f"{float(count):.3g}"
    return f"{number} frame{'' if number == '1' else 's'}"


def value_told(body: dict[str, Any], keys: tuple[Key, ...], before: Any, after: Any) -> str:
    """A difference as a sentence about the clip, the track or the cut it belongs to."""
    whole = keys[0] if len(keys) == 1 else None
    if whole == "name":
        return f"is named {told(after)} instead of {told(before)}"
    if whole == "enabled" and after in (True, False):
        return "is switched on" if after else "is switched off"
    subject = subject_told(body, keys)
    if whole in _LISTS and after is ABSENT and isinstance(before, list) and before:
        names = ", ".join(_name_of(each) or "one without a name" for each in before[:5])
        subject = f"{whole} {names}{' and more' if len(before) > 5 else ''}"
    if after is ABSENT:
        return f"{subject} did not come back"
    if before is ABSENT and len(keys) == 2 and keys[0] in _LISTS:
        return f"{_LISTS[str(keys[0])]} {_name_of(after) or 'without a name'} is new"
    if before is ABSENT:
        return f"{subject} is new: {told(after)}"
    return f"{subject} is {told(after)} instead of {told(before)}"


def subject_told(body: dict[str, Any], keys: tuple[Key, ...]) -> str:
    """What the keys lead to: effect "Blur": amount; metadata Resolve_OTIO.Reel."""
    head = keys[0]
    rest = keys[1:]
    if head in _LISTS and rest and isinstance(rest[0], int):
        listed = body.get(str(head))
        within = isinstance(listed, list) and rest[0] < len(listed)
        one = listed[rest[0]] if isinstance(listed, list) and within else None
        name = _name_of(one) or f"number {rest[0] + 1}"
        inner = f": {path_of(rest[1:])}" if rest[1:] else ""
        return plain(f"{_LISTS[str(head)]} {name}{inner}", 2 * _LONGEST)
    if head == "metadata" and rest:
        return plain(f"metadata {path_of(rest)}", 2 * _LONGEST)
    return plain(path_of(keys).replace("_", " "), 2 * _LONGEST)


def _name_of(value: Any) -> str:
    """What an effect or a marker is called."""
    if not isinstance(value, dict):
        return ""
    for key in ("name", "effect_name", "comment"):
        name = value.get(key)
        if isinstance(name, str) and name.strip():
            return f'"{plain(name)}"'
    return ""
