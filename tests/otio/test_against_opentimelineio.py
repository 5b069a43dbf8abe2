"""OpenTimelineIO itself agrees: with when things play, and with what we write."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest

from secondunit_contract.problem import BadValue
from secondunit_otio import Cut, Result, TakeReference, find_requests, graft, resolve_media_frame
from secondunit_otio.layout import place_of
from secondunit_otio.times import exact, frame_at

READABLE = (
    "ayon_hiero_timeline_23976",
    "elfuente_60fps_transitions",
    "mixed_timecode_rates",
    "nested_stacks_timewarp_freeze",
    "resolve_effects_19tracks",
    "toucan_generator_refs",
    "toucan_markers_gst100",
)


@pytest.fixture(params=READABLE)
def pair(request, samples):
    """A cut as we read it and as OpenTimelineIO does."""
    place = samples / "timelines" / f"{request.param}.otio"
    return Cut.read(place), otio.adapters.read_from_file(str(place))


def matched(cut, timeline):
    """Each of our items with its OpenTimelineIO object."""

    def walk(item, thing):
        yield item, thing
        below = [thing.tracks] if item.schema == "Timeline" else thing if item.children else []
        for child, other in zip(item.children, list(below), strict=True):
            yield from walk(child, other)

    return walk(cut.root, timeline)


def test_every_item_plays_when_opentimelineio_says(pair):
    checked = 0
    for item, thing in matched(*pair):
        if item.parent is None or item.parent.schema != "Track" or item.schema == "Transition":
            continue
        start, stop = place_of(pair[0], item)
        theirs = thing.range_in_parent()
        # NTSC rates are floats there, an hour of them off by milliseconds
        slack = Fraction(1, 20000) + stop * Fraction(1, 10**6)
        assert abs(start - Fraction(theirs.start_time.to_seconds())) < slack
        assert abs(stop - start - Fraction(theirs.duration.to_seconds())) < slack
        checked += 1
    assert checked


def test_every_plain_clip_shows_the_frame_opentimelineio_computes(pair):
    checked = 0
    for item, thing in matched(*pair):
        if item.schema != "Clip" or thing.effects or item.parent.schema != "Track":
            continue
        try:
            frame = resolve_media_frame(pair[0], item, Fraction(0))
        except BadValue:
            continue
        track = thing.parent()
        at = thing.range_in_parent().start_time
        theirs = track.transformed_time(at, thing)
        there = thing.media_reference.available_range
        rate = there.start_time.rate if there else theirs.rate
        number = frame_at(exact(theirs.rescaled_to(rate).value))
        if not frame.clamped:
            assert frame.number == number
        child = track.child_at_time(
            at + otio.opentime.RationalTime(0.25, at.rate), shallow_search=True
        )
        assert child == thing or isinstance(child, otio.schema.Transition)
        checked += 1
    if any(item.schema == "Clip" and "mov" in str(item.body) for item in pair[0].items()):
        assert checked


def test_what_is_grafted_opens_and_says_what_was_meant(all_forms):
    results = [
        Result(request, (TakeReference(1, f"/t/su-{request.id}_t001.mov", request.length),))
        for request in find_requests(all_forms)
    ]
    timeline = otio.adapters.read_from_string(graft(all_forms, results), "otio_json")
    clips = {clip.name: clip for clip in timeline.find_clips()}
    insert = clips["ball in the air su-k3v9x0aa"]
    assert insert.active_media_reference_key == "su_take_001"
    assert insert.media_reference.target_url == "/t/su-k3v9x0aa_t001.mov"
    assert insert.media_reference.available_range.duration.value == 40
    assert set(insert.media_references()) == {"su_request", "su_take_001"}
    assert insert.trimmed_range() == otio.opentime.TimeRange(
        otio.opentime.RationalTime(8, 24), otio.opentime.RationalTime(24, 24)
    )
    track = timeline.tracks[0]
    assert [type(child).__name__ for child in track] == ["Clip"] * 7
    assert track.duration().value == 60 + 24 + 48 + 24 + 40 + 16 + 40
    assert clips["juggle_d"].media_reference.target_url.endswith("_t001.mov")
    mattes = timeline.tracks[-1]
    assert (mattes.name, mattes.enabled, mattes.kind) == ("SU mattes", False, "Video")
    matte = next(iter(mattes.find_clips()))
    assert matte.name == "juggle_b su-m7q2b4cd matte"
    assert matte.range_in_parent().start_time.value == 84
    assert matte.trimmed_range() == clips["juggle_b"].trimmed_range()
    assert clips["juggle_b"].media_reference.target_url == "../footage/person_juggle.mp4"
