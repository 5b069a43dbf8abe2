"""Which frame of a file a comp shows when, and the Nuke nodes that show it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.fcpxml.times import seconds
from secondunit_otio.layout import active_key, effects, extent, references
from secondunit_otio.media import Media, media_of
from secondunit_otio.neighbours import resolve_media_frame
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import exact, frame_at
from secondunit_otio.warps import Warp, speed

Manner = Literal["straight", "held", "linear", "keyed", "unknown"]

_CHECKED = 8  # frames of a shot that are looked up one by one, spread over it


@dataclass(frozen=True)
class Look:
    """Which frame of its file a shot's source shows at each frame of the script.

    `first` is the script's frame of the shot's first; `numbers` are the file's own frames from
    `first - handles` on (movies count from 1, as Nuke has it). `lookup` is the expression that
    gives them, for a linear one; `assumed` what had to be taken for granted.
    """

    media: Media
    first: int
    handles: int
    numbers: tuple[int, ...]
    manner: Manner
    lookup: str = ""
    assumed: str = ""

    @property
    def available(self) -> tuple[int, int]:
        """The first and last frame the file has; those in use where the cut does not say."""
        low, high = self.media.start, self.media.last
        if low is None or high is None:
            return min(self.numbers), max(self.numbers)
        ends = sorted((nuke_number(self.media, low), nuke_number(self.media, high)))
        return ends[0], ends[1]


def nuke_number(media: Media, number: int) -> int:
    """What Nuke calls a frame: a sequence's file number, or the count from 1 in a movie."""
    return media.file_frame(number) + (0 if media.sequence else 1)


def look(
    cut: Cut,
    item: Item,
    key: str,
    script: tuple[int, int, int],
    rate: Rate,
    late: Fraction = Fraction(0),
) -> Look:
    """What a clip's reference shows in a script; floor(start + off * speed), as the cut has it.

    `script` is its first frame, how many there are, and how many handles there are on either side;
    `late` how much later than the clip the script begins, in seconds. Where only the clip's host
    knows its speed, what the host wrote down of it is used, else the frames run straight on:
    "unknown". Raises BadValue where there is no media.
    """
    first, frames, handles = script
    media = media_of(cut, references(cut, item).get(key or active_key(item)))
    offs = [late + Fraction(k) / rate.per_second for k in range(-handles, frames + handles)]
    try:
        pace = speed(item)
    except BadValue:
        return _by_host(cut, item, media, (first, handles), offs)
    warp = Warp(extent(cut, item), pace)
    line = _line(warp, media, (first, late), rate)
    numbers = _numbers(line, warp, media, offs, first - handles)
    _check(cut, item, key, offs, numbers)
    base = (media, first, handles, numbers)
    if len(set(numbers)) == 1 and (pace == 0 or len(numbers) > 1):
        return Look(*base, "held", assumed=warp.assumed)
    if _runs(numbers):
        return Look(*base, "straight", assumed=warp.assumed)
    found = _expression(line, first - handles, numbers)
    return Look(*base, "linear" if found else "keyed", found, warp.assumed)


def _numbers(
    line: _Line, warp: Warp, media: Media, offs: Sequence[Fraction], begin: int
) -> tuple[int, ...]:
    """The file's frames at each offset, `begin` the script's frame of the first.

    Positions count as the frame they come within a thousandth of; in coarser parts of a frame than
    that, plain whole numbers do.
    """
    if line.below < 1000:
        return tuple(line.at(begin + k) for k in range(len(offs)))
    rate = media.rate or warp.shown.rate
    return tuple(_clamped(media, frame_at(warp.position(off, rate))) for off in offs)


def _check(
    cut: Cut, item: Item, key: str, offs: Sequence[Fraction], numbers: Sequence[int]
) -> None:
    """Look some frames up one by one, spread over the shot. Raises BadValue where one differs."""
    for at in {*range(0, len(offs), max(1, len(offs) // _CHECKED)), len(offs) - 1}:
        frame = resolve_media_frame(cut, item, offs[at], "at", key)
        if nuke_number(frame.media, frame.number) != numbers[at]:
            raise BadValue("Its frames cannot be told")


def _clamped(media: Media, number: int) -> int:
    if media.start is not None:
        number = max(number, media.start)
        number = min(number, media.last) if media.last is not None else number
    return nuke_number(media, number)


def _runs(numbers: Sequence[int]) -> bool:
    return numbers[-1] - numbers[0] == len(numbers) - 1 and all(
        number == numbers[0] + k for k, number in enumerate(numbers)
    )


@dataclass(frozen=True)
class _Line:
    """floor((start + (frame - first) * rise) / below): whole numbers all, so Nuke rounds nothing.

    Reversed it is ceil(…) - 1. Then `step` and `more` lead from the frame to its file.
    """

    first: int
    start: int
    rise: int
    below: int
    step: int
    more: int
    clamp: tuple[int, int] | None

    def at(self, frame: int) -> int:
        """The file's frame at a frame of the script."""
        along = self.start + (frame - self.first) * self.rise
        number = along // self.below if self.rise >= 0 else -(-along // self.below) - 1
        found = self.more + self.step * number
        return min(max(found, self.clamp[0]), self.clamp[1]) if self.clamp else found

    def expression(self) -> str:
        """The same in Nuke's words."""
        along = f"({self.start}+(frame-{self.first})*{_signed(self.rise)})/{self.below}"
        number = f"floor({along})" if self.rise >= 0 else f"(ceil({along})-1)"
        if self.step != 1:
            number = f"{_signed(self.step)}*{number}"
        if self.more:
            number = f"{number}{self.more:+d}"
        return f"clamp({number},{self.clamp[0]},{self.clamp[1]})" if self.clamp else number


def _signed(number: int) -> str:
    return f"({number})" if number < 0 else str(number)


def _line(warp: Warp, media: Media, script: tuple[int, Fraction], rate: Rate) -> _Line:
    """The straight line a linear retime is, held within what the media has."""
    first, late = script
    own = media.rate or warp.shown.rate
    rise = warp.speed * own.per_second / rate.per_second
    start = (warp.shown.begin + late * warp.speed) * own.per_second
    if warp.speed < 0:
        start += warp.shown.length * -warp.speed * own.per_second
    below = math.lcm(rise.denominator, start.denominator)
    step = media.step if media.sequence else 1
    more = nuke_number(media, 0)
    if media.start is not None and media.sequence:
        more = media.first_file - media.start * step
    clamp = None
    if media.start is not None and media.last is not None:
        ends = sorted((nuke_number(media, media.start), nuke_number(media, media.last)))
        clamp = (ends[0], ends[1])
    return _Line(first, int(start * below), int(rise * below), below, step, more, clamp)


def _expression(line: _Line, begin: int, numbers: Sequence[int]) -> str:
    """The expression that gives exactly these frames from `begin` on; "" where it does not."""
    for each in (replace(line, clamp=None), line):
        if all(each.at(begin + k) == number for k, number in enumerate(numbers)):
            return each.expression() if abs(each.start) < 2**52 else ""
    return ""


def _by_host(
    cut: Cut, item: Item, media: Media, script: tuple[int, int], offs: Sequence[Fraction]
) -> Look:
    """The frames of a clip whose speed changes, as far as its host wrote them down."""
    shown = extent(cut, item)
    rate = media.rate or shown.rate
    first, handles = script
    for effect in effects(item):
        metadata = effect.get("metadata")
        if kind_of(effect) != "TimeEffect" or not isinstance(metadata, dict):
            continue
        found = _by_offsets(metadata, shown.begin, offs, rate) or _by_points(
            metadata, item, shown.begin, offs
        )
        if found:
            numbers = [_clamped(media, frame_at(time * rate.per_second)) for time in found]
            told = str(effect.get("effect_name") or effect.get("name") or "retime")
            assumed = f"the speed changes as its host noted it ({told})"
            return Look(media, first, handles, tuple(numbers), "keyed", "", assumed)
    straight = [_clamped(media, frame_at((shown.begin + off) * rate.per_second)) for off in offs]
    told = "its speed changes in a way only its host knows; here it plays straight"
    return Look(media, first, handles, tuple(straight), "unknown", "", told)


def _by_offsets(
    metadata: dict[str, Any], begin: Fraction, offs: Sequence[Fraction], rate: Rate
) -> list[Fraction]:
    """Nuke Studio's: by how many frames each frame of the clip is off from playing straight."""
    listed = metadata.get("lookup")
    if not isinstance(listed, list) or not listed:
        return []
    try:
        moved = [exact(each) for each in listed]
    except BadValue:
        return []
    return [
        begin
        + off
        + moved[min(max(frame_at(off * rate.per_second), 0), len(moved) - 1)] / rate.per_second
        for off in offs
    ]


def _by_points(
    metadata: dict[str, Any], item: Item, begin: Fraction, offs: Sequence[Fraction]
) -> list[Fraction]:
    """Final Cut's: points of a time map, straight between them."""
    own = metadata.get("fcpxml")
    about = item.real.body.get("metadata")
    told = about.get("fcpxml") if isinstance(about, dict) else None
    listed = own.get("timeMap") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(listed, list):
        return []
    try:
        points = [(seconds(each["time"]), seconds(each["value"])) for each in listed]
        scale = seconds(own.get("scale", "1"))
        start = seconds(told.get("start", "0s") if isinstance(told, dict) else "0s")
    except (KeyError, TypeError, BadValue):
        return []
    if len(points) < 2 or any(one[0] >= other[0] for one, other in pairwise(points)):
        return []
    shift = begin - _between(points, start)
    return [shift + _between(points, start + off * scale) for off in offs]


def _between(points: list[tuple[Fraction, Fraction]], time: Fraction) -> Fraction:
    at = next((k for k in range(1, len(points) - 1) if time <= points[k][0]), len(points) - 1)
    (low, one), (high, other) = points[at - 1], points[at]
    return one + (time - low) * (other - one) / (high - low)
