"""What a media file's own header tells of where it is from: timecode, reel, Avid's ids.

QuickTime and MP4, EXR, DPX and MXF are read, a few hundred bytes of each and no picture, so that
folders of thousands of files are known in seconds. Nothing else has to be installed for it.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue

_LARGEST = 1 << 20  # bytes of one part of a header; what claims more is broken
_MXF_HEAD = 1 << 18
_NAMED_TIMECODE = re.compile(
    r"(?:(?<![a-z0-9])tc_?(\d{2})(\d{2})(\d{2})(\d{2})(?!\d)"
    r"|(?<!\d)(\d{2})([.;:])(\d{2})[.;:](\d{2})[.;:](\d{2})(?!\d))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Header:
    """What a file tells. Empty or None where it does not.

    `start` is the number of its first frame, counted from timecode 00:00:00:00 at `rate`; `frames`
    how many it holds; `mobs` the ids of Avid's that stand in it, as 32 bytes in small hex digits.
    """

    reel: str = ""
    start: int | None = None
    rate: Rate | None = None
    frames: int | None = None
    mobs: frozenset[str] = frozenset()


def header_of(path: str) -> Header:
    """The header of a file; an empty one where it tells nothing or cannot be read."""
    reads = _READS.get(os.path.splitext(path)[1].lower())
    if reads is None:
        return Header()
    try:
        with open(path, "rb") as file:
            return reads(file)
    except (OSError, ValueError, IndexError, struct.error):
        return Header()  # a damaged header tells nothing


def timecode_in_name(name: str, rate: Rate) -> int | None:
    """The frame a file's name tells, as in A001_01.00.00.00.mov or tc01000000.dpx."""
    found = _NAMED_TIMECODE.search(name)
    if found is None:
        return None
    parts = [part for part in found.groups() if part and part.isdecimal()]
    mark = ";" if found[6] == ";" else ":"
    try:
        return Timecode.parse(":".join(parts[:3]) + mark + parts[3], rate).frame
    except BadValue:
        return None


def mob_digits(written: str) -> str:
    """An id of Avid's as bare small hex digits, however it was written."""
    bare = re.sub(r"(?i)urn:smpte:umid:", "", written)
    return re.sub(r"[^0-9a-f]", "", bare.lower())


def _u32(raw: bytes, at: int, order: str = ">") -> int:
    number: int = struct.unpack_from(order + "I", raw, at)[0]
    return number


# --- QuickTime and MP4: ISO/IEC 14496-12, and Apple's timecode media ---


def _quicktime(file: BinaryIO) -> Header:
    size = file.seek(0, os.SEEK_END)
    movie = next((span for kind, *span in _boxes(file, 0, size) if kind == b"moov"), None)
    if movie is None:
        return Header()
    tracks = [span for kind, *span in _boxes(file, *movie) if kind == b"trak"]
    found = Header()
    for begin, end in tracks:
        media = _below(file, begin, end, b"mdia")
        handler = _content(file, *media, b"hdlr")[8:12] if media else b""
        if media and handler == b"tmcd":
            found = _timecode_track(file, *media) or found
    return found


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each box between two places, and where its content lies."""
    while begin + 8 <= end:
        file.seek(begin)
        size, kind = struct.unpack(">I4s", file.read(8))
        content = begin + 8
        if size == 1:
            size = struct.unpack(">Q", file.read(8))[0]
            content += 8
        elif size == 0:
            size = end - begin
        if size < content - begin:
            return
        yield kind, content, min(begin + size, end)
        begin += size


def _below(file: BinaryIO, begin: int, end: int, *kinds: bytes) -> tuple[int, int] | None:
    """Where the content of a box lies, named by the boxes that lead to it."""
    for wanted in kinds:
        there = next(((b, e) for kind, b, e in _boxes(file, begin, end) if kind == wanted), None)
        if there is None:
            return None
        begin, end = there
    return begin, end


def _content(file: BinaryIO, begin: int, end: int, *kinds: bytes) -> bytes:
    there = _below(file, begin, end, *kinds)
    if there is None:
        return b""
    file.seek(there[0])
    return file.read(min(there[1] - there[0], _LARGEST))


def _timecode_track(file: BinaryIO, begin: int, end: int) -> Header | None:
    """The first sample of a tmcd track: a frame number, at the rate its description tells."""
    table = _below(file, begin, end, b"minf", b"stbl")
    if table is None:
        return None
    told = _content(file, *table, b"stsd")
    scale, duration = struct.unpack_from(">II", told, 8 + 16 + 8)
    place = _content(file, *table, b"stco")
    at = (
        _u32(place, 8) if place else struct.unpack_from(">Q", _content(file, *table, b"co64"), 8)[0]
    )
    times = _content(file, *table, b"stts")
    lasting = _u32(times, 12) if len(times) >= 16 else 0
    clock = _content(file, begin, end, b"mdhd")
    ticks = _u32(clock, 12) if clock[:1] == b"\0" else _u32(clock, 20)
    file.seek(at)
    number = struct.unpack(">I", file.read(4))[0]
    if not scale or not duration:
        return None
    rate = Rate.of(Fraction(scale, duration))
    frames = round(Fraction(lasting, ticks) * rate.per_second) if ticks else None
    return Header(_reel_name(told[8 + 34 :]), number, rate, frames or None)


def _reel_name(raw: bytes) -> str:
    """The name a tmcd description carries behind its numbers."""
    at = raw.find(b"name")
    if at < 4 or len(raw) < at + 8:
        return ""
    length = struct.unpack_from(">H", raw, at + 4)[0]
    return raw[at + 8 : at + 8 + length].split(b"\0")[0].decode("utf-8", "replace").strip()


# --- EXR and DPX ---


def _exr(file: BinaryIO) -> Header:
    raw = file.read(1 << 16)
    if raw[:4] != b"\x76\x2f\x31\x01":
        return Header()
    told: dict[bytes, bytes] = {}
    at = 8
    while raw[at : at + 1] not in (b"\0", b""):
        name, kind, rest = raw[at:].split(b"\0", 2)
        size = _u32(rest, 0, "<")
        told[name] = rest[4 : 4 + size]
        at += len(name) + len(kind) + 6 + size
    rate = None
    if len(told.get(b"framesPerSecond", b"")) == 8:
        over, under = struct.unpack("<II", told[b"framesPerSecond"])
        rate = Rate.of(Fraction(over, under)) if over and under else None
    bits = _u32(told[b"timeCode"], 0, "<") if len(told.get(b"timeCode", b"")) >= 4 else None
    reel = told.get(b"reelName", b"").decode("utf-8", "replace").strip("\0 ")
    return Header(reel, _smpte(bits, rate), rate, 1)


def _dpx(file: BinaryIO) -> Header:
    raw = file.read(2048)
    order = {b"SDPX": ">", b"XPDS": "<"}.get(raw[:4])
    if order is None:
        return Header()
    told: float = struct.unpack_from(order + "f", raw, 1940)[0]
    if not 1 <= told <= 1000:
        told = struct.unpack_from(order + "f", raw, 1724)[0]
    rate = Rate.of(told) if 1 <= told <= 1000 else None
    bits = _u32(raw, 1920, order)
    return Header("", None if bits == 0xFFFFFFFF else _smpte(bits, rate), rate, 1)


def _smpte(bits: int | None, rate: Rate | None) -> int | None:
    """The frame that the 32 bits of SMPTE ST 12-1 mean, two decimal digits a byte."""
    if bits is None or rate is None:
        return None
    bytes_ = [bits >> shift & mask for shift, mask in ((24, 63), (16, 127), (8, 127), (0, 63))]
    digits = [f"{byte >> 4}{byte & 15}" for byte in bytes_]
    mark = ";" if bits & 1 << 6 and rate.can_drop else ":"
    try:
        return Timecode.parse(":".join(digits[:3]) + mark + digits[3], rate).frame
    except BadValue:
        return None


# --- MXF: SMPTE ST 377-1 ---

_SET = re.compile(rb"\x06\x0e\x2b\x34\x02\x53\x01.\x0d\x01\x01\x01\x01\x01(.)\x00", re.DOTALL)
_TIMECODE_SET, _PACKAGES = 0x14, (0x36, 0x37)
_UMID, _START, _BASE, _DROPS, _LENGTH = 0x4401, 0x1501, 0x1502, 0x1503, 0x0202


def _mxf(file: BinaryIO) -> Header:
    raw = file.read(_MXF_HEAD)
    if b"\x06\x0e\x2b\x34" not in raw[:65536]:
        return Header()
    mobs, start, rate, frames = set[str](), None, None, None
    for found in _SET.finditer(raw):
        kind, tags = found[1][0], dict(_local_tags(raw, found.end()))
        if kind in _PACKAGES and len(tags.get(_UMID, b"")) == 32:
            mobs.add(tags[_UMID].hex())
        elif kind == _TIMECODE_SET and start is None and len(tags.get(_START, b"")) == 8:
            base = struct.unpack(">H", tags.get(_BASE, b"\0\x18"))[0]
            drop = tags.get(_DROPS, b"\0") != b"\0"
            start = struct.unpack(">q", tags[_START])[0]
            rate = Rate.of(Fraction(base * 1000, 1001) if drop else Fraction(base))
            length = tags.get(_LENGTH, b"")
            frames = struct.unpack(">q", length)[0] if len(length) == 8 else None
    known = start is not None and start >= 0
    return Header("", start if known else None, rate if known else None, frames, frozenset(mobs))


def _local_tags(raw: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The tags of a local set whose length stands at a place."""
    length = raw[at]
    at += 1
    if length & 0x80:
        wide = length & 0x7F
        length, at = int.from_bytes(raw[at : at + wide], "big"), at + wide
    end = min(at + length, len(raw))
    while at + 4 <= end:
        tag, size = struct.unpack_from(">HH", raw, at)
        yield tag, raw[at + 4 : at + 4 + size]
        at += 4 + size


_READS = {
    **dict.fromkeys((".mov", ".mp4", ".m4v", ".qt"), _quicktime),
    ".exr": _exr,
    ".dpx": _dpx,
    ".mxf": _mxf,
}
