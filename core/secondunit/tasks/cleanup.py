"""Clean-up: what a matte marks is taken away, and what was behind it comes out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from scipy.ndimage import distance_transform_edt

from secondunit.callsheet import CallSheet, Pixels
from secondunit.matting.marking import Marked
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.scene import Scene
from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import MarkMissing

TITLE = "Clean up"
HELP = "Takes away what a matte, a click, a box or words mark, and puts the clean plate behind it."
INPUTS = {"plate": "needed", "matte": "optional", "guide": "optional"}
MAKES = "picture"


class Values(Marked):
    """What a clean-up can be told."""

    prompt: str = Field(
        "",
        title="What is behind",
        description="In plain words; may stay empty",
        json_schema_extra={"simple": True},
    )
    negative: str = Field("", title="What we do not want")
    grow: int = Field(
        4,
        ge=0,
        le=256,
        title="Grow the matte",
        json_schema_extra={"unit": "pixels", "simple": True},
    )
    only: str = Field(
        "",
        title="Only these frames",
        description="As 1001-1010; empty: all of them",
        json_schema_extra={"simple": True},
    )
    feather: int = Field(
        4, ge=0, le=256, title="Soften its edge", description="Inwards: outside, nothing changes",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip

    @field_validator("only")
    @classmethod
    def _frames(cls, said: str) -> str:
        return str(FrameRange.parse(said)) if said.strip() else ""


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate, frame for frame. Raises MarkMissing when nothing says what is to go."""
    if "matte" not in clips and values.marks_nothing():
        raise MarkMissing(
            "Nothing says what is to be cleaned up",
            remedy="Give a matte, click on it, draw a box around it, or say what it is",
        )
    return Layout.frame_for_frame(clips["plate"])


def matte_first(values: Values) -> dict[str, object]:
    """The values of the matte that must be pulled first where none was given."""
    keep = {"subject", "points", "strokes", "box", "mask_frame"}
    return {**values.model_dump(include=keep, exclude_none=True), "quality": "preview"}


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """What is marked, grown by so many pixels."""
    if marks is None or not (marks > 0.05).any():
        return np.zeros((layout.size.height, layout.size.width), bool)
    return np.asarray(distance_transform_edt(marks <= 0.05) <= values.grow)


def write(values: Values, scene: Scene) -> CallSheet:
    """The plate with what is marked unknown."""
    return scene.filled(prompt=values.prompt, negative=values.negative)
