"""Attaches a matte in Blender and renders what is cut by it: by its pictures, then by its shapes.

    python attach_matte.py FOLDER

FOLDER/told.json says what: {"plate", "take", "splines", "first", "last", "keys"}; frames come to
FOLDER/file and FOLDER/shapes, as linear EXR whose alpha is what cuts.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> None:
    """Attach, and render both ways."""
    sys.path[:0] = [str(HERE), str(HERE.parents[2] / "blender")]
    import secondunit_blender

    secondunit_blender.find_ours()
    import studio
    from stage import Stage

    from secondunit_blender import compositing, trees
    from secondunit_contract.frames import FrameRange

    told = json.loads((folder / "told.json").read_text("utf-8"))
    with Stage(folder, Path(told["plate"])) as stage:
        frames = FrameRange(told["first"], told["last"])
        scene = studio.scene_of(stage, frames.first, frames.last)
        clip, host = studio.clip_open(stage, Path(told["plate"]), start=frames.first)
        shot = host.selection().clips[0]
        scene.render.resolution_x, scene.render.resolution_y = shot.width, shot.height
        extra = {"splines": told["splines"]}
        take = studio.take_of(shot, told["take"], shot.clip.range, extra=extra)
        here = scene.frame_current
        placed = host.attach_matte(studio.delivery_of(shot, take, raw=True))
        tree = trees.tree_of(scene)
        mask = compositing.parts(tree, "mask")[0].mask
        out = {
            "placed": str(placed.place.range), "stayed": scene.frame_current == here,
            "layers": [each.name for each in mask.layers], "mask": str(mask.name),
            "editor": next(host.open_ones())[2].mode, "clip": str(clip.name),
        }  # fmt: skip
        for name in ("file", "shapes"):
            [switch] = compositing.parts(tree, "switch")
            if "Switch" in switch.inputs:
                switch.inputs["Switch"].default_value = name == "shapes"
            else:
                switch.check = name == "shapes"
            for frame in frames:
                studio.rendered(stage, scene, frame, name)
        (folder / "out.json").write_text(json.dumps(out), "utf-8")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except BaseException:  # noqa: BLE001 - told, then ended
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
