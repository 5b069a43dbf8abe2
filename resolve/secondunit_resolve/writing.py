"""Writing into Resolve, which may say yes and do nothing: what counts is what is read back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from secondunit_panel.host import HostBusy
from secondunit_resolve.link import ask
from secondunit_resolve.reading import Doc, Item, whole

MARK = "second_unit:"
"""What the hidden words of our markers begin with."""

COLOURS = {"job": "Sand", "unsure": "Yellow"}
PAUSES = [0.1, 0.3, 0.9]
"""Seconds before a refused write is tried again."""


def insist(refused: str, holds: Callable[[], Any], write: Callable[[], Any]) -> None:
    """Write until it holds, if it does not already. Raises HostBusy where it does not come to."""
    for pause in (0.0, *PAUSES):
        time.sleep(pause)
        if holds() or (write(), holds())[1]:
            return
    raise HostBusy(refused, "DaVinci Resolve", "Is a dialog open in Resolve? Close it, then again")


def put(refused: str, holds: Callable[[], Any], target: Any, name: str, *given: Any) -> None:
    """The same with a method of Resolve's."""
    insist(refused, holds, partial(ask, target, name, *given))


@contextmanager
def turned(doc: Doc, page: str = "edit", stay: bool = False) -> Iterator[None]:
    """With the timeline current and a page open, "" for any; then as before, or stay."""
    was, timeline = ask(doc.app, "GetCurrentPage"), ask(doc.project, "GetCurrentTimeline")
    own = ask(doc.timeline, "GetUniqueId")

    def current() -> bool:
        return bool(ask(ask(doc.project, "GetCurrentTimeline"), "GetUniqueId") == own)

    other, why = not current(), f"Resolve does not turn to {doc.name}"
    put(why, current, doc.project, "SetCurrentTimeline", doc.timeline)
    why, paged = f"Resolve does not open its {page} page", partial(ask, doc.app, "GetCurrentPage")
    put(why, lambda: page in ("", paged()), doc.app, "OpenPage", page)
    try:
        yield
    finally:
        if other and not stay:
            ask(doc.project, "SetCurrentTimeline", timeline)
        if was not in (None, page) and page and not stay:
            ask(doc.app, "OpenPage", was)


def record_of(item: Item) -> dict[str, Any]:
    """What a marker on an item of ours says: its slate, and its takes in their order."""
    for marker in (ask(item.raw, "GetMarkers") or {}).values():
        words = str(marker.get("customData") or "")
        if words.startswith(MARK):
            try:
                told = json.loads(words[len(MARK) :])
            except ValueError:
                continue  # somebody has edited it
            if isinstance(told, dict) and isinstance(told.get("takes"), list):
                return told
    return {}


def sign(item: Item, record: dict[str, Any]) -> None:
    """Write that marker, or write it anew. Raises HostBusy."""
    words = MARK + json.dumps(record)
    names = ", ".join(str(number) for _, number, *_ in record["takes"])

    def write() -> None:
        for frame, marker in (ask(item.raw, "GetMarkers") or {}).items():
            if str(marker.get("customData") or "").startswith(MARK):
                ask(item.raw, "UpdateMarkerCustomData", frame, words)
                return
        # A clip's markers count from its media's first frame, in some versions from its own.
        for frame in dict.fromkeys(((item.offset or 0), 0, (item.offset or 0) + 1, 1)):
            told = (COLOURS["job"], "Second Unit", f"Take {names}", 1, words)
            if ask(item.raw, "AddMarker", frame, *told) and record_of(item) == record:
                return

    insist("Resolve does not take a marker on the take", lambda: record_of(item) == record, write)


def show(item: Item, seen: bool) -> None:
    """Have an item seen, or kept out of sight. Raises HostBusy."""
    refused = f"Resolve does not {'enable' if seen else 'disable'} the take"
    put(
        refused,
        lambda: bool(ask(item.raw, "GetClipEnabled")) == seen,
        item.raw,
        "SetClipEnabled",
        seen,
    )


def remove(doc: Doc, item: Item) -> None:
    """Take one item out of the timeline. Raises HostBusy."""

    def gone() -> bool:
        return all(each.id != item.id for each in doc.items(item.track))

    put("Resolve does not take the clip out", gone, doc.timeline, "DeleteClips", [item.raw], False)


def mark(doc: Doc, frame: int, frames: int, kind: str, name: str, note: str, id: str) -> None:
    """Write a marker of the timeline, at the first free frame from one on. `id` is by what it is
    known again; an earlier one of it goes. Raises HostBusy.
    """
    words = f"{MARK}{id}"

    def mine() -> list[tuple[int | None, dict[str, Any]]]:
        found = ask(doc.timeline, "GetMarkers") or {}
        return [(whole(at), each) for at, each in found.items() if each.get("customData") == words]

    def write() -> None:
        for _ in mine():
            ask(doc.timeline, "DeleteMarkerByCustomData", words)
        taken = {whole(at) for at in ask(doc.timeline, "GetMarkers") or {}}
        free = (at for at in range(frame - doc.first, frame - doc.first + frames))
        at = next((each for each in free if each not in taken), frame - doc.first)
        told = (COLOURS[kind], name, note, max(1, frame - doc.first + frames - at), words)
        ask(doc.timeline, "AddMarker", at, *told)

    def there() -> bool:
        found = mine()
        return len(found) == 1 and (found[0][1].get("name"), found[0][1].get("note")) == (
            name,
            note,
        )

    insist("Resolve does not take the marker", there, write)
