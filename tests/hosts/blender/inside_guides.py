"""Guides: what the scene's camera sees as depth, normals, colours of objects, clay."""

from __future__ import annotations

import math
import os

import bpy
import studio

from secondunit_blender import cameras, guides
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel import orders
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import HostCannot, PlaceGone

WIDE, HIGH = 96, 54


def scene_with(stage, first=1, last=2):
    """A camera that looks down -z from 10 above: a floor at 0, a box up to 2, a ball."""
    scene = studio.scene_of(stage, first, last)
    scene.render.resolution_x, scene.render.resolution_y = WIDE, HIGH
    data = bpy.data.cameras.new("cam")
    data.sensor_width, data.lens = 36.0, 36.0
    camera = bpy.data.objects.new("cam", data)
    camera.location = (0, 0, 10)
    scene.collection.objects.link(camera)
    scene.camera = camera
    bpy.ops.mesh.primitive_plane_add(size=8, location=(0, 0, 0))
    bpy.context.object.name = "floor"
    bpy.ops.mesh.primitive_cube_add(size=2, location=(-2, 0, 1))
    bpy.context.object.name = "box"
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=1, location=(2, 0, 1))
    bpy.ops.object.shade_smooth()
    bpy.context.object.name = "ball"
    studio.area("VIEW_3D")
    return scene, cameras.CameraHost(stage.main, stage.scenes)


def drawn(stage, scene, host, kind: str) -> tuple[Clip, list]:
    """A guide, rendered, and its pictures' pixels."""
    scene[guides.WISH] = kind
    shot = host.selection().guide
    assert shot.must_export
    told = []
    clip = stage.beside(lambda: host.plate(shot, stage.folder / kind, lambda *n: told.append(n)))
    assert told[-1] == (len(clip.range), len(clip.range))
    files = sorted((stage.folder / kind).iterdir())
    return clip, [studio.pixels_of(each)[0] for each in files]


def at(pixels, x: float, y: float, height: float) -> tuple[float, ...]:
    """What is seen of a place in the world: 36 mm behind a sensor of 36 see 1 a unit deep."""
    deep = 10 - height
    across = round(WIDE / 2 + x / deep * WIDE - 0.5)
    up = round(HIGH / 2 + y / deep * WIDE - 0.5)
    return tuple(pixels[4 * (up * WIDE + across) :][:3])


def close(one, other, within=0.01) -> bool:
    return all(abs(a - b) < within for a, b in zip(one, other, strict=True))


def nearness(deep: float, near=8.0, far=10.0) -> float:
    return (1 / deep - 1 / far) / (1 / near - 1 / far)


def check_depth_is_1_near_and_0_far(stage):
    scene, host = scene_with(stage)
    clip, pictures = drawn(stage, scene, host, "depth")
    assert (clip.range, clip.rate) == (FrameRange(1, 2), Rate.of(24))
    assert clip.media.endswith("cam_depth.####.png")
    for pixels in pictures:
        assert close(at(pixels, -2, 0, 2), (1.0, 1.0, 1.0), 0.004)  # the box's lid, 8 away
        assert close(at(pixels, 0, 2, 0), (0.0, 0.0, 0.0), 0.004)  # the floor, 10 away
        assert at(pixels, 3.9, 2.5, 0) == (0.0, 0.0, 0.0)
        side = 2.6  # on the ball, whose surface lies there at:
        height = 1 + math.sqrt(1 - (side - 2) ** 2)
        found = at(pixels, side, 0, height)[0]
        assert abs(found - nearness(10 - height)) < 0.03, (found, nearness(10 - height))


def check_depth_has_one_range_for_the_whole_shot(stage):
    """What comes nearer gets brighter; what stands keeps its value."""
    scene, host = scene_with(stage, 1, 5)
    box = bpy.data.objects["box"]
    for frame, height in ((1, 1.0), (5, 3.0)):
        box.location.z = height
        box.keyframe_insert("location", index=2, frame=frame)
    _, pictures = drawn(stage, scene, host, "depth")
    first, last = pictures[0], pictures[-1]
    assert abs(at(last, -2, 0, 4)[0] - 1.0) < 0.004
    found = at(first, -2, 0, 2)[0]
    assert abs(found - nearness(8, 6, 10)) < 0.01, found
    assert abs(at(first, 2, 0, 2)[0] - at(last, 2, 0, 2)[0]) < 1e-3


def check_normals_are_the_cameras(stage):
    scene, host = scene_with(stage, 1, 1)
    _, [pixels] = drawn(stage, scene, host, "normal")
    assert close(at(pixels, -2, 0, 2), (0.5, 0.5, 1.0))  # the lid looks at the camera
    tilt = 0.7
    height = 1 + math.sqrt(1 - tilt**2)
    right = at(pixels, 2 + tilt, 0, height)
    assert close(right, (0.5 + tilt / 2, 0.5, 0.5 + math.sqrt(1 - tilt**2) / 2), 0.04), right
    up = at(pixels, 2, tilt, height)
    assert close(up, (0.5, 0.5 + tilt / 2, 0.5 + math.sqrt(1 - tilt**2) / 2), 0.04), up
    assert tuple(pixels[0:3]) == (0.0, 0.0, 0.0)
    # they turn with the camera, not with the world
    scene.camera.rotation_euler = (0, 0, math.pi / 2)
    (stage.folder / "normal").rename(stage.folder / "normal before")
    _, [turned] = drawn(stage, scene, host, "normal")
    found = at(turned, 0, -2 + tilt, height)
    assert close(found, (0.5, 0.5 + tilt / 2, right[2]), 0.04), found


def check_objects_have_colours_of_their_own(stage):
    scene, host = scene_with(stage, 1, 3)
    ball = bpy.data.objects["ball"]
    for frame, x in ((1, 2.0), (3, 3.0)):
        ball.location.x = x
        ball.keyframe_insert("location", index=0, frame=frame)
    _, pictures = drawn(stage, scene, host, "ids")
    first, last = pictures[0], pictures[-1]
    found = [at(first, -2, 0, 2), at(first, 0, 2, 0), at(first, 2, 0, 2)]
    apart = [math.dist(a, b) for n, a in enumerate(found) for b in found[:n]]
    assert min(apart) > 0.08, found
    assert close(at(last, 3.4, 0, 1), found[2], 0.004)
    assert close(at(first, 3.4, 0, 1), found[1], 0.004)
    assert all(max(each) > 0.3 for each in found)


def check_clay_is_lit_from_the_cameras_left(stage):
    scene, host = scene_with(stage, 1, 1)
    _, [pixels] = drawn(stage, scene, host, "grey")
    side, height = 0.8, 1 + math.sqrt(1 - 0.8**2)
    left, right = at(pixels, 2 - side, 0, height), at(pixels, 2 + side, 0, height)
    assert left[0] == left[1] == left[2]
    assert left[0] > right[0] + 0.1, (left, right)
    assert at(pixels, 2, side, height)[0] > at(pixels, 2, -side, height)[0] + 0.2


def check_the_scene_stays_as_it_is(stage):
    """Settings, layers, frame and all that the file has, while all guides are rendered."""
    scene, host = scene_with(stage, 3, 4)
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_percentage, scene.frame_current = 50, 17
    scene.cycles.samples, scene.render.film_transparent = 77, True
    scene.render.filepath = "//mine_####"
    scene.view_settings.exposure = 1.5
    scene.world = bpy.data.worlds.new("mine")
    own = bpy.data.materials.new("own")
    scene.view_layers[0].material_override = own
    scene[guides.WISH] = "depth"
    before = studio.all_of(scene)
    for kind in guides.KINDS:
        _, pictures = drawn(stage, scene, host, kind)
        assert len(pictures) == 2
        assert len(pictures[0]) == WIDE * HIGH * 4
        scene[guides.WISH] = "depth"
        assert studio.all_of(scene) == before, kind
    assert bpy.context.window_manager.windows[0].scene == scene


def check_what_is_hidden_in_renders_is_in_no_guide(stage):
    scene, host = scene_with(stage, 1, 1)
    bpy.data.objects["box"].hide_render = True
    _, [pixels] = drawn(stage, scene, host, "normal")
    assert close(at(pixels, -2, 0, 0), (0.5, 0.5, 1.0))
    _, [pixels] = drawn(stage, scene, host, "depth")
    assert close(at(pixels, -2, 0, 0), (0.0, 0.0, 0.0), 0.004)


def check_without_a_plate_a_guide_is_a_gap_and_its_take_a_background(stage):
    scene, host = scene_with(stage, 4, 7)
    scene[guides.WISH] = "normal"
    chosen = host.selection()
    assert (chosen.clips, chosen.gap) == ((), chosen.guide.place)
    assert chosen.gap.range == FrameRange(4, 7)
    assert orders.roles(chosen) == {"guide": chosen.guide}
    assert host.selection() == chosen
    first = studio.numbered(stage, "made", list(range(1, 25)))
    media = str(first).replace("0001", "####")
    take = studio.take_of(chosen.guide, media, FrameRange(4, 7))
    delivery = studio.delivery_of(chosen.guide, take, lies=chosen.gap.range)
    placed = host.place(delivery)
    assert host.place(delivery) == placed
    assert placed.place.range == FrameRange(4, 7)
    [shown] = scene.camera.data.background_images
    assert shown.show_background_image
    assert (shown.scale, tuple(shown.offset)) == (1.0, (0.0, 0.0))
    host.open(chosen.gap, 6)
    assert scene.frame_current == 6
    assert host.selection().gap == chosen.gap, "a take is no plate"
    host.take_out(placed)
    assert not scene.camera.data.background_images


def check_with_a_plate_both_pass_the_suite(stage):
    scene, host = scene_with(stage, 4, 7)
    scene[guides.WISH] = "normal"
    plate_behind(stage, scene)
    chosen = host.selection()
    assert chosen.guide.place.range == chosen.clips[0].place.range
    assert set(orders.roles(chosen)) == {"plate", "guide"}
    first = studio.numbered(stage, "made", list(range(1, 25)))
    media = Clip(str(first).replace("0001", "####"), FrameRange(1, 24), Rate.of(24))
    report = HostConformance(host, stage.folder / "suite", media, stage.main.pump).run()
    failed = [each for each in report["checks"] if each["result"] == "failed"]
    assert [each["check"] for each in failed] == [], failed


def check_a_guide_shows_what_lies_on_its_plate(stage):
    """A square plate in the middle of the frame, then one that is moved aside: the guide is that
    part of what the camera sees, pixel for pixel.
    """
    scene, host = scene_with(stage, 1, 1)
    _, [whole] = drawn(stage, scene, host, "normal")
    shown = plate_behind(stage, scene, size=(54, 54))
    before = studio.all_of(scene)
    for number, left in enumerate((21, 12)):
        shown.offset = ((left - 21) / WIDE, 0.0)
        (stage.folder / "normal").rename(stage.folder / f"normal {number}")
        _, [part] = drawn(stage, scene, host, "normal")
        assert len(part) == 54 * 54 * 4
        apart = 0.0
        for y in range(0, HIGH, 3):
            for x in range(0, 54, 3):
                one, other = 4 * (y * 54 + x), 4 * (y * WIDE + x + left)
                pairs = zip(part[one : one + 3], whole[other : other + 3], strict=True)
                apart += max(abs(a - b) for a, b in pairs) > 0.02
        assert apart < 12, f"{apart} of 324 pixels differ"  # samples fall elsewhere at edges
    shown.offset = (0.0, 0.0)
    assert studio.all_of(scene) == before


def check_a_plate_that_is_turned_is_told(stage):
    scene, host = scene_with(stage, 1, 1)
    plate_behind(stage, scene).rotation = 0.2
    scene[guides.WISH] = "depth"
    shot = host.selection().guide
    stage.refused(HostCannot, lambda: host.plate(shot, stage.folder / "x", lambda *told: None))


def plate_behind(stage, scene, size=(WIDE, HIGH)):
    """A numbered plate behind the camera, frames 1 to 10."""
    folder = stage.folder / "behind"
    folder.mkdir()
    for number in range(1, 11):
        studio.write(folder / f"p_{number:04d}.png", 0.5, size=size)
    image = bpy.data.images.load(str(folder / "p_0001.png"))
    image.source = "SEQUENCE"
    shown = scene.camera.data.background_images.new()
    shown.image, shown.frame_method = image, "FIT"
    shown.image_user.frame_start, shown.image_user.frame_duration = 1, 10
    scene.camera.data.show_background_images = True
    return shown


def check_a_camera_that_was_removed_is_told(stage):
    scene, host = scene_with(stage, 1, 1)
    scene[guides.WISH] = "depth"
    shot = host.selection().guide
    bpy.data.objects.remove(scene.camera)
    stage.refused(PlaceGone, lambda: host.plate(shot, stage.folder / "x", lambda *told: None))
    assert not os.path.exists(stage.folder / "x")
    assert not host.selection()
