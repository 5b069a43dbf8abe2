"""Final Cut Pro's XML for OpenTimelineIO: read only."""

from __future__ import annotations

import json
from typing import Any

from secondunit_otio.fcpxml.document import read


def read_from_string(input_str: str) -> Any:
    """The document as OpenTimelineIO objects. Raises CutUnreadable, CutTooDeep."""
    from opentimelineio.core import deserialize_json_from_string

    return deserialize_json_from_string(json.dumps(read(input_str)))
