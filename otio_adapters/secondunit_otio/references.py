"""A take as a media reference: how OpenTimelineIO writes down a finished movie or sequence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.done import fingerprint
from secondunit_otio.requests import Request
from secondunit_otio.sound.take import TakeSound
from secondunit_otio.times import range_json, rate_of

_PLACE = re.compile(r"#+|%0?(\d*)d")


@dataclass(frozen=True)
class TakeReference:
    """A finished take, as it is to stand in the cut.

    `media`    the file, or a sequence as shot.####.exr or shot.%04d.exr; written as given
    `frames`   how many there are; `start` the number of the first in the clip's own time, None: the
        request's
    `rate`     None: the slot's
    `first_file`  the file number of a sequence's first frame
    `bounds`   left, bottom, right, top of the picture where the plate is 0, 0, 1, 1
    `canvas`   width and height in pixels
    `fingerprint`  empty: the request's own
    `sound`    what is heard of it; None: nothing
    """

    number: int
    media: str
    frames: int
    start: int | None = None
    rate: Rate | None = None
    first_file: int = 1
    bounds: tuple[float, float, float, float] | None = None
    canvas: tuple[int, int] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    sound: TakeSound | None = None


def reference_json(
    take: TakeReference, request: Request, number: int, written: float | int, part: Fraction
) -> dict[str, Any]:
    """The take as a media reference.

    `written` is the clip's rate as its file has it, used where the take's rate is the same; `part`
    the fraction of a frame by which the clip's own media is off whole frames, which the take takes
    over.
    """
    rate = take.rate or rate_of(written)
    if rate != rate_of(written):
        written = float(rate.per_second)
    start = request.first if take.start is None else take.start
    there = range_json(
        (start + part) / rate.per_second, Fraction(take.frames) / rate.per_second, written
    )
    block = {
        "schema": 1,
        "id": request.id,
        "kind": request.kind,
        "take": number,
        "status": "pending",
        "params_sha256": take.fingerprint or fingerprint(request),
        **({"canvas": list(take.canvas)} if take.canvas else {}),
        **({"sound": take.sound.noted(take.media)} if take.sound else {}),
        "provenance": take.provenance,
    }
    sequence = _sequence(take, rate, written)
    return {
        "OTIO_SCHEMA": "ImageSequenceReference.1" if sequence else "ExternalReference.1",
        "metadata": {"secondunit": block},
        "name": f"su-{request.id}_t{number:03d}",
        "available_range": there,
        "available_image_bounds": _box(take.bounds),
        **(sequence or {"target_url": take.media}),
    }


def _sequence(take: TakeReference, rate: Rate, written: float | int) -> dict[str, Any]:
    """The fields of a sequence; {} for a movie.

    The last place for digits in the name is the frame number's.
    """
    cut_at = max(take.media.rfind("/"), take.media.rfind("\\")) + 1
    folder, name = take.media[:cut_at], take.media[cut_at:]
    places = list(_PLACE.finditer(name))
    if not places:
        return {}
    place = places[-1]
    digits = int(place[1] or 1) if place[0].startswith("%") else len(place[0])
    return {
        "target_url_base": folder,
        "name_prefix": name[: place.start()],
        "name_suffix": name[place.end() :],
        "start_frame": take.first_file,
        "frame_step": 1,
        "rate": written,
        "frame_zero_padding": digits,
        "missing_frame_policy": "error",
    }


def _box(bounds: tuple[float, float, float, float] | None) -> dict[str, Any] | None:
    if bounds is None:
        return None
    left, bottom, right, top = map(float, bounds)
    return {
        "OTIO_SCHEMA": "Box2d.1",
        "min": {"OTIO_SCHEMA": "V2d.1", "x": left, "y": bottom},
        "max": {"OTIO_SCHEMA": "V2d.1", "x": right, "y": top},
    }
