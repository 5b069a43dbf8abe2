"""Highlights: a plate that clips gets back the light that was brighter than its white."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from secondunit.callsheet import CallSheet, Pixels
from secondunit.stage.layout import Layout, Turnover
from secondunit.stage.scene import Scene

TITLE = "Highlights"
HELP = "Gives windows, lamps and skies that are clipped their light back, as linear EXR."
INPUTS = {"plate": "needed", "matte": "optional"}
MAKES = "light"


class Values(BaseModel):
    """What highlights can be told."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        "",
        title="What is bright",
        description="In plain words; may stay empty",
        json_schema_extra={"simple": True},
    )
    negative: str = Field("", title="What we do not want")


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate, frame for frame."""
    return Layout.frame_for_frame(clips["plate"])


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """The whole picture, or what the matte marks: within it, what is clipped."""
    if marks is None:
        return np.ones((layout.size.height, layout.size.width), bool)
    return np.asarray(marks > 0.5)


def write(values: Values, scene: Scene) -> CallSheet:
    """The plate itself, to come back in the light that was there."""
    return scene.repainted(prompt=values.prompt, negative=values.negative, light=True)
