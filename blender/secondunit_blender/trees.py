"""The compositor's tree of a scene: of the scene itself until 4.5, a group of its own from 5.0."""

from __future__ import annotations

from typing import Any

import bpy

_END = "CompositorNodeComposite"


def tree_of(scene: Any) -> Any | None:
    """The tree of a scene; None where it has none."""
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree


def new_tree(scene: Any) -> Any:
    """A tree for a scene that has none, with an end, and nothing else in it."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.interface.new_socket(name="Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        tree.nodes.new("NodeGroupOutput").location = (700, 0)
        return tree
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    scene.node_tree.nodes.new(_END).location = (700, 0)
    return scene.node_tree


def drop_tree(scene: Any) -> None:
    """Take a tree of ours away again."""
    if hasattr(scene, "compositing_node_group"):
        tree, scene.compositing_node_group = scene.compositing_node_group, None
        if tree is not None and not tree.users:
            bpy.data.node_groups.remove(tree)
        return
    if scene.node_tree is not None:
        scene.node_tree.nodes.clear()
    scene.use_nodes = False


def end_of(tree: Any) -> Any | None:
    """The socket that what is rendered comes out of; None where there is none."""
    ends = [e for e in tree.nodes if e.bl_idname in (_END, "NodeGroupOutput")]
    ends.sort(key=lambda each: not getattr(each, "is_active_output", True))
    for each in ends:
        for socket in each.inputs:
            if socket.type == "RGBA":
                return socket
    return None


def mask_node(tree: Any, mask: Any, width: int, height: int) -> Any:
    """A node that draws a mask at a size of its own, feathers and all."""
    node = tree.nodes.new("CompositorNodeMask")
    node.mask = mask
    _say(node, "Size Source", "size_source", "Fixed", "FIXED")
    _say(node, "Size X", "size_x", width)
    _say(node, "Size Y", "size_y", height)
    _say(node, "Feather", "use_feather", True)
    return node


def switch_node(tree: Any) -> Any:
    """A node that lets its first input through, or, told so, its second."""
    node = tree.nodes.new("CompositorNodeSwitch")
    _say(node, "Switch", "check", False)
    return node


def switch_inputs(node: Any) -> list[Any]:
    """What a switch chooses between."""
    return [each for each in node.inputs if each.type == "RGBA"]


def _say(node: Any, socket: str, key: str, value: Any, older: Any = None) -> None:
    """Set what is a socket in newer versions, and a property in older ones."""
    if socket in node.inputs:
        node.inputs[socket].default_value = value
    else:
        setattr(node, key, value if older is None else older)
