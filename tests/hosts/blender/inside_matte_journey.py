"""A clip that is clicked, the real engine, and its matte in the compositor; a guide, and its take.

    python inside_matte_journey.py FOLDER PLATE

What stands is written to FOLDER/told.json, what is rendered to FOLDER: who reads them compares.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import bpy

HERE = Path(__file__).resolve().parent
CLIP, VIEW = "CLIP_EDITOR", "VIEW_3D"
PATIENCE = 150


class Desk:
    """The panel of an editor, as an artist uses it."""

    def __init__(self, stage, editor: str) -> None:
        from secondunit_blender import running

        self.stage, self.editor = stage, editor
        self.main, self.room = running.running().main, running.room(editor)
        self.session = self.room.session or self.room.open()
        self.until(lambda: self.session.desk.cards and not self.session.looking)

    def until(self, holds) -> None:
        def there():
            told = [each.sentence for each in self.session.notices.shown]
            assert not told, told
            return holds()

        self.stage.until(there, PATIENCE, self.main)

    def look(self) -> None:
        self.session.look()
        self.until(lambda: not self.session.looking)

    def shoot(self, task: str, **values):
        self.look()
        self.session.choose(task)
        self.session.settle(takes=1, seed=7, steps=1)
        for key, value in values.items():
            self.session.set(key, value)
        before = set(self.session.dailies.takes)
        assert bpy.ops.secondunit.shoot(editor=self.editor) == {"FINISHED"}

        def fresh():
            return [e for id, e in self.session.dailies.takes.items() if id not in before]

        self.until(lambda: fresh() and not self.session.dailies.open())
        return fresh()[0]

    def place(self, entry):
        assert bpy.ops.secondunit.place(editor=self.editor, about=entry.id) == {"FINISHED"}
        self.until(lambda: entry.id in self.session.placed)
        return self.session.placed[entry.id]


def journey(folder: Path, plate: Path) -> dict:
    """The whole way; what is to be told of it."""
    import studio
    from stage import Stage

    import secondunit_blender
    from secondunit_blender import cameras, compositing, guides, trees
    from secondunit_contract.wire import to_json

    told: dict = {}
    with Stage(folder, plate) as stage:
        secondunit_blender.register()
        scene = studio.scene_of(stage, 11, 13)
        scene.render.resolution_x, scene.render.resolution_y = 320, 180
        studio.clip_open(stage, stage.media(), start=6)
        stage.save()
        desk = Desk(stage, CLIP)
        desk.session.choose("matte")
        marks = desk.session.desk.marks
        number = desk.session.desk.shot.clip.range.first
        told["first"] = number
        marks = marks.with_box(number, 0.35, 0.1, 0.65, 0.98).with_point(number, 0.5, 0.5)
        desk.session.draw(marks.with_point(number, 0.05, 0.1, add=False))
        entry = desk.shoot("matte", splines=True, way="look", quality="preview")
        placed = desk.place(entry)
        told["take"], told["placed"] = to_json(entry.take), str(placed.place.range)
        tree = trees.tree_of(scene)
        told["shapes"] = len(compositing.parts(tree, "mask")[0].mask.layers)
        told["marker"] = [(each.frame, each.name) for each in scene.timeline_markers]
        for frame in (11, 12, 13):
            studio.rendered(stage, scene, frame, "cut")

        camera = bpy.data.objects.new("cam", bpy.data.cameras.new("cam"))
        camera.location = (0, 0, 8)
        scene.collection.objects.link(camera)
        scene.camera = camera
        bpy.ops.mesh.primitive_monkey_add(size=3)
        scene.render.resolution_x, scene.render.resolution_y = 160, 96
        studio.area(VIEW)
        scene[guides.WISH] = "depth"
        view = Desk(stage, VIEW)
        made = view.shoot("insert", prompt="a red ball")
        view.place(made)
        job = view.session.dailies.jobs[made.take.job].job
        told["inputs"], told["guide"] = sorted(job.inputs), to_json(job.inputs["guide"])
        told["shot"] = to_json(made.take)
        told["behind"] = [cameras.block_in(each).name for each in camera.data.background_images]
        secondunit_blender.unregister()
    return told


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parents[2] / "blender")]
    folder = Path(sys.argv[1])
    try:
        import secondunit_blender

        secondunit_blender.find_ours()
        told = journey(folder, Path(sys.argv[2]))
        (folder / "told.json").write_text(json.dumps(told), "utf-8")
    except BaseException:  # noqa: BLE001 - told, then ended
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
