"""A strip as a clip: its file's frames where those are seen, else why it has to be rendered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.host import Shot
from secondunit_panel.orders import plain
from secondunit_panel.service import data_folder

from . import versions
from .scenes import Scenes, absolute, file_of, folder, rate

NO_PICTURE = ("SOUND", "ADJUSTMENT", "TEXT")
"""Strips that are no plate: what is heard, what changes others, titles."""

FIRST = 1001
"""The number of the first frame of an exported plate."""

# Blender's names of spaces that every colour config knows, and those that say what files say.
_SPACES = {
    "Linear Rec.709": "lin_rec709", "sRGB": "srgb_tx", "ACEScg": "ACEScg",
    "ACES2065-1": "ACES2065-1", "ACEScct": "ACEScct", "Linear Rec.2020": "lin_rec2020",
}  # fmt: skip
_FLOATING = (".exr", ".hdr")
_NUMBER = re.compile(r"(\d+)(?=\.\w+$)")

_KINDS = {
    "SCENE": "A scene is rendered", "META": "Several strips are one", "COLOR": "It is a colour",
    "MOVIECLIP": "It is a movie clip", "MASK": "It is a mask",
}  # fmt: skip


class Unlike(Exception):
    """A strip does not show just its file; the sentence says why."""


def is_picture(strip: Any) -> bool:
    """Whether a strip may be a plate."""
    return strip.type not in NO_PICTURE


def shot(scenes: Scenes, scene: Any, strip: Any, frames: FrameRange | None = None) -> Shot:
    """A strip, or some frames of it, as a clip in the document."""
    here = frames or versions.span(strip)
    place = scenes.place(scene, strip, here)
    try:
        clip, available, size = _source(strip, here)
    except Unlike as reason:
        clip, available = (
            Clip(exported(place.document, strip, here), numbers(here), rate(scene)),
            None,
        )
        size, why = picture(scene), str(reason)
    else:
        why = ""
    return Shot(str(strip.name), clip, place, available, *size, must_export=why)


def numbers(frames: FrameRange) -> FrameRange:
    """The numbers of an exported plate's files."""
    return FrameRange.starting(FIRST, len(frames))


def exported(document: str, strip: Any, frames: FrameRange) -> str:
    """Where the frames of a strip go that have to be rendered."""
    name = plain(f"{strip.name}_{frames}")
    return str(home(document) / "plates" / name / f"{plain(strip.name)}.####.exr")


def home(document: str) -> Path:
    """Where takes and plates of a document lie: beside its file, else in the user's data folder."""
    return Path(folder() or data_folder() / "takes" / document)


def picture(scene: Any) -> tuple[int, int]:
    """The size of what a scene renders, at full resolution."""
    return int(scene.render.resolution_x), int(scene.render.resolution_y)


def media_size(strip: Any) -> tuple[int, int]:
    """The size of a strip's media, (0, 0) where that is not known."""
    first = strip.elements[0] if strip.elements else None
    return (int(first.orig_width), int(first.orig_height)) if first else (0, 0)


def of_file(strip: Any) -> FrameRange:
    """All frames of a movie, counted from 0."""
    head, tail = versions.trimmed_off(strip)
    return FrameRange.starting(0, max(1, versions.content(strip)[1] + head + tail))


def _source(strip: Any, here: FrameRange) -> tuple[Clip, FrameRange, tuple[int, int]]:
    """What a strip shows of its file, what that has, and its size. Raises Unlike."""
    if strip.type not in ("MOVIE", "IMAGE"):
        raise Unlike(_KINDS.get(strip.type, "It is an effect"))
    _refuse_changed(strip)
    media, numbered = _sequence(strip) if strip.type == "IMAGE" else ("", None)
    begin, frames = versions.content(strip)
    if here.first < begin or here.last >= begin + frames:
        raise Unlike("It is held beyond its media")
    shown = here.shifted(versions.trimmed_off(strip)[0] - begin)
    own_rate = rate(strip.id_data)
    if numbered is None:
        fps = float(getattr(strip, "fps", 0.0))
        clip = Clip(file_of(strip), shown, Rate.of(fps) if fps > 0 else own_rate, space_of(strip))
        return clip, of_file(strip), media_size(strip)
    here = shown.shifted(numbered.first)
    if not numbered.covers(here):
        raise Unlike("It is held beyond its media")
    return Clip(media, here, own_rate, space_of(strip)), numbered, media_size(strip)


def space_of(strip: Any) -> str:
    """A strip's colour space as the engine knows it, "" for what files of its kind say.

    Raises Unlike for one that only Blender knows.
    """
    return space_named(str(strip.colorspace_settings.name), file_of(strip))


def space_named(name: str, path: str) -> str:
    """A colour space of Blender's as the engine knows it, "" for what files of that kind say.

    Raises Unlike for one that only Blender knows.
    """
    floating = Path(path).suffix.lower() in _FLOATING
    if name == ("Linear Rec.709" if floating else "sRGB"):
        return ""
    if name not in _SPACES:
        raise Unlike(f"Only Blender knows the colours of {name}")
    return _SPACES[name]


def blender_space(name: str) -> str:
    """What Blender calls a colour space of the engine's; "" where it has no name for it."""
    return next((own for own, known in _SPACES.items() if name in (known, own)), "")


def _refuse_changed(strip: Any) -> None:
    """Raises Unlike where a strip changes the frames of its file.

    Its place, size and crop are no change: the take gets them as well.
    """
    wrong = {
        "It is retimed": len(getattr(strip, "retiming_keys", ())) > 0
        or getattr(strip, "speed_factor", 1.0) != 1.0,
        "It runs backwards": strip.use_reverse_frames,
        "It stutters": strip.strobe > 1.0,
        "It has modifiers": any(not each.mute for each in strip.modifiers),
        "It is deinterlaced": getattr(strip, "use_deinterlace", False),
        "It shows another stream of its file": getattr(strip, "stream_index", 0) > 0,
    }
    for why, holds in wrong.items():
        if holds:
            raise Unlike(why)


def _sequence(strip: Any) -> tuple[str, FrameRange]:
    """The pattern and the numbers of an image strip. Raises Unlike where they are in no order."""
    names = [str(each.filename) for each in strip.elements]
    found = _NUMBER.search(names[0]) if names else None
    if len(names) < 2 or found is None:
        raise Unlike("It is a still" if names else "It has no pictures")
    digits, first = len(found[1]), int(found[1])
    before, after = names[0][: found.start()], names[0][found.end() :]
    wanted = [f"{before}{first + k:0{digits}d}{after}" for k in range(len(names))]
    if names != wanted:
        raise Unlike("Its pictures are not numbered in order")
    where = absolute(strip.directory, strip.id_data.library)
    media = str(Path(where) / f"{before}{'#' * digits}{after}")
    return media, FrameRange.starting(first, len(names))
