"""What anybody has at hand for the same shots: mattes without a model, as (T,H,W) alphas."""

from __future__ import annotations

import contextlib
import importlib
import io
import warnings
from typing import Any

import cv2
import numpy as np

from secondunit.callsheet import Pixels
from secondunit.media.colour import LinearPath
from secondunit.worlds.baselines import BY_MASK
from secondunit_contract.problem import PartMissing

_SOFT = 1 / 255
_REACH = 0.012  # of the picture's width: how far beyond the true soft edge a drawn band goes
_BORDER = 0.05  # of the width: where the bare screen is looked for, left, right and above


def one_colour(plate: Pixels) -> Pixels:
    """A colour difference against one screen colour for the whole shot: the median of the border.

    1 - (p - q) / (s - r) in linear light, with the screen's strongest channel and the stronger of
    the two others: Vlahos' colour difference key in its plain form.
    """
    light = LinearPath().to_linear(plate.reshape(-1, *plate.shape[2:])).reshape(plate.shape)
    margin = max(1, round(_BORDER * plate.shape[2]))
    edges = light[:, :, :margin], light[:, :, -margin:], light[:, :margin]
    screen = np.median(np.concatenate([each.reshape(-1, 3) for each in edges]), 0)
    strong = int(screen.argmax())
    others = [channel for channel in range(3) if channel != strong]
    most = screen[strong] - screen[others].max()
    over = light[..., strong] - light[..., others].max(-1)
    return np.clip(1 - over / max(float(most), 1e-6), 0, 1).astype(np.float32)


def by_first_mask(plate: Pixels, truth: Pixels) -> dict[str, Pixels]:
    """Answers that are told the true mask of the first frame: held, moved along the flow, and that
    with every edge cut anew by GrabCut. Raises PartMissing without OpenCV.
    """
    masks = truth > 0.5
    found = {"held": np.repeat(masks[:1], len(masks), 0)}
    found |= {name: BY_MASK[name](plate, masks) for name in ("flow", "flow_grabcut")}
    return {name: each.astype(np.float32) for name, each in found.items()}


def banded(truth: Pixels) -> Pixels:
    """The trimap (H,W) somebody would draw who knew the truth: a band about the true edge."""
    soft = ((truth > _SOFT) & (truth < 1 - _SOFT)).astype(np.uint8)
    step = cv2.morphologyEx((truth > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    reach = max(2, round(_REACH * truth.shape[1]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    unsure = cv2.dilate(soft | step.astype(np.uint8), disc) > 0
    return np.where(unsure, 0.5, truth > 0.5).astype(np.float32)


def closed_form(picture: Pixels, trimap: Pixels) -> Pixels:
    """pymatting's closed form (H,W), as its documentation calls it. Raises PartMissing."""
    solver = _pymatting()
    # it says on stdout, where our figures go, that its preconditioner had to try again
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alpha = solver.estimate_alpha_cf(picture.astype(np.float64), trimap.astype(np.float64))
    return np.asarray(alpha, np.float32)


def in_bands(plate: Pixels, truth: Pixels) -> Pixels:
    """Closed form in a band about the true edge of EVERY frame: more than anybody is told."""
    pairs = zip(plate, truth, strict=True)
    return np.stack([closed_form(frame, banded(alpha)) for frame, alpha in pairs])


def _pymatting() -> Any:
    try:
        return importlib.import_module("pymatting")
    except ImportError as error:
        raise PartMissing(
            "Mattes are compared with pymatting's, which is not here",
            remedy='Install it with: pip install "secondunit[matting]"',
        ) from error
