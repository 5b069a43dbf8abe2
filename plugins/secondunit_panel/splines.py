"""The shapes of a matte that is edited by hand: on which frames their corners get keys."""

from __future__ import annotations

from collections.abc import Sequence

Corner = tuple[float, ...]
"""x and y of a corner in pixels, then as offsets what a host keeps with it: handles, feather."""

_NEAR = 0.25  # pixels: a key that lies so near the way between its neighbours is left out
_FAR = 24  # frames: so many at most from key to key


def keys(frames: Sequence[Sequence[Corner]]) -> list[int]:
    """The frames to set keys on: a straight way between two needs none."""
    found = [0]
    for end in range(2, len(frames)):
        begin = found[-1]
        if end - begin > _FAR or any(
            abs(a + (c - a) * (here - begin) / (end - begin) - b) > _NEAR
            for here in range(begin + 1, end)
            for corners in zip(frames[begin], frames[here], frames[end], strict=True)
            for a, b, c in zip(*corners, strict=True)
        ):
            found.append(end - 1)
    return sorted({*found, len(frames) - 1})
