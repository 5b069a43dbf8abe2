"""What the Sequencer's adapter reads of a cut: strips, gaps and neighbours."""

from __future__ import annotations

import bpy

from secondunit_blender import neighbours, versions
from secondunit_contract.frames import FrameRange, Rate
from secondunit_panel.host import PlaceGone


def said(selection) -> tuple:
    """(gap, before, after): frames, and names with the frames of the media."""
    sides = [
        (s.name, str(s.clip.range)) if s else None for s in (selection.before, selection.after)
    ]
    return (str(selection.gap.range) if selection.gap else None, *sides)


def check_a_movie_is_its_file_s_own_frames(stage):
    stage.movie("a", 100)
    versions.trim(stage.at("a"), FrameRange(104, 111))
    shot = stage.shot("a")
    assert shot.clip.media == str(stage.folder / "media" / "a.mov")
    assert (str(shot.clip.range), str(shot.place.range)) == ("4-11", "104-111")
    assert str(shot.available) == "0-23"
    assert (shot.width, shot.height) == (320, 180)
    assert (shot.clip.rate, shot.clip.colour_space, shot.must_export) == (Rate.of(24), "", "")


def check_frames_are_right_where_the_file_itself_is_trimmed(stage):
    strip = stage.movie("a", 100)
    head = (
        "content_trim_start" if hasattr(strip, "content_trim_start") else "animation_offset_start"
    )
    setattr(strip, head, 5)
    begin = versions.content(strip)[0]
    shot = stage.shot("a")
    assert shot.clip.range.first == 5 + shot.place.range.first - begin
    assert str(shot.available) == "0-23"


def check_pictures_keep_their_numbers(stage):
    stage.pictures("p", 50, list(range(1001, 1013)))
    versions.trim(stage.at("p"), FrameRange(52, 57))
    shot = stage.shot("p")
    assert shot.clip.media == str(stage.folder / "pictures" / "p.####.png")
    assert (str(shot.clip.range), str(shot.place.range)) == ("1003-1008", "52-57")
    assert str(shot.available) == "1001-1012"


def check_what_is_not_just_its_file_has_to_be_rendered(stage):
    stage.movie("back", 1).use_reverse_frames = True
    stage.movie("stutter", 1, channel=2).strobe = 2
    held = stage.movie("held", 1, channel=3)
    versions.trim(held, FrameRange(1, 40))
    stage.movie("graded", 1, channel=4).modifiers.new("b", "BRIGHT_CONTRAST")
    stage.pictures("still", 1, [7], channel=5)
    versions.trim(stage.at("still"), FrameRange(1, 10))
    stage.pictures("holes", 1, [1, 2, 4], channel=6)
    stage.movie("log", 1, channel=7).colorspace_settings.name = "Filmic Log"
    stage.colour("slug", 1, 10, 8)
    stage.effect("speed", "SPEED", 1, 24, 9, stage.movie("fast", 1, channel=10))
    told = {name: stage.shot(name).must_export for name in stage.names()}
    wanted = {
        "back": "It runs backwards", "stutter": "It stutters",
        "held": "It is held beyond its media", "graded": "It has modifiers",
        "still": "It is a still", "holes": "Its pictures are not numbered in order",
        "log": "Only Blender knows the colours of Filmic Log", "slug": "It is a colour",
        "speed": "It is an effect", "fast": "",
    }  # fmt: skip
    assert told == wanted, told
    slug = stage.shot("slug")
    assert slug.clip.media.endswith(".exr")
    assert (len(slug.clip.range), slug.available) == (10, None)


def check_a_place_and_a_size_are_no_change(stage):
    strip = stage.movie("a", 1)
    strip.transform.scale_x = strip.transform.scale_y = 2.0
    strip.transform.offset_x, strip.crop.min_x, strip.use_flip_x = 10, 4, True
    assert stage.shot("a").must_export == ""


def check_the_gap_under_the_playhead_has_its_neighbours(stage):
    stage.movie("a", 6, 15)
    stage.movie("b", 31, 40)
    assert said(stage.gap(20)) == ("16-30", ("a", "0-9"), ("b", "0-9"))
    assert stage.gap(7).gap is None
    assert not stage.gap(7)
    assert said(stage.gap(100)) == ("41-250", ("b", "0-9"), None)
    assert said(stage.gap(3)) == ("1-5", None, ("a", "0-9"))
    assert not stage.gap(260), "the scene has ended there"
    assert stage.gap(20).gap.id == ""
    assert stage.gap(20).playhead == 20


def check_an_empty_cut_has_a_gap_only_where_in_and_out_say_so(stage):
    assert not stage.gap(20)
    stage.scene.use_preview_range = True
    stage.scene.frame_preview_start, stage.scene.frame_preview_end = 10, 33
    assert said(stage.gap(20)) == ("10-33", None, None)
    stage.movie("a", 1, 12)
    assert said(stage.gap(20)) == ("13-33", ("a", "0-11"), None)


def check_two_neighbours_are_the_gap_between_them(stage):
    stage.movie("a", 1, 10)
    stage.movie("b", 15, 20, channel=2)
    stage.movie("c", 21, 30)
    assert said(stage.select("a", "b")) == ("11-14", ("a", "0-9"), ("b", "0-5"))
    touching = stage.select("c", "b")
    assert [each.name for each in touching.clips] == ["b", "c"], "in the cut's order"
    assert said(touching) == (None, None, None)
    assert len(stage.select("a", "c").clips) == 2, "b stands between"


def check_one_strip_has_the_neighbours_it_touches(stage):
    stage.movie("a", 1, 10)
    stage.movie("b", 11, 20)
    stage.movie("c", 22, 30)
    assert said(stage.select("b")) == (None, ("a", "0-9"), None)


def check_a_cross_fade_has_its_strips_as_neighbours(stage):
    a, b = stage.movie("a", 1, 20), stage.movie("b", 13, 30, channel=2)
    for kind in neighbours.CROSSES:
        cross = stage.effect(kind, kind, 13, 20, 3, a, b)
        assert said(stage.select("a")) == (None, None, ("b", "8-17")), kind
        assert said(stage.select("b")) == (None, ("a", "0-11"), None), kind
        stage.strips.remove(cross)
    stage.effect("out", "CROSS", 13, 20, 3, a, b)
    versions.trim(b, FrameRange(13, 20))
    assert said(stage.gap(25))[1] == ("b", "0-7"), "a fade into a gap ends on its second"


def check_an_effect_hides_what_it_is_made_of(stage):
    glow = stage.effect("glow", "GLOW", 1, 10, 2, stage.movie("a", 1, 10))
    before = stage.gap(20).before
    assert (before.name, before.must_export) == ("glow", "It is an effect")
    glow.mute = True
    assert stage.gap(20).before.name == "a"


def check_titles_sounds_and_what_is_switched_off_are_no_neighbours(stage):
    stage.movie("a", 1, 10)
    stage.effect("title", "TEXT", 5, 15, 3)
    stage.colour("off", 1, 20, 2).mute = True
    stage.colour("channel", 1, 20, 4)
    stage.scene.sequence_editor.channels[4].mute = True
    stage.effect("grade", "ADJUSTMENT", 1, 20, 5)
    assert said(stage.gap(18))[:2] == ("11-250", ("a", "0-9"))


def check_a_meta_is_looked_through(stage):
    inner = [stage.movie("a", 1, 10), stage.movie("b", 11, 20)]
    meta = stage.meta("m", 1, *inner)
    assert said(stage.gap(30))[1] == ("b", "0-9")
    versions.trim(meta, FrameRange(1, 15))
    assert said(stage.gap(30))[:2] == ("16-250", ("b", "0-4")), "as far as the meta lets it be seen"
    assert stage.shot("m").must_export == "Several strips are one"
    meta.modifiers.new("c", "BRIGHT_CONTRAST")
    assert stage.gap(30).before.name == "m"


def check_a_scene_strip_is_a_neighbour_that_is_rendered(stage):
    other = bpy.data.scenes.new("other")
    other.frame_start, other.frame_end = 1, 100
    stage.strips.new_scene("s", other, 1, 1)
    before = stage.gap(120).before
    assert (before.name, before.must_export) == ("s", "A scene is rendered")
    assert str(before.place.range) == "77-100", "a second of it, beside the gap"
    assert len(before.clip.range) == 24
    stage.movie("b", 121, 130)
    assert stage.gap(110).after.name == "b"


def check_the_scene_s_rate_is_exact(stage):
    stage.movie("a", 1, 10)
    stage.scene.render.fps, stage.scene.render.fps_base = 24, 1.001
    shot = stage.shot("a")
    assert str(shot.place.rate) == "24000/1001"
    assert str(shot.clip.rate) == "24", "a file keeps its own: a frame of it is a frame here"


def check_a_document_is_known_again(stage):
    stage.movie("a", 1, 10)
    first = stage.select("a")
    assert first.folder == "", "never saved: takes lie beside the media"
    assert "secondunit_document" not in stage.scene, "reading writes nothing"
    stage.scene.name = "Cut 7"
    assert stage.select("a").document == first.document
    stage.save()
    saved = stage.select("a")
    assert saved.document == first.document
    assert saved.folder == str(stage.folder / "Second Unit")
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    stage.scenes.forget()
    assert stage.select("a").document != first.document, "nothing was kept: see the next check"


def check_a_file_tells_by_what_it_is_known(stage):
    stage.movie("a", 1, 10)
    known = stage.select("a").document
    stage.scenes.keep()
    stage.save()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    stage.scenes.forget()
    assert stage.select("a").document == known
    stage.save("copy.blend")
    assert stage.select("a").document == known


def check_a_file_that_was_never_saved_with_us_is_known_by_its_path_and_scene(stage):
    stage.movie("a", 1, 10)
    stage.save()
    known = stage.select("a").document
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    stage.scenes.forget()
    assert stage.select("a").document == known
    other = bpy.data.scenes.new("another")
    assert stage.scenes.document(other) != known
    name, stage.scene.name = stage.scene.name, "renamed"
    assert stage.scenes.document(bpy.data.scenes.new(name)) != known, "it only has its old name"
    assert stage.select("a").document == known


def check_undo_does_not_lose_the_document(stage):
    stage.movie("a", 1, 10)
    bpy.ops.ed.undo_push(message="a")
    known = stage.select("a").document
    stage.scenes.keep()
    bpy.ops.ed.undo_push(message="kept")
    bpy.ops.ed.undo()
    assert stage.select("a").document == known


def check_reading_changes_nothing(stage):
    stage.movie("a", 1, 10)
    stage.colour("slug", 20, 30, 1)
    stage.save()
    for names in (("a",), ("slug",), ()):
        stage.select(*names, playhead=15)
        stage.host.selection()
    assert stage.names() == ["a", "slug"]
    assert not list(stage.scene.timeline_markers)
    assert [key for key in stage.scene.keys() if key.startswith("secondunit")] == []  # noqa: SIM118


def check_what_has_gone_is_told(stage):
    stage.movie("a", 1, 10)
    shot = stage.shot("a")
    stage.strips.remove(stage.at("a"))
    stage.refused(PlaceGone, lambda: stage.host.open(shot.place))
    stage.begin()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    stage.scenes.forget()
    stage.refused(PlaceGone, lambda: stage.host.open(shot.place))


def check_showing_selects_and_moves_the_playhead(stage):
    stage.movie("a", 1, 10)
    stage.movie("b", 20, 30)
    place = stage.shot("a").place
    stage.select("b")
    stage.host.open(place, 7)
    assert stage.scene.frame_current == 7
    assert [each.name for each in stage.strips if each.select] == ["a"]
    assert stage.scene.sequence_editor.active_strip.name == "a"


def check_the_signature_follows_what_an_artist_does(stage):
    stage.movie("a", 1, 10)
    stage.movie("b", 20, 30)
    stage.select("a")

    def sign():
        return stage.host.signature(bpy.context)

    seen = [sign()]
    assert sign() == seen[0]

    def changed():
        now = sign()
        assert now != seen[-1]
        seen.append(now)

    versions.trim(stage.at("a"), FrameRange(2, 10))
    changed()
    stage.select("b")
    changed()
    stage.select(playhead=15)
    changed()
    stage.scene.frame_current = 16
    changed()
