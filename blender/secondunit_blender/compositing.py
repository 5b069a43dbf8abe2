"""A matte comes into the compositor: its pictures, a cut of the plate by them, and their shapes.

What the scene renders stays what it was: where something comes out of the tree already, the cut
stands beside it, shown by a viewer; else it is what comes out.
"""

from __future__ import annotations

from typing import Any

import bpy

from secondunit_contract.frames import FrameRange
from secondunit_panel.host import Delivery, NotPlaced, Place, Placed, PlaceGone

from . import blocks, provenance, shapes, trees
from .placing import files_of, step
from .scenes import absolute

NODE = "node:"
"""What places of nodes begin with."""

_PART = "secondunit_part"
_STEP = 260  # from node to node


def node_of(scene: Any, id: str) -> Any:
    """A node of the scene's compositor. Raises PlaceGone."""
    tree = trees.tree_of(scene)
    found = tree.nodes.get(id.removeprefix(NODE)) if tree is not None else None
    if found is None:
        raise PlaceGone("The matte's node is not there any more", id, "Place the matte again")
    return found


def select(scene: Any, id: str) -> None:
    """Select a node alone, and make it the active one."""
    node, tree = node_of(scene, id), trees.tree_of(scene)
    for each in tree.nodes if tree is not None else ():
        each.select = each.name == node.name
    if tree is not None:
        tree.nodes.active = node


def span(node: Any) -> FrameRange:
    """The frames of the scene a matte's node plays on."""
    return FrameRange.starting(int(node.frame_start), max(1, int(node.frame_duration)))


def parts(tree: Any, part: str, slate: str = "", take: tuple[str, int] | None = None) -> list[Any]:
    """The nodes of ours that are this part: of a slate, of a take."""
    return [
        each
        for each in (tree.nodes if tree is not None else ())
        if each.get(_PART) == part
        and (not slate or each.get(provenance.SLATE) == slate)
        and (take is None or provenance.plays(each) == take)
    ]


class Cut:
    """The mattes of one slate on their way into a scene's compositor.

    `shown` is the editor the plate is open in, as (window, area, space), where it is in one; `user`
    how a plate that is an image is played.
    """

    def __init__(self, scene: Any, delivery: Delivery, plate: Any, shown: Any, user: Any) -> None:
        self.scene, self.delivery, self.plate = scene, delivery, plate
        self.shown, self.user = shown, user
        self.tree: Any = trees.tree_of(scene)
        self._nodes: list[Any] = []
        self._data: list[tuple[Any, Any]] = []

    def standing(self) -> Any | None:
        """The node of this take that stands already."""
        take = (self.delivery.job.id, self.delivery.take.number)
        return next(iter(parts(self.tree, "matte", take=take)), None)

    def make(self) -> Any:
        """Put it in; the node of its pictures. Raises NotPlaced, and leaves nothing then."""
        files_of(self.delivery.take)
        traced = shapes.traced(self.delivery)
        fresh = self.tree is None
        if self.tree is None:
            self.tree = trees.new_tree(self.scene)
        try:
            if fresh:
                self._renders_as_before()
            matte = self._matte()
            if traced.shapes:
                self._shapes(matte, traced)
            if not parts(self.tree, "cut", self.delivery.slate):
                self._cut(fresh)
            if self.delivery.chosen or len(parts(self.tree, "matte", self.delivery.slate)) == 1:
                self.show(matte)
        except BaseException:
            self._taken_back(fresh)
            raise
        return matte

    def show(self, matte: Any) -> None:
        """Have the plate be cut by this take."""
        [cut, *_] = parts(self.tree, "cut", self.delivery.slate)
        take = provenance.plays(matte)
        switches = parts(self.tree, "switch", take=take)
        source = switches[0].outputs[0] if switches else _alpha(matte)
        self.tree.links.new(source, cut.inputs["Alpha"])

    def is_shown(self, matte: Any) -> bool:
        """Whether the plate is cut by this take."""
        for cut in parts(self.tree, "cut", self.delivery.slate):
            for link in cut.inputs["Alpha"].links:
                return provenance.plays(link.from_node) == provenance.plays(matte)
        return False

    def told(self, matte: Any, place: Place) -> Placed:
        """What stands, read back. Raises NotPlaced where it is not what was to be placed."""
        delivery, take = self.delivery, self.delivery.take
        image = matte.image
        path = absolute(image.filepath, image.library) if image is not None else ""
        wrong = {
            f"plays {path or 'nothing'}": path != absolute(files_of(take)[0]),
            f"stands on {place.range}, not on {delivery.lies}": place.range != delivery.lies,
        }
        for what, holds in wrong.items():
            if holds:
                raise NotPlaced(f"The matte {what}", matte.name, "Take it out, then place it again")
        how = f"matte {take.number}" + ("" if self.is_shown(matte) else ", beside the one shown")
        return Placed(place, take.media, take.range, how, take.job, take.number)

    # how

    def _node(self, kind: str, part: str, label: str, at: tuple[float, float]) -> Any:
        return self._ours(self.tree.nodes.new(kind), part, label, at)

    def _ours(self, node: Any, part: str, label: str, at: tuple[float, float]) -> Any:
        self._nodes.append(node)
        node.label, node[_PART] = label, part
        x, y = self._corner()
        node.location = (x + at[0] * _STEP, y - at[1] * _STEP)
        provenance.imprint(node, self.delivery)
        if part in ("matte", "mask", "switch"):
            provenance.tell(node, self.delivery.take)
        return node

    def _corner(self) -> tuple[float, float]:
        """Below all that stands, or where the slate begins."""
        own = parts(self.tree, "matte", self.delivery.slate)
        if own:
            return float(own[0].location[0]), float(own[0].location[1])
        others = [each for each in self.tree.nodes if each not in self._nodes]
        lowest = min((float(each.location[1]) for each in others), default=0.0)
        return 0.0, lowest - 1.5 * _STEP

    def _matte(self) -> Any:
        delivery, take = self.delivery, self.delivery.take
        image = blocks.create(bpy.data.images, delivery, self.plate.name)
        self._data.append((bpy.data.images, image))
        blocks.colour(image, "Non-Color")
        image.alpha_mode = "CHANNEL_PACKED"  # the alpha as it is, the picture not multiplied by it
        image.use_fake_user = False
        many = len(parts(self.tree, "matte", delivery.slate))
        label = f"matte {take.number} · seed {take.seed}"
        node = self._node("CompositorNodeImage", "matte", label, (0, many))
        node.image = image
        node.frame_duration = len(delivery.lies)
        node.frame_start = delivery.lies.first
        blocks.play(node, image)
        return node

    def _shapes(self, matte: Any, traced: shapes.Traced) -> None:
        """The mask of the shapes, and a switch that cuts by it instead."""
        number = self.delivery.take.number
        mask = shapes.mask(traced, matte.image.name, self.scene, self.shown)
        self._data.append((bpy.data.masks, mask))
        provenance.imprint(mask, self.delivery)
        provenance.tell(mask, self.delivery.take)
        drawn = trees.mask_node(self.tree, mask, *traced.size)
        self._ours(drawn, "mask", f"shapes of matte {number}", (0.7, number))
        switch = trees.switch_node(self.tree)
        self._ours(switch, "switch", "cut by the shapes", (1.2, number - 0.5))
        for socket, source in zip(
            trees.switch_inputs(switch), (_alpha(matte), drawn.outputs[0]), strict=True
        ):
            self.tree.links.new(source, socket)

    def _cut(self, fresh: bool) -> None:
        """The plate, cut; and its way out, where nothing else goes that way."""
        cut = self._node("CompositorNodeSetAlpha", "cut", "the plate, cut", (2, 0))
        self.tree.links.new(self._plate().outputs["Image"], cut.inputs["Image"])
        end = trees.end_of(self.tree)
        if end is not None and not end.is_linked:
            self.tree.links.new(cut.outputs[0], end)
        elif not any(each.bl_idname == "CompositorNodeViewer" for each in self.tree.nodes):
            viewer = self._node("CompositorNodeViewer", "viewer", "", (3, 0))
            self.tree.links.new(cut.outputs[0], viewer.inputs[0])

    def _plate(self) -> Any:
        """The node that shows the plate: one there already, else a new one."""
        is_clip = isinstance(self.plate, bpy.types.MovieClip)
        key = "clip" if is_clip else "image"
        for each in self.tree.nodes:
            if each.bl_idname == f"CompositorNode{'MovieClip' if is_clip else 'Image'}":
                held = getattr(each, key)
                if held is not None and held.name_full == self.plate.name_full:
                    return each
        kind = "CompositorNodeMovieClip" if is_clip else "CompositorNodeImage"
        node = self._node(kind, "plate", "the plate", (0, -1))
        setattr(node, key, self.plate)
        if not is_clip and self.user is not None and self.plate.source in ("SEQUENCE", "MOVIE"):
            for name in ("frame_start", "frame_duration", "frame_offset", "use_cyclic"):
                setattr(node, name, getattr(self.user, name))
            node.use_auto_refresh = True
        return node

    def _renders_as_before(self) -> None:
        """In a new tree what the scene renders comes out, where it renders anything."""
        end = trees.end_of(self.tree)
        if self.scene.camera is not None and end is not None:
            layers = self.tree.nodes.new("CompositorNodeRLayers")
            layers.location = (0, 0)
            self.tree.links.new(layers.outputs["Image"], end)

    def _taken_back(self, fresh: bool) -> None:
        for node in self._nodes:
            self.tree.nodes.remove(node)
        for kind, each in self._data:
            kind.remove(each)
        if fresh:
            trees.drop_tree(self.scene)


def take_out(scene: Any, job: str, number: int) -> bool:
    """Remove the nodes, the pictures and the mask of a matte; whether there were any.

    With the last of a slate goes its cut; else the plate is cut by another of its takes.
    """
    tree, take = trees.tree_of(scene), (job, number)
    mattes = parts(tree, "matte", take=take)
    if tree is None or not mattes:
        return False
    slate = str(mattes[0].get(provenance.SLATE) or "")
    with step(f"matte {number} out"):
        for part in ("switch", "mask", "matte"):
            for node in parts(tree, part, take=take):
                held = getattr(node, "mask", None) or getattr(node, "image", None)
                tree.nodes.remove(node)
                if held is not None and not _used(held):
                    kind = bpy.data.masks if isinstance(held, bpy.types.Mask) else bpy.data.images
                    kind.remove(held)
        left = parts(tree, "matte", slate)
        cuts = parts(tree, "cut", slate)
        if not left:
            for part in ("cut", "plate", "viewer"):
                for node in parts(tree, part, slate):
                    tree.nodes.remove(node)
        elif cuts and not cuts[0].inputs["Alpha"].is_linked:
            switches = parts(tree, "switch", take=provenance.plays(left[-1]))
            source = switches[0].outputs[0] if switches else _alpha(left[-1])
            tree.links.new(source, cuts[0].inputs["Alpha"])
    return True


def _used(block: Any) -> bool:
    """Whether anything but an editor uses a datablock."""
    users = bpy.data.user_map(subset={block}).get(block, set())
    return any(not isinstance(each, (bpy.types.Screen, bpy.types.WindowManager)) for each in users)


def _alpha(matte: Any) -> Any:
    """What of a matte's pictures is the matte: their alpha, or all of them where they have none."""
    return matte.outputs["Alpha" if blocks.has_alpha(matte.image) else "Image"]
