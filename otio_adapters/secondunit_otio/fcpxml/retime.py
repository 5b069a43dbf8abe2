"""How Final Cut retimes a clip: rate conforming and time maps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_otio.fcpxml.elements import Element
from secondunit_otio.fcpxml.media import SPACE
from secondunit_otio.fcpxml.times import named_rate, time_of
from secondunit_otio.times import whole


@dataclass(frozen=True)
class Point:
    """At `time` of a clip's own time its media's `value` is seen; both in seconds."""

    time: Fraction
    value: Fraction
    interp: str


@dataclass(frozen=True)
class Retime:
    """What a clip shows of its media when.

    `begin`  where its source range starts, in seconds of its media
    `pace`   seconds of the sequence that pass in a second of the clip's own time
    `effects` the time warps that say so in a cut
    """

    begin: Fraction
    pace: Fraction
    effects: list[dict[str, Any]]


def retime(
    element: Element, start: Fraction, length: Fraction, rates: tuple[Rate, Rate], name: str
) -> Retime:
    """A clip's retiming. `start` is in its own time, `length` in its parent's, both in seconds.

    `rates` are its parent's and its media's.

    A clip conformed to its parent's rate plays its media's frames one by one: a 25 fps clip in a 24
    fps sequence takes 25/24 of the time. A time map leads from the clip's own time to its media's;
    its stretch in use must be straight to be a LinearTimeWarp, else it is a TimeEffect with the
    points in its metadata. Reverse play starts at the top of the source range. Maps are written
    rounded, so what comes within a thousandth of a frame of one is that frame.
    """
    parent, own = rates
    pace = _conformed(element, parent)
    points = time_map(element, name)
    if not points:
        return Retime(start, pace, [] if pace == 1 else [_linear(1 / pace, "Rate Conform")])
    stop = start + length / pace
    slope = _slope(points, start, stop)
    if slope is None:
        return Retime(_on_frame(_value(points, start), own), pace, [_curve(points, 1 / pace)])
    speed = slope / pace
    begin = _value(points, start)
    if speed < 0:
        begin += length * speed
    begin = _on_frame(begin, own)
    return Retime(begin, pace, [] if speed == 1 else [_linear(speed, "Speed")])


def _on_frame(time: Fraction, rate: Rate) -> Fraction:
    return whole(time * rate.per_second) / rate.per_second


def time_map(element: Element, name: str) -> list[Point]:
    """The points of a clip's time map, in order of time. Raises CutUnreadable."""
    holder = element.child("timeMap")
    points = [
        Point(
            time_of(each, "time", name), time_of(each, "value", name), each.get("interp", "smooth2")
        )
        for each in (holder.each("timept") if holder else [])
    ]
    points.sort(key=lambda point: point.time)
    kept = points[:1]
    for point in points[1:]:
        if point.time > kept[-1].time:
            kept.append(point)
    return kept


def _conformed(element: Element, parent: Rate) -> Fraction:
    """How much longer a clip plays for being conformed to its parent's frame rate."""
    conform = element.child("conform-rate")
    if conform is None or conform.get("scaleEnabled", "1") == "0":
        return Fraction(1)
    source = named_rate(conform.get("srcFrameRate"))
    return source.per_second / parent.per_second if source else Fraction(1)


def _slope(points: list[Point], start: Fraction, stop: Fraction) -> Fraction | None:
    """The speed of the stretch in use; None where it changes along the way.

    A map of two points is a constant speed, however its ends are smoothed.
    """
    if len(points) == 1:
        return Fraction(1)
    used = {
        _rise(one, other)
        for one, other in _stretches(points)
        if one.time < stop and other.time > start
    }
    if not used:  # all of the clip lies beyond the map's ends, which go on as they were
        ends = (points[0], points[1]) if stop <= points[0].time else (points[-2], points[-1])
        used = {_rise(*ends)}
    bent = len({_rise(*each) for each in _stretches(points)}) > 1
    if bent and any(point.interp != "linear" for point in points):
        return None  # smoothed points bend the stretches beside them
    return used.pop() if len(used) == 1 else None


def _stretches(points: list[Point]) -> list[tuple[Point, Point]]:
    return list(pairwise(points))


def _rise(one: Point, other: Point) -> Fraction:
    return (other.value - one.value) / (other.time - one.time)


def _value(points: list[Point], time: Fraction) -> Fraction:
    """The media's time at a time of the clip's own, straight between points and beyond them."""
    if len(points) == 1:
        return points[0].value + time - points[0].time
    one, other = next(
        (pair for pair in _stretches(points) if time <= pair[1].time), (points[-2], points[-1])
    )
    return one.value + (time - one.time) * _rise(one, other)


def _linear(speed: Fraction, name: str) -> dict[str, Any]:
    frozen = speed == 0
    told = {"speed": f"{speed.numerator}/{speed.denominator}"}
    return {
        "OTIO_SCHEMA": "FreezeFrame.1" if frozen else "LinearTimeWarp.1",
        "metadata": {SPACE: told},
        "name": name,
        "effect_name": "FreezeFrame" if frozen else "LinearTimeWarp",
        "enabled": True,
        "time_scalar": float(speed),
    }


def still() -> dict[str, Any]:
    """The warp of a picture that does not move."""
    return _linear(Fraction(0), "Still")


def _curve(points: list[Point], scale: Fraction) -> dict[str, Any]:
    told = [
        {"time": _text(point.time), "value": _text(point.value), "interp": point.interp}
        for point in points
    ]
    return {
        "OTIO_SCHEMA": "TimeEffect.1",
        "metadata": {SPACE: {"timeMap": told, "scale": _text(scale)}},
        "name": "Speed",
        "effect_name": "TimeMap",
        "enabled": True,
    }


def _text(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
