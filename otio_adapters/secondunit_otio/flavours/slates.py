"""Slates: movies that hold the place of what has not been shot, as long as it will be."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue
from secondunit_otio.times import Stretch, frame_at, frames_in

SLATE_KEY = "su_slate"
_WIDEST = 60
_UNSAFE = re.compile(r"[^0-9A-Za-z._-]+")


@dataclass(frozen=True)
class Slate:
    """A movie that has to be made so that a host finds media where a request is still open.

    `path`    where it has to lie: a movie
    `lines`   what is to be read on it, topmost first
    `first`   the number of its first frame in the clip's own time; `frames` how many there are
    """

    path: str
    lines: tuple[str, ...]
    first: int
    frames: int
    rate: Rate


def slate_name(id: str) -> str:
    """The file name of a request's slate; it carries the id and nothing a host could stumble on."""
    return f"su-{_UNSAFE.sub('', id)}_slate.mov"


def slate_of(id: str, kind: str, values: dict[str, Any], there: Stretch, folder: str) -> Slate:
    """The slate of a request whose frames are `there`, in a folder."""
    rate = there.start.rate
    first = frame_at(there.begin * rate.per_second)
    frames = max(1, frames_in((there.end - Fraction(first) / rate.per_second) * rate.per_second))
    words = " ".join(str(values.get("prompt") or values.get("subject") or "").split())
    text = (f"su-{id}", kind.replace("_", " "), words[:_WIDEST], _length(frames, rate))
    return Slate(
        os.path.join(folder, slate_name(id)), tuple(filter(None, text)), first, frames, rate
    )


def _length(frames: int, rate: Rate) -> str:
    try:
        return f"{frames} frames at {float(rate.per_second):.5g} = {Timecode(frames, rate)}"
    except BadValue:
        return f"{frames} frames"


def slate_reference(slate: Slate, there: dict[str, Any], id: str) -> dict[str, Any]:
    """A slate as media of a clip; `there` is the available range the request has."""
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {"secondunit": {"schema": 1, "id": id, "status": "slate"}},
        "name": f"su-{id}",
        "available_range": there,
        "available_image_bounds": None,
        "target_url": slate.path.replace("\\", "/") if os.sep == "\\" else slate.path,
    }
