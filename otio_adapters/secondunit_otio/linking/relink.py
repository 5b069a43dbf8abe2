"""Linking a clip: takes of ours that lie about, and another file for media that is offline."""

from __future__ import annotations

import ast
import os
import re
import time
from dataclasses import dataclass, field
from typing import Any

from secondunit_otio.linking.footage_index import TAKE_NAME, FootageIndex, Found
from secondunit_otio.linking.lost_media import found_again
from secondunit_otio.media import local_path
from secondunit_otio.requests import OURS, TAKE_KEY

LINKED_KEY = "su_linked"
"""The key of media found again for a reference of somebody else's."""

_TOKEN = re.compile(r"(?<![0-9a-z])su-([0-9a-z]{8})(?![0-9a-z])", re.IGNORECASE)
_VARIABLE = "SECONDUNIT_TAKES"
_TOGETHER = 2.0  # seconds; calls of one reading follow each other more quickly than this


@dataclass(eq=False)
class _Reading:
    """One file being read: what lies in the folders, and which paths were looked for already."""

    folders: tuple[str, ...]
    index: FootageIndex = field(init=False)
    there: dict[str, bool] = field(default_factory=dict)
    until: float = 0.0

    def __post_init__(self) -> None:
        self.index = FootageIndex.of(self.folders)

    def linked(self, clip: Any) -> Any:
        """Link one clip; its media reference, None where nothing changed."""
        many = clip.media_references()
        active = clip.active_media_reference_key
        changed: dict[str, Any] = {}
        if self.index.takes:
            changed |= self._takes(clip, many)
        playing = changed.get(active, many.get(active))
        if not self._plays(playing):
            active = self._instead(clip, many, changed, active)
        self.until = time.monotonic() + _TOGETHER
        if not changed and active == clip.active_media_reference_key:
            return None
        clip.set_media_references({**many, **changed}, active)
        return clip.media_reference

    def _instead(
        self, clip: Any, many: dict[str, Any], changed: dict[str, Any], active: str
    ) -> str:
        """The key of what is to play where the active reference does not."""
        old = many.get(active)
        if _is_request(old):
            return next((key for key in sorted(changed) if key.startswith(TAKE_KEY)), active)
        ours = active.startswith("su_") and active != LINKED_KEY
        if ours or hasattr(old, "generator_kind"):
            return active
        if self._plays(many.get(LINKED_KEY)):
            return LINKED_KEY
        there = found_again(clip, old, self.index)
        if there is None:
            return active
        changed[LINKED_KEY] = _reference(there, old, clip)
        return LINKED_KEY

    def _takes(self, clip: Any, many: dict[str, Any]) -> dict[str, Any]:
        """The clip's takes that lie elsewhere now, and those it does not know yet."""
        made: dict[str, Any] = {}
        pattern = None
        for key, reference in many.items():
            token = TAKE_NAME.search(_basename(reference))
            if token is None:
                continue
            if key.startswith(TAKE_KEY):
                pattern = reference
            if not self._plays(reference):
                there = self._take(token[1].lower(), int(token[2]), _is_wave(_path_of(reference)))
                if there is not None and (key.startswith("su_") or _block(reference)):
                    made[key] = _reference(there, reference, clip)
        pattern = pattern or next((each for each in many.values() if _is_request(each)), None)
        if pattern is not None and _block(pattern).get("kind") != "sound":
            made |= self._new_takes(clip, many, pattern)
        return made

    def _new_takes(self, clip: Any, many: dict[str, Any], pattern: Any) -> dict[str, Any]:
        own = _id_of(clip, pattern)
        made: dict[str, Any] = {}
        for number in sorted(self.index.takes.get(own, {})):
            key = f"{TAKE_KEY}{number:03d}"
            there = self._take(own, number)
            if key not in many and there is not None:
                made[key] = _reference(there, pattern, clip, f"su-{own}_t{number:03d}", number)
        return made

    def _take(self, own: str, number: int, wave: bool = False) -> Found | None:
        """The file of a take, or of its sound where that lies beside its pictures; None where
        several lie about, for they may differ.
        """
        every = self.index.takes.get(own, {}).get(number, [])
        same = [each for each in every if _is_wave(each.path) is wave]
        return same[0] if len(same) == 1 else None

    def _plays(self, reference: Any) -> bool:
        """Whether a reference's media is there; what lies on other machines is believed to be."""
        path = _path_of(reference)
        if not path:
            return False
        if "://" in path:
            return True
        if path not in self.there:
            try:
                self.there[path] = os.path.exists(path)
            except (OSError, ValueError):
                self.there[path] = False
        return self.there[path]


def linked(clip: Any, told: Any) -> Any:
    """The reference an OpenTimelineIO clip is to play, or None where nothing is to change.

    `told` is the linker's argument map; its `folders` are searched, and $SECONDUNIT_TAKES. The
    clip's other references are kept, and takes found are added to them.
    """
    return _reading(_folders(told if isinstance(told, dict) else {})).linked(clip)


_readings: dict[tuple[str, ...], _Reading] = {}


def _reading(folders: tuple[str, ...]) -> _Reading:
    """What is known of these folders: looked through anew for every file that is read.

    The linker is called clip by clip and never told that a file begins.
    """
    reading = _readings.get(folders)
    if reading is None or time.monotonic() > reading.until:
        _readings.clear()
        reading = _readings[folders] = _Reading(folders)
    return reading


def _folders(told: dict[str, Any]) -> tuple[str, ...]:
    named = told.get("folders", ())
    if isinstance(named, str) and named.startswith("["):
        try:
            named = ast.literal_eval(named)
        except (ValueError, SyntaxError):
            named = named.strip("[]")
    if isinstance(named, str):
        named = named.split(os.pathsep)
    listed = [str(each) for each in named] if isinstance(named, (list, tuple)) else []
    listed += os.environ.get(_VARIABLE, "").split(os.pathsep)
    return tuple(dict.fromkeys(each for each in listed if each.strip() and "\0" not in each))


def _block(thing: Any) -> dict[str, Any]:
    """Our own words in the metadata of a clip or a reference."""
    metadata = thing.metadata  # held: what hangs on it is gone when it is
    block = metadata.get("secondunit")
    return dict(block) if hasattr(block, "keys") else {}


def _is_wave(path: str) -> bool:
    return path.lower().endswith(".wav")


def _is_request(reference: Any) -> bool:
    return str(getattr(reference, "generator_kind", "") or "").startswith(OURS)


def _path_of(reference: Any) -> str:
    """The file, or of a sequence the first one, that a reference names; "" for none."""
    url = getattr(reference, "target_url", None)
    if isinstance(url, str):
        return local_path(url, "") if url else ""
    if not hasattr(reference, "target_url_base"):
        return ""
    base = local_path(reference.target_url_base or "", "")
    number = f"{reference.start_frame:0{max(0, reference.frame_zero_padding)}d}"
    return os.path.join(base, f"{reference.name_prefix}{number}{reference.name_suffix}")


def _basename(reference: Any) -> str:
    return os.path.basename(_path_of(reference).replace("\\", "/")) or str(reference.name or "")


def _id_of(clip: Any, pattern: Any) -> str:
    """The id a clip was given: in metadata, or as su-k3v9x0aa in a name."""
    for thing in (pattern, clip):
        given = _block(thing).get("id")
        if isinstance(given, str) and given:
            return given.lower()
    named = (_TOKEN.search(str(thing.name or "")) for thing in (pattern, clip))
    return next((token[1].lower() for token in named if token), "")


def _reference(there: Found, old: Any, clip: Any, name: str = "", take: int = 0) -> Any:
    """Media that lies there as a reference, numbered as the old one was."""
    import opentimelineio as otio

    range_ = _range_of(there, old, clip)
    metadata = _metadata_of(old, take)
    named = name or str(getattr(old, "name", "") or "")
    if not there.sequence:
        made = otio.schema.ExternalReference(
            target_url=there.path, available_range=range_, metadata=metadata
        )
    else:
        rate = range_.start_time.rate if range_ else 24.0
        made = otio.schema.ImageSequenceReference(
            target_url_base=there.folder + "/",
            name_prefix=there.before,
            name_suffix=there.after,
            start_frame=there.first,
            frame_step=1,
            rate=rate,
            frame_zero_padding=there.digits,
            available_range=range_,
            metadata=metadata,
        )
    made.name = named
    made.available_image_bounds = getattr(old, "available_image_bounds", None)
    return made


def _range_of(there: Found, old: Any, clip: Any) -> Any:
    """What is available: as the old reference said; of a sequence nobody described, its files."""
    import opentimelineio as otio

    said = getattr(old, "available_range", None)
    if said is not None or not there.sequence:
        return said
    shown = clip.source_range
    rate = shown.start_time.rate if shown is not None else 24.0
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(there.first, rate),
        otio.opentime.RationalTime(there.frames, rate),
    )


def _metadata_of(old: Any, take: int) -> dict[str, Any]:
    """The old reference's metadata; of a request only what a take is known by."""
    if not take:
        metadata = getattr(old, "metadata", None)
        return {key: metadata[key] for key in metadata} if metadata is not None else {}
    block = _block(old)
    kept = {key: block[key] for key in ("schema", "id", "kind", "params_sha256") if key in block}
    return {"secondunit": {"schema": 1, **kept, "take": take, "status": "pending"}}
