"""What a clip is known by when its cut comes back: our id, its media, its source time, its name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import active_key, extent, references
from secondunit_otio.report.clock import Line, lines, plays
from secondunit_otio.requests import block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of

TOKEN = re.compile(r"\bsu-([0-9a-z]{8})(?![0-9a-z])", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z]{8}", re.IGNORECASE)


@dataclass(eq=False, slots=True)
class Piece:
    """An item of a track: a clip, a gap, a transition, a nested sequence.

    `start` and `stop` (exclusive) are seconds of the cut; `begin` and `length` seconds of the
    item's own time, None where they cannot be told. `id` is ours, `media` the name of its file.
    `is_clip`: it is counted as one, as all are but gaps and transitions.
    """

    item: Item
    line: Line
    schema: str
    start: Fraction
    stop: Fraction
    id: str
    media: str
    name: str
    begin: Fraction | None
    length: Fraction | None
    is_clip: bool
    shown: tuple[int, ...]
    """What it shows of itself, quicker to look up than fractions are; () where unknown."""

    @property
    def end(self) -> Fraction | None:
        """The first moment of its own time that is not seen."""
        return None if self.begin is None or self.length is None else self.begin + self.length


def pieces(cut: Cut) -> list[list[Piece]]:
    """The items of every track of a cut, track by track as lines() has them."""
    when = plays(cut)
    found = []
    for line in lines(cut):
        holder = line.track.real
        children = holder.children if holder.schema == "Track" else [line.track]
        found.append([_piece(cut, line, item, when) for item in children])
    return found


def _piece(
    cut: Cut, line: Line, item: Item, when: dict[Item, tuple[Line, Fraction, Fraction]]
) -> Piece:
    _, start, stop = when.get(item, (line, Fraction(0), Fraction(0)))
    real = item.real
    schema, body = real.schema, real.body
    begin = length = None
    shown: tuple[int, ...] = ()
    if schema != "Transition":
        with contextlib.suppress(BadValue):  # what cannot be told is no mark to know it by
            begin, length, _, _ = extent(cut, item)
            shown = (*begin.as_integer_ratio(), *length.as_integer_ratio())
    ours = media = ""
    if schema == "Clip":
        every = references(cut, item)
        used = every.get(active_key(item))
        media = media_name(used)
        ours = next(_ids(used, body, every), "")
    name = body.get("name")
    is_clip = schema not in ("Gap", "Transition")
    name = name if isinstance(name, str) else ""
    return Piece(
        item, line, schema, start, stop, ours, media, name, begin, length, is_clip, shown
    )  # fmt: skip


def active(cut: Cut, item: Item) -> dict[str, Any]:
    """The media reference in use, {} where there is none."""
    found = references(cut, item).get(active_key(item))
    return found if isinstance(found, dict) else {}


def media_name(reference: Any) -> str:
    """The name of the file a reference means, without folders, in small letters; "" for none.

    Folders change from machine to machine, the file's name does not.
    """
    if not isinstance(reference, dict):
        return ""
    kind = kind_of(reference)
    if kind == "ImageSequenceReference":
        return f"{reference.get('name_prefix') or ''}#{reference.get('name_suffix') or ''}".lower()
    if kind == "GeneratorReference":
        return _generated(reference)
    url = reference.get("target_url")
    if not isinstance(url, str) or not url:
        url = _last_seen(reference)
    name = url.rpartition("/")[2].rpartition("\\")[2]
    return name.replace("%20", " ").lower()


def _generated(reference: dict[str, Any]) -> str:
    """What tells a host's generator from another: its kind and what it was told."""
    try:
        return f"made by {reference.get('generator_kind')} {reference.get('parameters')}"
    except RecursionError:
        return f"made by {reference.get('generator_kind')}"


def _last_seen(reference: dict[str, Any]) -> str:
    """Where offline media was, by its host's own note."""
    metadata = reference.get("metadata")
    host = metadata.get("Resolve_OTIO") if isinstance(metadata, dict) else None
    url = host.get("Media Url") if isinstance(host, dict) else None
    return url if isinstance(url, str) else ""


def ids_of(cut: Cut, item: Item) -> list[str]:
    """Every id of ours a clip carries, each once: those of what is asked of it too.

    First those of its media in use, its own metadata and its name, then of its other media.
    """
    body = item.real.body
    found = list(_ids(active(cut, item), body, references(cut, item)))
    for listed in ("effects", "markers"):
        each = body.get(listed)
        for one in each if isinstance(each, list) else ():
            found += _ids_in(one)
    return list(dict.fromkeys(found))


def _ids(used: Any, body: dict[str, Any], every: dict[str, Any]) -> Iterator[str]:
    yield from _ids_in(used)
    yield from _ids_in(body)
    for reference in every.values():
        if reference is not used:
            yield from _ids_in(reference)


def _ids_in(value: Any) -> Iterator[str]:
    """Ids in an object's own block, name or file name."""
    if not isinstance(value, dict):
        return
    given = block_of(value).get("id")
    if isinstance(given, str) and _ID.fullmatch(given):
        yield given.lower()
    for key in ("name", "target_url", "name_prefix"):
        text = value.get(key)
        if isinstance(text, str) and "su-" in text.lower():
            token = TOKEN.search(text)
            if token:
                yield token[1].lower()
