"""Writing nodes down as Nuke saves them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from secondunit_otio.nuke_script.syntax import quoted

STRING, WHOLE, TAB = 1, 3, 20
"""Kinds of user knobs, as addUserKnob numbers them."""


class Raw(str):
    """A knob's value that is written as it stands: a number, a curve, an expression in braces."""

    __slots__ = ()


class UserKnob(NamedTuple):
    """A knob a node gets on a tab of ours. `kind` is the number addUserKnob has for it."""

    kind: int
    name: str
    label: str
    value: str


@dataclass(eq=False)
class Sheet:
    """A script being written, node by node."""

    parts: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        """A line between nodes: set, push."""
        self.parts.append(text)

    def node(
        self, kind: str, knobs: Iterable[tuple[str, str]], made: Iterable[UserKnob] = ()
    ) -> None:
        """A node with its knobs in order, and those of ours on a tab of their own."""
        lines = [f"{kind} {{"]
        lines += [f" {name} {_value(value)}" for name, value in knobs]
        ours = list(made)
        if ours:
            lines.append(f' addUserKnob {{{TAB} su l "Second Unit"}}')
        for knob in ours:
            lines.append(f" addUserKnob {{{knob.kind} {knob.name} l {quoted(knob.label)}}}")
            if knob.value:
                lines.append(f" {knob.name} {quoted(knob.value)}")
        self.parts.append("\n".join([*lines, "}"]))

    def text(self) -> str:
        """The script."""
        return "\n".join(self.parts) + "\n"


def _value(value: str) -> str:
    return str(value) if isinstance(value, Raw) else quoted(value)


def whole(number: int) -> Raw:
    """A number as a knob's value."""
    return Raw(str(number))
