"""What stands in Resolve's timeline, in exact frames. Nothing here changes anything."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import BadValue
from secondunit_panel.host import HostGone, Place, PlaceGone, Shot
from secondunit_resolve.link import ask

OURS = "Second Unit"
"""What the names of our tracks begin with, and the bin of our media is called."""

PLAYS = "prores4444"
"""How takes are written for it: our movies without loss are FFV1, which it does not open."""

_SEQUENCE = re.compile(r"\[(\d+)-\d+\]|%0(\d+)d")


def whole(value: Any) -> int | None:
    """A number as Resolve writes it (12, 12.0, "12"); None where it is none."""
    try:
        return round(float(value))
    except (TypeError, ValueError):
        return None


def media_of(path: str) -> tuple[str, int]:
    """A path as ours are written, and its first frame's number: a.####.exr and 101, where Resolve
    writes a.[0101-0110].exr.
    """
    plain = path if os.sep == "\\" else path.replace("\\", "/")
    found = _SEQUENCE.search(plain)
    if found is None:
        return plain, 0
    digits = len(found[1] or "") or int(found[2])
    return plain[: found.start()] + "#" * digits + plain[found.end() :], int(found[1] or 0)


def path_of(media: Any) -> str:
    """The file of something in the media pool, as ours are written."""
    return media_of(str(ask(media, "GetClipProperty", "File Path") or ""))[0]


def plays(media: Any, path: str) -> bool:
    """Whether something in the media pool is this file or sequence."""
    return os.path.normcase(path_of(media)) == os.path.normcase(media_of(path)[0])


@dataclass(frozen=True)
class Item:
    """Something that stands on a track of a timeline, `raw` as Resolve gives it."""

    raw: Any
    track: int

    @cached_property
    def id(self) -> str:
        return str(ask(self.raw, "GetUniqueId") or "")

    @cached_property
    def first(self) -> int:
        return whole(ask(self.raw, "GetStart")) or 0

    @cached_property
    def frames(self) -> int:
        return whole(ask(self.raw, "GetDuration")) or 0

    @property
    def range(self) -> FrameRange:
        return FrameRange.starting(self.first, max(1, self.frames))

    @property
    def pool(self) -> Any:
        """Its media; None for titles, generators and transitions."""
        return ask(self.raw, "GetMediaPoolItem")

    @property
    def offset(self) -> int | None:
        """The frame of its media it begins with, counted from the file's first."""
        return whole(ask(self.raw, "GetLeftOffset"))

    def fits(self, lies: FrameRange, start: int, path: str) -> bool:
        """Whether it stands on these frames and plays a file from `start` on."""
        return self.range == lies and self.offset == start and plays(self.pool, path)

    @property
    def takes(self) -> int:
        """How many takes it has to switch between; 0 where it is a clip as any other."""
        return whole(ask(self.raw, "GetTakesCount")) or 0

    def take(self, index: int) -> Any:
        """The media of one of its takes, from 1 on."""
        told = ask(self.raw, "GetTakeByIndex", index) if self.takes > 1 else None
        return told.get("mediaPoolItem") if told else self.pool


@dataclass(frozen=True)
class Doc:
    """A timeline of the project that is open, and how it counts."""

    app: Any
    project: Any
    timeline: Any
    name: str

    @cached_property
    def rate(self) -> Rate:
        try:
            return Rate.of(ask(self.timeline, "GetSetting", "timelineFrameRate"))
        except BadValue as error:
            raise HostGone(
                "The timeline tells no frame rate", self.name, "Open it again"
            ) from error

    @cached_property
    def first(self) -> int:
        """The timeline's own number of its first frame."""
        return whole(ask(self.timeline, "GetStartFrame")) or 0

    @cached_property
    def start(self) -> Timecode:
        try:
            return Timecode.parse(str(ask(self.timeline, "GetStartTimecode")), self.rate)
        except BadValue:
            return Timecode(self.first, self.rate)

    def timecode(self, frame: int) -> Timecode:
        """The timecode of a frame of the timeline."""
        return self.start.shifted(frame - self.first)

    def tracks(self) -> range:
        """The numbers of the video tracks, from below."""
        return range(1, 1 + (whole(ask(self.timeline, "GetTrackCount", "video")) or 0))

    def track(self, number: int) -> str:
        """A video track's name."""
        return str(ask(self.timeline, "GetTrackName", "video", number) or f"V{number}")

    def items(self, number: int) -> list[Item]:
        """What stands on a video track, from its beginning."""
        found = ask(self.timeline, "GetItemListInTrack", "video", number) or []
        return [Item(each, number) for each in found if each is not None]

    def near(self, number: int, frame: int) -> list[Item]:
        """What may stand at a frame of a track: a transition stands on the clips beside it."""
        items = self.items(number)
        at = bisect_right(items, frame, key=lambda each: each.first)
        return items[max(0, at - 2) : at]

    def under(self, number: int, frame: int) -> Item | None:
        """The clip of a track at a frame."""
        near = self.near(number, frame)
        return next((each for each in near if frame in each.range and each.pool), None)

    def find(self, place: Place) -> Item | None:
        """The item of a place; None for a place where nothing stands. Raises PlaceGone."""
        if not place.id:
            return None
        for all in (False, True):  # where it was, then everywhere
            for number in self.tracks():
                for item in self.items(number) if all else self.near(number, place.range.first):
                    if item.id == place.id:
                        return item
        raise PlaceGone(
            "The clip is not in the timeline any more", place.document, "Select it again"
        )

    def place(self, range: FrameRange, track: int, id: str = "") -> Place:
        """Frames of a track."""
        return Place(range, self.rate, id, self.name, self.track(track), self.timecode(range.first))


def opened(app: Any, document: str = "") -> Doc:
    """The timeline that is open, or the one of that name. Raises HostGone, PlaceGone."""
    manager = ask(app, "GetProjectManager")
    if ask(manager, "GetCurrentDatabase") is None:  # one that hangs answers all else as usual
        raise HostGone(
            "Resolve does not answer", "DaVinci Resolve", "Start it, or close what it asks you"
        )
    project = ask(manager, "GetCurrentProject")
    timeline = ask(project, "GetCurrentTimeline")
    if timeline is None:
        raise HostGone("No timeline is open", "DaVinci Resolve", "Open one, then select a clip")
    title = str(ask(project, "GetName"))

    def named(each: Any) -> str:
        return f"{title} / {ask(each, 'GetName')}"

    if document and named(timeline) != document:
        count = whole(ask(project, "GetTimelineCount")) or 0
        found = [ask(project, "GetTimelineByIndex", number + 1) for number in range(count)]
        timeline = next((each for each in found if named(each) == document), None)
        if timeline is None:
            raise PlaceGone("Its timeline is not open", document, "Open that project, then again")
    return Doc(app, project, timeline, named(timeline))


def shot_of(doc: Doc, item: Item, marked: FrameRange | None = None) -> Shot | None:
    """A clip with its media; None for what has none."""
    told = ask(item.pool, "GetClipProperty") or {}
    media, number = media_of(str(told.get("File Path") or ""))
    frames = whole(told.get("Frames"))
    if not os.path.isabs(media) or not frames or not item.frames:
        return None
    here = (marked and item.range.clipped_to(marked)) or item.range
    available = FrameRange.starting(number, frames)
    begin = number + (item.offset or 0) + here.first - item.first
    why = _must_export(doc, item, told, number, frames)
    shown = FrameRange.starting(begin, len(here))
    width, _, height = str(told.get("Resolution") or "").partition("x")
    rate = doc.rate if why else _rate(told.get("FPS"))
    name = str(ask(item.raw, "GetName") or told.get("Clip Name") or "clip")
    clip = Clip(media, (shown.clipped_to(available) or available) if why else shown, rate)
    return Shot(
        name, clip, doc.place(here, item.track, item.id), available,
        whole(width) or 0, whole(height) or 0, why,
    )  # fmt: skip


def _must_export(doc: Doc, item: Item, told: dict[str, Any], number: int, frames: int) -> str:
    """Why the media alone is not what is seen."""
    rate = _rate(told.get("FPS"))
    speed = (ask(item.raw, "GetSpeed") or {}).get("Percentage", 100)
    left, right = item.offset, whole(ask(item.raw, "GetRightOffset"))
    ends = [whole(ask(item.raw, f"GetSource{each}Frame")) for each in ("Start", "End")]
    begins = whole(told.get("Start"))
    if rate is not None and rate != doc.rate:
        return f"The clip runs at {rate}, the timeline at {doc.rate}"
    if left is None or begins not in (None, 0, number):
        return "The clip is a part of another, which counts in its own way"
    if left < 0 or left + item.frames > frames:
        return "The clip shows more frames than its media has"
    # Each tells of another kind of retime; the last two may be off by one.
    warped = right is not None and abs(left + item.frames + right - frames) > 1
    if None not in ends:
        warped |= abs(ends[1] - ends[0] + 1 - item.frames) > 1  # type: ignore[operator]
    return "The clip is retimed" if speed != 100 or warped else ""


def _rate(told: Any) -> Rate | None:
    try:
        return Rate.of(told)
    except BadValue:
        return None
