"""Lost media: what a clip's references say about where their file was, and which file it is now.

Asked in this order, the surest first: the path a host remembers, an id of Avid's, the name the
file had, and the reel with the timecode. What two files could answer is not answered.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.linking.footage_headers import mob_digits
from secondunit_otio.linking.footage_index import FootageIndex, Found
from secondunit_otio.media import local_path
from secondunit_otio.times import at_rate, frame_at, frames_in

_REEL_KEYS = frozenset({"reel", "reelname", "tape", "tapename"})
_NO_REELS = frozenset({"", "ax", "bl", "aux", "none", "black"})
"""What edit lists write where there is no reel."""


class Wanted(NamedTuple):
    """The frames a clip shows of its media, from timecode 00:00:00:00: first, and last included."""

    first: int
    last: int
    rate: Rate


def found_again(clip: Any, reference: Any, index: FootageIndex) -> Found | None:
    """The file that a reference of a clip must mean; None where nothing surely is it."""
    said = _said(clip, reference)
    wanted = _wanted(clip) if index.found else None
    for path in _host_paths(said):
        there = _standing(path) or _fitting(index.surely_named(path), index, wanted)
        if there is not None:
            return there
    for mob in _mobs(said, clip) if index.has_mobs else ():
        there = index.by_mob(mob)
        if there is not None:
            return there
    there = _fitting(_by_name(reference, index), index, wanted)
    return there or _by_reel(said, index, wanted)


def _said(clip: Any, reference: Any) -> list[dict[str, Any]]:
    """What hosts noted on the reference and on the clip, the nearer first, as plain values."""
    return [_plain(thing.metadata) for thing in (reference, clip) if hasattr(thing, "metadata")]


def _plain(value: Any, depth: int = 0) -> Any:
    if hasattr(value, "keys") and depth < 5:
        return {key: _plain(value[key], depth + 1) for key in value}
    return value


def _host_paths(said: list[dict[str, Any]]) -> Iterator[str]:
    """Paths that hosts remember of media that is offline."""
    for metadata in said:
        for block in metadata.values():
            path = block.get("Media Url") if isinstance(block, dict) else None
            if isinstance(path, str) and path:
                yield local_path(path, "")


def _standing(path: str) -> Found | None:
    """A path that is there after all."""
    try:
        return Found(path) if os.path.isabs(path) and os.path.isfile(path) else None
    except ValueError:
        return None


def _mobs(said: list[dict[str, Any]], clip: Any) -> Iterator[str]:
    """Avid's ids of the media, of what it was made from, and of the clip."""
    others = [_plain(each.metadata) for each in clip.media_references().values()]
    for metadata in (*said, *others):
        block = metadata.get("AAF")
        written = block.get("MobID") if isinstance(block, dict) else None
        digits = mob_digits(str(written)) if written else ""
        if len(digits) == 64:
            yield digits


def _by_name(reference: Any, index: FootageIndex) -> Found | None:
    """What is called as the file was, in folders like those it lay in."""
    url = getattr(reference, "target_url", None)
    if isinstance(url, str) and url:
        return index.surely_named(local_path(url, ""))
    if hasattr(reference, "target_url_base"):
        name = f"{reference.name_prefix}#{reference.name_suffix}"
        return index.surely_named(f"{local_path(reference.target_url_base or '', '')}/{name}")
    return None


def _by_reel(
    said: list[dict[str, Any]], index: FootageIndex, wanted: Wanted | None
) -> Found | None:
    """The one file of the clip's reel that holds its frames."""
    if wanted is None:
        return None
    for reel in _reels(said):
        holding = [each for each in index.on_reel(reel) if _holds(each, index, wanted)]
        if len(holding) == 1:
            return holding[0]
    return None


def _reels(said: Any, depth: int = 0) -> Iterator[str]:
    """Every reel that hosts noted, under whichever name and however deep."""
    values = said if isinstance(said, list) else said.values()
    keys = [""] * len(said) if isinstance(said, list) else list(said)
    for key, value in zip(keys, values, strict=True):
        if str(key).lower().replace("_", "").replace(" ", "") in _REEL_KEYS:
            named = value.get("name") if isinstance(value, dict) else value
            if isinstance(named, str) and named.lower() not in _NO_REELS:
                yield named
        elif isinstance(value, (dict, list)) and depth < 5:
            yield from _reels(value, depth + 1)


def _wanted(clip: Any) -> Wanted | None:
    shown = clip.source_range
    if shown is None:
        return None
    start, lasting = shown.start_time, shown.duration
    try:
        begin, length = at_rate(start.value, start.rate), at_rate(lasting.value, lasting.rate)
    except BadValue:
        return None
    first = frame_at(begin.frames)
    frames = frames_in(length.seconds * begin.rate.per_second)
    return Wanted(first, first + max(frames, 1) - 1, begin.rate)


def _holds(each: Found, index: FootageIndex, wanted: Wanted) -> bool:
    """Whether a file's timecode runs over the frames wanted."""
    told = index.told(each, wanted.rate)
    if told.start is None or (told.rate and told.rate.nominal != wanted.rate.nominal):
        return False
    if told.frames is None:
        return told.start == wanted.first
    return told.start <= wanted.first and wanted.last < told.start + told.frames


def _fitting(there: Found | None, index: FootageIndex, wanted: Wanted | None) -> Found | None:
    """A file that has the right name, unless its timecode says that it is another one.

    A clip counted from 0 says nothing about timecode.
    """
    if there is None or wanted is None:
        return there
    told = index.told(there, wanted.rate)
    known = told.start is not None and told.frames and told.rate == wanted.rate
    if not known or wanted.first < (told.start or 0) // 2 or there.sequence:
        return there
    return there if _overlaps(told.start or 0, told.frames or 0, wanted) else None


def _overlaps(start: int, frames: int, wanted: Wanted) -> bool:
    return start <= wanted.last and wanted.first < start + frames
