"""Shots found in a Nuke script: those we wrote, and the Reads of any other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.marker_edl.lines import id_in
from secondunit_otio.nuke_script.nodes import Node, nodes_in

_FRAMES = re.compile(r"#+|%0?\d*d")
_TAKE = re.compile(r"su-[0-9a-z]{8}_t(\d{1,6})", re.IGNORECASE)
_NODE = (80, 60)  # about how large a node is in the graph: it lies in a backdrop by its middle


@dataclass(frozen=True)
class ScriptRead:
    """A Read of a script.

    `path` is its file, sequences as Nuke writes them (shot.####.exr, shot.%04d.exr); `first` and
    `last` are the file's own frames, both included (a movie's count from 1). `role` is plate, take,
    matte or slate for those we wrote, "new" for what somebody added; `key` the media reference it
    stands for, `take` its number, 0 for none. `about` are our user knobs.
    """

    name: str
    path: str
    first: int
    last: int
    role: str = "new"
    key: str = ""
    id: str = ""
    take: int = 0
    colorspace: str = ""
    raw: bool = False
    line: int = 0
    about: dict[str, str] = field(default_factory=dict)

    @property
    def sequence(self) -> bool:
        """Whether its file is one of many, a frame each."""
        return _FRAMES.search(self.path.rpartition("/")[2]) is not None


@dataclass(frozen=True)
class ScriptShot:
    """A shot of a script: frames `first` up to `last`, both included, without handles.

    `chosen` is the key of what its switch shows. `clip` and `path` say which clip of the cut it
    was made from; `source` what that clip's range and speed were; `asked` the request.
    """

    name: str
    id: str
    first: int
    last: int
    rate: Rate
    reads: tuple[ScriptRead, ...] = ()
    handles: int = 0
    chosen: str = ""
    clip: str = ""
    track: str = ""
    path: str = ""
    kind: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    ours: bool = False

    @property
    def added(self) -> tuple[ScriptRead, ...]:
        """The Reads somebody added in Nuke."""
        return tuple(read for read in self.reads if read.role == "new")


@dataclass(frozen=True)
class Script:
    """What a script tells of shots. `first` and `last` are its own frames, both included."""

    name: str
    first: int
    last: int
    rate: Rate
    version: str
    shots: tuple[ScriptShot, ...]


def read_script(text: str, name: str = "the script") -> Script:
    """The shots of a script. Raises CutUnreadable, CutTooDeep.

    Of our own scripts each backdrop is a shot; what lies in one or carries its id belongs to it. A
    Read that belongs to none is a shot by itself. Nothing in the script is run.
    """
    found = nodes_in(text, name)
    root = found.root
    rate = _rate(root.text("su_rate") or root.text("fps"))
    first = root.number("first_frame", 1)
    last = max(root.number("last_frame", first), first)
    backdrops = [node for node in found.nodes if "su_shot" in node.made and _is_backdrop(node)]
    reads = [node for node in found.nodes if node.kind == "Read"]
    homes = _homes(backdrops, reads)
    switches = {node.name: node for node in found.nodes if node.kind == "Switch"}
    shots = [
        _shot(node, [each for each in reads if homes.get(each) is node], rate, switches)
        for node in backdrops
    ]
    shots += [_lone(node, rate) for node in reads if node not in homes]
    return Script(root.meant("name"), first, last, rate, found.version, tuple(shots))


def _is_backdrop(node: Node) -> bool:
    return node.kind == "BackdropNode"


def _rate(text: str) -> Rate:
    """A script's rate; Nuke's own 24 where it says none."""
    try:
        return Rate.parse(text) if text else Rate.of(24)
    except BadValue:
        return Rate.of(24)


def _homes(backdrops: list[Node], reads: list[Node]) -> dict[Node, Node]:
    """Which shot each Read belongs to: by its knob, by the id in its file, by where it lies."""
    named = {node.meant("su_shot"): node for node in backdrops}
    by_id: dict[str, Node] = {}
    for node in backdrops:
        for knob in node.made:
            if knob == "su_id" or knob.startswith("su_request"):
                by_id.setdefault(node.meant(knob).lower(), node)
    found: dict[Node, Node] = {}
    for read in reads:
        home = named.get(read.meant("su_shot")) if "su_shot" in read.made else None
        home = home or by_id.get(id_in(_basename(_path(read))))
        home = home or next((node for node in backdrops if _lies_in(read, node)), None)
        if home is not None:
            found[read] = home
    return found


def _lies_in(node: Node, backdrop: Node) -> bool:
    if node.group != backdrop.group:
        return False
    across, down = node.number("xpos", 0) + _NODE[0] // 2, node.number("ypos", 0) + _NODE[1] // 2
    left, top = backdrop.number("xpos", 0), backdrop.number("ypos", 0)
    wide, high = backdrop.number("bdwidth", 0), backdrop.number("bdheight", 0)
    return left <= across < left + wide and top <= down < top + high


def _path(node: Node) -> str:
    """A Read's file, without the frame range somebody may have typed behind it."""
    return re.sub(r" -?\d{1,9}-\d{1,9}$", "", node.meant("file").strip()).replace("\\", "/")


def _basename(path: str) -> str:
    return path.rpartition("/")[2]


def _read(node: Node) -> ScriptRead:
    path = _path(node)
    first = node.number("first", node.number("origfirst", 1))
    last = node.number("last", node.number("origlast", first))
    about = {knob: node.meant(knob) for knob in node.made if knob.startswith("su_")}
    written = "su_role" in about
    number = about.get("su_take", "") if written else ""
    taken = _TAKE.search(_basename(path))
    if not number and taken:
        number = taken[1]
    return ScriptRead(
        node.name,
        path,
        first,
        max(last, first),
        about.get("su_role", "new") or "new",
        about.get("su_key", ""),
        id_in(_basename(path)) or about.get("su_id", ""),
        int(number) if number.isdecimal() and len(number) < 7 else 0,
        node.text("colorspace"),
        node.text("raw") == "true",
        node.line,
        about,
    )


def _shot(node: Node, inside: list[Node], fallback: Rate, switches: dict[str, Node]) -> ScriptShot:
    about = {knob: node.meant(knob) for knob in node.made if knob.startswith("su_")}
    first = node.number("su_first", 1001)
    rate = _rate(about["su_rate"]) if about.get("su_rate") else fallback
    reads = [_read(each) for each in inside]
    switch = switches.get(f"Takes_{about.get('su_shot', '')}")
    return ScriptShot(
        about.get("su_clip") or about.get("su_shot") or node.name,
        about.get("su_id", "").lower(),
        first,
        max(node.number("su_last", first), first),
        rate,
        tuple(reads),
        max(node.number("su_handles", 0), 0),
        _chosen(switch, reads),
        about.get("su_clip", ""),
        about.get("su_track", ""),
        about.get("su_path", ""),
        about.get("su_kind", ""),
        _object(about.get("su_source", "")),
        _object(about.get("su_asked", "")),
        True,
    )


def _chosen(switch: Node | None, reads: list[ScriptRead]) -> str:
    """The key of what a shot's switch shows; without one that of its only plate or take."""
    if switch is None:
        keys = [read.key for read in reads if read.key and read.role != "matte"]
        return keys[0] if len(keys) == 1 else ""
    which = switch.number("which", 0)
    node = switch.inputs[which] if 0 <= which < len(switch.inputs) else None
    passed = 0
    while node is not None and passed < 1000:
        if "su_key" in node.made:
            return node.meant("su_key")
        if node.kind == "Read":
            return ""
        node, passed = (node.inputs[0] if node.inputs else None), passed + 1
    return ""


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lone(node: Node, rate: Rate) -> ScriptShot:
    """A Read that belongs to no shot of ours, as one by itself."""
    read = _read(node)
    name = _basename(read.path) or read.name
    return ScriptShot(name, read.id, read.first, read.last, rate, (read,), clip=node.name)
