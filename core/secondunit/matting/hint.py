"""Hints: from what an artist marks on one frame to a rough mask of the whole subject.

What is marked may be many-coloured; what moves as it does against the background is mostly it.
Where frames near in time tell no motion, colour alone decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, gaussian_filter, label
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from secondunit.callsheet import Pixels, Size
from secondunit.matting.motion import (
    Beside,
    Crop,
    Moved,
    in_crop,
    moved,
    scaled_by,
    unlike_background,
)
from secondunit.media.resize import resized
from secondunit_contract.problem import MarkMissing

Mask = NDArray[np.bool_]
Line = tuple[tuple[float, float], ...]

OFFSETS = (1, 2, 3, 4, 6, 8)
"""How many frames before and after are worth looking at, to tell what moves."""

_SIDE = 192  # pixels of the longer side that distances are measured at
_STEP = 0.004  # the price of a pixel's distance, beside that of its colour difference

_FINE = 1280  # pixels of the longer side that is looked at, at most
_WIDE, _CLOSE_UP = 448, 448  # and that motion is measured at; and of a crop
_WORTH = 1.3  # times larger a crop must be to show more
_BRUSH = 2  # pixels of `_WIDE` around a mark that are as it says
_LEAST_MOTION, _NOISE = 2.0, 4.0  # pixels, and times the usual, that what is marked must move
_FAST = 0.3  # of what is marked: from there on the rest moves too
_UNLIKE = 0.03  # of a display-referred step: what differs more from the background is not it
_SURE = 2.5  # times that, where there is no doubt
_CLOSED, _SLACK, _CORE, _BY = 0.015, 0.006, 0.02, 0.01  # of the longer side; see where they stand
_DEEP = 0.3  # of the deepest pixel's depth: from there on nothing but the subject
_AROUND, _OUT = 0.2, 0.06  # of its extent: a crop's margin; how far it may reach past what moves
_ROUNDS = 4
_PROVED, _LARGEST = 0.4, 0.6  # of an outline that must be seen to move; of the picture
_SPECK = 0.2  # of the larger answer: the other has lost most of it
_CUT_OFF = 0.35  # of an outline, at most, on the picture's rim: else it is a part of the set
_BETTER = 0.1  # of an outline: how much more of a coarser answer's must be seen
_EDGE = 0.1  # display-referred: a step of colour that may be an edge
_HALF = 0.5


@dataclass(frozen=True)
class Hint:
    """What an artist has marked on one frame, in fractions of its width and height.

    points   (x, y, True for "this" or False for "not this")
    box      left, top, right, bottom around it
    strokes  lines drawn over it: their points, and True for "this" or False for "not this"
    """

    points: tuple[tuple[float, float, bool], ...] = ()
    box: tuple[float, float, float, float] | None = None
    strokes: tuple[tuple[Line, bool], ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything that marks the subject."""
        return self.box is not None or any(wanted for _, wanted in self.lines)

    @property
    def lines(self) -> tuple[tuple[Line, bool], ...]:
        """Clicks and strokes alike as lines, clicks first."""
        return tuple((((x, y),), wanted) for x, y, wanted in self.points) + self.strokes

    def drawn(self, size: Size, radius: int = 0) -> tuple[Mask, Mask]:
        """Where it is said what is meant, and what is not (H,W): what was drawn last counts."""
        said = np.zeros((size.height, size.width), np.uint8)
        for line, wanted in self.lines:
            places = np.array([_place(point, size) for point in line], np.int32)
            cv2.polylines(said, [places], False, 1 + wanted, 1 + 2 * radius)
            for place in places.tolist():
                cv2.circle(said, place, radius, 1 + wanted, -1)
        return said == 2, said == 1


def meant(picture: Pixels, hint: Hint, beside: Iterable[Beside] = ()) -> Mask:
    """The rough mask (H,W) of what the hint marks in a picture (H,W,3), display-referred.

    `beside` are frames near in time, nearest first: what they show to move with what is marked is
    taken too. Where nothing does, it is found by its colour. The pixels of clicks and strokes are
    exactly as marked, and nothing outside a box is meant. Raises MarkMissing when the hint marks
    nothing.
    """
    if not hint.says_something:
        raise MarkMissing(
            "Nothing is marked", remedy="Click on the subject, or draw a box around it"
        )
    size = Size(picture.shape[1], picture.shape[0])
    wanted, unwanted = hint.drawn(size)
    found = _by_motion(picture, hint, beside)
    if found is None:
        found = _by_colour(picture, hint)
    elif (wanted & ~found).any():  # a part that stands while the rest moves
        left = tuple(each for each in hint.lines if not (each[1] and found[_seen(each[0], size)]))
        found |= _by_colour(picture, replace(hint, points=(), strokes=left)) & ~unwanted
    return np.asarray((found | wanted) & ~unwanted & _inside(hint, size))


def _place(point: tuple[float, float], size: Size) -> tuple[int, int]:
    return min(int(point[0] * size.width), size.width - 1), min(
        int(point[1] * size.height), size.height - 1
    )


def _seen(line: Line, size: Size) -> tuple[int, int]:
    """Row and column of a line's first point."""
    x, y = _place(line[0], size)
    return y, x


def _inside(hint: Hint, size: Size) -> Mask:
    inside = np.ones((size.height, size.width), bool)
    if hint.box is not None:
        left, top, right, bottom = hint.box
        across = (np.arange(size.width) + 0.5) / size.width
        down = (np.arange(size.height)[:, None] + 0.5) / size.height
        inside &= (across >= left) & (across <= right) & (down >= top) & (down <= bottom)
    return inside


@dataclass(frozen=True, eq=False)
class _Scene:
    """A picture (h,w,3), what is marked in it, and what tells its subject from the background.

    unlike   how unlike the background each pixel is (h,w)
    differs  from where on it is not the background
    moves    what moves like what is marked (h,w), and a little around it
    """

    picture: Pixels
    wanted: Mask
    unwanted: Mask
    unlike: Pixels
    differs: float
    moves: Mask

    @property
    def other(self) -> Mask:
        """What is seen not to be the background."""
        found = np.uint8(self.unlike > self.differs)
        return np.asarray(cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)) > 0)

    @property
    def steps(self) -> Mask:
        """Where what moves ends near a step of colour: a plain subject that goes less far than it
        is wide is alike to itself in every frame.
        """
        across = np.ones((3, 3), np.uint8)
        step = cv2.morphologyEx(self.picture, cv2.MORPH_GRADIENT, across).max(-1) > _EDGE
        ends = cv2.morphologyEx(np.uint8(self.moves), cv2.MORPH_GRADIENT, across)
        return np.asarray(step & (cv2.dilate(ends, _disc(self.share(_CORE))) > 0))

    def share(self, part: float) -> int:
        """Pixels of a share of the longer side."""
        return max(1, round(part * max(self.moves.shape)))


@dataclass(frozen=True, eq=False)
class _Shown:
    """A picture (h,w,3), what is and is not marked in it (h,w), and frames beside it, with what
    they tell of it at `scale` times its size.
    """

    picture: Pixels
    marked: tuple[Mask, Mask]
    beside: tuple[tuple[Beside, Moved], ...]
    scale: float

    @classmethod
    def of(cls, picture: Pixels, hint: Hint, beside: Iterable[Beside]) -> _Shown:
        fine = min(1.0, _FINE / max(picture.shape[:2]))
        here = scaled_by(picture, fine)
        scale = min(1.0, _WIDE / max(here.shape[:2]))
        small, told = scaled_by(here, scale), []
        for each in beside:
            there = Beside(each.offset, scaled_by(each.picture, fine))
            found = moved(small, Beside(each.offset, scaled_by(there.picture, scale)))
            if found is not None:
                told.append((there, found))
        size = Size(here.shape[1], here.shape[0])
        wanted, unwanted = hint.drawn(size, round(_BRUSH / scale))
        if not wanted.any():
            wanted = _middle(hint, size)
        return cls(here, (wanted, unwanted | ~_inside(hint, size)), tuple(told), scale)

    @property
    def whole(self) -> Crop:
        """All of it, at the size its motion is known at."""
        return Crop(0, 0, self.picture.shape[1], self.picture.shape[0], self.scale)

    def moving(self) -> Mask | None:
        """What moves with what is marked, at `scale`; None where that cannot be told."""
        wanted = self.whole.of(_soft(self.marked[0])) > _HALF
        return _moving(wanted, [found for _, found in self.beside]) if wanted.any() else None

    def scene(self, crop: Crop, moves: Mask, differs: float | None = None) -> _Scene:
        """A crop of it, `moves` at `scale`; measures what differs from a background if not told."""
        here = crop.of(self.picture)
        unlike = unlike_background(
            here,
            [
                (scaled_by(there.picture, crop.scale), in_crop(found.background, self.scale, crop))
                for there, found in self.beside
            ],
        )
        if differs is None:
            usual = float(np.median(unlike))
            spread = 1.4826 * float(np.median(np.abs(unlike - usual)))
            differs = max(_UNLIKE, _NOISE * (usual + spread))
        wanted, unwanted = (crop.of(_soft(each)) > _HALF for each in self.marked)
        moves = crop.of(_laid(_soft(moves), self.picture)) > _HALF
        return _Scene(here, wanted, unwanted, unlike, differs, moves)

    def close_up(self, found: Mask) -> Crop:
        """The window around what was found at `scale`."""
        rows, columns = _around(_laid(_soft(found), self.picture) > _HALF)
        height, width = self.picture.shape[:2]
        right, bottom = min(columns.stop, width), min(rows.stop, height)
        extent = max(right - columns.start, bottom - rows.start)
        return Crop(columns.start, rows.start, right, bottom, min(1.0, _CLOSE_UP / extent))


def _by_motion(picture: Pixels, hint: Hint, beside: Iterable[Beside]) -> Mask | None:
    """What moves with what is marked (H,W); None where that cannot be told.

    First in the whole picture, then, where that shows more, in a crop around what was found.
    """
    shown = _Shown.of(picture, hint, beside)
    moves = shown.moving()
    if moves is None:
        return None
    wide = shown.scene(shown.whole, moves)
    found = _best(wide)
    if found is None:
        return None
    answer = _laid(_soft(found), shown.picture)
    crop = shown.close_up(found)
    if crop.scale > _WORTH * shown.scale:
        close = shown.scene(crop, moves, wide.differs)
        found = _best(close) if close.wanted.any() else None
        if found is not None:
            window = slice(crop.top, crop.bottom), slice(crop.left, crop.right)
            answer = np.zeros_like(answer)
            answer[window] = _laid(_soft(found), answer[window])
    return np.asarray(_laid(answer, picture) > _HALF)


def _soft(mask: Mask) -> Pixels:
    return mask.astype(np.float32)


def _laid(mask: Pixels, picture: Pixels) -> Pixels:
    """A mask at a picture's size, soft."""
    return np.asarray(cv2.resize(mask, picture.shape[1::-1]), np.float32)


def _middle(hint: Hint, size: Size) -> Mask:
    """The middle of a box, which is mostly its subject."""
    left, top, right, bottom = hint.box or (0, 0, 1, 1)
    across = ((np.arange(size.width) + 0.5) / size.width - (left + right) / 2) / (
        max(right - left, 1e-6)
    )
    down = ((np.arange(size.height)[:, None] + 0.5) / size.height - (top + bottom) / 2) / (
        max(bottom - top, 1e-6)
    )
    return np.asarray(across**2 + down**2 < 0.25**2)


def _moving(wanted: Mask, told: Sequence[Moved]) -> Mask | None:
    """What moves against the background at least nearly as what is marked, over the shortest time
    in which that moves clearly: later the flow between frames is less sure.
    """
    for offset in sorted({abs(each.offset) for each in told}):
        away = np.min([each.away for each in told if abs(each.offset) == offset], axis=0)
        speed, noise = float(np.median(away[wanted])), _NOISE * (1.5 * float(np.median(away)) + 0.1)
        if speed >= max(_LEAST_MOTION, noise):
            return np.asarray(away > max(noise, _FAST * speed))
    return None


def _best(scene: _Scene) -> Mask | None:
    """The answer whose outline is best seen to part it from the background; None where none is."""
    best, least = None, _PROVED
    answers = list(_answers(scene))
    speck = max(_SPECK * max(each.sum() for each in answers), 3 * scene.wanted.sum())
    for found in answers:
        share = _outlined(found, scene)
        if share > least and found.sum() > speck and found.mean() < _LARGEST:
            best, least = found, share + _BETTER  # the first answer is the finer one
    return best


def _answers(scene: _Scene) -> Iterator[Mask]:
    """Two: one that takes what is seen to differ for sure, and one by colour from what moves."""
    core = cv2.erode(np.uint8(scene.moves), _disc(scene.share(_CORE))) > 0
    near = cv2.dilate(np.uint8(scene.moves), _disc(scene.share(_SLACK))) > 0
    edges = scene.other & near
    closed = cv2.morphologyEx(np.uint8(edges), cv2.MORPH_CLOSE, _disc(scene.share(_CLOSED))) > 0
    filled = np.asarray(binary_fill_holes(closed))
    yield _cut(scene, filled | core, edges, core)
    yield _cut(scene, scene.moves, np.zeros_like(edges), np.zeros_like(core))


def _cut(scene: _Scene, guess: Mask, edges: Mask, core: Mask) -> Mask:
    """A guess cut out along the picture's edges, by its colours: GrabCut, Rother et al. (2004).

    Of the guess only what is joined to what is marked, and not nearer to what is marked as not
    meant. Sure is what is clearly no background among `edges`, and the inside of `core`.
    """
    guess = _joined((guess | scene.wanted) & ~_others(scene), scene.wanted)
    box = _around(guess)
    reach = _disc(max(1, round(_OUT * max(guess[box].shape))))
    sides = np.full(guess.shape, cv2.GC_PR_BGD, np.uint8)
    sides[guess] = cv2.GC_PR_FGD
    sides[cv2.dilate(np.uint8(guess), reach) == 0] = cv2.GC_BGD
    sides[guess & edges & (scene.unlike > _SURE * scene.differs)] = cv2.GC_FGD
    depth = cv2.distanceTransform(np.uint8(guess & core), cv2.DIST_L2, 5)
    sides[depth > max(1.0, _DEEP * float(depth.max()))] = cv2.GC_FGD
    sides[_others(scene)] = cv2.GC_BGD
    sides[scene.wanted] = cv2.GC_FGD
    part, seen = sides[box].copy(), np.uint8(np.clip(scene.picture[box], 0, 1) * 255)
    if not ((part == cv2.GC_BGD) | (part == cv2.GC_PR_BGD)).any():
        return guess
    cv2.setRNGSeed(1)  # the same marks give the same mask
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(seen, part, None, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = np.zeros_like(guess)
    found[box] = (part == cv2.GC_FGD) | (part == cv2.GC_PR_FGD)
    return _joined(found, scene.wanted)


def _others(scene: _Scene) -> Mask:
    """What lies nearer to what is marked as not meant than to what is (geodesic, by colour)."""
    if not scene.unwanted.any():
        return np.zeros_like(scene.unwanted)
    graph = _paths(gaussian_filter(scene.picture, (0.7, 0.7, 0)))
    nearer = _distance(graph, scene.unwanted) < _distance(graph, scene.wanted)
    return np.asarray(nearer.reshape(scene.unwanted.shape))


def _joined(mask: Mask, wanted: Mask) -> Mask:
    """The parts of a mask that hold something of what is marked."""
    parts, _ = label(mask, np.ones((3, 3)))
    return np.asarray(np.isin(parts, np.setdiff1d(parts[wanted], [0])))


def _around(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    margin = 8 + round(_AROUND * max(np.ptp(rows), np.ptp(columns)))
    return (
        slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
        slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
    )


def _outlined(found: Mask, scene: _Scene) -> float:
    """The share of a mask's outline that is seen to part it from the background; 0 for one that the
    picture's rim cuts off for the most part.
    """
    outline = found & (cv2.erode(np.uint8(found), np.ones((3, 3), np.uint8), borderValue=0) == 0)
    rim = np.ones_like(found)
    rim[1:-1, 1:-1] = False
    if not outline.any() or rim[outline].mean() > _CUT_OFF:
        return 0.0
    by = cv2.dilate(np.uint8(scene.other), _disc(scene.share(_BY))) > 0
    return float(((by | scene.steps) & ~rim)[outline].mean())


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8
    )


def _by_colour(picture: Pixels, hint: Hint) -> Mask:
    """Each pixel goes to the nearer of what is marked and what is not, where distance counts colour
    steps along the path (geodesic segmentation, after Bai and Sapiro 2007). The picture's border
    counts as not meant.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small_size = Size(max(2, round(width * scale)), max(2, round(height * scale)))
    small = gaussian_filter(resized(picture, small_size), (0.7, 0.7, 0))
    graph = _paths(small)
    wanted, unwanted = _seeds(small_size, hint)
    nearer = _distance(graph, wanted) < _distance(graph, unwanted)
    mask = nearer.reshape(small_size.height, small_size.width).astype(np.float32)
    return resized(mask[..., None], Size(width, height))[..., 0] > 0.5


def _seeds(size: Size, hint: Hint) -> tuple[Mask, Mask]:
    y, x = np.mgrid[0 : size.height, 0 : size.width]
    across, down = (x + 0.5) / size.width, (y + 0.5) / size.height
    unwanted = (x == 0) | (y == 0) | (x == size.width - 1) | (y == size.height - 1)
    wanted = np.zeros_like(unwanted)
    if hint.box is not None:
        left, top, right, bottom = hint.box
        unwanted |= (across < left) | (across > right) | (down < top) | (down > bottom)
        if not any(each for _, each in hint.lines):
            off = ((across - (left + right) / 2) / max(right - left, 1e-6)) ** 2
            off = off + ((down - (top + bottom) / 2) / max(bottom - top, 1e-6)) ** 2
            wanted |= off < 0.25**2
    marked, excluded = hint.drawn(size, round(max(1.5, 0.012 * max(size))))
    return (wanted | marked) & ~excluded, (unwanted & ~marked) | excluded


def _paths(picture: Pixels) -> csr_matrix:
    """The grid of pixels; a step costs the colour difference it crosses, and a little more."""
    height, width = picture.shape[:2]
    number = np.arange(height * width).reshape(height, width)
    starts, ends, costs = [], [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
        apart = np.sqrt(((picture[here] - picture[there]) ** 2).sum(-1))
        starts.append(number[here].ravel())
        ends.append(number[there].ravel())
        costs.append((apart + _STEP * np.hypot(dy, dx)).ravel())
    return csr_matrix(
        (np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))),
        shape=(height * width, height * width),
    )


def _distance(graph: csr_matrix, seeds: Mask) -> NDArray[np.float64]:
    found = dijkstra(graph, directed=False, indices=np.flatnonzero(seeds), min_only=True)
    return np.asarray(found)
