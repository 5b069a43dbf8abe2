"""What is selected in Resolve, in exact frames, however it is asked."""

from __future__ import annotations

import pytest

from secondunit_contract.frames import FrameRange, Timecode
from secondunit_panel.host import HostGone

FIRST = 86400


def shot_in(host):
    [shot] = host.selection().clips
    return shot


@pytest.mark.parametrize("version", ["19.1.3", "21.0.4"])
def test_a_clip_is_read_exactly(world, hosted, media, version):
    shot = shot_in(hosted(world(version)))
    assert shot.clip.media == str(media)
    assert (shot.clip.range, shot.place.range) == (
        FrameRange(4, 11),
        FrameRange(FIRST + 24, FIRST + 31),
    )
    assert (shot.available, shot.width, shot.height) == (FrameRange(0, 23), 320, 180)
    assert str(shot.place.timecode) == "01:00:01:00"
    assert (shot.place.document, shot.place.track) == ("Film / Cut 1", "Video 1")
    assert shot.must_export == ""


def test_drop_frame_counts_as_it_shows(world, hosted):
    host = hosted(world(start="01:00:00;00", rate="29.97", version="21.1.0"))
    place = host.selection().gap or shot_in(host).place
    assert place.timecode.drop
    assert str(place.timecode) == "01:00:00;24"


@pytest.mark.parametrize("absolute", [False, True])
def test_marks_trim_the_clip_however_they_count(world, hosted, absolute):
    resolve = world(marks_absolute=absolute)
    resolve.current.marks = (FIRST + 26, FIRST + 28)
    shot = shot_in(hosted(resolve))
    assert (shot.place.range, shot.clip.range) == (
        FrameRange(FIRST + 26, FIRST + 28),
        FrameRange(6, 8),
    )


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize("key", ["in", "out"])
def test_one_mark_alone_is_enough(world, hosted, monkeypatch, fakes, absolute, key):
    resolve = world(marks_absolute=absolute)
    value = 28 + (FIRST if absolute else 0)
    timeline = type(resolve.current)
    monkeypatch.setattr(timeline, "GetMarkInOut", lambda self: {"video": {key: value}})
    left = {"in": FrameRange(FIRST + 28, FIRST + 31), "out": FrameRange(FIRST + 24, FIRST + 28)}
    assert shot_in(hosted(resolve)).place.range == left[key]


@pytest.mark.parametrize("nothing", [False, True])
def test_marks_that_were_never_set_are_none(world, hosted, nothing):
    assert len(shot_in(hosted(world(no_list=nothing))).place.range) == 8


def test_marks_elsewhere_leave_the_clip_whole(world, hosted):
    resolve = world()
    resolve.current.marks = (FIRST + 500, FIRST + 600)
    assert len(shot_in(hosted(resolve)).place.range) == 8


@pytest.mark.parametrize("version", ["20.3.2", "21.1.0"])
@pytest.mark.parametrize("speed", [50.0, 101.0, -100.0, 250.0])
def test_a_retimed_clip_must_be_exported(world, hosted, version, speed):
    resolve = world(version)
    resolve.clip.frames, resolve.plate.speed, resolve.plate.left = 720, speed, 20
    assert shot_in(hosted(resolve)).must_export == "The clip is retimed"


@pytest.mark.parametrize("off", [-1, 1])
def test_a_source_start_told_one_off_is_no_retime(world, hosted, off):
    shot = shot_in(hosted(world("20.3.2", source_off=off)))
    assert (shot.must_export, shot.clip.range) == ("", FrameRange(4, 11))


def test_a_clip_of_another_rate_must_be_exported(world, hosted):
    resolve = world()
    resolve.clip.fps = 25.0
    assert "25" in shot_in(hosted(resolve)).must_export


def test_a_subclip_must_be_exported(world, hosted):
    resolve = world()
    resolve.clip.start = 100
    assert "part of another" in shot_in(hosted(resolve)).must_export


def test_a_still_must_be_exported(world, hosted):
    resolve = world()
    resolve.clip.frames = 1
    assert "more frames" in shot_in(hosted(resolve)).must_export


def test_a_sequence_is_written_as_ours_are(world, hosted, tmp_path):
    resolve = world()
    resolve.clip.path, resolve.clip.start = str(tmp_path / "a.[1001-1024].exr"), 1001
    shot = shot_in(hosted(resolve))
    assert (shot.clip.media, shot.clip.range) == (
        str(tmp_path / "a.####.exr"),
        FrameRange(1005, 1012),
    )
    assert (shot.available, shot.must_export) == (FrameRange(1001, 1024), "")


def test_titles_and_transitions_are_passed_over(world, hosted):
    resolve = world("20.3.2")
    resolve.current.stand(2, None, FIRST + 20, 0, 30)
    resolve.current.stand(1, None, FIRST + 28, 0, 8)
    assert shot_in(hosted(resolve)).place.range.first == FIRST + 24


def test_dead_items_among_the_others_do_no_harm(world, hosted):
    assert shot_in(hosted(world("20.3.2", shell_in_track=True))).place.id


def test_below_a_take_of_ours_is_the_clip(world, hosted):
    resolve = world("20.3.2")
    resolve.current.stand(2, resolve.clip, FIRST + 20, 0, 20)
    resolve.current.video[1].name = "Second Unit"
    assert shot_in(hosted(resolve)).place.range.first == FIRST + 24


def test_several_clips_come_in_their_order_with_their_neighbours(world, hosted):
    resolve = world()
    other = resolve.current.stand(1, resolve.clip, FIRST + 32, 0, 6)
    resolve.current.stand(1, resolve.clip, FIRST + 38, 2, 4)
    audio = resolve.current.stand(2, resolve.clip, FIRST, 0, 6)
    audio.kind = "audio"
    resolve.selected = [other, audio, resolve.plate]
    chosen = hosted(resolve).selection()
    assert [each.place.range.first - FIRST for each in chosen.clips] == [24, 32]
    assert chosen.before is None
    assert chosen.after.clip.range == FrameRange(2, 5)


@pytest.mark.parametrize("marked", [False, True])
def test_a_gap_lies_between_its_neighbours(world, hosted, marked):
    resolve = world("20.3.2")
    resolve.current.stand(1, resolve.clip, FIRST + 60, 3, 8)
    resolve.current.playhead = FIRST + 40
    if marked:
        resolve.current.marks = (FIRST + 36, FIRST + 59)
    chosen = hosted(resolve).selection()
    assert not chosen.clips
    assert chosen.gap.range == FrameRange(FIRST + (36 if marked else 32), FIRST + 59)
    assert (chosen.before is None) == marked
    assert chosen.after.clip.range == FrameRange(3, 10)
    assert chosen.gap.timecode == Timecode.parse(
        "01:00:01:12" if marked else "01:00:01:08", chosen.gap.rate
    )


def test_off_the_pages_that_know_the_playhead_it_is_not_believed(world, hosted):
    resolve = world()
    resolve.page = "fusion"
    assert hosted(resolve).selection().playhead is None
    resolve.page = "color"
    assert hosted(resolve).selection().playhead == FIRST + 26


@pytest.mark.parametrize(
    ("quirk", "said"),
    [("wedged", "does not answer"), ("closed", "No timeline"), ("empty", "No timeline")],
)
def test_a_resolve_without_a_document_says_so(world, hosted, quirk, said):
    resolve = world()
    host = hosted(resolve)
    setattr(resolve.quirks, quirk, True)
    with pytest.raises(HostGone, match=said) as refused:
        host.selection()
    assert refused.value.remedy


def test_a_resolve_that_was_quit_says_so_and_is_found_again(world, hosted):
    resolve = world()
    host = hosted(resolve)
    host.selection()
    resolve.quirks.running = False
    handle = host._link._own.app
    handle._thing.gone = True
    with pytest.raises(HostGone, match="does not answer"):
        host.selection()
    resolve.quirks.running = True
    assert host.selection().clips


def test_a_long_timeline_costs_few_questions(world, hosted):
    resolve = world("20.3.2")
    for number in range(400):
        resolve.current.stand(1, resolve.clip, FIRST + 100 + 10 * number, 0, 8)
    host = hosted(resolve)
    resolve.calls.clear()
    shot = shot_in(host)
    host.open(shot.place)
    assert len(resolve.calls) < 150
