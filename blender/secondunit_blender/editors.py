"""The Clip and the Image editor as the panel's hosts: the picture that is open in them.

Takes come as movie clips and images beside the plate's, mattes into the scene's compositor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_contract.problem import MediaMissing
from secondunit_panel.host import (
    Delivery,
    HostGone,
    Mark,
    Place,
    Placed,
    PlaceGone,
    Progress,
    Selection,
    Shot,
)

from . import blocks, compositing, footage, markers, masking, picturing, versions
from .host import BlenderHost
from .placing import step
from .scenes import folder, rate

CLIP_EDITOR, IMAGE_EDITOR = "CLIP_EDITOR", "IMAGE_EDITOR"


class PictureHost(BlenderHost):
    """An editor that shows one picture at a time."""

    can = frozenset(("place", "matte", "mark", "open", "take_out"))
    editor = ""
    track = ""

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self._seen = ""
        self.masks: dict[str, masking.Use] = {}

    # what is open

    def open_ones(self) -> Iterator[tuple[Any, Any, Any]]:
        """(window, area, space) of each editor of the kind with a picture, the last drawn first."""
        found = [
            (window, area, area.spaces.active)
            for window in bpy.context.window_manager.windows
            if window.screen is not None
            for area in window.screen.areas
            if area.type == self.editor and self.picture(area.spaces.active) is not None
        ]
        found.sort(key=lambda each: footage.id_of(self.picture(each[2])) != self._seen)
        return iter(found)

    def picture(self, space: Any) -> Any:
        """The movie clip or image a space shows."""
        return space.clip if self.editor == CLIP_EDITOR else space.image

    def user(self, space: Any) -> Any:
        """How it is played there."""
        return space.clip_user if self.editor == CLIP_EDITOR else space.image_user

    def selection(self) -> Selection:
        """The picture that is open, with the mask an artist has told to be its matte."""
        return self._read(self._selection)

    def signature(self, context: Any) -> object:
        """What is open, how it is played, and on which frames."""
        space, scene = context.space_data, context.scene
        block = self.picture(space) if space is not None else None
        if block is None:
            return (versions.known_by(scene), bpy.data.filepath)
        self._seen = footage.id_of(block)
        user = self.user(space)
        played = [
            getattr(at, key, 0)
            for at in (user, block)
            for key in ("frame_start", "frame_duration", "frame_offset", "filepath")
        ]
        return (versions.known_by(scene), bpy.data.filepath, self._seen, footage.used(scene),
                played, self.masks.get(self._seen))  # fmt: skip

    def _selection(self) -> Selection:
        window, _, space = next(self.open_ones(), (None, None, None))
        scene = _scene(window)
        document = self.scenes.document(scene)
        empty = Selection(playhead=scene.frame_current, document=document, folder=folder())
        block = self.picture(space) if space is not None else None
        if block is None:
            return empty
        shot = footage.shot(self.scenes, scene, block, self.user(space), self.track)
        if shot is None:
            return empty
        use = self.masks.get(shot.place.id)
        matte = masking.shot(shot, use) if use is not None else None
        return replace(empty, clips=(shot,), matte=matte)

    # what the panel asks for

    def plate(self, shot: Shot, folder: Path, told: Progress) -> Clip:
        """The picture's file; what was made in Blender is written out."""
        if shot.place.id.startswith(masking.MASK):
            return self._told(lambda: masking.export(self.main, shot, folder, told))
        if shot.must_export:
            return self._told(lambda: picturing.export(self.main, shot, folder, told))
        block = self._read(lambda: footage.block_of(shot.place.id))
        if not blocks.first_file(shot.clip).is_file():
            raise MediaMissing(
                f"The file of {block.name} is not there", str(blocks.first_file(shot.clip)),
                "File > External Data > Find Missing Files, then try again",
            )  # fmt: skip
        return shot.clip

    def place(self, delivery: Delivery) -> Placed:
        """A movie clip or an image beside the plate's, on the same frames."""
        return self._write(lambda: self._placed(delivery))

    def attach_matte(self, delivery: Delivery) -> Placed:
        """The matte in the compositor, cutting the plate; its shapes as a mask to edit."""
        return self._write(lambda: self._attached(delivery))

    def mark(self, at: Place, mark: Mark) -> None:
        """A marker of the timeline. One of ours at the same frame is replaced."""
        self._write(lambda: self._marked(at, mark))

    def open(self, at: Place, frame: int | None = None) -> None:
        """Show a picture in its editor, or a matte's node in the compositor."""
        self._write(lambda: self._opened(at, frame))

    def take_out(self, placed: Placed) -> None:
        """Remove the movie clip or image of a take, or its nodes and its mask."""
        self._write(lambda: self._taken_out(placed))

    # how

    def _placed(self, delivery: Delivery) -> Placed:
        scene = self.scenes.of(delivery.at.document)[0]
        plate = footage.block_of(delivery.at.id) if delivery.at.id else None
        kind = blocks.kind_of(delivery.at.id)
        held = blocks.holding(kind, delivery.job.id, delivery.take.number)
        if held is None:
            with step(f"take {delivery.take.number}"):
                held = blocks.create(kind, delivery, plate.name if plate is not None else "take")
                self._tell(scene, delivery)
        return blocks.told(held, delivery, self._at(scene, held))

    def _attached(self, delivery: Delivery) -> Placed:
        scene = self.scenes.of(delivery.at.document)[0]
        plate = footage.block_of(delivery.at.id)
        shown = next(self.open_ones(), None)
        cut = compositing.Cut(scene, delivery, plate, shown, self._played(scene, plate, shown))
        held = cut.standing()
        if held is None:
            with step(f"matte {delivery.take.number}"):
                held = cut.make()
                self._tell(scene, delivery)
        elif delivery.chosen and not cut.is_shown(held):
            with step(f"matte {delivery.take.number}"):
                cut.show(held)
        return cut.told(held, self._at(scene, held, compositing.span(held)))

    def _played(self, scene: Any, plate: Any, shown: Any) -> Any:
        """How a plate that is an image is played."""
        return self.user(shown[2]) if shown is not None else None

    def _at(self, scene: Any, held: Any, frames: Any = None) -> Place:
        id = compositing.NODE + held.name if isinstance(held, bpy.types.Node) else ""
        stands = frames or blocks.lies(held)
        document = self.scenes.document(scene)
        return Place(stands, rate(scene), id or footage.id_of(held), document, self.track)

    def _tell(self, scene: Any, delivery: Delivery) -> None:
        if delivery.chosen:
            markers.write(scene, delivery.lies.first, markers.of_take(delivery))

    def _marked(self, at: Place, mark: Mark) -> None:
        scene = self._known(at)
        if not markers.stands(scene, mark.range.first, mark):
            with step("mark"):
                markers.write(scene, mark.range.first, mark)

    def _opened(self, at: Place, frame: int | None) -> None:
        scene = self._known(at)
        scene.frame_current = at.range.first if frame is None else frame
        if at.id.startswith(compositing.NODE):
            compositing.select(scene, at.id)
            return
        block = footage.block_of(at.id) if at.id else None
        for _, _, space in self.open_ones():
            if block is not None:
                self._show(space, block)
            break

    def _show(self, space: Any, block: Any) -> None:
        """Have an editor show a picture, where it is one it can show."""
        if isinstance(block, bpy.types.MovieClip) == (self.editor == CLIP_EDITOR):
            if self.editor == CLIP_EDITOR:
                space.clip = block
            elif space.image != block:
                space.image = block
                blocks.play(space.image_user, block)

    def _known(self, at: Place) -> Any:
        """The scene of a place that is there. Raises PlaceGone."""
        scene = self.scenes.of(at.document)[0]
        if at.id.startswith(compositing.NODE):
            compositing.node_of(scene, at.id)
        elif at.id:
            footage.block_of(at.id)
        return scene

    def _taken_out(self, placed: Placed) -> None:
        try:
            scenes = self.scenes.of(placed.place.document)
        except PlaceGone:
            return
        if not placed.job:
            return
        for scene in scenes:
            if placed.place.id.startswith(compositing.NODE):
                gone = compositing.take_out(scene, placed.job, placed.number)
            else:
                gone = blocks.take_out(blocks.kind_of(placed.place.id), placed.job, placed.number)
            if gone:
                markers.remove(scene, placed.place.range.first, placed.number)


class ClipHost(PictureHost):
    """The movie clip that is open."""

    editor, track = CLIP_EDITOR, "Clip Editor"


class ImageHost(PictureHost):
    """The image that is open."""

    editor, track = IMAGE_EDITOR, "Image Editor"


def _scene(window: Any) -> Any:
    """The scene of a window. Raises HostGone where Blender shows none."""
    windows = [window] if window is not None else list(bpy.context.window_manager.windows)
    if not windows:
        raise HostGone("No scene is open", "Blender", "Open a file, then select again")
    return windows[0].scene
