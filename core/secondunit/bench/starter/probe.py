"""A probe for clips made from words alone: what colour moves, what shape it has, and which way.

It is told nothing of what was asked, uses no model, and has learnt all it knows from true clips of
one thing moving before a still camera in plain light:

    colour     the named colour that is commoner where the picture changes than where it rests
    region     on each frame the largest patch of that colour near a change
    shape      the nearest neighbours of the region's outline, scaled to one size, and of how
               slender, filled, convex and compact it is
    direction  where the region's middle goes, fitted by a line
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_dilation,
    binary_erosion,
    binary_fill_holes,
    binary_opening,
    gaussian_filter,
    label,
)
from scipy.spatial import ConvexHull, QhullError

from secondunit.bench.starter.race import Mask
from secondunit.callsheet import Pixels, Size
from secondunit.media.resize import resized

DIRECTIONS = ("left", "right", "rises", "falls")

_BINS = np.array([6, 24, 24])  # lightness, red against green, yellow against blue
_LIKELY = 0.02  # of a colour's commonest bin
_CHANGES = 0.1  # how far a pixel is from its median over time where something moves
_LEAST = 25  # pixels a region has a shape from
_OUTLINE = 16
_NEIGHBOURS = 7


class Seen(NamedTuple):
    """What the probe sees: words of the named world, empty where it sees none."""

    colour: str
    shape: str
    direction: str


class Lesson(NamedTuple):
    """A true clip (T,H,W,3) of one moving thing, where it is (T,H,W), and what it is."""

    plate: Pixels
    alpha: Pixels
    seen: Seen


class Probe:
    """Looks at clips as it has learnt from true ones."""

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        lessons = list(lessons)
        self._likely = {
            colour: _likely_bins([each for each in lessons if each.seen.colour == colour])
            for colour in sorted({each.seen.colour for each in lessons})
        }
        rows: list[Pixels] = []
        self._shapes: list[str] = []
        for lesson in lessons:
            _, regions = self._found(lesson.plate)
            for mask in (*regions[1:-1:2], *(lesson.alpha > 0.5)[1:-1:2]):
                for turned in (mask, mask[:, ::-1]):
                    if turned.sum() >= _LEAST:
                        rows.append(_features(turned))
                        self._shapes.append(lesson.seen.shape)
        self._known = np.stack(rows)

    def seen(self, clip: Pixels) -> Seen:
        """What moves in a clip (T,H,W,3)."""
        colour, regions = self._found(clip)
        return Seen(colour, self._shape(regions[1:-1]), direction_of(regions))

    def _found(self, clip: Pixels) -> tuple[str, Mask]:
        """The colour that moves, and where it is (T,H,W)."""
        change = np.abs(clip - np.median(clip, 0)).max(-1)
        moving = gaussian_filter(change, (0, 0.7, 0.7)) > _CHANGES
        near = np.stack([binary_dilation(_opened(each), iterations=3) for each in moving])
        bins = _bins(clip)
        coloured = {colour: likely[bins] for colour, likely in self._likely.items()}
        share = moving.sum() / max(1, (~near).sum())
        evidence = {
            colour: float((where & moving).sum() - (where & ~near).sum() * share)
            for colour, where in coloured.items()
        }
        colour = max(evidence, key=lambda each: evidence[each])
        regions = np.stack([_largest(_opened(each)) for each in coloured[colour] & near])
        return (colour if regions.any() else ""), regions

    def _shape(self, regions: Mask) -> str:
        votes: dict[str, float] = defaultdict(float)
        for region in regions:
            if region.sum() < _LEAST:
                continue
            apart = ((self._known - _features(region)) ** 2).sum(1)
            for place in np.argsort(apart)[:_NEIGHBOURS]:
                votes[self._shapes[place]] += 1 / (apart[place] + 0.05)
        return max(votes, key=lambda each: votes[each]) if votes else ""


def direction_of(regions: Mask) -> str:
    """Which way regions (T,H,W) go; "" where there are too few."""
    there = [index for index, region in enumerate(regions) if region.sum() >= _LEAST]
    if len(there) < 3:
        return ""
    middles = np.array([np.mean(np.nonzero(regions[index]), 1) for index in there])
    down, across = np.polyfit(there, middles, 1)[0]
    if abs(across) > abs(down):
        return "right" if across > 0 else "left"
    return "falls" if down > 0 else "rises"


def _bins(clip: Pixels) -> tuple[Any, ...]:
    """Each pixel's bin in an opponent colour space, as an index into an array of bins."""
    red, green, blue = np.moveaxis(np.clip(clip, 0, 1), -1, 0)
    opposed = np.stack(
        [(red + green + blue) / 3, (red - green + 1) / 2, ((red + green) / 2 - blue + 1) / 2], -1
    )
    chosen = np.clip((opposed * _BINS).astype(int), 0, _BINS - 1)
    return tuple(np.moveaxis(chosen, -1, 0))


def _likely_bins(lessons: list[Lesson]) -> NDArray[np.bool_]:
    """The bins that the things in these clips, all of one colour, are painted in."""
    counts = np.zeros(_BINS, np.float32)
    for lesson in lessons:
        np.add.at(counts, _bins(lesson.plate[lesson.alpha > 0.9]), 1)
    counts = gaussian_filter(counts, (0.5, 0.8, 0.8))
    return np.asarray(counts > _LIKELY * counts.max())


def _opened(mask: Mask) -> Mask:
    return np.asarray(binary_opening(mask, np.ones((2, 2), bool)))


def _largest(mask: Mask) -> Mask:
    """The largest patch of a mask."""
    patches, _ = label(mask)
    sizes = np.bincount(patches.ravel())
    if len(sizes) < 2:
        return np.zeros_like(mask)
    return np.asarray(patches == 1 + int(np.argmax(sizes[1:])))


def _features(mask: Mask) -> Pixels:
    """A region's outline at one size, and how slender, filled, convex, compact, holed it is."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cut.shape
    side = max(height, width)
    square = np.zeros((side, side, 1), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width, 0] = cut
    outline = resized(square, Size(_OUTLINE, _OUTLINE), "box")[..., 0]
    area = float(cut.sum())
    around = float((cut & ~binary_erosion(cut)).sum())
    numbers = [
        np.log(height / width),
        area / cut.size,
        area / max(_hull(cut), area),
        4 * np.pi * area / max(around**2, 1.0),
        float(binary_fill_holes(cut).sum()) / area - 1,
    ]
    smooth = gaussian_filter(outline, 0.8).ravel() / 4
    return np.concatenate([smooth, np.array(numbers)]).astype(np.float32)


def _hull(mask: Mask) -> float:
    """The area of a mask's convex hull, its pixels' corners included."""
    points = np.argwhere(mask & ~binary_erosion(mask))
    corners = np.concatenate([points + step for step in ((0, 0), (0, 1), (1, 0), (1, 1))])
    try:
        return float(ConvexHull(corners).volume)
    except QhullError:
        return float(mask.sum())
