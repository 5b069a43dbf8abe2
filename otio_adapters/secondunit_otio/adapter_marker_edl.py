"""Resolve's marker EDL for OpenTimelineIO: a timeline of markers in, a timeline's markers out."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.document import Cut
from secondunit_otio.marker_edl.edl import read, write
from secondunit_otio.marker_edl.merging import marker_json
from secondunit_otio.times import range_json


def read_from_string(input_str: str, rate: float = 24) -> Any:
    """A timeline that holds nothing but the EDL's markers, at their timecode.

    `rate` is the timeline's, which no EDL says. Raises CutUnreadable, BadValue.
    """
    from opentimelineio.core import deserialize_json_from_string

    per_second = Rate.of(rate).per_second
    markers = [
        marker_json(
            each,
            range_json(
                Fraction(each.frame) / per_second,
                Fraction(each.frames) / per_second,
                float(per_second),
            ),
        )
        for each in read(input_str, rate)
    ]
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [], "markers": markers}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "name": "", "metadata": {}, "tracks": stack}
    return deserialize_json_from_string(json.dumps(timeline))


def write_to_string(input_otio: Any) -> str:
    """The markers and requests of a timeline as an EDL. Raises BadValue."""
    from opentimelineio.core import serialize_json_to_string

    return write(Cut.parse(serialize_json_to_string(input_otio)))
