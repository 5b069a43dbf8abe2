"""The fake's nuke.rotopaint and nuke.curvelib, as far as shapes are drawn with them.

Points are kept relative as Nuke does it: tangents and feathers are offsets of their centre.
"""

from __future__ import annotations

from types import ModuleType


class Tangled(AssertionError):
    """Shapes are used as Nuke does not let them be."""


class InterpolationType:
    eUndefineInterpolationType = -1  # noqa: N815
    eStepInterpolationType = 0  # noqa: N815
    eLinearInterpolationType = 1  # noqa: N815
    eCubicInterpolationType = 2  # noqa: N815


class AnimCurveKey:
    """A value at a time. Of interpolation it knows 1 (step), 2 (straight), and 256: untold."""

    def __init__(self, time, value) -> None:
        self.time, self.value, self.interpolationType = time, float(value), 256


class AnimCurve:
    """One coordinate over time. Keys that were told nothing are joined by a curve."""

    obeys = True  # whether keys can be told to be straight

    def __init__(self) -> None:
        self.found: list[AnimCurveKey] = []

    def addKey(self, time, value) -> None:  # noqa: N802
        self.found = [key for key in self.found if key.time != time]
        self.found = sorted([*self.found, AnimCurveKey(time, value)], key=lambda key: key.time)

    def getNumberOfKeys(self) -> int:  # noqa: N802
        return len(self.found)

    def getKey(self, number) -> AnimCurveKey:  # noqa: N802
        return self.found[number]

    def evaluate(self, time) -> float:
        before = [key for key in self.found if key.time <= time] or self.found[:1]
        after = [key for key in self.found if key.time >= time] or self.found[-1:]
        low, high = before[-1], after[0]
        part = (time - low.time) / (high.time - low.time) if high.time > low.time else 0.0
        if low.interpolationType != 2 or not self.obeys:
            part = part * part * (3 - 2 * part)
        return low.value + (high.value - low.value) * part


class Position:
    """A point that moves: its keys by frame."""

    def __init__(self, at=(0.0, 0.0)) -> None:
        self.at, self.curves = at, (AnimCurve(), AnimCurve())

    @property
    def keys(self):
        return [key.time for key in self.curves[0].found]

    def addPositionKey(self, frame, at) -> None:  # noqa: N802
        if not isinstance(frame, (int, float)) or len(at) != 2:
            raise TypeError("addPositionKey(frame, (x, y))")
        for curve, value in zip(self.curves, at, strict=True):
            curve.addKey(frame, value)

    def getPositionAnimCurve(self, axis) -> AnimCurve:  # noqa: N802
        return self.curves[axis]

    def getPosition(self, frame):  # noqa: N802
        return tuple(each.evaluate(frame) for each in self.curves) if self.keys else self.at


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
        """The value at a frame, by a curve from key to key; 1 where there are no keys."""
        curve = AnimCurve()
        for key, value in self.keys.get(name, {}).items():
            curve.addKey(key, value)
        return curve.evaluate(frame) if curve.found else 1.0


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
    for kind in (Shape, ShapeControlPoint, AnimAttributes, Layer, CurveKnob, InterpolationType):
        setattr(made, kind.__name__, kind)
    return made
