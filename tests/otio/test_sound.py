"""The sound of takes stands in step with their pictures on tracks of ours, and goes with them."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit_contract.frames import Rate
from secondunit_otio import Change, Cut, Result, changed_paths, find_requests, graft
from secondunit_otio.layout import active_reference, extent, home_of
from secondunit_otio.sound.take import is_sound
from secondunit_otio.sound.tracks import in_step
from secondunit_otio.sound_testing import (
    asking,
    cut_of,
    out_of_step,
    pictures,
    places,
    shot,
    shot_with_sound,
    sounds,
    take,
    tracks,
    use,
)
from secondunit_otio.testing import effect, gap, marker, span, stack, text_of, track, warp

RATES = [24.0, 25.0, 30.0, 24000 / 1001, 23.976, 30000 / 1001, 60000 / 1001]


# ---------------------------------------------------------------------- what is placed


@pytest.mark.parametrize("rate", RATES)
def test_sound_lies_to_the_frame_under_its_picture_as_opentimelineio_sees_it(rate):
    gull = asking(rate=rate, frames=23)
    cut = cut_of(track(shot("a", 7, rate), gull, shot("b", 9, rate), name="V1"))
    after = shot_with_sound(cut)
    assert not out_of_step(after)
    assert tracks(after) == [("V1", "Video"), ("SU sound", "Audio")]
    told = otio.adapters.read_from_string(after.text, "otio_json")
    video, audio = told.tracks
    assert (audio.kind, audio.enabled) == (otio.schema.TrackKind.Audio, True)
    picture, heard = video[1], audio[1]
    assert heard.range_in_parent() == picture.range_in_parent()
    assert heard.source_range == picture.source_range
    reference = heard.media_reference
    assert reference.target_url == picture.media_reference.target_url
    assert told.duration() == video.duration()
    per_second = Rate.of(rate).per_second
    samples = round(Fraction(39) / per_second * 48000)
    block = reference.metadata["secondunit"]
    assert (block["samples"], block["sample_rate"], block["channels"]) == (samples, 48000, 2)
    length = Fraction(reference.available_range.duration.value)
    assert abs(length - Fraction(samples, 48000) * per_second) < Fraction(1, 10**9)
    start = reference.available_range.start_time
    assert start == picture.media_reference.available_range.start_time


@pytest.mark.parametrize("rate", RATES)
def test_a_wave_beside_pictures_is_counted_from_its_timecode(rate):
    hour = round(Rate.of(rate).seconds(86400) * 48000)
    cut = cut_of(track(shot("a", 7, rate), asking(rate=rate)))
    after = shot_with_sound(cut, wave=True, origin=hour)
    (heard,) = sounds(after)
    reference = active_reference(after, heard)
    (request,) = find_requests(cut)
    assert reference["target_url"] == f"/t/su-{request.id}_t001.wav"
    assert reference["metadata"]["secondunit"]["time_reference"] == hour
    per_second = Rate.of(rate).per_second
    for said, frames in ((reference["available_range"], 0), (heard.body["source_range"], 8)):
        wanted = Fraction(hour, 48000) * per_second + frames
        assert abs(Fraction(said["start_time"]["value"]) - wanted) < Fraction(1, 10**6)
        assert said["start_time"]["rate"] == rate
    (picture,) = pictures(after)
    assert home_of(after, heard) == home_of(after, picture)
    assert extent(after, heard).length == extent(after, picture).length


def test_a_gap_that_was_filled_is_heard_too():
    asked = marker("SU insert", span(10, 12), "su: insert | gull | head=4 tail=2")
    cut = cut_of(track(shot("a"), gap(48, markers=[asked]), shot("b")))
    after = shot_with_sound(cut)
    assert not out_of_step(after)
    assert places(after, sounds(after)) == [(Fraction(30, 24), Fraction(42, 24))]


def test_every_take_that_is_heard_goes_along_and_the_first_is_in_use():
    after = shot_with_sound(cut_of(track(asking())), True, False, True)
    (heard,) = sounds(after)
    assert list(heard.body["media_references"]) == ["su_take_001", "su_take_003"]
    assert heard.body["active_media_reference_key"] == "su_take_001"
    assert heard.name == "gull su-k3v9x0aa sound"


def test_takes_that_count_otherwise_are_not_offered_for_the_same_range():
    cut = cut_of(track(asking()))
    (request,) = find_requests(cut)
    mixed = (take(request, 1), take(request, 2, wave=True, origin=48000))
    after = Cut.parse(graft(cut, [Result(request, mixed)]))
    assert list(sounds(after)[0].body["media_references"]) == ["su_take_001"]
    chosen = Cut.parse(
        after.text.replace('_key": "su_take_001"', '_key": "su_take_002"', 1), folder="/cuts"
    )
    again = Cut.parse(in_step(chosen, {request.id}))
    assert list(sounds(again)[0].body["media_references"]) == ["su_take_002"]
    assert sounds(again)[0].body["source_range"] == span(24 + 8, 24)


def test_a_retimed_picture_is_heard_at_its_speed_and_a_frozen_one_not():
    fast = asking(effects=[warp(2), effect("Blur")])
    after = shot_with_sound(cut_of(track(shot("a"), fast)))
    assert not out_of_step(after)
    assert [each["OTIO_SCHEMA"] for each in sounds(after)[0].body["effects"]] == [
        "LinearTimeWarp.1"
    ]
    frozen = shot_with_sound(cut_of(track(asking(effects=[warp(0)]))))
    assert not sounds(frozen)
    assert [kind for _, kind in tracks(frozen)] == ["Video"]


def test_inserts_that_play_at_one_time_have_a_track_each():
    over = [asking("aaaaaaa1"), asking("aaaaaaa2")]
    after = shot_with_sound(cut_of(track(over[0], shot("a")), track(gap(5), over[1])))
    assert not out_of_step(after)
    assert [name for name, _ in tracks(after)][2:] == ["SU sound", "SU sound 2"]


def test_a_nested_sequence_has_its_sound_within():
    inner = stack(track(shot("in"), asking()), source_range=span(0, 44))
    after = shot_with_sound(cut_of(track(shot("a"), inner)))
    assert not out_of_step(after)
    assert sounds(after)[0].parent.parent.parent.parent.name == "tracks"


@pytest.mark.parametrize("audio", [0, 1, 3])
def test_tracks_keep_their_order_and_later_takes_find_the_track(audio):
    lines = [track(shot(f"m{at}"), kind="Audio", name=f"A{at}") for at in range(audio)]
    cut = cut_of(track(asking("aaaaaaa1"), asking("aaaaaaa2"), name="V1"), *lines,
                 track(shot("t"), name="V2"))  # fmt: skip
    before = tracks(cut)
    one, two = find_requests(cut)
    half = Cut.parse(graft(cut, [Result(two, (take(two),))]))
    assert tracks(half) == [*before, ("SU sound", "Audio")]
    one = find_requests(half)[0]
    after = Cut.parse(graft(half, [Result(one, (take(one),))]))
    assert tracks(after) == tracks(half)
    assert not out_of_step(after)


def test_without_sound_a_cut_has_the_bytes_it_had(all_forms):
    for cut in (all_forms, cut_of(track(shot("a"), asking()))):
        silent, heard = shot_with_sound(cut, False), shot_with_sound(cut, True)
        assert '"sound"' not in silent.text
        told = json.loads(heard.text)
        told["tracks"]["children"] = [
            each for each in told["tracks"]["children"] if each["name"] != "SU sound"
        ]
        waiting = [told]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                each.pop("sound", None)
            waiting += each.values() if isinstance(each, dict) else each
            waiting = [one for one in waiting if isinstance(one, (dict, list))]
        assert text_of(told) == text_of(json.loads(silent.text))
        assert tracks(silent) == [each for each in tracks(heard) if each[0] != "SU sound"]


def test_on_cuts_of_others_only_the_clip_and_a_new_track_differ(foreign):
    cut = Cut.read(foreign)
    target = next(item for item in cut.items() if item.schema == "Clip" and home_of(cut, item))
    rate = extent(cut, target).written
    body = {**asking(start=8, frames=4, rate=rate), "source_range": span(8, 4, rate)}
    body["source_range"]["duration"] = copy.deepcopy(target.body["source_range"]["duration"])
    asked = Cut.parse(cut.patched([Change(target, (body,))]), str(foreign))
    (request,) = [each for each in find_requests(asked) if each.id == "k3v9x0aa"]
    after = Cut.parse(graft(asked, [Result(request, (take(request),))]), str(foreign))
    assert not out_of_step(after)
    stands = home_of(after, sounds(after)[0])[0]
    new = f"{stands.path}.children[{len(stands.children) - 1}]"
    paths = changed_paths(asked.text, after.text)
    assert new in paths
    assert all(each == new or each.startswith(target.path) for each in paths)
    begin = asked.text.index(asked.text[target.start : target.start + 200])
    assert after.text.startswith(asked.text[:begin])
    if "otio019" not in foreign.name:
        otio.adapters.read_from_string(after.text, "otio_json")
    gone = Cut.parse(after.text.replace('_key": "su_take_001"', '_key": "su_request"', 1))
    bare = Cut.parse(in_step(gone, {request.id}))
    assert len(changed_paths(gone.text, bare.text)) == 1, "its track is gone, and nothing else"
    assert not sounds(bare)


# ------------------------------------------------------------------ going with the picture


def test_taking_the_take_out_takes_its_sound_and_an_empty_track_with_it():
    plain = cut_of(track(shot("a"), asking(), name="V1"), track(shot("m"), kind="Audio", name="A1"))
    after = shot_with_sound(plain, True, False)
    for key in ("su_request", "su_take_002"):
        chosen = use(after, key)
        bare = Cut.parse(in_step(chosen, {"k3v9x0aa"}))
        assert not sounds(bare)
        assert tracks(bare) == tracks(plain)
        back = Cut.parse(in_step(use(bare, "su_take_001"), {"k3v9x0aa"}))
        assert json.loads(back.text) == json.loads(after.text)


def test_a_later_take_without_sound_silences_it():
    after = shot_with_sound(cut_of(track(shot("a"), asking(), name="V1")))
    (request,) = find_requests(after)
    mute = Cut.parse(graft(after, [Result(request, (take(request, 2, heard=False),))]))
    assert tracks(mute) == [("V1", "Video")]
    assert not sounds(mute)


def test_of_two_on_a_track_the_other_stays_where_it_is():
    cut = cut_of(track(asking("aaaaaaa1"), shot("a"), asking("aaaaaaa2"), asking("aaaaaaa3")))
    after = shot_with_sound(cut)
    bare = Cut.parse(in_step(use(after, "su_request", "aaaaaaa2"), {"aaaaaaa2"}))
    assert not out_of_step(bare)
    (row,) = [item for item in bare.items() if item.schema == "Track" and is_sound(item.body)]
    assert [(each.schema, extent(bare, each).frames) for each in row.children] == [
        ("Clip", 24), ("Gap", 44), ("Clip", 24)
    ]  # fmt: skip
    last = Cut.parse(in_step(use(bare, "su_request", "aaaaaaa3"), {"aaaaaaa3"}))
    (row,) = [item for item in last.items() if item.schema == "Track" and is_sound(item.body)]
    assert [each.schema for each in row.children] == ["Clip"]


def test_a_new_take_moves_sound_that_was_left_behind_and_keeps_what_was_done_to_it():
    after = shot_with_sound(cut_of(track(shot("a"), asking(), shot("b"))))
    told = json.loads(after.text)
    row, heard = (each["children"] for each in told["tracks"]["children"])
    row.insert(0, row.pop(1))  # the picture goes to the front, the sound stays behind
    heard[1]["effects"] = [effect("Volume -6 dB")]
    heard[1]["metadata"]["Host"] = {"colour": "blue"}
    moved = Cut.parse(text_of(told))
    (request,) = find_requests(moved)
    again = Cut.parse(graft(moved, [Result(request, (take(request, 2),))]))
    assert not out_of_step(again)
    assert places(again, sounds(again)) == [(Fraction(0), Fraction(1))]
    kept = sounds(again)[0].body
    assert [each["effect_name"] for each in kept["effects"]] == ["Volume -6 dB"]
    assert kept["metadata"]["Host"] == {"colour": "blue"}
    assert kept["active_media_reference_key"] == "su_take_002"


def test_sound_an_editor_laid_on_a_track_of_his_own_leaves_his_track_as_it_was():
    music = track(gap(20), shot("m", 24), shot("n"), kind="Audio")
    after = shot_with_sound(cut_of(track(shot("a"), asking()), music))
    told = json.loads(after.text)
    music, ours = told["tracks"]["children"][1:]
    music["children"][1:2] = [ours["children"][1]]
    del told["tracks"]["children"][2]
    own = Cut.parse(text_of(told))
    (request,) = find_requests(own)
    assert in_step(own, {request.id}) == own.text
    bare = Cut.parse(in_step(use(own, "su_request"), {request.id}))
    row = bare.root.children[0].children[1].children
    assert [(each.schema, extent(bare, each).frames) for each in row] == [
        ("Gap", 20), ("Gap", 24), ("Clip", 20)
    ]  # fmt: skip


KINDS = st.sampled_from(["shot", "gap", "heard", "silent"])
CLIPS = st.lists(st.tuples(KINDS, st.integers(1, 40)), max_size=7)


@given(st.lists(CLIPS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_whatever_is_cut_the_sound_follows_and_nothing_else_changes(rows, chance):
    count, made = 0, []
    for row in rows:
        children = []
        for kind, frames in row:
            count += 1
            children.append(
                gap(frames) if kind == "gap" else shot(f"s{count}", frames) if kind == "shot"
                else asking(f"{kind[:5]}{count:03d}"[:8].ljust(8, "x"), frames=frames)
            )  # fmt: skip
        made.append(track(*children))
    cut = cut_of(*made, track(shot("music", 50), kind="Audio", name="A1"))
    results = [Result(each, (take(each, 1, each.id.startswith("heard")),))
               for each in find_requests(cut)]  # fmt: skip
    after = Cut.parse(graft(cut, results))
    assert not out_of_step(after)
    ids = {result.request.id for result in results}
    assert in_step(after, ids) == after.text
    told = json.loads(after.text)
    for row in told["tracks"]["children"][: len(rows)]:
        chance.shuffle(row["children"])
        for each in row["children"]:
            each["source_range"]["duration"]["value"] = float(chance.randint(1, 30))
            if each["name"].startswith("gull") and chance.random() < 0.3:
                each["active_media_reference_key"] = "su_request"
    recut = Cut.parse(text_of(told))
    again = Cut.parse(in_step(recut, ids))
    assert not out_of_step(again)
    others = [
        [item.body for item in each.items()
         if not is_sound(item.body) and not (item.parent and is_sound(item.parent.body))]
        for each in (recut, again)
    ]  # fmt: skip
    assert others[0] == others[1]
