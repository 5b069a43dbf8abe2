"""Sound as takes hold it: 48 kHz, stereo, 24 bits; in the movie, or in a .wav beside pictures."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from secondunit.media.format import Format
from secondunit.media.landing import Landing
from secondunit.media.pattern import pattern_of
from secondunit.media.refusals import writing
from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CodecUnfit

Samples = NDArray[np.float32]
"""(N,2), -1..1, at RATE."""

RATE = 48_000
CHANNELS = 2
_BITS = 24
_WHITE = 2 ** (_BITS - 1) - 1
_FRAME = CHANNELS * _BITS // 8  # bytes
_MOST = 2**32 - 1  # bytes of a .wav
_PCM = 1
_BEXT = struct.Struct("<256s32s32s10s8sIIH64s190s")  # EBU Tech 3285, version 1


def samples_of(frames: int, rate: Rate) -> int:
    """How many samples so many frames last: the nearest whole number."""
    return round(rate.seconds(frames) * RATE)


def whole_numbers(samples: Samples) -> NDArray[np.int32]:
    """The samples as the 24-bit numbers they are written as."""
    clear = np.clip(np.nan_to_num(samples), -1, 1).astype(np.float64)
    return np.round(clear * _WHITE).astype(np.int32)


def wave_path(media: Path) -> Path:
    """Where the sound of a sequence or a still lies: beside it, named after it."""
    pattern = pattern_of(media)
    stem = media.stem if pattern is None else pattern.before.rstrip("._ -")
    return media.with_name(f"{stem or 'sound'}.wav")


def time_reference(wanted: Format, first: int) -> int:
    """Samples since midnight at which a take begins: at its timecode; where it has none, at the
    number of its first frame, as editing programs count such sequences.
    """
    code = wanted.timecode
    if code is not None:
        begins = Timecode.parse(str(code), code.rate)  # past midnight a clock begins again
        return samples_of(begins.frame, code.rate)
    return 0 if wanted.rate is None else samples_of(max(0, first), wanted.rate)


def write_wave(landing: Landing, samples: Samples, reference: int) -> None:
    """A Broadcast Wave file under way. Raises DiskFull, NotWritable, CodecUnfit.

    It tells no date: a take shot again has the same bits.
    """
    words = landing.final.stem.encode("ascii", "replace")
    low, high = reference % 2**32, reference // 2**32
    bext = _BEXT.pack(words, b"Second Unit", b"", b"", b"", low, high, 1, b"", b"")
    form = struct.pack("<HHIIHH", _PCM, CHANNELS, RATE, RATE * _FRAME, _FRAME, _BITS)
    head = b"WAVE" + _chunk(b"bext", bext) + _chunk(b"fmt ", form)
    length = len(samples) * _FRAME
    if len(head) + 8 + length > _MOST:
        raise CodecUnfit(
            "The sound is longer than a .wav file can be",
            str(landing.final),
            "Shoot it in shorter parts, or without sound",
        )
    with writing(landing.final), landing.under_way.open("wb") as file:
        file.write(struct.pack("<4sI", b"RIFF", len(head) + 8 + length) + head)
        file.write(struct.pack("<4sI", b"data", length))
        numbers = np.ascontiguousarray(whole_numbers(samples).astype("<i4"))
        file.write(numbers.view(np.uint8).reshape(-1, 4)[:, : _BITS // 8].tobytes())


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content
