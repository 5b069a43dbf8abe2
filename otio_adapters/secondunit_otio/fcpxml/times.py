"""Final Cut's times as exact fractions of a second, and as times in a cut."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue, CutUnreadable
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.times import exact

LONGEST = 10**9  # seconds: thirty years; beyond it a number is a mistake

_TIME = re.compile(r"\s*([+-]?\d{1,30})(?:\.(\d{1,30}))?(?:/(\d{1,30}))?\s*s?\s*", re.ASCII)
_NAMED = re.compile(r"FFVideoFormat.*?(p|i)(\d{2,5})(?:_|$)", re.ASCII)
_RATES = {
    **{str(number): Fraction(number) for number in (12, 15, 24, 25, 30, 48, 50, 60, 90, 100, 120)},
    "2398": Fraction(24000, 1001),
    "23976": Fraction(24000, 1001),
    "2997": Fraction(30000, 1001),
    "4795": Fraction(48000, 1001),
    "5994": Fraction(60000, 1001),
    "11988": Fraction(120000, 1001),
}


def seconds(text: str) -> Fraction:
    """The time "1001/30000s", "3600s" or "2.5s" means, in seconds. Raises BadValue."""
    found = _TIME.fullmatch(text)
    if not found:
        raise BadValue(f"{text[:60]!r} is no time", remedy="Times are written as 1001/30000s")
    whole, decimals, below = found[1], found[2] or "", found[3]
    if below is not None and not int(below):
        raise BadValue(f"{text!r} divides by zero")
    value = Fraction(int(whole + decimals), 10 ** len(decimals) * int(below or 1))
    if abs(value) > LONGEST:
        raise BadValue(f"A time of {text}")
    return value


def time_of(element: Element, key: str, name: str, default: Fraction | None = None) -> Fraction:
    """An element's time in seconds; `default` where it has none, else 0. Raises CutUnreadable."""
    text = element.attributes.get(key)
    if text is None:
        return Fraction(0) if default is None else default
    try:
        return seconds(text)
    except BadValue as error:
        raise unreadable(element, key, error, name) from error


def length_of(element: Element, name: str, default: Fraction = Fraction(0)) -> Fraction:
    """An element's duration in seconds; never negative. Raises CutUnreadable."""
    length = time_of(element, "duration", name, default)
    if length < 0:
        raise unreadable(element, "duration", BadValue("It runs backwards"), name)
    return length


def unreadable(element: Element, key: str, error: BadValue, name: str) -> CutUnreadable:
    """The Problem for a value of an element that cannot be meant."""
    said = element.attributes.get("name") or element.attributes.get("id") or ""
    place = f"{name}, line {element.line}, {element.tag}" + (f' "{said}"' if said else "")
    return CutUnreadable(
        f"The {key} cannot be used: {error.what}", place, error.remedy or "Export the project again"
    )


def rate_of_format(element: Element | None, name: str) -> Rate | None:
    """A format's frame rate: by its frameDuration, else by its name; None where it has neither."""
    if element is None:
        return None
    try:
        length = seconds(element.attributes.get("frameDuration", "0s"))
        if length < 0 or ("frameDuration" in element.attributes and not length):
            raise BadValue(f"A frame of {element.attributes['frameDuration']}")
        if length:
            if not Fraction(1, 1_000_000) <= length <= 1000:
                raise BadValue(f"A frame of {element.attributes['frameDuration']}")
            return Rate.of(1 / length)
    except BadValue as error:
        raise unreadable(element, "frameDuration", error, name) from error
    found = _NAMED.match(element.get("name"))
    rate = _RATES.get(found[2]) if found else None
    if rate is None or found is None:
        return None
    interlaced = found[1] == "i" and rate > 30  # 50 and 59.94 fields are 25 and 29.97 frames
    return Rate(rate / 2 if interlaced else rate)


def named_rate(text: str) -> Rate | None:
    """The rate a conform-rate names: "23.98", "25", "29.97"; None for what is none."""
    try:
        return Rate.of(text)
    except BadValue:
        return None


def rational(time: Fraction, rate: Rate, also: tuple[Rate, ...] = ()) -> dict[str, Any]:
    """A RationalTime that is this time exactly.

    At `rate`, or another of the rates at hand, where it falls on a frame; else a part of a frame
    where a float keeps that; else counted in the time's own parts of a second.
    """
    for each in (rate, *also):
        frames = time * each.per_second
        if frames.denominator == 1:
            return _time(frames, each.per_second)
    frames = time * rate.per_second
    if _kept(frames):
        return _time(frames, rate.per_second)
    if time.denominator <= 1_000_000 and abs(time.numerator) <= 10**12:
        return _time(Fraction(time.numerator), Fraction(time.denominator))
    return _time(frames, rate.per_second)


def span(
    start: Fraction, length: Fraction, rate: Rate, also: tuple[Rate, ...] = ()
) -> dict[str, Any]:
    """A TimeRange of exact times, given in seconds."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": rational(length, rate, also),
        "start_time": rational(start, rate, also),
    }


def _kept(frames: Fraction) -> bool:
    try:
        return exact(float(frames)) == frames
    except BadValue:
        return False


def _time(frames: Fraction, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(frames)}
