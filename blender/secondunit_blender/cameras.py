"""The 3D viewport as the panel's host: what the scene's camera has as its background, or guides.

A take lies where its plate does: one that is wider reaches beyond the camera's frame, until the
camera is told to follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_panel.host import (
    Delivery,
    HostCannot,
    HostGone,
    Place,
    Placed,
    PlaceGone,
    Progress,
    Selection,
    Shot,
)

from . import blocks, compositing, footage, framing, guides, markers, provenance, versions
from .editors import PictureHost
from .footage import block_in
from .placing import step
from .scenes import folder

VIEW = "VIEW_3D"
BEFORE = "secondunit_before"
"""In a camera that follows: what it and its backgrounds were before."""


class CameraHost(PictureHost):
    """The background of the scene's camera, and what the camera sees, as a guide."""

    can = frozenset(("place", "matte", "mark", "open", "take_out"))
    editor, track = VIEW, "Camera"

    def selection(self) -> Selection:
        """The background of the camera, with the guide that is wished for; without a background,
        the guide alone, to be shot from nothing.
        """
        return self._read(self._of_camera)

    def signature(self, context: Any) -> object:
        """Which camera, what is behind it, and which guide."""
        scene = context.scene
        camera = scene.camera
        data = camera.data if camera is not None else None
        shown = [
            (_name(each), each.show_background_image)
            for each in getattr(data, "background_images", ())
        ]
        name = str(camera.name_full) if camera is not None else ""
        size = scene.render.resolution_x, scene.render.resolution_y
        return (versions.known_by(scene), bpy.data.filepath, name, shown, size,
                footage.used(scene), guides.wished(scene))  # fmt: skip

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The background's file, or the guide, rendered."""
        if shot.place.id.startswith(guides.GUIDE):
            return self._told(lambda: guides.export(self.main, self.scenes, shot, folder, told))
        return super().plate(shot, folder, told)

    def open_ones(self) -> Iterator[tuple[Any, Any, Any]]:
        """None: a viewport shows no picture by itself."""
        return iter(())

    def _played(self, scene: Any, plate: Any, shown: Any) -> Any:
        for each in getattr(scene.camera and scene.camera.data, "background_images", ()):
            if each.source == "IMAGE" and each.image == plate:
                return each.image_user
        return None

    def _of_camera(self) -> Selection:
        scene = _shown_scene()
        document = self.scenes.document(scene)
        empty = Selection(playhead=scene.frame_current, document=document, folder=folder())
        if scene.camera is None or scene.camera.type != "CAMERA":
            return empty
        plate, kind = self._background(scene), guides.wished(scene)
        guide = None if kind is None else guides.shot(self.scenes, scene, kind, plate)
        if plate is not None:
            return replace(empty, clips=(plate,), guide=guide)
        return empty if guide is None else replace(empty, gap=guide.place, guide=guide)

    def _background(self, scene: Any) -> Shot | None:
        for shown in reversed(scene.camera.data.background_images):
            block = block_in(shown)
            if block is None or not shown.show_background_image or provenance.lies(block):
                continue
            user = None if shown.source == "MOVIE_CLIP" else shown.image_user
            shot = footage.shot(self.scenes, scene, block, user, self.track)
            if shot is not None:
                return shot
        return None

    def _placed(self, delivery: Delivery) -> Placed:
        scene = self.scenes.of(delivery.at.document)[0]
        camera = scene.camera
        if camera is None or camera.type != "CAMERA":
            raise PlaceGone("The scene has no camera any more", scene.name, "Choose its camera")
        guide = delivery.at.id.startswith(guides.GUIDE)
        plate = None if guide or not delivery.at.id else footage.block_of(delivery.at.id)
        kind = blocks.kind_of(delivery.at.id)
        held = blocks.holding(kind, delivery.job.id, delivery.take.number)
        if held is None:
            laid = _place_of(scene, camera.data, plate, delivery)
            with step(f"take {delivery.take.number}"):
                held = blocks.create(
                    kind, delivery, plate.name if plate is not None else camera.name
                )
                behind(camera.data, held, scene, laid)
                self._choose(camera.data, delivery, held)
                self._tell(scene, delivery)
        elif delivery.chosen:
            with step(f"take {delivery.take.number}"):
                self._choose(camera.data, delivery, held)
        return blocks.told(held, delivery, self._at(scene, held))

    def _choose(self, data: Any, delivery: Delivery, held: Any) -> None:
        """Of a slate show the chosen take alone."""
        data.show_background_images = data.show_background_images or delivery.chosen
        for shown in data.background_images:
            block = block_in(shown)
            if block is None or block.get(provenance.SLATE) != delivery.slate:
                continue
            mine = block.name_full == held.name_full
            if delivery.chosen or mine:
                shown.show_background_image = mine and delivery.chosen

    def _attached(self, delivery: Delivery) -> Placed:
        """A guide is no plate to be cut: its matte is a background like any take."""
        if delivery.at.id.startswith(guides.GUIDE):
            return self._placed(delivery)
        return super()._attached(delivery)

    def _known(self, at: Place) -> Any:
        if not at.id.startswith(guides.GUIDE):
            return super()._known(at)
        scene = self.scenes.of(at.document)[0]
        guides.camera_of(scene, at.id)
        return scene

    def _opened(self, at: Place, frame: int | None) -> None:
        scene = self._known(at)
        scene.frame_current = at.range.first if frame is None else frame
        if at.id.startswith(compositing.NODE):
            compositing.select(scene, at.id)

    def _taken_out(self, placed: Placed) -> None:
        kind = blocks.kind_of(placed.place.id)
        held = blocks.holding(kind, placed.job, placed.number) if placed.job else None
        if held is None or placed.place.id.startswith(compositing.NODE):
            super()._taken_out(placed)
            return
        with step(f"take {placed.number} out"):
            for data in bpy.data.cameras:
                for shown in reversed(list(data.background_images)):
                    if block_in(shown) == held:
                        data.background_images.remove(shown)
            kind.remove(held)
            for scene in self.scenes.of(placed.place.document):
                markers.remove(scene, placed.place.range.first, placed.number)


def behind(data: Any, block: Any, scene: Any, to: framing.Rect | None) -> Any:
    """Put a picture behind a camera, where it shall lie; None: as it fits the frame."""
    shown = data.background_images.new()
    if isinstance(block, bpy.types.MovieClip):
        shown.source, shown.clip = "MOVIE_CLIP", block
    else:
        shown.source, shown.image = "IMAGE", block
        blocks.play(shown.image_user, block)
    shown.frame_method, shown.alpha = "FIT", 1.0
    if to is not None:
        framing.lay(scene, data, shown, footage.size_of(block), to)
    return shown


def follow(scene: Any) -> None:
    """Have the scene's camera see all of the background it shows, and what it saw as it did.

    Raises HostCannot.
    """
    camera = scene.camera
    data = camera.data if camera is not None and camera.type == "CAMERA" else None
    if data is None:
        raise HostCannot("The scene has no camera", scene.name, "Choose one")
    if scene.library is not None:
        raise HostCannot("The scene comes from another file", scene.name, "Make it local")
    shown = [each for each in data.background_images if each.show_background_image]
    shown = [each for each in shown if block_in(each) is not None]
    if not shown:
        raise HostCannot("The camera has no background", data.name, "Place a take first")
    whole = framing.lies(scene, data, shown[-1], footage.size_of(block_in(shown[-1])))
    lie = list(_lying(scene, data))
    kept = data.get(BEFORE) or json.dumps(_state(scene, data))
    before = framing.pixels(scene, data)
    moved = framing.widen(scene, data, whole)
    by = before / framing.pixels(scene, data)
    for each, at in lie:
        to = framing.Rect(
            (at.x - moved[0]) * by, (at.y - moved[1]) * by, at.width * by, at.height * by
        )
        framing.lay(scene, data, each, footage.size_of(block_in(each)), to)
    data[BEFORE] = kept


def back(scene: Any) -> None:
    """Have the scene's camera be as it was before it followed. Raises HostCannot."""
    camera = scene.camera
    told = camera.data.get(BEFORE) if camera is not None and camera.type == "CAMERA" else None
    if not told:
        raise HostCannot("The camera has not followed anything", scene.name, "Undo instead")
    data, state = camera.data, json.loads(told)
    scene.render.resolution_x, scene.render.resolution_y = state["resolution"]
    for key, value in state["camera"].items():
        setattr(data, key, value)
    for shown in data.background_images:
        known = state["backgrounds"].get(_name(shown))
        if known:
            shown.frame_method, shown.scale = known["frame_method"], known["scale"]
            shown.offset = known["offset"]
    del data[BEFORE]


def _lying(scene: Any, data: Any) -> Iterator[tuple[Any, framing.Rect]]:
    """Each background that can be told where it lies; one that is turned stays as it is."""
    for shown in data.background_images:
        block = block_in(shown)
        if block is not None and all(footage.size_of(block)):
            with suppress(HostCannot):
                yield shown, framing.lies(scene, data, shown, footage.size_of(block))


def _place_of(scene: Any, data: Any, plate: Any, delivery: Delivery) -> framing.Rect | None:
    """Where a take of a plate lies that is a background; None where there is no such."""
    if plate is None:
        return None
    known = [each for each in data.background_images if block_in(each) == plate]
    if not known:
        return None
    size, take = footage.size_of(plate), (delivery.take.width, delivery.take.height)
    here = framing.lies(scene, data, known[-1], size)
    more = framing.margins(size, take, delivery.job.values)
    if more is None:
        return here
    one = here.width / size[0]
    return here.grown(more.left * one, more.right * one, more.top * one, more.bottom * one)


def _state(scene: Any, data: Any) -> dict[str, Any]:
    keys = ("sensor_width", "sensor_height", "shift_x", "shift_y", "ortho_scale")
    return {
        "resolution": [scene.render.resolution_x, scene.render.resolution_y],
        "camera": {key: getattr(data, key) for key in keys},
        "backgrounds": {
            _name(each): {
                "frame_method": each.frame_method, "scale": each.scale, "offset": list(each.offset)
            }
            for each in data.background_images
        },
    }  # fmt: skip


def _name(shown: Any) -> str:
    block = block_in(shown)
    return str(block.name_full) if block is not None else ""


def _shown_scene() -> Any:
    """The scene of a window, of one with a 3D viewport first. Raises HostGone."""
    windows = [each for each in bpy.context.window_manager.windows if each.screen is not None]
    windows.sort(key=lambda each: all(area.type != VIEW for area in each.screen.areas))
    if not windows:
        raise HostGone("No scene is open", "Blender", "Open a file, then select again")
    return windows[0].scene
