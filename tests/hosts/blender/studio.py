"""A scene with a picture open in an editor, to try the editors' hosts on."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job, Take
from secondunit_panel.host import Delivery, Shot


def area(kind: str) -> Any:
    """The first window's largest area, as an editor of that kind."""
    screen = bpy.context.window_manager.windows[0].screen
    found = max(screen.areas, key=lambda each: each.width * each.height)
    found.type = kind
    return found


def scene_of(stage: Any, first: int = 1, last: int = 24) -> Any:
    scene = bpy.context.window_manager.windows[0].scene
    scene.frame_start, scene.frame_end = first, last
    return scene


def clip_open(stage: Any, media: Path, start: int = 1, host: Any = None) -> Any:
    """The movie clip of a file, open in the Clip editor, and its host."""
    from secondunit_blender.editors import ClipHost

    clip = bpy.data.movieclips.load(str(media))
    clip.frame_start = start
    area("CLIP_EDITOR").spaces.active.clip = clip
    return clip, host or ClipHost(stage.main, stage.scenes)


def image_open(stage: Any, media: Path, start: int, frames: int, offset: int) -> Any:
    """The image of a file, open in the Image editor, and its host."""
    from secondunit_blender.editors import ImageHost

    image = bpy.data.images.load(str(media))
    if media.suffix == ".png" and frames > 1:
        image.source = "SEQUENCE"
    space = area("IMAGE_EDITOR").spaces.active
    space.image = image
    user = space.image_user
    user.frame_start, user.frame_duration, user.frame_offset = start, frames, offset
    return image, ImageHost(stage.main, stage.scenes)


def numbered(stage: Any, name: str, numbers: list[int], alpha: bool = False) -> Path:
    """Pictures whose grey is their number in hundredths; the first one's path."""
    folder = stage.folder / name
    folder.mkdir()
    for number in numbers:
        write(folder / f"{name}.{number:04d}.png", number / 100, 1 - number / 100 if alpha else 1)
    return folder / f"{name}.{numbers[0]:04d}.png"


def write(path: Path, grey: float, alpha: float = 1.0, size: tuple[int, int] = (64, 36)) -> None:
    image = bpy.data.images.new("made", *size, alpha=True)
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    image.pixels = [grey, grey, grey, alpha] * (size[0] * size[1])
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def take_of(shot: Shot, media: str, frames: FrameRange, number: int = 1, **more: Any) -> Take:
    size = more.pop("size", (shot.width, shot.height))
    return Take("j-1", number, 40 + number, media, frames, Rate.of(24), *size, **more)


def delivery_of(shot: Shot, take: Take, **more: Any) -> Delivery:
    job = Job("matte", "", take.job, {"plate": shot.clip}, more.pop("values", {}), "", 41)
    late = shot.place.range.first - shot.clip.range.first
    lies = more.pop("lies", take.range.shifted(late))
    return Delivery(take, job, shot.place, lies, more.pop("slate", "slate-1"), **more)


def rendered(stage: Any, scene: Any, frame: int, name: str = "seen") -> tuple[float, ...]:
    """The middle of a rendered frame, red, green, blue and alpha as numbers."""
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "IMAGE"
    image.file_format, image.color_mode, image.color_depth = "OPEN_EXR", "RGBA", "32"
    path = stage.folder / f"{name}_{frame}.exr"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return middle(path)


def middle(path: Path) -> tuple[float, ...]:
    pixels, (width, height) = pixels_of(path)
    at = 4 * (height // 2 * width + width // 2)
    return tuple(pixels[at : at + 4])


def pixels_of(path: Path) -> tuple[list[float], tuple[int, int]]:
    image = bpy.data.images.load(str(path), check_existing=False)
    image.colorspace_settings.name, image.alpha_mode = "Non-Color", "CHANNEL_PACKED"
    try:
        return list(image.pixels), (int(image.size[0]), int(image.size[1]))
    finally:
        bpy.data.images.remove(image)


def state(*of: Any) -> dict[str, Any]:
    """All that Blender's own properties say, as far as it is plain; to be compared."""
    told = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that will go
        for each in of:
            told |= _state(each)
    return told


def _state(each: Any) -> dict[str, Any]:
    told = {}
    for prop in each.bl_rna.properties:
        if prop.type not in ("POINTER", "COLLECTION") and prop.identifier != "session_uid":
            value = getattr(each, prop.identifier)
            plain = value[:] if getattr(prop, "is_array", False) else value
            told[f"{type(each).__name__}.{prop.identifier}"] = str(plain)
    return told


def images() -> list[str]:
    """The images of the file, but what Blender renders into."""
    own = ("RENDER_RESULT", "COMPOSITING")
    return [each.name for each in bpy.data.images if each.type not in own]


def all_of(scene: Any) -> str:
    """The settings of a scene and its layers, and how many of everything the file has."""
    told = state(
        scene, scene.render, scene.render.image_settings, scene.view_settings,
        scene.display_settings, scene.cycles, *scene.view_layers,
    )  # fmt: skip
    kinds = ("scenes", "objects", "materials", "worlds", "images", "masks", "cameras",
             "node_groups", "movieclips", "actions", "collections", "meshes")  # fmt: skip
    told |= {kind: [each.name for each in getattr(bpy.data, kind)] for kind in kinds}
    told["images"] = images()
    told["override"] = [str(each.material_override) for each in scene.view_layers]
    told["points to"] = [str(scene.camera), str(scene.world), str(scene.active_clip)]
    return json.dumps(told, default=str, indent=1)


__all__ = ["Clip", "FrameRange"]
