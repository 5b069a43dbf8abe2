"""Between which pictures an insert stands, and whether they are still the ones it was made for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.neighbours import MediaFrame, Sighting, Slot, neighbours
from secondunit_otio.report.held import Job
from secondunit_otio.report.needs import shown
from secondunit_otio.report.wording import plain
from secondunit_otio.requests import Request
from secondunit_otio.scan import Item


def neighbours_changed(old: Cut, new: Cut, was: Job, now: Job) -> Iterator[str]:
    """What is beside an insert now and was not when it was made, told in sentences."""
    asked = now.request or was.request
    here, there = _home(was), _home(now)
    if asked is None or asked.kind != "insert" or here is None or there is None:
        return
    condition = asked.values.get("condition")
    condition = condition if isinstance(condition, dict) else {}
    view: Literal["track", "comp"] = "comp" if condition.get("view") == "comp" else "track"
    try:
        one = neighbours(old, _spot(was, here), view)
        other = neighbours(new, _spot(now, there), view)
        edges, edges_now = _edges(old, was, here), _edges(new, now, there)
    except BadValue:
        return
    sides = (
        ("first", "before", one.before, other.before),
        ("last", "after", one.after, other.after),
    )
    for number, (key, side, seen, sees) in enumerate(sides):
        slid = edges_now[number] - edges[number]
        wished = condition.get(key, "neighbour") == "neighbour"
        if wished and not _same_picture(seen, sees, slid):
            yield f"made for another picture {side} it: {_picture(seen)}, now {_picture(sees)}"


def _home(job: Job) -> Item | None:
    """Where an insert stands: its clip, or the gap it is asked for in."""
    return job.clips[0] if job.clips else job.request.item if job.request is not None else None


def _spot(job: Job, item: Item) -> Item | Slot:
    """The slot a request has, else the place of its clip."""
    request = job.request
    return request.slot if request and request.slot and request.item is item else item


def _edges(cut: Cut, job: Job, item: Item) -> tuple[int, int]:
    """The first and last frame that is seen of what is inserted, in its own numbering."""
    request: Request | None = job.request
    if item.schema != "Clip" and request is not None:
        first = request.first + request.head
        return first, first + request.frames - 1
    seen = shown(cut, item)
    return seen.first, seen.last


def _same_picture(was: Sighting | None, now: Sighting | None, slid: int) -> bool:
    """Whether the same frame is seen, or one as many frames on as the insert itself was rolled."""
    one, other = _frame(was), _frame(now)
    if one is None or other is None:
        return (was is None) == (now is None) and one is other
    if one.media.path.rpartition("/")[2] != other.media.path.rpartition("/")[2]:
        return False
    return other.number in (one.number, one.number + slid)


def _frame(seen: Sighting | None) -> MediaFrame | None:
    return seen.frame if seen is not None else None


def _picture(seen: Sighting | None) -> str:
    """A neighbour in words."""
    if seen is None:
        return "nothing"
    name = f'"{plain(seen.item.real.name or seen.item.real.schema.lower(), 32)}"'
    return (
        f"{name} frame {seen.frame.number}" if seen.frame else f"{name} ({plain(seen.reason, 60)})"
    )
