"""Movie clips and images as shots: which of their frames stand on which frames of a scene."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bpy
import imbuf

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.host import Place, PlaceGone, Shot
from secondunit_panel.orders import plain

from .scenes import Scenes, absolute, rate
from .strips import Unlike, home, space_named

CLIP, IMAGE = "clip:", "image:"
"""What places of movie clips and of images begin with."""

NO_FILE = ("GENERATED", "VIEWER")
_NUMBER = re.compile(r"(\d+)(?=\.\w+$)")


def block_of(id: str) -> Any:
    """The movie clip or image of a place. Raises PlaceGone."""
    for prefix, known in ((CLIP, bpy.data.movieclips), (IMAGE, bpy.data.images)):
        if id.startswith(prefix):
            name = id.removeprefix(prefix)
            found = next((each for each in known if each.name_full == name), None)
            if found is not None:
                return found
    raise PlaceGone(f"{id.partition(':')[2] or id} is not in the file any more", id, "Open another")


def id_of(block: Any) -> str:
    """By what a movie clip or an image is found again."""
    return f"{CLIP if isinstance(block, bpy.types.MovieClip) else IMAGE}{block.name_full}"


def used(scene: Any) -> FrameRange:
    """The frames of a scene that are worked on."""
    preview = scene.use_preview_range
    first, last = (
        (scene.frame_preview_start, scene.frame_preview_end)
        if preview
        else (scene.frame_start, scene.frame_end)
    )
    return FrameRange(first, max(first, last))


def block_in(shown: Any) -> Any:
    """The movie clip or image a camera's background shows."""
    return shown.clip if shown.source == "MOVIE_CLIP" else shown.image


def size_of(block: Any) -> tuple[int, int]:
    """The size of a movie clip or image; (0, 0) for what cannot be read.

    An image of numbered pictures may not know its own, as it thinks of a number that is not there.
    """
    width, height = int(block.size[0]), int(block.size[1])
    if not (width and height) and block.filepath:
        try:
            width, height = imbuf.load(absolute(block.filepath, block.library)).size
        except (OSError, RuntimeError):
            return 0, 0
    return int(width), int(height)


def shot(scenes: Scenes, scene: Any, block: Any, user: Any, track: str) -> Shot | None:
    """A movie clip or an image as it stands in a scene; `user` says how an editor or a camera
    plays an image. None for what is no picture.
    """
    if isinstance(block, bpy.types.MovieClip):
        return _of_clip(scenes, scene, block, track)
    if block.type in ("COMPOSITING", "RENDER_RESULT") or block.source == "TILED":
        return None
    if not all(size_of(block)):
        return None
    return _of_image(scenes, scene, block, user, track)


def _of_clip(scenes: Scenes, scene: Any, clip: Any, track: str) -> Shot | None:
    path = absolute(clip.filepath, clip.library)
    if not path or not all(size_of(clip)):
        return None
    have, media, begin = media_of(path, clip.source == "SEQUENCE", int(clip.frame_duration))
    first = begin + int(clip.frame_offset)  # of the file, on the clip's first frame of the scene
    start = int(clip.frame_start)
    seen = FrameRange(start, max(start, start + have.last - first))
    seen = seen.clipped_to(used(scene)) or seen
    shown = seen.shifted(first - start)
    own = Rate.of(float(clip.fps)) if clip.fps > 0 else rate(scene)
    return _shot(scenes, scene, clip, track, seen, Clip(media, shown, own), have)


def _of_image(scenes: Scenes, scene: Any, image: Any, user: Any, track: str) -> Shot:
    path = absolute(image.filepath, image.library)
    why = _own(image)
    if why or image.source == "FILE":
        here = FrameRange(used(scene).first, used(scene).first)
        clip = Clip(path, FrameRange(0, 0), rate(scene))
        return _shot(scenes, scene, image, track, here, clip, FrameRange(0, 0), why)
    movie = image.source == "MOVIE"
    have, media, begin = media_of(path, not movie, int(image.frame_duration))
    start, frames = int(user.frame_start), max(1, int(user.frame_duration))
    # Of pictures the number is told, of movies the frame from 1 on.
    first = int(user.frame_offset) + (0 if movie else 1)
    there = FrameRange.starting(first, frames).clipped_to(have)
    if there is None:
        first, there = begin, have
    seen = there.shifted(start - first)
    seen = seen.clipped_to(used(scene)) or seen
    clip = Clip(media, seen.shifted(first - start), rate(scene))
    return _shot(scenes, scene, image, track, seen, clip, have)


def _shot(
    scenes: Scenes, scene: Any, block: Any, track: str, seen: FrameRange, clip: Clip,
    have: FrameRange, why: str = "",
) -> Shot:  # fmt: skip
    place = Place(seen, rate(scene), id_of(block), scenes.document(scene), track)
    size = size_of(block)
    available: FrameRange | None = have
    try:
        if why:
            raise Unlike(why)
        name = str(block.colorspace_settings.name)
        clip = Clip(clip.media, clip.range, clip.rate, space_named(name, clip.media))
    except Unlike as reason:
        why, available = str(reason), None
        clip = Clip(exported(place, block), seen, rate(scene), "lin_rec709")
    return Shot(str(block.name), clip, place, available, *size, must_export=why)


def exported(place: Place, block: Any) -> str:
    """Where the frames of a picture go that has no file, or none the engine reads as it is seen."""
    name = plain(f"{block.name}_{place.range}")
    return str(home(place.document) / "plates" / name / f"{plain(block.name)}.####.exr")


def media_of(path: str, numbered: bool, frames: int) -> tuple[FrameRange, str, int]:
    """(the numbers a media has, how it is written, the number of its first picture here)."""
    found = _NUMBER.search(Path(path).name) if numbered else None
    if found is None:
        return FrameRange(0, max(0, frames - 1)), path, 0
    name, digits = Path(path).name, len(found[1])
    before, after = name[: found.start()], name[found.end() :]
    known = re.compile(re.escape(before) + rf"(\d{{{digits},}})" + re.escape(after))
    folder = Path(path).parent
    names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    numbers = {int(match[1]) for match in map(known.fullmatch, names) if match}
    first = last = int(found[1])
    while first - 1 in numbers:
        first -= 1
    while last + 1 in numbers:
        last += 1
    return FrameRange(first, last), str(folder / f"{before}{'#' * digits}{after}"), int(found[1])


def _own(image: Any) -> str:
    """Why an image is not what its file holds; empty where it is."""
    if image.source in NO_FILE or not image.filepath:
        return "It was made in Blender"
    if image.packed_file is not None:
        return "It is packed into the file"
    return "It was painted on" if image.is_dirty else ""
