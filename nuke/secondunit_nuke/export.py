"""A plate that is no file yet: rendered frame by frame, at full size, each looked at on the disk.

Between two frames Nuke is its user's, and nothing of ours stands in the script.
"""

from __future__ import annotations

import errno
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import DiskFull, NotWritable, Problem
from secondunit_nuke.exr import fault
from secondunit_nuke.knobs import group_of, inside, node_at
from secondunit_nuke.main_thread import MainThread
from secondunit_nuke.plates import working_space
from secondunit_panel.host import HostCannot, PlateHoled, Progress, Shot

_LITTLE = 64 << 20  # bytes: a disk with less is taken to be full
_WRITTEN = {"raw": True, "datatype": "16 bit half", "compression": "Zip (1 scanline)"}


def export(nuke: Any, main: MainThread, shot: Shot, folder: Path, told: Progress) -> Clip:
    """The frames of a shot as EXR, 16 bit, in what Nuke works in.

    Raises PlaceGone, PlateHoled, DiskFull, NotWritable, HostCannot, and what `told` raises.
    """
    space = main.carry(partial(_ready, nuke, shot))
    frames = shot.place.range
    files = FrameRange.starting(frames.first if frames.first >= 0 else 1001, len(frames))
    own = _own_folder(folder)
    try:
        for done, (frame, number) in enumerate(zip(frames, files, strict=True)):
            told(done, len(frames))
            path = own / f"plate.{number:04d}.exr"
            main.carry(partial(_render, nuke, shot, frame, path))
            if wrong := fault(path, shot.width, shot.height):
                raise _holed(f"Frame {frame} of the plate {wrong}", path)
        told(len(frames), len(frames))
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return Clip(str(own / "plate.####.exr"), files, shot.place.rate, space)


def _ready(nuke: Any, shot: Shot) -> str:
    """What is worked in, where the shot can be rendered."""
    node_at(nuke, shot.place)
    if nuke.env["nc"]:
        what = "Nuke Non-commercial renders no plates"
        raise HostCannot(what, shot.must_export, "Select the Read itself")
    return working_space(nuke)


def _render(nuke: Any, shot: Shot, frame: int, path: Path) -> None:
    """One frame, by a Write that is gone again afterwards."""
    node = node_at(nuke, shot.place)
    with _as_it_was(nuke), inside(group_of(nuke, node)):
        write = nuke.nodes.Write(inputs=[node])
        try:
            write["file"].setValue(path.as_posix())
            write["file_type"].setValue("exr")  # first: its own knobs come with it
            write["channels"].setValue("rgba" if "rgba.alpha" in node.channels() else "rgb")
            for name, value in _WRITTEN.items():
                write[name].setValue(value)
            nuke.execute(write, frame, frame, 1, [nuke.views()[0]])
        except RuntimeError as error:
            raise _holed(f"Nuke did not render frame {frame}: {error}", path) from error
        finally:
            nuke.delete(write)


@contextmanager
def _as_it_was(nuke: Any) -> Iterator[None]:
    """At full size, and the script afterwards as it was: nothing to undo, nothing to save."""
    root, recording = nuke.root(), not nuke.Undo.disabled()
    proxy, modified = root.proxy(), root.modified()
    nuke.Undo.disable()
    try:
        root.setProxy(False)
        yield
    finally:
        root.setProxy(proxy)
        if recording:
            nuke.Undo.enable()
        root.setModified(modified)


def _holed(what: str, path: Path) -> Problem:
    if shutil.disk_usage(path.parent).free < _LITTLE:
        return DiskFull("There is no room for the plate", str(path.parent), "Make room, then again")
    return PlateHoled(what, str(path), "Look at that frame in the Viewer, then try again")


def _own_folder(folder: Path) -> Path:
    """A new folder, so that plates of earlier jobs stay what they were."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = {each.name for each in folder.iterdir()}
        own = next(folder / name for n in itertools.count(1) if (name := f"v{n:03d}") not in taken)
        own.mkdir()
    except OSError as error:
        kind = DiskFull if error.errno == errno.ENOSPC else NotWritable
        raise kind("The plate cannot be written", str(error), "Choose another folder") from error
    return own
