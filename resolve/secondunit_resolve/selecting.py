"""What is selected in Resolve: clips, the clip at the playhead, or the gap there."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from secondunit_contract.frames import FrameRange, Timecode
from secondunit_contract.problem import BadValue
from secondunit_panel.host import Selection, Shot
from secondunit_resolve.link import ask
from secondunit_resolve.reading import OURS, Doc, Item, opened, shot_of, whole

_COUNTING = ("cut", "edit", "color", "fairlight", "deliver")  # the pages that know the playhead


def selection(app: Any) -> Selection:
    """What is selected: clips, else the clip at the playhead, else the gap there; of these what the
    marks In and Out leave, where they meet it.
    """
    doc = opened(app)
    playhead, marked = _playhead(doc), _marked(doc)
    items = _picked(doc)
    items = items or [each for each in [_at_playhead(doc, playhead)] if each]
    made = [(each, shot) for each in items if (shot := shot_of(doc, each, marked))]
    if not made:
        return _gap(doc, playhead, marked)
    before = _touching(doc, made[0][0], -1)
    after = _touching(doc, made[-1][0], 1)
    return Selection(tuple(shot for _, shot in made), None, before, after, None, playhead, doc.name)


def _picked(doc: Doc) -> list[Item]:
    """The video clips that are selected, which Resolve tells from 21.0.4 on."""
    found = []
    for raw in ask(doc.timeline, "GetSelectedClips") or []:
        kind, number = (ask(raw, "GetTrackTypeAndIndex") or ("", 0))[:2]
        if kind == "video":
            found.append(Item(raw, int(number)))
    return sorted(found, key=lambda each: (each.first, each.track))


def _at_playhead(doc: Doc, playhead: int | None) -> Item | None:
    """The clip that Resolve calls current; under takes of ours the one below."""
    raw = ask(doc.timeline, "GetCurrentVideoItem")
    kind, number = (ask(raw, "GetTrackTypeAndIndex") or ("", 0))[:2]
    if kind == "video" and not doc.track(int(number)).startswith(OURS):
        return Item(raw, int(number))
    theirs = [each for each in doc.tracks() if not doc.track(each).startswith(OURS)]
    found = [] if playhead is None else [doc.under(each, playhead) for each in reversed(theirs)]
    return next((each for each in found if each), None)


def _gap(doc: Doc, playhead: int | None, marked: FrameRange | None) -> Selection:
    """The gap at the playhead, in the lowest track that has something to both sides of it."""
    for number in doc.tracks():
        items = [each for each in doc.items(number) if each.pool and each.frames]
        at = bisect_right(items, playhead, key=lambda each: each.first) if playhead else 0
        if not 0 < at < len(items) or playhead is None or doc.track(number).startswith(OURS):
            continue
        left, right = items[at - 1], items[at]
        if left.range.last + 1 < right.first and playhead > left.range.last:
            gap = FrameRange(left.range.last + 1, right.first - 1)
            gap = (marked and gap.clipped_to(marked)) or gap
            before = shot_of(doc, left) if left.range.last + 1 == gap.first else None
            after = shot_of(doc, right) if gap.last + 1 == right.first else None
            place = doc.place(gap, number)
            return Selection((), place, before, after, None, playhead, doc.name)
    return Selection(playhead=playhead, document=doc.name)


def _touching(doc: Doc, item: Item, side: int) -> Shot | None:
    frame = item.first - 1 if side < 0 else item.range.last + 1
    other = doc.under(item.track, frame)
    return shot_of(doc, other) if other and other.id != item.id else None


def _playhead(doc: Doc) -> int | None:
    if ask(doc.app, "GetCurrentPage") not in _COUNTING:
        return None
    try:
        told = Timecode.parse(str(ask(doc.timeline, "GetCurrentTimecode")), doc.rate)
    except BadValue:
        return None
    return doc.first + told.frame - doc.start.frame


def _marked(doc: Doc) -> FrameRange | None:
    """What In and Out mark, in the timeline's own frames. They are told from its beginning on; a
    Resolve that tells them otherwise is known by an Out that no such timeline could have.
    """
    told = ask(doc.timeline, "GetMarkInOut") or {}
    told = (told.get("video") or told.get("all") or {}) if isinstance(told, dict) else {}
    first, last = whole(told.get("in")), whole(told.get("out"))
    if first is None and last is None:
        return None
    absolute = (
        doc.first > 0 and min(each for each in (first, last) if each is not None) >= doc.first
    )
    shift = 0 if absolute else doc.first
    begin = shift + first if first is not None else doc.first
    end = shift + last if last is not None else 2**31
    return FrameRange(begin, end) if begin <= end else None
