"""Pictures made in Blender, written to the disk a frame at a time, from scenes of our own.

A scene of our own is a copy that is removed again: the artist's is not touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_contract.problem import DiskFull
from secondunit_panel.host import PlateHoled, Progress, Shot

from . import exporting, footage, versions
from .pump import MainThread

One = Callable[[int, Path], None]
"""Writes the picture of a frame of the document to a file; on the main thread."""


def frames(
    main: MainThread, folder: Path, told: Progress, wanted: list[tuple[int, Path]], one: One
) -> None:
    """Write pictures by (frame, name in the folder), one on each turn of the main thread.

    They stand there when all of them do. Raises NotWritable, DiskFull, PlateHoled, and what `told`
    and `one` raise; then nothing is left.
    """
    made = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    try:
        exporting.room_for(made)
        for done, (frame, name) in enumerate(wanted):
            told(done, len(wanted))
            path = made / name
            main.carry(lambda frame=frame, path=path: one(frame, path), writes=True)  # type: ignore[misc]
            if not path.is_file() or not path.stat().st_size:
                raise refused(path, "nothing was written")
        told(len(wanted), len(wanted))
        exporting.moved(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def export(main: MainThread, shot: Shot, folder: Path, told: Progress) -> Clip:
    """A picture made or painted in Blender as EXR files, linear Rec.709."""
    span = shot.clip.range or shot.place.range
    stem = Path(shot.clip.media).name.partition(".")[0]
    main.carry(lambda: footage.block_of(shot.place.id))

    def one(frame: int, path: Path) -> None:
        block = footage.block_of(shot.place.id)
        with scene_of_ours("picture") as scene:
            for key, value in versions.as_exr(scene.render.image_settings):
                setattr(scene.render.image_settings, key, value)
            try:
                block.save_render(str(path), scene=scene)
            except (RuntimeError, AttributeError) as error:
                raise refused(path, str(error)) from error

    wanted = [(frame, Path(f"{stem}.{frame:04d}.exr")) for frame in span]
    frames(main, folder, told, wanted, one)
    return Clip(str(folder / f"{stem}.####.exr"), span, shot.place.rate, "lin_rec709")


@contextmanager
def scene_of_ours(name: str, of: Any = None) -> Iterator[Any]:
    """A scene that is removed again: a copy of another, or an empty one."""
    scene = of.copy() if of is not None else bpy.data.scenes.new(name)
    try:
        scene.name = f"Second Unit {name}"
        yield scene
    finally:
        bpy.data.scenes.remove(scene)


def render(scene: Any, frame: int, path: Path) -> None:
    """Render a frame of a scene of ours. Raises PlateHoled, DiskFull.

    As an animation of one frame: a single picture of a scene that no window shows is rendered at
    the frame of the one that is shown.
    """
    render = scene.render
    render.filepath, render.use_file_extension = f"{path}.#####", False
    render.use_overwrite, render.use_placeholder = True, False
    scene.frame_start = scene.frame_end = frame
    scene.frame_step = 1
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise refused(path, str(error)) from error
    made = [each for each in path.parent.iterdir() if each.name.startswith(f"{path.name}.")]
    if len(made) != 1:
        raise refused(path, "nothing was written")
    os.replace(made[0], path)


def as_numbers(scene: Any, colours: str) -> None:
    """Have a scene write 16-bit PNG whose values are those it renders: BW, or RGB."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", colours, "16"
    settings.color_management = "FOLLOW_SCENE"
    view = scene.view_settings
    scene.display_settings.display_device = "sRGB"
    view.view_transform, view.look, view.exposure, view.gamma = "Raw", "None", 0.0, 1.0
    view.use_curve_mapping = False
    render = scene.render
    render.dither_intensity = 0.0
    render.use_stamp = render.use_border = render.use_multiview = render.use_sequencer = False


def refused(path: Path, why: str) -> PlateHoled | DiskFull:
    """Why a picture was not written, as its artist is told."""
    return exporting.refused(path, why)
