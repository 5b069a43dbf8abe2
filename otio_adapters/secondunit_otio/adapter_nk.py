"""Nuke scripts for OpenTimelineIO: a timeline's clips as shots, a script's shots as a timeline."""

from __future__ import annotations

import json
from typing import Any

from secondunit_otio.document import Cut
from secondunit_otio.nuke_script.script import as_cut, write


def read_from_string(input_str: str) -> Any:
    """The script's shots one after another on a track. Raises CutUnreadable, CutTooDeep."""
    from opentimelineio.core import deserialize_json_from_string

    return deserialize_json_from_string(json.dumps(as_cut(input_str)))


def write_to_string(input_otio: Any, first: int = 1001, handles: int = 0) -> str:
    """A script with a backdrop for each clip that is seen. Raises BadValue.

    Each shot runs from frame `first`, with `handles` more frames on either side.
    """
    from opentimelineio.core import serialize_json_to_string

    return write(Cut.parse(serialize_json_to_string(input_otio)), first=first, handles=handles)
