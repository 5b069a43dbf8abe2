"""The track of a matte: what is believed of each frame so far, small, and how sure it is."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.sureness import UNSURE


@dataclass(frozen=True, eq=False)
class Belief:
    """One frame's: found and spread (H,W) float32 at the working size, sureness 0..1, by which way.

    `given` is for the artist's own marks, which no way may better.
    """

    found: Pixels
    spread: Pixels
    sureness: float
    way: str
    given: bool = False


class Track:
    """Beliefs by frame. Packed: a thousand frames take some megabytes."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self._packed: dict[int, tuple[bytes, bytes, tuple[int, ...], float, str, bool]] = {}

    def __getitem__(self, index: int) -> Belief | None:
        if index not in self._packed:
            return None
        found, spread, shape, sure, way, given = self._packed[index]
        return Belief(_unpacked(found, shape), _unpacked(spread, shape), sure, way, given)

    def sureness(self, index: int) -> float:
        """0..1; 0 for a frame nothing is believed of."""
        return self._packed[index][3] if index in self._packed else 0.0

    def way(self, index: int) -> str:
        """Which way a frame's belief came by; "" for none."""
        return self._packed[index][4] if index in self._packed else ""

    def given(self, index: int) -> bool:
        """Whether the artist has marked this frame."""
        return index in self._packed and self._packed[index][5]

    def hear(self, index: int, belief: Belief) -> None:
        """Take a belief where it is surer than what there was; the artist's stays in any case."""
        if self.given(index) or belief.sureness < self.sureness(index):
            return
        shape = belief.found.shape
        packed = (_packed(belief.found), _packed(belief.spread), shape)
        self._packed[index] = (*packed, belief.sureness, belief.way, belief.given)

    def unsure(self) -> list[bool]:
        """For each frame whether another opinion is wanted."""
        return [self.sureness(index) < UNSURE for index in range(self.frames)]

    def told(self, indices: Iterable[int]) -> dict[str, Any]:
        """How sure each of these frames is, and by which way, for a side-car."""
        known = [index for index in indices if index in self._packed]
        if not known:
            return {}
        return {
            "sureness": [round(self.sureness(index), 3) for index in known],
            "ways": [self.way(index) for index in known],
        }


def _packed(plane: Pixels) -> bytes:
    return zlib.compress(np.round(np.clip(plane, 0, 1) * 255).astype(np.uint8).tobytes(), 1)


def _unpacked(packed: bytes, shape: tuple[int, ...]) -> Pixels:
    plane = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)
    return plane.astype(np.float32) / np.float32(255)
