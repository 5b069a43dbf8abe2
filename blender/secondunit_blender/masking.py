"""A mask of Blender's as the matte of a job: drawn on some frames of the plate, or on all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_panel.host import Place, PlaceGone, Progress, Shot
from secondunit_panel.orders import plain

from . import picturing, trees
from .pump import MainThread
from .strips import home

MASK = "mask:"
"""What places of masks begin with."""


@dataclass(frozen=True)
class Use:
    """Which mask is the matte of a plate: drawn on these frames of the scene, or, without, on all.

    Drawn on some, the engine carries it through the others.
    """

    mask: str
    frames: tuple[int, ...] = ()

    def also_on(self, frame: int) -> Use:
        """Drawn on one more frame."""
        return Use(self.mask, tuple(sorted({*self.frames, frame})))


def shot(plate: Shot, use: Use) -> Shot | None:
    """The mask as the matte of a plate; None where it has gone, or was drawn beside the plate."""
    if not any(each.name_full == use.mask for each in bpy.data.masks):
        return None
    frames = [each for each in use.frames or plate.place.range if each in plate.place.range]
    if not frames:
        return None
    span = FrameRange(frames[0], frames[-1])
    numbers = FrameRange.starting(1, len(frames))
    if not use.frames and plate.clip.range is not None:
        numbers = plate.clip.range
    at = plate.place
    place = Place(span, at.rate, MASK + use.mask, at.document, at.track, extra={"frames": frames})
    folder = home(at.document) / "plates" / plain(f"{use.mask}_{span}")
    clip = Clip(str(folder / f"{plain(use.mask)}.####.png"), numbers, at.rate)
    return Shot(use.mask, clip, place, None, plate.width, plate.height, "It is a mask of Blender's")


def frames_of(selected: Shot, use: Use | None) -> list[int]:
    """The plate's own numbers of the frames a mask was drawn on, as tasks are told them."""
    numbers = selected.clip.range
    if use is None or numbers is None:
        return []
    late = numbers.first - selected.place.range.first
    return [frame + late for frame in use.frames if frame in selected.place.range]


def export(main: MainThread, shot: Shot, folder: Path, told: Progress) -> Clip:
    """The mask, drawn at its plate's size on each of its frames: 16-bit grey PNG.

    Raises PlaceGone, and as `picturing.frames` does.
    """
    drawn = [int(each) for each in shot.place.extra.get("frames") or shot.place.range]
    numbers = shot.clip.range or FrameRange.starting(1, len(drawn))
    stem = Path(shot.clip.media).name.partition(".")[0]
    main.carry(lambda: _mask(shot.place.id))

    def one(frame: int, path: Path) -> None:
        with picturing.scene_of_ours("mask") as scene:
            draw(scene, _mask(shot.place.id), (shot.width, shot.height), frame, path)

    wanted = [
        (frame, Path(f"{stem}.{number:04d}.png"))
        for frame, number in zip(drawn, numbers, strict=True)
    ]
    picturing.frames(main, folder, told, wanted, one)
    return Clip(str(folder / f"{stem}.####.png"), numbers, shot.place.rate)


def draw(scene: Any, mask: Any, size: tuple[int, int], frame: int, path: Path) -> None:
    """Draw a mask, as it stands on a frame, into a picture, through a scene of our own."""
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage, scene.render.engine = 100, "BLENDER_WORKBENCH"
    picturing.as_numbers(scene, "BW")
    tree = trees.new_tree(scene)
    try:
        end = trees.end_of(tree)
        tree.links.new(trees.mask_node(tree, mask, *size).outputs[0], end)
        picturing.render(scene, frame, path)
    finally:
        trees.drop_tree(scene)


def _mask(id: str) -> Any:
    name = id.removeprefix(MASK)
    found = next((each for each in bpy.data.masks if each.name_full == name), None)
    if found is None:
        raise PlaceGone(f"The mask {name} is not in the file any more", id, "Choose another")
    return found
