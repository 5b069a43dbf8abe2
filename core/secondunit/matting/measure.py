"""How far a matte is from the truth, in the numbers the field compares by.

MAD, MSE and Grad as in Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting
(CVPR 2009); dtSSD as in Erofeev et al., Perceptually Motivated Benchmark for Video Matting
(BMVC 2015); J and F as in Perazzi et al., A Benchmark Dataset and Evaluation Methodology for Video
Object Segmentation (CVPR 2016). Scales are those that published tables use.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit_contract.problem import BadValue, MediaEmpty, SizeDisagrees

Mask = NDArray[np.bool_]

_SIGMA = 1.4  # pixels, of Rhemann's gradients
_TOLERANCE = 0.008  # of the picture's diagonal: how far a boundary may lie and still be found
_SOFT = 1 / 255  # nearer to 0 or 1 than an 8-bit matte can tell counts as wholly out or in
_STILL = 1 / 255  # a change of the truth smaller than this is none


@dataclass(frozen=True)
class Scores:
    """The measures of one shot. Smaller is better but for `j` and `f`, which are 1 at best.

    mad         mean absolute difference of alpha, x 1e3
    mse         mean squared difference, x 1e3
    grad        squared difference of the gradients' lengths, summed over a frame, / 1e3, mean of
                the frames; it grows with the picture's area
    dtssd       root of the mean squared difference of the changes from frame to frame, x 1e2, mean
                of the frames
    j           intersection over union of what is over one half, mean of the frames
    f           harmonic mean of the boundary's precision and recall, mean of the frames
    band_…      the same where the truth is soft (neither 0 nor 1 to 8 bits); dtssd where it is soft
                in either of the two frames
    chatter     dtssd where the truth stands still
    colour_mse  squared difference of the premultiplied colours, x 1e3, over the subject's pixels

    None where there is nothing to measure: no soft pixel, one frame, no colours given.
    """

    frames: int
    mad: float
    mse: float
    grad: float
    dtssd: float | None
    j: float
    f: float
    band_mad: float | None
    band_mse: float | None
    band_grad: float | None
    band_dtssd: float | None
    chatter: float | None
    colour_mse: float | None


class Tally:
    """Takes a matte and its truth frame after frame; holds two frames, however long the shot."""

    def __init__(self) -> None:
        self._sums: dict[str, _Mean] = {}
        self._before: tuple[Pixels, Pixels, Mask] | None = None
        self._frames = 0

    def add(
        self,
        ours: Pixels,
        truth: Pixels,
        our_colour: Pixels | None = None,
        true_colour: Pixels | None = None,
    ) -> None:
        """One more frame: alphas (H,W) in 0..1, and premultiplied colours (H,W,3) of one space.

        Values are taken as they are, so what an alpha has beyond 0..1 counts against it. Raises
        SizeDisagrees, and BadValue for values that are no numbers.
        """
        ours, truth = self._fitting(ours), self._fitting(truth)
        if ours.shape != truth.shape:
            raise SizeDisagrees(f"A matte of {_size(ours)} beside a truth of {_size(truth)}")
        self._frames += 1
        soft: Mask = (truth > _SOFT) & (truth < 1 - _SOFT)
        self._differences(ours, truth, soft)
        self._outlines(ours > 0.5, truth > 0.5)
        if self._before is not None:
            self._changes(ours, truth, soft, *self._before)
        if our_colour is not None and true_colour is not None:
            self._colours(our_colour, true_colour, truth > _SOFT)
        self._before = ours, truth, soft

    def scores(self) -> Scores:
        """The measures of all frames so far. Raises MediaEmpty before the first."""
        if not self._frames:
            raise MediaEmpty("There is no frame to measure")
        return Scores(
            self._frames,
            1e3 * self._sums["mad"].value,
            1e3 * self._sums["mse"].value,
            self._sums["grad"].value,
            self._found("dtssd"),
            self._sums["j"].value,
            self._sums["f"].value,
            self._found("band_mad", 1e3),
            self._found("band_mse", 1e3),
            self._found("band_grad"),
            self._found("band_dtssd"),
            self._found("chatter"),
            self._found("colour_mse", 1e3),
        )

    def _fitting(self, alpha: Pixels) -> Pixels:
        if alpha.ndim != 2:
            raise SizeDisagrees(f"A matte of the shape {alpha.shape} instead of height and width")
        if self._before is not None and alpha.shape != self._before[0].shape:
            raise SizeDisagrees(
                f"A frame of {_size(alpha)} after one of {_size(self._before[0])}",
                remedy="Measure each shot by itself",
            )
        if not np.isfinite(alpha).all():
            raise BadValue("The matte has values that are no numbers")
        return alpha.astype(np.float32)

    def _differences(self, ours: Pixels, truth: Pixels, soft: Mask) -> None:
        off = ours - truth
        slopes = (slope(ours) - slope(truth)) ** 2
        self._mean("mad").add(np.abs(off))
        self._mean("mse").add(off**2)
        self._mean("grad").add(np.array([slopes.sum(dtype=np.float64) / 1e3]))
        self._mean("band_mad").add(np.abs(off[soft]))
        self._mean("band_mse").add(off[soft] ** 2)
        inside = slopes[soft]
        self._mean("band_grad").add(
            np.array([inside.sum(dtype=np.float64) / 1e3] if inside.size else [])
        )

    def _outlines(self, ours: Mask, truth: Mask) -> None:
        self._mean("j").add(np.array([overlap(ours, truth)]))
        self._mean("f").add(np.array([boundary_score(ours, truth)]))

    def _changes(
        self,
        ours: Pixels,
        truth: Pixels,
        soft: Mask,
        ours_before: Pixels,
        truth_before: Pixels,
        soft_before: Mask,
    ) -> None:
        moved = truth - truth_before
        off = ((ours - ours_before) - moved) ** 2
        places = {"dtssd": np.ones_like(soft), "band_dtssd": soft | soft_before}
        for name, place in (places | {"chatter": np.abs(moved) < _STILL}).items():
            there = off[place]
            root = [100 * math.sqrt(there.mean(dtype=np.float64))] if there.size else []
            self._mean(name).add(np.array(root))

    def _colours(self, ours: Pixels, truth: Pixels, subject: Mask) -> None:
        if ours.shape != truth.shape or ours.shape[:2] != subject.shape:
            raise SizeDisagrees("Colours and mattes differ in size")
        if not np.isfinite(ours).all():
            raise BadValue("The colours have values that are no numbers")
        # What we show beside the subject counts too, though it is the subject's pixels we divide
        # by: a veil over the whole picture must not make the mean better.
        whole = float(((ours - truth) ** 2).sum(dtype=np.float64)) / ours.shape[-1]
        self._mean("colour_mse").weigh(whole, int(subject.sum()))

    def _found(self, name: str, scale: float = 1.0) -> float | None:
        mean = self._sums.get(name)
        return None if mean is None or not mean.count else scale * mean.value

    def _mean(self, name: str) -> _Mean:
        return self._sums.setdefault(name, _Mean())


def measured(
    ours: Iterable[Pixels],
    truth: Iterable[Pixels],
    our_colours: Iterable[Pixels] | None = None,
    true_colours: Iterable[Pixels] | None = None,
) -> Scores:
    """The scores of a whole shot: alphas (T,H,W) or any frames in order, 0..1; colours (T,H,W,3).

    Raises as `Tally.add` does, MediaEmpty for no frame, ValueError for unlike lengths.
    """
    tally = Tally()
    if our_colours is None or true_colours is None:
        for mine, right in zip(ours, truth, strict=True):
            tally.add(mine, right)
    else:
        for each in zip(ours, truth, our_colours, true_colours, strict=True):
            tally.add(*each)
    return tally.scores()


def slope(alpha: Pixels) -> Pixels:
    """The length of an alpha's gradient (H,W), by first derivatives of a Gaussian.

    Both kernels are outer products cut where the Gaussian falls below 0.01, scaled to a sum of
    squares of 1, and the border is repeated, as the code that goes with published tables does.
    """
    reach = math.ceil(_SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * _SIGMA * 0.01)))
    place = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-(place**2) / (2 * _SIGMA**2))
    tilt = -place * bell
    bell, tilt = bell / np.linalg.norm(bell), tilt / np.linalg.norm(tilt)
    across, down = (
        cv2.sepFilter2D(alpha, cv2.CV_32F, row, column, borderType=cv2.BORDER_REPLICATE)
        for row, column in ((tilt, bell), (bell, tilt))
    )
    return np.hypot(across, down)


def overlap(ours: Mask, truth: Mask) -> float:
    """J: intersection over union; 1 where both are empty."""
    union = int((ours | truth).sum())
    return int((ours & truth).sum()) / union if union else 1.0


def boundary_score(ours: Mask, truth: Mask) -> float:
    """F: how much of our boundary lies near the true one and of the true one near ours.

    Near is 0.8 % of the diagonal, rounded up to whole pixels. 1 where neither has a boundary.
    """
    radius = math.ceil(_TOLERANCE * math.hypot(*truth.shape))
    mine, right = _boundary(ours), _boundary(truth)
    if not (mine.any() and right.any()):
        return float(mine.any() == right.any())
    precision = float(_near(right, radius)[mine].mean())
    recall = float(_near(mine, radius)[right].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: Mask) -> Mask:
    """Pixels that differ from the one to the right, below or across, as DAVIS draws them."""
    more = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    return (mask ^ more[:-1, 1:]) | (mask ^ more[1:, :-1]) | (mask ^ more[1:, 1:])


def _near(boundary: Mask, radius: int) -> Mask:
    """Within a disc of so many pixels around the boundary."""
    far = cv2.distanceTransform((~boundary).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return far <= radius + 1e-3


class _Mean:
    """A running mean."""

    def __init__(self) -> None:
        self.total, self.count = 0.0, 0

    def add(self, values: NDArray[np.floating]) -> None:
        self.weigh(float(values.sum(dtype=np.float64)), values.size)

    def weigh(self, total: float, count: int) -> None:
        self.total, self.count = self.total + total, self.count + count

    @property
    def value(self) -> float:
        return self.total / self.count


def _size(picture: Pixels) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]} pixels"
