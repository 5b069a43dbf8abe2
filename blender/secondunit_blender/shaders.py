"""Materials that glow with what a guide tells of a surface, whatever light there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

_LIGHT = (-0.4, 0.6, 0.7)  # from the camera: left, up, towards it
_DARKEST, _BRIGHTEST = 0.05, 0.9  # of grey clay
_CORNER = 0.2  # how far a corner reaches, of the way to the nearest thing
_IN_CORNERS = 0.25  # how bright they are at least


def material(kind: str, camera: Any, ends: tuple[float, float]) -> Any:
    """A material for a guide; `ends` are the nearest and the farthest, for depth."""
    made = bpy.data.materials.new(f"Second Unit {kind}")
    if made.node_tree is None:
        made.use_nodes = True
    nodes = made.node_tree.nodes
    nodes.clear()
    glow, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    made.node_tree.links.new(glow.outputs[0], out.inputs["Surface"])
    made.node_tree.links.new(_KINDS[kind](made.node_tree, ends), glow.inputs["Color"])
    return made


def _distance(tree: Any, ends: tuple[float, float]) -> Any:
    """How far from the camera's own plane."""
    return tree.nodes.new("ShaderNodeCameraData").outputs["View Z Depth"]


def _depth(tree: Any, ends: tuple[float, float]) -> Any:
    """(1/distance - 1/far) / (1/near - 1/far)."""
    near, far = ends
    inverse = _math(tree, "DIVIDE", 1.0, _distance(tree, ends))
    less = _math(tree, "SUBTRACT", inverse, 1.0 / far)
    return _math(tree, "MULTIPLY", less, 1.0 / (1.0 / near - 1.0 / far), clamp=True)


def _normal(tree: Any, ends: tuple[float, float]) -> Any:
    return _vector(tree, "MULTIPLY_ADD", _facing(tree), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _ids(tree: Any, ends: tuple[float, float]) -> Any:
    """A hue and a brightness that belong to the object."""
    told = tree.nodes.new("ShaderNodeObjectInfo").outputs["Random"]
    colour = tree.nodes.new("ShaderNodeCombineColor")
    colour.mode = "HSV"
    links = tree.links
    links.new(told, colour.inputs[0])
    colour.inputs[1].default_value = 0.75
    spread = _math(tree, "FRACT", _math(tree, "MULTIPLY", told, 7.31))
    links.new(_math(tree, "MULTIPLY_ADD", spread, 0.6, 0.4), colour.inputs[2])
    return colour.outputs[0]


def _grey(tree: Any, ends: tuple[float, float]) -> Any:
    """Clay: bright where it looks to the light, dark in corners and where things stand close."""
    length = sum(each * each for each in _LIGHT) ** 0.5
    light = tuple(each / length for each in _LIGHT)
    lit = _vector(tree, "DOT_PRODUCT", _facing(tree), light, output="Value")
    half = _math(tree, "MULTIPLY_ADD", lit, 0.5, 0.5, clamp=True)
    near = tree.nodes.new("ShaderNodeAmbientOcclusion")
    near.samples = 8
    near.inputs["Distance"].default_value = _CORNER * ends[0]
    deep = _math(tree, "MULTIPLY_ADD", near.outputs["AO"], 1 - _IN_CORNERS, _IN_CORNERS)
    return _math(
        tree, "MULTIPLY", deep, _math(tree, "MULTIPLY_ADD", half, _BRIGHTEST - _DARKEST, _DARKEST)
    )


def _facing(tree: Any) -> Any:
    """The surface's normal as the camera sees it: x right, y up, z to the camera."""
    turned = tree.nodes.new("ShaderNodeVectorTransform")
    turned.vector_type, turned.convert_from, turned.convert_to = "NORMAL", "WORLD", "CAMERA"
    normal = tree.nodes.new("ShaderNodeNewGeometry").outputs["Normal"]
    tree.links.new(normal, turned.inputs[0])
    # in shaders the camera looks along z
    return _vector(tree, "MULTIPLY", turned.outputs[0], (1.0, 1.0, -1.0))


def _math(tree: Any, operation: str, *of: Any, clamp: bool = False) -> Any:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation, node.use_clamp = operation, clamp
    _feed(tree, node, of)
    return node.outputs[0]


def _vector(tree: Any, operation: str, *of: Any, output: str = "Vector") -> Any:
    node = tree.nodes.new("ShaderNodeVectorMath")
    node.operation = operation
    _feed(tree, node, of)
    return node.outputs[output]


def _feed(tree: Any, node: Any, of: tuple[Any, ...]) -> None:
    for socket, value in zip(node.inputs, of, strict=False):
        if isinstance(value, bpy.types.NodeSocket):
            tree.links.new(value, socket)
        else:
            socket.default_value = value


_KINDS: dict[str, Callable[[Any, tuple[float, float]], Any]] = {
    "distance": _distance,
    "depth": _depth,
    "normal": _normal,
    "ids": _ids,
    "grey": _grey,
}
