"""Restyle: the plate's shot in another look, as far from the plate as its strength allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from secondunit.callsheet import CallSheet, Pixels
from secondunit.stage.drawn import Paths, drawn_paths
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.scene import Scene

TITLE = "Restyle"
HELP = "Paints the plate anew in the look you name; with a matte, only where it marks."
INPUTS = {
    "plate": "needed",
    "matte": "optional",
    "guide": "optional",
    "reference": "optional",
}
SEVERAL = ("reference",)
MAKES = "picture"


class Values(BaseModel):
    """What a restyle can be told."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        "",
        title="The look",
        description="In plain words; may stay empty",
        json_schema_extra={"simple": True},
    )
    negative: str = Field("", title="What we do not want")
    strength: float = Field(
        0.5, gt=0, le=1, title="Strength", description="How far to leave the plate",
        json_schema_extra={"unit": "share", "simple": True},
    )  # fmt: skip
    paths: Paths = drawn_paths()


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate, frame for frame."""
    return Layout.frame_for_frame(clips["plate"])


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """The whole picture, or what the matte marks."""
    if marks is None:
        return np.ones((layout.size.height, layout.size.width), bool)
    return np.asarray(marks > 0.5)


def write(values: Values, scene: Scene) -> CallSheet:
    """The plate itself, to be painted over."""
    return scene.repainted(prompt=values.prompt, negative=values.negative, strength=values.strength)
