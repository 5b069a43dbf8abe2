"""Clips as they are typed: a path, perhaps with @ and the frames or timecodes that are meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue

_AT_FRAMES = re.compile(r"(.+)@(-?\d[\d:;.,-]*)", re.DOTALL)


def clip(media: str, frames: str = "", rate: str = "", colour_space: str = "") -> Clip:
    """A clip from what was typed; frames as 1001-1010 or 01:00:00:00-01:00:01:00, both included.

    Raises BadValue, and what is wrong with the media where timecode has to be looked up.
    """
    if not frames and (meant_frames := _AT_FRAMES.fullmatch(media)) and not Path(media).exists():
        media, frames = meant_frames.groups()
    meant = Clip(media, None, Rate.of(rate) if rate else None, colour_space)
    if not frames:
        return meant
    if ":" in frames or ";" in frames:
        return Clip(media, _by_timecode(meant, frames), meant.rate, colour_space)
    return Clip(media, FrameRange.parse(frames), meant.rate, colour_space)


def _by_timecode(clip: Clip, frames: str) -> FrameRange:
    with open_media(clip) as reader:
        footage = reader.footage
    rate = clip.rate or footage.rate
    if footage.timecode is None or rate is None:
        raise BadValue("The media has no timecode", clip.media, "Give frame numbers")
    first, _, last = frames.partition("-")
    start = Timecode.parse(first, rate).frame - footage.timecode.frame
    stop = Timecode.parse(last or first, rate).frame - footage.timecode.frame
    return FrameRange(footage.range.first + start, footage.range.first + stop)


def named(text: str) -> tuple[str, Clip]:
    """name=path[@frames]. Raises BadValue."""
    name, equals, media = text.partition("=")
    if not equals or not name or not media:
        raise BadValue(f"{text!r} names no clip", remedy="Write matte=path, or after=path@1-9")
    return name, clip(media)


def value(text: str) -> tuple[str, Any]:
    """key=value, the value as JSON where it is JSON. Raises BadValue."""
    key, equals, said = text.partition("=")
    if not equals or not key:
        raise BadValue(f"{text!r} sets nothing", remedy="Write key=value, as in --set tail=12")
    try:
        return key, json.loads(said)
    except json.JSONDecodeError:
        return key, said
