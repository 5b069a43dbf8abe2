"""The Clip and the Image editor: what is open is a plate; takes and mattes come beside it."""

from __future__ import annotations

import json

import bpy
import studio

from secondunit_blender import compositing, footage, masking, shapes, trees
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import MediaMissing
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import NotPlaced, PlaceGone


def suite(stage, host, media=None) -> None:
    report = HostConformance(host, stage.folder / "suite", media, stage.main.pump).run()
    failed = [each for each in report["checks"] if each["result"] == "failed"]
    assert not failed, failed
    made = {each["check"] for each in report["checks"] if each["result"] == "passed"}
    assert {"matte_is_attached", "take_lies_where_it_should", "taking_out_takes_out"} <= made


def check_the_clip_editor_passes_the_suite(stage):
    studio.scene_of(stage, 4, 11)
    clip, host = studio.clip_open(stage, stage.media(), start=-3)
    suite(stage, host)
    assert [each.name for each in bpy.data.movieclips] == [clip.name]
    assert studio.images() == []
    assert len(bpy.data.masks) == 0


def check_the_image_editor_passes_the_suite(stage):
    studio.scene_of(stage, 4, 11)
    first = studio.numbered(stage, "plate", list(range(1, 25)))
    image, host = studio.image_open(stage, first, 1, 24, 0)
    suite(stage, host)
    assert studio.images() == [image.name]


def check_nothing_open_is_nothing_selected(stage):
    scene = studio.scene_of(stage)
    _, host = studio.clip_open(stage, stage.media())
    for each in bpy.context.window_manager.windows[0].screen.areas:
        if each.type == "CLIP_EDITOR":
            each.spaces.active.clip = None
    selection = host.selection()
    assert not selection
    assert selection.document == stage.scenes.document(scene)


def check_the_frames_of_a_clip_are_those_blender_shows(stage):
    """Which number of the file stands on which frame, against what the compositor renders."""
    scene = studio.scene_of(stage, 8, 12)
    first = studio.numbered(stage, "plate", list(range(31, 61)))
    clip, host = studio.clip_open(stage, first, start=5)
    clip.frame_offset = 4
    shot = host.selection().clips[0]
    assert (shot.place.range, shot.clip.range) == (FrameRange(8, 12), FrameRange(38, 42))
    assert shot.available == FrameRange(31, 60)
    assert shot.clip.media.endswith("plate.####.png")
    assert_shows(stage, scene, "CompositorNodeMovieClip", "clip", clip, 8, 0.38)


def check_the_frames_of_an_image_are_those_blender_shows(stage):
    scene = studio.scene_of(stage, 8, 12)
    first = studio.numbered(stage, "plate", list(range(31, 61)))
    image, host = studio.image_open(stage, first, 5, 20, 33)
    shot = host.selection().clips[0]
    assert (shot.place.range, shot.clip.range) == (FrameRange(8, 12), FrameRange(37, 41))
    node = assert_shows(stage, scene, "CompositorNodeImage", "image", image, 8, 0.37,
                        frame_start=5, frame_duration=20, frame_offset=33)  # fmt: skip
    assert node is not None


def assert_shows(stage, scene, kind, key, block, frame, grey, **more):
    scene.camera = None
    block.colorspace_settings.name = "Non-Color"
    tree = trees.new_tree(scene)
    node = tree.nodes.new(kind)
    setattr(node, key, block)
    for name, value in more.items():
        setattr(node, name, value)
    tree.links.new(node.outputs["Image"], trees.end_of(tree))
    seen = studio.rendered(stage, scene, frame)
    assert abs(seen[0] - grey) < 0.004, (seen, grey)
    return node


def check_a_movie_is_counted_from_0(stage):
    studio.scene_of(stage, 8, 12)
    _, host = studio.clip_open(stage, stage.media(), start=5)
    shot = host.selection().clips[0]
    assert (shot.place.range, shot.clip.range) == (FrameRange(8, 12), FrameRange(3, 7))
    assert (shot.clip.rate, shot.width, shot.height) == (Rate.of(24), 320, 180)
    assert not shot.must_export


def check_a_picture_made_in_blender_is_written_out(stage):
    studio.scene_of(stage, 3, 9)
    image, host = studio.image_open(stage, studio.numbered(stage, "plate", [1]), 1, 1, 0)
    assert host.selection().clips[0].must_export == ""
    image.pixels[0:4] = (1.0, 0.0, 0.0, 1.0)
    made = bpy.data.images.new("drawn", 32, 18, float_buffer=True)
    made.pixels = [0.25, 0.5, 2.0, 1.0] * (32 * 18)
    next(host.open_ones())[2].image = made
    shot = host.selection().clips[0]
    assert (shot.must_export, shot.width, shot.height) == ("It was made in Blender", 32, 18)
    clip = host.plate(shot, stage.folder / "out", lambda *told: None)
    [path] = sorted((stage.folder / "out").iterdir())
    assert clip.media.replace("####", "0003") == str(path)
    assert [round(each, 2) for each in studio.middle(path)[:3]] == [0.25, 0.5, 2.0]
    assert [each.name for each in bpy.data.scenes] == ["Scene"]


def check_a_file_that_has_gone_is_told(stage):
    studio.scene_of(stage, 1, 4)
    media = stage.media()
    _, host = studio.clip_open(stage, media)
    shot = host.selection().clips[0]
    media.unlink()
    stage.refused(MediaMissing, lambda: host.plate(shot, stage.folder / "x", lambda *told: None))


def check_a_take_is_a_clip_on_the_same_frames(stage):
    studio.scene_of(stage, 8, 12)
    _, host = studio.clip_open(stage, stage.media(), start=5)
    shot = host.selection().clips[0]
    media = studio.numbered(stage, "take", list(range(1, 8)))
    take = studio.take_of(shot, str(media).replace("0001", "####"), FrameRange(1, 7))
    delivery = studio.delivery_of(shot, take, lies=FrameRange(6, 12))
    placed = host.place(delivery)
    assert placed.place.range == FrameRange(6, 12)
    block = footage.block_of(placed.place.id)
    assert block.name == "plate.mov · matte 1"
    assert (block["secondunit_job"], block["secondunit_take"]) == ("j-1", 1)
    assert block.use_fake_user
    [marker] = bpy.context.scene.timeline_markers
    assert (marker.frame, marker.name) == (6, "Second Unit · matte · take 1")
    host.open(placed.place, 9)
    assert next(host.open_ones())[2].clip == block
    assert host.selection().clips[0].clip.range == FrameRange(3, 7)
    host.take_out(placed)
    assert len(bpy.data.movieclips) == 1
    assert not bpy.context.scene.timeline_markers


def matte_on(stage, host, shot, name="take", number=1, **more):
    first = shot.clip.range.first
    numbers = list(range(first, first + len(shot.clip.range)))
    media = studio.numbered(stage, f"{name}{number}", numbers, alpha=True)
    pattern = str(media).replace(f"{first:04d}", "####")
    take = studio.take_of(shot, pattern, shot.clip.range, number, **more)
    return host.attach_matte(studio.delivery_of(shot, take, raw=True))


def check_a_matte_cuts_the_plate_in_a_scene_without_any_compositing(stage):
    scene = studio.scene_of(stage, 41, 44)
    scene.render.resolution_x, scene.render.resolution_y = 64, 36
    first = studio.numbered(stage, "plate", list(range(31, 61)))
    clip, host = studio.clip_open(stage, first, start=31)
    clip.colorspace_settings.name = "Non-Color"
    shot = host.selection().clips[0]
    placed = matte_on(stage, host, shot)
    assert (placed.place.range, placed.how) == (FrameRange(41, 44), "matte 1")
    for frame in (41, 43):
        red, _, _, alpha = studio.rendered(stage, scene, frame)
        wanted = 1 - frame / 100
        assert abs(alpha - wanted) < 0.002, (alpha, wanted)
        assert abs(red - frame / 100 * wanted) < 0.003, red
    host.take_out(placed)
    tree = trees.tree_of(scene)
    assert [each for each in tree.nodes if each.get("secondunit_slate")] == []
    assert not [each for each in bpy.data.images if each.get("secondunit_job")]


def check_what_a_scene_renders_stays_as_it_was(stage):
    scene = studio.scene_of(stage, 1, 4)
    scene.camera = bpy.data.objects.new("cam", bpy.data.cameras.new("cam"))
    scene.collection.objects.link(scene.camera)
    _, host = studio.clip_open(stage, stage.media())
    placed = matte_on(stage, host, host.selection().clips[0])
    tree = trees.tree_of(scene)
    source = trees.end_of(tree).links[0].from_node
    assert source.bl_idname == "CompositorNodeRLayers"
    [viewer] = [each for each in tree.nodes if each.bl_idname == "CompositorNodeViewer"]
    cut = viewer.inputs[0].links[0].from_node
    assert cut.bl_idname == "CompositorNodeSetAlpha"
    host.open(placed.place)
    assert tree.nodes.active.name == placed.place.id.removeprefix(compositing.NODE)


def check_takes_of_a_slate_cut_by_turns(stage):
    scene = studio.scene_of(stage, 31, 34)
    first = studio.numbered(stage, "plate", list(range(31, 41)))
    _, host = studio.clip_open(stage, first, start=31)
    shot = host.selection().clips[0]
    one, two = matte_on(stage, host, shot), matte_on(stage, host, shot, number=2)
    tree = trees.tree_of(scene)
    [cut] = compositing.parts(tree, "cut")

    def shown() -> int:
        return cut.inputs["Alpha"].links[0].from_node["secondunit_take"]

    assert shown() == 2
    again = studio.take_of(shot, one.media, shot.clip.range, 1)
    assert host.attach_matte(studio.delivery_of(shot, again, raw=True)).how == "matte 1"
    assert shown() == 1
    assert len(compositing.parts(tree, "matte")) == 2
    host.take_out(one)
    assert shown() == 2
    host.take_out(two)
    assert compositing.parts(tree, "cut") == []


def check_a_matte_is_one_step_to_undo(stage):
    scene = studio.scene_of(stage, 31, 34)
    first = studio.numbered(stage, "plate", list(range(31, 41)))
    _, host = studio.clip_open(stage, first, start=31)
    corners = [[[10, 8, 0, 0, 0, 0], [50, 8, 0, 0, 0, 0], [30, 30, 0, 0, 0, 0]]] * 4
    shape = {"name": "s", "hole": False, "first": 31, "feather": [1] * 4, "points": corners}
    told = {"schema": "secondunit.splines/1", "size": [64, 36], "shapes": [shape]}
    beside = stage.folder / "s.json"
    beside.write_text(json.dumps(told))
    bpy.ops.ed.undo_push(message="before")
    placed = matte_on(stage, host, host.selection().clips[0], extra={"splines": str(beside)})
    bpy.ops.ed.undo()
    scene = bpy.context.window_manager.windows[0].scene
    assert trees.tree_of(scene) is None
    assert (len(bpy.data.masks), studio.images()) == (0, [])
    assert not scene.timeline_markers
    bpy.ops.ed.redo()
    scene = bpy.context.window_manager.windows[0].scene
    assert len(compositing.parts(trees.tree_of(scene), "matte")) == 1
    [mask] = bpy.data.masks
    assert (mask["secondunit_job"], len(mask.layers[0].splines[0].points)) == ("j-1", 3)
    host.take_out(placed)
    assert len(bpy.data.masks) == 0


def check_a_line_is_no_softer_than_it_can_be_filled(stage):
    """Blender 4.5 leaves a line empty that crosses itself; so a comb gets a narrower feather."""
    tie = [(0, 0), (9, 8), (9, 0), (0, 9)]
    square = [(0, 0), (9, 0), (9, 9), (0, 9)]
    for places, simple in ((tie, False), (square, True)):
        corners = [(x, y, x, y, x, y, 1.0) for x, y in places]
        assert shapes.is_simple(corners) == simple
    teeth = [place for k in range(8) for place in ((8 * k, 40), (8 * k + 2, 4), (8 * k + 4, 40))]
    comb = [[x, y, 0, 0, 0, 0] for x, y in [*teeth, (60, 60), (0, 60)]]
    told = {"name": "comb", "hole": False, "first": 1, "feather": [14.0, 2.0],
            "points": [comb, comb]}  # fmt: skip
    made = shapes._shape(told, 100)
    assert made.first == 101
    assert all(shapes.is_simple(each) for each in made.corners)
    assert made.at(101)[0][6] < 14.0
    told["points"], told["feather"] = [[[x, y, 0, 0, 0, 0] for x, y in square]], [4.0]
    assert shapes._shape(told, 0).at(1)[0][6] == 4.0


def check_what_fails_leaves_nothing(stage):
    scene = studio.scene_of(stage, 31, 34)
    first = studio.numbered(stage, "plate", list(range(31, 41)))
    _, host = studio.clip_open(stage, first, start=31)
    shot = host.selection().clips[0]
    before = studio.all_of(scene)
    broken = stage.folder / "broken.json"
    broken.write_text('{"schema": "another/9"}')
    for beside in (str(broken), str(stage.folder / "none.json")):
        stage.refused(NotPlaced, lambda beside=beside: matte_on(
            stage, host, shot, name=f"t{len(beside)}", extra={"splines": beside}))  # fmt: skip
    gone = studio.take_of(shot, str(stage.folder / "no.####.png"), shot.clip.range)
    stage.refused(NotPlaced, lambda: host.attach_matte(studio.delivery_of(shot, gone, raw=True)))
    stage.refused(NotPlaced, lambda: host.place(studio.delivery_of(shot, gone)))
    odd = json.dumps({"schema": "secondunit.splines/1", "size": [64, 36], "shapes": [
        {"name": "s", "hole": False, "first": 31, "last": 31, "feather": [0],
         "points": [[[1, 1, 0, 0, 0, 0], [9, 1, 0, 0, 0, 0], [9, 9, 0, 0, "x", 0]]]}]})  # fmt: skip
    broken.write_text(odd)
    stage.refused(NotPlaced, lambda: matte_on(
        stage, host, shot, name="odd", extra={"splines": str(broken)}))  # fmt: skip
    assert studio.all_of(scene) == before
    assert trees.tree_of(scene) is None or not scene.use_nodes


def check_a_plate_that_was_removed_is_told(stage):
    studio.scene_of(stage, 1, 4)
    clip, host = studio.clip_open(stage, stage.media())
    shot = host.selection().clips[0]
    bpy.data.movieclips.remove(clip)
    stage.refused(PlaceGone, lambda: matte_on(stage, host, shot))
    stage.refused(PlaceGone, lambda: host.plate(shot, stage.folder, lambda *told: None))


def box_mask(name: str, size: tuple[int, int], left: float, top: float, side: float):
    mask = bpy.data.masks.new(name)
    layer = mask.layers.new(name="box")
    line = layer.splines.new()
    line.points.add(3)
    line.use_cyclic = True
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    for point, (x, y) in zip(line.points, corners, strict=True):
        point.handle_left_type = point.handle_right_type = "VECTOR"
        point.co = (0.5 + (x - size[0] / 2) / max(size), 0.5 + (size[1] / 2 - y) / max(size))
    return mask


def check_a_mask_is_the_matte_of_a_job(stage):
    studio.scene_of(stage, 8, 12)
    _, host = studio.clip_open(stage, stage.media(), start=5)
    mask = box_mask("Mask", (320, 180), 100, 50, 60)
    shot = host.selection().clips[0]
    host.masks[shot.place.id] = masking.Use("Mask").also_on(10).also_on(9)
    selection = host.selection()
    matte, plate = selection.matte, selection.clips[0]
    assert matte.clip.range == FrameRange(1, 2)
    assert masking.frames_of(plate, host.masks[shot.place.id]) == [4, 5]
    scenes, told = len(bpy.data.scenes), []
    path = 'layers["box"].alpha'
    for frame, alpha in ((8, 0.0), (9, 0.5), (10, 1.0)):
        mask.layers[0].alpha = alpha
        mask.keyframe_insert(path, frame=frame)
    bpy.context.scene.frame_set(11)
    clip = stage.beside(lambda: host.plate(matte, stage.folder / "m", lambda *n: told.append(n)))
    assert clip == Clip(str(stage.folder / "m" / "Mask.####.png"), FrameRange(1, 2), Rate.of(24))
    half, _ = studio.pixels_of(stage.folder / "m" / "Mask.0001.png")
    assert abs(max(half[0::4]) - 0.5) < 0.02, "it stands as it does on frame 9"
    pixels, (width, height) = studio.pixels_of(stage.folder / "m" / "Mask.0002.png")
    assert (width, height) == (320, 180)
    red = pixels[0::4]
    assert abs(sum(red) / 60**2 - 1) < 0.06, sum(red)
    middle = red[(180 - 80) * 320 + 130]
    assert (middle, red[0]) == (1.0, 0.0)
    assert len(bpy.data.scenes) == scenes
    assert bpy.context.scene.frame_current == 11
    assert told == [(0, 2), (1, 2), (2, 2)]
    host.masks[shot.place.id] = masking.Use("Mask")
    assert host.selection().matte.clip.range == plate.clip.range
    bpy.data.masks.remove(mask)
    assert host.selection().matte is None
