"""Dense optical flow between two pictures, and pictures moved along it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels

Flow = NDArray[np.float32]
"""(H,W,2): by how many pixels each pixel of a picture moves, across and then down."""

Colour = NDArray[np.float32]
"""(3,), of length 1: a direction among colours."""

Levels = NDArray[np.uint8]

Way = tuple[Flow, Flow]
"""From one picture to another, and back."""

SMALLEST = 16
"""Pixels of the shorter side of a picture whose flow can be measured."""

_MOSTLY = (1, 99)  # per cent of the pixels, between which levels are shared out
_LEAST = 1 / 16  # of the range from black to white: what lies closer is not drawn farther apart


def flow_between(
    here: Pixels,
    there: Pixels,
    quick: bool = False,
    begin: Flow | None = None,
    along: Colour | None = None,
) -> Flow:
    """Where each pixel of a picture (H,W,3), display-referred, is in another.

    Dense inverse search, Kroeger et al. (2016), from where it may `begin`, by brightness or `along`
    a line of colours; quick is without its last refinement, and good enough where many pixels are
    asked for one motion. Pictures too small to be measured do not move.
    """
    if min(here.shape[:2]) < SMALLEST:
        return np.zeros((*here.shape[:2], 2), np.float32)
    quickly, well = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST, cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    search = cv2.DISOpticalFlow.create(quickly if quick else well)
    search.setFinestScale(0)
    begun = None if begin is None else begin.copy()  # it is written over
    return np.asarray(search.calc(*_levels(here, there, along), begun), np.float32)


def seen_along(picture: Pixels, flow: Flow) -> Pixels:
    """What lies in a picture (H,W,C) where the flow leads from each pixel; its edge beyond it."""
    height, width = flow.shape[:2]
    down, across = np.mgrid[:height, :width].astype(np.float32)
    places = across + flow[..., 0], down + flow[..., 1]
    seen = cv2.remap(picture, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def _levels(here: Pixels, there: Pixels, along: Colour | None) -> tuple[Levels, Levels]:
    """Both pictures in the 256 levels that are compared; along a line, all that both hold of it."""
    if along is None:
        return _grey(here), _grey(there)
    values = here @ along, there @ along
    least, most = np.percentile(np.stack(values), _MOSTLY)
    scale = 255 / max(most - least, _LEAST)
    first, second = (np.clip((each - least) * scale, 0, 255).astype(np.uint8) for each in values)
    return first, second


def _grey(picture: Pixels) -> Levels:
    return np.asarray(cv2.cvtColor(np.uint8(np.clip(picture, 0, 1) * 255), cv2.COLOR_RGB2GRAY))
