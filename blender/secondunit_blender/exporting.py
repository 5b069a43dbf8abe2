"""A strip rendered by itself, a frame at a time, so that Blender stays at its artist's hand."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
import imbuf

from secondunit_contract.clip import Clip
from secondunit_contract.problem import DiskFull, MediaMissing, NotWritable
from secondunit_panel.host import PlateHoled, Progress, Shot

from . import versions
from .neighbours import inputs
from .pump import MainThread
from .scenes import Scenes, file_of
from .strips import FIRST, picture

_EXR = b"\x76\x2f\x31\x01"
_ROOM = 1 << 20  # bytes; with less the disk is full


def export(main: MainThread, scenes: Scenes, shot: Shot, folder: Path, told: Progress) -> Clip:
    """A shot's frames as EXR files in `folder`, linear Rec.709 (see `Host.plate`).

    They stand there when all of them do; what stood there before stays until then.
    """
    frames = shot.place.range
    stem = Path(shot.clip.media).name.partition(".")[0]
    made = folder.with_name(f".{folder.name}.part")
    main.carry(lambda: scenes.strip(shot.place))
    try:
        room_for(made)
        for done, frame in enumerate(frames):
            told(done, len(frames))
            path = made / f"{stem}.{FIRST + done:04d}.exr"

            def one(frame: int = frame, path: Path = path) -> None:
                render(*scenes.strip(shot.place), frame, path)

            main.carry(one, writes=True)
        told(len(frames), len(frames))
        moved(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    pattern = str(folder / f"{stem}.####.exr")
    return Clip(pattern, shot.clip.range, shot.place.rate, "lin_rec709")


def render(scene: Any, strip: Any, frame: int, path: Path) -> None:
    """One frame of a strip, with no other in sight. What is changed for it is put back.

    As an animation of one frame: a single picture of a scene that no window shows is rendered at
    the frame of the one that is shown. Raises PlateHoled, DiskFull, and MediaMissing for a strip
    whose file has gone.
    """
    refuse_lost(strip)
    with _alone(scene, strip, frame, path):
        try:
            bpy.ops.render.render(animation=True, scene=scene.name)
        except RuntimeError as error:
            raise refused(path, str(error)) from error
    made = [each for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.")]
    if len(made) != 1:
        raise refused(path, "nothing was written")
    os.replace(made[0], path)
    size = _size(path)
    if size != picture(scene):
        raise refused(path, f"it is {size[0]}x{size[1]}")


def refuse_lost(strip: Any) -> None:
    """Raises MediaMissing where the file of a strip is not on the disk."""
    if strip.type in ("MOVIE", "IMAGE") and not os.path.isfile(file_of(strip)):
        raise MediaMissing(
            f"The file of {strip.name} is not there", file_of(strip),
            "File > External Data > Find Missing Files, then try again",
        )  # fmt: skip


@contextmanager
def _alone(scene: Any, strip: Any, frame: int, path: Path) -> Iterator[None]:
    image = scene.render.image_settings
    told: list[tuple[Any, str, Any]] = [(scene.render, key, value) for key, value in _RENDER]
    told += [(scene.render, "filepath", f"{path}.#####"), (scene, "frame_step", 1)]
    told += [(scene, key, frame) for key in ("frame_current", "frame_start", "frame_end")]
    told += [(each, "mute", True) for each in _others(scene.sequence_editor, strip)]
    told += [(each, "mute", False) for each in _chain(scene.sequence_editor, strip)]
    told += [(image, key, value) for key, value in versions.as_exr(image)]
    before = [(what, key, getattr(what, key)) for what, key, _ in told if hasattr(what, key)]
    try:
        for what, key, value in told:
            if hasattr(what, key) and getattr(what, key) != value:
                setattr(what, key, value)
        yield
    finally:
        for what, key, value in before:
            if getattr(what, key) != value:
                setattr(what, key, value)


_RENDER = (
    ("resolution_percentage", 100), ("use_sequencer", True), ("use_border", False),
    ("use_file_extension", False), ("use_overwrite", True), ("use_placeholder", False),
    ("use_multiview", False), ("use_stamp", False), ("use_sequencer_override_scene_strip", False),
)  # fmt: skip


def _chain(editor: Any, strip: Any) -> list[Any]:
    """A strip and the metas it lies in, from inside out."""
    found = [strip]
    metas = [each for each in versions.all_strips(editor) if each.type == "META"]
    while True:
        inner = found[-1].name
        outer = [each for each in metas if any(c.name == inner for c in versions.strips(each))]
        if not outer:
            return found
        found.append(outer[0])


def _others(editor: Any, strip: Any) -> list[Any]:
    """All that could be seen beside a strip: not what it lies in, nor what it is made of."""
    chain = _chain(editor, strip)
    kept = {str(each.name) for each in chain} | _made_of(strip)
    levels = [editor, *(each for each in chain if each.type == "META" and each.name != strip.name)]
    beside = [each for level in levels for each in versions.strips(level)]
    return [each for each in beside if each.name not in kept and each.type != "SOUND"]


def _made_of(strip: Any) -> set[str]:
    found = {str(each.name) for each in inputs(strip)}
    return found.union(*(_made_of(each) for each in inputs(strip)))


def _size(path: Path) -> tuple[int, int]:
    """The size of a picture on the disk, read back; (0, 0) for what is none."""
    try:
        with path.open("rb") as file:
            if file.read(4) != _EXR:
                return 0, 0
        width, height = imbuf.load(str(path)).size
    except (OSError, RuntimeError, ValueError):
        return 0, 0
    return int(width), int(height)


def room_for(folder: Path) -> None:
    """Make a folder anew. Raises NotWritable."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise NotWritable(
            f"No folder can be made ({error.strerror})", str(folder.parent), "Choose another place"
        ) from error


def moved(made: Path, folder: Path) -> None:
    """Move all there is in a folder to another. Raises NotWritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in sorted(made.iterdir()):
            os.replace(each, folder / each.name)
    except OSError as error:
        raise NotWritable(
            f"The plate cannot be put there ({error.strerror})", str(folder), "Choose another place"
        ) from error


def refused(path: Path, why: str) -> PlateHoled | DiskFull:
    """Why a picture was not written, as its artist is told."""
    here = path.parent if path.parent.is_dir() else path.parent.parent
    if here.is_dir() and shutil.disk_usage(here).free < _ROOM:
        return DiskFull("The disk is full", str(path.parent), "Make room, then try again")
    return PlateHoled(f"{path.name} was not rendered: {why}", str(path.parent), "Try again")
