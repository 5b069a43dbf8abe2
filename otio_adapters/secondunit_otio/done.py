"""What has been shot of a request already."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import references
from secondunit_otio.media import Media, media_of
from secondunit_otio.requests import TAKE_KEY, Request, block_of, plate_of, said_by

_NUMBER = re.compile(TAKE_KEY + r"(\d+)")


@dataclass(frozen=True)
class DoneTake:
    """A take the cut holds: its number, its media, and what the program noted about it."""

    number: int
    media: Media
    block: dict[str, Any]


def fingerprint(request: Request) -> str:
    """A hash of what a human asks: the kind, the values, the frames marked.

    How many takes is not in it. Neither is the length: an editor may slip and trim a clip with
    takes in it, and they are still its takes as long as they reach (see `done`).
    """
    values = {key: value for key, value in request.values.items() if key != "takes"}
    marked = str(request.marked) if request.marked else ""
    asked = json.dumps([request.kind, values, marked], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(asked.encode()).hexdigest()


def done(cut: Cut, request: Request) -> list[DoneTake]:
    """The takes in the cut that answer a request as it stands, in use or not, by number.

    They carry its id and its fingerprint and reach over the frames it needs. Whether their files
    exist is not looked at.
    """
    wanted = fingerprint(request)
    needed = _needed(cut, request)
    found: dict[int, DoneTake] = {}
    for number, reference in _takes(cut, request):
        block = block_of(reference)
        if str(block.get("id", "")).lower() != request.id or block.get("params_sha256") != wanted:
            continue
        try:
            media = media_of(cut, reference)
        except BadValue:
            continue
        if _reaches(media, needed):
            found[number] = DoneTake(number, media, block)
    return [found[number] for number in sorted(found)]


def next_take(cut: Cut, request: Request) -> int:
    """The first number from which no take of the clip is numbered yet."""
    return 1 + max((number for number, _ in _takes(cut, request)), default=0)


def _takes(cut: Cut, request: Request) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every take of ours on the request's clip, and those listed as its outputs."""
    for key, reference in references(cut, request.item).items():
        named = _NUMBER.fullmatch(key)
        if named and isinstance(reference, dict):
            yield int(named[1]), reference
    outputs = block_of(said_by(request)).get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        reference = output.get("reference") if isinstance(output, dict) else None
        number = block_of(reference).get("take")
        if isinstance(reference, dict) and isinstance(number, int):
            yield number, reference


def _needed(cut: Cut, request: Request) -> tuple[int, int] | None:
    """First and last frame, in the clip's own numbering, that a take must hold."""
    if request.kind == "insert":
        return request.first, request.first + request.length - 1
    try:
        plate = plate_of(cut, request)
    except BadValue:
        return None
    return plate.range.first, plate.range.last


def _reaches(media: Media, needed: tuple[int, int] | None) -> bool:
    if needed is None or media.start is None or media.last is None:
        return True
    return media.start <= needed[0] and needed[1] <= media.last
