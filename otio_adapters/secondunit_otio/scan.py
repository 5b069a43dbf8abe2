"""Finding the items of a cut in its JSON text, each with the place where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the stubs
from typing import Any, NamedTuple

import orjson

from secondunit_contract.problem import CutTooDeep, CutUnreadable
from secondunit_otio.schemas import COMPOSITIONS, refuse_newer, schema_of

DEEPEST = 100
"""Compositions within compositions; real cuts stay below ten."""

_SPACE = re.compile(r"[ \t\n\r]*")
_LEAF = re.compile(r'\{\s*"OTIO_SCHEMA"\s*:\s*"(?:Clip|Gap|Filler|Transition)\.\d+"')
_DEEPEST_INDENT = 400  # characters
_BLOCK = 1 << 20
_DIGITS = 19  # 2**63 has as many
_SHAPES = bytes(
    ord("0") if chr(each) in "0123456789" else ord(" ") if chr(each) in " \t\r\n,]}" else ord("x")
    for each in range(256)
)
_read_value: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]


class Member(NamedTuple):
    """A key of an object and where it and its value stand in the text."""

    key: str
    at: int
    start: int
    stop: int


@dataclass(eq=False, slots=True)
class Item:
    """A clip, gap, transition or composition, and its place in the text.

    `body` is what the file says of it, for a composition without its children; `start` and `stop`
    are offsets in the text. `target` is the item meant where this one only refers to another.
    """

    schema: str
    version: int
    body: dict[str, Any]
    start: int
    stop: int
    parent: Item | None
    index: int
    children: list[Item] | tuple[()] = ()
    members: list[Member] = field(default_factory=list)
    target: Item | None = None

    @property
    def real(self) -> Item:
        """The item meant: itself, or the one it refers to."""
        return self.target or self

    @property
    def name(self) -> str:
        """The item's name, "" where it has none."""
        name = self.body.get("name")
        return name if isinstance(name, str) else ""

    @property
    def enabled(self) -> bool:
        """Whether the item is seen."""
        return self.body.get("enabled") is not False

    @property
    def path(self) -> str:
        """Where the item stands in the file: tracks.children[0].children[3]."""
        if self.parent is None:
            return ""
        own = "tracks" if self.parent.schema == "Timeline" else f"children[{self.index}]"
        return f"{self.parent.path}.{own}" if self.parent.path else own

    def walk(self) -> Iterator[Item]:
        """The item and all below it, in the file's order."""
        waiting = [self]
        while waiting:
            each = waiting.pop()
            yield each
            waiting.extend(reversed(each.children))


def skip_space(text: str, at: int) -> int:
    """The first offset from `at` on that is no white space."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def read_value(
    text: str, at: int, read: Callable[[str, int], tuple[Any, int]] = _read_value
) -> tuple[Any, int]:
    """The JSON value at an offset and where it ends. Raises json.JSONDecodeError."""
    try:
        return read(text, at)
    except StopIteration as stopped:
        raise json.JSONDecodeError("a value is missing", text, stopped.value) from None


def may_be_vast(text: str) -> bool:
    """Whether a number in it may have more than 63 bits: orjson would round it."""
    wanted = b"0" * _DIGITS + b" "
    return any(
        wanted in text[at : at + _BLOCK + _DIGITS].encode("ascii", "replace").translate(_SHAPES)
        for at in range(0, len(text), _BLOCK)
    )


def read_object(
    text: str, at: int, take: Callable[[str, int], tuple[Any, int]]
) -> tuple[dict[str, Any], list[Member], int]:
    """The object at an offset: `take(key, offset)` reads each value and says where it ends."""
    body: dict[str, Any] = {}
    members: list[Member] = []
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "}":
        return body, members, at + 1
    while True:
        if text[at : at + 1] != '"':
            raise json.JSONDecodeError("a name in quotes is missing", text, at)
        key, after = scanstring(text, at + 1, True)
        colon = skip_space(text, after)
        if text[colon : colon + 1] != ":":
            raise json.JSONDecodeError("a : is missing", text, colon)
        start = skip_space(text, colon + 1)
        body[key], stop = take(key, start)
        members.append(Member(key, at, start, stop))
        at, ended = _next(text, stop, "}")
        if ended:
            return body, members, at


def read_array(text: str, at: int, take: Callable[[int, int], int]) -> int:
    """Read the array at an offset: `take(index, offset)` says where each element ends.

    Where the array ends.
    """
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "]":
        return at + 1
    index = 0
    while True:
        at, ended = _next(text, take(index, at), "]")
        if ended:
            return at
        index += 1


def _next(text: str, at: int, closing: str) -> tuple[int, bool]:
    at = skip_space(text, at)
    mark = text[at : at + 1]
    if mark == closing:
        return at + 1, True
    if mark != ",":
        raise json.JSONDecodeError(f"a , or {closing} is missing", text, at)
    return skip_space(text, at + 1), False


def position(text: str, at: int) -> str:
    """An offset as people find it in an editor."""
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


@dataclass(frozen=True)
class Scan:
    """Walks a cut's text along its compositions; all that is off that way is read at once, in C."""

    text: str
    name: str
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    read: Callable[[str, int], tuple[Any, int]] = field(init=False, repr=False)
    vast: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vast", may_be_vast(self.text))
        # every clip has the same sixty keys: one string each saves a long cut a sixth of its memory
        one = self.keys.setdefault

        def kept(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            return {one(key, key): value for key, value in pairs}

        reader = vars(json.JSONDecoder(object_pairs_hook=kept))["scan_once"]
        object.__setattr__(self, "read", reader)

    def item(self, at: int, parent: Item | None = None, index: int = 0, depth: int = 0) -> Item:
        """The item at an offset, with all below it."""
        if depth > DEEPEST:
            raise CutTooDeep(
                f"The cut is nested more than {DEEPEST} deep",
                where=self.where(at),
                remedy="Flatten some of the nested sequences",
            )
        if _LEAF.match(self.text, at):
            body, stop = self._tidy(at) or read_value(self.text, at, self.read)
            made = self._made(body, at, stop, parent, index)
            if made.schema not in COMPOSITIONS:
                return made
        return self._composition(at, parent, index, depth)

    def _tidy(self, at: int) -> tuple[dict[str, Any], int] | None:
        """The object at an offset and where it ends, where its last brace stands under its first.

        That is a guess; it is right when all up to there is one whole value. Three times as quick
        as reading to find the end.
        """
        line = self.text.rfind("\n", max(0, at - _DEEPEST_INDENT), at)
        indent = self.text[line:at]
        if line < 0 or not indent.isspace():
            return None
        stop = self.text.find(f"{indent}}}", at) + len(indent) + 1
        whole = self.text[at:stop]
        if stop <= at or (self.vast and may_be_vast(whole)):
            return None
        try:
            return orjson.loads(whole), stop
        except orjson.JSONDecodeError:
            return None

    def where(self, at: int) -> str:
        """The file and the place in it."""
        return f"{self.name}, {position(self.text, at)}"

    def _made(
        self, body: dict[str, Any], at: int, stop: int, parent: Item | None, index: int
    ) -> Item:
        label = body.get("OTIO_SCHEMA")
        if not isinstance(label, str):
            raise CutUnreadable(
                "Here should be a clip, a gap or a track, but it carries no schema",
                where=self.where(at),
                remedy="Export the cut again",
            )
        schema, version = schema_of(label)
        return Item(schema, version, body, at, stop, parent, index)

    def _composition(self, at: int, parent: Item | None, index: int, depth: int) -> Item:
        item = Item("", 0, {}, at, at, parent, index)
        below: dict[str, list[Item]] = {}

        def take(key: str, start: int) -> tuple[Any, int]:
            mark = self.text[start : start + 1]
            if key == "children" and mark == "[":
                below[key] = []
                return None, self._children(start, item, depth, below[key])
            if key == "tracks" and mark == "{":
                below[key] = [self.item(start, item, 0, depth + 1)]
                return None, below[key][0].stop
            return read_value(self.text, start)

        body, members, stop = read_object(self.text, at, take)
        made = self._made(body, at, stop, parent, index)
        if made.schema not in COMPOSITIONS:
            # No composition after all: what looked like children is a key like any other.
            made.body = read_value(self.text, at)[0]
            return made
        held = "tracks" if made.schema == "Timeline" else "children"
        for key in below:
            del body[key]
        item.schema, item.version, item.body, item.stop = made.schema, made.version, body, stop
        item.members = members
        item.children = below.get(held, [])
        return item

    def _children(self, at: int, parent: Item, depth: int, into: list[Item]) -> int:
        def take(index: int, start: int) -> int:
            if self.text[start : start + 1] != "{":
                raise CutUnreadable(
                    "Here should be a clip, a gap or a track",
                    where=self.where(start),
                    remedy="Export the cut again",
                )
            into.append(self.item(start, parent, index, depth + 1))
            return into[-1].stop

        return read_array(self.text, at, take)


def check_versions(
    items: Iterator[Item], labels: Callable[[Any], Iterator[str]], name: str
) -> None:
    """Raise CutTooNew where an item is made of schemas newer than we read."""
    for item in items:
        for label in labels(item.body):
            refuse_newer(label, where=f"{name}, {item.path or 'the whole file'}")
