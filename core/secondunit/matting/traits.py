"""Traits: what tells a subject from its surroundings in this shot, learnt where both are known, and
weighed against a hint elsewhere.

Its colours, and how it moves against the background. After Boykov and Jolly: Interactive Graph Cuts
(2001) and Bai et al.: Video SnapCut (2009): the ratio of two histograms is evidence. A model's hint
says where the subject is; its traits say which side of a near edge a pixel is on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from secondunit.callsheet import Pixels
from secondunit.matting.motion import scaled_by
from secondunit.matting.refine import guided

Histogram = NDArray[np.float64]

_BINS, _SOFT = 16, 0.8  # along each axis of Lab; and how far a colour speaks for its neighbours
_CHROMA = 60.0  # Lab's a and b beyond which colours are told apart no more
_RARE = 1e-5  # what a colour nobody has seen counts, on either side
_WEIGHT, _MOST = 1.5, 3.0  # of the evidence of colour beside a hint's, and its bound, in nats
_SPEEDS, _SLOWEST, _OCTAVES = 12, 0.25, 0.5  # bins of motion; the first ends so many pixels away
_MOVES, _STANDS = 3.0, 0.7  # at most, for what moves; less against what stands: subjects pause
_DOUBT = 0.02  # that a hint's 0 and 1 leave
_FIRM = 1.5  # of the filter that sets the answer on the picture's edges
_PURITIES = 1, 2, 4  # powers of a matte: the higher, the less its soft pixels teach of either side
_VAGUE = 0.25  # of a subject's side: so blurred its matte is asked for again
_ASKED = 2  # known frames, about: they cost as much as learning
_COARSE = 4  # pixels: a wider blur is made at a smaller size
_FEWEST = 12.0  # pixels of a side that can be learnt from
_STILL = 0.5  # of what was seen behind: so much is still there
_SAME, _WOBBLE = 0.7, 1  # bins between two colours of one thing; pixels it may be off


class Edges(NamedTuple):
    """How an answer is set on the picture's edges: a filter's reach, in pixels, and smoothing."""

    reach: int
    smoothing: float


CLOSE = Edges(4, 1e-3)
"""For a hint that began from a known matte."""
WIDE = Edges(6, 3e-4)
"""For one that began from words, and lies farther off."""


class Known(NamedTuple):
    """A frame both sides are known on: picture (H,W,3) display-referred, its matte (H,W) 0..1, and
    its motion against the background (H,W) in pixels, where it was measured.
    """

    picture: Pixels
    matte: Pixels
    motion: Pixels | None = None


class Behind(NamedTuple):
    """What was seen around the subject on a frame that is known, laid over another: its picture
    (H,W,3), display-referred, and where it tells anything (H,W).
    """

    picture: Pixels
    there: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Traits:
    """How often each colour and each speed is the subject's, and how often its surroundings'."""

    colours: tuple[Histogram, Histogram]
    speeds: tuple[Histogram, Histogram] | None
    edges: Edges = CLOSE

    @classmethod
    def proven(cls, frames: Sequence[Known]) -> Traits | None:
        """Learnt from frames whose mattes are right, as finds these best again; None where they
        hold too little of either side.

        A soft pixel's colour is a mix. Of hair it tells where the subject is; of a blurred edge
        that whatever looks like it is the subject, which then grows. The frames say which it is.
        """
        tried = [found for purity in _PURITIES if (found := cls.of(frames, purity=purity))]
        some = frames[:: max(1, len(frames) // _ASKED)]
        asked = [(known, _vague(known.matte)) for known in some]
        return min(tried, key=lambda each: sum(each._off(*one) for one in asked), default=None)

    @classmethod
    def of(cls, frames: Iterable[Known], edges: Edges = CLOSE, purity: int = 1) -> Traits | None:
        """Learnt from frames; None where these hold too little of either side."""
        colours = np.zeros((2, *(_BINS,) * 3))
        speeds = np.zeros((2, _SPEEDS))
        for known in frames:
            for side, matte in enumerate((known.matte, 1 - known.matte)):
                share = matte**purity
                np.add.at(colours[side], _places(known.picture), share)
                if known.motion is not None:
                    np.add.at(speeds[side], _speed(known.motion), share)
        if colours.sum((1, 2, 3)).min() < _FEWEST:
            return None
        soft = [gaussian_filter(each, _SOFT, mode="nearest") for each in colours]
        pace = [gaussian_filter1d(each, 1.0, mode="nearest") for each in speeds]
        moves = speeds.sum() > 0
        return cls(_shares(soft), _shares(pace) if moves else None, edges)

    def weighed(
        self,
        found: Pixels,
        picture: Pixels,
        motion: Pixels | None = None,
        behind: Behind | None = None,
    ) -> Pixels:
        """A hint (H,W) with the evidence of a picture (H,W,3), of its motion and of what was seen
        behind, on its edges.
        """
        sure = np.clip(found, _DOUBT, 1 - _DOUBT)
        odds = np.log(sure / (1 - sure)) + _WEIGHT * self._by_colour(picture, behind)
        if motion is not None and self.speeds is not None:
            odds = odds + self._by_motion(self.speeds, motion)
        together = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return np.clip(
            guided(together, picture, self.edges.reach, _FIRM, self.edges.smoothing), 0, 1
        )

    def _off(self, known: Known, vague: Pixels) -> float:
        """How far off a known matte is when found from a vague hint of it, in pixels."""
        again = self.weighed(vague, known.picture, known.motion)
        return float(np.abs(again - known.matte).sum())

    def _by_colour(self, picture: Pixels, behind: Behind | None) -> Histogram:
        ours, theirs = (each[_places(picture)] for each in self.colours)
        if behind is not None:
            here = (1 - _STILL) * theirs + _STILL * _likely(picture, behind.picture)
            theirs = np.where(behind.there, here, theirs)
        return np.clip(np.log((ours + _RARE) / (theirs + _RARE)), -_MOST, _MOST)

    def _by_motion(self, speeds: tuple[Histogram, Histogram], motion: Pixels) -> Histogram:
        ours, theirs = (each[_speed(motion)] for each in speeds)
        return np.clip(np.log((ours + 1e-3) / (theirs + 1e-3)), -_STANDS, _MOVES)


def _vague(matte: Pixels) -> Pixels:
    """A matte (H,W) blurred as if only its place and size were known; a wide blur at a small size,
    which takes a hundredth of the time.
    """
    blur = _VAGUE * float(np.sqrt(matte.sum()))
    step = max(1, int(blur / _COARSE))
    small = gaussian_filter(scaled_by(matte, 1 / step), blur / step)
    return np.asarray(cv2.resize(small, matte.shape[::-1]), np.float32)


def _shares(counts: list[Histogram]) -> tuple[Histogram, Histogram]:
    first, second = (each / each.sum() for each in counts)
    return first, second


def _likely(picture: Pixels, behind: Pixels) -> Histogram:
    """How likely each pixel's colour is, of all bins, where the other picture (H,W,3) shows what is
    there; a little beside it will do.
    """
    seen, known = _in_bins(picture), _in_bins(behind)
    high, wide = picture.shape[:2]
    around = np.pad(known, ((_WOBBLE, _WOBBLE), (_WOBBLE, _WOBBLE), (0, 0)), mode="edge")
    side = range(2 * _WOBBLE + 1)
    apart = [
        ((seen - around[down : down + high, across : across + wide]) ** 2).sum(axis=2)
        for down in side
        for across in side
    ]
    near = np.exp(-np.min(apart, axis=0) / (2 * _SAME**2))
    return np.asarray(near / ((2 * np.pi) ** 1.5 * _SAME**3), np.float64)


def _places(picture: Pixels) -> tuple[NDArray[np.intp], ...]:
    """Each pixel's place in the histograms of colour."""
    places = np.clip(_in_bins(picture).astype(np.intp), 0, _BINS - 1)
    return places[..., 0], places[..., 1], places[..., 2]


def _in_bins(picture: Pixels) -> Pixels:
    """Lab colours (H,W,3) in bins of the histograms."""
    lab = cv2.cvtColor(np.ascontiguousarray(np.clip(picture, 0, 1), np.float32), cv2.COLOR_RGB2LAB)
    unit = [lab[..., 0] / 100, *((lab[..., c] / _CHROMA + 1) / 2 for c in (1, 2))]
    return np.asarray(np.stack(unit, axis=-1) * _BINS, np.float32)


def _speed(motion: Pixels) -> NDArray[np.intp]:
    """Each pixel's place in the histograms of motion: half octaves, since speeds vary so."""
    octaves = np.log2(np.maximum(motion, 1e-6) / _SLOWEST) / _OCTAVES + 1
    return np.clip(octaves, 0, _SPEEDS - 1).astype(np.intp)
