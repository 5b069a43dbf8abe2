"""What stands in a fake Resolve: media, bins, timelines, tracks, clips. See fake_resolve.py."""

# ruff: noqa: N802 (methods are called as Resolve calls them)
from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

MARKER_COLOURS = set(
    [
        "Blue",
        "Cyan",
        "Green",
        "Yellow",
        "Red",
        "Pink",
        "Purple",
        "Fuchsia",
        "Rose",
        "Lavender",
        "Sky",
        "Mint",
        "Lemon",
        "Sand",
        "Cocoa",
        "Cream",
    ]
)


class Thing:
    """Something scripts can hold. `gone`: it was deleted."""

    gone = False
    world: Any

    def GetUniqueId(self) -> str:
        return self.id  # type: ignore[attr-defined]


@dataclass(eq=False)
class Media(Thing):
    world: Any
    path: str
    frames: int
    fps: float
    start: int = 0

    def __post_init__(self) -> None:
        self.id = next(self.world.ids)

    def GetClipProperty(self, key: str | None = None) -> Any:
        told = {
            "File Path": self.path, "File Name": Path(self.path).name, "Frames": str(self.frames),
            "FPS": self.fps, "Start": str(self.start), "End": str(self.start + self.frames - 1),
            "Resolution": "320x180", "Type": "Video", "Clip Name": Path(self.path).name,
        }  # fmt: skip
        return told if key is None else told.get(key, "")


@dataclass(eq=False)
class Folder(Thing):
    world: Any
    name: str

    def __post_init__(self) -> None:
        self.id = next(self.world.ids)
        self.clips: list[Media] = []
        self.folders: list[Folder] = []

    def GetName(self) -> str:
        return self.name

    def GetClipList(self) -> list[Media]:
        return list(self.clips)

    def GetSubFolderList(self) -> list[Folder]:
        return list(self.folders)


class Marked(Thing):
    """What markers stand on."""

    markers: dict[int, dict[str, Any]]

    def span(self) -> range:
        raise NotImplementedError

    def AddMarker(
        self, frame: float, color: str, name: str, note: str, duration: float, data: str = ""
    ) -> bool:
        if color not in MARKER_COLOURS or round(frame) in self.markers:
            return False
        if round(frame) not in self.span():
            return False
        self.markers[round(frame)] = {
            "color": color, "duration": float(duration), "note": note, "name": name,
            "customData": data,
        }  # fmt: skip
        return True

    def GetMarkers(self) -> dict[float, dict[str, Any]]:
        return {float(frame): dict(each) for frame, each in sorted(self.markers.items())}

    def UpdateMarkerCustomData(self, frame: float, data: str) -> bool:
        if round(frame) in self.markers:
            self.markers[round(frame)]["customData"] = data
        return round(frame) in self.markers

    def DeleteMarkerByCustomData(self, data: str) -> bool:
        for frame, each in self.markers.items():
            if each["customData"] == data:
                del self.markers[frame]
                return True
        return False


@dataclass(eq=False)
class Item(Marked):
    world: Any
    media: Media | None
    first: int
    left: int
    frames: int
    track: int
    name: str = ""
    speed: float = 100.0
    enabled: bool = True
    kind: str = "video"
    shell: bool = False

    def __post_init__(self) -> None:
        self.id = "" if self.shell else next(self.world.ids)
        self.gone = self.shell
        self.markers = {}
        self.takes: list[tuple[Media | None, int, int]] = []
        self.take = 0

    def span(self) -> range:
        begin = 0 if self.world.quirks.item_marks_relative else self.left
        return range(begin, begin + self.frames)

    def GetName(self) -> str:
        return self.name or (Path(self.media.path).name if self.media else "Title")

    def GetStart(self) -> float:
        return float(self.first)

    def GetEnd(self) -> float:
        return float(self.first + self.frames)

    def GetDuration(self) -> float:
        return float(self.frames)

    def GetLeftOffset(self) -> float | None:
        return float(self.left) if self.media else None

    def GetRightOffset(self) -> float | None:
        whole = int(self.media.frames * 100 / abs(self.speed)) if self.media else 0
        return float(whole - self.left - self.frames)

    def GetSourceStartFrame(self) -> float:
        return self.left * self.speed // 100 + self.world.quirks.source_off

    def GetSourceEndFrame(self) -> float:
        off = self.world.quirks.source_off
        return (self.left + self.frames) * self.speed // 100 - 1 + off

    def GetSpeed(self) -> dict[str, float]:
        return {"Percentage": self.speed}

    def GetTrackTypeAndIndex(self) -> list[Any]:
        return [self.kind, self.track]

    def GetMediaPoolItem(self) -> Media | None:
        return self.media

    def GetClipEnabled(self) -> bool:
        return self.enabled

    def SetClipEnabled(self, enabled: bool) -> bool:
        self.enabled = enabled
        return True

    def AddTake(self, media: Media, start: float, end: float) -> bool:
        quirks = self.world.quirks
        if quirks.takes == "refused" or self.media is None:
            return False
        if not self.takes:
            self.takes, self.take = [(self.media, self.left, self.frames)], 1
        begin = round(start) + (1 if quirks.takes == "wrong" else 0)
        self.takes.append((media, begin, round(end) - round(start) + quirks.end_inclusive))
        return True

    def GetTakesCount(self) -> int:
        return len(self.takes)

    def GetSelectedTakeIndex(self) -> int:
        return self.take

    def GetTakeByIndex(self, index: int) -> dict[str, Any]:
        media, start, frames = self.takes[index - 1]
        end = start + frames - self.world.quirks.end_inclusive
        return {"startFrame": start, "endFrame": end, "mediaPoolItem": media}

    def SelectTakeByIndex(self, index: int) -> bool:
        if self.world.quirks.takes == "stuck" or not 0 < index <= len(self.takes):
            return False
        self.take = index
        self.media, self.left, self.frames = self.takes[index - 1]
        return True

    def DeleteTakeByIndex(self, index: int) -> bool:
        if not 0 < index <= len(self.takes) or len(self.takes) < 2:
            return False
        del self.takes[index - 1]
        self.take = min(self.take, len(self.takes))
        self.media, self.left, self.frames = self.takes[self.take - 1]
        return True

    def FinalizeTake(self) -> bool:
        self.takes, self.take = [], 0
        return True


@dataclass
class Track:
    name: str
    enabled: bool = True
    items: list[Item] = field(default_factory=list)


class Timeline(Marked):
    """A timeline with a video track."""

    def __init__(self, world: Any, name: str, start: str, rate: str) -> None:
        self.world, self.name, self.start, self.rate = world, name, start, rate
        self.id = next(world.ids)
        self.nominal = round(float(rate))
        self.video = [Track("Video 1")]
        self.audio = [Track("Audio 1")]
        self.markers = {}
        self.marks: tuple[int, int] | None = None  # absolute
        self.first = self.frame(start)
        self.playhead = self.first

    def frame(self, timecode: str) -> int:
        """The frame of a timecode."""
        h, m, s, f = (int(each) for each in re.split("[:;]", timecode))
        count = ((h * 60 + m) * 60 + s) * self.nominal + f
        dropped = self.nominal // 15 * (h * 60 + m - (h * 60 + m) // 10)
        return count - (dropped if ";" in timecode else 0)

    def timecode(self, frame: int) -> str:
        """The timecode of a frame; found by trying, which is slow and plainly right."""
        seconds = range(frame // self.nominal, frame // self.nominal + 400)
        mark = ";" if ";" in self.start else ":"
        for second, f in itertools.product(seconds, range(self.nominal)):
            text = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{mark}{f:02d}"
            dropped = mark == ";" and second % 60 == 0 and second // 60 % 10 and f < 2
            if not dropped and self.frame(text) == frame:
                return text
        raise AssertionError(frame)

    def stand(self, track: int, media: Media | None, at: int, left: int, frames: int) -> Item:
        """Put something on a track."""
        while len(self.video) < track:
            self.video.append(Track(f"Video {len(self.video) + 1}"))
        item = Item(self.world, media, at, left, frames, track)
        self.video[track - 1].items.append(item)
        self.video[track - 1].items.sort(key=lambda each: each.first)
        return item

    def span(self) -> range:
        last = max((i.first + i.frames for t in self.video for i in t.items), default=self.first)
        return range(last - self.first if self.world.quirks.far else 2**31)

    def _track(self, number: int) -> Track | None:
        return self.video[number - 1] if 0 < number <= len(self.video) else None

    def GetName(self) -> str:
        return self.name

    def GetSetting(self, key: str) -> str:
        return self.rate if key == "timelineFrameRate" else ""

    def GetStartFrame(self) -> int:
        return self.first

    def GetStartTimecode(self) -> str:
        return self.start

    def GetCurrentTimecode(self) -> str:
        paged = self.world.page in ("cut", "edit", "color", "fairlight", "deliver")
        return self.timecode(self.playhead) if paged else "00:00:00:00"

    def SetCurrentTimecode(self, timecode: str) -> bool:
        if self.frame(timecode) < self.first:
            return False
        self.playhead = self.frame(timecode)
        return True

    def GetMarkInOut(self) -> dict[str, dict[str, int]] | None:
        if self.marks is None:
            return None if self.world.quirks.no_list else {}
        shift = 0 if self.world.quirks.marks_absolute else self.first
        both = {"in": self.marks[0] - shift, "out": self.marks[1] - shift}
        return {"video": both, "audio": dict(both)}

    def SetMarkInOut(self, first: int, last: int, kind: str = "all") -> bool:
        shift = 0 if self.world.quirks.marks_absolute else self.first
        self.marks = (first + shift, last + shift)
        return True

    def GetTrackCount(self, kind: str) -> int:
        return len(self.video if kind == "video" else self.audio)

    def GetTrackName(self, kind: str, number: int) -> str | None:
        track = self._track(number)
        return track.name if track else None

    def SetTrackName(self, kind: str, number: int, name: str) -> bool:
        if not self.world.quirks.named or self.world.current is not self:
            return False
        self.video[number - 1].name = name
        return True

    def AddTrack(self, kind: str) -> bool:
        self.video.append(Track(f"Video {len(self.video) + 1}"))
        return True

    def DeleteTrack(self, kind: str, number: int) -> bool:
        del self.video[number - 1]
        return True

    def GetIsTrackLocked(self, kind: str, number: int) -> bool:
        return number in self.world.quirks.locked

    def GetIsTrackEnabled(self, kind: str, number: int) -> bool:
        return self.video[number - 1].enabled

    def SetTrackEnable(self, kind: str, number: int, enabled: bool) -> bool:
        self.video[number - 1].enabled = enabled
        return self.world.page == "edit"

    def GetItemListInTrack(self, kind: str, number: int) -> list[Item] | None:
        track = self._track(number)
        if track is None or (not track.items and self.world.quirks.no_list):
            return None
        dead = [Item(self.world, None, 0, 0, 0, number, shell=True)]
        return list(track.items) + (dead if self.world.quirks.shell_in_track else [])

    def GetSelectedClips(self) -> list[Item]:
        return list(self.world.selected)

    def GetCurrentVideoItem(self) -> Item | None:
        for track in reversed(self.video):
            for item in track.items:
                if item.first <= self.playhead < item.first + item.frames and item.media:
                    return item
        return None

    def DeleteClips(self, items: list[Item], ripple: bool = False) -> bool:
        if self.world.page != "edit":
            return False
        for track in self.video:
            for item in [each for each in track.items if each in items]:
                track.items.remove(item)
                item.gone = True
        return True


def floor_frames(frames: int, media: float, timeline: float) -> int:
    """How many frames of a timeline so many of a clip fill: Resolve rounds down."""
    return int(frames * Fraction(str(timeline)) / Fraction(str(media)))
