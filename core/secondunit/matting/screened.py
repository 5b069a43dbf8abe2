"""Coloured screens: the keyer's alpha, kept whole by what the model believes of the subject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels
from secondunit.matting.cutout import Cutout, Cutouts, Seen, held, told_apart
from secondunit.matting.keyer import KeyControls, Keyer

_SURE, _DOUBT = 0.9, 0.05  # of a hint: beyond these it says inside, or outside
_INWARDS, _OUTWARDS = 1.5, 4.0  # tokens between a hint's edge and what is certain: hair needs room
_BELIEVED = 0.5  # sureness of a frame's hint that may overrule what the key sees


@dataclass(frozen=True)
class Screened:
    """How subjects before a screen are cut out."""

    controls: KeyControls = field(default_factory=KeyControls)
    device: str = "cpu"

    def cut(self, frames: Iterator[Seen]) -> Cutouts:
        """The frames' cutouts, in their order. Raises ScreenMissing where there is no screen."""
        keyer = Keyer(self.controls, self.device)
        for seen in frames:
            yield _cut(keyer, seen)


def _cut(keyer: Keyer, seen: Seen) -> Cutout:
    core, garbage = _certain(seen)
    pulled = keyer.pull(seen.linear, core, garbage, seen.clean)
    alpha = held(pulled.alpha, seen)
    sure = replace(seen, sureness=min(seen.sureness, pulled.confidence))
    layers = told_apart(alpha, sure)
    layers |= {"despill": pulled.foreground, "screen": pulled.screen}
    return Cutout(alpha, pulled.foreground, layers)


def _certain(seen: Seen) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """What is inside and what outside whatever its colour: the artist's mattes, and a hint's middle
    and far surroundings. Wide margins: tight ones eat hair.
    """
    core = None if seen.holdout is None else seen.holdout > 0.5
    garbage = None if seen.garbage is None else seen.garbage > 0.5
    if seen.hint is not None and seen.sureness >= _BELIEVED:
        inner = _away(seen.hint > _SURE, -_INWARDS * seen.token)
        outer = ~_away(seen.hint > _DOUBT, _OUTWARDS * seen.token)
        core = inner if core is None else core | inner
        garbage = outer if garbage is None else garbage | outer
    if core is not None and garbage is not None:
        core = core & ~garbage
    return core, garbage


def _away(mask: NDArray[np.bool_], pixels: float) -> NDArray[np.bool_]:
    """A mask (H,W) grown by a distance, or shrunk where it is negative."""
    if not mask.any() or mask.all():
        return mask
    if pixels < 0:
        return np.asarray(_distance(mask) > -pixels)
    return np.asarray(_distance(~mask) <= pixels)


def _distance(mask: NDArray[np.bool_]) -> Pixels:
    """From each pixel inside to the nearest outside."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
