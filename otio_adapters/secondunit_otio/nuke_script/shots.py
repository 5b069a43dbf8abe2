"""The shots a comp is made of: each clip of a cut, what it can show, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.document import Cut
from secondunit_otio.findings import Finding
from secondunit_otio.layout import (
    active_key,
    extent,
    is_video,
    references,
    start_in_cut,
)
from secondunit_otio.nuke_script.retime import Look, look
from secondunit_otio.requests import OURS, TAKE_KEY, Request, block_of, find_requests
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.sound.take import heard
from secondunit_otio.times import frames_in, moment
from secondunit_otio.warps import speed

LONGEST = 100_000
"""Frames of a shot; an hour and more."""

_TOKEN = re.compile(r"[^A-Za-z0-9_]+")


@dataclass(frozen=True)
class Source:
    """Something a shot can show: a plate, a take, a matte; `look` None for a slate."""

    key: str
    role: str
    look: Look | None
    reference: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """A clip as a comp sees it.

    `token` names its nodes; no two shots have the same. `first` up to `last`, both included, are
    the script's frames without handles. `sources` begins with the one in use.
    """

    token: str
    item: Item
    first: int
    last: int
    handles: int
    rate: Rate
    sources: tuple[Source, ...]
    mattes: tuple[Source, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def id(self) -> str:
        """The id of what is asked of it, else the one it carries; "" for none."""
        if self.requests:
            return self.requests[0].id
        own = block_of(self.item.body).get("id")
        return own if isinstance(own, str) else ""

    @property
    def name(self) -> str:
        """What its clip is called."""
        return self.item.name or self.token

    @property
    def pending(self) -> bool:
        """Whether what it is to show has not been shot."""
        return bool(self.sources) and self.sources[0].role == "slate"


def rate_of_cut(cut: Cut) -> Rate:
    """The frame rate a cut counts in: that of its start, else of its first clip. BadValue."""
    for item in cut.items():
        begin = moment(item.body.get("global_start_time")) if item.schema == "Timeline" else None
        if begin is not None:
            return begin.rate
    return extent(cut, cut.root).rate


def seen_clips(cut: Cut) -> Iterator[Item]:
    """Every clip of a cut that is seen: enabled, on video tracks that are; mattes left out."""
    waiting = [cut.root]
    while waiting:
        item = waiting.pop()
        if not item.enabled or not is_video(item):
            continue
        if item.schema == "Clip" and not _is_matte(item):
            yield item
        waiting.extend(reversed(item.children))


def _is_matte(item: Item) -> bool:
    return block_of(item.body).get("kind") == "matte"


def shots(
    cut: Cut,
    clips: Iterable[Item] | None,
    first: int,
    handles: int,
) -> tuple[list[Shot], list[Finding]]:
    """The clips of a cut as shots from frame `first` on, and what could not be taken over.

    None: all that are seen, and what is wanted in gaps. Raises BadValue where the cut's rate cannot
    be told.
    """
    rate = rate_of_cut(cut)
    desk = _Desk(cut, rate, first, handles)
    for item in seen_clips(cut) if clips is None else clips:
        desk.take(item)
    for item, requests in desk.asked.items() if clips is None else ():
        for request in requests if item.schema == "Gap" else ():
            desk.take_gap(request)
    return desk.found, desk.lost


@dataclass(eq=False)
class _Desk:
    """Where the shots of a cut are put together."""

    cut: Cut
    rate: Rate
    first: int
    handles: int
    found: list[Shot] = field(default_factory=list)
    lost: list[Finding] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    asked: dict[Item, list[Request]] = field(default_factory=dict)
    mattes: dict[str, list[Item]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for request in find_requests(self.cut):
            if request.problem is None:
                self.asked.setdefault(request.item, []).append(request)
        for item in self.cut.items():
            if item.schema == "Clip" and _is_matte(item):
                self.mattes.setdefault(str(block_of(item.body).get("id")), []).append(item)

    def take(self, item: Item) -> None:
        """Make a shot of one clip."""
        try:
            length = extent(self.cut, item).length * self.rate.per_second
        except BadValue as error:
            self._lose(item, f"The clip is left out: {error.what}")
            return
        frames = frames_in(length)
        if not 0 < frames <= LONGEST:
            self._lose(item, f"The clip is left out: it is {frames} frames long")
            return
        requests = tuple(self.asked.get(item, ()))
        self._retimed_around(item)
        if heard(references(self.cut, item).get(active_key(item))) is not None:
            self._lose(item, "Its sound is left out: a script holds pictures alone")
        self.found.append(
            Shot(
                self._token(item.name),
                item,
                self.first,
                self.first + frames - 1,
                self.handles,
                self.rate,
                tuple(self._sources(item, frames)),
                tuple(self._mattes(item, requests, frames)),
                requests,
            )
        )

    def take_gap(self, request: Request) -> None:
        """Make a shot of what is wanted in a gap: a slate as long as its slot."""
        slot = request.slot
        length = (slot.stop - slot.start) * self.rate.per_second if slot else Fraction(0)
        frames = frames_in(length)
        if not 0 < frames <= LONGEST:
            return
        token = self._token(f"{request.kind} su-{request.id}")
        card = (Source("su_request", "slate", None),)
        last = self.first + frames - 1
        asked = (request,)
        self.found.append(
            Shot(token, request.item, self.first, last, self.handles, self.rate, card, (), asked)
        )

    def _token(self, name: str) -> str:
        plain = _TOKEN.sub("_", name).strip("_")[:60] or "shot"
        plain = plain if not plain[0].isdigit() else f"sh{plain}"
        token, turn = plain, 1
        while token.lower() in self.tokens:
            turn += 1
            token = f"{plain}_{turn}"
        self.tokens.add(token.lower())
        return token

    def _sources(self, item: Item, frames: int) -> Iterator[Source]:
        """What the clip can show, the one in use first; a slate where that has not been shot."""
        listed = references(self.cut, item)
        active = active_key(item)
        order = [active, *(key for key in listed if key != active)]
        for key in order:
            reference = listed.get(key, {})
            kind = str(reference.get("generator_kind", ""))
            if kind_of(reference) == "GeneratorReference" and kind.startswith(OURS):
                if key == active:
                    yield Source(key, "slate", None, reference)
                continue
            seen = self._look(item, key, frames)
            if seen is not None:
                yield Source(key, _role(key), seen, reference)
            elif key == active:
                yield Source(key, "slate", None, reference)

    def _look(self, item: Item, key: str, frames: int, late: Fraction = Fraction(0)) -> Look | None:
        script = (self.first, frames, self.handles)
        try:
            found = look(self.cut, item, key, script, self.rate, late)
        except BadValue as error:
            self._lose(item, f"{key} is left out: {error.what}")
            return None
        if found.manner == "unknown":
            self._lose(item, f"Its retime is left out: {found.assumed}")
        elif found.manner == "keyed" and found.assumed:
            self._lose(item, f"Its retime is written frame by frame: {found.assumed}", "changed")
        return found

    def _mattes(self, item: Item, requests: tuple[Request, ...], frames: int) -> Iterator[Source]:
        """The mattes made of a clip, from the clips they lie in."""
        for request in requests:
            for matte in self.mattes.get(request.id, ()) if request.kind == "matte" else ():
                try:
                    late = start_in_cut(self.cut, item) - start_in_cut(self.cut, matte)
                except BadValue:
                    continue
                seen = self._look(matte, active_key(matte), frames, late)
                if seen is not None:
                    reference = references(self.cut, matte).get(active_key(matte), {})
                    yield Source(active_key(matte), "matte", seen, reference)

    def _retimed_around(self, item: Item) -> None:
        around = item.parent
        while around is not None:
            try:
                paced = speed(around)
            except BadValue:
                paced = Fraction(0)
            if paced != 1:
                self._lose(item, "It lies in a nested sequence that is retimed; that is left out")
                return
            around = around.parent

    def _lose(self, item: Item, what: str, kind: Any = "lost") -> None:
        own = block_of(item.body).get("id")
        track = item.parent.name if item.parent else ""
        held = own if isinstance(own, str) else ""
        self.lost.append(Finding(kind, what, item.name, held, track, path=item.path))


def _role(key: str) -> str:
    return "take" if key.startswith(TAKE_KEY) else "plate"
