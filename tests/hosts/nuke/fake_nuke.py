"""A fake Nuke: 15, 16 or 17, with windows or in a terminal, each quirk of the real one a switch.

`Nuke(...)` is the application; `installed` puts its modules where `import nuke` finds them. What an
adapter does that would hang or crash the real one is a sin: it is kept in `sins`, and raised.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import fake_media
import fake_roto
import fake_script
import numpy as np
from fake_nodes import USER, KnobData, NewKnob, Node, NodeData, knobs_of
from fake_undo import Undo


class Sin(AssertionError):
    """What would have hung or broken the real Nuke."""


@dataclass
class Quirks:
    """What Nuke is like, where it differs between versions, or is told both ways."""

    bad_enum: str = "raises"  # or "ignored"
    bad_colour: str = "raises"  # or "ignored"
    default_colour: str = "default (%s)"  # or "default", or "%s"
    start_at: str = "first"  # or "origfirst": which frame "start at" puts there
    offset: str = "adds"  # or "subtracts"
    tells_files: bool = True  # metadata input/filename
    tells_frames: bool = True  # metadata input/frame
    timecode: str = "01:00:00:00"
    text_reads_range: bool = True  # fromUserText sets first and last
    text_resets_colour: bool = True
    hashes_become_percent: bool = False  # fromUserText writes %04d for ####
    read_sets_script_range: bool = False  # the first Read changes the script's range
    shapes_over: str = "last"  # or "first": which of a Roto's shapes lies over the others
    terminal_undoes: bool = False
    cancel_reverts: bool = True  # Undo.cancel puts back what was there
    drops_calls: bool = False  # it is closing: what is to be called is not
    all_nodes_capped: bool = True  # of a Non-commercial one
    frame_mode_sticks: bool = False  # a Read's frame mode cannot be set
    reads_nothing: bool = False  # every Read has an error
    fragile_creation: str = ""  # a studio's callback fails for nodes of this class
    execute: dict[int, str] = field(default_factory=dict)
    """By frame: "raises", "cancelled", "missing", "empty", "cut", "unfinished", "small"."""


class Colours:
    """The colour spaces of Nuke's own management, or of an OCIO config."""

    def __init__(self, app: Nuke) -> None:
        self._app = app

    def names(self) -> list[str]:
        if self._app.root._data.knobs["colorManagement"].value == "OCIO":
            return ["ACES - ACEScg", "Output - Rec.709", "ACES - ACEScct"]
        return ["linear", "sRGB", "rec709", "Cineon", "AlexaV3LogC"]

    def known(self, name: str) -> bool:
        return name in self.names() or name == "default"

    def shown(self, node: Node, value: str) -> str:
        if value not in ("", "default"):
            return value
        names = self.names()
        own = names[0] if node._data.knobs["file"].value.endswith(".exr") else names[1]
        text = self._app.quirks.default_colour
        return text % own if "%s" in text else text


class Menu:
    """A menu: what is in it, by its path."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def addMenu(self, name: str, **more) -> Menu:  # noqa: N802
        return self.items.setdefault(name, Menu())

    def addCommand(self, name: str, command=None, shortcut: str = "", **more) -> None:  # noqa: N802
        self.items[name] = command


class Nuke:
    """The application. The thread that makes it is its main one."""

    def __init__(
        self, version: str = "15.1v3", gui: bool = True, nc: bool = False, **quirks
    ) -> None:
        self.version, self.gui, self.nc = version, gui, nc
        self.quirks = Quirks(**quirks)
        self.main = threading.get_ident()
        self.sins: list[str] = []
        self.state: dict[int, NodeData] = {}
        self.ids, self.modified, self.script_name, self.at = 0, False, "Root", 1
        self.state[self._id()] = NodeData(self.ids, "Root", "root", 0, knobs_of("Root"))
        self.root = Node(self, self.ids)
        self.context = [self.ids]
        self.undo, self.colours = Undo(self), Colours(self)
        self.menus: dict[str, Menu] = {}
        self.panels: dict[str, Callable[[], Any]] = {}
        self.opened: list[Any] = []
        self.zoomed: list[tuple[int, int]] = []
        self.on_load: list[Callable[[], None]] = []
        self.hit_group: Node | None = None
        self.executed: list[tuple[int, bool]] = []
        self.longest = 0.0  # seconds the main thread was kept by one call
        self._waiting: deque[tuple[Callable[[], None], threading.Event]] = deque()

    # what tests do

    def pump(self, seconds: float = 0.0) -> None:
        """Let the main loop of a Nuke with windows run."""
        end = time.monotonic() + seconds
        while True:
            while self._waiting:
                call, done = self._waiting.popleft()
                begun = time.monotonic()
                if not self.quirks.drops_calls:
                    with suppress(Exception):  # as Nuke does: it prints, and goes on
                        call()
                self.longest = max(self.longest, time.monotonic() - begun)
                done.set()
            if time.monotonic() >= end:
                return
            time.sleep(0.001)

    def beside(self, call: Callable[[], Any], patience: float = 60.0) -> Any:
        """What a call gives or raises that is made on another thread while Nuke runs."""
        results: list[Any] = []
        faults: list[BaseException] = []

        def run() -> None:
            try:
                results.append(call())
            except BaseException as error:  # noqa: BLE001 - it is raised below
                faults.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        end = time.monotonic() + patience
        while thread.is_alive():
            self.pump(0.002)
            if time.monotonic() > end:
                raise Sin("it hangs")
        if faults:
            raise faults[0]
        return results[0]

    def save(self, path: Path) -> str:
        """Save the script; its text."""
        text = fake_script.written(self)
        path.write_text(text, "utf-8")
        self.script_name = path.as_posix()
        return text

    def open(self, path: Path) -> None:
        fake_script.read(self, path.read_text("utf-8"))
        self.script_name = path.as_posix()

    def sin(self, what: str) -> None:
        self.sins.append(what)
        raise Sin(what)

    # what nodes need

    def enter(self) -> None:
        if threading.get_ident() != self.main:
            self.sin("Nuke was called from another thread than its main one")

    def change(self, what: str) -> None:
        self.enter()
        self.undo.note(what)
        self.modified = True

    def evaluated(self, path: str) -> str:
        """A path as Tcl makes it: brackets are run, backslashes and dollars taken away."""
        path = re.sub(r"\[getenv (\w+)\]", lambda m: os.environ.get(m[1], ""), path)
        path = re.sub(r"\[.*?\]", "", path)
        path = re.sub(r"\\(.)", r"\1", re.sub(r"\$\w*", "", path))
        folder = self.root._data.knobs["project_directory"].value
        return os.path.join(folder, path) if folder and not os.path.isabs(path) else path

    def add(self, kind: str, parent: int) -> NodeData:
        id = self._id()
        name = self.free_name(f"{kind}1", parent, id)
        self.state[id] = NodeData(id, kind, name, parent, knobs_of(kind))
        return self.state[id]

    def free_name(self, name: str, parent: int, own: int) -> str:
        taken = {e.name for e in self.state.values() if e.parent == parent and e.id != own}
        stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()
        while name in taken:
            number = str(int(number or 0) + 1)
            name = f"{stem}{number}"
        return name

    def nodes_in(self, parent: int) -> list[Node]:
        return [Node(self, each.id) for each in self.state.values() if each.parent == parent]

    def _id(self) -> int:
        self.ids += 1
        return self.ids

    # the module's functions

    def toNode(self, name: str) -> Node | None:  # noqa: N802
        self.enter()
        at = self.context[-1]
        words = name.split(".")
        if words[0] == "root":
            at, words = self.root._id, words[1:]
        for word in words:
            found = [e for e in self.state.values() if e.parent == at and e.name == word]
            if not found:
                return None
            at = found[0].id
        return Node(self, at)

    def allNodes(self, filter=None, group=None, recurseGroups=False) -> list[Node]:  # noqa: N802, N803
        self.enter()
        inside = self.nodes_in((group or Node(self, self.context[-1]))._id)
        found = [each for each in inside if filter in (None, each.Class())]
        if recurseGroups:
            for each in inside:
                found += self.allNodes(filter, each, True) if each.Class() == "Group" else []
        return found[:10] if self.nc and self.quirks.all_nodes_capped else found

    def selectedNodes(self, filter=None) -> list[Node]:  # noqa: N802
        self.enter()
        inside = self.nodes_in(self.context[-1])
        return [each for each in reversed(inside) if each._data.knobs["selected"].value]

    def selectedNode(self) -> Node:  # noqa: N802
        found = self.selectedNodes()
        if not found:
            raise ValueError("no node selected")
        return found[0]

    def create(self, kind: str, **knobs) -> Node:
        """nuke.nodes.Kind(knob=value, inputs=[...])."""
        self.enter()
        try:
            knobs_of(kind)
        except KeyError:
            raise RuntimeError(f'Unknown command "{kind}"') from None
        self.change(f"create {kind}")
        node = Node(self, self.add(kind, self.context[-1]).id)
        if self.quirks.fragile_creation == kind:
            raise RuntimeError("onUserCreate: a studio's own callback has failed")
        for index, each in enumerate(knobs.pop("inputs", ())):
            node.setInput(index, each)
        for name, value in knobs.items():
            node.setName(value) if name == "name" else node[name].setValue(value)
        return node

    def createNode(self, kind: str, knobs: str = "", inpanel: bool = True) -> Node:  # noqa: N802
        """As the user does it: plugged into what is selected, and selected itself."""
        selected = self.selectedNodes()
        node = self.create(kind, inputs=selected[:1])
        for each in selected:
            each.setSelected(False)
        node.setSelected(True)
        return node

    def delete(self, node: Node) -> None:
        data = node._data
        self.change("delete")
        onward = data.inputs[0] if data.inputs else None
        for each in self.state.values():
            each.inputs = [onward if i == data.id else i for i in each.inputs]
        for inner in [e.id for e in self.state.values() if e.parent == data.id]:
            del self.state[inner]
        del self.state[data.id]

    def execute(self, node: Node, first: int, last: int, incr: int = 1, views=None) -> None:
        self.enter()
        if node.Class() != "Write":
            raise RuntimeError(f"{node.name()} cannot be executed")
        path = node["file"].value()
        if node["file_type"].value() != "exr":
            raise RuntimeError("no file type")
        folder = os.path.dirname(path)
        if node["create_directories"].value():
            os.makedirs(folder, exist_ok=True)
        if not os.path.isdir(folder):
            raise RuntimeError(f"{folder}: no such directory")
        for frame in range(first, last + 1, incr):
            fault = self.quirks.execute.get(frame, "")
            if fault in ("raises", "cancelled"):
                raise RuntimeError("Cancelled" if fault == "cancelled" else "Read error: no memory")
            proxy = self.root.proxy() or fault == "small"
            self.executed.append((frame, proxy))
            self._write(node, frame, fake_media.file_at(path, frame), proxy, fault)

    def _write(self, node: Node, frame: int, path: str, proxy: bool, fault: str) -> None:
        if fault == "missing":
            return
        if fault == "empty":
            Path(path).touch()
            return
        pixels = node.input(0).picture(frame)
        if proxy:
            pixels = pixels[::2, ::2]
        if not node["raw"].value():
            pixels = np.sqrt(np.abs(pixels))  # some conversion: seen in tests where it is wrong
        half = node["datatype"].value() == "16 bit half"
        channels = node["channels"].value()
        fake_media.write(path, pixels, channels, half, node["compression"].value())
        if fault == "unfinished":
            fake_media.unfinish(path)
        if fault == "cut":
            os.truncate(path, os.path.getsize(path) * 2 // 3)

    def frame(self, number: int | None = None) -> int:
        self.enter()
        if number is not None:
            self.at = number
        return self.at

    def zoom(self, scale: float, center: tuple[int, int]) -> None:
        self.enter()
        if not self.gui:
            raise RuntimeError("no window to zoom")
        self.zoomed.append(center)

    def executeInMainThread(self, call, args=(), kwargs=None) -> None:  # noqa: N802
        self._carry(call, args, kwargs)

    def executeInMainThreadWithResult(self, call, args=(), kwargs=None) -> Any:  # noqa: N802
        """The call's result; what it raises is printed, and None comes back."""
        results: list[Any] = []
        done = self._carry(lambda *a, **k: results.append(call(*a, **k)), args, kwargs)
        if not done.wait(60):
            self.sin("the main thread never came to it")
        return results[0] if results else None

    def _carry(self, call, args, kwargs) -> threading.Event:
        if threading.get_ident() == self.main:
            self.sin("executeInMainThread on the main thread hangs")
        if not self.gui:
            self.sin("in a terminal nobody calls what is to be executed in the main thread")
        args = args if isinstance(args, tuple) else (args,)
        done = threading.Event()
        self._waiting.append((lambda: call(*args, **(kwargs or {})), done))
        return done

    def register(self, widget: str, name: str, id: str, create: bool = False) -> Any:
        """nukescripts.panels.registerWidgetAsPanel: the text is evaluated each time it opens."""
        self.enter()
        if not self.gui:
            self.sin("there are no panels in a terminal")

        def made() -> Any:
            self.opened.append(eval(widget, {})())
            return self

        self.panels[id] = made
        self.menu("Pane").addCommand(name, made)
        return made() if create else None

    def addToPane(self, pane=None) -> None:  # noqa: N802
        """The panel that was made last comes into a pane."""

    def menu(self, name: str) -> Menu:
        return self.menus.setdefault(name, Menu())


_CALLS = (
    "toNode", "allNodes", "selectedNodes", "selectedNode", "createNode", "delete", "execute",
    "frame", "zoom", "executeInMainThread", "executeInMainThreadWithResult", "menu",
)  # fmt: skip


def module(app: Nuke) -> ModuleType:
    """The module `nuke` of an application."""
    made: Any = ModuleType("nuke")
    for name in _CALLS:
        setattr(made, name, getattr(app, name))
    major, minor, release = map(int, re.split(r"[.v]", app.version))
    made.GUI, made.NUKE_VERSION_STRING, made.NUKE_VERSION_MAJOR = app.gui, app.version, major
    made.env = {"gui": app.gui, "nc": app.nc, "indie": False, "studio": False,
                "NukeVersionMajor": major, "NukeVersionMinor": minor,
                "NukeVersionRelease": release, "NukeVersionString": app.version}  # fmt: skip
    made.root, made.views = lambda: app.root, lambda: ["main"]
    made.thisGroup = lambda: Node(app, app.context[-1])
    made.lastHitGroup = lambda: app.hit_group or app.root
    made.Undo, made.INVISIBLE, made.STARTLINE = app.undo, 0x400, 0x1000
    made.getPaneFor = lambda name: name
    made.addOnScriptLoad = app.on_load.append
    for kind in USER:
        setattr(made, kind, lambda *args, kind=kind: NewKnob(kind, *args))
    made.nodes = type("nodes", (), {"__getattr__": lambda self, kind: lambda **k: app.create(kind, **k)})()  # fmt: skip # noqa: E501
    made.rotopaint = fake_roto.module()
    return made


@contextmanager
def installed(app: Nuke) -> Iterator[ModuleType]:
    """`import nuke` and `import nukescripts` find this application meanwhile."""
    panels: Any = ModuleType("nukescripts.panels")
    panels.registerWidgetAsPanel = app.register
    scripts: Any = ModuleType("nukescripts")
    scripts.panels = panels
    nuke = module(app)
    modules = {"nuke": nuke, "nuke.rotopaint": nuke.rotopaint, "nukescripts": scripts,
               "nukescripts.panels": panels}  # fmt: skip
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield nuke
    finally:
        for name, old in before.items():
            if old is None:
                del sys.modules[name]
            else:
                sys.modules[name] = old


def user_knob(name: str, value: Any, kind: str = "String_Knob") -> KnobData:
    """A knob a user has added."""
    return KnobData(name, value, kind, name, user=True)
