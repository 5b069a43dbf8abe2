"""Turnover: what a cut asks becomes a job, its frames numbered as the media's own files are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secondunit.callsheet import Size
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.problem import RequestWrong
from secondunit_otio import Cut, MediaFrame, Request, neighbours, plate_of
from secondunit_otio.media import Media, local_path
from secondunit_otio.neighbours import View

_CONTEXT = 17  # frames of each neighbour that are turned over; a model takes what it wants of them
_OURS = frozenset({"seed", "takes", "model", "steps", "guidance", "condition", "target", "range",
                   "matte", "mode"})  # fmt: skip


@dataclass(frozen=True)
class Turned:
    """A request as a job, and the media its frames are numbered by; None where it has no plate."""

    job: Job
    media: Media | None = None

    def number(self, file_frame: int) -> int:
        """What the cut calls a frame that the media calls so."""
        media = self.media
        if media is None or media.start is None:
            return file_frame
        if media.sequence:
            return media.start + (file_frame - media.first_file)
        return media.start + file_frame


def turned_over(cut: Cut, request: Request, output: str) -> Turned:
    """The job of a request. Raises RequestWrong and whatever is wrong with the cut around it."""
    return _TURN[request.kind](cut, request, output)


def _insert(cut: Cut, request: Request, output: str) -> Turned:
    values = _plain(request)
    values |= {"frames": request.frames, "head": request.head, "tail": request.tail}
    condition = request.values.get("condition")
    condition = condition if isinstance(condition, dict) else {}
    view: View = "comp" if condition.get("view") == "comp" else "track"
    beside = neighbours(cut, request.slot or request.item, view)
    clips: dict[str, Clip] = {}
    sides = {
        "before": beside.frames_before(_CONTEXT),
        "after": beside.frames_after(_CONTEXT),
    }
    seen = {
        "before": ("first", _run(sides["before"], last=True)),
        "after": ("last", _run(sides["after"], last=False)),
    }
    shape: Clip | None = None
    for name, (key, neighbour) in seen.items():
        wish = str(condition.get(key, "neighbour"))
        known = wish in ("neighbour", "none")
        found = neighbour if known else Clip(local_path(wish, cut.folder))
        shape = shape or found
        if found is not None and wish != "none":
            clips[name] = found
    if not clips and shape is not None and "width" not in values:
        size = _size(shape)
        values |= {"width": size.width, "height": size.height}
    if not clips and "rate" not in values and request.slot is not None:
        values["rate"] = str(request.slot.rate)
    main = next((name for name in seen if name in clips), "")
    if main and clips[main] is seen[main][1]:  # a clip named by its path has its own numbers
        _count_by_file(values, sides[main][0].media)
    return Turned(_job("insert", request, output, clips, values))


def _run(frames: list[MediaFrame], last: bool) -> Clip | None:
    """The longest stretch of a media's own consecutive frames that meets the slot."""
    if not frames:
        return None
    numbers = [frame.file_frame for frame in frames]
    if last:
        numbers.reverse()
    step = -1 if last else 1
    end = numbers[0]
    for number in numbers[1:]:
        if number not in (end, end + step):
            break
        end = number
    meant = FrameRange(min(numbers[0], end), max(numbers[0], end))
    return _clip(frames[0].media, meant)


def _extend_time(cut: Cut, request: Request, output: str) -> Turned:
    plate = plate_of(cut, request)
    media = plate.media
    meant: FrameRange | None = _file_range(media, plate.range)
    if request.values.get("range", "media") == "media":
        meant = (
            None
            if media.start is None or media.last is None
            else _file_range(media, FrameRange(media.start, media.last))
        )
    values = _plain(request)
    _count_by_file(values, media)
    if not (values.get("head") or values.get("tail")):
        raise RequestWrong(
            "An extension in time of no frames", request.where, "Say how long its head or tail is"
        )
    clips = {"plate": _clip(media, meant)}
    return Turned(_job("extend", request, output, clips, values), media)


def _extend_frame(cut: Cut, request: Request, output: str) -> Turned:
    plate = plate_of(cut, request)
    clip = _clip(plate.media, _file_range(plate.media, plate.range))
    values = _plain(request)
    _count_by_file(values, plate.media)
    target = request.values.get("target")
    if isinstance(target, list) and len(target) == 2:
        values |= {"width": target[0], "height": target[1]}
    sides = {"left": 0, "right": 0, "top": 1, "bottom": 1}
    shares = {side for side in sides if isinstance(values.get(side), float) and values[side] <= 1}
    if shares:  # normalised margins: shares of the plate's own size
        size = _size(clip)
        for side in shares:
            values[side] = round(values[side] * size[sides[side]])
    return Turned(_job("extend", request, output, {"plate": clip}, values), plate.media)


def _on_plate(task: str) -> Callable[[Cut, Request, str], Turned]:
    def turn(cut: Cut, request: Request, output: str) -> Turned:
        plate = plate_of(cut, request)
        media = plate.media
        clips = {"plate": _clip(media, _file_range(media, plate.range))}
        values = _plain(request)
        _count_by_file(values, media)
        if isinstance(matte := request.values.get("matte"), str) and matte:
            clips["matte"] = Clip(local_path(matte, cut.folder))
        for mark in [*values.get("points", []), *filter(None, [values.get("box")])]:
            if isinstance(mark, dict) and isinstance(mark.get("frame"), int):
                mark["frame"] = media.file_frame(mark["frame"])
        if request.marked is not None and task == "cleanup":
            within = request.marked.clipped_to(plate.range)
            if within is None:
                raise RequestWrong("The marker lies outside the clip", request.where)
            values["only"] = str(_file_range(media, within))
        return Turned(_job(task, request, output, clips, values), media)

    return turn


_TURN: dict[str, Callable[[Cut, Request, str], Turned]] = {
    "insert": _insert,
    "extend_time": _extend_time,
    "extend_frame": _extend_frame,
} | {task: _on_plate(task) for task in ("cleanup", "restyle", "highlights", "matte")}


def _job(
    task: str, request: Request, output: str, clips: dict[str, Clip], values: dict[str, Any]
) -> Job:
    asked = request.values
    return Job(
        task,
        output,
        request.id,
        clips,
        values,
        str(asked.get("model", "") or ""),
        int(asked.get("seed", 0)),
        request.takes,
        steps=asked.get("steps"),
        guidance=asked.get("guidance"),
    )


def _plain(request: Request) -> dict[str, Any]:
    """The values that are the task's; what is the job's own or the cut's is taken out."""
    kept = {key: value for key, value in request.values.items() if key not in _OURS}
    for key in ("points", "box"):
        if isinstance(kept.get(key), list):
            kept[key] = [dict(each) if isinstance(each, dict) else each for each in kept[key]]
        elif isinstance(kept.get(key), dict):
            kept[key] = dict(kept[key])
    return kept


def _count_by_file(values: dict[str, Any], media: Media) -> None:
    """Have the places of drawn paths on the frames as the media counts them, not the cut.

    What is no place is left as it is: the task says what is wrong with it.
    """
    paths = values.get("paths")
    if not isinstance(paths, list):
        return
    values["paths"] = [
        {**path, "keys": [_place(each, media) for each in path["keys"]]}
        if isinstance(path, dict) and isinstance(path.get("keys"), list)
        else path
        for path in paths
    ]


def _place(key: Any, media: Media) -> Any:
    placed = isinstance(key, list) and key and isinstance(key[0], int)
    return [media.file_frame(key[0]), *key[1:]] if placed else key


def _file_range(media: Media, meant: FrameRange) -> FrameRange:
    if media.step != 1:
        raise RequestWrong(
            f"The sequence has only every {media.step}th frame", media.path, "Render all of them"
        )
    return FrameRange(media.file_frame(meant.first), media.file_frame(meant.last))


def _clip(media: Media, meant: FrameRange | None) -> Clip:
    return Clip(os.path.normpath(media.path), meant, media.rate)


def _size(clip: Clip) -> Size:
    with open_media(clip) as reader:
        return reader.footage.size
