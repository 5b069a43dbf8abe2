"""Which pictures of a cut are heard, and the clip each of them wants beside it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.layout import active_key, extent, home_of, is_video, references
from secondunit_otio.requests import TAKE_KEY, block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.sound.take import Heard, heard
from secondunit_otio.times import range_json
from secondunit_otio.warps import speed

_WARPS = frozenset({"LinearTimeWarp", "FreezeFrame", "TimeEffect"})


class Spot(NamedTuple):
    """Where the sound of a picture is wanted: in a stack from `start` up to `stop`, in seconds, and
    as which clip.
    """

    stack: Item
    start: Fraction
    stop: Fraction
    body: dict[str, Any]


@dataclass(frozen=True)
class Sounding:
    """A picture with a take in use that is heard; `why` says why there is no spot for it."""

    picture: Item
    id: str
    spot: Spot | None
    why: str = ""


def soundings(cut: Cut, ids: Container[str]) -> Iterator[Sounding]:
    """Every picture with a take of these requests in use that is heard, in the cut's order."""
    for item in cut.items():
        if item.schema != "Clip" or (item.parent is not None and not is_video(item.parent)):
            continue
        listed = references(cut, item)
        used = listed.get(active_key(item))
        id = str(block_of(used).get("id", "")).lower()
        if id in ids and (found := heard(used)) is not None:
            yield _sounding(cut, item, id, found)


def takes_heard(cut: Cut, ids: Container[str]) -> dict[str, list[str]]:
    """The keys of the takes of these requests that are in use and heard, by id."""
    found: dict[str, list[str]] = {}
    for each in soundings(cut, ids):
        keys = found.setdefault(each.id, [])
        keys += [key for key in [active_key(each.picture)] if key not in keys]
    return found


def may_be_heard(body: dict[str, Any]) -> bool:
    """Whether any take of a clip tells of a sound."""
    many = body.get("media_references")
    listed = many.values() if isinstance(many, dict) else ()
    return any("sound" in block_of(each) for each in listed)


def _sounding(cut: Cut, picture: Item, id: str, found: Heard) -> Sounding:
    def nowhere(why: str) -> Sounding:
        return Sounding(picture, id, None, why)

    try:
        home = home_of(cut, picture)
        if home is None or not _all_seen(cut, picture):
            return nowhere("its clip lies in no stack of tracks, or is not seen whole")
        if speed(picture) == 0:
            return nowhere("its picture stands still")
    except BadValue as error:
        return nowhere(error.what)
    return Sounding(picture, id, Spot(*home, _clip(cut, picture, id, found)))


def _all_seen(cut: Cut, picture: Item) -> bool:
    """Whether its track, where that is cut off, shows all of it."""
    track, home = picture.parent, home_of(cut, picture)
    if track is None or track.schema != "Track" or home is None:
        return True
    return home[2] <= extent(cut, track).length


def _clip(cut: Cut, picture: Item, id: str, found: Heard) -> dict[str, Any]:
    """The clip of a picture's sound: the same stretch of the same take, retimed as it is."""
    body, shown = picture.body, extent(cut, picture)
    listed = body.get("effects")
    warps = [
        {key: value for key, value in each.items() if key != "OTIO_REF_ID"}
        for each in (listed if isinstance(listed, list) else [])
        if kind_of(each) in _WARPS
    ]
    same = body.get("source_range") if not found.late else None
    part = block_of(body).get("part")
    block = {"schema": 1, "id": id, "kind": "sound", **({"part": part} if part else {})}
    token = "" if f"su-{id}" in picture.name.lower() else f"su-{id} "
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {"secondunit": block},
        "name": f"{picture.name} {token}sound".strip(),
        "source_range": same
        if isinstance(same, dict)
        else range_json(shown.begin + found.late, shown.length, shown.written),
        "effects": warps,
        "markers": [],
        "enabled": picture.enabled,
        "media_references": _takes(cut, picture, found),
        "active_media_reference_key": active_key(picture),
    }


def _takes(cut: Cut, picture: Item, found: Heard) -> dict[str, Any]:
    """The sound of each take under its key, as far as one range means the same moment in all."""
    active, made = active_key(picture), dict[str, Any]()
    for key, reference in references(cut, picture).items():
        each = found if key == active else heard(reference) if key.startswith(TAKE_KEY) else None
        if each is not None and each.late == found.late:
            made[key] = each.reference
    return made


def renewed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A sound that stands, with the media, the range and the speed that its picture has now; all
    else is as its editor left it.
    """
    listed = old.get("effects")
    own = [each for each in (listed if isinstance(listed, list) else []) if kind_of(each) not in
           _WARPS]  # fmt: skip
    kept = {key: value for key, value in old.items() if key != "media_reference"}
    fresh = {key: new[key] for key in ("OTIO_SCHEMA", "source_range", "media_references",
                                       "active_media_reference_key")}  # fmt: skip
    made = {**kept, **fresh, "effects": [*new["effects"], *own]}
    return _same_part(made, new)


def _same_part(body: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The body with the part its picture is, where that was razored."""
    block, part = block_of(body), block_of(new).get("part")
    if block.get("part") == part:
        return body
    block = {key: value for key, value in block.items() if key != "part"}
    block |= {"part": part} if part else {}
    return {**body, "metadata": {**body["metadata"], "secondunit": block}}
