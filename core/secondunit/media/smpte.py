"""Timecode as EXR and DPX headers hold it: the 32 bits of SMPTE ST 12-1."""

from __future__ import annotations

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import BadValue

_DROP = 1 << 6
# The bits that hold digits, two decimal ones a byte; the others are flags.
_DIGITS = (0x3F000000, 0x007F0000, 0x00007F00, 0x0000003F)
_FASTEST = 30


def packed(timecode: Timecode) -> int | None:
    """The 32 bits, or None above 30 frames a second: there is no room for such frame numbers."""
    if timecode.rate.nominal > _FASTEST:
        return None
    fields = [int(part) for part in str(timecode).replace(";", ":").split(":")]
    bits = 0
    for value in fields:
        bits = bits << 8 | (value // 10) << 4 | value % 10
    return bits | (_DROP if timecode.drop else 0)


def unpacked(bits: int, rate: Rate) -> Timecode | None:
    """The timecode in these bits; None where they spell none at this rate."""
    fields = []
    for place, digits in enumerate(_DIGITS):
        byte = (bits & digits) >> (24 - 8 * place)
        fields.append((byte >> 4) * 10 + (byte & 15))
    mark = ";" if bits & _DROP else ":"
    hours, minutes, seconds, frames = fields
    try:
        return Timecode.parse(f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{frames:02d}", rate)
    except BadValue:
        return None
