"""A take's sound: what its media reference notes of it, and the reference a sound track has."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from secondunit_contract.problem import BadValue
from secondunit_otio.layout import available
from secondunit_otio.requests import block_of
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import range_json

_MOST_RATE = 1_000_000  # samples a second


@dataclass(frozen=True)
class TakeSound:
    """What is heard of a take.

    `media`    its file: the take's own movie, or a Broadcast Wave beside its pictures
    `samples`  how many there are of each channel, `rate` of them a second
    `origin`   samples since midnight at which a Broadcast Wave begins; None: it begins with the
        pictures of its movie
    """

    media: str
    samples: int
    rate: int
    channels: int
    origin: int | None = None

    def noted(self, pictures: str) -> dict[str, Any]:
        """As the take's media reference notes it. The file is told as seen from the pictures, so
        that both may move: left out where it is the same one, by its name where it lies beside.
        """
        told: dict[str, Any] = {"samples": self.samples, "sample_rate": self.rate}
        told["channels"] = self.channels
        if self.origin is not None:
            told["time_reference"] = self.origin
        if self.media != pictures:
            here, there = (_folder(each) for each in (pictures, self.media))
            told["media"] = self.media[len(there) :] if here == there else self.media
        return told


class Heard(NamedTuple):
    """The sound of one take: its media reference, and how much later, in seconds, its numbers are
    than those of the pictures.
    """

    reference: dict[str, Any]
    late: Fraction


def is_sound(body: dict[str, Any]) -> bool:
    """Whether a clip, or a track, is one of those that are heard with takes of ours."""
    return block_of(body).get("kind") == "sound"


def heard(reference: Any) -> Heard | None:
    """The sound that a take's media reference tells of; None where it tells of none.

    Hosts count sound in frames of the picture, so its range is in those: a part of one more or less
    where the samples are no whole number of frames.
    """
    told = block_of(reference).get("sound")
    if not isinstance(told, dict):
        return None
    samples, rate = (_whole(told.get(key), 1) for key in ("samples", "sample_rate"))
    if samples is None or rate is None or rate > _MOST_RATE:
        return None
    url = _address(reference, told.get("media"))
    try:
        there = available(reference)
    except BadValue:
        there = None
    if there is None or not url:
        return None
    origin = _whole(told.get("time_reference"), 0)
    begin = there.begin if origin is None else Fraction(origin, rate)
    block = block_of(reference)
    kept = {key: block[key] for key in ("schema", "id", "take") if key in block}
    facts = {key: each for key, each in told.items() if key != "media"}
    made = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {"secondunit": {**kept, "kind": "sound", **facts}},
        "name": reference.get("name") or "",
        "available_range": range_json(begin, Fraction(samples, rate), there.start.written),
        "available_image_bounds": None,
        "target_url": url,
    }
    return Heard(made, begin - there.begin)


def _address(reference: dict[str, Any], media: Any) -> str:
    """The file of the sound: the movie itself, or what lies beside its pictures."""
    movie = kind_of(reference) == "ExternalReference"
    pictures = reference.get("target_url" if movie else "target_url_base")
    if not isinstance(pictures, str):
        return ""
    if media is None:
        return pictures if movie else ""
    if not isinstance(media, str) or posixpath.basename(media.replace("\\", "/")) != media:
        return media if isinstance(media, str) else ""
    if movie:
        return _folder(pictures) + media
    return pictures + media if pictures.endswith(("/", "\\")) else f"{pictures}/{media}"


def _folder(path: str) -> str:
    """A path up to its last separator, that one included."""
    return path[: max(path.rfind("/"), path.rfind("\\")) + 1]


def _whole(value: Any, least: int) -> int | None:
    """A whole number, where it is one and not less than that."""
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= least
    return value if whole else None
