"""Matte: what an artist names or marks is found through the shot, and cut out at its true edge.

A general video model says where it is; classical maths finds the edge in the plate. The picture is
untouched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from secondunit.callsheet import Pixels
from secondunit.matting.calm import calmed
from secondunit.matting.cutout import Cutouts, Finish, Seen
from secondunit.matting.marking import Marked
from secondunit.matting.natural import Natural
from secondunit.matting.ways import Wish
from secondunit.stage.layout import Layout, Turnover
from secondunit_contract.problem import MarkMissing

TITLE = "Matte"
HELP = "Pulls a matte of what you name or mark on one frame, through the whole shot."
INPUTS = {
    "plate": "needed",
    "matte": "optional",
    "garbage": "optional",
    "holdout": "optional",
}
MAKES = "matte"
LAYERS = ("core", "edge", "confidence")

_CHATTER = "Stills an edge that boils where the plate stands still; 1 most"


class Values(Marked):
    """What a matte can be told."""

    way: Literal["auto", "look", "carry", "paint", "tint"] = Field(
        "auto", title="Way", description="How the model is asked; auto tries others where unsure"
    )
    votes: int = Field(3, ge=1, le=16, title="Votes", description="Answers a repainting is asked")
    quality: Literal["preview", "final"] = Field(
        "final",
        title="Edge quality",
        description="Preview is quick; final solves the edge",
        json_schema_extra={"simple": True},
    )
    black: float = Field(0, ge=0, le=0.95, title="Black clip", description="Up to here it is 0")
    white: float = Field(1, ge=0.05, le=1, title="White clip", description="From here it is 1")
    grow: float = Field(
        0, ge=-100, le=100, title="Grow the edge", description="Inwards where negative",
        json_schema_extra={"unit": "pixels", "simple": True},
    )  # fmt: skip
    soften: float = Field(
        0,
        ge=0,
        le=100,
        title="Soften the edge",
        json_schema_extra={"unit": "pixels", "simple": True},
    )
    chatter: float = Field(0, ge=0, le=1, title="Calm the chatter", description=_CHATTER)
    picture: Literal["plate", "cutout"] = Field(
        "plate", title="Picture", description="The plate untouched, or the subject cut out of it"
    )
    straight: bool = Field(
        False,
        title="Straight",
        description="A cutout's EXR is premultiplied otherwise",
        json_schema_extra={"when": {"picture": "cutout"}},
    )
    splines: bool = Field(False, title="Splines", description="Editable shapes beside the take")


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


def wish(values: Values) -> Wish:
    """What the model is asked to find."""
    return Wish(values.subject.strip(), values.votes, values.quality == "final")


def cut(values: Values, frames: Iterator[Seen]) -> Cutouts:
    """Each frame's subject, at the edge that its plate shows."""
    finish = Finish(values.black, values.white, values.grow, values.soften)
    natural = Natural(finish, values.quality == "final", values.picture == "cutout")
    return calmed(natural.cut, frames, values.chatter)
