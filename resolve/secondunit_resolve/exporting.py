"""A clip as Resolve shows it, rendered into files that are counted and looked at."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import NotWritable
from secondunit_panel.host import HostBusy, PlateHoled, Progress, Shot
from secondunit_resolve.link import ask
from secondunit_resolve.reading import Doc, Item, whole
from secondunit_resolve.writing import put, turned

GLANCE = 0.2  # seconds between two looks at a render
_KINDS = ("exr", "tif", "dpx")  # what keeps most of the picture first
_UNFIT = "Resolve does not set up the export"
_NUMBER = re.compile(r"(\d+)(\.\w+)$")


def exported(doc: Doc, item: Item, shot: Shot, folder: Path, told: Progress) -> Clip:
    """The frames of a shot as pictures in a folder. Raises as Host.plate does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWritable(
            "The plate cannot be written there", str(folder), "Choose another"
        ) from error
    before = set(folder.rglob("*"))
    try:
        with ExitStack() as kept:
            kept.enter_context(turned(doc))
            kept.enter_context(_alone(doc, item.track))
            kept.enter_context(turned(doc, "deliver"))
            kept.enter_context(_settings(doc, shot.place.range, folder))
            why = _rendered(doc.project, len(shot.place.range), told)
        return _counted(folder, before, shot, why)
    except BaseException:
        for each in sorted(set(folder.rglob("*")) - before, reverse=True):
            each.rmdir() if each.is_dir() else each.unlink()
        raise


@contextmanager
def _alone(doc: Doc, track: int) -> Iterator[None]:
    """With all other video tracks out of sight."""

    def enabled(number: int) -> bool:
        return bool(ask(doc.timeline, "GetIsTrackEnabled", "video", number))

    def set(number: int, seen: bool) -> None:
        refused, tl = "Resolve does not switch a track", doc.timeline
        put(refused, lambda: enabled(number) == seen, tl, "SetTrackEnable", "video", number, seen)

    was = {number: enabled(number) for number in doc.tracks()}
    try:
        for number in was:
            set(number, number == track)
        yield
    finally:
        for number, seen in was.items():
            set(number, seen)


@contextmanager
def _settings(doc: Doc, frames: FrameRange, folder: Path) -> Iterator[None]:
    """With a render of these frames set up. Raises HostBusy where Resolve will not."""
    project, timeline = doc.project, doc.timeline
    marks = (ask(timeline, "GetMarkInOut") or {}).get("video") or {}
    format = ask(project, "GetCurrentRenderFormatAndCodec") or {}
    mode = ask(project, "GetCurrentRenderMode")
    # Settings only overlay what is loaded, and a preset for sound alone would render no picture.
    for preset in ask(project, "GetRenderPresetList") or []:
        named = preset if isinstance(preset, str) else str(preset.get("Name"))
        if "audio" not in named.lower() and ask(project, "LoadRenderPreset", named):
            break
    kinds = (ask(project, "GetRenderFormats") or {}).values()
    kind = next((each for each in _KINDS if each in kinds), "")
    codecs = list((ask(project, "GetRenderCodecs", kind) or {}).values())
    codec = next((each for each in codecs if "half" in each.lower()), codecs[0] if codecs else "")
    ask(project, "SetCurrentRenderMode", 1)
    wanted = {
        "SelectAllFrames": False, "MarkIn": frames.first, "MarkOut": frames.last,
        "TargetDir": str(folder), "CustomName": "plate", "ExportVideo": True, "ExportAudio": False,
    }  # fmt: skip
    try:
        now = partial(ask, project, "GetCurrentRenderFormatAndCodec")
        set, holds = "SetCurrentRenderFormatAndCodec", lambda: (now() or {}).get("format") == kind
        put(_UNFIT, holds, project, set, kind, codec)
        if not ask(project, "SetRenderSettings", wanted):
            raise _busy(_UNFIT)
        yield
    finally:
        ask(project, "SetCurrentRenderFormatAndCodec", format.get("format"), format.get("codec"))
        ask(project, "SetCurrentRenderMode", mode)
        if "in" in marks and "out" in marks:
            ask(timeline, "SetMarkInOut", marks["in"], marks["out"], "all")


def _rendered(project: Any, frames: int, told: Progress) -> str:
    """Render, telling how far it is; what Resolve says went wrong."""
    job = ask(project, "AddRenderJob")
    if not job:
        raise _busy("Resolve adds no export")
    try:
        if not ask(project, "StartRendering", [job], False):
            raise _busy("Resolve does not start the export")
        while ask(project, "IsRenderingInProgress"):
            percent = (ask(project, "GetRenderJobStatus", job) or {}).get("CompletionPercentage")
            told(min(frames, frames * (whole(percent) or 0) // 100), frames)
            time.sleep(GLANCE)
        told(frames, frames)
        return str((ask(project, "GetRenderJobStatus", job) or {}).get("Error") or "")
    finally:
        if ask(project, "IsRenderingInProgress"):
            ask(project, "StopRendering")
        ask(project, "DeleteRenderJob", job)


def _counted(folder: Path, before: set[Path], shot: Shot, why: str) -> Clip:
    """What lies there now as a clip. Raises PlateHoled where a frame is missing or empty."""
    new = [each for each in folder.rglob("*") if each not in before and each.is_file()]
    found = {
        int(m[1]): each for each in new if (m := _NUMBER.search(each.name)) and each.stat().st_size
    }
    frames = len(shot.place.range)
    first = min(found, default=0)
    if why or sorted(found) != list(range(first, first + frames)):
        raise PlateHoled(
            f"Resolve exported {len(found)} of {frames} frames{f': {why}' if why else ''}",
            str(folder), "Look whether the disk is full, then try again",
        )  # fmt: skip
    path = found[first]
    name = _NUMBER.sub(lambda m: "#" * len(m[1]) + m[2], path.name)
    return Clip(str(path.with_name(name)), FrameRange.starting(first, frames), shot.place.rate)


def _busy(what: str) -> HostBusy:
    return HostBusy(what, "DaVinci Resolve", "Is a dialog open in Resolve? Close it, then again")
