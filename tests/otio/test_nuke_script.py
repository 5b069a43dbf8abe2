"""Nuke scripts show exactly the frames the cut shows, say nothing Nuke would run, and come back."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.frames import Rate
from secondunit_contract.problem import BadValue
from secondunit_otio import (
    Cut,
    adapter_nk,
    fcpxml,
    graft,
    nuke_script,
    resolve_media_frame,
)
from secondunit_otio.layout import active_key, extent
from secondunit_otio.nuke_script.nodes import nodes_in
from secondunit_otio.nuke_script.shots import rate_of_cut, seen_clips
from secondunit_otio.nuke_script.syntax import evaluated
from secondunit_otio.nuke_script.testing import (
    cut_with_requests,
    cut_with_takes,
    ends,
    plugged,
    shown,
)
from secondunit_otio.testing import (
    clip,
    movie,
    span,
    text_of,
    time,
    timeline,
    track,
    warp,
)

pytest.importorskip("tkinter")


def number_in_nuke(frame) -> int:
    return frame.file_frame + (0 if frame.media.sequence else 1)


def same_frames(cut: Cut, text: str, first: int = 1001) -> int:
    """Check every frame of every shot against the cut; how many were."""
    rate, checked = rate_of_cut(cut), 0
    last_nodes = {
        node.knobs["name"].removeprefix("Premult_").removeprefix("Range_"): node
        for node in ends(plugged(text))
    }
    script = nuke_script.read(text)
    items = {item.path: item for item in cut.items()}
    for shot in script.shots:
        item = items[shot.path]
        token = next(each.about["su_shot"] for each in shot.reads) if shot.reads else ""
        if not token:
            continue
        assert shot.first == first
        for k in range(shot.last - shot.first + 1):
            try:
                wanted = resolve_media_frame(cut, item, k / rate.per_second)
            except BadValue:
                break
            path, number = shown(last_nodes[token], first + k)
            assert evaluated(path) == re.sub(r"\\/?", "/", wanted.media.path)
            assert number == number_in_nuke(wanted), (item.path, k)
            checked += 1
    return checked


# ------------------------------------------------------------------------------------- frames


@pytest.mark.parametrize(
    "name",
    [
        "ayon_hiero_timeline_23976",
        "elfuente_60fps_transitions",
        "mixed_timecode_rates",
        "nested_stacks_timewarp_freeze",
        "otio019_marker3_premiere",
        "resolve_effects_19tracks",
    ],
)
def test_real_cuts_show_the_same_frames_in_nuke(samples, name):
    cut = Cut.read(samples / "timelines" / f"{name}.otio")
    text = nuke_script.write(cut)
    same_frames(cut, text)
    clips = list(seen_clips(cut))
    assert len(nuke_script.read(text).shots) == len(clips) > 0


def test_the_avids_retimes_show_the_same_frames_in_nuke(samples):
    aaf = otio.adapters.read_from_file(
        str(samples / "timelines" / "avid_misc_speed_effects.aaf"),
        media_linker_name="__do_not_link_media",
    )
    cut = Cut.parse(otio.adapters.write_to_string(aaf, "otio_json"))
    text = nuke_script.write(cut)
    assert same_frames(cut, text) == 88
    kinds = {node.kind for node in plugged(text)}
    assert {"TimeWarp", "FrameHold", "TimeOffset"} <= kinds


SPEEDS = st.one_of(
    st.sampled_from([1.0, 2.0, 0.5, -1.0, 0.0, 1.5, -2.5, 24 / 25, 0.0417, 11.0]),
    st.fractions(-5, 5, max_denominator=40).map(float),
)
FILM_RATES = st.sampled_from([24.0, 25.0, 24000 / 1001, 30000 / 1001, 60.0])


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    speed=SPEEDS,
    rates=st.tuples(FILM_RATES, FILM_RATES),
    start=st.integers(-10, 100_000),
    frames=st.integers(1, 90),
    held=st.integers(1, 400),
    sequence=st.one_of(st.none(), st.tuples(st.integers(0, 5000), st.sampled_from([1, 2, -1]))),
    part=st.sampled_from([0, 0, 0.5, 0.25, 1 / 3]),
)
def test_any_retime_shows_the_same_frames_in_nuke(
    speed, rates, start, frames, held, sequence, part
):
    media = movie("/m/a.mov", span(start, held, rates[1]))
    if sequence:
        media = {
            **{"OTIO_SCHEMA": "ImageSequenceReference.1", "target_url_base": "/m/"},
            **{"name_prefix": "a.", "name_suffix": ".exr", "frame_zero_padding": 4},
            **{"start_frame": sequence[0], "frame_step": sequence[1], "rate": rates[1]},
            "available_range": span(start, held, rates[1]),
        }
    shot = clip("a", span(start + part, frames, rates[0]), media, effects=[warp(speed)])
    cut = Cut.parse(text_of(timeline(track(shot))))
    assert same_frames(cut, nuke_script.write(cut)) == frames


def test_handles_go_on_as_the_shot_does():
    media = movie("/m/a.mov", span(1000, 100))
    shot = clip("a", span(1020, 10), media, effects=[warp(2.0)])
    cut = Cut.parse(text_of(timeline(track(shot))))
    found = plugged(nuke_script.write(cut, handles=8))
    (last,) = ends(found)
    # movies count from 1: frame 1020 of the cut is the 21st
    assert [shown(last, frame)[1] for frame in (993, 1001, 1018)] == [5, 21, 55]
    root = found[0].knobs
    assert (root["first_frame"], root["last_frame"]) == ("993", "1018")


def test_a_sequence_keeps_its_file_numbers():
    media = {
        **{"OTIO_SCHEMA": "ImageSequenceReference.1", "target_url_base": "file:///m/pl%20ates/"},
        **{"name_prefix": "a.", "name_suffix": ".exr", "frame_zero_padding": 4},
        **{"start_frame": 997, "frame_step": 1, "rate": 24},
        "available_range": span(86400, 73),
    }
    cut = Cut.parse(text_of(timeline(track(clip("a", span(86410, 10), media)))))
    found = plugged(nuke_script.write(cut))
    read = next(node for node in found if node.kind == "Read")
    assert read.knobs["file"] == "/m/pl ates/a.####.exr"
    assert [read.knobs[key] for key in ("first", "last", "origfirst", "origlast")] == [
        "997",
        "1069",
        "997",
        "1069",
    ]
    assert shown(ends(found)[0], 1001) == ("/m/pl ates/a.####.exr", 1007)


def test_the_speed_nuke_studio_noted_frame_by_frame_is_keyed():
    effects = [{"OTIO_SCHEMA": "TimeEffect.1", "metadata": {"lookup": [0.0, 0.0, 3.0, 5.5, -1]}}]
    shot = clip("a", span(100, 5), movie("/m/a.mov", span(0, 500)), effects=effects)
    cut = Cut.parse(text_of(timeline(track(shot))))
    made = nuke_script.written(cut)
    (last,) = ends(plugged(made.text))
    assert [shown(last, 1001 + k)[1] - 1 for k in range(5)] == [100, 101, 105, 108, 103]
    assert [each.kind for each in made.findings] == ["changed"]


def test_final_cuts_bent_time_map_is_keyed():
    document = (
        '<fcpxml><resources><format id="f" frameDuration="1/24s"/>'
        '<asset id="a" start="0s" duration="99s" hasVideo="1" format="f" src="file:///m/a.mov"/>'
        '</resources><project name="p"><sequence format="f"><spine><asset-clip ref="a" start="1s"'
        ' duration="3s"><timeMap><timept time="0s" value="0s"/><timept time="2s" value="1s"/>'
        '<timept time="6s" value="9s"/></timeMap></asset-clip></spine></sequence></project>'
        "</fcpxml>"
    )
    cut = Cut.parse(json.dumps(fcpxml.read(document)))
    made = nuke_script.written(cut)
    (last,) = ends(plugged(made.text))
    assert [shown(last, 1001 + k)[1] - 1 for k in (0, 2, 24, 25, 71)] == [12, 13, 24, 26, 118]


def test_a_retime_only_the_host_knows_is_left_out_and_told():
    effects = [{"OTIO_SCHEMA": "TimeEffect.1", "name": "curve"}]
    shot = clip("a", span(100, 5), movie("/m/a.mov", span(0, 500)), effects=effects)
    made = nuke_script.written(Cut.parse(text_of(timeline(track(shot)))))
    (finding,) = made.findings
    assert finding.kind == "lost"
    assert "only its host knows" in finding.what
    assert shown(ends(plugged(made.text))[0], 1003)[1] == 103


# -------------------------------------------------------------------------- what a script holds


def test_a_request_not_shot_yet_is_a_slate_with_everything_in_its_knobs():
    cut = cut_with_requests()
    text = nuke_script.write(cut)
    found = plugged(text)
    backdrop = next(node for node in found if node.knobs.get("su_id") == "k3v9x0aa")
    assert backdrop.kind == "BackdropNode"
    assert evaluated(backdrop.knobs["su_prompt"]) == 'a "gull" [exec rm] $x {'
    assert backdrop.knobs["su_seed"] == str(2**62)
    assert "su-k3v9x0aa insert" in backdrop.knobs["label"]
    words = next(node for node in found if node.kind == "Text2")
    assert words.inputs[0].kind == "Constant"
    assert "su-k3v9x0aa" in words.knobs["message"]
    shots = {shot.id: shot for shot in nuke_script.read(text).shots}
    assert shots["k3v9x0aa"].asked["prompt"] == 'a "gull" [exec rm] $x {'
    assert len(shots) == 3  # the gap's too


def test_a_slates_movie_is_read_where_there_is_one():
    text = nuke_script.write(cut_with_requests(), slates={"k3v9x0aa": "/slates/su-k3v9x0aa.mov"})
    read = next(node for node in plugged(text) if node.knobs.get("file", "").startswith("/slates"))
    assert (read.knobs["su_role"], read.knobs["last"]) == ("slate", "24")


def test_takes_stand_behind_a_switch_and_the_matte_is_copied_in():
    cut = cut_with_takes()
    text = nuke_script.write(cut)
    same_frames(cut, text)
    found = plugged(text)
    switch = next(node for node in found if node.kind == "Switch")
    files = [shown(each, 1001)[0] for each in switch.inputs]
    assert files == ["/t/su-k3v9x0aa_t001.mov", "/t/su-k3v9x0aa_t002.mov"]
    copy = next(node for node in found if node.kind == "Copy")
    picture, matte = copy.inputs
    assert shown(picture, 1001)[0] == "/m/a.mov"
    path, number = shown(matte, 1005)
    assert re.fullmatch(r"/t/su-\w{8}_t001\.####\.exr", path)
    assert number == 1005
    assert (copy.knobs["from0"], copy.knobs["to0"]) == ("rgba.alpha", "rgba.alpha")
    premult = next(node for node in found if node.kind == "Premult")
    assert premult.inputs == [copy]
    reads = [node.knobs for node in found if node.kind == "Read"]
    assert {each["raw"] for each in reads if each["su_role"] == "matte"} == {"true"}
    assert {each["raw"] for each in reads if each["su_role"] != "matte"} == {"false"}


def test_colour_and_size_the_cut_knows_are_set(samples):
    cut = Cut.read(samples / "timelines" / "ayon_hiero_timeline_23976.otio")
    found = plugged(nuke_script.write(cut))
    assert found[0].knobs["fps"] == "23.97602398"
    spaces = {node.knobs.get("colorspace") for node in found if node.kind == "Read"}
    assert "ACES - ACES2065-1" in spaces
    assert any(
        node.knobs.get("format", "").startswith("1828 1556 0 0 1828 1556 2") for node in found
    )


def test_each_shot_may_have_a_script_of_its_own():
    scripts, _ = nuke_script.write_each(cut_with_requests())
    assert len(scripts) == 3
    for text in scripts.values():
        assert len(nuke_script.read(text).shots) == 1
        plugged(text)


def test_windows_paths_and_brackets_in_a_file_name_mean_themselves():
    media = movie("C:\\shots\\a [x] $b.mov", span(0, 9))
    text = nuke_script.write(Cut.parse(text_of(timeline(track(clip("a", span(0, 9), media))))))
    read = next(node for node in plugged(text) if node.kind == "Read")
    assert evaluated(read.knobs["file"]) == "C:/shots/a [x] $b.mov"
    assert nuke_script.read(text).shots[0].reads[0].path == "C:/shots/a [x] $b.mov"


# -------------------------------------------------------------------------------------- and back


def test_what_we_write_comes_back_as_it_was():
    cut = cut_with_takes()
    again = Cut.parse(json.dumps(nuke_script.as_cut(nuke_script.write(cut))))
    before = {item.name: item for item in seen_clips(cut)}
    after = {item.name: item for item in seen_clips(again)}
    assert before.keys() <= after.keys()
    for name, item in before.items():
        back = after[name]
        assert extent(again, back) == extent(cut, item)
        assert active_key(back) == active_key(item)
        for k in (0, 5, 23):
            one, other = (
                resolve_media_frame(each, where, Fraction(k, 24))
                for each, where in ((cut, item), (again, back))
            )
            assert (one.media, one.number) == (other.media, other.number)
        assert set(back.body["media_references"]) >= set(item.body["media_references"]) - {"x"}


def added(text: str, shot: str, path: str, first: int, last: int) -> str:
    """The script with a Read put into a shot's backdrop, as an artist would."""
    backdrop = next(
        node
        for node in nodes_in(text).nodes
        if node.text("su_shot") == shot and "bdwidth" in node.knobs
    )
    place = f" xpos {backdrop.number('xpos', 0) + 60}\n ypos {backdrop.number('ypos', 0) + 300}\n"
    return (
        f'{text}Read {{\n inputs 0\n file "{path}"\n first {first}\n last {last}\n'
        f" origfirst {first}\n origlast {last}\n name Read99\n{place}}}\n"
    )


@pytest.mark.parametrize(
    ("path", "first", "last", "start", "first_file"),
    [
        ("/comp/paint.####.exr", 1001, 1024, 4, 1001),  # numbered as the shot is
        ("/comp/paint.%04d.exr", 997, 1028, None, 997),  # numbered else, all that was asked for
        ("/comp/paint.mov", 1, 24, 4, 1),  # as long as the slot
        ("/comp/paint.mov", 1, 32, None, 1),  # with its handles
    ],
)
def test_a_take_added_in_nuke_is_grafted(path, first, last, start, first_file):
    cut = cut_with_takes()
    text = nuke_script.write(cut)
    token = next(
        s.reads[0].about["su_shot"] for s in nuke_script.read(text).shots if s.id == "k3v9x0aa"
    )
    back = nuke_script.brought(cut, nuke_script.read(added(text, token, path, first, last)))
    (result,) = back.results
    (take,) = result.takes
    assert (take.number, take.media, take.frames) == (3, path, last - first + 1)
    assert (take.start, take.first_file) == (start, first_file)
    assert [each.kind for each in back.findings if each.kind == "new"] == ["new"]
    after = Cut.parse(graft(cut, back.results))
    item = next(item for item in after.items() if "su-k3v9x0aa" in item.name)
    assert active_key(item) == "su_take_003"
    frame = resolve_media_frame(after, item, Fraction(0))
    numbered = (
        first_file + (4 if start is None else 0) if "exr" in path else 4 if start is None else 0
    )
    assert frame.file_frame == numbered
    once_more = nuke_script.brought(after, nuke_script.read(added(text, token, path, first, last)))
    assert not once_more.results  # it is in the cut already


def test_a_take_chosen_in_nuke_is_told():
    cut = cut_with_takes()
    text = nuke_script.write(cut).replace("which 0", "which 1")
    back = nuke_script.brought(cut, nuke_script.read(text))
    (switched,) = (each for each in back.findings if each.kind == "switched")
    assert (switched.before, switched.after) == ("su_take_001", "su_take_002")
    assert back.chosen[switched.path] == "su_take_002"


def test_a_file_that_carries_the_id_is_found_wherever_it_lies():
    cut = cut_with_requests()
    text = nuke_script.write(cut) + (
        "Read {\n inputs 0\n file /anywhere/su-k3v9x0aa_t007.mov\n first 1\n last 32\n"
        " name Read9\n xpos 99999\n}\n"
    )
    (result,) = nuke_script.brought(cut, nuke_script.read(text)).results
    assert (result.request.id, result.takes[0].number) == ("k3v9x0aa", 7)


def test_a_read_where_nothing_is_asked_for_is_told():
    media = movie("/m/a.mov", span(0, 99))
    cut = Cut.parse(text_of(timeline(track(clip("a", span(0, 9), media)))))
    text = added(nuke_script.write(cut), "a", "/x.mov", 1, 9)
    back = nuke_script.brought(cut, nuke_script.read(text))
    assert not back.results
    assert [each.kind for each in back.findings] == ["lost"]


def test_it_reads_and_writes_as_an_adapter():
    cut = cut_with_takes()
    text = adapter_nk.write_to_string(
        otio.adapters.read_from_string(cut.text, "otio_json"), first=1
    )
    back = adapter_nk.read_from_string(text)
    assert [each.name for each in back.find_clips()][:2] == ["sh010", "gull su-k3v9x0aa"]
    assert back.find_clips()[0].source_range.start_time == otio.opentime.RationalTime(1010, 24)


def test_a_cut_of_many_shots_is_written_and_read():
    media = movie("/m/a.mov", span(0, 200))
    row = track(*(clip(f"c{n}", span(n % 90, 20), media, effects=[warp(1.5)]) for n in range(60)))
    cut = Cut.parse(text_of(timeline(row, global_start_time=time(86400))))
    text = nuke_script.write(cut)
    assert same_frames(cut, text) == 1200
    assert rate_of_cut(cut) == Rate.of(24)
