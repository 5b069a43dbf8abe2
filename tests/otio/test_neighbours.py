"""The frames seen beside a slot are those a viewer sees: each answer is counted by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from secondunit_contract.problem import BadValue
from secondunit_otio import Cut, Sighting, neighbours, resolve_media_frame
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    movie,
    span,
    stack,
    text_of,
    timeline,
    track,
    transition,
    warp,
)

SLOT = clip("slot", span(0, 24), generator("SecondUnit.Insert", span(0, 24)))


def shot(name: str, start: float, frames: float, rate: float = 24.0, **more) -> dict:
    """A clip of a movie with 200 frames from 0."""
    return clip(
        name, span(start, frames, rate), movie(f"/m/{name}.mov", span(0, 200, rate)), **more
    )


def around(*tracks: dict, view: str = "track"):
    cut = Cut.parse(text_of(timeline(*tracks)))
    slot = next(item for item in cut.items() if item.name == "slot")
    return neighbours(cut, slot, view)


def seen(sighting: Sighting | None):
    if sighting is None:
        return None
    return sighting.reason or (sighting.item.name, sighting.frame.number)


def both(*children: dict, **more):
    found = around(track(*children), **more)
    return seen(found.before), seen(found.after)


def test_plain():
    assert both(shot("a", 10, 20), SLOT, shot("b", 50, 20)) == (("a", 29), ("b", 50))


def test_gaps_and_ends_show_nothing():
    assert both(SLOT) == (None, None)
    assert both(shot("a", 0, 9), gap(5), SLOT, gap(5), shot("b", 0, 9)) == (None, None)


def test_what_is_switched_off_is_not_seen():
    assert both(shot("a", 0, 9, enabled=False), SLOT, shot("b", 0, 9)) == (None, ("b", 0))


@pytest.mark.parametrize(
    ("speed", "before", "after"),
    [
        (2.0, 10 + 38, 10),  # 20 frames played: 10, 12, ... 48
        (0.5, 10 + 9, 10),  # each twice: 10, 10, ... 19, 19
        (1 / 3, 10 + 6, 10),
        (1.5, 10 + 28, 10),  # floor(1.5 * 19)
        (0.0, 10, 10),
        (-1.0, 10, 29),  # from the top of the source range down to its start
        (-2.0, 11, 49),
        (-0.5, 10, 19),
    ],
)
def test_retimes(speed, before, after):
    fast = {"effects": [warp(speed)]}
    assert both(shot("a", 10, 20, **fast), SLOT, shot("b", 10, 20, **fast)) == (
        ("a", before),
        ("b", after),
    )


def test_a_third_written_short_is_still_a_third():
    # frame 21 lies at 6.999993: the host meant 7
    assert both(shot("a", 10, 22, effects=[warp(0.333333)]), SLOT)[0] == ("a", 17)


def test_reverse_says_what_was_assumed():
    found = around(track(shot("a", 10, 20, effects=[warp(-1)]), SLOT))
    assert "reverse" in found.before.frame.assumed


def test_warps_multiply_and_those_switched_off_do_not_count():
    off = {**warp(7), "enabled": False}
    assert both(shot("a", 10, 20, effects=[warp(4), off, warp(0.5)]), SLOT)[0] == ("a", 48)


def test_a_freeze_frame_stands():
    freeze = {**warp(5), "OTIO_SCHEMA": "FreezeFrame.1"}
    assert both(shot("a", 10, 20, effects=[freeze]), SLOT)[0] == ("a", 10)


def test_a_ramp_only_its_host_knows_is_not_guessed():
    ramp = {**effect("TimeWarp"), "OTIO_SCHEMA": "TimeEffect.1", "name": "TimeWarp1"}
    reason = both(shot("a", 10, 20, effects=[ramp]), SLOT)[0]
    assert "TimeWarp1" in reason


def test_the_last_frame_of_25_fps_in_a_24_fps_cut():
    # 1/24 s before its end it shows its last frame but one; the last frame is what was meant
    assert both(shot("a", 0, 25, 25.0), SLOT, shot("b", 5, 25, 25.0)) == (("a", 24), ("b", 5))


def test_ntsc_media_an_hour_in():
    there = span(86400, 500, 23.976)
    a = clip("a", span(86400 + 100, 48, 23.976024627685547), movie("/m/a.mov", there))
    found = around(track(a, SLOT))
    assert found.before.frame.number == 86400 + 147
    assert found.before.frame.file_frame == 147


def test_past_the_end_of_the_media_its_last_frame_stands():
    a, b = shot("a", 190, 30), shot("b", -5, 30)
    found = around(track(a, SLOT, b))
    assert (seen(found.before), seen(found.after)) == (("a", 199), ("b", 0))
    assert found.before.frame.clamped
    assert not around(track(shot("a", 180, 20), SLOT)).before.frame.clamped


def test_without_an_available_range_the_source_range_is_believed():
    a = clip("a", span(10, 20), movie("/m/a.mov"))
    found = around(track(a, SLOT))
    assert seen(found.before) == ("a", 29)
    assert found.before.frame.media.start is None
    assert found.before.frame.file_frame == 29


def test_without_any_range_it_says_so():
    assert both(clip("a", None, movie("/m/a.mov")), SLOT)[0] == "Nothing says how long it is"
    assert both(SLOT, clip("a", None, movie("/m/a.mov")))[1] == "Nothing says how long it is"


def test_without_a_source_range_all_of_the_media_is_shown():
    assert both(clip("a", None, movie("/m/a.mov", span(100, 50))), SLOT)[0] == ("a", 149)


def test_a_dissolve_into_the_slot_is_stepped_out_of():
    found = around(track(shot("a", 10, 20), transition(6, 4), SLOT))
    assert seen(found.before) == ("a", 23)  # six frames before the cut the blend begins
    assert found.before.stepped == Fraction(6, 24)
    assert [frame.number for frame in found.frames_before(3)] == [21, 22, 23]


def test_a_dissolve_out_of_the_slot_is_stepped_out_of():
    found = around(track(SLOT, transition(6, 4), shot("b", 10, 20)))
    assert seen(found.after) == ("b", 14)
    assert [frame.number for frame in found.frames_after(3)] == [14, 15, 16]


def test_a_dissolve_further_on_does_not_matter_until_it_is_reached():
    found = around(track(SLOT, shot("b", 10, 20), transition(16, 4), shot("c", 10, 20)))
    assert seen(found.after) == ("b", 10)
    assert [frame.number for frame in found.frames_after(9)] == [10, 11, 12, 13]


def test_a_dissolve_as_long_as_the_clip_leaves_half_a_blend():
    found = around(track(shot("a", 10, 6), transition(6, 4), SLOT))
    assert seen(found.before) == ("a", 10)
    assert found.before.blended


def test_a_nested_trimmed_sequence():
    inner = stack(track(shot("a", 10, 20), shot("b", 50, 20)), source_range=span(5, 20))
    assert both(inner, SLOT, inner) == (("b", 54), ("a", 15))


def test_a_nested_trimmed_track():
    inner = track(shot("a", 10, 20), shot("b", 50, 20), source_range=span(5, 20))
    assert both(inner, SLOT, inner) == (("b", 54), ("a", 15))


def test_a_warp_on_a_nested_stack():
    inner = stack(track(shot("a", 0, 100)), source_range=span(10, 20), effects=[warp(2)])
    assert both(inner, SLOT, inner) == (("a", 10 + 39), ("a", 10))
    back = {**inner, "effects": [warp(-1)]}
    assert both(back, SLOT, back) == (("a", 10), ("a", 29))


def test_a_clip_within_a_clip_outside_the_trim_is_not_seen():
    cut = Cut.parse(
        text_of(timeline(track(track(shot("a", 0, 9), SLOT, source_range=span(9, 24)))))
    )
    slot = next(item for item in cut.items() if item.name == "slot")
    assert neighbours(cut, slot).before is None


def test_the_whole_stack_is_seen_from_the_top():
    below = track(shot("a", 10, 20), SLOT, shot("b", 50, 20))
    over = track(gap(10), shot("over", 0, 14), gap(20), shot("late", 100, 9))
    off = track(shot("off", 0, 100), enabled=False)
    sound = track(shot("sound", 0, 100), kind="Audio")
    found = around(below, over, off, sound, view="comp")
    assert (seen(found.before), seen(found.after)) == (("over", 9), ("late", 100))
    assert both(shot("a", 10, 20), SLOT, shot("b", 50, 20), view="comp") == (("a", 29), ("b", 50))
    assert [frame.number for frame in found.frames_before(20)] == list(range(10))
    assert seen(around(below, over).before) == ("a", 29)


def test_a_track_that_cannot_be_timed_hides_what_lies_below_it():
    below = track(shot("a", 10, 20), SLOT, shot("b", 50, 20))
    over = track(gap(30), clip("odd", None, None), shot("over", 0, 50))
    found = around(below, over, view="comp")
    assert seen(found.before) == ("a", 29)
    assert "cannot be told" in seen(found.after)


def test_a_slot_in_a_trimmed_track_is_seen_where_it_plays():
    below = track(shot("a", 10, 20), SLOT, source_range=span(15, 29))
    over = track(gap(4), shot("over", 0, 1), gap(50))
    assert seen(around(below, over, view="comp").before) == ("over", 0)


def test_a_run_stops_at_a_cut():
    found = around(track(shot("z", 0, 9), shot("a", 10, 3), SLOT, shot("b", 7, 2)))
    assert [frame.number for frame in found.frames_before(9)] == [10, 11, 12]
    assert [frame.number for frame in found.frames_after(9)] == [7, 8]
    assert around(track(gap(3), SLOT)).frames_before(4) == []


def test_a_run_repeats_what_a_slowed_clip_repeats():
    found = around(track(shot("a", 10, 20, effects=[warp(0.5)]), SLOT))
    assert [frame.number for frame in found.frames_before(4)] == [18, 18, 19, 19]


@pytest.mark.parametrize(
    ("media", "words"),
    [
        (None, "offline"),
        (generator("SMPTEBars", span(0, 20)), "SMPTEBars"),
        (generator("SecondUnit.Insert", span(0, 20)), "not been shot"),
        ({"OTIO_SCHEMA": "Odd.1"}, "Odd"),
        (movie(""), "no file"),
    ],
)
def test_what_has_no_file_says_why(media, words):
    assert words in both(clip("a", span(0, 20), media), SLOT)[0]


def test_offline_media_says_where_it_was():
    lost = {
        "OTIO_SCHEMA": "MissingReference.1",
        "metadata": {"Resolve_OTIO": {"Media Url": "/x/y.mov"}},
    }
    assert "/x/y.mov" in both(clip("a", span(0, 20), lost), SLOT)[0]


def test_an_image_sequence_is_counted_by_its_files():
    media = {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "available_range": span(86400, 100),
        "target_url_base": "renders/shot 1",
        "name_prefix": "sh.",
        "name_suffix": ".exr",
        "start_frame": 1001,
        "frame_step": 1,
        "rate": 24.0,
        "frame_zero_padding": 5,
    }
    cut = Cut.parse(text_of(track(clip("a", span(86410, 20), media), SLOT)), folder="/cuts")
    found = neighbours(cut, cut.root.children[1]).before.frame
    assert (found.number, found.file_frame) == (86429, 1030)
    assert found.media.path == "/cuts/renders/shot 1/sh.#####.exr"
    assert found.media.sequence


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/shots/a.mov", "/shots/a.mov"),
        ("/shots/a#1 50%20?.mov", "/shots/a#1 50%20?.mov"),
        ("file:///shots/a%20b%23.mov", "/shots/a b#.mov"),
        ("file://localhost/shots/a.mov", "/shots/a.mov"),
        ("FILE:/shots/a.mov", "/shots/a.mov"),
        ("file:///C:/shots/a.mov", "C:/shots/a.mov"),
        ("file://server/share/a.mov", "//server/share/a.mov"),
        ("C:\\shots\\a.mov", "C:\\shots\\a.mov"),
        ("shots/a.mov", "/cuts/shots/a.mov"),
        ("../a.mov", "/cuts/../a.mov"),
        ("s3://bucket/a.mov", "s3://bucket/a.mov"),
    ],
)
def test_a_media_path_means_the_file_it_names(url, path):
    cut = Cut.parse(text_of(track(clip("a", span(0, 9), movie(url)), SLOT)), folder="/cuts")
    assert neighbours(cut, cut.root.children[1]).before.frame.media.path == path


def test_old_clips_are_read_too():
    old = {"OTIO_SCHEMA": "Clip.1", "name": "a", "source_range": span(3, 4)}
    old["media_reference"] = movie("/m/a.mov", span(0, 50))
    assert both(old, SLOT)[0] == ("a", 6)


def test_only_a_clip_has_media_frames():
    cut = Cut.parse(text_of(track(gap(4))))
    with pytest.raises(BadValue, match="no clip"):
        resolve_media_frame(cut, cut.root.children[0], Fraction(0))
