"""Takes come into the cut, are flipped, and go out again; each a step that can be undone."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import bpy

from secondunit_blender import conformance, provenance, versions
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_panel.host import HostBusy, HostCannot, NotPlaced, PlaceGone

TEN = FrameRange(0, 9)


def stands(strip) -> tuple:
    return (
        str(versions.span(strip)),
        strip.channel,
        os.path.basename(bpy.path.abspath(strip.filepath)),
    )


def check_the_suite_for_hosts_is_passed(stage):
    out = stage.folder / "conformance.json"
    assert conformance.main(out) == 0, out.read_text("utf-8")
    told = json.loads(out.read_text("utf-8"))
    assert {*told} == {"passed", "plate", "slug", "clip", "image", "camera"}
    left = {each["check"] for each in told["slug"]["checks"] if each["result"] != "passed"}
    assert left == {"matte_is_attached"}


def check_a_take_stands_above_its_plate(stage):
    stage.movie("a", 1, 10)
    placed = stage.placed()
    strip = stage.at("a · extend")
    assert stands(strip) == ("1-10", 2, "take_j-1_1.mov")
    assert (placed.place.id, str(placed.frames), placed.how) == ("a · extend", "0-9", "take 1")
    assert stands(stage.at("a")) == ("1-10", 1, "a.mov")
    [marker] = stage.scene.timeline_markers
    assert (marker.frame, marker.name) == (1, 'Second Unit · extend · take 1: a "red" ball')


def check_it_says_whose_it_is(stage):
    stage.movie("a", 1, 10)
    stage.placed()
    path = stage.save()
    bpy.ops.wm.open_mainfile(filepath=str(path))
    strip = stage.at("a · extend")
    told = {key: strip[key] for key in strip.keys()}  # noqa: SIM118
    assert (told["secondunit_job"], told["secondunit_take"]) == ("j-1", 1)
    assert (told["secondunit_seed"], told["secondunit_task"]) == ("41", "extend")
    assert told["secondunit_prompt"] == 'a "red" ball'
    [take] = provenance.takes(strip)
    assert (take.number, str(take.range)) == (1, "0-9")


def check_a_longer_take_begins_before_its_plate(stage):
    stage.movie("a", 11, 20)
    shot = stage.shot("a")
    take = stage.take(1, FrameRange(-3, 12))
    stage.host.place(stage.delivery(shot.place, take, plate=shot.clip, lies=FrameRange(8, 23)))
    assert stands(stage.at("a · extend"))[0] == "8-23"


def check_a_gap_is_filled_in_its_own_channel(stage):
    stage.movie("a", 1, 10, channel=3)
    stage.movie("b", 21, 30, channel=3)
    gap = stage.gap(15).gap
    stage.host.place(stage.delivery(gap, stage.take(1, TEN)))
    assert stands(stage.at("gap · extend"))[:2] == ("11-20", 3)
    wide = stage.delivery(gap, stage.take(1, FrameRange(0, 13), "j-2"), lies=FrameRange(9, 22))
    stage.host.place(wide)
    assert stands(stage.at("gap · extend.001"))[:2] == ("9-22", 4)


def check_the_channel_is_free_open_and_above_what_the_plate_makes(stage):
    a = stage.movie("a", 1, 10)
    stage.effect("glow", "GLOW", 1, 10, 3, a)
    stage.colour("title", 9, 12, 4)
    stage.scene.sequence_editor.channels[5].lock = True
    stage.scene.sequence_editor.channels[6].mute = True
    stage.placed()
    assert stands(stage.at("a · extend"))[1] == 7
    stage.movie("b", 31, 40)
    stage.colour("higher", 31, 40, 3)
    stage.placed("b", take=stage.take(1, TEN, "j-2"))
    assert stands(stage.at("b · extend"))[1] == 2, "beneath what stands higher anyway"


def check_a_plate_in_a_meta_gets_its_take_above_the_meta(stage):
    stage.meta("m", 2, stage.movie("a", 1, 10))
    shot = stage.gap(30).before
    stage.host.place(stage.delivery(shot.place, stage.take(1, TEN), plate=shot.clip))
    assert stands(stage.strips["a · extend"])[:2] == ("1-10", 3)


def check_no_channel_is_told(stage):
    stage.movie("a", 1, 10)
    for channel in range(2, 129):
        stage.colour(f"c{channel}", 1, 10, channel)
    before = len(stage.strips)
    stage.refused(HostBusy, stage.placed)
    assert len(stage.strips) == before


def check_takes_are_flipped_without_moving_the_strip(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1)
    strip = stage.at("a · extend")
    versions.trim(strip, FrameRange(3, 8))
    strip.blend_alpha, strip.channel = 0.5, 6
    stage.placed(number=2)
    strip = stage.at("a · extend")
    assert stands(strip) == ("3-8", 6, "take_j-1_2.mov")
    assert strip.blend_alpha == 0.5
    assert provenance.plays(strip) == ("j-1", 2)
    placed = stage.placed(number=1)
    assert stands(stage.at("a · extend")) == ("3-8", 6, "take_j-1_1.mov")
    assert str(placed.place.range) == "3-8", "what stands is told"
    assert len(stage.strips) == 2
    names = [each.name for each in stage.scene.timeline_markers]
    assert [name.partition(":")[0] for name in names][-1] == "Second Unit · extend · take 1"


def check_a_take_that_is_not_chosen_waits_in_the_strip(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1)
    told = stage.placed(number=2, chosen=False)
    assert told.how == "take 2, kept in the strip"
    assert stands(stage.at("a · extend"))[2] == "take_j-1_1.mov"


def check_taking_out_plays_the_one_before_and_ends_with_the_last(stage):
    stage.movie("a", 1, 10)
    one, two = stage.placed(number=1), stage.placed(number=2)
    stage.host.take_out(two)
    assert stands(stage.at("a · extend"))[2] == "take_j-1_1.mov"
    stage.host.take_out(two)
    stage.host.take_out(one)
    assert stage.names() == ["a"]
    assert not list(stage.scene.timeline_markers)
    stage.host.take_out(one)
    assert os.path.isfile(one.media), "media stays"


def check_a_placed_take_is_one_step_to_undo(stage):
    stage.movie("a", 1, 10)
    bpy.ops.ed.undo_push(message="before")
    stage.placed()
    bpy.ops.ed.undo()
    assert stage.names() == ["a"]
    assert not list(stage.scene.timeline_markers)
    bpy.ops.ed.redo()
    assert stage.names() == ["a", "a · extend"]
    assert len(stage.scene.timeline_markers) == 1
    stage.placed()
    assert len(stage.strips) == 2, "after undo and redo it is still known"


def check_a_flip_and_a_taking_out_are_one_step_each(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1)
    two = stage.placed(number=2)
    bpy.ops.ed.undo()
    assert stands(stage.at("a · extend"))[2] == "take_j-1_1.mov"
    bpy.ops.ed.redo()
    stage.host.take_out(two)
    bpy.ops.ed.undo()
    assert stands(stage.at("a · extend"))[2] == "take_j-1_2.mov"


def check_what_is_undone_can_be_placed_again(stage):
    stage.movie("a", 1, 10)
    bpy.ops.ed.undo_push(message="before")
    stage.placed()
    bpy.ops.ed.undo()
    stage.placed()
    assert stage.names() == ["a", "a · extend"]


def check_a_take_is_shown_as_its_plate_is(stage):
    strip = stage.movie("a", 1, 10)
    strip.transform.scale_x, strip.transform.offset_y, strip.use_flip_x = 1.5, 12, True
    strip.crop.max_y, strip.color_saturation = 7, 0.5
    stage.placed()
    take = stage.at("a · extend")
    assert (take.transform.scale_x, take.transform.offset_y, take.use_flip_x) == (1.5, 12, True)
    assert (take.crop.max_y, take.color_saturation) == (7, 0.5)


def check_a_take_of_another_size_fits_the_picture(stage):
    stage.scene.render.resolution_x, stage.scene.render.resolution_y = 640, 400
    stage.movie("a", 1, 10)
    stage.host.place(stage.delivery(stage.shot("a").place, stage.take(1, TEN)))
    take = stage.at("a · extend")
    assert (take.transform.scale_x, take.transform.scale_y) == (2.0, 2.0)


def check_a_sequence_comes_with_its_own_numbers(stage):
    stage.pictures("p", 50, list(range(1001, 1013)))
    shot = stage.shot("p")
    folder = stage.folder / "takes"
    folder.mkdir()
    for number in range(999, 1015):
        stage.picture(folder / f"t_1.{number:04d}.png", number / 2000)
    media = str(folder / "t_1.####.png")
    take = stage.take(1, FrameRange(999, 1014), media=media)
    placed = stage.host.place(
        stage.delivery(shot.place, take, plate=shot.clip, lies=FrameRange(48, 63))
    )
    strip = stage.at(placed.place.id)
    assert str(versions.span(strip)) == "48-63"
    assert [strip.elements[k].filename for k in (0, -1)] == ["t_1.0999.png", "t_1.1014.png"]
    assert (placed.media, str(placed.frames)) == (media, "999-1014")
    for number in range(999, 1015):
        stage.picture(folder / f"t_2.{number:04d}.png", number / 2000)
    second = replace(take, number=2, media=media.replace("t_1", "t_2"))
    stage.host.place(stage.delivery(shot.place, second, plate=shot.clip, lies=FrameRange(48, 63)))
    assert strip.elements[15].filename == "t_2.1014.png"


def check_a_take_of_another_kind_gets_a_strip_and_hides_the_other(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1)
    shot = stage.shot("a")
    folder = stage.folder / "takes"
    for number in range(10):
        stage.picture(folder / f"t.{number:04d}.png", 0.5)
    take = stage.take(2, TEN, media=str(folder / "t.####.png"))
    stage.host.place(stage.delivery(shot.place, take, plate=shot.clip))
    seen = {each.name: each.mute for each in stage.strips}
    assert seen == {"a": False, "a · extend": True, "a · extend.001": False}
    stage.placed(number=1)
    assert [each.mute for each in stage.strips] == [False, False, True]


def check_numbers_stay_numbers_and_colours_those_of_the_plate(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1, raw=True, slate="s1")
    stage.placed(take=stage.take(1, TEN, "j-2"), colour_space="lin_rec709")
    spaces = [each.colorspace_settings.name for each in stage.strips]
    assert spaces == ["sRGB", "Non-Color", "Linear Rec.709"]


def check_paths_are_as_blender_s_user_likes_them(stage):
    stage.movie("a", 1, 10)
    stage.placed()
    assert os.path.isabs(stage.at("a · extend").filepath), "a file never saved has no folder"
    stage.save()
    stage.placed(take=stage.take(1, TEN, "j-2"))
    assert stage.at("a · extend.001").filepath == "//takes/take_j-2_1.mov"
    bpy.context.preferences.filepaths.use_relative_paths = False
    stage.placed(take=stage.take(1, TEN, "j-3"))
    assert os.path.isabs(stage.at("a · extend.002").filepath)


def check_bad_takes_leave_nothing_behind(stage):
    stage.movie("a", 1, 10)
    gone = stage.take(1, TEN, media=str(stage.folder / "gone.mov"))
    stage.refused(NotPlaced, lambda: stage.placed(take=gone))
    longer = stage.take(2, FrameRange(30, 39), media=str(stage.cut_movie("short", 12)))
    stage.refused(NotPlaced, lambda: stage.placed(take=longer))
    broken = stage.folder / "broken.mov"
    broken.write_bytes(b"no movie")
    stage.refused(NotPlaced, lambda: stage.placed(take=stage.take(3, TEN, media=str(broken))))
    assert stage.names() == ["a"]
    assert not list(stage.scene.timeline_markers)


def check_a_flip_that_fails_plays_what_it_did(stage):
    stage.movie("a", 1, 10)
    stage.placed(number=1)
    broken = stage.folder / "broken.mov"
    broken.write_bytes(b"no movie")
    bad = stage.take(2, TEN, media=str(broken))
    stage.refused(NotPlaced, lambda: stage.placed(take=bad))
    strip = stage.at("a · extend")
    assert stands(strip) == ("1-10", 2, "take_j-1_1.mov")
    assert [each.number for each in provenance.takes(strip)] == [1]


def check_what_went_meanwhile_is_told(stage):
    stage.movie("a", 1, 10)
    shot = stage.shot("a")
    delivery = stage.delivery(shot.place, stage.take(1, TEN), plate=shot.clip)
    stage.strips.remove(stage.at("a"))
    stage.refused(PlaceGone, lambda: stage.host.place(delivery))
    assert stage.names() == []
    bpy.data.scenes.new("another")
    bpy.data.scenes.remove(stage.scene)
    stage.refused(PlaceGone, lambda: stage.host.place(delivery))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    stage.scenes.forget()
    stage.begin()
    stage.movie("a", 1, 10)
    stage.refused(PlaceGone, lambda: stage.host.place(delivery))
    assert stage.names() == ["a"], "a strip of that name in another file is another strip"


def check_a_moved_file_is_told_before_anything_is_shot(stage):
    from secondunit_contract.problem import MediaMissing

    stage.movie("a", 1, 10)
    shot = stage.shot("a")
    os.remove(shot.clip.media)
    told = stage.refused(
        MediaMissing, lambda: stage.host.plate(shot, stage.folder, lambda *told: None)
    )
    assert "Find Missing Files" in told.remedy


def check_what_somebody_wrote_into_a_strip_does_no_harm(stage):
    stage.movie("a", 1, 10)
    stage.placed()
    for nonsense in ("{", "[1]", 7, '[{"job": 3}]'):
        strip = stage.at("a · extend")
        strip["secondunit_takes"] = nonsense
        strip["secondunit_lies"] = "x"
        assert provenance.takes(strip) == []
        stage.select("a")
    stage.placed()
    assert len(stage.strips) == 3


def check_mattes_are_placed_as_takes_here(stage):
    stage.movie("a", 1, 10)
    shot = stage.shot("a")
    delivery = stage.delivery(shot.place, stage.take(1, TEN), plate=Clip(shot.clip.media))
    stage.refused(HostCannot, lambda: stage.host.attach_matte(delivery))
