"""Along: an artist's drawn paths, from frames and shares of the plate to each window's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import UNKNOWN, CallSheet, Size, Track
from secondunit.stage.drawn import Path
from secondunit.stage.fit import Fit
from secondunit.stage.layout import Layout, Turnover
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """What paths are drawn on: the clip whose frames and picture they count by.

    zero    the number of the first laid-out frame, as that clip counts
    frames  the numbers that may be drawn on
    clip    its size; it fills its place in the picture, cropped around its middle
    """

    layout: Layout
    zero: int
    frames: FrameRange
    clip: Size

    @classmethod
    def of(cls, layout: Layout, main: Turnover | None, first: int) -> Ground:
        """`first` is what the main clip would call the first delivered frame. Raises BadValue where
        there is no clip.
        """
        if main is None:
            raise BadValue(
                "There are paths, and no picture that could go along them",
                "paths",
                "Give the clip they begin in, or leave them out",
            )
        last = first + len(layout.deliver) - 1
        reach = FrameRange(min(first, main.range.first), max(last, main.range.last))
        return cls(layout, first - layout.deliver.start, reach, main.size)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A place of the clip's picture in the delivered one, in its pixels."""
        left, top, width, height = self.layout.plate_box()
        scale = max(width / self.clip.width, height / self.clip.height)
        wide = max(width, round(self.clip.width * scale))
        high = max(height, round(self.clip.height * scale))
        return x * wide - (wide - width) // 2 + left, y * high - (high - height) // 2 + top


def laid(paths: Sequence[Path], ground: Ground) -> tuple[Track, ...]:
    """The paths by laid-out frames and the delivered picture's pixels.

    Raises BadValue for one that leaves the frames or the picture, or begins before there is one.
    """
    return tuple(_laid(path, number, ground) for number, path in enumerate(paths, 1))


def _laid(path: Path, number: int, ground: Ground) -> Track:
    layout = ground.layout
    shown = [layout.origin(index) is not None for index in range(len(layout))]
    found: dict[int, tuple[float, float]] = {}
    for frame, x, y in path.keys:
        if frame not in ground.frames:
            raise _wrong(
                f"Path {number} goes to frame {frame}, and there are frames {ground.frames}",
                f"Draw it on frames {ground.frames}",
            )
        place = ground.at(x, y)
        if not all(0 <= at <= side for at, side in zip(place, layout.size, strict=True)):
            raise _wrong(
                f"Path {number} leaves the picture on frame {frame} (at {x:g}, {y:g})",
                "Draw it inside the picture: 0 to 1 from its left and its top",
            )
        found[frame - ground.zero] = place
    first = min(found)
    if not any(shown[: max(first, 0) + 1]):
        raise _wrong(
            f"Path {number} begins on frame {first + ground.zero}, before there is a picture that "
            "could go along",
            "Begin it on a frame of the clip",
        )
    return Track(found, path.radius * min(layout.plate_box()[2:]))


def _wrong(what: str, remedy: str) -> BadValue:
    return BadValue(what, "paths", remedy)


def refuse_idle(tracks: Sequence[Track], paint: Sequence[Mask | None]) -> None:
    """Raise BadValue for a path that passes over nothing that is painted; `paint` by frame."""
    for number, track in enumerate(tracks, 1):
        later = range(max(0, min(track.path)), len(paint))
        if not any(_touches(paint[index], track, index) for index in later):
            raise _wrong(
                f"Path {number} passes over nothing that is shot anew",
                "What is kept stays where it is: draw the path where, and when, the shot is new",
            )


def _touches(paint: Mask | None, track: Track, index: int) -> bool:
    return paint is not None and bool(_around(paint, track.at(index), track.radius).any())


def fitted(
    tracks: Sequence[Track], frames: Sequence[int], sheet: CallSheet, fit: Fit
) -> tuple[Track, ...]:
    """The tracks as a window's sheet is told them, its place p showing the laid-out frame
    frames[p]; only those for which it shows a picture that can go along.

    A track begins on the last frame that is kept before it comes to what is painted: there its
    piece is as it is. Where it had begun before the window, or between its frames, it is where it
    is then.
    """
    across, down = (inner / whole for inner, whole in zip(fit.inner, fit.delivered, strict=True))
    kept, known = _told(sheet)
    found = []
    for track in tracks:
        points = [track.at(index) for index in frames]
        places = [(x * across, y * down) for x, y in points]
        radius = track.radius * min(across, down)
        starts = next((p for p, index in enumerate(frames) if index >= min(track.path)), None)
        begin = _begin(starts, places, radius, kept, known)
        if begin is not None:
            found.append(Track({p: places[p] for p in range(begin, len(places))}, radius))
    return tuple(found)


def _told(sheet: CallSheet) -> tuple[Mask, Mask]:
    """(T,H,W) of the pixels that are kept, and of those that are known."""
    plate, paint = np.asarray(sheet.plate), np.asarray(sheet.paint)
    kept = ~paint
    for place in sheet.keys:
        kept[place] = True
    return kept, kept | (plate != UNKNOWN).any(axis=-1)


def _begin(
    starts: int | None,
    places: Sequence[tuple[float, float]],
    radius: float,
    kept: Mask,
    known: Mask,
) -> int | None:
    """On which place of a window a track begins; None where nothing goes along it there."""

    def whole(mask: Mask, place: int) -> bool:
        return bool(_around(mask[place], places[place], radius).all())

    def seen(place: int) -> bool:
        return bool(_around(known[place], places[place], radius).any())

    last = len(places) - 1
    begin = last if starts is None else starts
    if starts is None and seen(last):
        return None  # it begins after this window, which needs no picture of it
    while begin >= 0 and not seen(begin):
        begin -= 1  # at rest until it begins
    if begin < 0:
        return None
    if whole(kept, begin):
        run = takewhile(lambda place: place <= last and whole(kept, place), count(begin))
        begin = max(run)
    painted = (~_around(kept[place], places[place], radius) for place in range(begin, last + 1))
    return begin if any(bool(each.any()) for each in painted) else None


def _around(mask: Mask, place: tuple[float, float], radius: float) -> Mask:
    """What of a frame (H,W) lies around a place; one pixel at least."""
    height, width = mask.shape
    left = int(np.clip(np.floor(place[0] - radius), 0, width - 1))
    right = int(np.clip(np.ceil(place[0] + radius), left + 1, width))
    top = int(np.clip(np.floor(place[1] - radius), 0, height - 1))
    low = int(np.clip(np.ceil(place[1] + radius), top + 1, height))
    return mask[top:low, left:right]
