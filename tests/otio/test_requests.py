"""Every form of request is found, with what it asks, and nothing else is taken for one."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import BadValue, RequestWrong
from secondunit_otio import Change, Cut, find_requests, neighbours, plate_of
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
    transition,
    warp,
)


def asked(*tracks: dict, **more) -> list:
    return find_requests(Cut.parse(text_of(timeline(*tracks, **more))))


def shot(name: str = "a", start: float = 100, frames: float = 48, **more) -> dict:
    return clip(name, span(start, frames), movie(f"/m/{name}.mov", span(0, 500)), **more)


def one(*children: dict):
    (found,) = asked(track(*children, name="V1"))
    return found


def test_nothing_of_ours_in_cuts_of_others(foreign):
    assert find_requests(Cut.read(foreign)) == []


def test_all_forms(all_forms):
    found = {(each.kind, each.form): each for each in find_requests(all_forms)}
    assert all(each.problem is None for each in found.values())
    assert list(found) == [
        ("insert", "generator"),
        ("matte", "effect"),
        ("extend_frame", "effect"),
        ("extend_time", "effect"),
        ("insert", "marker"),
        ("cleanup", "marker"),
    ]
    words, matte, frame, time_, gap_, clean = found.values()
    assert (words.id, words.head, words.frames, words.tail, words.takes) == (
        "k3v9x0aa",
        8,
        24,
        8,
        2,
    )
    assert words.values["condition"] == {"first": "neighbour", "last": "neighbour", "view": "track"}
    assert (words.first, words.values["seed"], words.plate) == (0, 41, "")
    assert (matte.id, matte.frames, matte.values["subject"]) == ("m7q2b4cd", 48, "the man")
    assert matte.values["points"] == [{"add": True, "frame": 110, "x": 0.47, "y": 0.45}]
    assert (frame.id, frame.values["target"], frame.frames) == ("f1e2d3c4", [480, 270], 24)
    assert (time_.id, time_.head, time_.tail, time_.frames) == ("h5g6j7k8", 0, 12, 40)
    assert plate_of(all_forms, time_).range == FrameRange(160, 179)  # half speed
    assert (gap_.frames, gap_.item.schema) == (16, "Gap")
    assert gap_.values == {"prompt": "grass and trees, no people", "seed": 7}
    assert (clean.frames, clean.marked) == (20, FrameRange(205, 224))
    assert clean.values == {"subject": "the ball"}
    assert plate_of(all_forms, clean).range == FrameRange(200, 239)
    assert plate_of(all_forms, clean, whole_clip=False).range == FrameRange(205, 224)
    assert "V1" in words.where
    assert "01:00:02:12" in words.where


def test_the_first_shot_stands_between_its_neighbours(all_forms):
    insert = find_requests(all_forms)[0]
    seen = neighbours(all_forms, insert.slot)
    assert (seen.before.frame.number, seen.after.frame.number) == (59, 110)
    assert seen.before.frame.media.path.endswith("footage/person_juggle.mp4")


def test_ids_are_the_same_every_time_and_never_shared(all_forms):
    again = Cut.parse(all_forms.text)
    ids = [each.id for each in find_requests(all_forms)]
    assert ids == [each.id for each in find_requests(again)]
    twin = marker("SU cleanup", span(100, 1))
    found = asked(track(shot(markers=[twin, twin])))
    assert found[0].id != found[1].id
    assert all(len(each.id) == 8 and each.id.isalnum() and each.id.islower() for each in found)


def test_an_id_is_believed_wherever_it_stands():
    upper = marker("SU INSERT SU-K3V9X0AA", span(0, 9))
    assert one(gap(9, markers=[upper])).id == "k3v9x0aa"
    named = {**effect("SecondUnit.Matte"), "name": "su-abcd1234"}
    assert one(shot(effects=[named])).id == "abcd1234"
    media = generator("SecondUnit.Insert", span(0, 9))
    assert one(clip("gull su-0000zzzz", span(0, 9), media)).id == "0000zzzz"


def test_a_generator_may_lie_beside_the_media_in_use():
    made = shot()
    made["media_references"]["su_request"] = generator(
        "SecondUnit.Insert", span(96, 60), prompt="x"
    )
    found = one(made)
    assert (found.spot, found.plate) == ("su_request", "DEFAULT_MEDIA")
    assert (found.head, found.frames, found.tail, found.first) == (4, 48, 8, 96)


def test_a_generator_without_a_range_has_no_handles():
    found = one(clip("x", span(3, 9), generator("SecondUnit.Insert", None, negative_prompt="fog")))
    assert (found.head, found.frames, found.tail, found.first) == (0, 9, 0, 3)
    assert found.values == {"negative": "fog"}


@pytest.mark.parametrize(
    ("marked", "line", "start", "frames"),
    [
        (span(10, 20), "", 10, 20),
        (span(10, 0), "", 10, 38),  # no length: the rest of the gap
        (span(10, 1), "", 10, 38),
        (span(10, 99), "", 10, 38),  # longer than the gap
        (span(10, 20), "su: insert 8f | x", 10, 8),  # the line is believed
        (span(10, 1), "su: insert 1s", 10, 24),
    ],
)
def test_a_marker_takes_its_part_of_a_gap(marked, line, start, frames):
    found = one(shot(), gap(48, markers=[marker("SU insert", marked, line)]), shot())
    assert found.frames == frames
    assert found.slot.start == Fraction(48 + start, 24)
    assert found.slot.stop == Fraction(48 + start + frames, 24)


def test_a_gap_that_starts_late_counts_markers_in_its_own_time():
    late = gap(48, markers=[marker("SU insert", span(110, 9))], source_range=span(100, 48))
    assert one(late).slot.start == Fraction(10, 24)


def test_two_inserts_in_one_gap_need_two_places():
    marks = [marker("SU insert", span(0, 20)), marker("SU insert", span(30, 9))]
    assert [each.problem for each in asked(track(gap(48, markers=marks)))] == [None, None]
    marks[1] = marker("SU insert", span(10, 20))
    first, second = asked(track(gap(48, markers=marks)))
    assert first.problem is None
    assert "same place" in second.problem.what


def test_a_marker_on_a_track_or_stack_means_what_lies_below():
    low = track(shot("a", 100, 20), gap(30), shot("b", 0, 20), name="V1")
    top = track(gap(55), shot("over", 0, 9), name="V2")
    low["markers"] = [marker("SU insert", span(25, 5)), marker("SU cleanup", span(3, 4))]
    found = asked(low, top)
    assert [(each.item.name, each.item.schema) for each in found] == [("", "Gap"), ("a", "Clip")]
    assert (found[0].slot.start, found[0].frames) == (Fraction(25, 24), 5)
    assert (found[1].slot.start, found[1].marked) == (Fraction(3, 24), FrameRange(103, 106))
    del low["markers"]
    cut = timeline(low, top)
    cut["tracks"]["markers"] = [marker("SU insert", span(25, 5)), marker("SU matte", span(56, 1))]
    found = find_requests(Cut.parse(text_of(cut)))
    assert [each.item.name for each in found] == ["", "over"]
    assert [each.item.parent.name for each in found] == ["V1", "V2"]
    assert found[1].marked is None


@pytest.mark.parametrize(
    ("note", "comment", "name", "values"),
    [
        ("su: matte | note", "su: matte | comment", "SU matte", {"subject": "note"}),
        ('{"kind": "matte", "subject": "json"}', "", "anything su", None),
        ('{"kind": "matte", "subject": "json"}', "", "SU", {"subject": "json"}),
        ("", "su: matte | comment", "any name", {"subject": "comment"}),
        ("", "bare words", "SU matte", {"subject": "bare words"}),
        ("", "", "su: matte | name", {"subject": "name"}),
        ("", "", "SU matte", {}),
        ("a foreign note", "", "a marker", None),
    ],
)
def test_markers_are_read_in_order(note, comment, name, values):
    made = marker(name, span(100, 1), comment, metadata={"Resolve_OTIO": {"Note": note}})
    found = asked(track(shot(markers=[made])))
    assert [(each.kind, each.values) for each in found] == (
        [] if values is None else [("matte", values)]
    )


def test_metadata_comes_before_every_note():
    made = marker("SU matte", span(100, 1), "su: matte | comment")
    made["metadata"]["secondunit"] = {"kind": "cleanup", "subject": "block", "mine": 1}
    found = one(shot(markers=[made]))
    assert (found.kind, found.values) == ("cleanup", {"subject": "block", "mine": 1})


def test_a_marker_of_a_later_version_is_a_marker():
    made = {
        **marker("SU matte", span(100, 1)),
        "OTIO_SCHEMA": "Marker.3",
        "color": {"OTIO_SCHEMA": "Color.1"},
    }
    assert one(shot(markers=[made])).kind == "matte"


def test_an_effect_switched_off_asks_nothing():
    assert asked(track(shot(effects=[{**effect("SecondUnit.Matte"), "enabled": False}]))) == []


def test_extend_by_a_duration_means_the_tail():
    found = one(shot(markers=[marker("SU extend", span(100, 1), "su: extend 12f")]))
    assert (found.kind, found.head, found.tail, found.frames) == ("extend_time", 0, 12, 48)


def test_a_take_is_never_the_plate():
    made = shot(effects=[effect("SecondUnit.Cleanup", subject="x")])
    made["media_references"]["su_take_001"] = movie("/t/1.mov", span(0, 500))
    made["active_media_reference_key"] = "su_take_001"
    assert one(made).plate == "DEFAULT_MEDIA"


def wrong(*children: dict):
    found = asked(
        track(shot("other", markers=[marker("SU matte", span(100, 1))]), *children, name="V1")
    )
    assert found[0].problem is None  # the others still work
    (problem,) = [each.problem for each in found[1:]]
    assert isinstance(problem, RequestWrong)
    assert "V1" in problem.where
    return problem.what


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (shot(effects=[effect("SecondUnit.Dance")]), "Dance"),
        (shot(effects=[effect("SecondUnit.Matte", seed="41")]), 'seed is "41"'),
        (shot(effects=[effect("SecondUnit.ExtendTime")]), "by how much"),
        (shot(effects=[effect("SecondUnit.ExtendFrame")]), "how far"),
        (shot(markers=[marker("SU", span(100, 1))]), "nothing"),
        (shot(markers=[marker("SU dance", span(100, 1))]), "dance"),
        (shot(markers=[marker("SU insert", span(100, 1), "su: insert 9f now")]), "now"),
        (shot(markers=[marker("SU cleanup", span(300, 20))]), "outside"),
        (gap(9, markers=[marker("SU insert", span(50, 2))]), "outside"),
        (gap(9, markers=[marker("SU matte", span(0, 2))]), "no picture"),
        (
            gap(9, markers=[marker("SU insert", {**span(0, 2), "duration": time(2, 0)})]),
            "rate of 0",
        ),
        (clip("x", None, generator("SecondUnit.Insert", None)), "how long"),
        (clip("x", span(0, 0), generator("SecondUnit.Insert", span(0, 9))), "empty"),
        (clip("x", span(0, 9), generator("SecondUnit.Insert", span(0, 10**9))), "frames"),
        (clip("x", span(0, 9), generator("SecondUnit.Insert", span(0, 9), takes=[])), "takes"),
        (clip("x", span(0, -9), generator("SecondUnit.Insert", span(0, 9))), "-9"),
        (stack(track(gap(9)), effects=[effect("SecondUnit.Matte")]), "whole track"),
    ],
)
def test_a_wrong_request_says_so_and_lets_the_others_be(made, words):
    assert words in wrong(made)


def test_parameters_that_are_none_are_refused():
    media = generator("SecondUnit.Insert", span(0, 9))
    media["parameters"] = [1]
    assert "parameters" in wrong(clip("x", span(0, 9), media))


def test_nothing_below_the_marker_is_told():
    made = track(shot(), name="V1", markers=[marker("SU insert", span(3, 4))])
    (found,) = asked(made)
    assert "no gap below" in found.problem.what


def test_a_plate_that_is_offline_is_told():
    cut = Cut.parse(
        text_of(track(clip("a", span(0, 9), None, effects=[effect("SecondUnit.Matte")])))
    )
    (found,) = find_requests(cut)
    assert found.problem is None
    with pytest.raises(BadValue, match="offline"):
        plate_of(cut, found)


def test_a_retimed_plate_is_as_long_as_what_is_seen():
    made = shot(effects=[warp(2.0), effect("SecondUnit.Cleanup")])
    cut = Cut.parse(text_of(track(made)))
    assert plate_of(cut, find_requests(cut)[0]).range == FrameRange(100, 100 + 2 * 47)


def test_a_synthetic_request_on_any_clip_is_the_only_one(foreign):
    cut = Cut.read(foreign)
    target = next(item for item in cut.items() if item.schema == "Clip")
    listed = target.body.get("effects") or []
    body = {**target.body, "effects": [*listed, effect("SecondUnit.Matte", subject="x")]}
    (found,) = find_requests(Cut.parse(cut.patched([Change(target, (body,))])))
    assert (found.kind, found.values, found.item.path) == ("matte", {"subject": "x"}, target.path)


def test_names_that_are_no_text_do_no_harm():
    odd = {"OTIO_SCHEMA": "Marker.2", "name": 7, "metadata": [], "comment": None, "marked_range": 3}
    bad = shot(markers=[odd, None, 5], effects=[None, 7, {"effect_name": 3}], metadata=None)
    bad["media_references"]["x"] = None
    assert asked(track(bad, transition(1, 1), shot())) == []
    text = json.dumps(timeline(track({**shot(), "markers": None, "effects": {}})))
    assert find_requests(Cut.parse(text)) == []
