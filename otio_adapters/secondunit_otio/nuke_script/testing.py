"""A strict stand-in for Nuke: Tcl reads the script, Nuke's stack plugs it, frames are looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from secondunit_otio.document import Cut
from secondunit_otio.references import TakeReference
from secondunit_otio.requests import find_requests
from secondunit_otio.takes import Result, graft
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    text_of,
    timeline,
    track,
)

_SUM = re.compile(r"(?:floor|ceil|clamp|frame|[-+*/(),\d])+", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Broken(AssertionError):
    """The script breaks one of Nuke's rules."""


class Tcl:
    """Tcl with no command left in it: what it would run, it only notes."""

    def __init__(self) -> None:
        import tkinter

        self.tcl = tkinter.Tcl()
        self.heard: list[list[str]] = []
        self.tcl.createcommand("note", self._note)
        self.tcl.eval("interp create -safe inner")
        self.tcl.eval(
            "foreach each [inner eval {info commands}] "
            "{if {$each ne {rename}} {inner eval [list rename $each {}]}}; "
            "inner eval {rename rename {}}"
        )
        self.tcl.eval("interp alias inner unknown {} note")
        self.tcl.eval("proc tcl::mathfunc::clamp {n low high} {expr {min(max($n,$low),$high)}}")

    def _note(self, *words: str) -> str:
        self.heard.append(list(words))
        return "RUN"

    def commands(self, text: str) -> list[list[str]]:
        """Every command Tcl would run, as its words. Raises tkinter.TclError."""
        self.heard = []
        self.tcl.call("interp", "eval", "inner", text)
        return self.heard

    def worth(self, expression: str, frame: int) -> float:
        """What one of our lookup expressions gives at a frame, in doubles as Nuke counts."""
        if not _SUM.fullmatch(expression):
            raise Broken(f"{expression} is no expression of ours")
        told = re.sub(r"\d+", r"\g<0>.0", expression.replace("frame", str(frame)))
        return float(self.tcl.eval(f"expr {{{told}}}"))


@lru_cache(maxsize=1)
def _tcl() -> Tcl:
    return Tcl()


@dataclass(eq=False)
class Plugged:
    """A node as Nuke's stack leaves it."""

    kind: str
    knobs: dict[str, str]
    inputs: list[Plugged]


def plugged(text: str) -> list[Plugged]:
    """A script's nodes. Raises Broken where it is not as strictly built as Nuke's own."""
    tcl = _tcl()
    stack: list[Plugged] = []
    found: list[Plugged] = []
    for words in tcl.commands(text):
        if words[0] == "version":
            continue
        if len(words) != 2:
            raise Broken(f"{words[0]} is no node")
        knobs = _knobs(tcl, words[1])
        node = Plugged(words[0], knobs, [])
        found.append(node)
        if node.kind == "Root":
            continue
        count = int(knobs.get("inputs", "1"))
        if count > len(stack):
            raise Broken(f"{knobs.get('name')} takes more inputs than there are")
        node.inputs = [stack.pop() for _ in range(count)]
        stack.append(node)
    names = [each.knobs["name"] for each in found if each.kind != "Root"]
    if len(names) != len(set(names)) or not all(map(_NAME.fullmatch, names)):
        raise Broken("Two nodes share a name, or one is no name")
    return found


def _knobs(tcl: Tcl, body: str) -> dict[str, str]:
    """A node's knobs; each stands once, and ours only behind its addUserKnob."""
    knobs: dict[str, str] = {}
    made: set[str] = set()
    for line in tcl.commands(body):
        if len(line) != 2 or line[0] in knobs:
            raise Broken(f"{line[0]} does not stand as one name and one value")
        if line[0] == "addUserKnob":
            made.add(line[1].split()[1])
            continue
        if line[0].startswith("su_") and line[0] not in made:
            raise Broken(f"{line[0]} was never added")
        knobs[line[0]] = line[1]
    return knobs


def shown(node: Plugged, frame: int) -> tuple[str, int]:
    """The file and the frame of it that a node shows at a frame of the script."""
    knobs = node.knobs
    if node.kind == "Read":
        return knobs["file"], min(max(frame, int(knobs["first"])), int(knobs["last"]))
    if node.kind == "TimeOffset":
        return shown(node.inputs[0], frame - int(knobs["time_offset"]))
    if node.kind == "FrameHold":
        return shown(node.inputs[0], int(knobs["firstFrame"]))
    if node.kind == "TimeWarp" and knobs["filter"] == "none":
        return shown(node.inputs[0], _looked_up(knobs["lookup"], frame))
    if node.kind == "Switch":
        return shown(node.inputs[int(knobs["which"])], frame)
    if node.kind in ("FrameRange", "Copy", "Premult"):
        return shown(node.inputs[0], frame)
    raise Broken(f"{node.kind} shows no file")


def _looked_up(lookup: str, frame: int) -> int:
    inner = lookup.removeprefix("{").removesuffix("}")
    if inner.startswith("curve L x"):
        first, *values = inner.removeprefix("curve L x").split()
        return int(values[frame - int(first)])
    value = _tcl().worth(inner, frame)
    if value != int(value):
        raise Broken(f"{inner} gives {value} at {frame}")
    return int(value)


def ends(found: list[Plugged]) -> list[Plugged]:
    """The last node of each shot."""
    used = {id(each) for node in found for each in node.inputs}
    return [
        node for node in found if id(node) not in used and node.kind not in ("Root", "BackdropNode")
    ]


def cut_with_requests() -> Cut:
    """A shot to be matted, an insert not shot yet (su-k3v9x0aa), and one wanted in a gap."""
    media = movie("/m/a.mov", span(1000, 100))
    wanted = generator(
        "SecondUnit.Insert", span(0, 32), prompt='a "gull" [exec rm] $x {', seed=2**62
    )
    asked = clip("gull su-k3v9x0aa", span(4, 24), wanted, active_media_reference_key="su_request")
    asked["media_references"] = {"su_request": wanted}
    row = track(
        clip("sh010", span(1010, 24), media, effects=[effect("SecondUnit.Matte", subject="man")]),
        asked,
        gap(24, markers=[marker("SU insert", span(0, 24), "su: insert | a boat")]),
        name="V1",
    )
    return Cut.parse(text_of(timeline(row, name="cut [1]")))


def cut_with_takes() -> Cut:
    """The same cut with two takes of the insert and the matte."""
    cut = cut_with_requests()
    requests = find_requests(cut)
    insert = next(each for each in requests if each.form == "generator")
    matte = next(each for each in requests if each.kind == "matte")
    takes = [TakeReference(n, f"/t/su-{insert.id}_t{n:03d}.mov", 32) for n in (1, 2)]
    key = TakeReference(1, f"/t/su-{matte.id}_t001.####.exr", 24, first_file=1001)
    return Cut.parse(graft(cut, [Result(insert, tuple(takes)), Result(matte, (key,))]))
