"""Trivial answers to the same calls: what a model has to beat before it is worth its time.

Videos are (T,H,W,3) float32 in 0..1, masks (T,H,W) bool. OpenCV does the work where it can; without
it these raise PartMissing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from secondunit.callsheet import Pixels
from secondunit_contract.problem import PartMissing

Mask = NDArray[np.bool_]

_NEAR = 5  # pixels around one that inpainting looks at: better than 3 on most of our footage
_ROUNDS = 3  # of GrabCut
_DOUBT = 0.03  # of the shorter side: how far a carried mask's edge may be wrong


class Margins(NamedTuple):
    """Pixels to add around a picture."""

    top: int
    bottom: int
    left: int
    right: int


# Inserts: (first, last, count) -> the frames between, (count,H,W,3).


def held(first: Pixels, last: Pixels, count: int) -> Pixels:
    """Whichever of the two frames is nearer in time."""
    return np.stack([last if at > 0.5 else first for at in _between(count)])


def crossfaded(first: Pixels, last: Pixels, count: int) -> Pixels:
    """A dissolve from one to the other."""
    return np.stack([first * (1 - at) + last * at for at in _between(count)])


def flow_blended(first: Pixels, last: Pixels, count: int) -> Pixels:
    """Both warped towards the frame along the flow between them (OpenCV's DIS), and dissolved."""
    onwards, back = _flow(first, last), _flow(last, first)
    return np.stack(
        [
            _warped(first, -at * onwards) * (1 - at) + _warped(last, (at - 1) * back) * at
            for at in _between(count)
        ]
    )


# Frame extensions: (plate, margins) -> the wider video.


def edge_repeated(plate: Pixels, margins: Margins) -> Pixels:
    """The outermost pixels, again and again."""
    return np.pad(plate, _pads(margins), mode="edge")


def reflected(plate: Pixels, margins: Margins) -> Pixels:
    """The plate mirrored at its edges."""
    return np.pad(plate, _pads(margins), mode="symmetric")


def inpainted_around(plate: Pixels, margins: Margins, how: Literal["telea", "ns"]) -> Pixels:
    """The margins inpainted, frame by frame."""
    beyond = np.pad(np.zeros(plate.shape[:3], bool), _pads(margins)[:3], constant_values=True)
    return inpainted(np.pad(plate, _pads(margins)), beyond, how)


# Clean-ups: (plate, hole) -> the video without what was in the hole.


def inpainted(plate: Pixels, hole: Mask, how: Literal["telea", "ns"]) -> Pixels:
    """The hole inpainted frame by frame, after Telea or after Navier and Stokes."""
    cv2 = _opencv()
    way = cv2.INPAINT_TELEA if how == "telea" else cv2.INPAINT_NS
    frames = [
        cv2.inpaint(_bytes(frame), mask.astype(np.uint8), _NEAR, way) if mask.any() else None
        for frame, mask in zip(plate, hole, strict=True)
    ]
    filled = [
        frame if answer is None else answer.astype(np.float32) / 255
        for frame, answer in zip(plate, frames, strict=True)
    ]
    return np.where(hole[..., None], np.stack(filled), plate)


# Isolation: (plate, truth) -> masks. None looks at more of the truth than it says.


def boxed(plate: Pixels, truth: Mask) -> Mask:
    """GrabCut in the true box of every frame: more than anybody would be told."""
    return np.stack(
        [_grabcut_in(frame, _box(mask)) for frame, mask in zip(plate, truth, strict=True)]
    )


def carried(plate: Pixels, truth: Mask) -> Mask:
    """The first frame's true mask, moved along the flow from frame to frame."""
    masks = [truth[0]]
    for before, after in pairwise(plate):
        masks.append(_moved(masks[-1], before, after))
    return np.stack(masks)


def carried_and_cut(plate: Pixels, truth: Mask) -> Mask:
    """The first frame's true mask moved along the flow, its edge cut anew on every frame."""
    masks = [truth[0]]
    for before, after in pairwise(plate):
        masks.append(_cut_again(after, _moved(masks[-1], before, after)))
    return np.stack(masks)


INSERTS: dict[str, Callable[[Pixels, Pixels, int], Pixels]] = {
    "hold": held,
    "crossfade": crossfaded,
    "flow": flow_blended,
}
EXTENSIONS: dict[str, Callable[[Pixels, Margins], Pixels]] = {
    "edge": edge_repeated,
    "reflect": reflected,
    "telea": partial(inpainted_around, how="telea"),
    "ns": partial(inpainted_around, how="ns"),
}
CLEANUPS: dict[str, Callable[[Pixels, Mask], Pixels]] = {
    "telea": partial(inpainted, how="telea"),
    "ns": partial(inpainted, how="ns"),
}
BY_BOX: dict[str, Callable[[Pixels, Mask], Mask]] = {"grabcut": boxed}
BY_MASK: dict[str, Callable[[Pixels, Mask], Mask]] = {
    "grabcut": boxed,
    "flow": carried,
    "flow_grabcut": carried_and_cut,
}


def _between(count: int) -> list[float]:
    return [(index + 1) / (count + 1) for index in range(count)]


def _pads(margins: Margins) -> tuple[tuple[int, int], ...]:
    return (0, 0), (margins.top, margins.bottom), (margins.left, margins.right), (0, 0)


def _opencv() -> Any:
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise PartMissing(
            "The answers a model is compared with are made by OpenCV, which is not here",
            remedy='Install it with: pip install "secondunit[worlds]"',
        ) from error


def _bytes(frame: Pixels) -> NDArray[np.uint8]:
    return np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)


def _flow(start: Pixels, end: Pixels) -> Pixels:
    """Pixels each pixel of `start` moves by (H,W,2) to where it is in `end`."""
    cv2 = _opencv()
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(_bytes(frame), cv2.COLOR_RGB2GRAY) for frame in (start, end)]
    return np.asarray(dis.calc(*grey, None), np.float32)


def _warped(picture: Pixels, by: Pixels) -> Pixels:
    """What lies `by` (H,W,2) pixels beside each pixel."""
    cv2 = _opencv()
    height, width = by.shape[:2]
    down, across = np.mgrid[:height, :width].astype(np.float32)
    return np.asarray(
        cv2.remap(
            picture,
            across + by[..., 0],
            down + by[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )


def _moved(mask: Mask, before: Pixels, after: Pixels) -> Mask:
    return _warped(mask.astype(np.float32), _flow(after, before)) > 0.5


def _box(mask: Mask) -> Mask:
    """The mask's bounding box, filled."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.zeros_like(mask)
    if len(rows):
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def _grabcut_in(frame: Pixels, box: Mask) -> Mask:
    cv2 = _opencv()
    return _grabcut(frame, np.where(box, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8))


def _cut_again(frame: Pixels, mask: Mask) -> Mask:
    """A mask's edge cut by GrabCut, within a band of doubt around it."""
    cv2 = _opencv()
    reach = max(1, round(_DOUBT * min(mask.shape)))
    inside = binary_erosion(mask, iterations=reach)
    outside = ~binary_dilation(mask, iterations=reach)
    labels = np.where(mask, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels[inside], labels[outside] = cv2.GC_FGD, cv2.GC_BGD
    return _grabcut(frame, labels.astype(np.uint8))


def _grabcut(frame: Pixels, labels: NDArray[np.uint8]) -> Mask:
    """GrabCut from first labels; what was probably inside where there is nothing to tell apart."""
    cv2 = _opencv()
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.sum() < 8 or (~inside).sum() < 8:  # fewer points than colours to be found
        return np.asarray(inside)
    cv2.setRNGSeed(0)
    models = np.zeros((2, 1, 65))
    cut, _, _ = cv2.grabCut(
        _bytes(frame), labels, None, models[0], models[1], _ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    return np.asarray((cut == cv2.GC_FGD) | (cut == cv2.GC_PR_FGD))
