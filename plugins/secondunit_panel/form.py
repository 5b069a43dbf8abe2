"""A task's form: from the JSON Schema of its values to fields, checks and values, for any toolkit.

A schema may say more of a field than JSON Schema has words for; none of it is needed:

unit     shown behind the number
group    the heading it stands under
simple   whether it is among the few controls shown first
long     whether its text has several lines
when     shown only where other values are so: {"picture": "cutout"}, {"way": ["paint", "tint"]},
         or where a clip is given: {"inputs.matte": true}
mark     how it is drawn on the picture: points, strokes, box or paths
beyond   of paths: the values that say how many frames more than the clip's may be drawn on:
         {"before": "head", "after": "tail"}

What a schema says that is not understood makes a field of text, never a form that cannot be drawn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from secondunit_panel.marks import MARKS

Kind = Literal[
    "text", "whole", "number", "yes_no", "choice", "wholes",
    "points", "strokes", "box", "paths", "written",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "text", "whole", "number", "yes_no", "choice", "wholes",
    "points", "strokes", "box", "paths", "written",
)  # fmt: skip
"""Every kind a toolkit has to draw. Marks are drawn on the picture; "written" is JSON as text."""

SIMPLE = 6
"""Controls in the simple view, at most: how many takes is one, all marks together another."""

_DEEPEST = 20


@dataclass(frozen=True)
class Choice:
    """One of several: its value, and the word for it."""

    value: Any
    word: str


@dataclass(frozen=True)
class Fault:
    """A value that cannot be meant: of which field, and what to do, in a sentence."""

    key: str
    sentence: str


@dataclass(frozen=True)
class Field:
    """One value of a task as a control.

    `least` and `most` are the ends of its range, both included unless `open_below`/`open_above`.
    `maybe` says that it
    may stay empty (None); `needed` that it may not be left out. `where` are the rules of when it
    is shown, `beyond` the values that say how much further than the clip paths may be drawn.
    """

    key: str
    kind: Kind
    label: str
    help: str = ""
    unit: str = ""
    default: Any = None
    least: float | None = None
    most: float | None = None
    open_below: bool = False
    open_above: bool = False
    step: float | None = None
    choices: tuple[Choice, ...] = ()
    group: str = ""
    simple: bool | None = None
    long: bool = False
    maybe: bool = False
    needed: bool = False
    longest: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    beyond: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hint(self) -> str:
        """What hovering tells: the help, the technical name, the range and the unit."""
        told = [self.help] if self.help else []
        return "\n".join([*told, " · ".join([self.key, *([self.bounds] if self.bounds else [])])])

    def fault(self, value: Any) -> str:
        """Why a value cannot be meant, as a sentence; empty where it can."""
        if value is None:
            return "" if self.maybe else f"{self.label} is empty"
        return _CHECKS[self.kind](self, value)

    def read(self, raw: Any) -> Any:
        """What a control holds, as JSON's own kind: "12" and 12.0 become 12, "" an empty value.

        What cannot be read stays as it is, for `fault` to say why.
        """
        if isinstance(raw, str) and self.kind != "text":
            return self._parsed(raw.strip())
        if self.kind == "whole" and isinstance(raw, float) and raw.is_integer():
            return int(raw)
        if self.kind == "text" and raw == "" and self.maybe:
            return None
        return raw

    def written(self, value: Any) -> str:
        """A value as text, as `read` reads it."""
        if value is None:
            return ""
        if isinstance(value, str) and self.kind in ("text", "choice"):
            return value
        if self.kind == "wholes" and isinstance(value, list):
            return ", ".join(map(str, value))
        if self.kind == "choice":
            return next((each.word for each in self.choices if each.value == value), str(value))
        if isinstance(value, float) and value.is_integer() and self.kind in ("whole", "number"):
            return str(int(value))
        return json.dumps(value, ensure_ascii=False)

    def _parsed(self, text: str) -> Any:
        if not text and self.kind != "choice":
            return [] if self.kind == "wholes" else None
        if self.kind == "choice":
            found = [c.value for c in self.choices if text in (c.word, str(c.value))]
            return found[0] if found else (None if not text and self.maybe else text)
        if self.kind == "wholes":
            parts = text.replace(",", " ").split()
            return [int(part) for part in parts] if all(map(_is_whole, parts)) else text
        try:
            value = json.loads(text.replace(",", ".") if self.kind == "number" else text)
        except (ValueError, RecursionError):
            return text
        return self.read(value) if isinstance(value, float) else value

    @property
    def bounds(self) -> str:
        """Its range in words, with the unit: "1 to 16", "0 pixels or more"."""
        above = "above " if self.open_below else ""
        below = "below " if self.open_above else ""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is not None and self.most is not None:
            return f"{above}{_figure(self.least)} to {below}{_figure(self.most)}{unit}"
        if self.least is not None:
            return f"{above}{_figure(self.least)}{unit}{'' if above else ' or more'}"
        if self.most is not None:
            return f"{below}{_figure(self.most)}{unit}{'' if below else ' or less'}"
        return self.unit


@dataclass(frozen=True)
class Form:
    """The fields of a task in their order.

    Values are plain dictionaries by the fields' keys; what they hold beside them is kept.
    """

    fields: tuple[Field, ...]

    def __getitem__(self, key: str) -> Field:
        """The field of that key. Raises KeyError."""
        for each in self.fields:
            if each.key == key:
                return each
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(each.key == key for each in self.fields)

    @property
    def marks(self) -> dict[str, str]:
        """Which kinds of mark the task takes, and by which key."""
        return {each.kind: each.key for each in reversed(self.fields) if each.kind in MARKS}

    def beyond(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """How many frames before the clip's first and after its last paths may be drawn on."""
        told = self[self.marks["paths"]].beyond if "paths" in self.marks else {}
        counts = (values.get(str(told.get(side))) for side in ("before", "after"))
        before, after = (each if type(each) is int and each > 0 else 0 for each in counts)
        return before, after

    def defaults(self) -> dict[str, Any]:
        """Every value as it is when nothing has been said."""
        return {each.key: _copied(each.default) for each in self.fields}

    def shown(
        self, values: Mapping[str, Any], inputs: Collection[str] = (), everything: bool = False
    ) -> list[Field]:
        """The fields to draw now, in the form's order: the simple ones, or everything.

        Which are simple does not depend on the values, so that nothing jumps under the pen; those
        whose rule does not hold are left out. Marks are drawn on the picture, not here.
        """
        simple = self._simple
        return [
            each
            for each in self.fields
            if each.kind not in MARKS
            and (everything or each.key in simple)
            and self.visible(each, values, inputs)
        ]

    @property
    def more(self) -> bool:
        """Whether there is more than the simple view shows."""
        drawn = [each for each in self.fields if each.kind not in MARKS]
        return len(drawn) > len(self._simple)

    @property
    def _simple(self) -> set[str]:
        room = SIMPLE - 1 - bool(self.marks)
        drawn = [each for each in self.fields if each.kind not in MARKS]
        if any(each.simple for each in drawn):
            return {each.key for each in [each for each in drawn if each.simple][:room]}
        fitting = [each for each in drawn if each.simple is None and _is_plain(each)]
        texts = [each for each in fitting if each.kind == "text" and not each.needed]
        passed_over = {each.key for each in texts[1:]}
        needed = [each for each in drawn if each.needed]
        chosen = needed + [e for e in fitting if e not in needed and e.key not in passed_over]
        return {each.key for each in chosen[:room]}

    def visible(self, each: Field, values: Mapping[str, Any], inputs: Collection[str] = ()) -> bool:
        """Whether a field's rule holds for these values and the clips given."""
        for key, wanted in each.where.items():
            kind, _, name = key.partition(".")
            if kind == "inputs" and name:
                holds = (name in inputs) is bool(wanted)
            elif key in self:
                value = values.get(key, self[key].default)
                holds = value in wanted if isinstance(wanted, list) else value == wanted
            else:
                holds = True  # a rule about a value we do not know hides nothing
            if not holds:
                return False
        return True

    def faults(self, values: Mapping[str, Any], inputs: Collection[str] = ()) -> list[Fault]:
        """What cannot be meant, in the form's order; nothing where all can be sent."""
        found = []
        for each in self.fields:
            if not self.visible(each, values, inputs):
                continue
            if each.key in values:
                sentence = each.fault(values[each.key])
            else:
                sentence = f"{each.label} is empty" if each.needed else ""
            if sentence:
                found.append(Fault(each.key, sentence))
        return found

    def sent(self, values: Mapping[str, Any], inputs: Collection[str] = ()) -> dict[str, Any]:
        """The values to send: those that differ from what they are anyway, and are shown.

        What the form does not know is sent as it is.
        """
        told = {key: value for key, value in values.items() if key not in self}
        for each in self.fields:
            if each.key in values and self.visible(each, values, inputs):
                value = values[each.key]
                if each.needed or value != each.default:
                    told[each.key] = _copied(value)
        return told


def form_of(schema: Mapping[str, Any]) -> Form:
    """The form of a JSON Schema. Raises nothing: what is not understood is a field of text."""
    listed = schema.get("properties")
    properties = listed if isinstance(listed, dict) else {}
    asked = schema.get("required")
    needed = asked if isinstance(asked, list) else []
    return Form(tuple(_field(str(k), s, schema, k in needed) for k, s in properties.items()))


def _field(key: str, told: Any, root: Mapping[str, Any], needed: bool) -> Field:
    plain, maybe = _resolved(told, root)
    outer = told if isinstance(told, dict) else {}
    words = {**plain, **{k: v for k, v in outer.items() if k not in ("$ref", "anyOf", "oneOf")}}
    kind = _kind(plain, root)
    made = Field(
        key,
        kind,
        label=_text(words, "title") or key.replace("_", " ").capitalize(),
        help=_text(words, "description") if kind not in MARKS else _text(outer, "description"),
        unit=_text(words, "unit"),
        default=_copied(words.get("default")),
        choices=_choices(plain) if kind == "choice" else (),
        group=_text(words, "group"),
        simple=words["simple"] if isinstance(words.get("simple"), bool) else None,
        long=words.get("long") is True,
        maybe=maybe or ("default" in words and words["default"] is None),
        needed=needed and "default" not in words,
        longest=_whole(plain.get("maxLength")),
        where=words["when"] if isinstance(words.get("when"), dict) else {},
        beyond=words["beyond"] if isinstance(words.get("beyond"), dict) else {},
    )
    return _with_range(made, plain) if kind in ("whole", "number") else made


def _with_range(made: Field, plain: Mapping[str, Any]) -> Field:
    least, most = _figure_of(plain.get("minimum")), _figure_of(plain.get("maximum"))
    above = _figure_of(plain.get("exclusiveMinimum"))
    below = _figure_of(plain.get("exclusiveMaximum"))
    return replace(
        made,
        least=above if above is not None and (least is None or above >= least) else least,
        most=below if below is not None and (most is None or below <= most) else most,
        open_below=above is not None and (least is None or above >= least),
        open_above=below is not None and (most is None or below <= most),
        step=_figure_of(plain.get("multipleOf")) or (1 if made.kind == "whole" else None),
    )


def _resolved(told: Any, root: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A field's own schema, behind references and "or nothing", and whether nothing is allowed."""
    maybe = False
    for _ in range(_DEEPEST):
        if not isinstance(told, dict):
            return {}, maybe
        if isinstance(told.get("$ref"), str):
            told = _referred(told["$ref"], root)
            continue
        others = told.get("anyOf", told.get("oneOf"))
        if not isinstance(others, list):
            kinds = told.get("type")
            if isinstance(kinds, list) and "null" in kinds and len(kinds) == 2:
                return {**told, "type": next(k for k in kinds if k != "null")}, True
            return told, maybe
        real = [each for each in others if each != {"type": "null"}]
        maybe = maybe or len(real) < len(others)
        if len(real) != 1:
            return {}, maybe
        told = real[0]
    return {}, maybe


def _referred(name: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    if not name.startswith("#/"):
        return {}
    for part in name[2:].split("/"):
        if not isinstance(found, Mapping):
            return {}
        found = found.get(part.replace("~1", "/").replace("~0", "~"))
    return found


def _kind(plain: Mapping[str, Any], root: Mapping[str, Any]) -> Kind:
    if plain.get("mark") in MARKS:
        return plain["mark"]
    if isinstance(plain.get("enum"), list) and plain["enum"]:
        return "choice"
    by_type: dict[Any, Kind] = {
        "string": "text", "integer": "whole", "number": "number", "boolean": "yes_no",
    }  # fmt: skip
    kind = plain.get("type")
    if isinstance(kind, str) and kind in by_type:
        return by_type[kind]
    if kind == "object" and {"left", "top", "right", "bottom"} <= _parts(plain).keys():
        return "box"
    if kind == "array" and "prefixItems" not in plain:
        return _kind_of_list(_resolved(plain.get("items"), root)[0])
    return "written"


def _kind_of_list(each: Mapping[str, Any]) -> Kind:
    if each.get("type") == "integer":
        return "wholes"
    parts = _parts(each)
    if {"x", "y"} <= parts.keys():
        return "points"
    if "points" in parts:
        return "strokes"
    return "paths" if "keys" in parts else "written"


def _parts(plain: Mapping[str, Any]) -> dict[str, Any]:
    found = plain.get("properties")
    return found if isinstance(found, dict) else {}


def _choices(plain: Mapping[str, Any]) -> tuple[Choice, ...]:
    words = plain.get("words")
    named = words if isinstance(words, dict) else {}
    return tuple(
        Choice(value, str(named.get(str(value), str(value).replace("_", " ") or "none")))
        for value in plain["enum"]
    )


def _is_plain(each: Field) -> bool:
    """Whether a field is one that most artists will use: not one that is better left to itself."""
    return each.kind not in ("written", "wholes") and not each.maybe


# checks, one a kind


def _check_text(each: Field, value: Any) -> str:
    if not isinstance(value, str):
        return f"{each.label} is a text"
    if each.needed and not value.strip():
        return f"{each.label} is empty"
    if each.longest is not None and len(value) > each.longest:
        return f"{each.label} is longer than {each.longest} characters"
    return ""


def _check_number(each: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return f"{each.label} is a number"
    if each.kind == "whole" and value != int(value):
        return f"{each.label} is a whole number"
    low = each.least is not None and (
        value <= each.least if each.open_below else value < each.least
    )
    high = each.most is not None and (value >= each.most if each.open_above else value > each.most)
    return f"{each.label} is {each.bounds}" if low or high else ""


def _check_yes_no(each: Field, value: Any) -> str:
    return "" if isinstance(value, bool) else f"{each.label} is yes or no"


def _check_choice(each: Field, value: Any) -> str:
    if any(value == known.value and type(value) is type(known.value) for known in each.choices):
        return ""
    return f"{each.label} is one of {_listed(each.word for each in each.choices)}"


def _check_wholes(each: Field, value: Any) -> str:
    fits = isinstance(value, list) and all(type(number) is int for number in value)
    return "" if fits else f"{each.label} are whole numbers, as 1001, 1024"


def _check_marks(each: Field, value: Any) -> str:
    fits = isinstance(value, dict if each.kind == "box" else list)
    return "" if fits else f"{each.label} cannot be read"


def _check_paths(each: Field, value: Any) -> str:
    told = value if isinstance(value, list) else []
    keys = [path.get("keys") for path in told if isinstance(path, dict)]
    if any(isinstance(found, list) and len(found) == 1 for found in keys):
        return "A path is on one frame only: go to another frame and put it there too"
    return _check_marks(each, value)


def _check_written(each: Field, value: Any) -> str:
    unread = isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
    return f"{each.label} is not written as it should be" if unread else ""


_CHECKS = {
    "text": _check_text, "whole": _check_number, "number": _check_number, "yes_no": _check_yes_no,
    "choice": _check_choice, "wholes": _check_wholes, "points": _check_marks,
    "strokes": _check_marks, "paths": _check_paths, "box": _check_marks, "written": _check_written,
}  # fmt: skip


def _listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _figure(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e5 else f"{value:.0f}"


def _figure_of(value: Any) -> float | None:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdecimal() and text.isascii()


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _copied(value: Any) -> Any:
    """A value that shares nothing with where it came from; JSON's kinds alone."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, (list, tuple)) else value
