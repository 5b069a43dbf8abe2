"""Frames, rates and timecode, all exact."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import index
from typing import SupportsIndex

from secondunit_contract.problem import BadValue

_STANDARD = tuple(
    [Fraction(n) for n in (12, 15, 24, 25, 30, 48, 50, 60, 100, 120)]
    + [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]
)
# Hosts write 23.98, 23.976, or a 32-bit float of it; true neighbours (23.976 and 24) lie 0.1 %
# apart.
_SNAP = Fraction(1, 4000)
_TIMECODE = re.compile(r"(\d{1,2})([:;])(\d{2})\2(\d{2})([:;.,])(\d{2,3})", re.ASCII)
_RANGE = re.compile(r"\s*(-?\d{1,18})(?:\s*-\s*(-?\d{1,18}))?\s*", re.ASCII)
# Fraction() would also read 1e999999999, and take the afternoon over it.
_RATE = re.compile(r"\s*\d{1,18}(\.\d{1,40}|/\d{1,18})?\s*", re.ASCII)


@dataclass(frozen=True, order=True)
class Rate:
    """Frames in a second, as an exact fraction."""

    per_second: Fraction

    def __post_init__(self) -> None:
        if self.per_second <= 0:
            raise BadValue(
                f"A rate of {self.per_second} frames a second", remedy="Give a rate above 0"
            )

    @classmethod
    def of(cls, value: Rate | Fraction | float | str) -> Rate:
        """The rate a person or a host meant: 23.98, "23.976", 29.97 snap to n*1000/1001.

        Raises BadValue for what is no rate.
        """
        if isinstance(value, Rate):
            return value
        try:
            if isinstance(value, bool) or (isinstance(value, str) and not _RATE.fullmatch(value)):
                raise ValueError(value)
            exact = Fraction(value)
        except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
            raise BadValue(
                f"{value!r} is no frame rate", remedy='Write 24, 23.976 or "24000/1001"'
            ) from error
        if exact <= 0:
            raise BadValue(f"A rate of {value} frames a second", remedy="Give a rate above 0")
        nearest = min(_STANDARD, key=lambda standard: abs(standard - exact))
        if abs(nearest - exact) <= nearest * _SNAP:
            return cls(nearest)
        return cls(exact.limit_denominator(100_000))

    @classmethod
    def parse(cls, text: str) -> Rate:
        """The rate that str() wrote: a fraction is taken exactly as it stands. Raises BadValue."""
        rate = cls.of(text)
        return cls(Fraction(text)) if "/" in text else rate

    @cached_property
    def nominal(self) -> int:
        """The frames a timecode second counts: 24 for 23.976. Odd rates round, as FFmpeg does."""
        return max(1, math.floor(self.per_second + Fraction(1, 2)))

    @property
    def can_drop(self) -> bool:
        """Whether drop-frame timecode exists at this rate."""
        return self.per_second.denominator == 1001 and self.nominal % 30 == 0

    def seconds(self, frames: int | Fraction) -> Fraction:
        """How long so many frames last."""
        return Fraction(frames) / self.per_second

    def frames(self, seconds: Fraction | int) -> Fraction:
        """How many frames fit in so many seconds; not rounded."""
        return Fraction(seconds) * self.per_second

    def __str__(self) -> str:
        if self.per_second.denominator == 1:
            return str(self.per_second.numerator)
        return f"{self.per_second.numerator}/{self.per_second.denominator}"


@dataclass(frozen=True, order=True)
class FrameRange:
    """Frames first to last, both included, as editors count. Never empty."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadValue(
                f"The range {self.first}-{self.last} is empty",
                remedy="Write the first frame before the last",
            )

    @classmethod
    def parse(cls, text: str) -> FrameRange:
        """Read "1001-1010" or "1001". Raises BadValue."""
        found = _RANGE.fullmatch(text)
        if not found:
            raise BadValue(f"{text!r} is no frame range", remedy="Write it as 1001-1010")
        first = int(found[1])
        return cls(first, int(found[2]) if found[2] is not None else first)

    @classmethod
    def starting(cls, first: int, frames: int) -> FrameRange:
        """So many frames from `first`. Raises BadValue for none at all."""
        if frames < 1:
            raise BadValue(
                f"{frames} frames from {first} on", remedy="A range holds at least one frame"
            )
        return cls(first, first + frames - 1)

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, SupportsIndex) and self.first <= index(frame) <= self.last

    def covers(self, other: FrameRange) -> bool:
        """Whether every frame of `other` is in this range."""
        return self.first <= other.first and other.last <= self.last

    def clipped_to(self, other: FrameRange) -> FrameRange | None:
        """The frames in both, or None where they do not meet."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return FrameRange(first, last) if first <= last else None

    def shifted(self, by: int) -> FrameRange:
        """The same length, `by` frames later."""
        return FrameRange(self.first + by, self.last + by)

    def with_handles(self, head: int, tail: int) -> FrameRange:
        """This range with `head` more frames before it and `tail` after."""
        return FrameRange(self.first - head, self.last + tail)

    @property
    def span(self) -> Span:
        """The same frames with an exclusive end."""
        return Span(self.first, self.last + 1)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, order=True)
class Span:
    """Frames from start up to, not including, stop: as arrays and cuts count. May be empty."""

    start: int
    stop: int

    def __post_init__(self) -> None:
        if self.stop < self.start:
            raise BadValue(f"The span {self.start}..{self.stop} runs backwards")

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.stop))

    def __contains__(self, frame: object) -> bool:
        return isinstance(frame, SupportsIndex) and self.start <= index(frame) < self.stop

    @property
    def range(self) -> FrameRange:
        """The same frames, both ends included. Raises BadValue when empty."""
        return FrameRange(self.start, self.stop - 1)


def _dropped_before(frame: int, rate: Rate) -> int:
    """Timecode numbers skipped before this frame.

    SMPTE ST 12-1: 2 a minute at 30 frames, 4 at 60, but none each tenth minute.
    """
    skip = rate.nominal // 15
    ten_minutes = rate.nominal * 600 - 9 * skip
    tens, rest = divmod(frame, ten_minutes)
    minute = rate.nominal * 60
    return tens * 9 * skip + (skip * ((rest - skip) // (minute - skip)) if rest > skip else 0)


@dataclass(frozen=True)
class Timecode:
    """A frame count as SMPTE timecode at a rate; drop-frame where `drop`.

    `frame` counts on past midnight, so that lengths stay right; the text is a clock's and begins
    again at 00:00:00:00 after 24 hours.
    """

    frame: int
    rate: Rate
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and not self.rate.can_drop:
            raise BadValue(
                f"There is no drop-frame timecode at {self.rate}", remedy="Use : instead of ;"
            )
        if self.frame < 0:
            raise BadValue(f"Timecode before zero (frame {self.frame})")

    @classmethod
    def parse(cls, text: str, rate: Rate) -> Timecode:
        """Read 01:00:00:00; drop-frame 01:00:00;00 or 01;00;00;00 or 01:00:00,00.

        Raises BadValue, also for a number that is dropped and for hours past 23.
        """
        text = text.strip()
        found = _TIMECODE.fullmatch(text)
        if not found:
            raise BadValue(f"{text!r} is no timecode", remedy="Write it as 01:00:00:00")
        hours, minutes, seconds, frames = (int(found[i]) for i in (1, 3, 4, 6))
        drop = found[2] == ";" or found[5] in ";,"
        if hours > 23 or minutes > 59 or seconds > 59 or frames >= rate.nominal:
            raise BadValue(f"{text} does not exist at {rate} frames a second")
        count = ((hours * 60 + minutes) * 60 + seconds) * rate.nominal + frames
        if drop:
            if not rate.can_drop:
                raise BadValue(
                    f"There is no drop-frame timecode at {rate}",
                    where=text,
                    remedy="Use : instead of ;",
                )
            skip = rate.nominal // 15
            if minutes % 10 and seconds == 0 and frames < skip:
                raise BadValue(
                    f"{text} is a dropped number", remedy=f"The next one is {text[:-2]}{skip:02d}"
                )
            total_minutes = hours * 60 + minutes
            count -= skip * (total_minutes - total_minutes // 10)
        return cls(count, rate, drop)

    @property
    def _frames_a_day(self) -> int:
        numbers = 24 * 3600 * self.rate.nominal
        return numbers - (24 * 54 * (self.rate.nominal // 15) if self.drop else 0)

    def shifted(self, frames: int) -> Timecode:
        """The timecode so many frames later."""
        return Timecode(self.frame + frames, self.rate, self.drop)

    def __str__(self) -> str:
        frame = self.frame % self._frames_a_day
        count = frame + (_dropped_before(frame, self.rate) if self.drop else 0)
        seconds, frames = divmod(count, self.rate.nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        digits = len(str(self.rate.nominal - 1))
        mark = ";" if self.drop else ":"
        return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:0{max(2, digits)}d}"
