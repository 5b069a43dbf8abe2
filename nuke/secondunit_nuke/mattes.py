"""A matte comes into the script: its Read, its shapes to edit, and a group that cuts the plate."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from secondunit_nuke.knobs import inside
from secondunit_nuke.placing import Placing
from secondunit_panel import splines
from secondunit_panel.host import Delivery, NotPlaced
from secondunit_panel.splines import Corner

SCHEMA = "secondunit.splines/1"
_BENT = 0.05  # pixels beside the straight way between two keys: Nuke counts in floats


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
        _key(rp, shape, each.keys)
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
    for index in splines.keys(frames, splines.told_keys(told)):
        keys[first + index] = [
            (x, height - y, *(each * (-1) ** place for place, each in enumerate(offsets)))
            for x, y, *offsets in frames[index]
        ]
    return Traced(str(told["name"]), bool(told["hole"]), first, first + len(frames) - 1, keys)


def _key(rp: Any, shape: Any, keys: dict[int, list[Corner]]) -> None:
    """Keys of a shape's points, and straight ways between them, whatever Nuke's own are.

    Keys that a script sets are joined by a curve. Where Nuke cannot be told otherwise, each frame
    gets a key.
    """
    _set(shape, keys)
    for point in shape:
        for place in _places(point):
            _straighten(rp, place)
    frames = sorted(keys)
    if any(_bends(shape, keys, begin, end) for begin, end in pairwise(frames)):
        _set(shape, {n: _way(keys, *ends, n) for ends in pairwise(frames) for n in range(*ends)})


def _set(shape: Any, keys: dict[int, list[Corner]]) -> None:
    for frame, corners in keys.items():
        for point, at in zip(shape, corners, strict=True):
            for number, place in enumerate(_places(point)):
                place.addPositionKey(frame, at[2 * number : 2 * number + 2])


def _places(point: Any) -> tuple[Any, ...]:
    return point.center, point.leftTangent, point.rightTangent, point.featherCenter


def _straighten(rp: Any, place: Any) -> None:
    """Nuke counts a key's interpolation from one, and its own constants for it from nought."""
    for axis in (0, 1):
        curve = place.getPositionAnimCurve(axis)
        for number in range(curve.getNumberOfKeys()):
            curve.getKey(number).interpolationType = (
                rp.InterpolationType.eLinearInterpolationType + 1
            )


def _bends(shape: Any, keys: dict[int, list[Corner]], begin: int, end: int) -> bool:
    """Whether Nuke leaves the straight way between two keys of any point."""
    frame = (begin + end) // 2
    if frame == begin:
        return False
    wanted = _way(keys, begin, end, frame)
    return any(
        abs(there - at) > _BENT
        for point, corner in zip(shape, wanted, strict=True)
        for there, at in zip(point.center.getPosition(frame), corner[:2], strict=False)
    )


def _way(keys: dict[int, list[Corner]], begin: int, end: int, frame: int) -> list[Corner]:
    """The corners on a frame between two keys."""
    share = (frame - begin) / (end - begin)
    pairs = zip(keys[begin], keys[end], strict=True)
    return [tuple(a + (b - a) * share for a, b in zip(*pair, strict=True)) for pair in pairs]


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
