"""Asks the Blender this runs in what only it can answer: `blender --background --python` this file.

    blender --background --factory-startup --python conformance.py -- conformance.json

It makes a cut of its own, plates and all, in a file that is never saved.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import bpy

HERE = Path(__file__).resolve().parent
FRAMES = 24
_SIZE = 64, 36


def main(output: Path) -> int:
    """Run the suite in each editor: in the Sequencer on a clip with a file and on one that has to
    be rendered, in the Clip editor, the Image editor, and on a camera's background.
    """
    part = _package()
    part("").find_ours()
    suite = importlib.import_module("secondunit_panel.conformance")
    clips = importlib.import_module("secondunit_contract.clip")
    frames = importlib.import_module("secondunit_contract.frames")
    main_thread, scenes = part(".pump").MainThread(), part(".scenes").Scenes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        media = _plates(folder / "plates")
        first = media.replace("####", "0001")
        clip = clips.Clip(media, frames.FrameRange(1, FRAMES), frames.Rate.of(24))
        scene = _scene()
        _cut(scene, first, part(".versions"), frames.FrameRange(104, 111))
        sequencer, editors = part(".sequencer").SequencerHost, part(".editors")
        reports = {}
        for name, make, given in (
            ("plate", sequencer, None),
            ("slug", sequencer, clip),
            ("clip", editors.ClipHost, None),
            ("image", editors.ImageHost, None),
            ("camera", part(".cameras").CameraHost, None),
        ):
            _opened(name, first, part(".versions"))
            host = make(main_thread, scenes)
            reports[name] = suite.HostConformance(
                host, folder / name, given, main_thread.pump
            ).run()
    passed = all(each["passed"] for each in reports.values())
    output.write_text(json.dumps({"passed": passed, **reports}, indent=1, default=str), "utf-8")
    return 0 if passed else 1


def _cut(scene: Any, first: str, versions: Any, frames: Any) -> None:
    """A strip of the plate, and one that no file is behind."""
    strips = versions.strips(scene.sequence_editor)
    plate = strips.new_image("plate", first, 1, 100)
    for number in range(2, FRAMES + 1):
        plate.elements.append(f"plate.{number:04d}.png")
    versions.trim(plate, frames)
    versions.effect(strips, "slug", "COLOR", 2, frames)


def _opened(name: str, first: str, versions: Any) -> None:
    """What the suite is about is what an artist has selected, or open."""
    if name == "clip":
        _clip_open(first)
    elif name == "image":
        _image_open(first)
    elif name == "camera":
        _behind(bpy.context.scene, first)
    for each in versions.all_strips(bpy.context.scene.sequence_editor):
        each.select = each.name == name


def _editor(kind: str) -> Any:
    """The window's largest area, as an editor of that kind: what is open in it."""
    screen = bpy.context.window_manager.windows[0].screen
    area = max(screen.areas, key=lambda each: each.width * each.height)
    area.type = kind
    return area.spaces.active


def _clip_open(first: str) -> None:
    _editor("CLIP_EDITOR").clip = bpy.data.movieclips.load(first)


def _image_open(first: str) -> None:
    image = bpy.data.images.load(first)
    image.source = "SEQUENCE"
    space = _editor("IMAGE_EDITOR")
    space.image = image
    space.image_user.frame_start, space.image_user.frame_duration = 1, FRAMES


def _behind(scene: Any, first: str) -> None:
    """The plate behind the scene's camera."""
    _editor("VIEW_3D")
    data = bpy.data.cameras.new("camera")
    camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(camera)
    scene.camera = camera
    shown = data.background_images.new()
    shown.source, shown.clip = "MOVIE_CLIP", bpy.data.movieclips.load(first)
    data.show_background_images = True


def _package() -> Any:
    """Ours, from where this file lies: an extension has a name of Blender's own."""
    sys.path.insert(0, str(HERE.parent))
    return lambda name: importlib.import_module(HERE.name + name)


def _scene() -> Any:
    scene = bpy.context.scene
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.render.resolution_x, scene.render.resolution_y = _SIZE
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.sequence_editor_create()
    return scene


def _plates(folder: Path) -> str:
    """Pictures that differ from frame to frame; their pattern."""
    folder.mkdir(parents=True)
    image = bpy.data.images.new("plate", *_SIZE)
    for number in range(1, FRAMES + 1):
        image.pixels = [number / FRAMES, 0.5, 0.25, 1.0] * (_SIZE[0] * _SIZE[1])
        image.filepath_raw, image.file_format = str(folder / f"plate.{number:04d}.png"), "PNG"
        image.save()
    bpy.data.images.remove(image)
    return str(folder / "plate.####.png")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[sys.argv.index("--") + 1])))
