"""What time warps do to an item: which of its own moments is seen when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.layout import Extent, effects
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import whole

_FASTEST = 10_000


def speed(item: Item) -> Fraction:
    """The product of an item's linear warps: 2 is double speed, 0 a freeze frame, -1 backwards.

    Raises BadValue for warps that say no speed: keyframed ones come as a bare TimeEffect, and only
    the host that made them knows what they show.
    """
    product = Fraction(1)
    for effect in effects(item):
        kind = kind_of(effect)
        if kind == "FreezeFrame":
            product *= 0
        elif kind == "LinearTimeWarp":
            product *= _scalar(effect.get("time_scalar", 1))
        elif kind == "TimeEffect":
            name = str(effect.get("name") or effect.get("effect_name") or "a time effect")
            raise BadValue(f"Its speed changes along the way ({name}); only its host knows how")
    return product


def _scalar(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"Its speed is {value!r}")
    if not math.isfinite(value) or abs(value) > _FASTEST:
        raise BadValue(f"Its speed is {value}")
    return Fraction(value).limit_denominator(1_000_000)


@dataclass(frozen=True)
class Warp:
    """An item's own time under its warps.

    Reverse play starts at the top of the source range and runs down to its start, as the AAF reader
    and AYON write it: source_range.start is the low end. `assumed` says so in a sighting.
    """

    shown: Extent
    speed: Fraction

    @property
    def assumed(self) -> str:
        """What had to be assumed, for provenance."""
        return "reverse play starts at the end of the source range" if self.speed < 0 else ""

    def position(self, off: Fraction, rate: Rate) -> Fraction:
        """The position in the item's own time, in frames of `rate`, `off` seconds after it starts.

        floor(start + off * speed) is the frame: measured against an Avid render of 1 961 retimed
        frames.
        """
        begin = self.shown.begin * rate.per_second
        along = off * self.speed * rate.per_second
        if self.speed >= 0:
            return whole(begin + along)
        top = begin + self.shown.length * -self.speed * rate.per_second
        return Fraction(math.ceil(whole(top + along)) - 1)
