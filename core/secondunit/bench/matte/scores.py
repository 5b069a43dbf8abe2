"""Figures of a matte by their keys, beside those of the rivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import cv2
import numpy as np

from secondunit.bench.matte.clips import Filmed
from secondunit.callsheet import Pixels
from secondunit.matting.measure import Scores, measured

MEASURES = tuple(each.name for each in fields(Scores) if each.name not in ("frames", "colour_mse"))

_STILL, _AROUND = 2 / 255, 5  # change of a plate that is noise; pixels a side it is averaged over


def scored(key: str, found: Pixels, truth: Pixels) -> dict[str, float]:
    """Every measure of a shot's alphas (T,H,W) that there is, as `key_measure`."""
    told = measured(found, truth)
    return {
        f"{key}_{name}": float(value)
        for name in MEASURES
        if (value := getattr(told, name)) is not None
    }


def beside(key: str, rivals: Mapping[str, Pixels], truth: Pixels) -> dict[str, float]:
    """The same for each rival, as `key_rival_measure`."""
    figures: dict[str, float] = {}
    for name, found in rivals.items():
        figures |= scored(f"{key}_{name}", found, truth)
    return figures


def flicker(found: Pixels, plate: Pixels) -> float:
    """How much alphas (T,H,W) change where the plate (T,H,W,3) stands still.

    Root of the mean squared change, x 1e2, mean of the frames, as dtSSD is scaled; it needs no
    truth. Noise alone does not count as movement.
    """
    roots = []
    for number in range(1, len(found)):
        change = np.abs(plate[number] - plate[number - 1]).max(2)
        still = cv2.blur(change, (_AROUND, _AROUND)) < _STILL
        if still.any():
            moved = found[number][still] - found[number - 1][still]
            roots.append(100 * float(np.sqrt(np.mean(moved**2))))
    return float(np.mean(roots)) if roots else 0.0


def overlaps(found: Pixels, filmed: Filmed) -> list[float]:
    """J of every frame; none without truth."""
    if filmed.truth is None:
        return []
    return [measured(a[None], b[None]).j for a, b in zip(found, filmed.truth, strict=True)]
