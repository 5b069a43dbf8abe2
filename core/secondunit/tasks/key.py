"""Key: a subject before a coloured screen, of any colour, is cut out; no input is needed.

The screen's colour and its unevenness are measured in the plate. Where something marks the subject,
a model finds it through the shot, and wardrobe in the screen's colour stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from secondunit.callsheet import Pixels
from secondunit.matting.calm import calmed
from secondunit.matting.cutout import Cutouts, Seen
from secondunit.matting.despill import Despill
from secondunit.matting.keyer import KeyControls
from secondunit.matting.marking import Marked
from secondunit.matting.screened import Screened
from secondunit.matting.ways import Wish
from secondunit.media.colour import LinearPath
from secondunit.stage.layout import Layout, Turnover

TITLE = "Key"
HELP = "Keys a green, blue or any other screen; finds its colour by itself."
INPUTS = {
    "plate": "needed",
    "matte": "optional",
    "garbage": "optional",
    "holdout": "optional",
    "clean": "optional",
}
MAKES = "matte"
LAYERS = ("core", "edge", "confidence", "despill", "screen")

_COLOUR = "Red, green and blue of the bare screen, 0 to 1 as it is looked at; empty: found"
_CHATTER = "Stills an edge that boils where the plate stands still; 1 most"


class Values(Marked):
    """What a key can be told; it needs to be told nothing."""

    screen: tuple[float, float, float] | None = Field(
        None, title="Screen colour", description=_COLOUR, json_schema_extra={"simple": True}
    )
    balance: float = Field(
        0,
        ge=0,
        le=1,
        title="Balance",
        description="0 for hair and glass, 1 for near colours",
        json_schema_extra={"simple": True},
    )
    black: float | None = Field(
        None, ge=0, le=0.95, title="Black clip", description="Up to here it is 0; empty: measured"
    )
    white: float | None = Field(
        None, ge=0.05, le=1, title="White clip", description="From here it is 1; empty: measured"
    )
    despill: Literal["auto", "average", "vector", "max"] = Field(
        "auto", title="Despill", json_schema_extra={"simple": True}
    )
    despill_strength: float = Field(1, ge=0, le=1, title="Despill strength")
    grow: float = Field(
        0, ge=-100, le=100, title="Grow the edge", description="Inwards where negative",
        json_schema_extra={"unit": "pixels"},
    )  # fmt: skip
    soften: float = Field(
        0,
        ge=0,
        le=100,
        title="Soften the edge",
        json_schema_extra={"unit": "pixels", "simple": True},
    )
    chatter: float = Field(0, ge=0, le=1, title="Calm the chatter", description=_CHATTER)
    way: Literal["auto", "look", "carry", "paint", "tint"] = Field(
        "auto", title="Way", description="How the model is asked where something is marked"
    )
    votes: int = Field(3, ge=1, le=16, title="Votes", description="Answers a repainting is asked")
    picture: Literal["plate", "cutout"] = Field(
        "cutout", title="Picture", description="The subject without the screen, or the plate as is"
    )
    straight: bool = Field(
        False,
        title="Straight",
        description="An EXR is premultiplied otherwise",
        json_schema_extra={"when": {"picture": "cutout"}},
    )
    splines: bool = Field(False, title="Splines", description="Editable shapes beside the take")


def lay_out(values: Values, clips: Mapping[str, Turnover], context: int) -> Layout:
    """The plate, frame for frame."""
    return Layout.frame_for_frame(clips["plate"])


def paint(values: Values, layout: Layout, index: int, marks: Pixels | None) -> NDArray[np.bool_]:
    """All of it: where the subject is, the key finds."""
    return np.full((layout.size.height, layout.size.width), marks is None)


def wish(values: Values) -> Wish:
    """What a model is asked to find beside the key, where anything is marked or named."""
    return Wish(values.subject.strip(), values.votes)


def cut(values: Values, frames: Iterator[Seen]) -> Cutouts:
    """Each frame's subject without its screen. Raises ScreenMissing where there is none."""
    controls = KeyControls(
        None if values.screen is None else _light(values.screen),
        balance=values.balance,
        black=values.black,
        white=values.white,
        grow=values.grow,
        soften=values.soften,
        despill=Despill(values.despill, values.despill_strength),
    )
    return calmed(Screened(controls).cut, frames, values.chatter)


def _light(colour: tuple[float, float, float]) -> tuple[float, float, float]:
    """A colour as it is looked at, in linear light."""
    red, green, blue = LinearPath().to_linear(np.array([colour], np.float32))[0]
    return float(red), float(green), float(blue)
