"""What became of a clip's media: references lost and new, files that moved, another take in use."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from secondunit_otio.document import Cut
from secondunit_otio.findings import FindingKind
from secondunit_otio.layout import active_key, references
from secondunit_otio.media import local_path
from secondunit_otio.report.pieces import media_name
from secondunit_otio.report.values import ABSENT, differences
from secondunit_otio.report.wording import plain, told
from secondunit_otio.requests import block_of
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of

_TAKE = re.compile(r"\bsu-[0-9a-z]{8}_t(\d{1,9})(?!\d)")
KEYS = frozenset({"media_reference", "media_references", "active_media_reference_key"})
"""What a clip says of its media; it is compared here and nowhere else."""


class MediaChange(NamedTuple):
    """One thing that happened to a clip's media. `form`: it means the same as before."""

    kind: FindingKind
    what: str
    path: str
    before: Any = None
    after: Any = None
    form: bool = False


def media_changes(master: Cut, one: Item, came: Cut, other: Item) -> Iterator[MediaChange]:
    """Every difference between two clips' media."""
    ours, theirs = references(master, one), references(came, other)
    pairs = _pairs(ours, theirs)
    for key, reference in ours.items():
        path = _path(one, key)
        if key not in pairs:
            yield MediaChange(
                "lost", f"{name_of(key, reference)} did not come back", path, reference
            )
            continue
        there = theirs[pairs[key]]
        if pairs[key] != key:
            yield _relisted(key, pairs[key], reference, path)
        yield from _inside(master, came, reference, there, (key, path))
    taken = set(pairs.values())
    for key in theirs:
        if key not in taken:
            what = f"{name_of(key, theirs[key])} is new"
            yield MediaChange("changed", what, _path(one, key), None, theirs[key])
    yield from _in_use(one, other, ours, theirs, pairs)
    yield from _form_of_list(one, other)


def name_of(key: str, reference: Any) -> str:
    """What a media reference is for an editor: take 2, the request, or the file's name."""
    block = block_of(reference)
    if isinstance(block.get("take"), int):
        return f"take {block['take']}"
    kind = kind_of(reference)
    if kind == "GeneratorReference":
        made = plain(str(reference.get("generator_kind")))
        return "the request" if made.startswith("SecondUnit.") else f'the generator "{made}"'
    file = media_name(reference)
    numbered = _TAKE.search(file)
    if numbered:
        return f"take {int(numbered[1])}"
    if file:
        return f'the media "{plain(file)}"'
    return (
        "the note of offline media" if kind == "MissingReference" else f'the media "{plain(key)}"'
    )


def _path(item: Item, key: str) -> str:
    many = isinstance(item.real.body.get("media_references"), dict)
    return f"media_references.{key}" if many else "media_reference"


def _pairs(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, str]:
    """Which of their references is which of ours: the same file, the same key, or both."""
    found: dict[str, str] = {}
    free = dict.fromkeys(theirs)

    def take(key: str, there: str) -> None:
        found[key] = there
        del free[there]

    files = {key: media_name(each) for key, each in theirs.items()}
    for key, each in ours.items():
        if key in free and media_name(each) == files[key]:
            take(key, key)
    for key, each in ours.items():
        if key not in found and media_name(each):
            there = next((other for other in free if files[other] == media_name(each)), None)
            if there is not None:
                take(key, there)
    for key in ours:
        if key not in found and key in free:
            take(key, key)
    return found


def _relisted(key: str, there: str, reference: Any, path: str) -> MediaChange:
    what = f"{name_of(key, reference)} is listed as {told(there)} instead of {told(key)}"
    return MediaChange("changed", what, path, key, there)


def _inside(
    master: Cut, came: Cut, reference: Any, there: Any, place: tuple[str, str]
) -> Iterator[MediaChange]:
    key, path = place
    if not isinstance(reference, dict) or not isinstance(there, dict):
        if reference != there or type(reference) is not type(there):
            what = f"the media {told(key)} is {told(there)} instead of {told(reference)}"
            yield MediaChange("changed", what, path, reference, there)
        return
    name = name_of(key, reference)
    for each in differences(reference, there):
        where = f"{path}.{each.path}"
        if each.keys == ("target_url",) and _one_file(master, came, each.before, each.after):
            yield MediaChange("kept", "", where, each.before, each.after, True)
            continue
        before, after = (None if value is ABSENT else value for value in each[1:3])
        if each.after is ABSENT:
            yield MediaChange("lost", f"{name}: {each.path} did not come back", where, before)
        elif each.before is ABSENT:
            what = f"{name}: {each.path} is new: {told(after)}"
            yield MediaChange("changed", what, where, None, after, each.form)
        else:
            what = (
                f"{name}: {each.path.replace('_', ' ')} is {told(after)} instead of {told(before)}"
            )
            yield MediaChange("changed", what, where, before, after, each.form)


def _one_file(master: Cut, came: Cut, before: Any, after: Any) -> bool:
    if not isinstance(before, str) or not isinstance(after, str) or not before or not after:
        return False
    one, other = local_path(before, master.folder), local_path(after, came.folder)
    return os.path.normpath(one) == os.path.normpath(other)


def _in_use(
    one: Item, other: Item, ours: dict[str, Any], theirs: dict[str, Any], pairs: dict[str, str]
) -> Iterator[MediaChange]:
    was, now = active_key(one), active_key(other)
    path = "active_media_reference_key"
    if was in pairs and pairs[was] == now:
        return  # where the key is another one, it was told as listed under it
    if was not in ours and now not in theirs:
        if was != now:
            what = f"no media is in use, under the key {told(now)} instead of {told(was)}"
            yield MediaChange("changed", what, path, was, now)
        return
    before, after = (
        name_of(key, listed[key]) if key in listed else "nothing"
        for key, listed in ((was, ours), (now, theirs))
    )
    yield MediaChange("switched", f"{after} is in use instead of {before}", path, was, now)


def _form_of_list(one: Item, other: Item) -> Iterator[MediaChange]:
    """The list of media itself: written in another way, as Clip.1 and Clip.2 do, or unreadable."""
    here, there = one.real.body, other.real.body
    for key in sorted(KEYS):
        if (key in here) != (key in there):
            yield MediaChange("kept", "", key, form=True)
    unread = _unread(here), _unread(there)
    for each in differences(*unread):
        before, after = (None if value is ABSENT else value for value in each[1:3])
        if before is None and after is None:
            continue
        what = f"{each.path} is {told(after)} instead of {told(before)}"
        yield MediaChange("changed", what, each.path, before, after, each.form)


def _unread(body: dict[str, Any]) -> dict[str, Any]:
    """What a clip says of its media where nobody reads it."""
    found = {key: body[key] for key in KEYS if key in body}
    if isinstance(body.get("media_references"), dict):
        del found["media_references"]
    elif isinstance(body.get("media_reference"), dict):
        del found["media_reference"]
    if isinstance(body.get("active_media_reference_key"), str):
        del found["active_media_reference_key"]
    return found
