"""A Nuke script as nodes: their knobs, and which is plugged into which."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from secondunit_contract.problem import CutTooDeep, CutUnreadable
from secondunit_otio.nuke_script.syntax import Command, Word, commands, evaluated, words_in
from secondunit_otio.scan import DEEPEST

_ADVICE = "Save the script from Nuke again"
_GROUPS = ("Group", "Gizmo", "LiveGroup")
_OTHER = ("define_window_layout_xml", "add_layer", "load", "addFavoriteDir", "knobDefault")
_STACK = re.compile(r"\[stack (\d{1,6})\]", re.ASCII)
_CLASS = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MOST_INPUTS = 10_000


@dataclass(eq=False)
class Node:
    """A node of a script. `knobs` are as written, `made` the user knobs it adds, by name.

    `inputs` are the nodes plugged into it, the first its B or only one; None where nothing is.
    `group` names the groups it lies in.
    """

    kind: str
    knobs: dict[str, Word] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    inputs: tuple[Node | None, ...] = ()
    group: tuple[str, ...] = ()
    line: int = 0

    @property
    def name(self) -> str:
        """The node's name."""
        return self.text("name")

    def text(self, knob: str, default: str = "") -> str:
        """A knob's text, as it stands in the script."""
        word = self.knobs.get(knob)
        return default if word is None else word.text

    def meant(self, knob: str) -> str:
        """The text of a knob that Nuke evaluates, without evaluating it."""
        return evaluated(self.text(knob))

    def number(self, knob: str, default: int) -> int:
        """A knob's whole number; the default where it holds none, an expression say."""
        value = number_in(self.text(knob).strip("{} "))
        return default if value is None or value.denominator != 1 else int(value)


@dataclass(eq=False)
class Nodes:
    """All nodes of a script, in its order, groups' inner ones too. `root` are its own settings."""

    nodes: list[Node] = field(default_factory=list)
    root: Node = field(default_factory=lambda: Node("Root"))
    version: str = ""


def nodes_in(text: str, name: str = "the script") -> Nodes:
    """The nodes of a script's text. Raises CutUnreadable, CutTooDeep.

    Nothing in it is run: what stands in square brackets stays text.
    """
    reader = _Stage(name)
    for command in commands(text.lstrip("\ufeff"), name):
        reader.take(command)
    if not reader.found.nodes and not reader.found.version and not reader.rooted:
        raise CutUnreadable("There is no node in it: this is no Nuke script", name, _ADVICE)
    return reader.found


class _Stage:
    """Nuke's stack: every node takes its inputs off it and lays itself on it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = Nodes()
        self.stacks: list[list[Node | None]] = [[]]
        self.named: dict[str, Node | None] = {}
        self.groups: list[str] = []
        self.rooted = False

    def take(self, command: Command) -> None:
        """One command of the script."""
        word = command[0].text
        rest = command[1:]
        if word == "version":
            self.found.version = " ".join(each.text for each in rest)
        elif word == "set" and len(rest) >= 2:
            self._set(rest[0].text, rest[1].text)
        elif word == "push" and rest:
            self.stacks[-1].append(self.named.get(rest[0].text.removeprefix("$")))
        elif word == "end_group":
            self._leave()
        elif word == "clone":
            self._node(*_cloned(rest), command[0].line)
        elif word not in _OTHER and len(rest) == 1 and rest[0].braced and _CLASS.fullmatch(word):
            self._node(word, rest[0], command[0].line)

    def _set(self, name: str, value: str) -> None:
        found = _STACK.fullmatch(value)
        depth = int(found[1]) + 1 if found else 0
        stack = self.stacks[-1]
        self.named[name] = stack[-depth] if 0 < depth <= len(stack) else None

    def _leave(self) -> None:
        if self.groups:
            self.groups.pop()
            self.stacks.pop()

    def _node(self, kind: str, body: Word, line: int) -> None:
        node = Node(kind, group=tuple(self.groups), line=line)
        _read_knobs(node, body, self.name)
        if kind == "Root":
            self.found.root, self.rooted = node, True
            return
        stack = self.stacks[-1]
        count = _input_count(node)
        taken = [stack.pop() if stack else None for _ in range(count)]
        node.inputs = tuple(taken)
        stack.append(node)
        self.found.nodes.append(node)
        if kind in _GROUPS:
            if len(self.groups) >= DEEPEST:
                where = f"{self.name}, line {line}"
                raise CutTooDeep(f"Groups lie more than {DEEPEST} deep", where, _ADVICE)
            self.groups.append(node.name)
            self.stacks.append([])


def _cloned(rest: Command) -> tuple[str, Word]:
    """The class and body of a clone: clone $N12 {…}, clone node1|Blur|12 Blur {…}."""
    body = rest[-1] if rest and rest[-1].braced else Word("", True)
    kind = rest[-2].text if len(rest) > 1 else ""
    return (kind if _CLASS.fullmatch(kind) else "Clone"), body


def _input_count(node: Node) -> int:
    """How many inputs a node has: "2", or "2+1" with its mask; one where it does not say."""
    parts = node.text("inputs", "1").split("+")
    try:
        count = sum(int(part) for part in parts if len(part) < 8)
    except ValueError:
        return 1
    return max(0, min(count, _MOST_INPUTS))


def _read_knobs(node: Node, body: Word, name: str) -> None:
    """Knobs stand one a line; a body on a single line holds name and value by turns."""
    for command in commands(body.text, name, body.line):
        step = len(command) if len(command) % 2 or len(command) == 2 else 2
        for at in range(0, len(command), step):
            _read_knob(node, command[at : at + step], name)


def _read_knob(node: Node, words: Command, name: str) -> None:
    knob, values = words[0].text, words[1:]
    if knob == "addUserKnob":
        told = words_in(values[0].text, name, values[0].line) if values else []
        if len(told) >= 2 and told[0].text.isdecimal() and len(told[0].text) < 6:
            node.made[told[1].text] = int(told[0].text)
        return
    if len(values) == 1:
        node.knobs[knob] = values[0]
    else:
        line = words[0].line
        node.knobs[knob] = Word(" ".join(each.text for each in values), False, line)


def number_in(text: str) -> Fraction | None:
    """The number a text is, exactly; None where it is none."""
    text = text.strip()
    return Fraction(text) if len(text) < 40 and _NUMBER.fullmatch(text) else None


def keys_in(word: Word, name: str = "the script") -> list[tuple[Fraction, Fraction]]:
    """The keys of an animated knob, {{curve x1001 5 x1010 9}}, as (frame, value).

    A value without an x comes one frame after the one before. Slopes and ways of interpolation are
    passed over; an expression has no keys.
    """
    text = word.text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    words = [each.text for each in words_in(text, name, word.line)]
    if not words or words[0] != "curve":
        return []
    frame, step, placed = Fraction(0), Fraction(1), False
    keys: list[tuple[Fraction, Fraction]] = []
    for each in words[1:]:
        at = number_in(each[1:]) if each[:1] == "x" else None
        value = number_in(each)
        if at is not None:
            frame, placed = at, True
        elif value is not None:
            if keys and not placed:
                frame += step
            keys.append((frame, value))
            placed = False
    return keys
