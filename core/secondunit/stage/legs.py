"""Legs: the stretches by which something was followed away from where it is known, so that it can
be looked for on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secondunit_contract.frames import Span


@dataclass(frozen=True)
class Leg:
    """One stretch: the frame it was followed from, and its own frames, the nearest to it first."""

    home: int
    frames: tuple[int, ...]


def legs(frames: Span, total: int, longest: int) -> list[list[Leg]]:
    """The legs of a run of a shot of so many frames, side by side, each side's from home outward.

    Known is what lies before and behind the run: from both, each leads to the middle. A leg and its
    home are at most `longest` frames. No side where the run is the whole shot.
    """
    before, behind = frames.start > 0, frames.stop < total
    middle = (frames.start + frames.stop + 1) // 2
    first = middle if behind else frames.stop
    sides = []
    if before:
        sides.append(_outward(range(frames.start - 1, first), longest))
    if behind:
        start = middle if before else frames.start
        sides.append(_outward(range(frames.stop, start - 1, -1), longest))
    return [side for side in sides if side]


def _outward(frames: Sequence[int], longest: int) -> list[Leg]:
    stride = max(1, longest - 1)
    return [
        Leg(frames[home], tuple(frames[home + 1 : home + 1 + stride]))
        for home in range(0, len(frames) - 1, stride)
    ]
