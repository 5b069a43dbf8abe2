"""The one-line way to ask: su: insert 72f | gull over the harbour | seed=41 takes=2."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import RequestWrong

KINDS = (
    "insert", "extend_time", "extend_frame", "cleanup", "restyle", "highlights", "matte",
)  # fmt: skip
"""What can be asked for."""

_KIND_WORDS = {
    **{kind: kind for kind in KINDS},
    "extendtime": "extend_time",
    "extendframe": "extend_frame",
    "extend": "extend_time",
    "roto": "matte",
    "clean": "cleanup",
}
_SECOND_WORDS = {
    ("extend", "time"): "extend_time",
    ("extend", "frame"): "extend_frame",
    ("clean", "up"): "cleanup",
}
_DESCRIBES = {"matte": "subject", "cleanup": "subject"}
"""What the free words of a line are for these kinds; for all others they are the prompt."""

_LINE = re.compile(r"\s*su\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_NAME = re.compile(r"\s*SU(?:[ _]+(.*))?", re.DOTALL)
_SETTING = re.compile(r'([A-Za-z_]\w*)=("[^"]*"|\S*)')
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(f|s)", re.IGNORECASE)
_SIZE = re.compile(r"(\d+)x(\d+)", re.IGNORECASE)
_FRAMING = frozenset({"target", "left", "right", "top", "bottom"})
_SAME_KEY = {"negative_prompt": "negative", "neg": "negative"}
_ADVICE = "Write it like: su: insert 72f | gull over the harbour | seed=41 takes=2"


@dataclass(frozen=True)
class Words:
    """What somebody asked for: the kind ("" where not said), how long, values and free words."""

    kind: str = ""
    duration: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    described: str = ""

    def __bool__(self) -> bool:
        return bool(self.kind or self.duration or self.values or self.described)

    def asked(self, kind: str) -> dict[str, Any]:
        """The values, the free words among them under the name this kind gives them."""
        if not self.described:
            return dict(self.values)
        return {_DESCRIBES.get(kind, "prompt"): self.described, **self.values}


def kind_named(text: str) -> str:
    """The kind a name means: "Insert", "ExtendTime", "clean-up"; as it is where none of ours."""
    plain = re.sub(r"[\s_-]+", "", text).lower()
    for kind in KINDS:
        if plain == kind.replace("_", ""):
            return kind
    return _KIND_WORDS.get(plain, text)


def is_line(text: Any) -> bool:
    """Whether a text begins with su:"""
    return isinstance(text, str) and _LINE.fullmatch(text) is not None


def is_name(text: Any) -> bool:
    """Whether a marker of this name is for us: "SU insert", or a su: line."""
    return isinstance(text, str) and (_NAME.fullmatch(text) is not None or is_line(text))


def read_name(text: str) -> Words:
    """What a marker's name asks: "SU insert", "SU insert su-k3v9x0aa", or a whole su: line."""
    if is_line(text):
        return read_line(text)
    found = _NAME.fullmatch(text)
    rest = re.sub(r"\bsu-[0-9a-z]{8}\b", "", (found[1] if found else "") or "", flags=re.IGNORECASE)
    return read_line("su: " + rest) if rest.strip() else Words()


def read_line(text: str) -> Words:
    """What a su: line asks. Raises RequestWrong naming the words that make no sense."""
    found = _LINE.fullmatch(text)
    first, *parts = (part.strip() for part in (found[1] if found else text).split("|"))
    kind, rest = _kind(first.split())
    duration, values = _measures(kind, rest)
    described = ""
    for part in filter(None, parts):
        settings = _SETTING.findall(part)
        if settings and not _SETTING.sub("", part).strip():
            values |= {_key(key): _value(each) for key, each in settings}
        elif described:
            raise RequestWrong(f"I cannot read {part!r} in {text!r}", remedy=_ADVICE)
        else:
            described = part
    if kind == "extend_time" and values.keys() & _FRAMING:
        kind = "extend_frame"  # "extend 480x270" can mean nothing else
    return Words(kind, duration, values, described)


def read_text(text: str) -> Words:
    """What a note or comment on one of our markers asks: a su: line, JSON, or bare words."""
    if is_line(text):
        return read_line(text)
    if text.lstrip().startswith("{"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RequestWrong("The note on the marker is damaged JSON", remedy=_ADVICE) from error
        return read_object(told)
    return Words(described=text.strip())


_MACHINE = frozenset(
    {
        *("schema", "id", "kind", "status", "outputs", "plate", "take", "part"),
        *("params_sha256", "provenance", "duration"),
    }
)
"""Keys of a secondunit block that are the program's own, not what a human asks."""


def read_parameters(told: dict[str, Any]) -> Words:
    """What a generator's parameters ask: all of them are values."""
    return Words(values={_key(key): value for key, value in told.items()})


def read_object(told: dict[str, Any]) -> Words:
    """What a JSON object asks: its keys are the values, but for those the program keeps there."""
    inner = told.get("secondunit")
    told = inner if isinstance(inner, dict) else told
    kind, duration = told.get("kind"), told.get("duration")
    if isinstance(duration, int) and not isinstance(duration, bool):
        duration = f"{duration}f"
    if not isinstance(duration, (str, type(None))):
        raise RequestWrong(f"A duration of {duration!r}", remedy="Write it as 72f or 3s")
    values = {_key(key): value for key, value in told.items() if key not in _MACHINE}
    return Words(kind_named(kind) if isinstance(kind, str) else "", duration or "", values)


def _kind(words: list[str]) -> tuple[str, list[str]]:
    if len(words) > 1:
        pair = _SECOND_WORDS.get((words[0].lower(), words[1].lower()))
        if pair:
            return pair, words[2:]
    if not words:
        return "", []
    kind = kind_named(words[0])
    return ("", words) if _is_measure(words[0]) else (kind, words[1:])


def _is_measure(word: str) -> bool:
    return any(each.fullmatch(word) for each in (_DURATION, _SIZE, _SETTING))


def _measures(kind: str, words: list[str]) -> tuple[str, dict[str, Any]]:
    """The duration, size and settings behind the kind."""
    duration, values = "", dict[str, Any]()
    for word in words:
        setting, size = _SETTING.fullmatch(word), _SIZE.fullmatch(word)
        if setting:
            values[_key(setting[1])] = _value(setting[2])
        elif size:
            values["target"] = [int(size[1]), int(size[2])]
        elif _DURATION.fullmatch(word) and not duration:
            duration = word.lower()
        else:
            raise RequestWrong(f"I do not know the word {word!r} after {kind!r}", remedy=_ADVICE)
    return duration, values


def _key(key: str) -> str:
    return _SAME_KEY.get(key, key)


def _value(text: str) -> Any:
    if text.startswith('"'):
        return text.strip('"')
    if re.fullmatch(r"-?\d{1,19}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,19}\.\d{1,19}", text) else text


def frames_of(duration: str, rate: Rate) -> int:
    """How many frames "72f" or "3s" are. Raises RequestWrong."""
    found = _DURATION.fullmatch(duration.strip())
    if not found or Fraction(found[1]) == 0 or Fraction(found[1]) > 1_000_000:
        raise RequestWrong(f"A duration of {duration!r}", remedy="Write it as 72f or 3s")
    if found[2].lower() == "s":
        return math.ceil(Fraction(found[1]) * rate.per_second)
    return math.ceil(Fraction(found[1]))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _between(least: int, most: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return fits


def _is_margin(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 100_000


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_between(1, 65536), value))


def _are_points(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, dict) and _is_number(each.get("x")) and _is_number(each.get("y"))
        for each in value
    )


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(
        ("prompt", "negative", "model", "subject", "mode"), (_is_text, "words in quotes")
    ),
    "seed": (_between(0, 2**63 - 1), "a whole number from 0 on"),
    "takes": (_between(1, 99), "a whole number from 1 to 99"),
    **dict.fromkeys(("head", "tail"), (_between(0, 100_000), "a whole number of frames")),
    **dict.fromkeys(("left", "right", "top", "bottom"), (_is_margin, "a number from 0 on")),
    "strength": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "target": (_is_size, "a size in pixels, [width, height]"),
    "points": (_are_points, "a list of points with x and y"),
    "condition": (lambda value: isinstance(value, dict), "an object"),
}


def fault_in(values: dict[str, Any]) -> str:
    """What is wrong with the first value that cannot be used; "" where all can.

    Unknown keys are let be.
    """
    for key, value in values.items():
        if key in _SHAPES and not _SHAPES[key][0](value):
            return f"{key} is {json.dumps(value)[:80]}; it should be {_SHAPES[key][1]}"
    return ""
