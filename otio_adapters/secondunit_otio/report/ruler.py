"""Where the marks of a time ruler stand, and the timecode at each."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from secondunit_contract.frames import Timecode
from secondunit_contract.problem import BadValue
from secondunit_otio.report.clock import Clock

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
_FRAMES = (1, 2, 4, 5, 6, 10, 12)


def step_for(clock: Clock, most: Fraction) -> int:
    """The distance of marks in frames of the clock's count: the smallest that is `most` or more.

    `most` is in seconds. Whole frames, then whole seconds, minutes, hours, days.
    """
    nominal = clock.rate.nominal
    for frames in _FRAMES:
        if frames < nominal and nominal % frames == 0 and clock.rate.seconds(frames) >= most:
            return frames
    for seconds in _SECONDS:
        if seconds >= most:
            return seconds * nominal
    days = int(most // 86400) + 1
    return days * 86400 * nominal


def marks(
    clock: Clock, start: Fraction, stop: Fraction, step: int
) -> Iterator[tuple[Fraction, str]]:
    """Every mark from `start` up to `stop` (exclusive), in seconds of the cut, and its timecode.

    Marks stand on round timecodes; in drop-frame, where the round one is dropped, on the next.
    """
    first, last = clock.frame(start), clock.frame(stop)
    if not clock.drop or step < clock.rate.nominal:
        for frame in range(-(-first // step) * step, last + 1, step):
            time = clock.rate.seconds(frame) - clock.start
            if start <= time < stop:
                yield time, clock.timecode(time)
        return
    second = step // clock.rate.nominal
    number = max(0, int(clock.rate.seconds(first)) // second - 1) * second
    while True:
        frame = _dropped(clock, number)
        time = clock.rate.seconds(frame) - clock.start
        if time >= stop:
            return
        if time >= start:
            yield time, clock.timecode(time)
        number += second


def _dropped(clock: Clock, seconds: int) -> int:
    """The frame whose drop-frame timecode is so many round seconds, or the first after it."""
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    words = f"{hours:02d}:{minutes:02d}:{rest % 60:02d};"
    a_day = Timecode.parse("23:59:59;29", clock.rate).frame + clock.rate.nominal - 29
    for frames in (0, clock.rate.nominal // 15):
        try:
            return days * a_day + Timecode.parse(f"{words}{frames:02d}", clock.rate).frame
        except BadValue:
            continue
    return 0
