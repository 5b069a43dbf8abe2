"""Which moment of a movie is its n-th frame, and which key frame to start from to see it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

_ROUNDED = 1.5  # units of time that rounding may account for


@dataclass(frozen=True)
class Coded:
    """A packet of a movie, without its bytes.

    shown, decoded  its times, in the stream's unit; None where the file tells none
    mark            a checksum of a key frame's bytes; None for other frames
    """

    shown: int | None
    decoded: int | None
    mark: int | None


@dataclass(frozen=True)
class Key:
    """A packet that decoding may start from; `mark` None where its times alone are sure."""

    shown: int
    decoded: int
    mark: int | None

    def is_in(self, packet: Any) -> bool:
        """Whether this is the very packet.

        Byte streams give wrong times to the first packets after a seek, so bytes are compared too.
        """
        if not packet.is_keyframe or packet.pts != self.shown:
            return False
        return self.mark is None or crc32(packet) == self.mark


@dataclass(frozen=True)
class Moments:
    """The presentation times of all frames in order, and the key frames among them."""

    shown: tuple[int, ...]
    keys: tuple[Key, ...]

    def keys_before(self, frame: int) -> Iterator[tuple[int, Key]]:
        """The key frames at or before this frame with their frame numbers, the nearest first."""
        at = bisect_right(self.keys, self.shown[frame], key=lambda key: key.shown)
        for key in reversed(self.keys[:at]):
            yield bisect_right(self.shown, key.shown) - 1, key


def coded(packet: Any) -> Coded:
    """What is kept of a packet."""
    return Coded(packet.pts, packet.dts, crc32(packet) if packet.is_keyframe else None)


def moments_of_packets(packets: list[Coded], first: int) -> Moments | None:
    """The moments told by all packets, or None where they cannot be trusted.

    `first` is the time of the first frame that decoding from the start shows: packets before it
    are leftovers of a cut and are never seen.
    """
    shown = [packet.shown for packet in packets if packet.shown is not None]
    if len(shown) < len(packets) or len(set(shown)) < len(shown) or first not in shown:
        return None
    keys = [
        Key(packet.shown, packet.shown if packet.decoded is None else packet.decoded, packet.mark)
        for packet in packets
        if packet.shown is not None and packet.mark is not None and packet.shown >= first
    ]
    return Moments(
        tuple(sorted(time for time in shown if time >= first)),
        tuple(sorted(keys, key=lambda key: key.shown)),
    )


def moments_of_entries(entries: list[Any], first: int) -> Moments | None:
    """The moments told by a container's own list of frames: only where all are key frames."""
    if not all(entry.is_keyframe for entry in entries):
        return None
    times = sorted(entry.timestamp for entry in entries)
    if len(set(times)) < len(times):
        return None
    late = first - times[0]
    return Moments(
        tuple(time + late for time in times), tuple(Key(time + late, time, None) for time in times)
    )


def is_uneven(times: list[int]) -> bool:
    """Whether frames at these times, in any order, come so unevenly that at a constant rate one
    would be shown half a frame away from its own time. Times told in coarse units are rounded.
    """
    shown = sorted(set(times))
    if len(shown) < 3:
        return False
    frame = (shown[-1] - shown[0]) / (len(shown) - 1)
    away = max(abs(at - shown[0] - number * frame) for number, at in enumerate(shown))
    return away > max(frame / 2, _ROUNDED)
