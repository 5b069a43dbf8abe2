"""Which stretch of a track a marker means."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue, RequestWrong
from secondunit_otio.document import Cut
from secondunit_otio.layout import extent, is_video, lay_out
from secondunit_otio.neighbours import Slot
from secondunit_otio.scan import Item
from secondunit_otio.times import Stretch, frame_at


def insert_slot(cut: Cut, gap: Item, slot: Slot, marked: Stretch | None, wanted: int) -> Slot:
    """The part of a gap a marker asks for: from the marker on, as far as the gap reaches.

    `wanted` 0 means as long as the marker; a marker of one frame or none means the rest of the gap.
    An effect on the gap, which marks nothing, means all of it.
    """
    if marked is None:
        return _from(slot, slot.start, wanted)
    start = slot.start + marked.begin - extent(cut, gap).begin
    return _from(slot, start, wanted or _marked_frames(marked, slot))


def marked_slot(
    cut: Cut, clip: Item, slot: Slot, marked: Stretch, wanted: int
) -> tuple[Slot, FrameRange | None]:
    """The part of a clip a marker means: its place in the track, its frames in the clip's time.

    That time is the clip's before its time warps. A marker of one frame or none means all of the
    clip: None.
    """
    frames = wanted or _marked_frames(marked, slot)
    if not frames:
        return slot, None
    shown = extent(cut, clip)
    meant = FrameRange.starting(frame_at(marked.begin * slot.rate.per_second), frames)
    begin = max(marked.begin, shown.begin)
    if begin >= shown.end or marked.begin + frames / slot.rate.per_second <= shown.begin:
        raise RequestWrong(
            "The marker lies outside the part of the clip that is seen", remedy="Move the marker"
        )
    late = (begin - marked.begin) * slot.rate.per_second
    return _from(slot, slot.start + begin - shown.begin, frames - frame_at(late)), meant


def _marked_frames(marked: Stretch, slot: Slot) -> int:
    frames = frame_at(marked.duration.seconds * slot.rate.per_second)
    return frames if frames > 1 else 0


def _from(slot: Slot, start: Fraction, frames: int) -> Slot:
    """So many frames of a slot from a time on, begun on a whole frame; 0: to its end."""
    rate = slot.rate.per_second
    start = slot.start + frame_at((start - slot.start) * rate) / rate
    if not slot.start <= start < slot.stop:
        raise RequestWrong("The marker lies outside its gap or clip", remedy="Move the marker")
    stop = min(start + frames / rate, slot.stop) if frames else slot.stop
    return replace(slot, start=start, stop=stop)


def item_under(
    cut: Cut, holder: Item, marked: Stretch, wants_gap: bool
) -> tuple[Item, Stretch | None]:
    """The gap or clip below a marker on a track or stack, and the marker in that item's own time.

    Below a marker on a stack an insert takes the lowest video track that is empty there, anything
    else the topmost clip. Raises RequestWrong where there is none.
    """
    tracks = [holder] if holder.schema == "Track" else _video_tracks(holder, upwards=wants_gap)
    for track in tracks:
        layout = lay_out(cut, track)
        time = marked.begin
        if track is not holder:
            try:
                time += extent(cut, track).begin
            except BadValue:
                continue
        number = layout.playing(time)
        if number is None:
            continue
        place = layout.places[number]
        if place.item.schema == ("Gap" if wants_gap else "Clip") and place.item.enabled:
            return place.item, _moved(marked, time - place.start + extent(cut, place.item).begin)
    wish = "gap" if wants_gap else "clip"
    raise RequestWrong(
        f"There is no {wish} below the marker", remedy=f"Put it on the {wish} itself"
    )


def _video_tracks(stack: Item, upwards: bool) -> list[Item]:
    tracks = [
        child
        for child in stack.children
        if child.schema == "Track" and child.enabled and is_video(child)
    ]
    return tracks if upwards else tracks[::-1]


def _moved(marked: Stretch, begin: Fraction) -> Stretch:
    start = marked.start
    frames = begin * start.rate.per_second
    return marked._replace(start=start._replace(frames=frames, seconds=begin))
