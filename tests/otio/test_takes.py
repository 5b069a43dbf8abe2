"""Takes stand in the cut in the form of their kind, alone, and a second run finds them."""

from __future__ import annotations

import json
from typing import Any

import opentimelineio as otio
import pytest

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio import (
    Change,
    Cut,
    Result,
    TakeReference,
    changed_paths,
    done,
    find_requests,
    fingerprint,
    graft,
    next_take,
    plate_of,
)
from secondunit_otio.requests import Request
from secondunit_otio.testing import (
    clip,
    effect,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    synthetic_cut,
    text_of,
    timeline,
    track,
    warp,
)


def shot(name: str = "a", start: float = 100, frames: float = 48, **more) -> dict:
    return clip(name, span(start, frames), movie(f"/m/{name}.mov", span(0, 500)), **more)


def cut_of(*tracks: dict) -> Cut:
    return Cut.parse(text_of(timeline(*tracks)), folder="/cuts")


def takes(cut: Cut, request: Request, count: int = 1, **more: Any) -> Result:
    """As many takes as wanted, of all the frames the request is about."""
    first, frames = request.first, request.length
    if request.item.schema == "Clip" and request.plate and request.kind != "insert":
        plate = plate_of(cut, request).range
        first, frames = plate.first - request.head, len(plate) + request.head + request.tail
    number = next_take(cut, request)
    made = [
        TakeReference(each, f"/t/su-{request.id}_t{each:03d}.mov", frames, first, **more)
        for each in range(number, number + count)
    ]
    return Result(request, tuple(made))


def rendered(cut: Cut, count: int = 1, **more: Any) -> Cut:
    text = graft(cut, [takes(cut, each, count, **more) for each in find_requests(cut)])
    otio.adapters.read_from_string(text, "otio_json")
    return Cut.parse(text, folder=cut.folder)


def clips(cut: Cut, *names: str) -> list[dict]:
    found = [item for item in cut.items() if item.schema == "Clip"]
    return [item.body for item in found if not names or any(name in item.name for name in names)]


def test_all_forms_are_rendered_once(all_forms):
    after = rendered(all_forms, 2)
    again = find_requests(after)
    before = find_requests(all_forms)
    assert [each.id for each in again] == [each.id for each in before]
    assert [fingerprint(each) for each in again] == [fingerprint(each) for each in before]
    assert [[take.number for take in done(after, each)] for each in again] == [[1, 2]] * 6
    assert all(done(all_forms, each) == [] for each in before)


def test_only_the_clips_asked_for_and_the_matte_track_change(all_forms):
    requests = find_requests(all_forms)
    after = rendered(all_forms)
    allowed = {each.item.path for each in requests} | {"tracks.children[3]"}
    changed = {
        ".".join(path.split(".")[:3]) if "[3]" not in path.split(".")[1] else "tracks.children[3]"
        for path in changed_paths(all_forms.text, after.text)
    }
    assert changed == allowed
    place = all_forms.text.index('"name": "foreign generator"')
    assert all_forms.text[place - 300 : place + 900] in after.text


def test_on_cuts_of_others_only_the_clip_asked_for_changes(foreign):
    cut = Cut.read(foreign)
    target = next(item for item in cut.items() if item.schema == "Clip")
    listed = target.body.get("effects") or []
    body = {**target.body, "effects": [*listed, effect("SecondUnit.Restyle", prompt="dusk")]}
    asking = Cut.parse(cut.patched([Change(target, (body,))]), str(foreign))
    (request,) = find_requests(asking)
    take = TakeReference(1, f"/t/su-{request.id}_t001.exr", 9, 0)
    text = graft(asking, [Result(request, (take,))])
    after = Cut.parse(text)
    mine = next(item for item in after.items() if item.path == target.path)
    assert text[: mine.start] == cut.text[: target.start]
    assert text[mine.stop :] == cut.text[target.stop :]
    assert mine.schema == "Clip"
    assert mine.version == 2
    assert mine.body["media_references"]["su_take_001"]["target_url"] == take.media
    assert mine.body["source_range"] == target.body["source_range"]
    for key in set(target.body) - {"effects", "media_reference", "media_references", "OTIO_SCHEMA"}:
        if key != "active_media_reference_key":
            assert mine.body[key] == target.body[key]
    old = target.body.get("media_reference") or target.body["media_references"]["DEFAULT_MEDIA"]
    assert mine.body["media_references"]["DEFAULT_MEDIA"] == old
    if "otio019" not in foreign.name:
        otio.adapters.read_from_string(text, "otio_json")


def test_an_insert_keeps_its_request_and_its_place():
    media = generator("SecondUnit.Insert", span(0, 40), prompt="gull")
    cut = cut_of(track(clip("gull", span(8, 24), media)))
    before = clips(cut)[0]
    (after,) = clips(rendered(cut, 2))
    refs = after["media_references"]
    assert list(refs) == ["DEFAULT_MEDIA", "su_take_001", "su_take_002"]
    assert after["active_media_reference_key"] == "su_take_001"
    assert after["source_range"] == before["source_range"]
    assert refs["su_take_002"]["available_range"] == span(0, 40)
    assert refs["DEFAULT_MEDIA"]["parameters"] == media["parameters"]
    (request,) = find_requests(cut)
    assert refs["DEFAULT_MEDIA"]["metadata"]["secondunit"] == {
        "schema": 1,
        "id": request.id,
        "status": "rendered",
        "params_sha256": fingerprint(request),
    }
    assert after["name"] == f"gull su-{request.id}"


def test_a_take_tells_what_it_is():
    cut = cut_of(track(shot(effects=[effect("SecondUnit.ExtendFrame", target=[480, 270])])))
    after = rendered(
        cut, bounds=(-0.25, -0.25, 1.25, 1.25), canvas=(480, 270), provenance={"seed": 41}
    )
    (request,) = find_requests(cut)
    take = clips(after)[0]["media_references"]["su_take_001"]
    assert take["metadata"]["secondunit"] == {
        "schema": 1,
        "id": request.id,
        "kind": "extend_frame",
        "take": 1,
        "status": "pending",
        "params_sha256": fingerprint(request),
        "canvas": [480, 270],
        "provenance": {"seed": 41},
    }
    opened = otio.adapters.read_from_string(after.text, "otio_json")
    bounds = next(iter(opened.find_clips())).media_reference.available_image_bounds
    assert (bounds.min.x, bounds.max.y) == (-0.25, 1.25)


def test_an_extension_reaches_before_the_plate_in_its_own_numbers():
    media = movie("/m/a.mov", span(86400, 48))
    asking = effect("SecondUnit.ExtendTime", head=12, tail=6)
    cut = cut_of(track(clip("a", span(86400, 48), media, effects=[asking])))
    (after,) = clips(rendered(cut))
    assert after["media_references"]["su_take_001"]["available_range"] == span(86388, 66)
    assert after["source_range"] == span(86400, 48)


def test_fractional_media_keep_their_fraction():
    media = movie("/m/a.mov", span(86400.25, 480))
    cut = cut_of(track(clip("a", span(86410.25, 48), media, effects=[effect("SecondUnit.Matte")])))
    (request,) = find_requests(cut)
    assert plate_of(cut, request).range.first == 86410
    after = rendered(
        cut_of(track(clip("a", span(86410.25, 48), media, effects=[effect("SecondUnit.Cleanup")])))
    )
    assert clips(after)[0]["media_references"]["su_take_001"]["available_range"] == span(
        86410.25, 48
    )


def test_the_rate_is_written_as_the_file_has_it():
    odd = 23.976024627685547
    asking = effect("SecondUnit.Cleanup")
    made = clip("a", span(100, 48, odd), movie("/m/a.mov", span(0, 500, odd)), effects=[asking])
    after = rendered(cut_of(track(made)))
    assert clips(after)[0]["media_references"]["su_take_001"]["available_range"] == span(
        100, 48, odd
    )
    after = rendered(cut_of(track(made)), rate=Rate.of(25))
    assert clips(after)[0]["media_references"]["su_take_001"]["available_range"]["duration"] == {
        "OTIO_SCHEMA": "RationalTime.1",
        "rate": 25.0,
        "value": 48.0,
    }


@pytest.mark.parametrize(
    ("media", "prefix", "padding"),
    [
        ("/t/x/su-a_t001.####.exr", "su-a_t001.", 4),
        ("/t/x/s.%06d.exr", "s.", 6),
        ("/t/x/#1.#.exr", "#1.", 1),
    ],
)
def test_a_sequence_is_written_as_one(media, prefix, padding):
    cut = cut_of(track(shot(effects=[effect("SecondUnit.Cleanup")])))
    (request,) = find_requests(cut)
    text = graft(cut, [Result(request, (TakeReference(1, media, 48, 100, first_file=1001),))])
    opened = otio.adapters.read_from_string(text, "otio_json")
    made = next(iter(opened.find_clips())).media_reference
    assert isinstance(made, otio.schema.ImageSequenceReference)
    assert (made.target_url_base, made.name_prefix, made.name_suffix) == ("/t/x/", prefix, ".exr")
    assert (made.start_frame, made.frame_zero_padding, made.number_of_images_in_sequence()) == (
        1001,
        padding,
        48,
    )
    (again,) = done(Cut.parse(text), find_requests(Cut.parse(text))[0])
    assert again.media.file_frame(100) == 1001


def test_a_gap_becomes_a_clip_of_its_length():
    note = marker("a note of mine", span(5, 0))
    cut = cut_of(
        track(shot(), gap(48, markers=[note, marker("SU insert", span(0, 1), "gull")]), shot("b"))
    )
    after = rendered(cut)
    _, made, _ = clips(after)
    (request,) = find_requests(cut)
    assert made["name"] == f"gull su-{request.id}"
    assert made["source_range"] == span(0, 48)
    assert [each["name"] for each in made["markers"]] == ["SU insert", "a note of mine"]
    assert made["markers"][1]["marked_range"] == span(5, 0)
    assert made["media_references"]["su_request"]["parameters"] == {"prompt": "gull"}
    assert made["active_media_reference_key"] == "su_take_001"
    (again,) = find_requests(after)
    assert (again.form, again.id, len(done(after, again))) == ("generator", request.id, 1)


def test_part_of_a_gap_is_split_off_and_the_length_stays():
    marks = [
        marker("SU insert", span(110, 12), "su: insert | x | head=4 tail=2"),
        marker("early", span(103, 0)),
        marker("within", span(115, 2)),
        marker("late", span(140, 1)),
        marker("beyond", span(900, 1)),
    ]
    cut = cut_of(
        track(gap(48, markers=marks, source_range=span(100, 48), metadata={"mine": 1}), shot())
    )
    after = rendered(cut)
    one, made, two, _ = after.root.children[0].children[0].children
    assert [one.schema, made.schema, two.schema] == ["Gap", "Clip", "Gap"]
    assert one.body["source_range"] == span(100, 10)
    assert made.body["source_range"] == span(4, 12)
    assert two.body["source_range"] == span(122, 26)
    assert one.body["metadata"] == two.body["metadata"] == {"mine": 1}
    assert [[each["name"] for each in item.body["markers"]] for item in (one, made, two)] == [
        ["early"],
        ["SU insert", "within"],
        ["late", "beyond"],
    ]
    assert made.body["markers"][0]["marked_range"] == span(4, 12)
    assert made.body["markers"][1]["marked_range"] == span(9, 2)
    assert made.body["media_references"]["su_take_001"]["available_range"] == span(0, 18)
    (again,) = find_requests(after)
    assert (again.head, again.frames, again.tail, len(done(after, again))) == (4, 12, 2, 1)


def test_two_inserts_in_one_gap_shot_one_after_the_other():
    marks = [marker("SU insert", span(0, 10), "one"), marker("SU insert", span(30, 9), "two")]
    cut = cut_of(track(gap(48, markers=marks), shot()))
    first, second = find_requests(cut)
    halfway = Cut.parse(graft(cut, [takes(cut, second)]))
    left = {each.id: each for each in find_requests(halfway)}
    assert set(left) == {first.id, second.id}
    assert done(halfway, left[first.id]) == []
    after = rendered(halfway)
    both = rendered(cut)
    for made in (after, both):
        track_ = made.root.children[0].children[0]
        assert [item.schema for item in track_.children] == ["Clip", "Gap", "Clip", "Gap", "Clip"]
        assert {each.id for each in find_requests(made)} == {first.id, second.id}


def test_an_effect_on_a_gap_fills_all_of_it():
    cut = cut_of(track(gap(48, effects=[effect("SecondUnit.Insert", prompt="x"), warp(1)])))
    (made,) = clips(rendered(cut))
    assert made["source_range"] == span(0, 48)
    assert [each["OTIO_SCHEMA"] for each in made["effects"]] == ["LinearTimeWarp.1", "Effect.1"]


def test_an_effect_on_part_of_a_gap_goes_with_its_clip():
    cut = cut_of(track(gap(48, effects=[effect("SecondUnit.Insert", duration="12f"), warp(1)])))
    made, rest = rendered(cut).root.children[0].children[0].children
    assert (made.body["source_range"], rest.body["source_range"]) == (span(0, 12), span(12, 36))
    assert [each["OTIO_SCHEMA"] for each in made.body["effects"]] == ["Effect.1"]
    assert [each["OTIO_SCHEMA"] for each in rest.body["effects"]] == ["LinearTimeWarp.1"]


def test_markers_on_a_track_are_shot_once():
    low = track(shot("a", 100, 20), gap(30), name="V1")
    low["markers"] = [marker("SU insert", span(25, 5), "x"), marker("SU cleanup", span(3, 4), "y")]
    cut = cut_of(low)
    after = rendered(cut)
    before, again = find_requests(cut), find_requests(after)
    assert {each.id for each in again} == {each.id for each in before}
    assert all(len(done(after, each)) == 1 for each in again)
    noted = after.root.children[0].children[0].body["markers"]
    assert [each["metadata"]["secondunit"]["status"] for each in noted] == ["rendered"] * 2


def test_a_clean_plate_is_an_alternative_and_the_plate_is_remembered():
    cut = cut_of(track(shot(effects=[effect("SecondUnit.Cleanup", subject="ball")])))
    after = rendered(cut)
    (made,) = clips(after)
    assert made["name"] == "a"
    assert made["active_media_reference_key"] == "su_take_001"
    noted = made["effects"][0]["metadata"]["secondunit"]
    assert (noted["status"], noted["plate"], noted["subject"]) == (
        "rendered",
        "DEFAULT_MEDIA",
        "ball",
    )
    (again,) = find_requests(after)
    assert plate_of(after, again).media.path == "/m/a.mov"
    more = rendered(after, 2)
    assert list(clips(more)[0]["media_references"]) == [
        "DEFAULT_MEDIA",
        *(f"su_take_{number:03d}" for number in (1, 2, 3)),
    ]


def test_two_requests_on_one_clip_share_the_numbers():
    asks = [
        effect("SecondUnit.Cleanup", subject="ball"),
        effect("SecondUnit.Restyle", prompt="dusk"),
    ]
    cut = cut_of(track(shot(effects=asks)))
    after = rendered(cut)
    refs = clips(after)[0]["media_references"]
    kinds = [refs[key]["metadata"]["secondunit"]["kind"] for key in ("su_take_001", "su_take_002")]
    assert kinds == ["cleanup", "restyle"]
    assert [len(done(after, each)) for each in find_requests(after)] == [1, 1]


def test_what_a_human_changes_is_shot_again_and_a_slip_is_not():
    media = generator("SecondUnit.Insert", span(0, 40), prompt="gull", takes=2)
    cut = cut_of(
        track(clip("gull", span(8, 24), media), shot(effects=[effect("SecondUnit.Matte")]))
    )
    text = rendered(cut).text

    def shots(changed: str) -> list[int]:
        again = Cut.parse(changed)
        return [len(done(again, each)) for each in find_requests(again)]

    assert shots(text) == [1, 1]
    slipped = json.loads(text)
    slipped["tracks"]["children"][0]["children"][0]["source_range"] = span(12, 20)
    assert shots(json.dumps(slipped)) == [1, 1]
    assert shots(text.replace('"takes": 2', '"takes": 5')) == [1, 1]
    assert shots(text.replace('"prompt": "gull"', '"prompt": "crow"')) == [0, 1]
    slipped["tracks"]["children"][0]["children"][0]["source_range"] = span(30, 24)
    slipped["tracks"]["children"][0]["children"][1]["source_range"] = span(120, 48)
    assert shots(json.dumps(slipped)) == [0, 0]


def test_mattes_lie_above_their_pictures():
    asking = [effect("SecondUnit.Matte", subject="man"), warp(0.5)]
    low = track(shot("a", 100, 20), shot("b", 0, 30, effects=asking), shot("c", 0, 9), name="V1")
    low["children"][2]["effects"] = [effect("SecondUnit.Matte")]
    cut = cut_of(low, track(shot("over", 0, 99), kind="Audio"))
    after = rendered(cut)
    mattes = after.root.children[0].children[-1]
    assert (mattes.name, mattes.body["enabled"]) == ("SU mattes", False)
    first, b, c = mattes.children
    assert first.body["source_range"] == span(0, 20)
    assert b.body["source_range"] == span(0, 30)
    assert [each["OTIO_SCHEMA"] for each in b.body["effects"]] == ["LinearTimeWarp.1"]
    ids = {each.item.name: each.id for each in find_requests(cut)}
    assert (b.name, c.name) == (f"b su-{ids['b']} matte", f"c su-{ids['c']} matte")
    noted = clips(after, "b")[0]["effects"][0]["metadata"]["secondunit"]
    assert noted["outputs"][0]["reference"] == b.body["media_references"]["su_take_001"]
    assert clips(after, "b")[0]["active_media_reference_key"] == "DEFAULT_MEDIA"


def test_mattes_that_overlap_get_tracks_of_their_own():
    two = [effect("SecondUnit.Matte", subject="man"), effect("SecondUnit.Matte", subject="dog")]
    cut = cut_of(track(shot("a", effects=two), shot("b", effects=two[:1])))
    after = rendered(cut)
    names = [(item.name, len(item.children)) for item in after.root.children[0].children[1:]]
    assert names == [("SU mattes", 2), ("SU mattes 2", 1)]


def test_later_mattes_find_the_track():
    asking = {"effects": [effect("SecondUnit.Matte")]}
    cut = cut_of(track(*(shot(name, **asking) for name in "abcd")))
    requests = find_requests(cut)
    for turn in (2, 0, 3, 1):
        (request,) = [each for each in find_requests(cut) if each.id == requests[turn].id]
        cut = Cut.parse(graft(cut, [takes(cut, request)]))
    _, mattes = cut.root.children[0].children
    assert [item.name[0] for item in mattes.children] == list("abcd")
    assert (
        otio.adapters.read_from_string(cut.text, "otio_json").tracks[1].duration().value == 4 * 48
    )
    more = rendered(cut)
    _, mattes = more.root.children[0].children
    assert [len(item.body["media_references"]) for item in mattes.children] == [2] * 4
    assert [len(done(more, each)) for each in find_requests(more)] == [2] * 4


def test_a_matte_in_a_nested_sequence_lies_in_that_sequence():
    inner = stack(track(shot("a", effects=[effect("SecondUnit.Matte")])))
    after = rendered(cut_of(track(inner)))
    nested = after.root.children[0].children[0].children[0]
    assert [item.name for item in nested.children] == ["", "SU mattes"]


def test_a_matte_of_a_lone_track_is_only_noted():
    cut = Cut.parse(text_of(track(shot("a", effects=[effect("SecondUnit.Matte")]))))
    after = rendered(cut)
    assert len(after.root.children) == 1
    assert len(done(after, find_requests(after)[0])) == 1


def test_a_take_never_takes_anothers_place():
    cut = cut_of(track(shot(effects=[effect("SecondUnit.Cleanup")])))
    (request,) = find_requests(cut)
    one = TakeReference(1, "/t/one.mov", 48, 100)
    after = Cut.parse(graft(cut, [Result(request, (one,))]))
    (request,) = find_requests(after)
    same = Cut.parse(graft(after, [Result(request, (one,))]))
    assert list(clips(same)[0]["media_references"]) == ["DEFAULT_MEDIA", "su_take_001"]
    other = Cut.parse(graft(after, [Result(request, (TakeReference(1, "/t/two.mov", 48, 100),))]))
    assert list(clips(other)[0]["media_references"])[-1] == "su_take_002"


def test_a_request_with_a_problem_is_not_grafted():
    cut = cut_of(track(shot(effects=[effect("SecondUnit.Matte", seed="x")])))
    (request,) = find_requests(cut)
    with pytest.raises(BadValue):
        graft(cut, [Result(request, (TakeReference(1, "/t/x.mov", 9),))])


def test_no_takes_change_nothing(all_forms):
    results = [Result(each, ()) for each in find_requests(all_forms)]
    assert graft(all_forms, results) == all_forms.text


@pytest.mark.parametrize("tracks", [1, 20])
def test_a_long_cut_is_rendered_whole(tracks):
    cut = Cut.parse(synthetic_cut(700, 35, tracks))
    requests = find_requests(cut)
    assert len(requests) == 35
    assert {each.form for each in requests} == {"generator", "effect", "marker"}
    assert len({each.kind for each in requests}) == 6
    assert all(each.problem is None for each in requests)
    after = rendered(cut)
    again = find_requests(after)
    assert {each.id for each in again} == {each.id for each in requests}
    assert all(len(done(after, each)) == 1 for each in again)
    touched = {
        path.split(".children[")[2].split("]")[0]
        for path in changed_paths(cut.text, after.text)
        if path.count(".children[") > 1
    }
    assert len(touched) <= 35
