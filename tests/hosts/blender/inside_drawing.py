"""Marks on the open picture, masks as mattes, guides and the camera's frame: what a hand does."""

from __future__ import annotations

from types import SimpleNamespace

import bpy
import studio
from shown import Drawn, Layout

from secondunit_blender import cameras, drawing, guides, running, tools
from secondunit_contract.task import TaskCard
from secondunit_panel.marks import Marks

SCHEMA = {
    "type": "object",
    "properties": {
        "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}, "default": []},
        "box": {"anyOf": [{"$ref": "#/$defs/Box"}, {"type": "null"}], "default": None},
        "mask_frames": {"type": "array", "items": {"type": "integer"}, "default": []},
    },
    "$defs": {
        "Point": {"type": "object", "properties": {
            "x": {"type": "number"}, "y": {"type": "number"}, "frame": {"type": "integer"},
            "add": {"type": "boolean"}}},
        "Box": {"type": "object", "properties": {
            side: {"type": "number"} for side in ("left", "top", "right", "bottom")}},
    },
}  # fmt: skip
EDITOR = "CLIP_EDITOR"


class Region:
    """An editor's region as it is drawn in a window: the picture of 320x180 on 640x360 of it."""

    type, x, y, width, height = "WINDOW", 40, 60, 800, 500

    @property
    def view2d(self):
        return self

    def region_to_view(self, x, y):
        return (x - 80) / 640, (y - 70) / 360

    def view_to_region(self, x, y, clip=True):
        return x * 640 + 80, y * 360 + 70


class Open:
    """The extension, enabled, with a clip open in the Clip editor and a session on it."""

    def __init__(self, stage) -> None:
        self.stage = stage
        self.scene = studio.scene_of(stage, 5, 12)
        self.scene.frame_current = 7
        running.register()
        self.room = running.room(EDITOR)
        studio.clip_open(stage, stage.media(), start=5)
        self.area = next(each for each in bpy.context.window.screen.areas if each.type == EDITOR)
        self.region = Region()
        here = running.running()
        here.engine.may_start = False
        self.session = self.room.open()
        self.session.desk.stock([TaskCard("matte", "Matte", "", {"plate": "needed"}, SCHEMA)], {})
        stage.until(lambda: self.session.desk.task is not None, main=here.main)

    def __enter__(self):
        return self

    def __exit__(self, *told):
        running.unregister()

    def hand(self):
        """The operator as Blender holds it while it runs."""
        kind = drawing.Drawing
        told = {"editor": EDITOR, "_area": self.area, "_region": self.region, "_begun": None,
                "_alt": False}  # fmt: skip
        for name in ("_there", "_button", "_ended"):
            told[name] = lambda *given, name=name: getattr(kind, name)(held, *given)
        held = SimpleNamespace(**told)
        held._over = lambda event: drawing._holds(self.region, event)
        return held

    def event(self, kind: str, value: str, at: tuple[float, float], alt: bool = False):
        x, y = drawing.pixel(self.region, *at)
        return SimpleNamespace(type=kind, value=value, alt=alt, mouse_x=round(x) + self.region.x,
                               mouse_y=round(y) + self.region.y)  # fmt: skip

    def does(self, hand, *events) -> list[str]:
        context = SimpleNamespace(
            scene=self.scene, window=bpy.context.window,
            workspace=SimpleNamespace(status_text_set=lambda text: None),
        )  # fmt: skip
        context.window = SimpleNamespace(
            screen=bpy.context.window.screen, cursor_modal_restore=lambda: None
        )
        kind = drawing.Drawing
        return [next(iter(kind.modal(hand, context, each))) for each in events]


def check_places_are_counted_from_the_top(stage):
    with Open(stage) as here:
        assert drawing.share(here.region, 80, 70) == (0.0, 1.0)
        assert drawing.pixel(here.region, 0.5, 0.1) == (400, 394)


def check_clicks_and_a_box_become_marks(stage):
    with Open(stage) as here:
        hand = here.hand()
        told = here.does(
            hand,
            here.event("LEFTMOUSE", "PRESS", (0.5, 0.4)),
            here.event("LEFTMOUSE", "RELEASE", (0.5, 0.4)),
            here.event("LEFTMOUSE", "PRESS", (0.6, 0.3), alt=True),
            here.event("LEFTMOUSE", "RELEASE", (0.6, 0.3)),
            here.event("LEFTMOUSE", "PRESS", (0.7, 0.8)),
            here.event("MOUSEMOVE", "NOTHING", (0.5, 0.5)),
            here.event("LEFTMOUSE", "RELEASE", (0.4, 0.2)),
            here.event("WHEELUPMOUSE", "PRESS", (0.4, 0.2)),
        )
        assert told == ["RUNNING_MODAL"] * 7 + ["PASS_THROUGH"]
        marks: Marks = here.session.desk.marks
        assert [(each.frame, each.add) for each in marks.points] == [(2, True), (2, False)]
        assert abs(marks.points[0].x - 0.5) < 0.01
        assert abs(marks.points[0].y - 0.4) < 0.01
        assert abs(marks.box.left - 0.4) < 0.01
        assert abs(marks.box.bottom - 0.8) < 0.01
        drawn = drawing.overlay(here.session, here.region, 7)
        assert [each[0] for each in drawn] == ["box", "disc", "disc"]
        assert drawn[1][3:] == (drawing.ON, True)
        assert drawing.overlay(here.session, here.region, 8) == []
        assert drawing.overlay(here.session, here.region, 99) == []
        here.does(hand, here.event("X", "PRESS", (0.5, 0.4)))
        assert [each.add for each in here.session.desk.marks.points] == [False]
        assert here.does(hand, here.event("ESC", "PRESS", (0.5, 0.4))) == ["FINISHED"]


def check_a_click_outside_is_none_and_beyond_the_clip_neither(stage):
    with Open(stage) as here:
        hand = here.hand()
        here.does(hand, here.event("LEFTMOUSE", "PRESS", (1.1, 0.5)),
                  here.event("LEFTMOUSE", "RELEASE", (1.1, 0.5)))  # fmt: skip
        here.scene.frame_current = 60
        told = here.does(hand, here.event("LEFTMOUSE", "PRESS", (0.5, 0.5)))
        assert told == ["PASS_THROUGH"]
        assert not here.session.desk.marks
        here.area.type = "VIEW_3D"
        assert here.does(hand, here.event("MOUSEMOVE", "NOTHING", (0.5, 0.5))) == ["FINISHED"]


def check_a_mask_is_used_by_buttons(stage):
    with Open(stage) as here:
        mask = bpy.data.masks.new("Mask")
        space = here.area.spaces.active
        space.mode, space.mask = "MASK", mask
        for frame in (9, 6):
            here.scene.frame_current = frame
            tools.use_mask(here.room, "Mask", frame)
        main = running.running().main
        stage.until(lambda: here.session.desk.selection.matte is not None, main=main)
        assert here.session.desk.values["mask_frames"] == [1, 4]
        text = Drawn()
        with bpy.context.temp_override(window=bpy.context.window, area=here.area):
            tools.draw_marks(Layout(text), bpy.context, EDITOR)
        assert "Mask on 6, 9" in text.words, text.words
        tools.use_mask(here.room, "", None)
        assert here.session.desk.values["mask_frames"] == []


def check_the_camera_panel_sends_guides_and_follows(stage):
    with Open(stage) as here:
        scene = here.scene
        text = Drawn()
        tools.draw_camera(Layout(text), bpy.context, cameras.VIEW)
        assert "The scene has no camera" in text.words
        scene.camera = bpy.data.objects.new("cam", bpy.data.cameras.new("cam"))
        scene.collection.objects.link(scene.camera)
        bpy.ops.secondunit.guide(editor=cameras.VIEW, how="depth")
        assert guides.wished(scene) == "depth"
        bpy.ops.secondunit.guide(editor=cameras.VIEW, how="")
        assert guides.wished(scene) is None
        assert bpy.ops.secondunit.follow(editor=cameras.VIEW, how="follow") == {"CANCELLED"}
        shown = scene.camera.data.background_images.new()
        shown.source, shown.clip = "MOVIE_CLIP", bpy.data.movieclips[0]
        shown.scale = 1.5
        assert bpy.ops.secondunit.follow(editor=cameras.VIEW, how="follow") == {"FINISHED"}
        assert scene.render.resolution_x == 480
        text = Drawn()
        tools.draw_camera(Layout(text), bpy.context, cameras.VIEW)
        assert bpy.ops.secondunit.follow(editor=cameras.VIEW, how="back") == {"FINISHED"}
        assert scene.render.resolution_x == 320
        assert cameras.BEFORE not in scene.camera.data
