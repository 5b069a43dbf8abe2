"""Guides: what the scene's camera sees, drawn as structure for a shot to follow.

    depth    1 near, 0 far and where nothing is, from the nearest to the farthest of the whole shot
    normal   which way surfaces look from the camera: right is red, up is green, to it is blue
    ids      a colour of its own for each object, the same on every frame
    grey     the scene in grey clay, lit from above the camera's left shoulder, darker in corners

They are rendered from a copy of the scene, with one material for everything, as numbers that are
looked at as they are: 16-bit PNG. Where the camera has a plate behind it, a guide shows what lies
on the plate, and no more. Depth is even in 1/distance, as models of depth tell it, so that what is
near is told apart best.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

import bpy

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_panel.host import Place, PlaceGone, Progress, Shot
from secondunit_panel.orders import plain

from . import footage, framing, picturing, shaders
from .pump import MainThread
from .scenes import Scenes, rate
from .strips import home

GUIDE = "guide:"
"""What places of guides begin with."""

KINDS = {
    "depth": "Depth",
    "normal": "Normals",
    "ids": "Objects by colour",
    "grey": "Grey clay",
}
WISH = "secondunit_guide"
"""The scene's property that says which guide is wished for."""

UNDER = "under"
"""Where a guide's place tells of the plate that it lies on."""

_EXACT = 1e-4  # of the frame's width: less than a pixel
_SAMPLES = {"depth": 4, "normal": 4, "ids": 4, "grey": 16}
_LOOKED_AT = 5  # frames of a shot whose depths are measured
_SMALL = 96  # pixels across of what depths are measured on


def wished(scene: Any) -> str | None:
    """The guide that is wished for; None: the background."""
    kind = str(scene.get(WISH) or "")
    return kind if kind in KINDS else None


def shot(scenes: Scenes, scene: Any, kind: str, plate: Shot | None = None) -> Shot:
    """A guide of the scene's camera, on the frames of its plate, else those that are worked on."""
    frames, camera = plate.place.range if plate else footage.used(scene), str(scene.camera.name)
    document, id = scenes.document(scene), f"{GUIDE}{kind}:{camera}"
    under = {UNDER: plate.place.id} if plate else {}
    place = Place(frames, rate(scene), id, document, "Camera", extra=under)
    name = f"{camera} {KINDS[kind].lower()}" + (f" on {plate.name}" if plate else "")
    folder = home(document) / "plates" / plain(f"{name}_{frames}")
    clip = Clip(str(folder / f"{plain(name)}.####.png"), frames, rate(scene))
    size = (plate.width, plate.height) if plate else _size(scene)
    return Shot(name, clip, place, None, *size, must_export="It is the scene itself")


def camera_of(scene: Any, id: str) -> Any:
    """The camera of a guide's place. Raises PlaceGone."""
    name = id.removeprefix(GUIDE).partition(":")[2]
    found = scene.objects.get(name)
    if found is None or found.type != "CAMERA":
        raise PlaceGone(f"The camera {name} is not in the scene any more", id, "Choose another")
    return found


def export(main: MainThread, scenes: Scenes, shot: Shot, folder: Path, told: Progress) -> Clip:
    """The guide, rendered. Raises PlaceGone, and as `picturing.frames` does."""
    kind = shot.place.id.removeprefix(GUIDE).partition(":")[0]
    stem = Path(shot.clip.media).name.partition(".")[0]
    span = shot.place.range

    def here() -> View:
        return view_of(scenes.of(shot.place.document)[0], shot.place)

    ends = (0.0, 0.0)
    main.carry(here)
    if kind in ("depth", "grey"):
        ends = measured(main, here, span)

    def one(frame: int, path: Path) -> None:
        with _copy(here(), kind, ends) as made:
            picturing.render(made, frame, path)

    wanted = [(frame, Path(f"{stem}.{frame:04d}.png")) for frame in span]
    picturing.frames(main, folder, told, wanted, one)
    return Clip(str(folder / f"{stem}.####.png"), span, shot.place.rate)


class View(NamedTuple):
    """What a guide looks at: a scene by a camera; where the plate lies that it is for, if that is
    not the camera's own frame.
    """

    scene: Any
    camera: Any
    on: framing.Rect | None = None


def view_of(scene: Any, place: Place) -> View:
    """What the guide of a place looks at. Raises PlaceGone, HostCannot."""
    camera, under = camera_of(scene, place.id), str(place.extra.get(UNDER) or "")
    if not under:
        return View(scene, camera)
    plate = footage.block_of(under)
    behind = [each for each in camera.data.background_images if footage.block_in(each) == plate]
    if not behind:
        raise PlaceGone(f"{plate.name} is not behind the camera any more", under, "Select again")
    on = framing.lies(scene, camera.data, behind[-1], footage.size_of(plate))
    own = framing.frame(scene, camera.data)
    apart = max(abs(a - b) for a, b in zip(astuple(on), astuple(own), strict=True))
    return View(scene, camera, on if apart > _EXACT * own.width else None)


def measured(main: MainThread, view: Callable[[], View], span: FrameRange) -> tuple[float, float]:
    """The nearest and the farthest that a camera sees on a few frames of a shot, in the scene's
    units; the camera's own ends where it sees nothing.
    """
    step = max(1.0, (len(span) - 1) / (_LOOKED_AT - 1))
    frames = sorted({span.first + round(step * k) for k in range(_LOOKED_AT)} & set(span))
    seen: list[float] = []
    for frame in frames:
        seen += main.carry(lambda frame=frame: depths(view(), frame), writes=True)  # type: ignore[misc]
    if not seen:
        data = main.carry(lambda: view().camera.data)
        return float(data.clip_start), float(data.clip_end)
    near, far = min(seen), max(seen)
    return near, max(far, near * 1.001)


def depths(view: View, frame: int) -> list[float]:
    """How far away all is that a guide sees on a frame, on a coarse grid."""
    path = Path(bpy.app.tempdir) / f"secondunit_depths_{frame}.exr"
    with _copy(view, "distance", (0.0, 0.0)) as made:
        render, wide = made.render, max(_size(made))
        render.resolution_percentage = max(1, min(100, math.ceil(100 * _SMALL / wide)))
        made.cycles.samples = 1
        settings = render.image_settings
        settings.file_format, settings.color_mode, settings.color_depth = "OPEN_EXR", "RGB", "32"
        picturing.render(made, frame, path)
    image = bpy.data.images.load(str(path), check_existing=False)
    try:
        image.colorspace_settings.name = "Non-Color"
        values = image.pixels[:]
    finally:
        bpy.data.images.remove(image)
        path.unlink(missing_ok=True)
    # what is beside everything is 0; what an edge mixes with it is too near
    lowest = float(view.camera.data.clip_start)
    return [value for value in values[0::4] if value > lowest]


@contextlib.contextmanager
def _copy(view: View, kind: str, ends: tuple[float, float]) -> Iterator[Any]:
    """A copy of a scene that renders a guide, and nothing else."""
    material = shaders.material(kind, view.camera, ends)
    try:
        with (
            picturing.scene_of_ours("guide", view.scene) as made,
            _world(made),
            _seeing(made, view) as camera,
        ):
            _set(made, camera, material, _SAMPLES.get(kind, 1))
            yield made
    finally:
        bpy.data.materials.remove(material)


@contextlib.contextmanager
def _seeing(made: Any, view: View) -> Iterator[Any]:
    """The camera for a copy of its scene: a copy that sees what lies on the plate, where that is
    not all it sees.
    """
    if view.on is None:
        yield view.camera
        return
    data = view.camera.data.copy()
    camera = view.camera.copy()
    try:
        camera.data = data
        made.collection.objects.link(camera)
        framing.widen(made, data, view.on)
        yield camera
    finally:
        bpy.data.objects.remove(camera)
        bpy.data.cameras.remove(data)


def _set(made: Any, camera: Any, material: Any, samples: int) -> None:
    """Have a copy render one material alone: no light, no compositing, no strips."""
    render = made.render
    picturing.as_numbers(made, "RGB")
    made.camera, render.engine = camera, "CYCLES"
    render.resolution_percentage = 100
    render.use_compositing = render.use_sequencer = False
    render.film_transparent = render.use_motion_blur = render.use_freestyle = False
    render.use_simplify = render.use_persistent_data = False
    made.use_preview_range = False
    cycles = made.cycles
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising = samples, False, False
    cycles.max_bounces, cycles.device, cycles.seed = 0, "CPU", 0
    cycles.pixel_filter_type = "BOX"
    cycles.filter_width = 1.0
    for layer in made.view_layers:
        layer.material_override = material


@contextlib.contextmanager
def _world(made: Any) -> Iterator[None]:
    """Nothing is where nothing is: a world without light."""
    world = bpy.data.worlds.new("Second Unit nothing")
    if world.node_tree is None:
        world.use_nodes = True
    for node in world.node_tree.nodes:
        if node.bl_idname == "ShaderNodeBackground":
            node.inputs["Strength"].default_value = 0.0
    made.world = world
    try:
        yield
    finally:
        made.world = None
        bpy.data.worlds.remove(world)


def _size(scene: Any) -> tuple[int, int]:
    return int(scene.render.resolution_x), int(scene.render.resolution_y)
