"""Backing: the colour of the bare screen behind every pixel, and whether there is a screen at all.

The screen's colour is found by itself; its light falls off, so it is fitted as a surface. All
colours are linear light, (h,w,3) float32.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit_contract.problem import ScreenMissing

Mask = NDArray[np.bool_]

SIDE = 320
"""Pixels of the longer side a backing is fitted at: light falls off over hundreds of them."""

_GAMMA = 2.4  # fitted on what the eye sees: in linear light the bright corner alone would count
_ROUNDS = 8
_HINTED = 3  # rounds that the hint is believed: its mistakes must not end up in the screen
_CREEPS = 4  # times the smoothed rest is taken: so the bare screen reaches into dark corners
_SCALES = (0.06, 0.012)  # of the longer side: what is left is smoothed over so much
_BINS = 48
_NEAR, _FAR = (
    0.03,
    0.12,
)  # a pixel this near its surface is screen, whatever its spread; no other is
_STEEP = 0.06  # of the light, from pixel to pixel: a lens falls off more gently, edges do not
_BESIDE = 0.8  # of what lies round a dark corner: so much must be screen, not the subject
_CORNER = 0.00015  # of the picture: less is a subject's edge at the border
_LINES = 3  # pixels at a border that blank lines may take up
_LOUD = 0.08  # the most: a fit that lets more pass takes in the subject
_QUIET = 0.006  # the least spread believed, display-referred: half a step of video's noise and more

# A screen is a good part of the picture, one saturated colour, and smooth. Measured: three screens
# spread 0.010 to 0.028 about their surface; lawns, courts, brick, streets and faces 0.147 and more.
_SHARE, _COLOUR, _ROUGH = 0.05, 0.10, 0.06


@dataclass(frozen=True)
class Backing:
    """The bare screen, fitted small.

    surface   (h,w,3) linear light, at the size of the copy it was fitted on
    bare      (h,w) bool: where the screen itself was seen
    share     how much of the picture, without what is garbage, is bare screen
    colour    how saturated the screen is: 0 for grey, about 0.8 for one pure channel
    rough     the spread of what is taken for screen about a cubic surface, display-referred
    told      the artist has said what the screen looks like, so that little of it is enough
    """

    surface: Pixels
    bare: Mask
    share: float
    colour: float
    rough: float
    told: bool = False

    @property
    def stands(self) -> bool:
        """Whether this is a screen that a key can be pulled from."""
        if self.told:
            return self.share >= _SHARE / 5 and self.colour >= _COLOUR
        return self.share >= _SHARE and self.colour >= _COLOUR and self.rough <= _ROUGH


def small_size(width: int, height: int) -> Size:
    """The size a backing is fitted at, for a picture of this size."""
    scale = min(1.0, SIDE / max(width, height))
    return Size(max(4, round(width * scale)), max(4, round(height * scale)))


def smaller(picture: Pixels, size: Size) -> Pixels:
    """A picture (H,W) or (H,W,3) averaged down to a size."""
    return np.asarray(cv2.resize(picture, tuple(size), interpolation=cv2.INTER_AREA))


def fit(
    picture: Pixels,
    colour: Pixels | None = None,
    core: Mask | None = None,
    garbage: Mask | None = None,
) -> Backing:
    """The backing of a small picture (h,w,3), linear, finite and not negative.

    colour   the screen's own as the artist picked it, linear (3,); None finds it
    core     (h,w) what a hint takes for the subject; believed for the first rounds only
    garbage  (h,w) what is not the subject. That may be the screen itself, as a hint has it, or
             rigs beside it, as an artist has it: so it says nothing about where the screen is, and
             only where the screen's share is counted rigs are left out

    A cubic surface by iteratively reweighted least squares with Cauchy's weights, then what is
    left of it, smoothed.
    """
    seen = picture ** np.float32(1 / _GAMMA)
    anywhere = np.ones(seen.shape[:2], bool)
    hinted = anywhere if core is None else ~core
    if colour is not None:
        chosen = _near(seen, colour ** np.float32(1 / _GAMMA))
        return replace(_fitted(seen, chosen & hinted, chosen, garbage), told=True)
    found = _fitted(seen, _near(seen, _peak(seen, hinted)) & hinted, anywhere, garbage)
    if found.stands or garbage is None or garbage.all():
        return found
    hinted, lasting = hinted & ~garbage, ~garbage
    return _fitted(seen, _near(seen, _peak(seen, hinted)) & hinted, lasting, garbage)


def _fitted(seen: Pixels, gate: Mask, lasting: Mask, garbage: Mask | None) -> Backing:
    """The backing that starts from the pixels in `gate`, and may in the end lie on `lasting`."""
    surface, spread = _surface(seen, gate, lasting)
    near = min(max(3 * spread, _NEAR), _FAR)
    for _ in range(_CREEPS):
        bare = (_apart(seen, surface) < near) & lasting
        surface = surface + _left_over(seen - surface, bare)
    dark = _corners(seen, surface, bare, near) & lasting
    if dark.any():
        for _ in range(_CREEPS):
            surface = surface + _left_over(seen - surface, bare | dark, _SCALES[1:])
    return _backing(surface, bare, spread, garbage)


def _corners(seen: Pixels, surface: Pixels, bare: Mask, near: float) -> Mask:
    """Where the screen goes on darker than its surface, as into the corners of a vignetted picture.

    Of the screen's colour or as dark as black, where colour says nothing; falling off gently, which
    an edge does not; at the picture's border, and with hardly anything but screen round it.
    """
    light = (seen * surface).sum(-1) / np.maximum((surface * surface).sum(-1), 1e-4)
    off = _apart(seen, light[..., None] * surface)
    smooth = cv2.GaussianBlur(light.astype(np.float32), (0, 0), 1.5)
    step = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    dark = ~bare & (off < near) & (light < 1) & (step < _STEEP)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=4)
    found, (height, width) = np.zeros_like(bare), bare.shape
    for label, (left, top, across, down, area) in enumerate(boxes[1:].tolist(), 1):
        sides = (left, top, width - left - across, height - top - down)
        reaches = min(left + across, top + down, width - left, height - top) > _LINES
        if area >= _CORNER * bare.size and reaches and min(sides) <= _LINES:
            part = labels == label
            ring = cv2.dilate(part.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            ring[:_LINES] = ring[-_LINES:] = ring[:, :_LINES] = ring[:, -_LINES:] = False
            ring &= ~part
            if ring.any() and float(bare[ring].mean()) >= _BESIDE:
                found |= part
    return found


def on_clean_plate(picture: Pixels, clean: Pixels, garbage: Mask | None = None) -> Backing:
    """The backing that a clean plate (h,w,3) shows, set to the picture's exposure."""
    seen, empty = (each ** np.float32(1 / _GAMMA) for each in (picture, clean))
    gain = np.ones(3, np.float32)
    for reach in (_FAR, _FAR, 2 * _NEAR, 2 * _NEAR):
        bare = _apart(seen, empty * gain) < reach
        if bare.any():
            ratio = (seen / np.maximum(empty, 0.02))[bare]
            gain = np.clip(np.median(ratio, axis=0), 0.5, 2).astype(np.float32)
    surface = empty * gain
    spread = 1.4826 * float(np.median(_apart(seen, surface)[bare])) if bare.any() else 1.0
    surface = surface + _left_over(seen - surface, bare)
    return replace(_backing(surface, bare, spread, garbage), told=True)


class Steady:
    """The backing of a shot, frame after frame: what one frame hides, another has shown.

    A locked camera's backing is averaged over time; where it has changed, as under a moving
    camera, the new one stands. Memory is one small surface.
    """

    def __init__(self, colour: Pixels | None = None, clean: Pixels | None = None) -> None:
        self._colour, self._clean = colour, clean
        self._kept: Pixels | None = None
        self._shown: Pixels | None = None

    def seen(
        self,
        picture: Pixels,
        core: Mask | None = None,
        garbage: Mask | None = None,
        clean: Pixels | None = None,
    ) -> Backing:
        """The backing of the next frame, small (h,w,3). Raises ScreenMissing.

        clean    (H,W,3) this frame's own clean plate, linear; None takes the shot's, if it has one
        """
        empty = self._clean if clean is None else clean
        if empty is not None:
            shown = smaller(empty, Size(picture.shape[1], picture.shape[0]))
            found = on_clean_plate(picture, shown, garbage)
            if self._shown is not None and not np.array_equal(shown, self._shown):
                self._kept = None  # what it shows is so now, whatever was so before
            self._shown = shown
        else:
            found = fit(picture, self._colour, core, garbage)
        if not found.stands:
            raise _missing(found)
        surface = self._steadied(found)
        return replace(found, surface=surface)

    def _steadied(self, found: Backing) -> Pixels:
        kept = self._kept
        if kept is None or kept.shape != found.surface.shape or _moved(kept, found):
            self._kept = found.surface
        else:
            seen = cv2.blur(found.bare.astype(np.float32), (5, 5))[..., None]
            self._kept = kept + (0.03 + 0.27 * seen) * (found.surface - kept)
        return self._kept


def _moved(kept: Pixels, found: Backing) -> bool:
    """Whether the screen is another one now than the one kept, where it is bare."""
    then, now = kept[found.bare], found.surface[found.bare]
    change = np.abs(then - now).sum(-1) / np.maximum(now.sum(-1), 1e-4)
    return float(np.median(change)) > 0.03


def _missing(found: Backing) -> ScreenMissing:
    share = f"The most even colour covers {100 * found.share:.0f} % of the picture"
    why = share if found.share < _SHARE else "What is most even in it is no one colour, or rough"
    return ScreenMissing(
        "There is no coloured screen in this plate",
        where=why,
        remedy="Pick the screen's colour, give a clean plate or mask what is beside the screen; "
        "for a plate without a screen use the task Matte",
    )


def _peak(seen: Pixels, hinted: Mask) -> Pixels:
    """The colour (3,) that most of the smooth and saturated pixels have, display-referred.

    Those near the sides and the top count more: there a screen is, and a subject seldom.
    """
    hue, weight = _chroma(seen), _even(seen) * hinted * _outer(seen)
    if not weight.any():
        return np.full(3, 0.5, np.float32)
    bins = np.clip((hue * _BINS).astype(int), 0, _BINS - 1)
    counts = np.zeros((_BINS, _BINS), np.float32)
    np.add.at(counts, (bins[..., 0], bins[..., 1]), weight)
    counts = np.asarray(cv2.GaussianBlur(counts, (0, 0), 1.0))
    top = np.array(np.unravel_index(int(counts.argmax()), counts.shape))
    near = (np.abs(bins - top).max(-1) <= 1) & (weight > 0)
    return np.asarray(np.median(seen[near] if near.any() else seen[weight > 0], axis=0))


def _outer(seen: Pixels) -> Pixels:
    height, width = seen.shape[:2]
    margin = max(1, round(0.06 * width))
    counts = np.ones((height, width), np.float32)
    counts[:margin] = counts[:, :margin] = counts[:, -margin:] = 5
    return counts


def _even(seen: Pixels) -> Pixels:
    """How much a pixel counts as screen: saturated, smooth, not black."""
    saturated = seen.max(-1) - seen.min(-1)
    mean = cv2.blur(seen, (5, 5))
    busy = np.abs(seen - mean).sum(-1)
    busy = cv2.blur(busy, (5, 5))
    return np.asarray(saturated * np.exp(-((busy / 0.03) ** 2)) * (seen.max(-1) > 0.12))


def _chroma(seen: Pixels) -> Pixels:
    return np.asarray(seen[..., :2] / np.maximum(seen.sum(-1, keepdims=True), 0.05))


def _near(seen: Pixels, colour: Pixels) -> Mask:
    apart = np.abs(_chroma(seen) - _chroma(np.asarray(colour, np.float32))).sum(-1)
    return np.asarray((apart < 0.09) & (seen.max(-1) > 0.3 * colour.max()))


def _surface(seen: Pixels, gate: Mask, lasting: Mask) -> tuple[Pixels, float]:
    """The cubic surface (h,w,3) and the spread of what lies on it."""
    height, width = seen.shape[:2]
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    powers = np.stack([across**i * down**j for i in range(4) for j in range(4 - i)], -1)
    start, smooth = gate.astype(np.float64), (_even(seen) > 0) & lasting
    # every second pixel either way says as much about ten numbers, in a quarter of the time
    terms, values = powers[::2, ::2], seen[::2, ::2].astype(np.float64)
    start, smooth = start[::2, ::2], smooth[::2, ::2]
    weight: NDArray[Any] = start
    spread, solved = 0.05, np.zeros((10, 3))
    for turn in range(_ROUNDS):
        # a pull to no slope at all: a screen of which little is seen must not run away elsewhere
        counts = max(float(weight.sum()), 1.0)
        firm = 2e-3 * max(1.0, (0.3 * weight.size / counts) ** 2)
        pull = np.diag([1e-9, *[firm * counts] * 9])
        weighted = (terms * weight[..., None]).reshape(-1, 10)
        normal = terms.reshape(-1, 10).T @ weighted + pull
        solved = np.linalg.solve(normal, weighted.T @ values.reshape(-1, 3))
        away = _apart(values, terms @ solved)
        counted = away[weight > 0.3]
        if counted.size:
            spread = min(max(1.4826 * float(np.median(counted)), _QUIET), _LOUD)
        weight = (away < 8 * spread) / (1 + (away / (3 * spread)) ** 2)
        weight = weight * (start if turn + 1 < _HINTED else smooth)
    return (powers @ solved).astype(np.float32), spread


def _apart(seen: NDArray[Any], surface: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.sqrt(((seen - surface) ** 2).sum(-1)))


def _left_over(residual: Pixels, bare: Mask, scales: tuple[float, ...] = _SCALES) -> Pixels:
    """What the surface misses, smoothed at two scales and fading out where nothing was seen."""
    inner = cv2.erode(bare.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    total = np.zeros_like(residual)
    for scale in scales:
        radius = max(1.0, scale * max(bare.shape))
        known = cv2.GaussianBlur(inner, (0, 0), radius)[..., None]
        summed = cv2.GaussianBlur((residual - total) * inner[..., None], (0, 0), radius)
        total = total + summed / (known + 0.02)
    return total


def _backing(surface: Pixels, bare: Mask, spread: float, garbage: Mask | None) -> Backing:
    linear = (np.maximum(surface, 0) ** np.float32(_GAMMA)).astype(np.float32)
    level = np.median(linear[bare], axis=0) if bare.any() else np.zeros(3)
    off_grey = float(np.linalg.norm(level - level.mean()) / max(float(np.linalg.norm(level)), 1e-4))
    share = float(bare.mean())
    if garbage is not None and not garbage.all():
        share = max(share, float(bare[~garbage].mean()))
    return Backing(linear, bare, share, off_grey, spread)
