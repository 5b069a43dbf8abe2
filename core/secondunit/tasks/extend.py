"""Extend: a plate that is longer, or wider, than it was shot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from secondunit.callsheet import CallSheet, Pixels, Size
from secondunit.stage.drawn import Paths, drawn_paths
from secondunit.stage.layout import Layout, Place, Stretch, Turnover
from secondunit.stage.scene import Scene
from secondunit_contract.frames import Span
from secondunit_contract.problem import BadValue

TITLE = "Extend"
HELP = "Gives a plate more head, more tail or more frame. Every pixel you shot stays as it is."
INPUTS = {"plate": "needed", "guide": "optional", "reference": "optional"}
SEVERAL = ("reference",)
MAKES = "picture"


class Values(BaseModel):
    """What an extension can be told."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        "",
        title="What is beyond",
        description="In plain words; may stay empty",
        json_schema_extra={"simple": True},
    )
    negative: str = Field("", title="What we do not want")
    head: int = Field(0, ge=0, le=1000, title="Head", json_schema_extra={"unit": "frames"})
    tail: int = Field(
        0, ge=0, le=1000, title="Tail", json_schema_extra={"unit": "frames", "simple": True}
    )
    left: int = Field(0, ge=0, le=16_384, title="Left", json_schema_extra={"unit": "pixels"})
    right: int = Field(0, ge=0, le=16_384, title="Right", json_schema_extra={"unit": "pixels"})
    top: int = Field(0, ge=0, le=16_384, title="Top", json_schema_extra={"unit": "pixels"})
    bottom: int = Field(0, ge=0, le=16_384, title="Bottom", json_schema_extra={"unit": "pixels"})
    width: int = Field(
        0, ge=0, title="New width", description="The plate stands in its middle",
        json_schema_extra={"unit": "pixels", "simple": True},
    )  # fmt: skip
    height: int = Field(
        0, ge=0, title="New height", description="The plate stands in its middle",
        json_schema_extra={"unit": "pixels", "simple": True},
    )  # fmt: skip
    paths: Paths = drawn_paths(after="tail")

    @model_validator(mode="after")
    def _something(self) -> Values:
        margins = self.left + self.right + self.top + self.bottom
        if not (self.head or self.tail or margins or self.width or self.height):
            raise ValueError("ask for head or tail frames, margins, or a new width and height")
        if margins and (self.width or self.height):
            raise ValueError("give margins, or a new size, not both")
        return self


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate with frames to invent before and after it, in its place in the new picture.

    Raises BadValue for a new size that would crop the plate.
    """
    plate = clips["plate"]
    size, place = _canvas(values, plate.size)
    frames = len(plate.range)
    stretches = (
        Stretch("", 0, values.head),
        Stretch("plate", plate.range.first, frames),
        Stretch("", 0, values.tail),
    )
    return Layout(
        size,
        plate.rate,
        tuple(each for each in stretches if each.frames),
        Span(0, values.head + frames + values.tail),
        plate.range.first - values.head,
        place,
        plate.size,
    )


def _canvas(values: Values, plate: Size) -> tuple[Size, Place]:
    if not (values.width or values.height):
        wide = plate.width + values.left + values.right
        return Size(wide, plate.height + values.top + values.bottom), Place(values.left, values.top)
    size = Size(values.width or plate.width, values.height or plate.height)
    if size.width < plate.width or size.height < plate.height:
        raise BadValue(
            f"{size.width}x{size.height} is smaller than the plate's {plate.width}x{plate.height}",
            remedy="Extending never crops; ask for a size that holds the plate",
        )
    return size, Place((size.width - plate.width) // 2, (size.height - plate.height) // 2)


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """All of a new frame; of the plate's frames what lies beyond the plate."""
    if layout.origin(index) is None:
        return np.ones((layout.size.height, layout.size.width), bool)
    return layout.beyond_plate()


def write(values: Values, scene: Scene) -> CallSheet:
    """The plate in its place, and everything beyond it unknown."""
    return scene.filled(prompt=values.prompt, negative=values.negative)
