"""A cut as a movie to look at: retimes, dissolves, slates for what is not shot, offline media said.

There is no sound in it. Memory does not grow with the cut: a frame is made, written and forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from secondunit.callsheet import Size
from secondunit.engine.local import unheard
from secondunit.engine.watching import Cancel, Report
from secondunit.media.depth import Depth
from secondunit.media.format import Codec, Format
from secondunit.media.write import create
from secondunit.timeline.cards import Bytes, Card, drawn, running, stamped
from secondunit.timeline.looks import Layers, Look, Mix, Picture, length_and_rate, looks
from secondunit.timeline.projector import Projector, Seen, size_of
from secondunit.timeline.slates import slate_card
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.job import Event
from secondunit_contract.problem import BadValue, CutProblem, Problem, TakeThere
from secondunit_otio import Cut, Item, Request, find_requests, media_of
from secondunit_otio.layout import active_reference, is_video, place_of, start_in_cut
from secondunit_otio.report.clock import Clock
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import frames_in

LARGEST = Size(1920, 1080)
"""A preview is as large as the cut, but no larger than this where nobody asks for more."""

_TRIES = 50  # media that are opened to find out how large the cut is
_MOST = 24 * 60 * 60 * 12  # frames: a mistake in the cut, not a film
_EVERY = 0.25  # seconds between words of progress


@dataclass
class Previewed:
    """What came of a preview: a movie of so many frames; `unseen` tells what is not in it."""

    path: Path
    frames: int
    rate: Rate
    size: Size
    timecode: Timecode | None
    unseen: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "output": str(self.path),
            "frames": self.frames,
            "rate": str(self.rate),
            "size": list(self.size),
            "timecode": str(self.timecode) if self.timecode else "",
            "unseen": self.unseen,
            "seconds": round(self.seconds, 2),
        }


def preview(
    cut: Cut,
    output: Path,
    size: Size | None = None,
    rate: Rate | None = None,
    burn_in: bool = False,
    report: Report = unheard,
    cancel: Cancel | None = None,
) -> Previewed:
    """Render a cut to a movie: .mp4 or .mov is H.264, with the cut's timecode and exact length.

    Of each frame the topmost picture that is switched on is seen, what is dissolved mixed, what is
    transparent laid over what is below. `size` and `rate` None are the cut's own; `burn_in` writes
    timecode and clip into the picture. Raises TakeThere for a file that is there, CutProblem for a
    cut no movie can be made of, CodecUnfit, DiskFull, NotWritable, Cancelled.
    """
    if output.exists():
        raise TakeThere("There is such a file already", str(output), "Give another name")
    cancel, begun = cancel or Cancel(), time.monotonic()
    rate = rate or rate_of_cut(cut)
    frames = _frames(cut, rate)
    size = _even(size) if size else size_of_cut(cut)
    clock = _clock(cut, rate)
    codec: Codec = "h264"
    wanted = Format(codec, size, rate, Depth(8), timecode=clock)
    done = Previewed(output, frames, rate, size, clock)
    told = time.monotonic()
    with Projector(size) as projector, create(output, wanted) as writer:
        screen = _Screen(cut, size, rate, clock, projector, burn_in)
        for number in range(frames):
            cancel.check()
            writer.write(screen.frame(number))
            if time.monotonic() - told > _EVERY:
                told = time.monotonic()
                left = (told - begun) / (number + 1) * (frames - number - 1)
                report(Event("progress", "", "preview", number + 1, frames, left))
    report(Event("progress", "", "preview", frames, frames, 0.0))
    done.unseen, done.seconds = screen.unseen(), time.monotonic() - begun
    return done


@dataclass(eq=False)
class _Screen:
    """Frame after frame of a cut, as pictures."""

    cut: Cut
    size: Size
    rate: Rate
    clock: Timecode | None
    projector: Projector
    burn_in: bool
    _cards: dict[tuple[Item, str], Card] = field(default_factory=dict)
    _unseen: dict[str, list[list[int]]] = field(default_factory=dict)
    _asked: dict[Item, tuple[str, ...]] | None = None
    _gaps: list[tuple[Fraction, Fraction, tuple[str, ...]]] | None = None
    _carded: bool = False

    def frame(self, number: int) -> Bytes:
        """A frame (H,W,3) uint8 by its count from the cut's first."""
        step = 1 / self.rate.per_second
        self._carded = False
        found = looks(self.cut, number * step, step)
        top = next(found, None)
        whole = self._over(top, lambda: self._all(found, number), number)
        if self.burn_in and not self._carded:
            whole = stamped(whole, " · ".join(filter(None, (self._time(number), _name(top)))))
        return whole

    def unseen(self) -> list[str]:
        """What was not seen, each with the frames it was missed on, counted from 1."""
        return [f"{what}: frames {_named(runs)}" for what, runs in self._unseen.items()]

    def _miss(self, what: str, frame: int) -> None:
        runs = self._unseen.setdefault(what, [])
        if runs and frame <= runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])

    def _all(self, found: Iterator[Look], number: int) -> Bytes:
        """What is seen of all layers that are left."""
        for look in found:
            return self._over(look, lambda: self._all(found, number), number)
        return self._nothing(number)

    def _nothing(self, number: int) -> Bytes:
        """What is seen where nothing is: black, or the slate of what is wanted in a gap."""
        time = number / self.rate.per_second
        for start, stop, lines in self._wanted():
            if start <= time < stop:
                self._carded = True
                self._miss(f'"{lines[0]}": It has not been shot yet', number + 1)
                base = drawn(slate_card(lines), self.size)
                return running(base, self._time(number), f"frame {number + 1}", 0.0)
        return np.zeros((self.size.height, self.size.width, 3), np.uint8)

    def _over(self, look: Look, below: Callable[[], Bytes], number: int) -> Bytes:
        """What is seen of a look; `below` is asked for only where it can be seen through."""
        if look is None:
            return below()
        if isinstance(look, Layers):
            return self._layered(look.looks, below, number)
        if isinstance(look, Mix):
            once = cache(below)
            goes, comes = (self._over(each, once, number) for each in (look.goes, look.comes))
            return mixed(goes, comes, look.share)
        seen = self._picture(look, number)
        if seen.cover is None:
            return seen.picture
        through = 255 - seen.cover.astype(np.uint16)
        under = (below() * through + 127) // 255
        return np.minimum(under + seen.picture, 255).astype(np.uint8)

    def _layered(self, left: tuple[Look, ...], below: Callable[[], Bytes], number: int) -> Bytes:
        if not left:
            return below()
        return self._over(left[0], lambda: self._layered(left[1:], below, number), number)

    def _picture(self, look: Picture, number: int) -> Seen:
        reason = look.reason
        if look.frame is not None:
            try:
                return self.projector.shown(look.frame)
            except Problem as problem:
                reason = f"{problem.what}: {problem.where}" if problem.where else problem.what
        return Seen(self._card(look.item, reason, number))

    def _card(self, item: Item, reason: str, number: int) -> Bytes:
        key, self._carded = (item, reason), True
        if key not in self._cards:
            self._cards[key] = self._written(item, reason)
        card = self._cards[key]
        self._miss(f'"{item.name or item.schema}": {reason}', number + 1)
        return running(drawn(card, self.size), self._time(number), f"frame {number + 1}", 0.0)

    def _written(self, item: Item, reason: str) -> Card:
        """The card for what cannot be shown: of our requests the slate."""
        asked = self._requests().get(item.real)
        reference = active_reference(self.cut, item)
        if asked and kind_of(reference) == "GeneratorReference":
            return slate_card(asked)
        offline = kind_of(reference) in ("ExternalReference", "ImageSequenceReference",
                                         "MissingReference", "")  # fmt: skip
        return Card(
            "OFFLINE" if offline else "NOT TO BE SHOWN HERE", item.name or item.schema, (reason,)
        )

    def _requests(self) -> dict[Item, tuple[str, ...]]:
        """What is asked of each clip, as its slate says it."""
        if self._asked is None:
            asked = [each for each in find_requests(self.cut) if each.form == "generator"]
            self._asked = {each.item: _lines(each) for each in asked}
        return self._asked

    def _wanted(self) -> list[tuple[Fraction, Fraction, tuple[str, ...]]]:
        """What is wanted in gaps: from when to when in the cut, and what its slate says."""
        if self._gaps is None:
            self._gaps = []
            for each in find_requests(self.cut):
                if each.slot is None or each.problem or each.item.schema != "Gap":
                    continue
                moved = start_in_cut(self.cut, each.item) - place_of(self.cut, each.item)[0]
                self._gaps.append((each.slot.start + moved, each.slot.stop + moved, _lines(each)))
        return self._gaps

    def _time(self, number: int) -> str:
        if self.clock is None:
            return f"frame {number + 1}"
        return str(self.clock.shifted(number))


def _lines(request: Request) -> tuple[str, ...]:
    lines = (
        f"su-{request.id}",
        request.kind.replace("_", " "),
        str(request.values.get("prompt") or request.values.get("subject") or ""),
        f"{request.frames} frames, handles {request.head} + {request.tail}",
    )
    return tuple(filter(None, lines))


def mixed(goes: Bytes, comes: Bytes, share: Fraction) -> Bytes:
    """Two pictures dissolved, `share` of the one that comes: as an 8-bit mixer does it."""
    weight = round(share * 256)
    both = goes.astype(np.uint16) * (256 - weight) + comes.astype(np.uint16) * weight
    made: Bytes = ((both + 128) >> 8).astype(np.uint8)
    return made


def rate_of_cut(cut: Cut) -> Rate:
    """The rate a cut plays at: its start time's, else that of its first clip. Raises CutProblem."""
    try:
        return length_and_rate(cut)[1]
    except BadValue as error:
        raise CutProblem(error.what, cut.name, "Give the rate to play it at") from error


def size_of_cut(cut: Cut) -> Size:
    """How large a cut is: as its first picture that is there, but no larger than LARGEST."""
    tried = set[str]()
    for item in cut.items():
        if item.schema != "Clip" or not item.enabled or not _is_seen(item):
            continue
        try:
            media = media_of(cut, active_reference(cut, item))
        except BadValue:
            continue
        if media.path in tried:
            continue
        tried.add(media.path)
        own = size_of(media)
        if own is not None:
            scale = min(1.0, LARGEST.width / own.width, LARGEST.height / own.height)
            return _even(Size(round(own.width * scale), round(own.height * scale)))
        if len(tried) >= _TRIES:
            break
    return LARGEST


def _is_seen(item: Item) -> bool:
    parent = item.parent
    while parent is not None:
        if not parent.enabled or not is_video(parent):
            return False
        parent = parent.parent
    return True


def _even(size: Size) -> Size:
    """H.264 halves the colour's sides."""
    return Size(max(16, size.width + size.width % 2), max(16, size.height + size.height % 2))


def _frames(cut: Cut, rate: Rate) -> int:
    try:
        frames = frames_in(length_and_rate(cut)[0] * rate.per_second)
    except BadValue as error:
        raise CutProblem(f"Nobody can tell how long the cut is: {error.what}", cut.name) from error
    if not 1 <= frames <= _MOST:
        raise CutProblem(f"A cut of {frames} frames", cut.name, "There is nothing to be seen in it")
    return frames


def _clock(cut: Cut, rate: Rate) -> Timecode | None:
    """The timecode of the first frame; 00:00:00:00 where the cut has none."""
    told = Clock.of(cut)
    try:
        return Timecode(round(told.start * rate.per_second), rate, told.drop and rate.can_drop)
    except BadValue:
        return None  # before zero there is no timecode


def _name(look: Look) -> str:
    """The clip, or clips, on top."""
    if isinstance(look, Mix):
        return " + ".join(filter(None, (_name(look.goes), _name(look.comes))))
    if isinstance(look, Layers):
        return _name(look.looks[0])
    return "" if look is None else look.item.name


def _named(runs: list[list[int]]) -> str:
    """1-4, 9: the first few runs of frames."""
    named = [f"{a}-{b}" if a != b else f"{a}" for a, b in runs[:6]]
    return ", ".join(named) + (", …" if len(runs) > 6 else "")
