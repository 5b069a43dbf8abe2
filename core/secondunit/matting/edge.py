"""The edge: from a coarse hint of one frame to an alpha at the plate's resolution."""

from __future__ import annotations

import cv2
import numpy as np

from secondunit.callsheet import Pixels
from secondunit.matting.band import Band, leaning
from secondunit.matting.grain import ungrained
from secondunit.matting.palette import mixed
from secondunit.matting.trimap import clamped, opened
from secondunit_contract.problem import SizeUnfit

_ROUNDS = 2  # in which the alpha is set right by the hint; more changed nothing one could see
_GAIN = 2.0  # of what an alpha's mean over a token lacks: a leaning is followed in part only
_LEAN = 0.02  # how far a certain hint is leaned to, beside the windows' own weight of about 1
_SMOOTHING = 1e-5  # of the windows: ten times what a trimap drawn by hand does best with
_PALETTE = (
    0.03  # many times a trimap's as well, since a hint's band is wide and its mix knows the hint
)
_CERTAIN = 0.05  # the spread up to which a hint's means are as good as exact


def refined(
    picture: Pixels,
    hint: Pixels,
    spread: Pixels | None,
    token: float,
    motion: Pixels | float = 0.0,
    device: str = "cpu",
) -> Pixels:
    """The alpha (H,W) of a picture (H,W,3), display-encoded, from a hint's mean (H,W) and spread.

    `token` is the side in pixels of what the hint can tell apart, `motion` the flow's length in
    pixels a frame. One frame at a time, so a shot of any length streams through; hints that shall
    be steadied over time are so before (`steady.steadied`), alphas never.

    Colours find the edge (`grain`, `band`, `palette`), and the hint has its say once more: it is,
    about, the mean of alpha over each token, so where the mean of the alpha found differs the alpha
    leans the other way (iterative back-projection, Irani and Peleg 1991), the less the more the
    hint's own samples disagree. Raises SizeUnfit when the sizes differ.
    """
    if picture.shape[:2] != hint.shape:
        raise SizeUnfit(f"A hint of {hint.shape} for a picture of {picture.shape[:2]}")
    picture = ungrained(np.nan_to_num(picture, nan=0.5, posinf=1.0, neginf=0.0))
    trimap = opened(hint, spread, token, motion)
    told = clamped(hint)
    mix = mixed(picture, trimap, told, device)
    if mix is None:
        return told if not (trimap == 0.5).any() else Band(picture, trimap, device).solved(told)
    band = Band(picture, trimap, device, _SMOOTHING)
    own = leaning(mix, _PALETTE)
    alpha = band.solved(mix.alpha, own)
    doubt = 0.0 if spread is None else np.nan_to_num(spread, nan=1.0)
    also = _LEAN * np.minimum(1, _CERTAIN / np.maximum(doubt, 1e-6)) ** 2
    for _ in range(_ROUNDS):
        wished = np.clip(alpha + _GAIN * _mean(hint - alpha, token), 0, 1)
        prior = (own * mix.alpha + also * wished) / np.maximum(own + also, 1e-9)
        alpha = band.solved(prior, (own + also).astype(np.float32))
    return alpha


def _mean(plane: Pixels, token: float) -> Pixels:
    side = max(1, round(token))
    clean = np.nan_to_num(plane, nan=0.0, posinf=0.0, neginf=0.0)
    return cv2.blur(clean, (side, side), borderType=cv2.BORDER_REPLICATE)
