"""A matte comes into the script: its Read, its shapes to edit, and a group that cuts the plate."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secondunit_nuke.knobs import inside
from secondunit_nuke.placing import Placing
from secondunit_panel import splines
from secondunit_panel.host import Delivery, NotPlaced
from secondunit_panel.splines import Corner

SCHEMA = "secondunit.splines/1"


@dataclass(frozen=True)
class Traced:
    """A shape in the script's frames and Nuke's pixels: its corners on each frame with a key."""

    name: str
    hole: bool
    first: int
    last: int
    keys: dict[int, list[Corner]]


def cut(to: Placing, read: Any, shapes: Any) -> None:
    """A group beside the plate: its picture with the matte as alpha, premultiplied.

    Where there are shapes, a knob of the group cuts by them instead.
    """
    nodes, number = to.nuke.nodes, to.delivery.take.number
    group = to.node("Group", "cut", f"plate cut by matte {number}", (0, number))
    alpha = "rgba.alpha" if "rgba.alpha" in read.channels() else "rgba.red"
    with inside(group):
        plate, matte = nodes.Input(name="plate"), nodes.Input(name="matte")
        last = nodes.Copy(inputs=[plate, matte], from0=alpha, to0="rgba.alpha")
        if shapes is not None:
            drawn = nodes.Input(name="shapes")
            by_shapes = nodes.Copy(inputs=[plate, drawn], from0="rgba.alpha", to0="rgba.alpha")
            last = nodes.Switch(inputs=[last, by_shapes])
            last["which"].setExpression("parent.su_by_shapes")
        nodes.Output(inputs=[nodes.Premult(inputs=[last])])
    if shapes is not None:
        group.addKnob(to.nuke.Boolean_Knob("su_by_shapes", "cut by the shapes"))
        group.setInput(2, shapes)
    group.setInput(0, to.source)
    group.setInput(1, read)


def traced(delivery: Delivery) -> list[Traced]:
    """The shapes that were traced of a matte; none where none were. Nuke is not asked for this.

    Raises NotPlaced.
    """
    beside, late = delivery.take.extra.get("splines"), delivery.lies.first
    try:
        told: dict[str, Any] = {"shapes": ()}
        if beside:
            told = json.loads(Path(str(beside)).read_text("utf-8"))
        if told.get("schema", SCHEMA) != SCHEMA:
            raise ValueError(f"they are {told['schema']}")
        late -= delivery.take.range.first
        return [_shape(each, float(told["size"][1]), late) for each in told["shapes"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        what = f"The shapes beside the take cannot be read: {error}"
        raise NotPlaced(what, str(beside), "Trace them again") from error


def roto(to: Placing, shapes: Sequence[Traced]) -> Any:
    """A Roto with shapes to take over."""
    number = to.delivery.take.number
    node = to.node("Roto", "shapes", f"shapes of matte {number}", (1, number))
    curves, rp = node["curves"], importlib.import_module("nuke.rotopaint")
    for each in shapes:
        shape = rp.Shape(curves)
        shape.name = each.name
        for corner in each.keys[each.first]:
            shape.append(rp.ShapeControlPoint(corner[0], corner[1]))
        for frame, corners in each.keys.items():
            for point, at in zip(shape, corners, strict=True):
                point.center.addPositionKey(frame, at[0:2])
                point.leftTangent.addPositionKey(frame, at[2:4])
                point.rightTangent.addPositionKey(frame, at[4:6])
                point.featherCenter.addPositionKey(frame, at[6:8])
        seen = {each.first - 1: 0.0, each.first: 1.0, each.last: 1.0, each.last + 1: 0.0}
        for frame, opacity in seen.items():
            shape.getAttributes().set(frame, rp.AnimAttributes.kOpacityAttribute, opacity)
        if each.hole:
            shape.getAttributes().set(each.first, rp.AnimAttributes.kAlphaOverlayAttribute, 0.0)
        curves.rootLayer.append(shape)
    curves.changed()  # without it nothing of this is seen
    return node


def _shape(told: dict[str, Any], height: float, late: int) -> Traced:
    """A shape as Nuke has it: y goes up, and its edge falls off outwards alone, so that it is drawn
    in by half of its softness.
    """
    frames = [_softened(*each) for each in zip(told["points"], told["feather"], strict=True)]
    keys, first = {}, int(told["first"]) + late
    for index in splines.keys(frames):
        keys[first + index] = [
            (x, height - y, *(each * (-1) ** place for place, each in enumerate(offsets)))
            for x, y, *offsets in frames[index]
        ]
    return Traced(str(told["name"]), bool(told["hole"]), first, first + len(frames) - 1, keys)


def _softened(corners: Sequence[Corner], feather: float) -> list[Corner]:
    """Corners drawn in by half of their feather, with the way out to it."""
    area = sum(
        a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
    )
    outward, soft = (1 if area > 0 else -1), list[Corner]()
    for number, (x, y, *handles) in enumerate(corners):
        before, after = corners[number - 1], corners[(number + 1) % len(corners)]
        along = (after[0] - before[0], after[1] - before[1])
        length = (along[0] ** 2 + along[1] ** 2) ** 0.5 or 1.0
        out = (outward * along[1] / length * feather, -outward * along[0] / length * feather)
        soft.append((x - out[0] / 2, y - out[1] / 2, *handles, *out))
    return soft
