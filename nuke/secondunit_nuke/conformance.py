"""What a real Nuke does, asked in it: the suite for hosts, and what its manuals leave open.

In a window: Script Editor, `import secondunit_nuke.conformance as c; c.run("answers.json")`; with a
clip selected the suite is run on that one. In a terminal, with a render licence:

    Nuke -t .../secondunit_nuke/conformance.py answers.json

`python -m secondunit_nuke.conformance` says so too, and `… --nuke NUKE answers.json` runs it. The
answers are JSON: `suite` as HostConformance tells it, `answers` by the question. What is made for
it in the script is taken out again; files are written to a folder of their own, beside the answers.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # by `Nuke -t`, whose path need not hold us
    sys.path[:0] = [
        str(each) for up in (1, 2) for part in ("", "core", "plugins", "lib")
        if (each := Path(__file__).resolve().parents[up] / part).is_dir()
    ]  # fmt: skip

from secondunit_nuke.host import NukeHost
from secondunit_panel.conformance import HostConformance

_FIRST, _LAST = 1001, 1012
_BREAKS = (RuntimeError, ValueError, TypeError, NameError, AttributeError, LookupError, OSError)

HOW = """\
In Nuke, with a clip selected, type into the Script Editor:
    import secondunit_nuke.conformance as c; c.run("{out}")
Or in a terminal, which takes a render licence:
    {nuke} -t {script} {out}
Send the file it writes to whoever asked for it.
"""


class Questions:
    """What is asked of one Nuke, on its main thread; `path` is a sequence of its own."""

    def __init__(self, nuke: Any, path: str) -> None:
        self.nuke, self.path = nuke, path

    def read(self, **knobs: Any) -> Any:
        """A Read of the sequence."""
        read = self.nuke.nodes.Read()
        read["file"].fromUserText(f"{self.path} {_FIRST}-{_LAST}")
        for name, value in {
            "origfirst": _FIRST, "origlast": _LAST, "first": _FIRST, "last": _LAST, **knobs
        }.items():  # fmt: skip
            read[name].setValue(value)
        return read

    def read_start_at(self) -> Any:
        """Which frame of its file a trimmed Read shows where it is told to start."""
        read = self.read(first=_FIRST + 2, frame_mode="start at", frame="1")
        shown = _number(read, 4)
        return {_FIRST + 3: "origfirst", _FIRST + 5: "first"}.get(shown, shown)

    def read_offset(self) -> Any:
        """Whether an offset is added to the script's frame to get the file's, or taken off."""
        read = self.read(frame_mode="offset", frame="3")
        shown = _number(read, _FIRST + 5)
        return {_FIRST + 8: "adds", _FIRST + 2: "subtracts"}.get(shown, shown)

    def read_offset_range(self) -> Any:
        """The range such a Read says it has."""
        return _range(self.read(frame_mode="offset", frame="3"))

    def read_expression_range(self) -> Any:
        """The range of a Read whose frame is frame+3."""
        return _range(self.read(frame="frame+3"))

    def metadata_tells_files(self) -> Any:
        """Whether a Read tells which file it reads at a frame."""
        return bool(self.read().metadata("input/filename", _FIRST + 1))

    def metadata_tells_frames(self) -> Any:
        """Which number it tells beside that."""
        return self.read().metadata("input/frame", _FIRST + 1)

    def text_reads_range(self) -> Any:
        """The range after fromUserText with one behind the path."""
        read = self.nuke.nodes.Read()
        read["file"].fromUserText(f"{self.path} {_FIRST}-{_LAST}")
        return [int(read[name].value()) for name in ("first", "last", "origfirst", "origlast")]

    def text_without_range(self) -> Any:
        """The range after fromUserText with the path alone."""
        read = self.nuke.nodes.Read()
        read["file"].fromUserText(self.path)
        return [int(read[name].value()) for name in ("first", "last")]

    def text_keeps_hashes(self) -> Any:
        """What #### has become."""
        return Path(str(self.read()["file"].value())).name

    def text_resets_colour(self) -> Any:
        """What fromUserText does to a colour space that was chosen before."""
        read = self.read()
        name = next(iter(read["colorspace"].values()), "")
        read["colorspace"].setValue(name)
        before = str(read["colorspace"].value())
        read["file"].fromUserText(f"{self.path} {_FIRST}-{_LAST}")
        return str(read["colorspace"].value()) != before

    def read_sets_script_range(self) -> Any:
        """Whether a new Read changes the script's own range."""
        root = self.nuke.root()
        root["first_frame"].setValue(1)
        root["last_frame"].setValue(5)
        self.read()
        return [int(root[name].value()) for name in ("first_frame", "last_frame")] != [1, 5]

    def default_colour(self) -> Any:
        """What a colour space nobody chose is called."""
        return str(self.read()["colorspace"].value())

    def bad_colour(self) -> Any:
        """What becomes of a colour space there is not."""
        return _becomes(lambda: self.read()["colorspace"].setValue("no such space"))

    def bad_enum(self) -> Any:
        """What becomes of a choice there is not."""
        return _becomes(lambda: self.read()["frame_mode"].setValue("no such mode"))

    def bad_knob(self) -> Any:
        """What a knob there is not raises."""
        return _becomes(lambda: self.nuke.nodes.NoOp()["no_such_knob"])

    def bad_class(self) -> Any:
        """What a node there is not raises."""
        return _becomes(lambda: self.nuke.nodes.NoSuchNode())

    def deleted_node(self) -> Any:
        """What a node raises that is deleted."""
        node = self.nuke.nodes.NoOp()
        self.nuke.delete(node)
        return _becomes(node.name)

    def delete_plugs_on(self) -> Any:
        """Whether what stood below a deleted node is plugged into what stood above it."""
        above = self.nuke.nodes.NoOp()
        between = self.nuke.nodes.NoOp(inputs=[above])
        below = self.nuke.nodes.NoOp(inputs=[between])
        self.nuke.delete(between)
        return below.input(0) is not None

    def nodes_keep_selection(self) -> Any:
        """Whether nuke.nodes leaves the selection alone."""
        node = self.nuke.nodes.NoOp()
        node.setSelected(True)
        before = [each.name() for each in self.nuke.selectedNodes()]
        self.nuke.nodes.NoOp()
        return [each.name() for each in self.nuke.selectedNodes()] == before

    def same_node_is_equal(self) -> Any:
        """Whether two handles of a node are equal, and whether they are one."""
        name = self.nuke.nodes.NoOp().name()
        one, other = self.nuke.toNode(name), self.nuke.toNode(name)
        return [bool(one == other), one is other]

    def string_knob_keeps(self) -> Any:
        """Whether a text knob keeps brackets, dollars and lines as they are."""
        text, node = "a [exec x] $y {z\nsecond", self.nuke.nodes.NoOp()
        node.addKnob(self.nuke.String_Knob("su_test", "test"))
        node["su_test"].setValue(text)
        return str(node["su_test"].value()) == text

    def shapes_lie_over(self) -> Any:
        """Which of two shapes lies over the other: the one appended last, or the first."""
        roto, rp = self.nuke.nodes.Roto(), importlib.import_module("nuke.rotopaint")
        curves = roto["curves"]
        for alpha in (1.0, 0.0):
            shape = rp.Shape(curves)
            for x, y in ((10, 10), (30, 10), (30, 30), (10, 30)):
                shape.append(rp.ShapeControlPoint(x, y))
            overlay = rp.AnimAttributes.kAlphaOverlayAttribute
            shape.getAttributes().set(self.nuke.frame(), overlay, alpha)
            curves.rootLayer.append(shape)
        curves.changed()
        return "first" if roto.sample("alpha", 20, 20) > 0.5 else "last"

    def undo_counts(self) -> Any:
        """How many steps an undo group of two nodes makes."""
        undo = self.nuke.Undo
        before = undo.undoSize()
        undo.begin()
        undo.name("Second Unit: a question")
        self.nuke.nodes.NoOp()
        self.nuke.nodes.NoOp()
        undo.end()
        return undo.undoSize() - before

    def undo_cancel_reverts(self) -> Any:
        """Whether a group that is cancelled leaves nothing."""
        before = len(self.nuke.allNodes())
        self.nuke.Undo.begin()
        self.nuke.nodes.NoOp()
        self.nuke.Undo.cancel()
        return len(self.nuke.allNodes()) == before

    def nodes_told(self) -> Any:
        """How many of thirty nodes are told of."""
        for _ in range(30):
            self.nuke.nodes.NoOp()
        return len(self.nuke.allNodes("NoOp"))

    def there_is(self) -> Any:
        """Which of what we lean on this Nuke has."""
        nuke, undo, root = self.nuke, self.nuke.Undo, self.nuke.root()
        wanted = (
            (nuke, "lastHitGroup"), (undo, "disabled"), (undo, "cancel"), (root, "setProxy"),
            (root, "setModified"), (root, "modified"), (root, "begin"),
        )  # fmt: skip
        return {name: callable(getattr(each, name, None)) for each, name in wanted}


QUESTIONS = tuple(name for name, each in vars(Questions).items()
                  if callable(each) and name not in ("__init__", "read"))  # fmt: skip


def run(out: str | Path, done: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Ask all, and write the answers; in a window beside the main thread, so at once back."""
    nuke = importlib.import_module("nuke")
    host, path = NukeHost(nuke), Path(out).expanduser().absolute()

    def ask() -> None:
        report = asked(host, path.with_suffix(""))
        path.write_text(json.dumps(report, indent=1, default=str), "utf-8")
        sys.stdout.write(f"Second Unit: the answers are in {path}\n")
        if done is not None:
            done(report)

    if nuke.GUI:
        threading.Thread(target=ask, daemon=True).start()
    else:
        ask()


def asked(host: NukeHost, folder: Path) -> dict[str, Any]:
    """The suite's report, and the answer to each question or what was raised."""
    nuke, main = host.nuke, host.main
    path = main.carry(lambda: _footage(nuke, folder))
    answers: dict[str, Any] = {}
    for name in QUESTIONS:
        answers[name] = main.carry(lambda name=name: _answer(nuke, path, name))  # type: ignore[misc]
    answers["fault_in_main_thread"] = "not asked"
    if nuke.GUI and not main.here:
        answers["fault_in_main_thread"] = _becomes(
            lambda: nuke.executeInMainThreadWithResult(_faulty)
        )
    made = main.carry(lambda: _something_selected(nuke, path))
    suite = HostConformance(host, folder / "suite", pump=main.pump if main.here else time.sleep)
    report = suite.run()
    main.carry(lambda: [nuke.delete(each) for each in made])
    about = {key: str(each) for key, each in dict(nuke.env).items()}
    return {"nuke": about, "window": bool(nuke.GUI), "python": platform.python_version(),
            "answers": answers, "suite": report}  # fmt: skip


def main(words: Sequence[str]) -> int:
    """`Nuke -t conformance.py OUT` asks; without a Nuke around it, says how, or starts one."""
    try:
        importlib.import_module("nuke").GUI  # noqa: B018 - a folder of that name has none
    except (ImportError, AttributeError):
        out = os.path.abspath(words[-1]) if words else "nuke-answers.json"
        if len(words) == 3 and words[0] == "--nuke":
            return subprocess.run(command(words[1], out), check=False).returncode
        sys.stdout.write(HOW.format(out=out, nuke="Nuke", script=Path(__file__).resolve()))
        return 0
    run(words[-1] if words else "nuke-answers.json")
    return 0


def command(nuke: str, out: str) -> list[str]:
    """What runs this in the terminal mode of a Nuke."""
    return [nuke, "-t", str(Path(__file__).resolve()), out]


def _answer(nuke: Any, path: str, name: str) -> Any:
    """An answer; what was made in the script for it is deleted."""
    root, undo = nuke.root(), nuke.Undo
    before = {str(each.name()) for each in nuke.allNodes()}
    ranges = {key: root[key].value() for key in ("first_frame", "last_frame")}
    if not name.startswith("undo"):
        undo.disable()
    try:
        return getattr(Questions(nuke, path), name)()
    except _BREAKS as error:
        return f"{type(error).__name__}: {error}"
    finally:
        while new := [each for each in nuke.allNodes() if str(each.name()) not in before]:
            for each in new:  # again, for a Nuke that tells of ten at a time
                nuke.delete(each)
        for key, value in ranges.items():
            root[key].setValue(value)
        if not name.startswith("undo"):
            undo.enable()


def _footage(nuke: Any, folder: Path) -> str:
    """A little sequence that Nuke itself has written."""
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / "asked.####.exr").as_posix()
    grey = nuke.nodes.Constant()
    write = nuke.nodes.Write(inputs=[grey])
    try:
        write["file"].setValue(path)
        write["file_type"].setValue("exr")
        nuke.execute(write, _FIRST, _LAST, 1, [nuke.views()[0]])
    finally:
        nuke.delete(write)
        nuke.delete(grey)
    return path


def _something_selected(nuke: Any, path: str) -> list[Any]:
    """What the suite is run on, where nothing is selected."""
    if nuke.selectedNodes():
        return []
    read = Questions(nuke, path).read()
    root = nuke.root()
    root["first_frame"].setValue(_FIRST + 3)
    root["last_frame"].setValue(_LAST - 3)
    read.setSelected(True)
    return [read]


def _number(read: Any, frame: int) -> Any:
    """The number of the file a Read says it reads at a frame."""
    name = read.metadata("input/filename", frame)
    return int(str(name).rsplit(".", 2)[-2]) if name else read.metadata("input/frame", frame)


def _range(node: Any) -> list[int]:
    return [int(node.firstFrame()), int(node.lastFrame())]


def _becomes(act: Callable[[], Any]) -> str:
    """What comes of something that should not work."""
    try:
        result = act()
    except _BREAKS as error:
        return f"{type(error).__name__}: {error}"
    return f"nothing is raised, {result}"


def _faulty() -> None:
    raise ValueError("this is meant: a call that fails")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
