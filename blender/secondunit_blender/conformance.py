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
    """Run the suite on a clip with a file and on one that has to be rendered."""
    part = _package()
    part("").find_ours()
    suite = importlib.import_module("secondunit_panel.conformance")
    contract = importlib.import_module("secondunit_contract.clip")
    frames = importlib.import_module("secondunit_contract.frames")
    versions = part(".versions")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = _scene()
        strips = versions.strips(scene.sequence_editor)
        media = _plates(folder / "plates")
        first = strips.new_image("plate", media.replace("####", "0001"), 1, 100)
        for number in range(2, FRAMES + 1):
            first.elements.append(f"plate.{number:04d}.png")
        versions.trim(first, frames.FrameRange(104, 111))
        versions.effect(strips, "slug", "COLOR", 2, frames.FrameRange(104, 111))
        main_thread = part(".pump").MainThread()
        host = part(".sequencer").SequencerHost(main_thread, part(".scenes").Scenes())
        clip = contract.Clip(media, frames.FrameRange(1, FRAMES), frames.Rate.of(24))
        reports = {}
        for name, given in (("plate", None), ("slug", clip)):
            for each in versions.all_strips(scene.sequence_editor):
                each.select = each.name == name
            reports[name] = suite.HostConformance(
                host, folder / name, given, main_thread.pump
            ).run()
    passed = all(each["passed"] for each in reports.values())
    output.write_text(json.dumps({"passed": passed, **reports}, indent=1, default=str), "utf-8")
    return 0 if passed else 1


def _package() -> Any:
    """Ours, from where this file lies: an extension has a name of Blender's own."""
    sys.path.insert(0, str(HERE.parent))
    return lambda name: importlib.import_module(HERE.name + name)


def _scene() -> Any:
    scene = bpy.context.scene
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = scene
    scene.render.resolution_x, scene.render.resolution_y = _SIZE
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
