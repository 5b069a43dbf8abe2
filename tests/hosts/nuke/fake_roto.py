"""The fake's nuke.rotopaint and nuke.curvelib, as far as shapes are drawn with them.

Points are kept relative as Nuke does it: tangents and feathers are offsets of their centre.
"""

from __future__ import annotations

from types import ModuleType


class Tangled(AssertionError):
    """Shapes are used as Nuke does not let them be."""


class Position:
    """A point that moves: its keys by frame."""

    def __init__(self, at=(0.0, 0.0)) -> None:
        self.at, self.keys = at, {}

    def addPositionKey(self, frame, at) -> None:  # noqa: N802
        if not isinstance(frame, (int, float)) or len(at) != 2:
            raise TypeError("addPositionKey(frame, (x, y))")
        self.keys[frame] = tuple(float(each) for each in at)

    def getPosition(self, frame):  # noqa: N802
        """Where it is: straight from key to key."""
        if not self.keys:
            return self.at
        before = [each for each in self.keys if each <= frame]
        after = [each for each in self.keys if each >= frame]
        low = max(before) if before else min(self.keys)
        high = min(after) if after else max(self.keys)
        part = (frame - low) / (high - low) if high > low else 0.0
        pair = zip(self.keys[low], self.keys[high], strict=True)
        return tuple(a + (b - a) * part for a, b in pair)


class ShapeControlPoint:
    def __init__(self, x=0.0, y=0.0) -> None:
        self.center = Position((float(x), float(y)))
        self.leftTangent, self.rightTangent = Position(), Position()
        self.featherCenter = Position()
        self.featherLeftTangent, self.featherRightTangent = Position(), Position()


class AnimAttributes:
    kOpacityAttribute = "opc"  # noqa: N815
    kAlphaOverlayAttribute = "ao"  # noqa: N815
    kVisibleAttribute = "vis"  # noqa: N815

    def __init__(self) -> None:
        self.keys: dict[str, dict[float, float]] = {}

    def set(self, frame, name, value) -> None:
        self.keys.setdefault(name, {})[frame] = float(value)

    def getValue(self, frame, name):  # noqa: N802
        """The value at a frame: straight from key to key; 1 where there are no keys."""
        point = Position()
        point.keys = {key: (value, 0.0) for key, value in self.keys.get(name, {}).items()}
        return point.getPosition(frame)[0] if point.keys else 1.0


class Shape:
    def __init__(self, curves, *points) -> None:
        if not isinstance(curves, CurveKnob):
            raise TypeError("Shape(curves knob, *points)")
        self.name, self.points, self.attributes = "", list(points), AnimAttributes()

    def append(self, point) -> None:
        self.points.append(point)

    def __iter__(self):
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index):
        return self.points[index]

    def getAttributes(self):  # noqa: N802
        return self.attributes


class Layer:
    def __init__(self) -> None:
        self.shapes: list[Shape] = []

    def append(self, shape) -> None:
        self.shapes.append(shape)

    def __iter__(self):
        return iter(self.shapes)


class CurveKnob:
    """The knob `curves` of a Roto; what is drawn is seen once it is told that it has changed."""

    def __init__(self) -> None:
        self.rootLayer = Layer()
        self.seen: list[Shape] = []

    def changed(self) -> None:
        self.seen = list(self.rootLayer.shapes)


def module() -> ModuleType:
    made = ModuleType("nuke.rotopaint")
    for kind in (Shape, ShapeControlPoint, AnimAttributes, Layer, CurveKnob):
        setattr(made, kind.__name__, kind)
    return made
