"""Matte: one frame with the subject on a flat screen is carried through the shot by the model.

The artist's mask makes that one frame; a model that cannot carry an edit is shown the subject on
its own instead, and told to isolate it. A colour-difference key reads the alpha from the model's
answer, a guided filter gives it the plate's edges. The picture is untouched.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from secondunit.callsheet import CallSheet, Pixels, Size
from secondunit.matting.marking import Marked
from secondunit.matting.refine import guided
from secondunit.matting.screen import keyed, on_screen
from secondunit.media.resize import resized
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.scene import Scene
from secondunit_contract.problem import MarkMissing

TITLE = "Matte"
HELP = "Pulls a matte of what you mark on one frame, through the whole shot."
INPUTS = {"plate": "needed", "matte": "optional"}
MAKES = "matte"

_FIRMNESS = 2.0
_WHITE: Pixels = np.ones(3, np.float32)  # what is behind a reference's subject


class Values(Marked):
    """What a matte can be told."""

    edge: int = Field(
        4, ge=0, le=128, title="Edge", description="How far the plate's own edges may pull it",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate, frame for frame. Raises MarkMissing when nothing says what is meant."""
    if "matte" not in clips and values.marks_nothing():
        raise MarkMissing(
            "Nothing says what the matte is of",
            remedy="Mark it on one frame: a mask, a click, a box, or its name",
        )
    return Layout.frame_for_frame(clips["plate"])


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """Every frame but those that are marked: these are already as wished."""
    return np.full((layout.size.height, layout.size.width), marks is None)


def write(values: Values, scene: Scene) -> CallSheet:
    """The plate to be painted over, the marked frames already on the screen; or, for a model that
    carries nothing, the plate as it is and the marked subject on white, as one to look like.
    """
    subject = values.subject.strip()
    wish = f"isolate {subject} on a flat green screen" if subject else "isolate on green"
    sheet = scene.repainted(prompt=wish)
    shown = {index: (scene.plate[index], marks) for index, marks in scene.marks.items()}
    if "carry" in scene.honours:
        sheet.keys = {index: on_screen(*each) for index, each in shown.items()}
        sheet.carry = bool(shown)
    elif "references" in scene.honours:
        sheet.references = tuple(on_screen(*each, _WHITE) for each in shown.values())[:1]
        sheet.paint = np.ones_like(scene.paint)
    return sheet


def alpha(values: Values, answer: Pixels, picture: Pixels, marks: Pixels | None) -> Pixels:
    """The alpha (H,W): the artist's own mask where there is one, else the key of the answer."""
    if marks is not None:
        return marks
    height, width = picture.shape[:2]
    rough = resized(keyed(answer)[..., None], Size(width, height), "bicubic")[..., 0]
    rough = np.clip(rough, 0, 1)
    return guided(rough, picture, values.edge, _FIRMNESS) if values.edge else rough
