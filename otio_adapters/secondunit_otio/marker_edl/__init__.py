"""Resolve's timeline markers as an EDL, written, read, and brought into a cut."""

from secondunit_otio.marker_edl.edl import TimelineMarker, listed, read, write, written
from secondunit_otio.marker_edl.lines import line_for
from secondunit_otio.marker_edl.merging import Merged, marker_json, merge

__all__ = [
    "Merged",
    "TimelineMarker",
    "line_for",
    "listed",
    "marker_json",
    "merge",
    "read",
    "write",
    "written",
]
