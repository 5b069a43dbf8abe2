"""Takes as movie clips and images of the file: what they say of themselves, and how they come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import bpy
import imbuf

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_panel.host import Delivery, NotPlaced, Place, Placed

from . import footage, provenance
from .placing import files_of, own_path, step
from .scenes import absolute
from .strips import blender_space

_NUMBER = re.compile(r"#+|%0?(\d*)d")
_LONGEST = 60  # bytes of a name
_FIRST = "secondunit_first"
_PNG = b"\x89PNG\r\n"


def kind_of(id: str) -> Any:
    """The collection a place's picture is in; movie clips, where it is an image's images."""
    return bpy.data.images if id.startswith(footage.IMAGE) else bpy.data.movieclips


def holding(kind: Any, job: str, number: int) -> Any | None:
    """The movie clip or image that a take is in."""
    return next((each for each in kind if provenance.plays(each) == (job, number)), None)


def create(kind: Any, delivery: Delivery, of: str) -> Any:
    """A movie clip or image of a take of a plate so called; it stays though nobody uses it.

    Raises NotPlaced, and leaves none then.
    """
    take = delivery.take
    files = files_of(take)
    try:
        block = kind.load(own_path(files[0]), check_existing=False)
    except RuntimeError as error:
        raise NotPlaced(f"Blender refuses the take: {error}", files[0], "Shoot it again") from error
    try:
        name = f"{of} · {delivery.job.task} {take.number}"
        block.name = name.encode()[:_LONGEST].decode("utf-8", "ignore")
        block.use_fake_user = True
        if isinstance(block, bpy.types.Image) and len(files) > 1:
            block.source = "SEQUENCE"
        _stand(block, delivery, len(files) > 1)
        colour(block, "Non-Color" if delivery.raw else blender_space(delivery.colour_space))
        provenance.imprint(block, delivery)
        provenance.tell(block, take)
    except BaseException:
        kind.remove(block)
        raise
    return block


def first_of(block: Any, take: Take, numbered: bool) -> int:
    """Which of a file's frames is the take's first. Raises NotPlaced where it has them not."""
    own = take.range
    if numbered or not block.frame_duration or block.frame_duration == len(own):
        return 0
    if len(own) == 1 and isinstance(block, bpy.types.Image) and block.source == "FILE":
        return 0
    if not FrameRange.starting(0, int(block.frame_duration)).covers(own):
        raise NotPlaced(
            f"The take has {block.frame_duration} frames, not {len(own)}", take.media,
            "Shoot it again",
        )  # fmt: skip
    return own.first


def colour(block: Any, wanted: str) -> None:
    """Numbers stay numbers; colours are those of the plate. Raises NotPlaced."""
    settings = block.colorspace_settings
    if wanted and settings.name != wanted:
        settings.name = wanted
        if settings.name != wanted:
            raise NotPlaced(
                f"Blender knows no colour space {wanted}", block.name, "Look at its colour config"
            )


def has_alpha(image: Any) -> bool:
    """Whether the file of an image has an alpha."""
    path = absolute(image.filepath, image.library)
    planes = int(image.depth)  # bits of a pixel; 0 for numbered pictures
    if image.source != "MOVIE":
        try:
            with Path(path).open("rb") as file:
                head = file.read(26)
            if head.startswith(_PNG):
                return head[25] in (4, 6)  # grey and alpha; colours and alpha
            planes = int(imbuf.load(path).planes)
        except (OSError, RuntimeError):
            return False
    return planes in (32, 64, 128)


def lies(block: Any) -> FrameRange:
    """The frames of the scene a take of ours stands on."""
    told = provenance.lies(block) or FrameRange(1, 1)
    if isinstance(block, bpy.types.MovieClip):
        return told.shifted(int(block.frame_start) - told.first)
    return told


def told(block: Any, delivery: Delivery, place: Place) -> Placed:
    """What stands, read back. Raises NotPlaced where it is not what was to be placed."""
    take = delivery.take
    path = absolute(block.filepath, block.library)
    if Path(path) != Path(files_of(take)[0]).absolute():
        raise NotPlaced(
            f"{block.name} plays another file", path, "Take it out, then place it again"
        )
    return Placed(place, take.media, take.range, f"take {take.number}", take.job, take.number)


def play(user: Any, block: Any) -> None:
    """Have an editor, a camera or a node play an image of ours as it lies."""
    here = provenance.lies(block)
    if here is not None and block.source in ("SEQUENCE", "MOVIE"):
        user.frame_start, user.frame_duration = here.first, len(here)
        user.frame_offset = int(block.get(_FIRST) or 0)
        if hasattr(user, "use_auto_refresh"):
            user.use_auto_refresh = True


def take_out(kind: Any, job: str, number: int) -> bool:
    """Remove a take from the file; whether it was there."""
    held = holding(kind, job, number)
    if held is None:
        return False
    with step(f"take {number} out"):
        kind.remove(held)
    return True


def first_file(clip: Clip) -> Path:
    """The file of a clip's first frame."""
    path = Path(clip.media)
    found = _NUMBER.search(path.name)
    if found is None or clip.range is None or path.is_file():
        return path
    digits = int(found[1] or 1) if found[1] is not None else len(found[0])
    name = f"{path.name[: found.start()]}{clip.range.first:0{digits}d}{path.name[found.end() :]}"
    return path.with_name(name)


def _stand(block: Any, delivery: Delivery, numbered: bool) -> None:
    """Have the take's first frame stand on the first of those it shall."""
    first = first_of(block, delivery.take, numbered)
    if isinstance(block, bpy.types.MovieClip):
        block.frame_start, block.frame_offset = delivery.lies.first, first
        return
    # of pictures an editor is told the number, of movies the frame
    block[_FIRST] = delivery.take.range.first - 1 if numbered else first
