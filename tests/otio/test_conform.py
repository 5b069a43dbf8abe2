"""After a re-cut every take is judged by the frames the new cut shows, and by what is beside it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.frames import FrameRange
from secondunit_contract.problem import Problem
from secondunit_otio import Cut, Result, TakeReference, find_requests, graft
from secondunit_otio.report import conform
from secondunit_otio.testing import clip, effect, generator, movie, span, text_of, timeline, track

HEAD, SLOT, TAIL = 8, 24, 8


def shot(name, start=100, frames=48, **more):
    return clip(name, span(start, frames), movie(f"/m/{name}.mov", span(0, 500)), **more)


def asked(name="insert su-k3v9x0aa"):
    media = generator("SecondUnit.Insert", span(0, HEAD + SLOT + TAIL), prompt="a gull")
    made = clip(name, span(HEAD, SLOT), media, active_media_reference_key="su_request")
    made["media_references"] = {"su_request": media}
    return made


def cut_of(*children) -> Cut:
    return Cut.parse(text_of(timeline(track(*children, name="V1"))), "cut.otio", "/cuts")


@pytest.fixture
def old() -> Cut:
    """a | an insert with a take of 40 frames | b | a clean-up with a take of what is shown."""
    cut = cut_of(shot("a"), asked(), shot("b"), shot("c", effects=[
        effect("SecondUnit.Cleanup", id="c1e4n5up", prompt="the boom")]))  # fmt: skip
    results = []
    for request in find_requests(cut):
        first = 100 if request.kind == "cleanup" else request.first
        frames = 48 if request.kind == "cleanup" else request.length
        take = TakeReference(1, f"/t/su-{request.id}_t001.mov", frames, start=first)
        results.append(Result(request, (take,)))
    return Cut.parse(graft(cut, results), "cut.otio", "/cuts")


def recut(cut, change) -> Cut:
    body = json.loads(cut.text)
    change(body["tracks"]["children"][0]["children"])
    return Cut.parse(json.dumps(body), "cut.otio", "/cuts")


def source(child, start=0, frames=0):
    shown = child["source_range"]
    shown["start_time"]["value"] += start
    shown["duration"]["value"] += frames


def fit_of(found, kind):
    return next(each for each in found.takes if each.kind == kind)


def test_a_cut_that_is_as_it_was_needs_nothing(old):
    found = conform.diff(old, old)
    assert [fit.state for fit in found.takes] == ["fits", "fits"]
    assert [fit.notes for fit in found.takes] == [(), ()]
    assert found.missing == []
    assert found.wanted == () == found.dropped
    assert all(fit.in_use for fit in found.takes)


@pytest.mark.parametrize(
    ("start", "frames", "missing"),
    [
        (0, 8, []),
        (-8, 16, []),
        (0, 20, [FrameRange(40, 51)]),
        (-12, 12, [FrameRange(-4, -1)]),
        (-11, 30, [FrameRange(-3, -1), FrameRange(40, 50)]),
        (20, 0, [FrameRange(40, 51)]),
        (200, 0, [FrameRange(208, 231)]),
    ],
)
def test_an_insert_lacks_exactly_the_frames_beyond_its_take(old, start, frames, missing):
    new = recut(old, lambda row: source(row[1], start, frames))
    found = conform.diff(old, new)
    needs = {each for each in range(8 + start, 8 + start + 24 + frames)}
    lacking = {each for _, _, part in found.missing for each in part}
    assert needs - set(range(40)) <= lacking
    if start != 200:
        assert [(ours, take) for ours, take, _ in found.missing] == [("k3v9x0aa", 1)] * len(missing)
        assert [part for _, _, part in found.missing] == missing
    assert fit_of(found, "insert").state == ("short" if missing else "fits")
    assert fit_of(found, "cleanup").state == "fits"


@pytest.mark.parametrize(
    ("start", "frames", "missing"),
    [(5, -5, []), (0, 6, [FrameRange(148, 153)]), (-7, 0, [FrameRange(93, 99)])],
)
def test_work_on_a_plate_needs_the_frames_that_are_shown(old, start, frames, missing):
    found = conform.diff(old, recut(old, lambda row: source(row[3], start, frames)))
    assert found.missing == [("c1e4n5up", 1, each) for each in missing]


def test_a_clip_that_is_gone_leaves_its_takes_orphaned(old):
    found = conform.diff(old, recut(old, lambda row: row.pop(1)))
    fit = fit_of(found, "insert")
    assert (fit.state, fit.id, fit.clip) == ("orphaned", "k3v9x0aa", "insert su-k3v9x0aa")
    assert (fit.start, fit.stop, fit.track) == (2, 3, "V1")
    assert found.missing == []
    assert "ORPHANED" in found.text()


def test_an_insert_between_other_pictures_is_told_so(old):
    def swap(row):
        row[0], row[2] = row[2], row[0]

    notes = fit_of(conform.diff(old, recut(old, swap)), "insert").notes
    assert len(notes) == 2
    assert 'before it: "a" frame 147, now "b" frame 147' in notes[0]
    assert 'after it: "b" frame 100, now "a" frame 100' in notes[1]


def test_a_trimmed_neighbour_is_another_picture_but_a_rolled_cut_is_not(old):
    def trim(row):
        source(row[0], 0, -4)

    notes = fit_of(conform.diff(old, recut(old, trim)), "insert").notes
    assert len(notes) == 1
    assert "frame 147, now" in notes[0]
    assert "frame 143" in notes[0]

    def roll(row):
        source(row[0], 0, -4)
        source(row[1], -4, 4)

    fit = fit_of(conform.diff(old, recut(old, roll)), "insert")
    assert (fit.state, fit.notes) == ("fits", ())


def test_a_wish_that_changed_and_a_request_that_is_new_are_told(old):
    def change(row):
        row[1]["media_references"]["su_request"]["parameters"]["prompt"] = "a crow"
        row.append(asked("another su-z9y8x7w6"))

    found = conform.diff(old, recut(old, change))
    assert "something else is asked for now" in fit_of(found, "insert").notes
    assert [(each.id, each.new, each.frames) for each in found.wanted] == [("z9y8x7w6", True, 40)]
    assert [each.id for each in conform.diff(recut(old, change), old).dropped] == ["z9y8x7w6"]


def test_a_cut_that_came_back_with_nothing_but_file_names_is_judged_too(old):
    def flatten(row):
        for child in row:
            child["metadata"] = {}
            child["effects"] = []
            key = child["active_media_reference_key"]
            used = child["media_references"][key]
            child["media_references"] = {"DEFAULT_MEDIA": {**used, "metadata": {}}}
            child["active_media_reference_key"] = "DEFAULT_MEDIA"
            child["name"] = "shot"
        source(row[1], 0, 12)

    found = conform.diff(old, recut(old, flatten))
    assert found.missing == [("k3v9x0aa", 1, FrameRange(40, 43))]
    assert fit_of(found, "insert").in_use
    assert fit_of(found, "cleanup").state == "fits"


def test_a_razored_insert_needs_all_its_parts_show(old):
    def razor(row):
        part = json.loads(json.dumps(row[1]))
        source(row[1], 0, -12)
        source(part, 12, 0)
        row.insert(2, part)

    found = conform.diff(old, recut(old, razor))
    assert found.missing == [("k3v9x0aa", 1, FrameRange(40, 43))]
    assert any("used by 2 clips" in note for note in fit_of(found, "insert").notes)


def test_a_matte_that_no_longer_lies_above_its_picture_is_told(all_forms):
    results = [
        Result(each, (TakeReference(1, f"/t/su-{each.id}_t001.mov", each.length, start=110),))
        for each in find_requests(all_forms)
        if each.kind == "matte"
    ]
    old = Cut.parse(graft(all_forms, results), "cut.otio", "/cuts")
    assert [(fit.state, fit.notes) for fit in conform.diff(old, old).takes] == [("fits", ())]
    moved = conform.diff(old, recut(old, lambda row: row.pop(0)))
    assert "its matte does not lie above its picture any more" in moved.takes[0].notes


def test_as_json_it_is_json(old):
    found = conform.diff(old, recut(old, lambda row: source(row[1], 0, 20)))
    told = json.loads(json.dumps(found.to_json()))
    assert told["missing"] == [{"id": "k3v9x0aa", "take": 1, "frames": "40-51"}]
    assert told["takes"][0]["needs"] == "0-51"


@given(start=st.integers(-90, 300), frames=st.integers(-23, 200))
@settings(max_examples=40, derandomize=True)
def test_what_is_missing_is_what_is_needed_less_what_is_there(start, frames):
    cut = cut_of(shot("a"), asked(), shot("b"))
    take = TakeReference(3, "/t/su-k3v9x0aa_t003.mov", 40)
    old = Cut.parse(graft(cut, [Result(find_requests(cut)[0], (take,))]), "cut.otio", "/cuts")
    fit = conform.diff(old, recut(old, lambda row: source(row[1], start, frames))).takes[0]
    needed = set(range(8 + start, 32 + start + frames)) | set(range(40))
    lacking = sorted(each for part in fit.missing for each in part)
    assert set(fit.needs) >= needed
    assert lacking == sorted(set(fit.needs) - set(fit.has))


@given(seed=st.integers(0, 2**16), value=st.sampled_from([None, -1, 1e300, "x", [], {}, True]))
@settings(max_examples=80, derandomize=True)
def test_a_cut_of_nonsense_is_a_problem_or_an_answer(seed, value):
    cut = cut_of(shot("a"), asked(), shot("b"))
    take = TakeReference(1, "/t/su-k3v9x0aa_t001.mov", 40)
    old = Cut.parse(graft(cut, [Result(find_requests(cut)[0], (take,))]), "cut.otio", "/cuts")
    body = json.loads(old.text)
    holders = [body["tracks"]["children"][0]["children"][1]]
    for each in holders:
        below = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        holders += [one for one in below if isinstance(one, (dict, list)) and one]
    holder = holders[seed % len(holders)]
    key = (list(holder) if isinstance(holder, dict) else range(len(holder)))[
        seed // 64 % len(holder)
    ]
    holder[key] = value
    try:
        new = Cut.parse(json.dumps(body), "cut.otio", "/cuts")
    except Problem:
        return
    json.dumps(conform.diff(old, new).to_json())
    conform.diff(new, old).text()
