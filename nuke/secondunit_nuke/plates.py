"""What is selected in the tree: the file a node shows, where nothing on the way changes it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_nuke.knobs import group_of, inside, says
from secondunit_panel.host import Place, Selection, Shot
from secondunit_panel.service import data_folder

UNTITLED = "Untitled"
# What Nuke's own colour management calls spaces that every OCIO config knows.
OCIO_NAMES = {"linear": "lin_rec709", "sRGB": "srgb_tx"}

_CLEAR = ("Dot", "NoOp", "PostageStamp", "Write", "FrameRange")
_NO_PICTURE = ("Viewer", "BackdropNode", "StickyNote", "Input")
_NUMBER = re.compile(r"#+|%0?(\d*)d")


class Unlike(Exception):
    """A node does not show just a file; the sentence says why."""


def selection(nuke: Any) -> Selection:
    """The selected nodes that have a picture, from left to right; a matte of ours is the matte."""
    with inside(nuke.lastHitGroup() if nuke.GUI else nuke.root()):
        nodes = [e for e in nuke.selectedNodes() if e.Class() not in _NO_PICTURE and e.channels()]
    nodes.sort(key=lambda each: (each.xpos(), each.ypos(), each.name()))
    mattes = [each for each in nodes if says(each, "su_part") == "matte"]
    clips = [each for each in nodes if each not in mattes]
    matte = shot(nuke, mattes[0]) if mattes and clips else None
    shots = tuple(shot(nuke, each) for each in clips or mattes)
    return Selection(shots, matte=matte, playhead=int(nuke.frame()), document=document(nuke))


def document(nuke: Any) -> str:
    """The script's path, or that it has none yet."""
    name = str(nuke.root().name())
    return UNTITLED if name in ("", "Root") else name


def place_of(nuke: Any, node: Any, frames: FrameRange) -> Place:
    """Where a node is, on frames of the script."""
    group, rate = group_of(nuke, node), Rate.of(float(nuke.root()["fps"].value()))
    track = "" if group.Class() == "Root" else str(group.fullName())
    return Place(frames, rate, str(node.fullName()), document(nuke), track)


def shot(nuke: Any, node: Any) -> Shot:
    """A node as a clip: its file's frames, or that it has to be rendered, and why.

    Its frames are those of the script, as far as it has them.
    """
    first, root, format = int(node.firstFrame()), nuke.root(), node.format()
    frames = FrameRange(first, max(first, int(node.lastFrame())))
    begin, end = (int(root[name].value()) for name in ("first_frame", "last_frame"))
    place = place_of(nuke, node, frames.clipped_to(FrameRange(begin, max(begin, end))) or frames)
    available: FrameRange | None
    try:
        (clip, available), why = _source(nuke, node, place), ""
    except Unlike as reason:
        (clip, available), why = _beneath(nuke, node, place), str(reason)
    size = format.width(), format.height()
    return Shot(str(node.name()), clip, place, available, *size, must_export=why)


def file_of(nuke: Any, read: Any, frame: int) -> str:
    """The path in a Read, whole and with its Tcl worked out, #### for the frame. Raises Unlike."""
    path = written = str(read["file"].value())
    if "[" in written:
        path = str(read["file"].evaluate(frame))
        if _NUMBER.search(written):
            path = re.sub(r"-?\d+(?=\.\w+$)", lambda found: "#" * len(found[0]), path)
    if re.search(r"%v", path, re.IGNORECASE):
        raise Unlike("It has two views")
    path = _NUMBER.sub(lambda m: "#" * (int(m[1] or 1) if m[0][0] == "%" else len(m[0])), path)
    folder = str(nuke.root()["project_directory"].evaluate() or os.getcwd())
    path = os.path.join(folder, path)
    return path.replace("\\", "/") if os.sep == "\\" else path


def numbers(read: Any, frames: FrameRange) -> FrameRange | None:
    """The numbers in the file that a Read shows at frames of the script; None where not known.

    Nuke tells which file it reads at a frame; where it does not, only what needs no telling counts:
    whether an offset is added or taken off is told both ways.
    """
    first, last = (_told(read, frame) for frame in (frames.first, frames.last))
    mode, text = str(read["frame_mode"].value()), str(read["frame"].value()).strip()
    if mode == "expression" and text not in ("", "frame"):
        return None
    if first is not None and last is not None:
        return FrameRange(first, last) if last - first == frames.last - frames.first else None
    if mode == "expression" or text in ("", "0"):
        return frames if mode != "start at" else None
    begin, whole = int(read["first"].value()), re.fullmatch(r"-?\d+", text)
    untrimmed = mode == "start at" and begin == int(read["origfirst"].value())
    return frames.shifted(begin - int(text)) if untrimmed and whole else None


def managed(nuke: Any) -> bool:
    """Whether colours are managed by an OCIO config, not by Nuke itself."""
    return str(nuke.root()["colorManagement"].value()) == "OCIO"


def working_space(nuke: Any) -> str:
    """What Nuke works in, as an OCIO name."""
    name = str(nuke.root()["workingSpaceLUT"].value()) if managed(nuke) else "linear"
    return _bare(name) if managed(nuke) else OCIO_NAMES[name]


def _colour_space(nuke: Any, read: Any) -> str:
    """A Read's colour space as the engine knows it, "" for what the file says. Raises Unlike."""
    told, shared = str(read["colorspace"].value()), managed(nuke) and os.environ.get("OCIO")
    if read["raw"].value() or (told.startswith("default") and not shared):
        return ""
    name = _bare(told)
    if not managed(nuke) and name not in OCIO_NAMES:
        raise Unlike(f"Only Nuke knows the colours of {name}")
    return name if managed(nuke) else OCIO_NAMES[name]


def _source(nuke: Any, node: Any, place: Place) -> tuple[Clip, FrameRange]:
    """What a node shows of a file, and what that has. Raises Unlike where it is not just that."""
    shift, read, off = 0, node, _off(node)
    while (kind := str(read.Class())) != "Read":
        name = str(read.name())
        if kind == "TimeOffset" and not off:
            if _moves(read["time_offset"]) or read["reverse_input"].value():
                raise Unlike(f"{name} retimes it")
            shift -= int(read["time_offset"].value())
        elif kind not in _CLEAR and not off:
            raise Unlike(f"{name} is part of the picture")
        read = read.input(0)
        if read is None:
            raise Unlike(f"{name} shows no footage")
        off = _off(read)
    if off:
        raise Unlike(f"{read.name()} is switched off")
    shown = place.range.shifted(shift)
    theirs, have = numbers(read, shown), _have(read)
    used = FrameRange(int(read["first"].value()), int(read["last"].value()))
    if theirs is None:
        raise Unlike(f"The frames of {read.name()} are shifted or retimed")
    if not (have.covers(used) and used.covers(theirs)):
        raise Unlike(f"{read.name()} holds frames beyond its file's")
    path, told = file_of(nuke, read, shown.first), read.metadata("input/frame_rate", shown.first)
    rate = Rate.of(float(told)) if told else place.rate
    start = None if "#" in path else have.first
    return Clip(path, theirs, rate, _colour_space(nuke, read), start), have


def _beneath(nuke: Any, node: Any, place: Place) -> tuple[Clip, FrameRange | None]:
    """The footage below a node that changes it; without any, where its frames will lie."""
    read, frames = node, place.range
    while read is not None and read.Class() != "Read":
        read = read.input(0)
    if read is not None:
        with suppress(Unlike):
            path, have = file_of(nuke, read, frames.first), _have(read)
            start = None if "#" in path else have.first
            return Clip(path, frames.clipped_to(have) or have, place.rate, "", start), have
    home = data_folder() if place.document == UNTITLED else Path(place.document).parent
    return Clip(str(home / f"{node.name()}.####.exr"), frames, place.rate), None


def _have(read: Any) -> FrameRange:
    first = int(read["origfirst"].value())
    return FrameRange(first, max(first, int(read["origlast"].value())))


def _told(read: Any, frame: int) -> int | None:
    """The number of the file that Nuke says it reads at a frame of a sequence."""
    path, written = read.metadata("input/filename", frame), str(read["file"].value())
    found = re.search(r"(-?\d+)\.\w+$", str(path)) if _NUMBER.search(written) else None
    return int(found[1]) if found else None


def _off(node: Any) -> bool:
    """Whether a node is switched off. Raises Unlike for one that is at some frames only."""
    knob = node.knob("disable")
    if knob is not None and _moves(knob):
        raise Unlike(f"{node.name()} is switched on and off")
    return knob is not None and bool(knob.value())


def _moves(knob: Any) -> bool:
    return bool(knob.isAnimated() or knob.hasExpression())


def _bare(name: str) -> str:
    """A colour space's own name: X of "default (X)"."""
    found = re.fullmatch(r"(?:default|scene_linear) \((.*)\)", name)
    return found[1] if found else name
