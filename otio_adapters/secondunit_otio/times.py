"""A cut's times as exact seconds."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue

NEAR = Fraction(1, 1000)
"""A value this near to a whole frame is that frame: hosts write 86399.9999999 for 86400."""

_LARGEST = 10**12  # frames: a thousand years; beyond it a number is a mistake


@lru_cache(maxsize=256, typed=True)
def rate_of(value: float | int) -> Rate:
    """The rate meant by a number in a file. Raises BadValue for 0, negative and endless ones."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"{value!r} is no frame rate")
    rate = Rate.of(value)
    if not Fraction(1, 1000) <= rate.per_second <= 1_000_000:
        raise BadValue(f"A rate of {value} frames a second")
    return rate


def exact(value: float | int) -> Fraction:
    """A number of frames as it was meant.

    Within a thousandth of a whole frame it is that frame; else the nearest fraction with a
    denominator up to a million. Raises BadValue for what is no number of frames.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"{value!r} is no number of frames")
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise BadValue(f"{value} is no number of frames")
    whole = round(value)
    if whole == value:
        return Fraction(whole)
    given = Fraction(value)
    return Fraction(whole) if abs(given - whole) < NEAR else given.limit_denominator(1_000_000)


class Moment(NamedTuple):
    """A time as its file says it: so many frames at a rate. `written` is the rate's own number."""

    frames: Fraction
    rate: Rate
    written: float | int
    seconds: Fraction


class Stretch(NamedTuple):
    """A range of time: where it starts and how long it is."""

    start: Moment
    duration: Moment

    @property
    def begin(self) -> Fraction:
        """The start, in seconds."""
        return self.start.seconds

    @property
    def end(self) -> Fraction:
        """The first moment after it, in seconds."""
        return self.start.seconds + self.duration.seconds


def moment(value: Any) -> Moment | None:
    """A RationalTime; None where there is none. Raises BadValue for one that cannot be meant."""
    if not isinstance(value, dict):
        return None
    frames, written = value.get("value", 0), value.get("rate")
    if isinstance(written, (int, float)) and isinstance(frames, (int, float)):
        return at_rate(frames, written)
    raise BadValue(f"{frames!r} at {written!r} is no time")


@lru_cache(maxsize=65536, typed=True)
def at_rate(value: float | int, written: float | int) -> Moment:
    """So many frames at a rate as a file has it. Raises BadValue."""
    frames, rate = exact(value), rate_of(written)
    return Moment(frames, rate, written, frames / rate.per_second)


def stretch(value: Any) -> Stretch | None:
    """A TimeRange; None where there is none. Raises BadValue, also for one that runs backwards."""
    if not isinstance(value, dict):
        return None
    start, duration = moment(value.get("start_time")), moment(value.get("duration"))
    if duration is None:
        raise BadValue("A range without a duration")
    if duration.frames < 0:
        raise BadValue(f"A range of {float(duration.frames):g} frames")
    return Stretch(start or at_rate(0, duration.written), duration)


def time_json(seconds: Fraction, written: float | int) -> dict[str, Any]:
    """A RationalTime at the rate as its file writes it."""
    value = float(seconds * rate_of(written).per_second)
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": written, "value": value}


def range_json(start: Fraction, duration: Fraction, written: float | int) -> dict[str, Any]:
    """A TimeRange, given in seconds, at the rate as its file writes it."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": time_json(duration, written),
        "start_time": time_json(start, written),
    }


def whole(frames: Fraction) -> Fraction:
    """A position within a thousandth of a whole frame as that frame; any other as it is."""
    near = round(frames)
    return Fraction(near) if abs(frames - near) < NEAR else frames


def frame_at(frames: Fraction) -> int:
    """The frame shown at a position: the one it lies in, never the nearest."""
    return math.floor(whole(frames))


def frames_in(frames: Fraction) -> int:
    """How many frames it takes to cover a length."""
    return math.ceil(whole(frames))
