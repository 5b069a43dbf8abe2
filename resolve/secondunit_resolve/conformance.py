"""What this Resolve really does, as JSON: the panel's suite for hosts, and answers to what the
documentation leaves open or contradicts.

    python -m secondunit_resolve.conformance [--out FILE]

Select a clip of at least 12 frames in a project made for it, with In and Out on its first and last
frame. What is put into the timeline is taken out again.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from secondunit_contract.problem import Problem
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import HostGone
from secondunit_resolve.handoff import HandOff
from secondunit_resolve.host import ResolveHost, reached
from secondunit_resolve.link import Link, ask
from secondunit_resolve.reading import Doc, Item, opened, whole
from secondunit_resolve.selecting import selection

_FRAMES = 5  # frames of what is put in to see what comes of it
_NEWER = (
    "GetMarkInOut", "GetSourceStartFrame", "SetSelectedClip", "GetSelectedClips", "GetSpeed",
)  # fmt: skip


class _Loop:
    """A main loop for as long as somebody lets it run."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], None]] = deque()
        self.main = self._calls.append

    def pump(self, seconds: float) -> None:
        time.sleep(seconds)
        while self._calls:
            try:
                self._calls.popleft()()
            except ValueError:
                continue  # the suite has one call fail, to see whether the next is made


def report(link: Link | None, folder: Path) -> dict[str, Any]:
    """All of it. `link` None: Resolve cannot be reached; the hand-over by files is looked at."""
    loop = _Loop()
    host = ResolveHost(link, loop.main) if link else HandOff(loop.main)
    suite = HostConformance(host, folder, pump=loop.pump).run()
    way = type(link).__name__ if link else "files"
    return {"way": way, "answers": answers(link) if link else {}, "suite": suite}


def answers(link: Link) -> dict[str, Any]:
    """What was observed, question by question; {"problem": sentence} where it could not be."""
    told: dict[str, Any] = {}
    for name, question in QUESTIONS.items():
        try:
            doc = opened(link.app())
            told[name] = question(doc, _selected(doc))
        except (Problem, TypeError, ValueError, LookupError, AttributeError, RuntimeError) as why:
            told[name] = {"problem": f"{type(why).__name__}: {why}"}
    return told


def _selected(doc: Doc) -> Item:
    chosen = selection(doc.app).clips
    item = doc.find(chosen[0].place) if chosen else None
    if item is None:
        raise HostGone("No clip is selected", doc.name, "Select one of at least 12 frames")
    return item


def _edition(doc: Doc, item: Item) -> Any:
    """Which Resolve this is, and how quickly it answers."""
    begun = time.perf_counter()
    for _ in range(20):
        ask(doc.app, "GetCurrentPage")
    called = (time.perf_counter() - begun) / 20 * 1000
    return {
        "product": ask(doc.app, "GetProductName"), "version": ask(doc.app, "GetVersionString"),
        "ms_a_call": round(called, 2),
    }  # fmt: skip


def _newer_methods(doc: Doc, item: Item) -> Any:
    """Which methods of later versions are there; None was said where one is not."""
    on = (doc.timeline, item.raw, ask(doc.project, "GetMediaPool"))
    plain = {"SetSelectedClip": (item.pool,)}
    return {
        each: any(ask(target, each, *plain.get(each, ())) is not None for target in on)
        for each in _NEWER
    }


def _end_frame(doc: Doc, item: Item) -> Any:
    """Whether endFrame is the last frame of a cut, or the one behind it."""
    with _scratch(doc) as put:
        made = put(0, _FRAMES)
        return {_FRAMES: "exclusive", _FRAMES + 1: "inclusive"}.get(
            made[0].frames if made else 0, f"{[each.frames for each in made]} frames of {_FRAMES}"
        )


def _left_offset(doc: Doc, item: Item) -> Any:
    """What GetLeftOffset says of a cut from frame 3 on."""
    with _scratch(doc) as put:
        made = put(3, 3 + _FRAMES)
        return made[0].offset if made else None


def _overlap(doc: Doc, item: Item) -> Any:
    """What comes of an append where something stands."""
    with _scratch(doc) as put:
        before = put(0, _FRAMES)
        return {"stood": len(before), "stand": len(put(0, _FRAMES))}


def _source_start(doc: Doc, item: Item) -> Any:
    """By how much GetSourceStartFrame differs from GetLeftOffset on a clip at its own speed."""
    told = whole(ask(item.raw, "GetSourceStartFrame"))
    return None if told is None or item.offset is None else told - item.offset


def _marks(doc: Doc, item: Item) -> Any:
    """From where In and Out are counted, and whether Out is the last frame."""
    told = ask(doc.timeline, "GetMarkInOut")
    both = (told or {}).get("video") or {}
    first, last = whole(both.get("in")), whole(both.get("out"))
    if first is None or last is None:
        return f"In and Out are not set: {told!r}"
    begins = {item.first - doc.first: "relative", item.first: "absolute"}
    return {
        "counted": begins.get(first, f"{first} for {item.first}"),
        "out": {item.frames - 1: "inclusive", item.frames: "exclusive"}.get(last - first),
    }


def _empty_track(doc: Doc, item: Item) -> Any:
    """What the items of a track are that is not there, and of one that is empty."""
    none = ask(doc.timeline, "GetItemListInTrack", "video", 99)
    with _scratch(doc):
        empty = ask(doc.timeline, "GetItemListInTrack", "video", len(doc.tracks()))
    return {"none": repr(none), "empty": repr(empty)}


def _clip_markers(doc: Doc, item: Item) -> Any:
    """From where the markers of a clip are counted: which of two frames one is taken at."""
    with _scratch(doc) as put:
        made = put(3, 3 + _FRAMES)
        if not made:
            return None
        tried = {"own": 0, "media": 3 + _FRAMES - 1}
        return [
            name for name, frame in tried.items()
            if ask(made[0].raw, "AddMarker", frame, "Sand", "Second Unit", name, 1, f"probe-{name}")
        ]  # fmt: skip


def _far_marker(doc: Doc, item: Item) -> Any:
    """Whether a marker may stand behind the last clip."""
    last = max(each.range.last for number in doc.tracks() for each in doc.items(number))
    told = ("Sand", "Second Unit", "probe", 1, "probe-far")
    taken = bool(ask(doc.timeline, "AddMarker", last - doc.first + 1000, *told))
    ask(doc.timeline, "DeleteMarkerByCustomData", "probe-far")
    return taken


def _takes(doc: Doc, item: Item) -> Any:
    """Whether a clip takes a further take, how its frames are told, and what selecting it does."""
    with _scratch(doc) as put:
        made = put(0, _FRAMES)
        if not made:
            return None
        raw = made[0].raw
        said = ask(raw, "AddTake", item.pool, 3, 3 + _FRAMES)
        count = whole(ask(raw, "GetTakesCount"))
        if not count:
            return {"added": False, "said": repr(said)}
        info = ask(raw, "GetTakeByIndex", count) or {}
        switched = bool(ask(raw, "SelectTakeByIndex", count))
        now = Item(raw, made[0].track)
        return {
            "added": True, "count": count, "told": [info.get("startFrame"), info.get("endFrame")],
            "switched": switched, "offset": now.offset, "frames": now.frames,
        }  # fmt: skip


def _delete_elsewhere(doc: Doc, item: Item) -> Any:
    """Whether clips are taken out while another page than Edit is open."""
    with _scratch(doc) as put:
        made = put(0, _FRAMES)
        ask(doc.app, "OpenPage", "fairlight")
        done = bool(made and ask(doc.timeline, "DeleteClips", [made[0].raw], False))
        ask(doc.app, "OpenPage", "edit")
    return done


@contextmanager
def _scratch(doc: Doc) -> Iterator[Callable[[int, int], list[Item]]]:
    """A track of its own, and what puts frames of the clip's media on it; gone afterwards."""
    item = _selected(doc)
    if not ask(doc.timeline, "AddTrack", "video"):
        raise HostGone("Resolve adds no track", doc.name, "Close what it asks you")
    number = len(doc.tracks())

    def put(start: int, end: int) -> list[Item]:
        told = {"mediaPoolItem": item.pool, "startFrame": start, "endFrame": end, "mediaType": 1,
                "trackIndex": number, "recordFrame": item.first}  # fmt: skip
        ask(ask(doc.project, "GetMediaPool"), "AppendToTimeline", [told])
        return [each for each in doc.items(number) if each.id]

    try:
        yield put
    finally:
        for each in doc.items(number):
            ask(doc.timeline, "DeleteClips", [each.raw], False)
        ask(doc.timeline, "DeleteTrack", "video", number)


QUESTIONS: dict[str, Callable[[Doc, Item], Any]] = {
    "edition": _edition,
    "newer_methods": _newer_methods,
    "append_end_frame": _end_frame,
    "append_left_offset": _left_offset,
    "append_on_something": _overlap,
    "source_start_off_by": _source_start,
    "marks_in_out": _marks,
    "items_of_no_track": _empty_track,
    "clip_markers_counted": _clip_markers,
    "marker_behind_the_last_clip": _far_marker,
    "takes": _takes,
    "delete_off_the_edit_page": _delete_elsewhere,
}
"""The questions, by the keys of their answers."""


def main(arguments: list[str]) -> int:
    """Look at the Resolve that runs; 0 where it passes the suite."""
    with tempfile.TemporaryDirectory() as folder:
        told = report(reached(), Path(folder))
    text = json.dumps(told, indent=1, ensure_ascii=False, default=str) + "\n"
    if "--out" in arguments[:-1]:
        Path(arguments[arguments.index("--out") + 1]).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0 if told["suite"]["passed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
