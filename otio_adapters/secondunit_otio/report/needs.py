"""Which frames a cut needs of a take, and which of them the take lacks."""

from __future__ import annotations

from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import extent
from secondunit_otio.report.held import Job, Take
from secondunit_otio.requests import Request, plate_of
from secondunit_otio.scan import Item
from secondunit_otio.times import frame_at, frames_in
from secondunit_otio.warps import Warp, speed


def held(take: Take) -> FrameRange:
    """The frames a take has. Raises BadValue where the cut does not say."""
    media = take.media
    if media.start is None or media.last is None:
        raise BadValue("The cut does not say which frames the take has")
    return FrameRange(media.start, media.last)


def needed(cut: Cut, job: Job, rate: Rate | None) -> FrameRange:
    """The frames a cut needs of a take: those of all clips that carry its id, together.

    An insert needs what was asked, handles included; work on a plate what the clip shows of it.
    Frames are counted at the take's `rate`, None: the clip's. Raises BadValue.
    """
    request = job.request if job.request is not None and job.request.problem is None else None
    ranges = [
        _asked_of(cut, request, rate)
        if request is not None and request.item is each
        else shown(cut, each, rate)
        for each in job.clips
    ]
    if not ranges:
        if request is None:
            raise BadValue("Its clip is not in the cut")
        ranges = [_asked_of(cut, request, rate)]
    return FrameRange(min(each.first for each in ranges), max(each.last for each in ranges))


def _asked_of(cut: Cut, request: Request, rate: Rate | None) -> FrameRange:
    if request.kind == "insert":
        return FrameRange.starting(request.first, request.length)
    if request.kind == "extend_time":
        return shown(cut, request.item, rate)
    return plate_of(cut, request).range


def shown(cut: Cut, item: Item, rate: Rate | None = None) -> FrameRange:
    """The frames a clip shows in its own numbering, wherever its media ends. Raises BadValue."""
    warp = Warp(extent(cut, item), speed(item))
    rate = rate or warp.shown.rate
    steps = max(frames_in(warp.shown.length * rate.per_second), 1)
    ends = [warp.position(step / rate.per_second, rate) for step in (0, steps - 1)]
    low, high = sorted(frame_at(each) for each in ends)
    return FrameRange(low, high)


def lacking(has: FrameRange, needs: FrameRange) -> tuple[FrameRange, ...]:
    """The frames needed that are not there: before what is there, after it, or both."""
    found = []
    if needs.first < has.first:
        found.append(FrameRange(needs.first, min(needs.last, has.first - 1)))
    if needs.last > has.last:
        found.append(FrameRange(max(needs.first, has.last + 1), needs.last))
    return tuple(found)
