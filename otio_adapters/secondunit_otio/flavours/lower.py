"""Bringing a cut down to what a format can hold: whole frames at one rate, stock media, no more."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio.flavours.flatten import Overlay
from secondunit_otio.flavours.identity import NONE, marks_of
from secondunit_otio.flavours.strips import Beat, Strip, in_use, strip_of, top
from secondunit_otio.layout import available, effects, extent
from secondunit_otio.media import local_path
from secondunit_otio.scan import Item
from secondunit_otio.schemas import kind_of
from secondunit_otio.times import Moment, frame_at, frames_in, moment, range_json, stretch
from secondunit_otio.warps import speed

_SPACES = {".xml": "fcp_xml", ".edl": "cmx_3600", ".aaf": "AAF"}
_SAFE = "/:\\~!$&'()*+,;=@-._"
_SMPTE = frozenset(
    [Rate(Fraction(n)) for n in (24, 25, 30, 48, 50, 60)]
    + [Rate(Fraction(n * 1000, 1001)) for n in (24, 30, 48, 60)]
)
_COLOURS = frozenset(
    ("PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK",
     "WHITE")
)  # fmt: skip


class Piece(NamedTuple):
    """A beat where the format plays it: in seconds, `begin` in the clip's own time."""

    beat: Beat
    start: Fraction
    stop: Fraction
    begin: Fraction


@dataclass(eq=False)
class Lowering:
    """A cut on its way into a format; `bare` leaves away all that is not picture and place.

    `rate` is the one rate of everything in it, `written` that rate as the cut has it.
    """

    seen: Overlay
    bare: int = 0
    rate: Rate = field(init=False)
    written: float = field(init=False)
    strips: list[Strip] = field(init=False)

    def __post_init__(self) -> None:
        self.strips = chosen(self.seen)
        self.rate, self.written = _rate(self.seen, self.strips)

    @property
    def begin(self) -> Fraction:
        """When the cut starts on its clock, in seconds: a whole frame."""
        start = _start(self.seen.cut.root.body)
        seconds = max(start.seconds, Fraction(0)) if start else Fraction(0)
        return Fraction(self.frame(seconds)) / self.rate.per_second

    def timeline(self) -> dict[str, Any]:
        """The cut as an OpenTimelineIO timeline that an adapter can take."""
        root = self.seen.cut.root.body
        begin = self.begin
        rows = [self.track(strip) for strip in self.strips]
        end = max((strip.end for strip in self.strips), default=Fraction(0))
        stack = _composition("Stack.1", str(root.get("name") or "cut"), rows)
        if self.seen.host.suffix == ".edl":
            for row in rows:  # the record side counts from there
                row["source_range"] = self.range(-begin, end)
        else:
            stack["markers"] = self.markers(top(self.seen.cut).body, Fraction(0), None)
        return {
            "OTIO_SCHEMA": "Timeline.1",
            "metadata": self.metadata(root),
            "name": _plain(root.get("name")) or "cut",
            "global_start_time": self.time(begin),
            "tracks": stack,
        }

    def track(
        self, strip: Strip, window: tuple[Fraction, Fraction] | None = None
    ) -> dict[str, Any]:
        """A strip as a track of whole frames; of it what a window shows, in the stack's seconds."""
        item = strip.item.real
        begin, end = window or (Fraction(0), self.end(strip))
        children: list[dict[str, Any]] = []
        reached = self.frame(Fraction(0))
        pending: dict[str, Any] | None = None
        for piece in self.pieces(strip, begin, end):
            if piece.beat.kind == "fade":
                pending = self.fade(piece.beat)
                continue
            start, stop = self.frame(piece.start - begin), self.frame(piece.stop - begin)
            start = max(start, reached)
            if stop <= start:
                continue
            if start > reached:
                children.append(self.gap(start - reached))
                pending = None
            elif pending is not None and children and children[-1]["OTIO_SCHEMA"] == "Clip.2":
                children.append(pending)
            pending = None
            children.append(self.thing(piece, stop - start))
            reached = stop
        made = _composition("Track.1", item.name, children)
        made["kind"] = strip.kind
        made["metadata"] = self.metadata(item.body)
        return made

    def pieces(self, strip: Strip, begin: Fraction, end: Fraction) -> Iterator[Piece]:
        """What plays in a window, nested sequences opened where the format knows none."""
        for beat in strip.beats:
            start, stop = max(beat.start, begin), min(beat.stop, end)
            if beat.kind == "fade":
                if begin < beat.start < end and self.seen.host.transitions and not self.bare:
                    yield Piece(beat, beat.start, beat.start, Fraction(0))
                continue
            if stop <= start or beat.kind == "thing":
                continue
            inside = beat.begin + (start - beat.start) * _pace(beat.item)
            if beat.kind == "clip" or self.seen.host.nested:
                yield Piece(beat, start, stop, inside)
                continue
            yield from self._opened(beat, start, stop, inside)

    def _opened(
        self, beat: Beat, start: Fraction, stop: Fraction, inside: Fraction
    ) -> Iterator[Piece]:
        """What the fullest picture track of a nested sequence plays, in the place of that."""
        inner = _fullest([read(self.seen, each) for each in below(beat.item)])
        if inner is None:
            return
        shift = start - inside
        for piece in self.pieces(inner, inside, inside + stop - start):
            yield piece._replace(start=piece.start + shift, stop=piece.stop + shift)

    def thing(self, piece: Piece, frames: int) -> dict[str, Any]:
        """A clip or a nested sequence of so many frames."""
        length = Fraction(frames) / self.rate.per_second
        if piece.beat.kind == "nest":
            return self._nest(piece, length)
        body = piece.beat.body
        made: dict[str, Any] = {
            "OTIO_SCHEMA": "Clip.2",
            "metadata": self.metadata(body),
            "name": _plain(piece.beat.name),
            "source_range": self.range(self._floor(piece.begin), length),
            "effects": self._effects(piece.beat),
            "markers": self.markers(body, piece.begin, length),
            "enabled": body.get("enabled") is not False,
            "media_references": {"DEFAULT_MEDIA": self._media(piece, length)},
            "active_media_reference_key": "DEFAULT_MEDIA",
        }
        if not made["enabled"] and self.seen.host.suffix == ".xml":
            made["metadata"] = _under(made["metadata"], "fcp_xml", enabled="FALSE")
        if self.seen.host.suffix == ".edl":
            made["metadata"] = _with_reel(made["metadata"], body)
        return made

    def _nest(self, piece: Piece, length: Fraction) -> dict[str, Any]:
        window = (piece.begin, piece.begin + length)
        rows = [self.track(read(self.seen, each), window) for each in below(piece.beat.item)]
        made = _composition("Stack.1", _plain(piece.beat.name) or "nested", rows)
        made["source_range"] = self.range(Fraction(0), length)
        made["metadata"] = self.metadata(piece.beat.body)
        made["markers"] = self.markers(piece.beat.body, piece.begin, length)
        return made

    def _media(self, piece: Piece, length: Fraction) -> dict[str, Any]:
        reference = self.seen.cut.meant(in_use(piece.beat.body))
        there = self._available(reference, piece, length)
        kind = kind_of(reference)
        made: dict[str, Any] = {
            "OTIO_SCHEMA": "MissingReference.1",
            "metadata": self.metadata(reference),
            "name": _plain(reference.get("name")),
            "available_range": there,
        }
        url = self._url(kind, reference)
        if url:
            return {**made, "OTIO_SCHEMA": "ExternalReference.1", "target_url": url}
        known = isinstance(made["metadata"].get(_SPACES[self.seen.host.suffix]), dict)
        if kind == "GeneratorReference" and known and not self.bare:
            made |= {"OTIO_SCHEMA": "GeneratorReference.1", "parameters": {}}
            made["generator_kind"] = str(reference.get("generator_kind", ""))
        return made

    def _url(self, kind: str, reference: dict[str, Any]) -> str:
        """A movie's address; of a sequence that of its first file."""
        if kind == "ExternalReference":
            url = _plain(reference.get("target_url"))
        elif kind == "ImageSequenceReference":
            url = first_file(reference)
        else:
            return ""
        if self.seen.host.suffix == ".xml" and url.startswith("/"):
            return "file://localhost" + quote(url, safe=_SAFE)
        return url

    def _available(
        self, reference: dict[str, Any], piece: Piece, length: Fraction
    ) -> dict[str, Any]:
        """What there is of the media, reaching at least as far as what is shown."""
        shown = self._floor(piece.begin)
        try:
            there = available(reference)
        except BadValue:
            there = None
        if there is None:
            return self.range(shown, length)
        low, high = self._floor(there.begin), there.end
        if self.seen.host.suffix == ".aaf":
            low, high = min(low, shown), max(high, shown + length)
        frames = frames_in((high - low) * self.rate.per_second)
        return self.range(low, Fraction(max(1, frames)) / self.rate.per_second)

    def _effects(self, beat: Beat) -> list[dict[str, Any]]:
        if self.bare or not self.seen.host.warps or beat.item.schema != "Clip":
            return []
        warps = [each for each in effects(beat.item) if kind_of(each) in _WARPS]
        pace = _pace(beat.item)
        if not warps or pace < 0 or pace == 1:
            return []
        made = {
            "metadata": {},
            "name": str(warps[0].get("name") or ""),
            "effect_name": "FreezeFrame" if pace == 0 else "LinearTimeWarp",
            "enabled": True,
            "time_scalar": float(pace),
        }
        return [{"OTIO_SCHEMA": f"{made['effect_name']}.1", **made}]

    def fade(self, beat: Beat) -> dict[str, Any]:
        """A transition in whole frames."""
        offsets = {
            key: self.time(self._whole(beat.body.get(key))) for key in ("in_offset", "out_offset")
        }
        return {
            "OTIO_SCHEMA": "Transition.1",
            "metadata": self.metadata(beat.body),
            "name": _plain(beat.body.get("name")),
            "transition_type": str(beat.body.get("transition_type") or "SMPTE_Dissolve"),
            **offsets,
        }

    def _whole(self, value: Any) -> Fraction:
        try:
            found = moment(value)
        except BadValue:
            found = None
        seconds = max(found.seconds, Fraction(0)) if found else Fraction(0)
        return Fraction(self.frame(seconds)) / self.rate.per_second

    def markers(
        self, body: dict[str, Any], begin: Fraction, length: Fraction | None
    ) -> list[dict[str, Any]]:
        """The markers of a body that can be placed; `length` None: wherever they lie."""
        listed = body.get("markers")
        made: list[dict[str, Any]] = []
        for each in listed if isinstance(listed, list) and self.bare < 2 else ():
            try:
                marked = stretch(each.get("marked_range")) if isinstance(each, dict) else None
            except BadValue:
                continue
            if marked is None or marked.begin < 0:
                continue
            colour = str(each.get("color") or "RED").upper()
            made.append(
                {
                    "OTIO_SCHEMA": "Marker.2",
                    "metadata": self.metadata(each),
                    "name": _plain(each.get("name")),
                    "color": colour if colour in _COLOURS else "RED",
                    "comment": _plain(each.get("comment")),
                    "marked_range": self.range(
                        self._floor(marked.begin),
                        Fraction(self.frame(marked.duration.seconds)) / self.rate.per_second,
                    ),
                }
            )
        return made

    def metadata(self, body: dict[str, Any]) -> dict[str, Any]:
        """Of an object's metadata what the format's own reader once put there."""
        space = _SPACES[self.seen.host.suffix]
        told = body.get("metadata")
        own = told.get(space) if isinstance(told, dict) and not self.bare else None
        return {space: own} if isinstance(own, dict) else {}

    def gap(self, frames: int) -> dict[str, Any]:
        """A gap of so many frames."""
        return {
            "OTIO_SCHEMA": "Gap.1",
            "metadata": {},
            "name": "",
            "source_range": self.range(Fraction(0), Fraction(frames) / self.rate.per_second),
            "effects": [],
            "markers": [],
            "enabled": True,
        }

    def frame(self, seconds: Fraction) -> int:
        """The whole frame nearest to a time in the cut."""
        return round(seconds * self.rate.per_second)

    def _floor(self, seconds: Fraction) -> Fraction:
        return Fraction(frame_at(seconds * self.rate.per_second)) / self.rate.per_second

    def range(self, begin: Fraction, length: Fraction) -> dict[str, Any]:
        """A range at the one rate."""
        return range_json(begin, length, self.written)

    def time(self, seconds: Fraction) -> dict[str, Any]:
        """A time at the one rate."""
        return {
            "OTIO_SCHEMA": "RationalTime.1",
            "rate": self.written,
            "value": float(seconds * self.rate.per_second),
        }

    def rows(self) -> list[Strip]:
        """The strips as the format is given them: nested sequences opened, ends cut off."""
        return [self.row(strip, Fraction(0), self.end(strip)) for strip in self.strips]

    def row(self, strip: Strip, begin: Fraction, end: Fraction) -> Strip:
        """What a window shows of a strip, as a strip from 0 on."""
        made = Strip(strip.item, strip.kind, end=end - begin)
        for piece in self.pieces(strip, begin, end):
            beat = piece.beat
            made.beats.append(
                replace(
                    beat,
                    start=piece.start - begin,
                    stop=piece.stop - begin,
                    begin=piece.begin,
                    length=piece.stop - piece.start,
                )
            )
        made.gaps = [
            replace(gap, start=max(gap.start, begin) - begin, stop=min(gap.stop, end) - begin)
            for gap in strip.gaps
            if gap.start < end and gap.stop > begin
        ]
        return made

    def end(self, strip: Strip) -> Fraction:
        """When a strip ends: with its last item, or where its track is cut off."""
        item = strip.item
        if item.real.schema == "Track" and item.real.body.get("source_range") is not None:
            return extent(self.seen.cut, item).length
        return strip.end


_WARPS = frozenset({"LinearTimeWarp", "FreezeFrame", "TimeEffect"})


def read(seen: Overlay, track: Item) -> Strip:
    """A track's strip as the host sees it."""
    return strip_of(seen.cut, track, lambda item, _: seen.marks.get(item, NONE), seen.shown)


def chosen(seen: Overlay) -> list[Strip]:
    """The strips a format can hold: of pictures the fullest where it has but one track."""
    strips = [read(seen, each) for each in below(top(seen.cut))]
    rows: list[Strip] = []
    for kind, most in zip(("Video", "Audio"), seen.host.tracks, strict=True):
        own = [strip for strip in strips if strip.kind == kind]
        if most is None:
            rows += own
        elif most and own:
            best = _fullest(own)
            rows += [best] if best is not None else own[:1]
    return rows


def below(item: Item) -> list[Item]:
    """The tracks of a composition, or what lies in it without one."""
    real = item.real
    if real.schema in ("Track", "Clip"):
        return [item]
    return [child for child in real.children if child.schema != "Transition"]


def _fullest(strips: list[Strip]) -> Strip | None:
    """The picture track that shows most; of equals the lowest."""
    best: tuple[Fraction, Strip] | None = None
    for strip in strips:
        if strip.kind != "Video" or not strip.item.real.enabled:
            continue
        shown = sum((beat.length for beat in strip.beats), Fraction(0))
        if best is None or shown > best[0]:
            best = shown, strip
    return best[1] if best else None


def _rate(seen: Overlay, strips: list[Strip]) -> tuple[Rate, float]:
    """The cut's own rate, else of its start, or of most of what plays; timecode exists at it."""
    with contextlib.suppress(BadValue):
        own = extent(seen.cut, seen.cut.root).rate
        if own in _SMPTE:
            return own, float(own.per_second)
    start = _start(seen.cut.root.body)
    if start is not None and start.rate in _SMPTE:
        return start.rate, float(start.rate.per_second)
    found: Counter[Rate] = Counter()
    for strip in strips:
        for beat in strip.beats:
            if beat.kind != "fade" and beat.length > 0:
                with contextlib.suppress(BadValue):
                    found[extent(seen.cut, beat.item).rate] += 1
    rate = max(found, key=lambda each: found[each]) if found else Rate(Fraction(24))
    if rate not in _SMPTE:
        finer = [each for each in _SMPTE if (each.per_second / rate.per_second).denominator == 1]
        rate = min(finer) if finer else Rate(Fraction(24))
    return rate, float(rate.per_second)


def _start(root: dict[str, Any]) -> Moment | None:
    try:
        return moment(root.get("global_start_time"))
    except BadValue:
        return None


def _pace(item: Item) -> Fraction:
    """An item's speed; 1 where only its host could tell."""
    try:
        return speed(item)
    except BadValue:
        return Fraction(1)


def first_file(reference: dict[str, Any]) -> str:
    """The path of an image sequence's first file."""
    base = str(reference.get("target_url_base") or "")
    if base and not base.endswith(("/", "\\")):
        base += "/"
    number, digits = (
        reference.get(key, default)
        for key, default in (("start_frame", 1), ("frame_zero_padding", 0))
    )
    number = int(number) if isinstance(number, (int, float)) else 1
    digits = min(20, max(0, int(digits))) if isinstance(digits, (int, float)) else 0
    name = f"{reference.get('name_prefix') or ''}{number:0{digits}d}"
    return local_path(base, "") + name + str(reference.get("name_suffix") or "")


def _plain(text: Any) -> str:
    """A name on one line, without what no XML can hold."""
    if not isinstance(text, str):
        return ""
    kept = "".join(letter for letter in text if letter.isprintable() or letter.isspace())
    return " ".join(kept.split())


def _composition(schema: str, name: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "metadata": {},
        "name": _plain(name),
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": children,
    }


def _under(metadata: dict[str, Any], space: str, **more: Any) -> dict[str, Any]:
    there = metadata.get(space)
    return {**metadata, space: {**(there if isinstance(there, dict) else {}), **more}}


def _with_reel(metadata: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """A reel name an EDL can hold: the one it has, our id, or eight letters of the file's name."""
    there = metadata.get("cmx_3600")
    reel = there.get("reel") if isinstance(there, dict) else None
    if isinstance(reel, str) and re.fullmatch(r"\S{1,32}", reel):
        return metadata
    if own := marks_of(body).own:
        return _under(metadata, "cmx_3600", reel=own[0].upper())
    media = in_use(body)
    url = str(media.get("target_url") or media.get("name_prefix") or body.get("name") or "")
    stem = PurePosixPath(url.replace("\\", "/")).stem
    name = re.sub(r"[^0-9A-Za-z]", "", stem.encode("ascii", "ignore").decode())[:8].upper()
    if name in ("", "BL", "BLACK", "BARS"):
        name = "AX"
    return _under(metadata, "cmx_3600", reel=name)
