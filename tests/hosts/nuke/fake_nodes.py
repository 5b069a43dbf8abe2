"""The fake Nuke's nodes and knobs: handles into a state that undo can put back."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any

import fake_media
import fake_picture
import numpy as np
from fake_roto import CurveKnob

USER = ("Tab_Knob", "String_Knob", "Int_Knob", "Double_Knob", "Boolean_Knob", "File_Knob",
        "Multiline_Eval_String_Knob", "Enumeration_Knob", "PyScript_Knob")  # fmt: skip
_NO_PICTURE = ("Viewer", "BackdropNode", "StickyNote", "Camera3", "Root")
_ENUMS = {
    "frame_mode": ("expression", "start at", "offset"),
    "before": ("hold", "loop", "bounce", "black"),
    "after": ("hold", "loop", "bounce", "black"),
    "on_error": ("error", "black", "checkerboard", "nearest frame"),
    "file_type": ("", "exr", "mov", "png", "dpx", "tiff"),
    "channels": ("rgb", "rgba", "all", "alpha"),
    "datatype": ("16 bit half", "32 bit float"),
    "compression": ("none", "Zip (1 scanline)", "Zip (16 scanlines)", "DWAA"),
    "colorManagement": ("Nuke", "OCIO"),
}
_COMMON: dict[str, Any] = {"label": "", "selected": False, "xpos": 0, "ypos": 0, "tile_color": 0}
_PICTURE: dict[str, Any] = {"disable": False}
_KINDS: dict[str, dict[str, Any]] = {
    "Root": {"first_frame": 1, "last_frame": 100, "fps": 24.0, "lock_range": False, "frame": 1,
             "format": (64, 36), "colorManagement": "Nuke", "workingSpaceLUT": "linear",
             "proxy": False, "project_directory": ""},
    "Read": {"file": "", "first": 1, "last": 1, "origfirst": 1, "origlast": 1, "before": "hold",
             "after": "hold", "frame_mode": "expression", "frame": "", "on_error": "error",
             "colorspace": "", "raw": False, "premultiplied": False, "auto_alpha": False,
             "format": (64, 36), "proxy": "", "localizationPolicy": "on", "reload": ""},
    "Write": {"file": "", "file_type": "", "channels": "rgb", "colorspace": "", "raw": False,
              "premultiplied": False, "create_directories": False, "use_limit": False, "first": 1,
              "last": 1, "views": "main", "render_order": 1},
    "Group": {}, "Input": {"number": 0}, "Output": {}, "Dot": {}, "NoOp": {}, "Premult": {},
    "Viewer": {}, "BackdropNode": {}, "StickyNote": {}, "Camera3": {}, "Merge2": {},
    "Copy": {"from0": "rgba.alpha", "to0": "rgba.alpha"},
    "Switch": {"which": 0}, "Grade": {"multiply": 0.5},
    "TimeOffset": {"time_offset": 0, "reverse_input": False},
    "FrameRange": {"first_frame": 1, "last_frame": 100},
    "Retime": {}, "Constant": {}, "PostageStamp": {},
    "Roto": {"curves": None, "output": "alpha"},
}  # fmt: skip
_EXR = {"datatype": "16 bit half", "compression": "Zip (1 scanline)", "metadata": "default",
        "interleave": "channels, layers and views"}  # fmt: skip


@dataclass
class KnobData:
    """A knob as the script has it."""

    name: str
    value: Any
    kind: str = ""
    label: str = ""
    flags: int = 0
    user: bool = False
    expression: str = ""
    animated: bool = False
    choices: tuple[str, ...] = ()


@dataclass
class NodeData:
    """A node as the script has it; `parent` the id of its group."""

    id: int
    kind: str
    name: str
    parent: int
    knobs: dict[str, KnobData] = field(default_factory=dict)
    inputs: list[int | None] = field(default_factory=list)


def knobs_of(kind: str) -> dict[str, KnobData]:
    """The knobs a node has from the beginning."""
    own = _KINDS[kind] | ({} if kind == "Root" else _COMMON)
    if kind not in _NO_PICTURE and kind not in ("Input", "Output"):
        own = own | _PICTURE
    made = {
        name: KnobData(name, value, choices=_ENUMS.get(name, ())) for name, value in own.items()
    }
    if "curves" in made:
        made["curves"].value = CurveKnob()
    return made


class NewKnob:
    """A knob that stands in no node yet: nuke.String_Knob("name", "label")."""

    def __init__(self, kind: str, name: str, label: str | None = None, *more) -> None:
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name} is no name for a knob")
        empty: Any = {"Int_Knob": 0, "Double_Knob": 0.0, "Boolean_Knob": False}.get(kind, "")
        self.data = KnobData(name, empty, kind, label or name, user=True)

    def setFlag(self, flag: int) -> None:  # noqa: N802
        self.data.flags |= flag

    def setValue(self, value) -> bool:  # noqa: N802
        self.data.value = value
        return True


class Knob:
    """A knob in a node."""

    def __init__(self, node: Node, name: str) -> None:
        self._node, self._name = node, name

    def __getattr__(self, name):
        # `curves` of a Roto is asked for its layer, which other knobs do not have.
        value = self._data.value if name in ("rootLayer", "changed", "seen") else None
        if isinstance(value, CurveKnob):
            return getattr(value, name)
        raise AttributeError(name)

    @property
    def __class__(self):
        return CurveKnob if self._name == "curves" else Knob

    @property
    def _app(self):
        return self._node._app

    @property
    def _data(self) -> KnobData:
        self._app.enter()
        return self._node._data.knobs[self._name]

    def name(self) -> str:
        return self._data.name

    def value(self):
        data = self._data
        if self._name in ("format",):
            return Format(*data.value)
        if data.kind == "Multiline_Eval_String_Knob" and "[" in data.value:
            raise RuntimeError("invalid command name")
        if self._name == "colorspace":
            return self._app.colours.shown(self._node, data.value)
        return data.value

    getValue = value  # noqa: N815

    def setValue(self, value, *more) -> bool:  # noqa: N802
        data, app = self._data, self._app
        data.expression = ""
        if data.choices and value not in data.choices:
            if app.quirks.bad_enum == "raises":
                raise TypeError(f"{value} is not one of {data.choices}")
            return False
        if self._name == "colorspace" and not app.colours.known(value):
            if app.quirks.bad_colour == "raises":
                raise RuntimeError(f"ColorspaceLookupError: {value}")
            return False
        if self._name == "frame_mode" and app.quirks.frame_mode_sticks:
            return False
        app.change(f"{self._name} changed")
        if isinstance(data.value, bool):
            value = bool(value)
        elif isinstance(data.value, (int, float)) and not isinstance(value, (int, float)):
            raise TypeError("must be a number")
        elif isinstance(data.value, str) and not isinstance(value, str):
            raise TypeError("must be a string")
        data.value = value
        if self._name == "file_type":
            own = self._node._data.knobs
            more = _EXR if value == "exr" else {}
            own.update({k: KnobData(k, v, choices=_ENUMS.get(k, ())) for k, v in more.items()})
        return True

    def fromUserText(self, text: str) -> bool:  # noqa: N802
        """A path, and behind it a range: "/p/a.%04d.exr 1001-1100"."""
        app, read = self._app, self._node
        found = re.fullmatch(r"(.*?)(?:\s+(-?\d+)-(-?\d+))?", text)
        app.change("file")
        if app.quirks.hashes_become_percent:
            path = fake_media.NUMBER.sub(
                lambda m: f"%0{len(m[0])}d" if m[0][0] == "#" else m[0], found[1]
            )
        else:
            path = found[1]
        self._data.value = path
        if app.quirks.text_resets_colour:
            read._data.knobs["colorspace"].value = ""
        there = fake_media.on_disk(app.evaluated(path))
        told = (int(found[2]), int(found[3])) if found[2] else there
        if told and app.quirks.text_reads_range:
            for name, value in zip(("first", "last", "origfirst", "origlast"), told * 2,
                                   strict=True):  # fmt: skip
                read._data.knobs[name].value = value
            root = app.root._data.knobs
            if app.quirks.read_sets_script_range and not root["lock_range"].value:
                root["first_frame"].value, root["last_frame"].value = told
        if there:
            first = fake_media.file_at(app.evaluated(path), there[0])
            read._data.knobs["format"].value = fake_media.size_of(first)
        return True

    def evaluate(self, frame: int | None = None) -> str:
        path = self._app.evaluated(str(self._data.value))
        return path if frame is None else fake_media.file_at(path, frame)

    def setExpression(self, text: str, *more) -> bool:  # noqa: N802
        self._app.change("expression")
        self._data.expression = text
        return True

    def hasExpression(self, *more) -> bool:  # noqa: N802
        return bool(self._data.expression)

    def isAnimated(self, *more) -> bool:  # noqa: N802
        return self._data.animated

    def setFlag(self, flag: int) -> None:  # noqa: N802
        self._data.flags |= flag

    def values(self) -> list[str]:
        if self._name == "colorspace":
            return self._app.colours.names()
        return list(self._data.choices)


class Format:
    """A format: width and height in pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height

    def width(self) -> int:
        return self._size[0]

    def height(self) -> int:
        return self._size[1]


class Node:
    """A handle of a node; one whose node is gone raises ValueError, as Nuke's do."""

    def __init__(self, app, id: int) -> None:
        self._app, self._id = app, id

    @property
    def _data(self) -> NodeData:
        self._app.enter()
        found = self._app.state.get(self._id)
        if found is None:
            raise ValueError("A PythonObject is not attached to a node")
        return found

    def __eq__(self, other) -> bool:
        return isinstance(other, Node) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    def __getitem__(self, name: str) -> Knob:
        if name not in self._data.knobs:
            raise NameError(f"knob {name} does not exist")
        return Knob(self, name)

    def knob(self, name: str) -> Knob | None:
        return Knob(self, name) if name in self._data.knobs else None

    def knobs(self) -> dict[str, Knob]:
        return {name: Knob(self, name) for name in self._data.knobs}

    def addKnob(self, knob: NewKnob) -> None:  # noqa: N802
        self._app.change("addKnob")
        if knob.data.name in self._data.knobs:
            raise ValueError(f"there is a knob {knob.data.name} already")
        self._data.knobs[knob.data.name] = knob.data

    def Class(self) -> str:  # noqa: N802
        return self._data.kind

    def name(self) -> str:
        return self._app.script_name if self._data.kind == "Root" else self._data.name

    def fullName(self) -> str:  # noqa: N802
        above = self._app.state[self._data.parent] if self._data.parent else None
        front = f"{Node(self._app, above.id).fullName()}." if above and above.parent else ""
        return f"{front}{self._data.name}"

    def setName(self, name: str, uncollide: bool = True, updateExpressions: bool = False) -> None:  # noqa: N802, N803
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name} is no name for a node")
        self._app.change("name")
        self._data.name = self._app.free_name(name, self._data.parent, self._id)

    def input(self, index: int) -> Node | None:
        inputs = self._data.inputs
        found = inputs[index] if index < len(inputs) else None
        return Node(self._app, found) if found in self._app.state else None

    def setInput(self, index: int, node: Node | None) -> bool:  # noqa: N802
        self._app.change("input")
        inputs = self._data.inputs
        inputs.extend([None] * (index + 1 - len(inputs)))
        inputs[index] = None if node is None else node._data.id
        return True

    def inputs(self) -> int:
        live = [index for index in range(len(self._data.inputs)) if self.input(index) is not None]
        return live[-1] + 1 if live else 0

    def dependent(self, *more) -> list[Node]:
        return [Node(self._app, each.id) for each in self._app.state.values()
                if self._id in each.inputs and each.id != self._id]  # fmt: skip

    def xpos(self) -> int:
        return self._data.knobs["xpos"].value

    def ypos(self) -> int:
        return self._data.knobs["ypos"].value

    def setXYpos(self, x: int, y: int) -> None:  # noqa: N802
        self._app.change("position")
        if not isinstance(x, int) or not isinstance(y, int):
            raise TypeError("integer argument expected")
        self._data.knobs["xpos"].value, self._data.knobs["ypos"].value = x, y

    def setSelected(self, selected: bool) -> None:  # noqa: N802
        self._data.knobs["selected"].value = selected

    def begin(self) -> Node:
        if self._data.kind not in ("Group", "Root"):
            raise AttributeError("begin")
        self._app.context.append(self._id)
        return self

    def end(self) -> None:
        if len(self._app.context) < 2:
            self._app.sin("one end() too many")
        self._app.context.pop()

    def __enter__(self) -> Node:
        return self.begin()

    def __exit__(self, *error) -> None:
        self.end()

    # what is asked of the root

    def proxy(self) -> bool:
        return self["proxy"].value()

    def setProxy(self, on: bool) -> None:  # noqa: N802
        self["proxy"].setValue(on)

    def modified(self) -> bool:
        self._app.enter()
        return self._app.modified

    def setModified(self, modified: bool) -> None:  # noqa: N802
        self._app.enter()
        self._app.modified = modified

    # the picture

    def channels(self) -> list[str]:
        if self._data.kind in _NO_PICTURE:
            return []
        if self._data.kind == "Read":
            try:
                names = fake_media.channels_of(self._file(int(self["first"].value())))
            except (RuntimeError, AttributeError, OSError):
                return ["rgba.red", "rgba.green", "rgba.blue"]
            colours = ["rgba.red", "rgba.green", "rgba.blue"] if len(names) > 2 else ["rgba.red"]
            return colours + (["rgba.alpha"] if "A" in names else [])
        if self._data.kind in ("Roto", "Copy"):
            return ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"]
        first = self.input(0)
        return first.channels() if first else ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"]

    def format(self) -> Format:
        first = self.input(0)
        if "format" in self._data.knobs:
            return Format(*self._data.knobs["format"].value)
        return first.format() if first else self._app.root.format()

    def width(self) -> int:
        return self.format().width() // (2 if self._app.root.proxy() else 1)

    def height(self) -> int:
        return self.format().height() // (2 if self._app.root.proxy() else 1)

    def hasError(self) -> bool:  # noqa: N802
        if self._data.kind == "Read":
            return self._app.quirks.reads_nothing or not os.path.isfile(
                self._file(int(self["first"].value()))
            )
        return any(each.hasError() for each in (self.input(0),) if each)

    def firstFrame(self) -> int:  # noqa: N802
        return self._range()[0]

    def lastFrame(self) -> int:  # noqa: N802
        return self._range()[1]

    def _range(self) -> tuple[int, int]:
        kind = self._data.kind
        if kind == "Read":
            first, last = int(self["first"].value()), int(self["last"].value())
            mode = self["frame_mode"].value()
            late = first - self._mapped(first) if mode != "expression" else 0
            return first + late, last + late
        if kind in ("Root", "FrameRange"):
            return int(self["first_frame"].value()), int(self["last_frame"].value())
        above = self.input(0)
        if above is None:
            return self._app.root._range()
        late = int(self["time_offset"].value()) if kind == "TimeOffset" else 0
        first, last = above._range()
        return first + late, last + late

    def _mapped(self, frame: int) -> int:
        """The number in the file at a frame of the script, before it is held at the ends."""
        mode, text = self["frame_mode"].value(), self["frame"].value().strip()
        quirks = self._app.quirks
        if mode == "expression":
            return int(eval(text or "frame", {}, {"frame": frame}))
        number = int(float(text or 0))
        if mode == "start at":
            begin = "first" if quirks.start_at == "first" else "origfirst"
            return frame - number + int(self[begin].value())
        return frame + number if quirks.offset == "adds" else frame - number

    def _number(self, frame: int) -> int:
        first, last = int(self["first"].value()), int(self["last"].value())
        return min(max(self._mapped(frame), first), last)

    def _file(self, number: int) -> str:
        return fake_media.file_at(self._app.evaluated(self["file"].value()), number)

    def metadata(self, key: str | None = None, time: int | None = None, view: str | None = None):
        self._app.enter()
        if self._data.kind != "Read":
            above = self.input(0)
            late = int(self["time_offset"].value()) if self._data.kind == "TimeOffset" else 0
            return above.metadata(key, (time or 0) - late) if above else None
        frame = self._app.frame() if time is None else time
        path, quirks = self._app.evaluated(self["file"].value()), self._app.quirks
        number = self._number(frame)
        movie = not fake_media.numbered(path)
        if key == "input/filename":
            return self._file(number) if quirks.tells_files and not movie else None
        if key == "input/frame":
            return number if quirks.tells_frames else None
        if key == "input/frame_rate":
            return fake_media.rate_of(path) if os.path.isfile(path) else None
        if key == "input/timecode":
            return quirks.timecode or None
        return None

    def sample(self, channel: str, x: float, y: float, *more) -> float:
        """The alpha of a Roto at a pixel: that of the shape which lies uppermost there."""
        shapes = self["curves"].seen
        over = shapes if self._app.quirks.shapes_over == "last" else reversed(shapes)
        value = 0.0
        for shape in over:
            at = [point.center.getPosition(self._app.frame()) for point in shape]
            (left, low), (right, high) = (
                map(min, zip(*at, strict=True)),
                map(max, zip(*at, strict=True)),
            )
            if left <= x <= right and low <= y <= high:
                value = shape.attributes.getValue(self._app.frame(), "ao")
        return value

    def outside(self) -> Node:
        """The group it stands in."""
        return Node(self._app, self._data.parent)

    def picture(self, frame: int) -> np.ndarray:
        """(H,W,4): what is seen in this node."""
        return fake_picture.picture(self, frame)
