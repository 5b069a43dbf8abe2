"""Requests, neighbours and takes in OpenTimelineIO cuts: pure functions on the file itself."""

from secondunit_otio.changes import changed_paths
from secondunit_otio.document import Addition, Change, Cut
from secondunit_otio.done import DoneTake, done, fingerprint, next_take
from secondunit_otio.media import Media, local_path, media_of
from secondunit_otio.neighbours import (
    MediaFrame,
    Neighbours,
    Sighting,
    Slot,
    neighbours,
    resolve_media_frame,
    slot_of,
)
from secondunit_otio.references import TakeReference
from secondunit_otio.requests import Plate, Request, find_requests, plate_of
from secondunit_otio.scan import Item
from secondunit_otio.sound.take import TakeSound
from secondunit_otio.takes import Result, graft

__all__ = [
    "Addition",
    "Change",
    "Cut",
    "DoneTake",
    "Item",
    "Media",
    "MediaFrame",
    "Neighbours",
    "Plate",
    "Request",
    "Result",
    "Sighting",
    "Slot",
    "TakeReference",
    "TakeSound",
    "changed_paths",
    "done",
    "find_requests",
    "fingerprint",
    "graft",
    "local_path",
    "media_of",
    "neighbours",
    "next_take",
    "plate_of",
    "resolve_media_frame",
    "slot_of",
]
