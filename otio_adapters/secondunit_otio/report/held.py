"""Everything a cut holds of our requests: what is asked, the clips that carry it, its takes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import references
from secondunit_otio.media import Media, media_of
from secondunit_otio.report.clock import plays
from secondunit_otio.report.pieces import ids_of
from secondunit_otio.requests import TAKE_KEY, Request, block_of, find_requests, said_by
from secondunit_otio.scan import Item
from secondunit_otio.sound.take import is_sound

_NUMBER = re.compile(TAKE_KEY + r"(\d{1,9})")


@dataclass(frozen=True)
class Take:
    """A take as a cut holds it."""

    number: int
    reference: dict[str, Any]
    item: Item
    cut: Cut

    @property
    def media(self) -> Media:
        """Its media. Raises BadValue."""
        return media_of(self.cut, self.reference)

    @property
    def path(self) -> str:
        """Its file, "" where none is named."""
        try:
            return self.media.path
        except BadValue:
            return ""


@dataclass(eq=False)
class Job:
    """All a cut knows of one id: its request, the clips that carry it, its takes by number."""

    request: Request | None = None
    clips: list[Item] = field(default_factory=list)
    takes: dict[int, Take] = field(default_factory=dict)


def jobs(cut: Cut) -> dict[str, Job]:
    """Every id of ours in a cut."""
    found: dict[str, Job] = defaultdict(Job)
    for request in find_requests(cut):
        job = found[request.id]
        if job.request is None:
            job.request = request
            job.takes |= _outputs(cut, request)
    for item in cut.items():
        if item.schema == "Clip" and not _is_heard(cut, item) and not is_matte(cut, item):
            for name, take in _takes(cut, item):
                found[name].takes.setdefault(take.number, take)
            for name in ids_of(cut, item):
                found[name].clips.append(item)
    for job in found.values():
        asked = job.request.item if job.request is not None else None
        if asked is not None and asked not in job.clips and asked.schema == "Clip":
            job.clips.insert(0, asked)
    return dict(found)


def _is_heard(cut: Cut, item: Item) -> bool:
    """Whether a clip is sound: it goes with its picture, and is none that work is done on."""
    line = plays(cut).get(item)
    return is_sound(item.body) or (line is not None and not line[0].video)


def is_matte(cut: Cut, item: Item) -> bool:
    """Whether a clip is a matte of ours, laid above its picture."""
    line = plays(cut).get(item)
    return block_of(item.body).get("kind") == "matte" or (line is not None and line[0].mattes)


def _takes(cut: Cut, item: Item) -> Iterator[tuple[str, Take]]:
    """The takes a clip holds, each with the id of its request."""
    for key, reference in references(cut, item).items():
        named = _NUMBER.fullmatch(key)
        ours = block_of(reference).get("id")
        if named and isinstance(ours, str) and isinstance(reference, dict):
            yield ours.lower(), Take(int(named[1]), reference, item, cut)


def _outputs(cut: Cut, request: Request) -> dict[int, Take]:
    """The takes listed where a matte was asked for."""
    found = {}
    listed = block_of(said_by(request)).get("outputs")
    for each in listed if isinstance(listed, list) else ():
        reference = each.get("reference") if isinstance(each, dict) else None
        number = block_of(reference).get("take")
        if isinstance(reference, dict) and isinstance(number, int):
            found[number] = Take(number, reference, request.item, cut)
    return found
