"""Editable splines: shapes whose points an artist can take hold of, frame by frame.

The JSON form, `secondunit.splines/1`, from which hosts build roto shapes or masks. Lengths are in
pixels of the plate, x to the right, y down, from the picture's corner: the centre of the first
pixel is at 0.5, 0.5.

    {"schema": "secondunit.splines/1",
     "size": [width, height],
     "rate": "24000/1001" or null,       frames a second
     "range": [first, last],             frames traced, both included
     "axes": "x right, y down, in pixels; the picture's corner is 0, 0, …",
     "shapes": [
       {"name": "shape 1",
        "kind": "bezier",                cubic segments from point to point
        "closed": true,
        "hole": false,                   true: it cuts out of what lies below it
        "first": 1001, "last": 1010,     the frames it is there, both included
        "error": 0.91,                   pixels: how far it is from the matte's outline at worst
       "keys": [1001, 1004, …],         the frames an artist needs keys on
        "feather": [1.2, …],             one a frame: pixels from nothing to all across the edge
        "points": [[[x, y, in_x, in_y, out_x, out_y], …], …]}]}

`points` has one list a frame, each of as many points as every other, and the n-th point of a frame
is the n-th of all others. Between two of its `keys` a shape's points and its feather go straight,
so those frames alone say it all. Handles are offsets from their point, as in Nuke. Shapes are
painted in the order they are listed, each over those before it: a hole takes away, any other adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import Pixels, Size
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, RangeOutside

Points = NDArray[np.float64]

SCHEMA = "secondunit.splines/1"
AXES = "x right, y down, in pixels; the picture's corner is 0, 0, the first pixel's centre 0.5, 0.5"

_MARGIN = 24  # pixels around the picture that are painted too, for feathers to come in from
_PIECES = 24  # straight lines a segment is painted as
_PIECE = 0.125  # pixels: the length of what is taken to lie in one pixel
_HAIR = 1e-5
_DECIMALS = 3  # of a pixel, in JSON


@dataclass(frozen=True, eq=False)
class Shape:
    """A closed shape of cubic Bezier segments over the frames it is there.

    points   (frames, N, 6): x, y, and the in and out handles as offsets, in pixels of the plate
    feather  (frames,): pixels from nothing to all across the edge
    hole     whether it cuts out of what lies below it
    error    pixels from the matte's outline at worst
    keys     the frames between which all goes straight, both ends in them; empty: every frame
    """

    name: str
    first: int
    points: Points
    feather: Points
    hole: bool = False
    error: float = 0.0
    keys: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """The last frame it is there."""
        return self.first + len(self.points) - 1

    def outline(self, frame: int) -> Points:
        """The closed line (n,2) of x, y it draws on a frame: each segment as 24 straight ones."""
        corners = self.points[frame - self.first]
        begin, out = corners[:, None, :2], corners[:, None, 4:]
        after = np.roll(corners, -1, 0)
        end, back = after[:, None, :2], after[:, None, 2:4]
        line = bezier(begin, begin + out, end + back, end, np.arange(_PIECES) / _PIECES)
        return line.reshape(-1, 2)

    def to_json(self) -> dict[str, Any]:
        """The shape as the schema has it."""
        return {
            "name": self.name,
            "kind": "bezier",
            "closed": True,
            "hole": self.hole,
            "first": self.first,
            "last": self.last,
            "error": round(self.error, _DECIMALS),
            "keys": list(self.keys or range(self.first, self.last + 1)),
            "feather": self.feather.round(_DECIMALS).tolist(),
            "points": self.points.round(_DECIMALS).tolist(),
        }


@dataclass(frozen=True, eq=False)
class Splines:
    """The shapes of one shot, in the order they are painted."""

    size: Size
    range: FrameRange
    shapes: tuple[Shape, ...]
    rate: Rate | None = None

    def to_json(self) -> dict[str, Any]:
        """The splines as the schema has them."""
        return {
            "schema": SCHEMA,
            "size": list(self.size),
            "rate": None if self.rate is None else str(self.rate),
            "range": [self.range.first, self.range.last],
            "axes": AXES,
            "shapes": [shape.to_json() for shape in self.shapes],
        }


def splines_from_json(message: dict[str, Any]) -> Splines:
    """The splines that `to_json` wrote. Raises BadValue for anything else."""
    if message.get("schema") != SCHEMA:
        raise BadValue(
            f"These are no splines we know ({message.get('schema') or 'no schema is named'})",
            remedy=f"Trace the matte again, as {SCHEMA}",
        )
    try:
        width, height = (int(side) for side in message["size"])
        first, last = (int(frame) for frame in message["range"])
        rate = None if message["rate"] is None else Rate.parse(message["rate"])
        shapes = tuple(_shape_from_json(shape) for shape in message["shapes"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadValue(
            f"The splines are damaged ({error})", remedy="Trace the matte again"
        ) from error
    return Splines(Size(width, height), FrameRange(first, last), shapes, rate)


def _shape_from_json(shape: dict[str, Any]) -> Shape:
    points = np.array(shape["points"], np.float64)
    feather = np.array(shape["feather"], np.float64)
    frames = int(shape["last"]) - int(shape["first"]) + 1
    if points.ndim != 3 or points.shape[-1] != 6 or {len(points), len(feather)} != {frames}:
        raise ValueError(f"{shape['name']} lacks points on some of its frames")
    keys = tuple(int(frame) for frame in shape.get("keys", ()))
    if any(not 0 <= frame - int(shape["first"]) < frames for frame in keys):
        raise ValueError(f"{shape['name']} has keys on frames that it is not there on")
    return Shape(
        str(shape["name"]),
        int(shape["first"]),
        points,
        feather,
        bool(shape["hole"]),
        float(shape["error"]),
        keys,
    )


def bezier(begin: Points, out: Points, back: Points, end: Points, at: Points) -> Points:
    """Places (…,n,2) on cubic segments of four (…,1,2) control points, at (…,n) in 0..1."""
    u = at[..., None]
    v = 1 - u
    return v**3 * begin + 3 * v**2 * u * out + 3 * v * u**2 * back + u**3 * end


def rasterised(splines: Splines, frame: int, soft: bool = True) -> Pixels:
    """The alpha (H,W) float32 that the shapes paint on a frame, with feathers or without.

    A pixel's value is the share of it that lies inside. Raises RangeOutside.
    """
    if frame not in splines.range:
        raise RangeOutside(
            f"Frame {frame} is asked for, but {splines.range} were traced",
            remedy="Ask for frames inside them",
        )
    width, height = splines.size
    alpha = np.zeros((height + 2 * _MARGIN, width + 2 * _MARGIN), np.float32)
    for shape in splines.shapes:
        if not shape.first <= frame <= shape.last:
            continue
        inside = _coverage(shape.outline(frame) + _MARGIN, Size(*alpha.shape[::-1]))
        # a ramp of so many pixels has this deviation
        deviation = float(shape.feather[frame - shape.first]) / np.sqrt(12)
        if soft and deviation > 0.1:
            inside = cv2.GaussianBlur(inside, (0, 0), deviation, borderType=cv2.BORDER_REPLICATE)
        alpha = alpha * (1 - inside) if shape.hole else alpha + inside * (1 - alpha)
    alpha = alpha[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    # sums of many pieces miss nothing and all by a hair, which a compositor would see as a veil
    return np.where(alpha > _HAIR, np.where(alpha < 1 - _HAIR, alpha, np.float32(1)), np.float32(0))


def _coverage(line: Points, size: Size) -> Pixels:
    """How much of each pixel lies inside a closed line (n,2): the area to the right of its pieces.

    Each piece adds its height to its row, from where it is to the right; those that go down and
    those that go up cancel outside.
    """
    x, y = _in_pieces(line).T
    rise, x, y = np.diff(y), (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    seen = (y >= 0) & (y < size.height)
    rise, x, row = rise[seen], np.clip(x[seen], 0, size.width - 1e-6), y[seen].astype(int)
    column = x.astype(int)
    right = rise * (x - column)
    place = row * (size.width + 1) + column
    cells = (size.width + 1) * size.height
    added = np.bincount(place, rise - right, cells) + np.bincount(place + 1, right, cells)
    inside = np.cumsum(added.reshape(size.height, -1), 1)[:, :-1]
    return np.clip(np.abs(inside), 0, 1).astype(np.float32)


def _in_pieces(line: Points) -> Points:
    """The closed line with further points, so that no piece is long or crosses from row to row.

    A piece that did would be put into one of its rows, which then would not cancel outside.
    """
    whole = np.concatenate([line, line[:1]])
    y, step = whole[:-1, 1], np.diff(whole, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*step.T) / _PIECE), 1).astype(int)
    edge, number = _counted(pieces)
    short = edge + number / pieces[edge]
    low, high = np.floor(np.minimum(y, y + step[:, 1])), np.floor(np.maximum(y, y + step[:, 1]))
    edge, number = _counted((high - low).astype(int))
    crossing = edge + (low[edge] + 1 + number - y[edge]) / step[edge, 1]
    at = np.sort(np.concatenate([short, crossing, [len(line)]]))
    corner = np.arange(len(whole))
    return np.stack([np.interp(at, corner, whole[:, axis]) for axis in (0, 1)], -1)


def _counted(counts: NDArray[np.int_]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Each index as often as its count says, and the numbers from 0 on beside it."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
