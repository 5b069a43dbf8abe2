"""A camera's background gets a wider frame; a camera that follows projects all as it did before."""

from __future__ import annotations

import math
import random

import bpy
import studio

from secondunit_blender import cameras, footage, framing, guides, picturing
from secondunit_contract.frames import FrameRange
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import HostCannot

PLACES = 200


def camera_with(stage, first=1, last=24, size=(320, 180), **told):
    """A camera that looks at nothing in particular, before a movie."""
    scene = studio.scene_of(stage, first, last)
    scene.render.resolution_x, scene.render.resolution_y = size
    data = bpy.data.cameras.new("cam")
    for key, value in told.items():
        setattr(data, key, value)
    camera = bpy.data.objects.new("cam", data)
    camera.rotation_euler = (1.1, 0.1, 0.4)
    camera.location = (4, -5, 3)
    scene.collection.objects.link(camera)
    scene.camera = camera
    bpy.context.view_layer.update()
    return scene, data


def background(data, media):
    clip = bpy.data.movieclips.load(str(media))
    shown = data.background_images.new()
    shown.source, shown.clip, shown.frame_method = "MOVIE_CLIP", clip, "FIT"
    data.show_background_images = True
    return shown


def host_of(stage):
    studio.area("VIEW_3D")
    return cameras.CameraHost(stage.main, stage.scenes)


def projected(scene, places) -> list[tuple[float, float]]:
    """Where places of the world are in the picture, in pixels from its left and its top."""
    render, camera = scene.render, scene.camera
    matrix = camera.calc_matrix_camera(
        bpy.context.evaluated_depsgraph_get(), x=render.resolution_x, y=render.resolution_y,
        scale_x=render.pixel_aspect_x, scale_y=render.pixel_aspect_y,
    )  # fmt: skip
    rows = [[float(each) for each in row] for row in matrix]
    found = []
    for place in places:
        x, y, _, w = (sum(a * b for a, b in zip(row, place, strict=True)) for row in rows)
        wide, high = render.resolution_x, render.resolution_y
        found.append(((x / w + 1) / 2 * wide, (1 - y / w) / 2 * high))
    return found


def inside(scene) -> list[tuple[float, float, float, float]]:
    """Places that the camera has in its frame, as it counts them: x right, y up, z behind it."""
    rng, found = random.Random(7), []
    while len(found) < PLACES:
        deep = rng.uniform(2, 30)
        place = (rng.uniform(-1, 1) * deep, rng.uniform(-1, 1) * deep, -deep, 1.0)
        [(x, y)] = projected(scene, [place])
        if 0 <= x <= scene.render.resolution_x and 0 <= y <= scene.render.resolution_y:
            found.append(place)
    return found


def take_wider(stage, host, left, right, top, bottom, values=None, number=1):
    """A take that is wider than the plate by so much, placed."""
    shot = host.selection().clips[0]
    size = shot.width + left + right, shot.height + top + bottom
    folder = stage.folder / f"wide{number}"
    folder.mkdir()
    for frame in range(1, len(shot.clip.range) + 1):
        studio.write(folder / f"wide.{frame:04d}.png", 0.5, 1, size)
    frames = FrameRange.starting(1, len(shot.clip.range))
    take = studio.take_of(shot, str(folder / "wide.####.png"), frames, number, size=size)
    told = values or {"left": left, "right": right, "top": top, "bottom": bottom}
    delivery = studio.delivery_of(shot, take, values=told, lies=shot.place.range)
    return host.place(delivery), shot


def corner_pixels(scene, data, shown, size) -> tuple[float, float, float, float]:
    """Where a background's edges are in the frame, in pixels: left, right, top, bottom."""
    at = framing.lies(scene, data, shown, size)
    one = framing.pixels(scene, data)
    wide, high = scene.render.resolution_x, scene.render.resolution_y
    across, up = at.width / 2, at.height / 2
    left, right = (wide / 2 + each * one for each in (at.x - across, at.x + across))
    return left, right, high / 2 - (at.y + up) * one, high / 2 - (at.y - up) * one


def near(one, other, within=1e-3) -> bool:
    return all(abs(a - b) < within for a, b in zip(one, other, strict=True))


def check_the_background_is_the_plate_and_passes_the_suite(stage):
    _, data = camera_with(stage, 5, 12)
    background(data, stage.media())
    host = host_of(stage)
    shot = host.selection().clips[0]
    assert (shot.name, shot.clip.range, shot.place.track) == (
        "plate.mov", FrameRange(4, 11), "Camera"
    )  # fmt: skip
    report = HostConformance(host, stage.folder / "suite", pump=stage.main.pump).run()
    failed = [each for each in report["checks"] if each["result"] == "failed"]
    assert not failed, failed
    assert len(data.background_images) == 1
    assert len(bpy.data.movieclips) == 1


def check_without_a_camera_nothing_is_selected(stage):
    scene = studio.scene_of(stage)
    scene.camera = None
    assert not host_of(stage).selection()


def check_a_wider_take_lies_around_its_plate(stage):
    scene, data = camera_with(stage, 1, 4)
    plate = background(data, stage.media())
    placed, _ = take_wider(stage, host_of(stage), 40, 24, 12, 6)
    block = footage.block_of(placed.place.id)
    [shown] = [each for each in data.background_images if cameras.block_in(each) == block]
    assert near(corner_pixels(scene, data, shown, (384, 198)), (-40, 344, -12, 186))
    assert near(corner_pixels(scene, data, plate, (320, 180)), (0, 320, 0, 180))
    assert (scene.render.resolution_x, data.sensor_width, data.shift_x) == (320, 36.0, 0.0)
    assert host_of(stage).selection().clips[0].name == "plate.mov"


def check_a_new_size_stands_around_the_middle(stage):
    scene, data = camera_with(stage, 1, 4)
    background(data, stage.media())
    take_wider(stage, host_of(stage), 32, 32, 0, 0, {"width": 384})
    shown = data.background_images[-1]
    assert near(corner_pixels(scene, data, shown, (384, 180)), (-32, 352, 0, 180))


CAMERAS = {
    "plain": {},
    "shifted": {"shift_x": 0.13, "shift_y": -0.07, "lens": 24.0},
    "vertical": {"sensor_fit": "VERTICAL", "sensor_height": 20.0, "shift_y": 0.1},
    "horizontal": {"sensor_fit": "HORIZONTAL", "sensor_width": 24.89},
    "ortho": {"type": "ORTHO", "ortho_scale": 7.5, "shift_x": 0.05},
}


def check_all_that_was_seen_projects_as_before(stage):
    """3D places, before and after, to 1e-4 pixels; every kind of camera, and turned upright."""
    worst = 0.0
    for number, (name, told) in enumerate(CAMERAS.items()):
        for turn, (left, right, top, bottom) in enumerate([(40, 24, 12, 6), (8, 8, 200, 100)]):
            for old in [each for each in bpy.data.movieclips]:
                bpy.data.movieclips.remove(old)
            scene, data = camera_with(stage, 1, 1, **told)
            background(data, stage.media())
            host = host_of(stage)
            places = inside(scene)
            before = projected(scene, places)
            take_wider(stage, host, left, right, top, bottom, number=2 * number + turn)
            cameras.follow(scene)
            size = scene.render.resolution_x, scene.render.resolution_y
            assert size == (320 + left + right, 180 + top + bottom), name
            after = projected(scene, places)
            off = max(
                math.hypot(bx - left - ax, by - top - ay)
                for (ax, ay), (bx, by) in zip(before, after, strict=True)
            )
            worst = max(worst, off)
            assert off < 1e-4, (name, turn, off)
            plate, wide = data.background_images
            assert near(corner_pixels(scene, data, wide, size), (0, size[0], 0, size[1])), name
            inner = (left, left + 320, top, top + 180)
            assert near(corner_pixels(scene, data, plate, (320, 180)), inner), name
            cameras.back(scene)
            assert projected(scene, places) == before
            assert near(corner_pixels(scene, data, plate, (320, 180)), (0, 320, 0, 180))
    (stage.folder / "worst.txt").write_text(f"{worst:.2e}")


def check_pixels_rendered_before_are_there_afterwards(stage):
    """The same in pixels: what was rendered is the middle of what is rendered now."""
    scene, data = camera_with(stage, 1, 1, size=(96, 54), lens=35.0, shift_x=0.06)
    background(data, stage.media())
    bpy.ops.mesh.primitive_monkey_add(size=4, location=(2, -1, 1), rotation=(0.3, 0.2, 0.5))
    scene.camera.location = (7, -7, 5)
    scene.camera.rotation_euler = (1.1, 0, 0.8)

    def distances():
        path = stage.folder / f"d{scene.render.resolution_x}.exr"
        with guides._copy(guides.View(scene, scene.camera), "distance", (0, 0)) as made:
            settings = made.render.image_settings
            settings.file_format, settings.color_depth = "OPEN_EXR", "32"
            made.cycles.samples, made.cycles.filter_width = 1, 0.01
            picturing.render(made, 1, path)
        pixels, size = studio.pixels_of(path)
        return pixels[0::4], size

    small, (width, height) = distances()
    shown = data.background_images[0]
    around = framing.Rect(0.0, -4.5 / 96, 144 / 96, 81 / 96)
    framing.lay(scene, data, shown, (320, 180), around)
    cameras.follow(scene)
    large, (wide, high) = distances()
    assert (wide, high) == (144, 81)
    assert sum(each > 0 for each in small) > 800
    apart = 0
    for y in range(height):
        for x in range(width):
            one, other = small[y * width + x], large[(y + 18) * wide + x + 24]
            apart += abs(one - other) > 1e-3
    assert apart < 0.002 * width * height, apart


def check_a_camera_that_cannot_follow_says_so(stage):
    scene, data = camera_with(stage, 1, 4)
    stage.refused(HostCannot, lambda: cameras.follow(scene))
    shown = background(data, stage.media())
    shown.rotation = 0.2
    stage.refused(HostCannot, lambda: cameras.follow(scene))
    shown.rotation = 0.0
    data.shift_x = 0.1
    data.keyframe_insert("shift_x", frame=1)
    before = studio.all_of(scene), studio.state(data, shown)
    stage.refused(HostCannot, lambda: cameras.follow(scene))
    stage.refused(HostCannot, lambda: cameras.back(scene))
    assert (studio.all_of(scene), studio.state(data, shown)) == before
    data.animation_data_clear()
    data.type = "PANO"
    stage.refused(HostCannot, lambda: cameras.follow(scene))


def check_takes_of_a_slate_are_shown_by_turns(stage):
    _, data = camera_with(stage, 1, 4)
    background(data, stage.media())
    host = host_of(stage)
    one, shot = take_wider(stage, host, 40, 40, 0, 0, number=1)
    two, _ = take_wider(stage, host, 40, 40, 0, 0, number=2)
    assert [each.show_background_image for each in data.background_images] == [True, False, True]
    host.take_out(two)
    host.take_out(one)
    assert [cameras.block_in(each).name for each in data.background_images] == [shot.name]
