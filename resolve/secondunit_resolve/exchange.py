"""Cuts as Resolve writes and reads them in OpenTimelineIO, as far as a hand-over needs it.

Resolve counts media from its timecode and writes paths bare. It reads only what is of that shape.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import CutUnreadable
from secondunit_panel.host import Place, Shot
from secondunit_resolve.reading import media_of

_USUAL = "DEFAULT_MEDIA"
_WARPS = ("LinearTimeWarp.", "FreezeFrame.", "TimeEffect.")


@dataclass(frozen=True)
class Stood:
    """Something on a track of a cut, with its shot where it has media. `starts` is what the media's
    first frame is called there, `marked` whether a marker stands on it, `said` is kept with it.
    """

    place: Place
    shot: Shot | None = None
    starts: int = 0
    marked: bool = False
    seen: bool = True
    said: Any = None

    @property
    def range(self) -> FrameRange:
        return self.place.range


@dataclass(frozen=True)
class Cut:
    """A cut that was exported; `marks` are frames at which markers stand on all of it."""

    name: str
    rate: Rate
    first: int
    stood: tuple[Stood, ...]
    marks: tuple[int, ...] = ()


def read(path: Path) -> Cut:
    """Read a cut. Raises CutUnreadable."""
    try:
        told = json.loads(path.read_text("utf-8-sig"))
        start = told.get("global_start_time")
        tracks = [each for each in told["tracks"]["children"] if each.get("kind") == "Video"]
        rate = Rate.of(start["rate"] if start else _first_rate(tracks))
        first = _frame(start) if start else 0
        name = told.get("name") or path.stem
        marks = [
            _frame(m["marked_range"]["start_time"]) for m in told["tracks"].get("markers") or []
        ]
        stood = [each for track in tracks for each in _stood(track, rate, first, name)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CutUnreadable(
            "This is no cut of Resolve's", str(path), "Export it again, as OpenTimelineIO (.otio)"
        ) from error
    # Whether they count from the cut's beginning or from midnight is not written down anywhere.
    return Cut(
        name, rate, first, tuple(stood), tuple(m if m >= first else m + first for m in marks)
    )


def _stood(track: dict[str, Any], rate: Rate, first: int, document: str) -> Iterator[Stood]:
    at = first
    for child in track["children"]:
        if child["OTIO_SCHEMA"].startswith("Transition."):
            continue  # it stands on its neighbours
        used = child.get("source_range") or _media(child)["available_range"]
        begin, frames = _span(used)
        if frames < 1:
            continue
        here, at = FrameRange.starting(at, frames), at + frames
        name = str(track.get("name") or "Video")
        place = Place(here, rate, f"{name} {here.first}", document, name, _clock(here.first, rate))
        shot, starts = _shot(child, place, begin)
        said, marked = (child.get("metadata") or {}).get("second_unit"), bool(child.get("markers"))
        yield Stood(place, shot, starts, marked, child.get("enabled", True), said)


def _shot(child: dict[str, Any], place: Place, begin: int) -> tuple[Shot | None, int]:
    media = _media(child)
    url = str(media.get("target_url") or "")
    if not child["OTIO_SCHEMA"].startswith("Clip.") or not url or not media.get("available_range"):
        return None, 0
    starts, have = _span(media["available_range"])
    path, number = media_of(unquote(urlsplit(url).path) if url.startswith("file://") else url)
    available = FrameRange.starting(number, max(1, have))
    shown = FrameRange.starting(number + begin - starts, len(place.range))
    media_rate = Rate.of(media["available_range"]["start_time"]["rate"])
    why = ""
    if any(str(each.get("OTIO_SCHEMA")).startswith(_WARPS) for each in child.get("effects") or []):
        why = "The clip is retimed"
    elif media_rate != place.rate:
        why = f"The clip runs at {media_rate}, the timeline at {place.rate}"
    elif not available.covers(shown):
        why = "The clip shows more frames than its media has"
    if not os.path.isabs(path):
        return None, 0
    clip = Clip(path, available if why else shown, place.rate)
    return Shot(
        str(child.get("name") or Path(path).name), clip, place, available, 0, 0, why
    ), starts


def written(name: str, rate: Rate, first: int, tracks: dict[str, list[dict[str, Any]]]) -> str:
    """A cut of tracks with clips made by `clip` and gaps made by `gap`."""
    locked = {"Resolve_OTIO": {"Locked": False}}
    children = [
        _thing("Track.1", each, None, kind="Video", children=clips, metadata=locked)
        for each, clips in tracks.items()
    ]
    meta = {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}}
    cut = {"OTIO_SCHEMA": "Timeline.1", "name": name, "global_start_time": _time(first, rate),
           "metadata": meta, "tracks": _thing("Stack.1", "", None, children=children)}  # fmt: skip
    return json.dumps(cut, indent=4, ensure_ascii=False)


def clip(media: str, shown: dict[str, Any], seen: bool, said: Any) -> dict[str, Any]:
    """A clip of all of a file; `said` is kept with it."""
    name, kept = Path(media).name, {"Resolve_OTIO": {}, "second_unit": said}
    reference = {"OTIO_SCHEMA": "ExternalReference.1", "name": name, "metadata": {},
                 "target_url": media, "available_range": shown}  # fmt: skip
    return _thing(
        "Clip.2", name, shown, enabled=seen, metadata=kept,
        media_references={_USUAL: reference}, active_media_reference_key=_USUAL,
    )  # fmt: skip


def gap(frames: int, rate: Rate) -> dict[str, Any]:
    """Nothing, for so many frames."""
    return _thing("Gap.1", "", span(0, frames, rate))


def span(first: int, frames: int, rate: Rate) -> dict[str, Any]:
    """So many frames from one on."""
    both = {"start_time": _time(first, rate), "duration": _time(frames, rate)}
    return {"OTIO_SCHEMA": "TimeRange.1", **both}


def _thing(schema: str, name: str, range: Any, **more: Any) -> dict[str, Any]:
    bare = {"source_range": range, "effects": [], "markers": [], "enabled": True, "metadata": {}}
    return {"OTIO_SCHEMA": schema, "name": name, **bare, **more}


def _media(child: dict[str, Any]) -> dict[str, Any]:
    listed = child.get("media_references") or {}
    return listed.get(child.get("active_media_reference_key")) or child.get("media_reference") or {}


def _span(range: dict[str, Any]) -> tuple[int, int]:
    return _frame(range["start_time"]), _frame(range["duration"])


def _frame(time: dict[str, Any]) -> int:
    return round(time["value"])


def _time(frame: int, rate: Rate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate.per_second), "value": float(frame)}


def _first_rate(tracks: list[dict[str, Any]]) -> Any:
    return next(
        e["source_range"]["duration"]["rate"]
        for t in tracks
        for e in t["children"]
        if e.get("source_range")
    )


def _clock(frame: int, rate: Rate) -> Timecode | None:
    """The timecode, where it is sure: an .otio does not say whether numbers are dropped."""
    return None if rate.can_drop or frame < 0 else Timecode(frame, rate)
