"""Scripts of the fake Nuke as text: written as Nuke writes them, and read by a real Tcl."""

from __future__ import annotations

import re
import tkinter
from typing import Any

from fake_nodes import KnobData, NodeData, knobs_of
from fake_roto import CurveKnob

_TYPES = {"Tab_Knob": 20, "String_Knob": 1, "Int_Knob": 3, "Double_Knob": 7, "Boolean_Knob": 6,
          "File_Knob": 2, "Multiline_Eval_String_Knob": 26, "PyScript_Knob": 22}  # fmt: skip
_BACK = {number: name for name, number in _TYPES.items()}
_PLAIN = re.compile(r"[\w.,:/%+@=-]+", re.ASCII)


def written(app) -> str:
    """The whole script."""
    lines = ["version 15.0 v1"]
    roots = [each for each in app.state.values() if each.kind == "Root"]
    for each in (*roots, *_ordered(app, app.root._id)):
        lines += _node(app, each)
    return "\n".join(lines) + "\n"


def _ordered(app, parent: int) -> list[NodeData]:
    """Nodes behind all that they take as inputs."""
    inside = [each for each in app.state.values() if each.parent == parent]
    done: list[NodeData] = []

    def put(node: NodeData) -> None:
        for each in node.inputs:
            if each in app.state:
                put(app.state[each])
        if node not in done:
            done.append(node)

    for each in inside:
        put(each)
    return done


def _node(app, node: NodeData) -> list[str]:
    lines = []
    if node.kind != "Root":
        live = [each if each in app.state else None for each in node.inputs]
        for each in reversed(live):
            lines.append(f"push ${{N{each}}}" if each else "push 0")
        lines.append(f"{node.kind} {{")
        lines.append(f" inputs {len(live)}")
    else:
        lines.append("Root {")
    for knob in node.knobs.values():
        lines += _knob(knob)
    if node.kind != "Root":
        lines.append(f" name {node.name}")
    lines.append("}")
    if node.kind == "Group":
        for each in _ordered(app, node.id):
            lines += [f" {line}" for line in _node(app, each)]
        lines.append("end_group")
    if node.kind != "Root":
        lines.append(f"set N{node.id} [stack 0]")
    return lines


def _knob(knob: KnobData) -> list[str]:
    lines = []
    if knob.user:
        label = f" l {quoted(knob.label)}" if knob.label else ""
        hidden = " +INVISIBLE" if knob.flags else ""
        lines.append(f" addUserKnob {{{_TYPES[knob.kind]} {knob.name}{label}{hidden}}}")
    if knob.expression:
        return [*lines, f" {knob.name} {{{{{knob.expression}}}}}"]
    value: Any = knob.value
    if isinstance(value, CurveKnob):
        names = " ".join(f"{{shape {quoted(each.name)}}}" for each in value.seen)
        return [*lines, f" curves {{{names}}}"]
    if isinstance(value, tuple):
        value = " ".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return lines if value == "" or knob.kind == "Tab_Knob" else [
        *lines, f" {knob.name} {quoted(str(value))}"
    ]  # fmt: skip


def quoted(text: str) -> str:
    """A value as one word of Tcl."""
    if _PLAIN.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\\[\]${}])', r"\\\1", text).replace("\n", "\\n") + '"'


def read(app, text: str) -> None:
    """Open a script in an app that has none: only nodes and knobs, as Nuke knows them."""
    reader = _Reader(app)
    for kind in set(re.findall(r"^\s*(\w+) \{$", text, re.MULTILINE)):
        reader.learn(kind)
    reader.tcl.eval(text)


class _Reader:
    """Nuke's stack: what stands above a node is what it takes as inputs."""

    def __init__(self, app) -> None:
        self.app, self.stack, self.parents = app, [], [app.root._id]
        self.tcl = tkinter.Tcl()
        self.tcl.createcommand("version", lambda *words: "")
        self.tcl.createcommand("push", lambda word: self.stack.append(int(word) or None) or "")
        self.tcl.createcommand("stack", lambda depth: str(self.stack[-1] or 0))
        self.tcl.createcommand("end_group", self._end_group)

    def learn(self, kind: str) -> None:
        """A class of nodes; KeyError for one Nuke does not know."""
        knobs_of(kind)
        self.tcl.createcommand(kind, lambda body: self._node(kind, body))

    def _node(self, kind: str, body: str) -> str:
        if kind == "Root":
            self._knobs(self.app.root._data, body)
            return ""
        node = self.app.add(kind, self.parents[-1])
        node.inputs = [self.stack.pop() for _ in range(self._knobs(node, body))]
        self.stack.append(node.id)
        if kind == "Group":
            self.parents.append(node.id)
        return ""

    def _end_group(self) -> str:
        group = self.parents.pop()
        while self.stack[-1] != group:
            self.stack.pop()
        return ""

    def _knobs(self, node: NodeData, body: str) -> int:
        """Set a node's knobs; how many inputs it has."""
        inputs = 1
        for name, value in _heard(body):
            if name == "addUserKnob":
                kind, knob, *_ = value.split()
                node.knobs[knob] = KnobData(knob, "", _BACK[int(kind)], user=True)
            elif name == "inputs":
                inputs = int(value)
            elif name == "name":
                node.name = value
            elif name not in node.knobs:
                raise RuntimeError(f"{node.kind} has no knob {name}")
            elif name != "curves":
                _take(node.knobs[name], value)
        return inputs


def _heard(body: str) -> list[tuple[str, str]]:
    """Each line of a node's body as Tcl reads it, with every command taken away from Tcl."""
    heard: list[tuple[str, str]] = []
    inner = tkinter.Tcl()
    inner.eval("rename unknown was_unknown")
    inner.createcommand("unknown", lambda name, value: heard.append((name, value)) or "")
    for each in inner.eval("info commands").split():
        if each not in ("unknown", "info", "rename"):
            inner.eval(f"rename {each} {{}}")
    inner.eval(body)
    return heard


def _take(knob: KnobData, text: str) -> None:
    if text.startswith("{") and text.endswith("}"):
        knob.expression = text.strip("{}")
    elif knob.kind == "Boolean_Knob" or isinstance(knob.value, bool):
        knob.value = text == "true"
    elif isinstance(knob.value, tuple):
        knob.value = tuple(map(int, text.split()))
    elif isinstance(knob.value, (int, float)):
        knob.value = type(knob.value)(float(text))
    else:
        knob.value = text
