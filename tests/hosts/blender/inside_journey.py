"""A cut, the real engine, and back: an insert between strips, and a plate that has to be rendered.

    python inside_journey.py FOLDER PLATE [left|returned]

With one more word it is two halves: a Blender that is left in the middle of a job, and one that is
opened on the same file later. What stands is written to FOLDER/told.json, what is seen to
FOLDER/seen: who reads them compares.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import bpy

HERE = Path(__file__).resolve().parent
EDITOR = "SEQUENCE_EDITOR"
PATIENCE = 300


def seen(stage, folder: Path, name: str, first: int, last: int) -> None:
    """Render frames of the cut as they are seen."""
    render = stage.scene.render
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    stage.scene.frame_start, stage.scene.frame_end = first, last
    render.filepath = str(folder / "seen" / name) + "."
    bpy.ops.render.render(animation=True, scene=stage.scene.name)


class Panel:
    """The extension's panel, as an artist uses it."""

    def __init__(self, stage) -> None:
        from secondunit_blender import panel, running

        self.stage, self.kind = stage, panel._kinds[0]
        self.main, self.room = running.running().main, running.room(EDITOR)

    @property
    def session(self):
        return self.room.session

    def draw(self) -> None:
        from shown import Layout

        self.kind.draw(SimpleNamespace(layout=Layout([])), bpy.context)

    def until(self, holds) -> None:
        def there():
            if self.session is not None:
                told = [each.sentence for each in self.session.notices.shown]
                assert not told, told
            return holds()

        self.stage.until(there, PATIENCE, self.main)

    def select(self, *names: str, playhead: int) -> None:
        for each in self.stage.strips:
            each.select = each.name in names
        self.stage.scene.frame_current = playhead
        self.draw()
        self.until(lambda: self.session and not self.session.looking and self.room.form)
        self.until(lambda: self.session.desk.selection.playhead == playhead)

    def shoot(self, task: str, takes: int, **values) -> list:
        """Shoot, and wait for the takes; they come by number."""
        before = set(self.session.dailies.takes)
        self.session.choose(task)
        self.until(lambda: self.session.desk.task.name == task)
        self.main.pump(0.05)
        self.session.settle(takes=takes, seed=7, steps=1)
        for key, value in values.items():
            setattr(self.room.values(self.room.form), f"v_{key}", value)
        assert bpy.ops.secondunit.shoot(editor=EDITOR) == {"FINISHED"}

        def fresh():
            return [e for id, e in self.session.dailies.takes.items() if id not in before]

        self.until(lambda: len(fresh()) == takes and not self.session.dailies.open())
        self.draw()
        return sorted(fresh(), key=lambda each: each.take.number)

    def place(self, entry) -> str:
        assert bpy.ops.secondunit.place(editor=EDITOR, about=entry.id) == {"FINISHED"}
        self.until(lambda: entry.id in self.session.placed)
        return self.session.placed[entry.id].place.id


def journey(folder: Path, plate: Path) -> dict:
    """The whole way; what is to be told of it."""
    from stage import Stage

    import secondunit_blender
    from secondunit_blender import versions
    from secondunit_contract.frames import FrameRange
    from secondunit_contract.wire import to_json

    told: dict = {}
    with Stage(folder, plate) as stage:
        secondunit_blender.register()
        stage.meta("scene 1", 2, stage.movie("a", 1, 6))
        b = stage.movie("b", 10, 24, channel=2)
        versions.trim(b, FrameRange(15, 20))
        versions.trim(b, FrameRange(15, 18))
        versions.move(b, 6)
        versions.trim(b, FrameRange(11, 14))
        back = stage.movie("back", 31, channel=1)
        back.use_reverse_frames = True
        versions.trim(back, FrameRange(41, 44))
        stage.save()
        panel = Panel(stage)
        panel.draw()
        panel.until(lambda: panel.session and panel.session.desk.cards)

        panel.select(playhead=8)
        told["selected"] = panel.session.selected
        told["inputs"] = to_json({k: s.clip for k, s in panel.session.desk.inputs.items()})
        takes = panel.shoot("insert", 2, prompt="a ball")
        seen(stage, folder, "before", 1, 14)
        bpy.ops.ed.undo_push(message="before")
        name = panel.place(takes[0])
        bpy.ops.ed.undo()
        told["undone"] = stage.names()
        bpy.ops.ed.redo()
        strip = stage.at(name)
        told["strip"] = [str(versions.span(strip)), strip.channel, strip.type]
        told["says"] = {k: v for k, v in strip.items() if k.startswith("secondunit")}
        told["marker"] = [(each.frame, each.name) for each in stage.scene.timeline_markers]
        seen(stage, folder, "one", 1, 14)
        panel.place(takes[1])
        told["flipped"] = [str(versions.span(stage.at(name))), len(stage.strips)]
        seen(stage, folder, "two", 7, 10)

        panel.select("back", playhead=41)
        told["rendered"] = panel.session.desk.shot.must_export
        [longer] = panel.shoot("extend", 1, tail=1)
        seen(stage, folder, "plate", 41, 44)
        strip = stage.at(panel.place(longer))
        told["longer"] = [str(versions.span(strip)), strip.type, strip.colorspace_settings.name]
        seen(stage, folder, "longer", 41, 45)
        told["takes"] = [to_json(each.take) for each in (*takes, longer)]
        secondunit_blender.unregister()
    return told


def left(folder: Path, plate: Path) -> dict:
    """Shoot into a gap, and be gone as soon as the first frames are under way."""
    from stage import Stage

    import secondunit_blender
    from secondunit_blender import versions
    from secondunit_contract.frames import FrameRange

    stage = Stage(folder, plate)
    secondunit_blender.register()
    stage.movie("a", 1, 6)
    b = stage.movie("b", 10)
    versions.trim(b, FrameRange(11, 20))
    stage.save()
    panel = Panel(stage)
    panel.draw()
    panel.until(lambda: panel.session and panel.session.desk.cards)
    panel.select(playhead=8)
    told = {"selected": panel.session.selected}
    panel.session.choose("insert")
    panel.until(lambda: panel.session.desk.task.name == "insert")
    panel.main.pump(0.05)
    panel.session.settle(takes=1, seed=7, steps=30)
    assert bpy.ops.secondunit.shoot(editor=EDITOR) == {"FINISHED"}
    panel.until(
        lambda: any(each.state == "running" for each in panel.session.dailies.jobs.values())
    )
    told["takes"] = len(panel.session.takes())
    return told


def returned(folder: Path, plate: Path) -> dict:
    """Open the file again: the take comes to the panel, and goes where it was meant for."""
    from stage import Stage

    import secondunit_blender
    from secondunit_blender import versions

    stage = Stage(folder, plate)
    secondunit_blender.register()
    bpy.ops.wm.open_mainfile(filepath=str(next(folder.rglob("*.blend"))))
    panel = Panel(stage)
    panel.draw()
    panel.until(lambda: panel.session and panel.session.desk.cards)
    panel.until(lambda: len(panel.session.takes()) == 1 and not panel.session.dailies.open())
    [entry] = panel.session.takes()
    strip = stage.at(panel.place(entry))
    return {"placed": str(versions.span(strip)), "seed": entry.take.seed, "names": stage.names()}


HALVES = {"left": left, "returned": returned}

if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parents[2] / "blender")]
    folder = Path(sys.argv[1])
    try:
        import secondunit_blender

        secondunit_blender.find_ours()
        part = HALVES[sys.argv[3]] if sys.argv[3:] else journey
        told = part(folder, Path(sys.argv[2]))
        (folder / "told.json").write_text(json.dumps(told), "utf-8")
    except BaseException:  # noqa: BLE001 - told, then ended
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
