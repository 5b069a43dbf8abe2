"""A request said in the words of a marker's note."""

from __future__ import annotations

import json
import re
from typing import Any

from secondunit_contract.problem import RequestWrong
from secondunit_otio.requests import Request
from secondunit_otio.words import Words, read_line

_TOKEN = re.compile(r"(?<![0-9a-z])su-([0-9a-z]{8})(?![0-9a-z])", re.IGNORECASE)
_DESCRIBES = ("subject", "prompt")


def id_in(text: str) -> str:
    """The id in a name, as in su-k3v9x0aa or su-k3v9x0aa_t002; "" where there is none."""
    found = _TOKEN.search(text)
    return found[1].lower() if found else ""


def line_for(request: Request) -> str:
    """A request as a su: line; as JSON where a line cannot hold what it says.

    Either reads back as the same kind and values.
    """
    values = dict(request.values)
    told = {"kind": request.kind, **values}
    size = values.pop("target", None)
    line = f"su: {request.kind}"
    if request.kind == "insert":
        line += f" {request.frames}f"
        told["duration"] = request.frames
    if isinstance(size, list) and len(size) == 2:
        line += f" {size[0]}x{size[1]}"
    described = next((key for key in _DESCRIBES if key in values), "")
    if described:
        line += f" | {values.pop(described)}"
    if values:
        line += " | " + " ".join(f"{key}={_setting(value)}" for key, value in values.items())
    if _reads_back(line, request):
        return line
    return json.dumps({"secondunit": told}, ensure_ascii=False)


def _setting(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def _reads_back(line: str, request: Request) -> bool:
    if "\n" in line or "\r" in line:
        return False
    try:
        words: Words = read_line(line)
    except RequestWrong:
        return False
    return words.kind == request.kind and words.asked(request.kind) == request.values
