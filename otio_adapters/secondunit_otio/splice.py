"""Writing a changed object into a cut's text so that what did not change keeps every byte."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from secondunit_otio.scan import Member, read_array, read_object, read_value, skip_space


class Edit(NamedTuple):
    """A stretch of the text and what comes in its place."""

    start: int
    stop: int
    text: str


_MANNER = re.compile(r'\s*\{(\s*)"(?:[^"\\]|\\.)*"(\s*:\s*)')


@dataclass(frozen=True)
class Hand:
    """How a file is written: line ending, step of indent, marks between values, ASCII or not."""

    newline: str = "\n"
    unit: str = "    "
    comma: str = ","
    colon: str = ": "
    ascii_only: bool = False

    @classmethod
    def of(cls, text: str) -> Hand:
        """The hand a text is written in."""
        found = _MANNER.match(text.lstrip("\ufeff"))
        space, colon = (found[1], found[2]) if found else ("", ": ")
        ascii_only = text.isascii() and "\\u" in text
        if "\n" not in space:
            comma = "," if colon == ":" else ", "
            return cls("", "", comma, colon, ascii_only)
        newline = "\r\n" if "\r\n" in space else "\n"
        return cls(newline, space.rpartition("\n")[2] or "    ", ",", colon, ascii_only)

    def write(self, value: Any, indent: str | None) -> str:
        """A value as this file would have it, further lines led by `indent`; None: on one line."""
        loose = indent is not None and bool(self.newline)
        marks = (
            (",", self.colon) if loose else (self.comma if not self.newline else ", ", self.colon)
        )
        plain = _dumps(value, self.unit if loose else None, marks, self.ascii_only)
        return plain.replace("\n", self.newline + (indent or "")) if loose else plain

    def between(self, indent: str | None) -> str:
        """What stands between two neighbours in a list or an object."""
        return "," + self.newline + indent if indent is not None and self.newline else self.comma


def _dumps(value: Any, unit: str | None, marks: tuple[str, str], ascii_only: bool) -> str:
    written = json.dumps(value, indent=unit, separators=marks, ensure_ascii=ascii_only)
    try:
        written.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can carry
        written = json.dumps(value, indent=unit, separators=marks, ensure_ascii=True)
    return written


def indent_at(text: str, at: int) -> str | None:
    """The white space a line begins with, where `at` is the first thing on its line; else None."""
    line = text.rfind("\n", 0, at) + 1
    lead = text[line:at]
    return lead if line and not lead.strip(" \t") else None


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same to the letter: 1 is not 1.0, and NaN is NaN."""
    if one is other:  # NaN too: the JSON reader has one for all
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def spliced(text: str, start: int, old: Any, new: Any, hand: Hand) -> list[Edit]:
    """The edits that make the value at `start`, which reads as `old`, read as `new`.

    Only what differs is touched.
    """
    if same(old, new):
        return []
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() & new.keys():
        _, members, _ = read_object(text, start, lambda _, at: read_value(text, at))
        return spliced_members(text, members, old, new, hand)
    if isinstance(old, list) and isinstance(new, list) and old and len(new) >= len(old):
        return _spliced_list(text, start, old, new, hand)
    return [Edit(start, read_value(text, start)[1], hand.write(new, _line_indent(text, start)))]


def spliced_members(
    text: str, members: list[Member], old: dict[str, Any], new: dict[str, Any], hand: Hand
) -> list[Edit]:
    """As `spliced`, for an object whose members are known.

    Members that `old` does not tell of stay.
    """
    edits: list[Edit] = []
    last_of = {member.key: member for member in members}
    kept = [member for member in members if member.key in new or member.key not in old]
    for key, member in last_of.items():
        if key in old and key in new:
            edits += spliced(text, member.start, old[key], new[key], hand)
    edits += _removals(members, kept)
    indent = indent_at(text, members[0].at)
    added = [key for key in new if key not in last_of]
    if added:
        words = "".join(
            hand.between(indent)
            + _dumps(key, None, (",", ":"), hand.ascii_only)
            + hand.colon
            + hand.write(new[key], indent)
            for key in added
        )
        edits.append(Edit(kept[-1].stop, kept[-1].stop, words))
    return edits


def _removals(members: list[Member], kept: list[Member]) -> list[Edit]:
    """Every run of members not kept goes, with one comma."""
    edits: list[Edit] = []
    if members[0] is not kept[0]:
        edits.append(Edit(members[0].at, kept[0].at, ""))
    place = {id(member): at for at, member in enumerate(members)}
    for at, member in enumerate(kept):
        following = place[id(kept[at + 1])] if at + 1 < len(kept) else len(members)
        if following > place[id(member)] + 1:
            edits.append(Edit(member.stop, members[following - 1].stop, ""))
    return edits


def _spliced_list(text: str, start: int, old: list[Any], new: list[Any], hand: Hand) -> list[Edit]:
    edits: list[Edit] = []
    spans: list[tuple[int, int]] = []

    def take(_: int, at: int) -> int:
        spans.append((at, read_value(text, at)[1]))
        return spans[-1][1]

    read_array(text, start, take)
    for (at, _), before, after in zip(spans, old, new, strict=False):
        edits += spliced(text, at, before, after, hand)
    indent = indent_at(text, spans[0][0])
    words = "".join(hand.between(indent) + hand.write(each, indent) for each in new[len(old) :])
    return [*edits, Edit(spans[-1][1], spans[-1][1], words)] if words else edits


def _line_indent(text: str, at: int) -> str | None:
    """The indent of the line `at` stands on."""
    line = text.rfind("\n", 0, at) + 1
    return text[line : skip_space(text, line)].rpartition("\n")[2] if line else None


def apply(text: str, edits: list[Edit]) -> str:
    """The text with all edits made. Edits at one place come in the order given."""
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.stop)):
        if edit.start < done:
            raise ValueError("two edits meet")
        pieces += (text[done : edit.start], edit.text)
        done = edit.stop
    pieces.append(text[done:])
    return "".join(pieces)
