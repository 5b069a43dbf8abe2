"""Insert: a shot nobody made, between what comes before and what comes after."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from secondunit.callsheet import CallSheet, Pixels, Size
from secondunit.stage.drawn import Paths, drawn_paths
from secondunit.stage.layout import Layout, Stretch, Turnover
from secondunit.stage.scene import Scene
from secondunit_contract.frames import Rate, Span
from secondunit_contract.problem import MarkMissing

TITLE = "Insert"
HELP = "Shoots frames that join the clip before to the clip after, or follow your words alone."
INPUTS = {
    "before": "optional",
    "after": "optional",
    "guide": "optional",
    "reference": "optional",
}
SEVERAL = ("reference",)
MAKES = "picture"


class Values(BaseModel):
    """What an insert can be told."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        "",
        title="What we see",
        description="In plain words; may stay empty",
        json_schema_extra={"simple": True},
    )
    negative: str = Field("", title="What we do not want")
    frames: int = Field(
        24, ge=1, le=10_000, title="Length", json_schema_extra={"unit": "frames", "simple": True}
    )
    head: int = Field(
        0, ge=0, le=1000, title="Head handle", description="Frames before the slot",
        json_schema_extra={"unit": "frames"},
    )  # fmt: skip
    tail: int = Field(
        0, ge=0, le=1000, title="Tail handle", description="Frames after the slot",
        json_schema_extra={"unit": "frames"},
    )  # fmt: skip
    width: int = Field(
        0, ge=0, title="Width", description="0: as the clips beside it",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip
    height: int = Field(
        0, ge=0, title="Height", description="0: as the clips beside it",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip
    rate: str = Field(
        "", title="Rate", description="Empty: as the clips beside it",
        json_schema_extra={"unit": "frames a second"},
    )  # fmt: skip
    paths: Paths = drawn_paths(after="frames")
    sound: bool = Field(True, title="Sound", description="Where the model makes any")

    @model_validator(mode="after")
    def _both_sides(self) -> Values:
        if bool(self.width) != bool(self.height):
            raise ValueError("give both width and height, or neither")
        return self


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The last frames of before, the frames to invent, the first frames of after.

    Handles are the real frames beside the slot as far as there are any; a guide tells of the slot.
    Raises MarkMissing when neither a clip nor words say what to shoot.
    """
    before, after, guide = (clips.get(name) for name in ("before", "after", "guide"))
    if not (before or after or guide or values.prompt.strip() or "reference" in clips):
        raise MarkMissing(
            "An insert with nothing beside it and no words",
            remedy="Say what to shoot, or give the clip before or after it, or a guide",
        )
    beside = before or after or guide
    size = Size(values.width, values.height) if values.width else None
    size = size or (beside.size if beside else Size(1280, 720))
    rate = Rate.of(values.rate) if values.rate else (beside.rate if beside else Rate.of(24))
    leading = min(len(before.range), max(context, values.head)) if before else 0
    trailing = min(len(after.range), max(context, values.tail)) if after else 0
    short_head, short_tail = max(0, values.head - leading), max(0, values.tail - trailing)
    stretches = (
        Stretch("", 0, short_head),
        Stretch("before", before.range.last + 1 - leading if before else 0, leading),
        Stretch("", 0, values.frames),
        Stretch("after", after.range.first if after else 0, trailing),
        Stretch("", 0, short_tail),
    )
    slot = Span(short_head + leading, short_head + leading + values.frames)
    deliver = Span(slot.start - values.head, slot.stop + values.tail)
    laid = tuple(each for each in stretches if each.frames)
    return Layout(size, rate, laid, deliver, guided=slot)


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """All of a frame that no clip has; nothing of one that a clip has."""
    return np.full((layout.size.height, layout.size.width), layout.origin(index) is None)


def write(values: Values, scene: Scene) -> CallSheet:
    """The clips' frames, unknown frames between them, and the words."""
    return scene.filled(prompt=values.prompt, negative=values.negative)
