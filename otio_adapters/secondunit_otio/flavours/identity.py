"""Whose clip it is: the ids of ours that a clip carries, wherever a host has left them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from secondunit_otio.layout import DEFAULT_KEY
from secondunit_otio.requests import block_of

TOKEN = re.compile(r"(?<![0-9a-z])su[-_]([0-9a-z]{8})(?![0-9a-z])", re.IGNORECASE)
_TAKE = re.compile(r"su[-_]([0-9a-z]{8})_t(\d{1,6})(?![0-9])", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z]{8}", re.IGNORECASE)
_LISTED = ("markers", "effects")


class Marks(NamedTuple):
    """The ids a clip carries: `own`, of what it is, and `asked`, of what is asked on it.

    `own` comes from the media's file name, the clip's name, its metadata and its other takes, in
    this order; `asked` from its markers and effects. All are in lower case.
    """

    own: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.own or self.asked)


NONE = Marks()


def tokens_in(text: Any) -> list[str]:
    """Every id written as su-k3v9x0aa in a text, in any case."""
    if not isinstance(text, str) or "su" not in text.lower():
        return []
    return [found.lower() for found in TOKEN.findall(text)]


def basename(reference: Any) -> str:
    """The file name a media reference ends in, "" where it names none."""
    if not isinstance(reference, dict):
        return ""
    url = reference.get("target_url")
    if not isinstance(url, str):
        url = reference.get("name_prefix")
    if not isinstance(url, str):
        return ""
    if url[:5].lower() == "file:":
        url = unquote(url)
    return url[max(url.rfind("/"), url.rfind("\\")) + 1 :]


def take_in(reference: Any) -> tuple[str, int] | None:
    """The id and the number of the take a media reference names in its file name."""
    found = _TAKE.search(basename(reference))
    return (found[1].lower(), int(found[2])) if found else None


def marks_of(body: dict[str, Any]) -> Marks:
    """The ids in a clip's body."""
    many = body.get("media_references")
    if isinstance(many, dict):
        key = body.get("active_media_reference_key", DEFAULT_KEY)
        active = many.get(key) if isinstance(key, str) else None
        others = [each for each in many.values() if each is not active] if len(many) > 1 else []
    else:
        active, others = body.get("media_reference"), []
    own = tokens_in(basename(active)) + tokens_in(body.get("name"))
    own += _noted(body) + _noted(active)
    for each in others:
        own += tokens_in(basename(each)) + _noted(each)
    asked: list[str] = []
    for key in _LISTED:
        listed = body.get(key)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict):
                asked += tokens_in(each.get("name")) + _noted(each)
    if not own and not asked:
        return NONE
    return Marks(tuple(dict.fromkeys(own)), tuple(dict.fromkeys(asked)))


def _noted(value: Any) -> list[str]:
    """The id in an object's own metadata block."""
    given = block_of(value).get("id") if isinstance(value, dict) and value.get("metadata") else None
    return [given.lower()] if isinstance(given, str) and _ID.fullmatch(given) else []
