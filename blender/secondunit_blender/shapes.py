"""The shapes traced of a matte as a mask of Blender's, to be edited: a layer for each.

A mask counts both ways in shares of the picture's longer side, its middle at one half. Its shape
keys hold all points of a layer on a frame, and go straight from one to the next; they alone are
exact in the compositor of every version. An edge falls off outwards from its line, so that lines
are drawn in by half of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from secondunit_panel import splines
from secondunit_panel.host import Delivery, NotPlaced
from secondunit_panel.splines import Corner

SCHEMA = "secondunit.splines/1"
_SOFTER = (1.0, 0.7, 0.5, 0.35, 0.25, 0.12, 0.0)  # shares of a feather, the largest that goes
_PIECES = 4  # straight ones that a segment is looked at as
_LEAST = 1.0  # pixels: what Blender smooths an edge by at least

"""x, y, the place of the handle in, that of the handle out, in pixels from the top; the feather."""


@dataclass(frozen=True)
class Shape:
    """A closed line over frames of the scene: its corners on each, and which of them want a key."""

    name: str
    hole: bool
    first: int
    corners: tuple[list[Corner], ...]
    keys: tuple[int, ...]

    @property
    def last(self) -> int:
        """The last frame it is there."""
        return self.first + len(self.corners) - 1

    def at(self, frame: int) -> list[Corner]:
        """Its corners on a frame; before and after it is there those it begins and ends with."""
        return self.corners[min(max(frame, self.first), self.last) - self.first]


@dataclass(frozen=True)
class Traced:
    """The shapes of one matte, in the order they are painted, and the picture's size."""

    size: tuple[int, int]
    shapes: tuple[Shape, ...]


def traced(delivery: Delivery) -> Traced:
    """The shapes that lie beside a take; none where none do. Raises NotPlaced."""
    beside = delivery.take.extra.get("splines")
    if not beside:
        return Traced((0, 0), ())
    late = delivery.lies.first - delivery.take.range.first
    try:
        told = json.loads(Path(str(beside)).read_text("utf-8"))
        if told.get("schema") != SCHEMA:
            raise ValueError(f"they are {told.get('schema') or 'of no kind'}")
        width, height = (int(each) for each in told["size"])
        return Traced((width, height), tuple(_shape(each, late) for each in told["shapes"]))
    except (OSError, ValueError, LookupError, TypeError) as error:
        what = f"The shapes beside the take cannot be read: {error}"
        raise NotPlaced(what, str(beside), "Trace them again") from error


def mask(traced: Traced, name: str, scene: Any, shown: Any) -> Any:
    """A mask of the shapes. Raises NotPlaced, and leaves none then.

    `shown` is an editor, as (window, area, space), whose mask is changed meanwhile; None: any.
    """
    made = bpy.data.masks.new(name)
    made.use_fake_user = True
    try:
        drawn = [(_layer(made, each), each) for each in traced.shapes]
        made.frame_start = min((each.first for each in traced.shapes), default=scene.frame_start)
        made.frame_end = max((each.last for each in traced.shapes), default=scene.frame_end)
        with _editing(made, shown) as told, _playhead(told["window"].scene):
            for frame in sorted({key for each in traced.shapes for key in each.keys}):
                _key(told, frame, drawn, traced.size)
        for layer, shape in drawn:
            _seen(made, layer, shape)
    except BaseException:
        bpy.data.masks.remove(made)
        raise
    return made


def _layer(made: Any, shape: Shape) -> Any:
    """A layer with a closed line of as many points as a shape has."""
    layer = made.layers.new(name=shape.name)
    layer.blend = "MERGE_SUBTRACT" if shape.hole else "MERGE_ADD"
    layer.falloff = "LINEAR"
    line = layer.splines.new()
    line.points.add(len(shape.corners[0]) - len(line.points))
    line.use_cyclic = line.use_self_intersection_check = True
    for point in line.points:
        point.handle_left_type = point.handle_right_type = "FREE"
    return layer


def _key(
    told: dict[str, Any], frame: int, drawn: Sequence[tuple[Any, Shape]], size: tuple[int, int]
) -> None:
    """A shape key on a frame in every layer: Blender gives one to all of them at once."""
    told["window"].scene.frame_set(frame)  # before: it moves what has keys
    for layer, shape in drawn:
        _move(layer, shape.at(frame), size)
    with bpy.context.temp_override(**told):
        done = bpy.ops.mask.shape_key_insert()
    if done != {"FINISHED"}:
        raise NotPlaced("Blender takes no keys of the mask", str(frame), "Leave its edit mode")


def _move(layer: Any, corners: Sequence[Corner], size: tuple[int, int]) -> None:
    for point, corner in zip(layer.splines[0].points, corners, strict=True):
        places = [_in_mask(corner[n], corner[n + 1], size) for n in (0, 2, 4)]
        point.co, point.handle_left, point.handle_right = places
        point.weight = corner[6] / max(size)
        point.select = True


def _in_mask(x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    width, height = size
    return 0.5 + (x - width / 2) / max(size), 0.5 + (height / 2 - y) / max(size)


def _seen(made: Any, layer: Any, shape: Shape) -> None:
    """Have a layer be seen on the frames of its shape alone."""
    path = f'layers["{bpy.utils.escape_identifier(layer.name)}"].alpha'
    for frame, alpha in ((shape.first - 1, 0.0), (shape.first, 1.0), (shape.last + 1, 0.0)):
        layer.alpha = alpha
        made.keyframe_insert(path, frame=frame)
    for curve in curves_of(made):
        for key in curve.keyframe_points:
            key.interpolation = "CONSTANT"


def curves_of(block: Any) -> list[Any]:
    """The curves that move a datablock: of its action until 4.5, in the action's bags from 5.0."""
    action = block.animation_data.action if block.animation_data else None
    if action is None:
        return []
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    strips = [strip for layer in action.layers for strip in layer.strips]
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


@contextmanager
def _playhead(scene: Any) -> Iterator[None]:
    before = scene.frame_current, scene.frame_subframe
    try:
        yield
    finally:
        scene.frame_set(before[0], subframe=before[1])


@contextmanager
def _editing(made: Any, shown: Any) -> Iterator[dict[str, Any]]:
    """An editor in which the mask is edited: what Blender's own operator wants to see.

    Where none is open an area becomes one for as long as it takes. Raises NotPlaced for no window.
    """
    window, area, kind = _area(shown)
    before = area.type
    try:
        area.type = kind
        space = area.spaces.active
        mode, mask = space.mode, space.mask
        try:
            space.mode, space.mask = "MASK", made
            region = next(each for each in area.regions if each.type == "WINDOW")
            yield {"window": window, "screen": window.screen, "area": area, "region": region}
        finally:
            space.mask, space.mode = mask, mode
    finally:
        area.type = before


def _area(shown: Any) -> tuple[Any, Any, str]:
    """(window, area, what it is to be). A clip editor needs a clip; an image editor needs nothing,
    but that nobody edits a mesh.
    """
    if shown is not None:
        return shown[0], shown[1], shown[1].type
    for window in bpy.context.window_manager.windows:
        if window.screen is not None:
            areas = sorted(window.screen.areas, key=lambda each: each.type != "IMAGE_EDITOR")
            return window, areas[0], "IMAGE_EDITOR"
    raise NotPlaced("Blender shows no window to edit a mask in", "", "Open one")


def _shape(told: dict[str, Any], late: int) -> Shape:
    """A shape, as soft as its line allows: one that crosses itself Blender does not fill."""
    pairs = list(zip(told["points"], told["feather"], strict=True))
    for share in _SOFTER:
        frames = [_softened(corners, feather * share) for corners, feather in pairs]
        if all(map(is_simple, frames)):
            break
    first = int(told["first"]) + late
    keys = tuple(first + each for each in splines.keys(frames, splines.told_keys(told)))
    return Shape(str(told["name"]), bool(told["hole"]), first, tuple(frames), keys)


def _softened(corners: Sequence[Sequence[float]], feather: float) -> list[Corner]:
    """Corners drawn in by half of their feather; handles as places, not as offsets."""
    area = sum(
        a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
    )
    wide = max(_LEAST, float(feather))
    inward, soft = (-1 if area > 0 else 1) * wide / 2, list[Corner]()
    for number, (x, y, in_x, in_y, out_x, out_y) in enumerate(corners):
        before, after = corners[number - 1], corners[(number + 1) % len(corners)]
        along = (after[0] - before[0], after[1] - before[1])
        length = (along[0] ** 2 + along[1] ** 2) ** 0.5 or 1.0
        x, y = x + inward * along[1] / length, y - inward * along[0] / length
        soft.append((x, y, x + in_x, y + in_y, x + out_x, y + out_y, wide))
    return soft


def is_simple(corners: Sequence[Corner]) -> bool:
    """Whether a closed line nowhere crosses itself."""
    line = list(_line(corners))
    pieces = list(zip(line, [*line[1:], line[0]], strict=True))
    boxes = [
        (min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])) for a, b in pieces
    ]
    for number, (one, box) in enumerate(zip(pieces, boxes, strict=True)):
        low, high, top, bottom = box
        for other in range(number + 2, len(pieces) - (number == 0)):
            there = boxes[other]
            apart = there[0] > high or there[1] < low or there[2] > bottom or there[3] < top
            if not apart and _cross(*one, *pieces[other]):
                return False
    return True


def _line(corners: Sequence[Corner]) -> Iterator[tuple[float, float]]:
    """The line through corners, each segment as a few straight pieces."""
    for number, one in enumerate(corners):
        other = corners[(number + 1) % len(corners)]
        for step in range(_PIECES):
            u = step / _PIECES
            a, b, c, d = (1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3
            yield (
                a * one[0] + b * one[4] + c * other[2] + d * other[0],
                a * one[1] + b * one[5] + c * other[3] + d * other[1],
            )


Spot = tuple[float, float]


def _cross(a: Spot, b: Spot, c: Spot, d: Spot) -> bool:
    """Whether a-b and c-d cross."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Spot, b: Spot, at: Spot) -> float:
    return (b[0] - a[0]) * (at[1] - a[1]) - (b[1] - a[1]) * (at[0] - a[0])
