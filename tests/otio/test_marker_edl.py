"""Resolve's marker EDLs: read as it writes them, written as it reads them, laid onto the clips."""

from __future__ import annotations

import json
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.frames import Rate, Timecode
from secondunit_contract.problem import CutUnreadable
from secondunit_otio import Cut, adapter_marker_edl, changed_paths, find_requests, marker_edl
from secondunit_otio.layout import extent
from secondunit_otio.marker_edl.edl import COLORS, TimelineMarker
from secondunit_otio.marker_edl.merging import merge
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    text_of,
    time,
    timeline,
    track,
    warp,
)
from secondunit_otio.times import stretch

RESOLVE = """TITLE: ( no title )

001  001      V     C        01:00:18:06 01:00:18:07 01:00:18:06 01:00:18:07  
Black hair left of frame, on the actor's face |C:ResolveColorYellow |M:Marker 1 |D:1

002  001      V     C        01:00:20:20 01:00:20:21 01:00:20:20 01:00:20:21  
 |C:ResolveColorGreen |M:a | b |D:3 |D:48

003  001      V     C        01:00:30:00 01:00:30:01 01:00:30:00 01:00:30:01  
two lines
of a note |C:ResolveColorFuchsia |M: |D:1
"""  # noqa: W291


def test_what_resolve_writes_is_read():
    found = marker_edl.read(RESOLVE, 25)
    hour = 90000
    assert [(each.frame, each.frames, each.name, each.color, each.note) for each in found] == [
        (hour + 18 * 25 + 6, 1, "Marker 1", "Yellow", RESOLVE.splitlines()[3].split(" |")[0]),
        (hour + 20 * 25 + 20, 48, "a | b |D:3", "Green", ""),
        (hour + 30 * 25, 1, "", "Fuchsia", "two lines\nof a note"),
    ]
    assert [each.line for each in found] == [3, 6, 9]


def test_drop_frame_is_told_by_fcm_and_by_semicolons():
    line = "001  001      V     C        {0} {1} {0} {1}  \n |C:ResolveColorBlue |M:m |D:1\n"
    plain, late = "01:00:00:00", "01:00:00:01"
    text = line.format(plain, late)
    assert marker_edl.read("FCM: NON-DROP FRAME\n" + text, 29.97)[0].frame == 108000
    (dropped,) = marker_edl.read("FCM: DROP FRAME\n" + text, 29.97)
    assert (dropped.frame, dropped.drop) == (107892, True)
    semicolons = line.format("01:00:00;00", "01:00:00;01")
    assert marker_edl.read("TITLE: x\n" + semicolons, 29.97)[0].frame == 107892
    assert marker_edl.read("FCM: DROP FRAME\n" + text, 25)[0].frame == 90000


NOTES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40
)
MARKERS = st.lists(
    st.builds(
        TimelineMarker,
        frame=st.integers(0, 2_000_000),
        frames=st.integers(1, 10_000),
        name=NOTES.map(lambda text: " ".join(text.replace("⏎", "").split())),
        note=st.lists(NOTES.map(lambda text: text.replace("⏎", "").strip()), max_size=3).map(
            lambda lines: "\n".join(filter(None, lines))
        ),
        color=st.sampled_from(sorted(COLORS)),
    ),
    max_size=20,
)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(found=MARKERS, rate=st.sampled_from([23.976, 24, 25, 29.97, 59.94, 60]), drop=st.booleans())
def test_written_and_read_again_nothing_is_lost(found, rate, drop):
    known = Rate.of(rate)
    drop = drop and known.can_drop
    text = marker_edl.written(found, known, drop)
    back = marker_edl.read(text, known)
    hour = Timecode(0, known, drop)._frames_a_day
    strip = [
        (each.frame % hour, each.frames, each.name, each.note, each.color, drop) for each in found
    ]
    assert [
        (each.frame, each.frames, each.name, each.note, each.color, each.drop) for each in back
    ] == strip


def test_a_name_that_looks_like_a_tag_does_not_break_the_others():
    bad = TimelineMarker(100, name="x |C:ResolveColorRed |M:y |D:9", note="|C:ResolveColorRed |M:z")
    good = TimelineMarker(200, name="good")
    back = marker_edl.read(marker_edl.written([bad, good], Rate.of(24)), 24)
    assert [each.frame for each in back] == [100, 200]
    assert back[0].color == "Blue"
    assert back[1].name == "good"


def test_more_than_a_thousand_events_are_kept():
    many = [TimelineMarker(10 * n, name=f"m{n}") for n in range(1_234)]
    back = marker_edl.read(marker_edl.written(many, Rate.of(24)), 24)
    assert [(each.frame, each.name) for each in back] == [(each.frame, each.name) for each in many]


def test_other_events_are_passed_over():
    text = RESOLVE + (
        "\n004  REEL_ONE V     C        10:00:00:00 10:00:01:00 01:00:40:00 01:00:41:00\n"
        "* FROM CLIP NAME: A001.mov\nM2   REEL_ONE       048.0                10:00:00:00\n"
    )
    assert len(marker_edl.read(text, 25)) == 3


@pytest.mark.parametrize("text", ["", "hello", "{}", "<fcpxml/>"])
def test_what_is_no_edl_is_told_so(text):
    with pytest.raises(CutUnreadable, match="no EDL"):
        marker_edl.read(text, 24)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("01:00:00:24", 24), ("01:61:00:00", 24), ("01:01:00;00", 29.97), ("25:00:00:00", 24)],
)
def test_timecode_that_does_not_exist_is_refused_with_its_line(text, rate):
    lines = f"TITLE: x\n\n001 001 V C {text} {text} {text} {text}\n |C:ResolveColorBlue |M:m |D:1\n"
    with pytest.raises(CutUnreadable) as caught:
        marker_edl.read(lines, rate, "bad.edl")
    assert caught.value.where == "bad.edl, line 3"
    assert caught.value.remedy


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    cuts=st.lists(
        st.tuples(st.integers(0, 420), st.integers(0, 9), st.text(max_size=5)), max_size=5
    )
)
def test_a_mutated_edl_gives_a_problem_or_markers(cuts):
    text = RESOLVE
    for at, gone, piece in cuts:
        text = text[:at] + piece + text[at + gone :]
    try:
        marker_edl.read(text, 25)
    except CutUnreadable as problem:
        assert problem.remedy  # noqa: PT017


# --------------------------------------------------------------------------------------- a cut


def the_cut(**more) -> Cut:
    """Under V2's clip (24..48) runs V1: a clip (0..48), a gap (48..96), a fast clip (96..144)."""
    media = movie("/m/a.mov", span(1000, 500))
    below = track(
        clip("a", span(1100, 48), media),
        gap(48),
        clip("fast", span(1200, 48), media, effects=[warp(2.0)]),
        name="V1",
    )
    above = track(gap(24), clip("top", span(1300, 24), media), name="V2")
    return Cut.parse(text_of(timeline(below, above, **{"global_start_time": time(86400), **more})))


def laid(cut: Cut, frame: int, note: str, name: str = "", frames: int = 1):
    marker_there = TimelineMarker(86400 + frame, frames, name, note, "Cyan")
    return merge(cut, [marker_there])


@pytest.mark.parametrize(
    ("frame", "note", "holder", "own"),
    [
        (0, "su: cleanup | the boom", "a", 1100),
        (23, "su: cleanup | the boom", "a", 1123),
        (24, "su: cleanup | the boom", "top", 1300),
        (100, "su: restyle | dusk", "fast", 1204),
        (47, "su: matte | the man", "top", 1323),
    ],
)
def test_a_request_lands_on_the_topmost_clip_at_its_timecode(frame, note, holder, own):
    cut = the_cut()
    merged = laid(cut, frame, note)
    after = Cut.parse(merged.text)
    (request,) = find_requests(after)
    assert request.problem is None
    assert request.holder.name == holder
    assert stretch(request.holder.body["markers"][0]["marked_range"]).start.frames == own
    (path,) = changed_paths(cut.text, merged.text)
    assert path.endswith("markers[0]")
    assert merged.findings[0].kind == "new"
    assert merged.findings[0].path == path
    assert otio.adapters.read_from_string(merged.text, "otio_json")


def test_an_insert_lands_in_the_gap_below():
    merged = laid(the_cut(), 50, "su: insert 12f | gull over the harbour | seed=41")
    (request,) = find_requests(Cut.parse(merged.text))
    assert request.problem is None
    assert (request.slot.start, request.frames) == (Fraction(50, 24), 12)
    assert request.values == {"prompt": "gull over the harbour", "seed": 41}


def test_what_stands_over_nothing_goes_onto_the_timeline_and_says_so():
    cut = the_cut()
    merged = laid(cut, 500, "su: cleanup | the boom")
    after = Cut.parse(merged.text)
    assert after.root.children[0].body["markers"][0]["comment"] == "su: cleanup | the boom"
    assert merged.findings[0].kind == "moved"
    assert find_requests(after)[0].problem is not None


def test_markers_that_ask_nothing_stay_out_unless_wanted():
    cut = the_cut()
    chat = TimelineMarker(86400, name="Marker 1", note="nice take")
    assert merge(cut, [chat]).text == cut.text
    assert "nice take" in merge(cut, [chat], everything=True).text


def test_merging_twice_changes_nothing():
    once = laid(the_cut(), 30, "su: cleanup | the boom")
    twice = laid(Cut.parse(once.text), 30, "su: cleanup | the boom")
    assert twice.text == once.text
    assert twice.findings[0].kind == "kept"


def test_nested_sequences_are_looked_into():
    inner = stack(track(clip("in", span(10, 48), movie("/m/b.mov", span(0, 99)))), name="nest")
    inner["source_range"] = span(12, 24)
    cut = Cut.parse(text_of(timeline(track(inner), global_start_time=time(86400))))
    merged = laid(cut, 6, "su: cleanup | the boom")
    (request,) = find_requests(Cut.parse(merged.text))
    assert request.holder.name == "in"
    assert stretch(request.holder.body["markers"][0]["marked_range"]).start.frames == 28


def test_a_cut_without_a_start_takes_resolves_hour():
    cut = the_cut(global_start_time=None)
    merged = laid(cut, 10, "su: cleanup | the boom")
    (request,) = find_requests(Cut.parse(merged.text))
    assert stretch(request.holder.body["markers"][0]["marked_range"]).start.frames == 1110
    assert any(each.kind == "changed" for each in merged.findings)


def asking() -> Cut:
    """A cut that asks in every form."""
    media = movie("/m/a.mov", span(1000, 500))
    wanted = generator("SecondUnit.Insert", span(0, 64), prompt="a gull | two", takes=2, seed=7)
    insert = clip("insert", span(8, 48), wanted, active_media_reference_key="su_request")
    insert["media_references"] = {"su_request": wanted}
    row = track(
        clip("a", span(1100, 48), media, effects=[effect("SecondUnit.Matte", subject="the man")]),
        insert,
        gap(48, markers=[marker("SU insert", span(0, 24), "su: insert | a boat")]),
        clip(
            "b",
            span(1100, 48),
            media,
            effects=[effect("SecondUnit.ExtendFrame", target=[480, 270])],
        ),
        clip("c", span(1100, 48), media, markers=[marker("hello", span(1110, 1), "plain")]),
        clip("d", span(1100, 48), media, markers=[marker("hidden", span(1000, 1))]),
    )
    return Cut.parse(text_of(timeline(row, global_start_time=time(86400))))


def test_requests_and_markers_of_a_cut_go_out_as_ruler_markers():
    cut = asking()
    text = marker_edl.write(cut)
    found = marker_edl.read(text, 24)
    frames = [each.frame - 86400 for each in found]
    assert frames == [0, 48, 96, 144, 202]
    assert found[0].note == "su: matte | the man"
    assert json.loads(found[1].note)["secondunit"]["prompt"] == "a gull | two"
    assert found[2].note == "su: insert | a boat"
    assert found[3].note == "su: extend_frame 480x270"
    assert found[4].name == "hello"
    _, lost = marker_edl.listed(cut)
    assert [each.clip for each in lost] == ["d"]
    ids = [request.id for request in find_requests(cut)]
    assert all(any(f"su-{each}" in one.name for one in found) for each in ids)


def test_requests_that_come_back_are_not_asked_twice():
    cut = asking()
    back = merge(cut, marker_edl.read(marker_edl.write(cut), 24))
    assert back.text == cut.text
    assert {each.kind for each in back.findings} == {"kept"}


def test_a_request_reworded_in_resolve_is_taken_over():
    cut = asking()
    text = marker_edl.write(cut).replace("a boat", "two boats").replace("the man", "the dog")
    back = merge(cut, marker_edl.read(text, 24))
    requests = {request.form: request for request in find_requests(Cut.parse(back.text))}
    assert requests["marker"].values["prompt"] == "two boats"
    assert len(changed_paths(cut.text, back.text)) == 1
    changed = [each for each in back.findings if each.kind == "changed"]
    assert len(changed) == 2
    assert any("left as it is" in each.what for each in changed)  # the effect's


def test_a_note_that_says_a_request_reads_back_as_it():
    for request in find_requests(asking()):
        note = marker_edl.line_for(request)
        holder = track(gap(48, markers=[marker("SU", span(0, 48), note)]))
        if request.kind != "insert":
            shown = clip("x", span(1100, 48), movie("/m/a.mov", span(1000, 500)))
            holder = track({**shown, "markers": [marker("SU", span(1100, 1), note)]})
        (again,) = find_requests(Cut.parse(text_of(timeline(holder))))
        assert (again.kind, again.values) == (request.kind, request.values)


@pytest.mark.parametrize(
    ("start", "drop"), [(107892, True), (108000, False), (0, False), (107892 + 1800, True)]
)
def test_drop_frame_is_guessed_from_a_start_on_the_minute(start, drop):
    rate = 30000 / 1001
    row = track(clip("a", span(0, 48, rate), movie("/m/a.mov", span(0, 99, rate))))
    cut = Cut.parse(text_of(timeline(row, global_start_time=time(start, rate))))
    assert ("FCM: DROP FRAME" in marker_edl.write(cut)) is drop


def test_markers_on_one_frame_are_spread():
    many = [marker(f"m{n}", span(1100, 1)) for n in range(3)]
    row = track(clip("a", span(1100, 48), movie("/m/a.mov", span(1000, 500)), markers=many))
    found, told = marker_edl.listed(Cut.parse(text_of(timeline(row))))
    assert [each.frame for each in found] == [0, 1, 2]
    assert [each.kind for each in told] == ["moved", "moved"]


def test_markers_of_a_real_resolve_export_survive(samples):
    cut = Cut.read(samples / "timelines" / "toucan_markers_gst100.otio")
    found, lost = marker_edl.listed(cut)
    count = sum(len(item.body.get("markers") or ()) for item in cut.items())
    assert len(found) + sum(each.kind == "lost" for each in lost) == count > 0
    reference = otio.adapters.read_from_file(
        str(samples / "timelines" / "toucan_markers_gst100.otio")
    )
    start = reference.global_start_time
    wanted = {}
    for child in [*reference.tracks, *(each for row in reference.tracks for each in row)]:
        for each in child.markers:
            own = each.marked_range.start_time
            wanted[each.name] = (child.transformed_time(own, reference.tracks) + start).value
    moved = {each.after for each in lost if each.kind == "moved"}
    at = {each.name: each.frame for each in found if each.frame not in moved}
    assert len(at) >= 5
    assert {name: at[name] for name in wanted if name in at} == {
        name: frame for name, frame in wanted.items() if name in at
    }


def test_it_reads_and_writes_as_an_adapter():
    made = adapter_marker_edl.read_from_string(RESOLVE, rate=25)
    marks = made.tracks.markers
    assert [each.name for each in marks] == ["Marker 1", "a | b |D:3", ""]
    assert marks[1].marked_range.duration == otio.opentime.RationalTime(48, 25)
    text = adapter_marker_edl.write_to_string(
        otio.adapters.read_from_string(asking().text, "otio_json")
    )
    assert len(marker_edl.read(text, 24)) == 5


def test_three_thousand_markers_are_merged_onto_a_long_cut():
    row = track(*(clip(f"c{n}", span(0, 10), movie("/m/a.mov", span(0, 99))) for n in range(600)))
    cut = Cut.parse(text_of(timeline(row, global_start_time=time(86400))))
    asked = [
        TimelineMarker(86400 + 2 * n, name="SU cleanup", note="su: cleanup | dust")
        for n in range(3000)
    ]
    after = Cut.parse(merge(cut, asked).text)
    clips = [item for item in after.items() if item.schema == "Clip"]
    assert [len(item.body["markers"]) for item in clips] == [5] * 600
    assert all(extent(after, item).begin == 0 for item in clips)
