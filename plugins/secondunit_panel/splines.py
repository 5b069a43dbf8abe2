"""The shapes of a matte that is edited by hand: on which frames their corners get keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Corner = tuple[float, ...]
"""x and y of a corner in pixels, then as offsets what a host keeps with it: handles, feather."""

_NEAR = 0.25  # pixels: a key that lies so near the way between its neighbours is left out
_FAR = 24  # frames: so many at most from key to key


def keys(frames: Sequence[Sequence[Corner]], told: Sequence[int] | None = None) -> list[int]:
    """The frames to set keys on: a straight way between two needs none.

    `told` are those between which all was straight when it was traced: others come in where what a
    host makes of the corners is not.
    """
    found = [0]
    for end in sorted({*(told or ()), len(frames) - 1} - {0}):
        begin = found[-1]
        if told and _straight(frames, begin, end):
            found.append(end)
        else:
            found += _between(frames, begin, end)
    return found


def _between(frames: Sequence[Sequence[Corner]], begin: int, last: int) -> list[int]:
    """The keys after one, up to another."""
    found = [begin]
    for end in range(begin + 2, last + 1):
        if end - found[-1] > _FAR or not _straight(frames, found[-1], end):
            found.append(end - 1)
    return [*found[1:], last]


def _straight(frames: Sequence[Sequence[Corner]], begin: int, end: int) -> bool:
    return all(
        abs(a + (c - a) * (here - begin) / (end - begin) - b) <= _NEAR
        for here in range(begin + 1, end)
        for corners in zip(frames[begin], frames[here], frames[end], strict=True)
        for a, b, c in zip(*corners, strict=True)
    )


def told_keys(shape: Mapping[str, Any]) -> list[int]:
    """The keys that a traced shape names, counted from its first frame; none where it names none.

    Raises ValueError for one that it is not there on.
    """
    found = [int(frame) - int(shape["first"]) for frame in shape.get("keys", ())]
    if any(not 0 <= each < len(shape["points"]) for each in found):
        raise ValueError(f"{shape['name']} has keys on frames that it is not there on")
    return found
