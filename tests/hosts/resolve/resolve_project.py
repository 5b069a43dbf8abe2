"""The project of a fake Resolve: its media pool, and its renders. See fake_resolve.py."""

# ruff: noqa: N802 (methods are called as Resolve calls them)
from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolve_things import Folder, Item, Media, Thing, Timeline, floor_frames

WORDS = {"en": ("Ready", "Rendering", "Complete"), "pt": ("Pronto", "Renderizando", "Concluído")}


FORMATS = {"QuickTime": "mov", "EXR": "exr", "TIFF": "tif"}
CODECS = {
    "exr": {"RGB float": "RGBFloat", "RGB half": "RGBHalf"},
    "tif": {"RGB 16 bits": "RGB16"},
    "mov": {"Apple ProRes 4444": "ProRes4444"},
}


@dataclass(eq=False)
class Project(Thing):
    world: Any

    def GetName(self) -> str:
        return "Film"

    def GetCurrentTimeline(self) -> Timeline | None:
        return None if self.world.quirks.empty else self.world.current

    def SetCurrentTimeline(self, timeline: Timeline) -> bool:
        self.world.current = timeline
        return True

    def GetTimelineCount(self) -> int:
        return len(self.world.timelines)

    def GetTimelineByIndex(self, index: int) -> Timeline:
        return self.world.timelines[index - 1]

    def GetMediaPool(self) -> Pool:
        return Pool(self.world)

    # renders

    def GetRenderPresetList(self) -> list[str]:
        return ["Audio Only", "H.264 Master", "ProRes 422 HQ"]

    def LoadRenderPreset(self, name: str) -> bool:
        self.world.render.preset = name
        return True

    def GetRenderFormats(self) -> dict[str, str]:
        return dict(FORMATS)

    def GetRenderCodecs(self, format: str) -> dict[str, str]:
        return dict(CODECS.get(format, {}))

    def GetCurrentRenderFormatAndCodec(self) -> dict[str, str]:
        return dict(zip(("format", "codec"), self.world.render.format, strict=True))

    def SetCurrentRenderFormatAndCodec(self, format: str, codec: str) -> bool:
        if codec not in CODECS.get(format, {}).values():
            return False  # descriptions are none
        self.world.render.format = (format, codec)
        return True

    def GetCurrentRenderMode(self) -> int:
        return self.world.render.mode

    def SetCurrentRenderMode(self, mode: int) -> bool:
        self.world.render.mode = mode
        return True

    def SetRenderSettings(self, settings: dict[str, Any]) -> bool:
        self.world.render.settings |= settings
        return True

    def AddRenderJob(self) -> str:
        folder = self.world.render.settings.get("TargetDir")
        if not folder or not os.access(folder, os.W_OK):
            return ""
        return self.world.render.add()

    def DeleteRenderJob(self, job: str) -> bool:
        return self.world.render.jobs.pop(job, None) is not None

    def StartRendering(self, jobs: list[str], isInteractiveMode: bool = False) -> bool:  # noqa: N803
        if self.world.page != "deliver" and not self.world.quirks.page_free:
            return False
        return self.world.render.start(jobs[0])

    def StopRendering(self) -> None:
        self.world.render.running = ""

    def IsRenderingInProgress(self) -> bool:
        return self.world.render.step()

    def GetRenderJobStatus(self, job: str) -> dict[str, Any]:
        return self.world.render.status(job)


class Render:
    """The render queue: a quarter of the frames is written whenever somebody looks."""

    def __init__(self, world: Any) -> None:
        self.world, self.preset, self.mode = world, "Audio Only", 0
        self.format = ("mov", "ProRes4444")
        self.settings: dict[str, Any] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.running, self.seen = "", []
        self.stalls = 0

    def add(self) -> str:
        """A job of what is set up now."""
        first, last = self.world.current.first, self.world.current.first + 100
        if not self.settings.get("SelectAllFrames", True):
            first, last = self.settings["MarkIn"], self.settings["MarkOut"]
        frames = list(range(first, last + 1))[self.world.quirks.holes :]
        job = f"job-{len(self.jobs) + 1}"
        told = {"left": frames, "all": len(frames), "format": self.format[0], **self.settings}
        self.jobs[job] = told
        return job

    def start(self, job: str) -> bool:
        """Begin."""
        self.running, self.stalls = job, self.world.quirks.stalls
        self.seen = [each.enabled for each in self.world.current.video]
        if not self.world.quirks.keeps_marks:
            told = self.jobs[job]
            self.world.current.marks = (told["MarkIn"], told["MarkOut"])
        return True

    def step(self) -> bool:
        """Whether it still runs, after a part more of it."""
        if not self.running:
            return False
        if self.stalls:
            self.stalls -= 1
            return True
        told = self.jobs[self.running]
        if not told["left"] or self.world.quirks.error:
            self.running = ""
            return False
        now, told["left"] = (
            told["left"][: told["all"] // 4 + 1],
            told["left"][told["all"] // 4 + 1 :],
        )
        if self.preset == "Audio Only":
            return True  # whatever the settings say
        for frame in now:
            name = f"{told['CustomName']}{frame:08d}.{told['format']}"
            blank = frame - told["MarkIn"] < self.world.quirks.blank
            Path(told["TargetDir"], name).write_bytes(b"" if blank else b"a frame")
        return True

    def status(self, job: str) -> dict[str, Any]:
        """How far a job is."""
        told, (ready, runs, done) = self.jobs[job], WORDS[self.world.quirks.language]
        percent = 100 * (told["all"] - len(told["left"])) // max(1, told["all"])
        state = runs if self.running == job else done if percent == 100 else ready
        answer = {"JobStatus": state, "CompletionPercentage": percent}
        return answer | ({"Error": self.world.quirks.error} if self.world.quirks.error else {})


@dataclass(eq=False)
class Pool(Thing):
    world: Any

    def GetRootFolder(self) -> Folder:
        return self.world.root

    def GetCurrentFolder(self) -> Folder:
        return self.world.folder

    def SetCurrentFolder(self, folder: Folder) -> bool:
        self.world.folder = folder
        return folder is not None

    def AddSubFolder(self, folder: Folder, name: str) -> Folder:
        folder.folders.append(Folder(self.world, name))
        return folder.folders[-1]

    def SetSelectedClip(self, media: Media) -> bool:
        self.world.picked = media
        return True

    def ImportMedia(self, listed: list[Any]) -> list[Media]:
        return [each for each in map(self._imported, listed) if each]

    def _imported(self, told: Any) -> Media | None:
        unreadable = self.world.quirks.unreadable
        if isinstance(told, dict):
            pattern, first, last = told["FilePath"], told["StartIndex"], told["EndIndex"]
            if not all(os.path.isfile(pattern % number) for number in range(first, last + 1)):
                return None
            name = re.sub(r"%0(\d)d", lambda m: f"[{first:0{m[1]}d}-{last:0{m[1]}d}]", pattern)
            media = Media(self.world, name, last - first + 1, self.world.fps, first)
        elif not os.path.isfile(told) or (unreadable and unreadable in told):
            return None
        else:
            media = Media(self.world, told, self.world.length(told), self.world.fps)
        self.world.folder.clips.append(media)
        return media

    def AppendToTimeline(self, listed: list[dict[str, Any]]) -> list[Item | None]:
        quirks = self.world.quirks
        made: list[Item | None] = []
        for told in listed:
            if quirks.shells:
                quirks.shells -= 1
                made.append(Item(self.world, None, 0, 0, 0, 0, shell=True))
            elif quirks.nones:
                quirks.nones -= 1
                made.append(None)
            else:
                made += self._appended(told)
        return made

    def _appended(self, told: dict[str, Any]) -> list[Item]:
        timeline, quirks, media = self.world.current, self.world.quirks, told["mediaPoolItem"]
        number = told.get("trackIndex", 1)
        if not 0 < number <= len(timeline.video) or number in quirks.locked:
            return []
        if quirks.needs_selected and self.world.picked is not media:
            return []
        start, end = round(told["startFrame"]), round(told["endFrame"]) + quirks.end_inclusive
        frames = floor_frames(min(end, media.frames) - start, media.fps, float(timeline.rate))
        at = round(told["recordFrame"]) + quirks.misplaced
        there = [
            range(each.first, each.first + each.frames) for each in timeline.video[number - 1].items
        ]
        if frames < 1 or any(at < each.stop and each.start < at + frames for each in there):
            return []  # what stands there wins
        item = timeline.stand(number, media, at, start, frames)
        if "mediaType" not in told:
            timeline.audio[0].items.append(
                Item(self.world, media, at, start, frames, 1, kind="audio")
            )
        return [item]
