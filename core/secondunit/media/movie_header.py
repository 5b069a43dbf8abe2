"""What a movie's header promises, and whether the file keeps it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from secondunit.callsheet import Size
from secondunit.media.footage import Footage, refuse_absurd
from secondunit.media.moments import (
    Coded,
    Moments,
    coded,
    is_uneven,
    moments_of_entries,
    moments_of_packets,
)
from secondunit.media.pixel_format import Conversion, conversion_for, tags_of
from secondunit.media.refusals import reading
from secondunit.media.upright import Turn, angle
from secondunit_contract.frames import FrameRange, Rate, Timecode
from secondunit_contract.problem import (
    BadValue,
    MediaEmpty,
    MediaMissing,
    MediaTruncated,
    MediaUnreadable,
)

_CONTAINER_WORDS = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "encoder", "timecode", "reel_name"}
)
# FFmpeg also reads play lists, scripts, captures and text as movies, some of them over the network;
# footage is none of these.
_SAFE = {
    "format_whitelist": "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,mxf,mxf_opatom,nut,ogg,"
    "flv,asf,dv,gif,ivf,h264,hevc,obu,m4v,wav,mp3,flac",
    "protocol_whitelist": "file",
}
# Their packets may hold pictures that are never shown, so that only decoding tells how many there
# are.
_HIDE_PICTURES = frozenset({"vp8"})


@dataclass(frozen=True, eq=False)
class Header:
    """A movie opened: its footage, its first picture, and the decoder's further ones.

    `packets` is None where the container's own list says it all; `entries` is that list. `turn` is
    how its pictures are turned.
    """

    footage: Footage
    conversion: Conversion
    first: Any
    rest: Iterator[Any]
    entries: list[Any]
    packets: list[Coded] | None
    turn: Turn

    def check(self, picture: Any) -> None:
        """Raise MediaUnreadable for a picture that is not like the first, or damaged."""
        if _kind(picture) != _kind(self.first):
            raise MediaUnreadable(
                "The movie's size or pixel format changes on the way",
                where=self.footage.path,
                remedy="Cut it where it changes, or convert it",
            )
        if picture.is_corrupt:
            raise MediaUnreadable(
                "A picture of the movie is damaged or cut short",
                where=self.footage.path,
                remedy="Copy or render it again, or ask for a range without its end",
            )


def open_container(path: str) -> tuple[Any, Any]:
    """The container and its video stream, ready to decode with all cores.

    Raises MediaMissing, MediaEmpty, MediaTruncated, MediaUnreadable.
    """
    if not os.path.exists(path):
        raise MediaMissing(
            "There is no such file", where=path, remedy="Check the path, or relink the clip"
        )
    if os.path.getsize(path) == 0:
        raise MediaEmpty("The file is empty", where=path, remedy="Copy or render it again")
    _refuse_headless(path)
    with reading(path):
        container = av.open(path, metadata_errors="replace", options=dict(_SAFE))
    moving = [s for s in container.streams.video if not s.disposition & _attached_picture()]
    if not moving:
        container.close()
        raise MediaEmpty("There is no picture in the file", where=path)
    stream = moving[0]
    if stream.codec_context is None:
        container.close()
        raise MediaUnreadable("The movie's codec is one we lack", where=path)
    stream.thread_type = "AUTO"
    return container, stream


def read_header(path: str, container: Any, stream: Any) -> Header:
    """What the movie is; decodes its first picture.

    All packets are read only where nothing else counts them.
    """
    size = Size(stream.codec_context.width, stream.codec_context.height)
    refuse_absurd(size, 16, path)
    entries = _entries(stream)
    packets = None if entries else _packets(path)
    frames = len(entries) if packets is None else _counted(path, stream, packets)
    if frames == 0:
        raise MediaEmpty("There is no frame in the movie", where=path)
    _refuse_truncated(path, stream, entries, packets, frames)
    pictures = container.decode(stream)
    with reading(path):
        first = next(pictures, None)
    if first is None:
        raise MediaTruncated(f"None of the movie's {frames} frames can be decoded", where=path)
    if packets is not None and first.pts is not None:
        frames -= sum(
            1 for packet in packets if packet.shown is not None and packet.shown < first.pts
        )
    tags = tags_of(stream.codec_context)
    size = Size(first.width, first.height)
    conversion = conversion_for(first.format, tags, size, path)
    rate = Rate.of(stream.average_rate or stream.guessed_rate or Fraction(24))
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    words = _words(container, stream)
    asked = Turn.asked(first)
    turn = asked or Turn()
    footage = Footage(
        path,
        "movie",
        turn.size(size),
        FrameRange.starting(0, frames),
        rate,
        conversion.depth,
        conversion.alpha,
        str(stream.codec_context.codec.canonical_name),
        str(first.format.name),
        timecode=_timecode(words, rate),
        reel=words.get("reel_name", ""),
        colour=tags,
        pixel_aspect=1 / aspect if turn.transposed else aspect,
        grey=conversion.grey,
        metadata=_worth_carrying(words, first if asked is None else None),
        remarks=tuple(_remarks(first if asked is None else None, rate, entries, packets)),
    )
    return Header(footage, conversion, first, pictures, entries, packets, turn)


def read_moments(path: str, header: Header) -> Moments | None:
    """When each frame is shown, or None where the file's times cannot be trusted."""
    if header.first.pts is None:
        return None
    moments = moments_of_entries(header.entries, header.first.pts) if header.entries else None
    if moments is None:
        packets = header.packets if header.packets is not None else _packets(path)
        moments = moments_of_packets(packets, header.first.pts)
    if moments is None or len(moments.shown) != len(header.footage.range):
        return None
    return moments


def _attached_picture() -> Any:
    from av.stream import Disposition

    return Disposition.attached_pic


def _entries(stream: Any) -> list[Any]:
    """The container's own list of frames if it has a whole one, less those cut off by edits."""
    entries = list(stream.index_entries)
    if not stream.frames or len(entries) < stream.frames:
        return []
    return [entry for entry in entries if not entry.is_discard]


def _packets(path: str) -> list[Coded]:
    """All packets in the order of the file, not decoded."""
    container, stream = open_container(path)
    with container, reading(path):
        return [
            coded(packet)
            for packet in container.demux(stream)
            if packet.size and not packet.is_discard
        ]


def _counted(path: str, stream: Any, packets: list[Coded]) -> int:
    if stream.codec_context.codec.canonical_name not in _HIDE_PICTURES:
        return len(packets)
    container, again = open_container(path)
    with container, reading(path):
        return sum(1 for _ in container.decode(again))


def _refuse_truncated(
    path: str, stream: Any, entries: list[Any], packets: list[Coded] | None, frames: int
) -> None:
    """Raise MediaTruncated where the header promises more frames than the file holds."""
    length = os.path.getsize(path)
    promised = frames
    held = sum(1 for entry in entries if entry.pos + entry.size <= length) if entries else frames
    if packets is not None:
        promised = max(stream.frames, _promised_by_duration(stream, packets))
    if held < promised:
        raise MediaTruncated(
            f"The movie ends early: {held} of its {promised} frames can be read",
            where=path,
            remedy="Copy or render it again",
        )


def _promised_by_duration(stream: Any, packets: list[Coded]) -> int:
    """The frames that a Matroska stream's DURATION asks for; without one, those there are."""
    told = stream.metadata.get("DURATION", "")
    rate = stream.average_rate
    shown = [packet.shown for packet in packets if packet.shown is not None]
    try:
        hours, minutes, seconds = told.split(":")
        promised = int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    except ValueError:
        return len(packets)
    if not rate or not shown:
        return len(packets)
    lacking = int((promised - max(shown) * stream.time_base) * rate) - 1
    # Times are rounded to milliseconds there: one frame of doubt.
    return len(packets) + lacking if lacking > 1 else len(packets)


def _refuse_headless(path: str) -> None:
    """Raise MediaTruncated for a QuickTime or MP4 file cut before the list of its frames (moov)."""
    length = os.path.getsize(path)
    with reading(path), open(path, "rb") as file:
        at, seen = 0, set()
        while at + 8 <= length:
            file.seek(at)
            head = file.read(16)
            box, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if at == 0 and kind not in (b"ftyp", b"wide", b"mdat", b"free", b"skip"):
                return
            if box == 1:
                box = int.from_bytes(head[8:16], "big")
            at += box if box >= 8 else length
            if at <= length or kind == b"moof":
                seen.add(kind)
    if not seen & {b"moov", b"moof"}:
        raise MediaTruncated(
            "The movie ends before the list of its frames: none can be read",
            where=path,
            remedy="Copy or render it again",
        )


def _words(container: Any, stream: Any) -> dict[str, str]:
    """The header's words; a timecode track's and the video's own win over the file's."""
    words = {_plain(key): value for key, value in container.metadata.items()}
    for track in (*container.streams.data, stream):
        told = {_plain(key): value for key, value in track.metadata.items()}
        words |= {key: told[key] for key in ("timecode", "reel_name") if key in told}
    return words


def _plain(key: str) -> str:
    """The key as QuickTime spells it; Matroska's are in capitals."""
    return key.lower() if key.isupper() else key


def _timecode(words: dict[str, str], rate: Rate) -> Timecode | None:
    try:
        return Timecode.parse(words["timecode"], rate)
    except (KeyError, BadValue):
        return None


def _worth_carrying(words: dict[str, str], askew: Any) -> dict[str, str]:
    kept = {key: value for key, value in words.items() if key not in _CONTAINER_WORDS}
    if askew is not None:
        kept["rotation"] = str(angle(askew))
    return kept


def _remarks(
    askew: Any, rate: Rate, entries: list[Any], packets: list[Coded] | None
) -> Iterator[str]:
    if askew is not None:
        yield (
            f"it asks to be shown turned by {angle(askew):g}°; its pictures are taken as "
            "they lie, and the take asks for the same"
        )
    times = [entry.timestamp for entry in entries]
    times += [each.shown for each in packets or () if each.shown is not None]
    if is_uneven(times):
        yield (
            f"its frames come unevenly (variable frame rate), and are taken as {rate} a second. "
            "Conform it first where sound or other clips must stay in time with it"
        )


def _kind(picture: Any) -> tuple[int, int, str]:
    return picture.width, picture.height, picture.format.name
