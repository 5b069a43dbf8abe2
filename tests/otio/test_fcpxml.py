"""Final Cut Pro's XML is read with every time exact, and all it holds has a place in the cut."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.frames import Rate, Timecode
from secondunit_otio import Cut, adapter_fcpxml, fcpxml, find_requests, resolve_media_frame
from secondunit_otio.fcpxml.testing import COMPOUND, MULTICAM, document
from secondunit_otio.fcpxml.times import seconds
from secondunit_otio.layout import extent, start_in_cut
from secondunit_otio.times import stretch

SAMPLE = "fcp_2997DF_compound_markers.fcpxml"
NTSC = Fraction(30000, 1001)


def cut_of(text: str | bytes) -> Cut:
    """The document as a cut; OpenTimelineIO itself must take it too."""
    words = json.dumps(fcpxml.read(text))
    otio.adapters.read_from_string(words, "otio_json")
    return Cut.parse(words)


def seen_by(text: str) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(json.dumps(fcpxml.read(text)), "otio_json")


# ------------------------------------------------------------------------------- the real file


def expected(element: ET.Element, at: Fraction, found: list, media: dict) -> None:
    """When a clip of the sample plays, by the rules of Apple's reference, worked out plainly."""
    start = seconds(element.get("start", "0s"))
    length = seconds(element.get("duration"))
    points = element.findall("timeMap/timept")
    source = start
    if points:
        low, high = ([seconds(each.get(key)) for each in points] for key in ("time", "value"))
        source = high[0] + (start - low[0]) * (high[1] - high[0]) / (low[1] - low[0])
        # the map's own numbers are rounded: an edit lies on a frame of its media
        assert abs(source * NTSC - round(source * NTSC)) < Fraction(1, 1000)
        source = round(source * NTSC) / NTSC
    marked = [at + seconds(each.get("start")) - start for each in element.findall("marker")]
    found.append((element.get("name"), at, length, source, tuple(sorted(marked))))
    for each in element:
        if each.get("lane"):
            own = at + seconds(each.get("offset")) - start
            if each.tag == "spine":
                for inner in each:
                    expected(inner, own + seconds(inner.get("offset")), found, media)
            else:
                expected(each, own, found, media)
    if element.tag == "ref-clip":
        for inner in media[element.get("ref")].find("sequence/spine"):
            expected(inner, at - start + seconds(inner.get("offset")), found, media)


def told(cut: Cut, item) -> tuple:
    shown, at = extent(cut, item), start_in_cut(cut, item)
    marked = [stretch(each["marked_range"]).begin for each in item.body["markers"]]
    return (
        item.name,
        at,
        shown.length,
        shown.begin,
        tuple(sorted(at + each - shown.begin for each in marked)),
    )


def test_every_time_of_the_real_export_is_exact(samples):
    path = samples / "timelines" / SAMPLE
    root = ET.parse(path).getroot()
    media = {each.get("id"): each for each in root.iter("media")}
    found: list = []
    for each in root.find(".//project/sequence/spine"):
        expected(each, seconds(each.get("offset")), found, media)
    cut = cut_of(path.read_bytes())
    clips = [item for item in cut.items() if item.schema == "Clip" or item.name == "29.97_CC"]
    assert sorted(told(cut, item) for item in clips) == sorted(found)
    assert len(found) == 14
    assert sum(len(each[4]) for each in found) == len(list(root.iter("marker"))) + 3  # shown twice


def test_the_real_export_keeps_its_rate_and_its_media(samples):
    text = (samples / "timelines" / SAMPLE).read_text()
    timeline = seen_by(text)
    assert timeline.global_start_time == otio.opentime.RationalTime(0, 30000 / 1001)
    assert timeline.duration() == otio.opentime.RationalTime(887, 30000 / 1001)
    clips = timeline.find_clips()
    (url,) = {clip.media_reference.target_url for clip in clips}
    assert url.startswith("file:///")
    assert url.endswith("/Movies/TestVideo.mp4")
    written = set(re_rates(json.dumps(fcpxml.read(text))))
    assert written == {30000 / 1001}
    smpte = otio.opentime.RationalTime.nearest_smpte_timecode_rate(30000 / 1001)
    assert written == {smpte}
    assert timeline.metadata["fcpxml"]["drop_frame"] is True


def re_rates(text: str):
    def walk(value):
        if isinstance(value, dict):
            if value.get("OTIO_SCHEMA") == "RationalTime.1":
                yield value["rate"]
            for each in value.values():
                yield from walk(each)
        elif isinstance(value, list):
            for each in value:
                yield from walk(each)

    return walk(json.loads(text))


# ---------------------------------------------------------------------------- made at each rate

RATES = {
    "23.976": ("1001/24000s", "NDF"),
    "24": ("100/2400s", "NDF"),
    "25": ("100/2500s", "NDF"),
    "29.97 DF": ("1001/30000s", "DF"),
    "29.97 NDF": ("1001/30000s", "NDF"),
    "30": ("100/3000s", "NDF"),
    "50": ("1/50s", "NDF"),
    "59.94": ("1001/60000s", "DF"),
    "60": ("100/6000s", "NDF"),
}


def said(frames: int, frame: Fraction) -> str:
    """A time as Final Cut writes it: not always in lowest terms."""
    time = frames * frame
    return f"{time.numerator * 4}/{time.denominator * 4}s" if frames % 3 else f"{time}s"


@pytest.mark.parametrize("rate", RATES)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    hour=st.integers(0, 23),
    clips=st.lists(
        st.tuples(st.integers(1, 5000), st.integers(0, 10**6), st.integers(0, 300)), max_size=12
    ),
)
def test_times_are_exact_at_every_rate(rate, hour, clips):
    frame_text, drop = RATES[rate]
    frame = seconds(frame_text)
    per_second = Rate.of(1 / frame)
    separator = ";" if drop == "DF" else ":"
    start = Timecode.parse(f"{hour:02d}:00:00{separator}00", per_second).frame
    spine, wanted, now = "", [], start
    for length, source, wait in clips:
        now += wait
        spine += (
            f'<asset-clip ref="a" name="c{len(wanted)}" offset="{said(now, frame)}"'
            f' start="{said(source, frame)}" duration="{said(length, frame)}">'
            f'<marker start="{said(source + length // 2, frame)}" duration="{frame_text}"'
            ' value="m"/></asset-clip>'
        )
        wanted.append((now - start, length, source, source + length // 2))
        now += length
    timeline = seen_by(document(spine, frame_text, start=said(start, frame), drop=drop))
    exact_rate = float(1 / frame)
    assert timeline.global_start_time == otio.opentime.RationalTime(start, exact_rate)
    found = []
    for clip in timeline.find_clips():
        place = clip.range_in_parent()
        times = (place.start_time, place.duration, clip.source_range.start_time)
        times += (clip.markers[0].marked_range.start_time,)
        assert {time.rate for time in times} == {exact_rate}
        found.append(tuple(time.value for time in times))
    assert found == wanted
    shown = otio.opentime.to_timecode(timeline.global_start_time, exact_rate, drop == "DF")
    assert shown == f"{hour:02d}:00:00{separator}00"


# -------------------------------------------------------------------------- what it is made of


def test_a_clip_of_another_rate_is_conformed_frame_by_frame():
    cut = cut_of(
        document(
            '<asset-clip ref="pal" name="p" offset="0s" start="684/25s" duration="9/4s">'
            '<conform-rate srcFrameRate="25"/><marker start="685/25s" duration="1/24s" value="m"/>'
            '<asset-clip ref="a" name="over" lane="1" offset="708/25s" duration="1s"/>'
            "</asset-clip>"
        )
    )
    clip, over = (item for item in cut.items() if item.schema == "Clip")
    frames = [resolve_media_frame(cut, clip, Fraction(k, 24)).number for k in range(54)]
    assert frames == list(range(684, 684 + 54))
    marked = stretch(clip.body["markers"][0]["marked_range"])
    assert marked.begin - extent(cut, clip).begin == Fraction(1, 24)
    assert start_in_cut(cut, over) == 1


def test_a_rate_left_alone_is_played_in_real_time():
    cut = cut_of(
        document(
            '<asset-clip ref="pal" name="p" offset="0s" start="4s" duration="2s">'
            '<conform-rate scaleEnabled="0" srcFrameRate="25"/></asset-clip>'
        )
    )
    (clip,) = (item for item in cut.items() if item.schema == "Clip")
    assert not clip.body["effects"]
    assert resolve_media_frame(cut, clip, Fraction(1)).number == 125


def mapped(points: str, start: str = "0s", duration: str = "4s") -> dict:
    listed = "".join(
        f'<timept time="{time}" value="{value}" interp="{interp}"/>'
        for time, value, interp in (each.split() for each in points.split(","))
    )
    text = document(
        f'<asset-clip ref="a" offset="0s" start="{start}" duration="{duration}">'
        f"<timeMap>{listed}</timeMap></asset-clip>"
    )
    return fcpxml.read(text)["tracks"]["children"][0]["children"][0]


def test_a_straight_time_map_is_a_speed():
    clip = mapped("0s 0s smooth2,50s 100s smooth2", start="10s")
    (warp,) = clip["effects"]
    assert (warp["OTIO_SCHEMA"], warp["time_scalar"]) == ("LinearTimeWarp.1", 2.0)
    assert clip["source_range"]["start_time"]["value"] == 20 * 24


def test_a_time_map_that_goes_down_plays_backwards():
    clip = mapped("0s 100s linear,100s 0s linear", start="10s", duration="4s")
    assert clip["effects"][0]["time_scalar"] == -1.0
    assert clip["source_range"]["start_time"]["value"] == 86 * 24  # the low end: 90 s down to 86 s
    cut = Cut.parse(json.dumps(clip))
    frames = [resolve_media_frame(cut, cut.root, Fraction(k, 24)).number for k in (0, 1, 95)]
    assert frames == [90 * 24 - 1, 90 * 24 - 2, 86 * 24]


def test_a_level_time_map_is_a_freeze():
    clip = mapped("0s 7s linear,10s 7s linear", start="2s")
    assert clip["effects"][0]["OTIO_SCHEMA"] == "FreezeFrame.1"
    assert clip["source_range"]["start_time"]["value"] == 7 * 24


def test_a_bent_time_map_is_told_by_its_points():
    clip = mapped("0s 0s smooth2,2s 1s smooth2,10s 20s smooth2")
    (effect,) = clip["effects"]
    assert effect["OTIO_SCHEMA"] == "TimeEffect.1"
    assert [each["value"] for each in effect["metadata"]["fcpxml"]["timeMap"]] == [
        "0/1",
        "1/1",
        "20/1",
    ]


def test_a_stretch_between_two_sharp_points_is_straight_though_the_map_is_not():
    clip = mapped("0s 0s linear,2s 1s linear,10s 17s linear", start="3s")
    assert clip["effects"][0]["time_scalar"] == 2.0
    assert clip["source_range"]["start_time"]["value"] == 3 * 24


def test_lanes_become_tracks_from_the_bottom_up():
    timeline = seen_by(
        document(
            '<asset-clip ref="a" name="v" offset="0s" start="10s" duration="8s">'
            '<asset-clip ref="a" name="up" lane="2" offset="11s" duration="2s"/>'
            '<spine lane="1" offset="12s"><asset-clip ref="a" name="s1" duration="1s"/>'
            '<asset-clip ref="a" name="s2" duration="1s">'
            '<title ref="t" name="over s2" lane="1" offset="1/2s" start="3600s" duration="1s"/>'
            "</asset-clip></spine>"
            '<asset-clip ref="a" name="under" lane="-1" offset="10s" duration="1s"/>'
            '<asset-clip ref="snd" name="music" lane="-1" offset="10s" duration="5s"'
            ' audioRole="music.score"/>'
            '<caption name="sub" lane="3" offset="10s" start="3600s" duration="1s" role="SRT">'
            "<text>Hello</text></caption>"
            "</asset-clip>"
        )
    )
    names = [(track.name, track.kind, [each.name for each in track]) for track in timeline.tracks]
    assert names == [
        ("Lane -1", "Video", ["under"]),
        ("Primary", "Video", ["v"]),
        ("Lane 1", "Video", ["", "s1", "s2"]),
        ("Lane 1.1", "Video", ["", "over s2"]),
        ("Lane 2", "Video", ["", "up"]),
        ("Lane 3 caption", "Caption", ["sub"]),
        ("Lane -1 audio", "Audio", ["music"]),
    ]
    at = {
        clip.name: otio.opentime.to_seconds(clip.range_in_parent().start_time)
        for clip in timeline.find_clips()
    }
    assert at == {
        **{"under": 0, "v": 0, "s1": 2, "s2": 3, "over s2": 3.5, "up": 1, "sub": 0, "music": 0}
    }
    music = timeline.tracks[-1][0]
    assert music.metadata["fcpxml"]["audioRole"] == "music.score"
    assert music.media_reference.available_range.duration == otio.opentime.RationalTime(
        480007, 48000
    )
    title = timeline.tracks[3][1].media_reference
    assert (title.generator_kind, title.parameters["effect"]) == ("fcpxml.title", "Basic Title")


def test_what_overlaps_in_a_lane_goes_to_a_further_track():
    timeline = seen_by(
        document(
            '<gap offset="0s" start="3600s" duration="9s">'
            '<asset-clip ref="a" name="x" lane="1" offset="3600s" duration="4s"/>'
            '<asset-clip ref="a" name="y" lane="1" offset="3602s" duration="4s"/></gap>'
        )
    )
    assert [track.name for track in timeline.tracks] == ["Primary", "Lane 1", "Lane 1 (2)"]
    starts = [each.range_in_parent().start_time.value for each in timeline.find_clips()]
    assert starts == [0, 48]


def test_a_compound_clip_is_a_nested_stack():
    cut = cut_of(
        document(
            '<ref-clip ref="m" name="nest" offset="0s" start="3602s" duration="5s">'
            '<marker start="3603s" duration="1/24s" value="outside"/></ref-clip>',
            resources=COMPOUND,
        )
    )
    nest = next(item for item in cut.items() if item.name == "nest")
    inner = next(item for item in cut.items() if item.name == "in")
    assert nest.schema == "Stack"
    assert extent(cut, nest).begin == 2
    assert start_in_cut(cut, inner) == -2  # its first two seconds lie before the nest begins
    assert stretch(nest.body["markers"][0]["marked_range"]).begin == 3


def test_a_multicam_clip_plays_its_active_angles():
    cut = cut_of(
        document(
            '<mc-clip ref="mc" name="MC" offset="0s" start="3601s" duration="4s">'
            '<mc-source angleID="3" srcEnable="audio"/><mc-source angleID="2" srcEnable="video"/>'
            "</mc-clip>",
            resources=MULTICAM,
        )
    )
    clips = {item.name: item for item in cut.items() if item.schema == "Clip"}
    assert clips.keys() == {"cam b", "music"}
    nest = clips["cam b"].parent.parent
    assert extent(cut, nest).begin == 1
    assert nest.body["metadata"]["fcpxml"]["angles"] == ["A", "B", "M"]
    # the clip's own time 5 s is its video's 100 + 5 s
    assert resolve_media_frame(cut, clips["cam b"], Fraction(0)).number == 105 * 24


def test_an_audition_plays_its_pick():
    (clip,) = seen_by(
        document(
            '<audition offset="0s"><asset-clip ref="a" name="pick" duration="3s"/>'
            '<asset-clip ref="tc" name="other" start="3600s" duration="5s"/></audition>'
        )
    ).find_clips()
    assert (clip.name, clip.duration().value) == ("pick", 72)
    assert list(clip.metadata["fcpxml"]["audition"]) == ["other"]


def test_a_synchronised_clip_is_a_stack_in_its_own_time():
    cut = cut_of(
        document(
            '<sync-clip offset="0s" name="sync" start="3610s" duration="5s">'
            '<asset-clip ref="tc" name="picture" offset="3600s" start="3600s" duration="50s">'
            '<asset-clip ref="snd" name="sound" lane="-1" offset="3612s" duration="3s"/>'
            "</asset-clip>"
            '<title ref="t" name="over" lane="1" offset="3611s" start="3600s" duration="1s"/>'
            "</sync-clip>"
        )
    )
    by_name = {item.name: item for item in cut.items()}
    assert extent(cut, by_name["sync"]).begin == 10
    assert start_in_cut(cut, by_name["picture"]) == -10
    assert start_in_cut(cut, by_name["sound"]) == 2
    assert start_in_cut(cut, by_name["over"]) == 1
    assert by_name["over"].parent.parent is by_name["sync"].parent.parent


def test_transitions_hide_the_cut_they_lie_over():
    timeline = seen_by(
        document(
            '<transition name="Cross Dissolve" offset="0s" duration="1s"/>'
            '<asset-clip ref="a" name="x" offset="0s" duration="10s"/>'
            '<transition name="Cross Dissolve" offset="19/2s" duration="1s">'
            '<marker start="7201/2s" duration="1/24s" value="mid"/></transition>'
            '<asset-clip ref="a" name="y" offset="10s" start="20s" duration="10s"/>'
            '<transition name="Wipe" offset="19s" duration="1s"/>'
        )
    )
    (track,) = timeline.tracks
    fades = [each for each in track if isinstance(each, otio.schema.Transition)]
    offsets = [(each.in_offset.value, each.out_offset.value) for each in fades]
    assert offsets == [(0, 24), (12, 12), (24, 0)]
    assert [each.transition_type for each in fades] == ["SMPTE_Dissolve"] * 2 + [
        "Custom_Transition"
    ]
    assert [type(each).__name__ for each in track] == ["Transition", "Clip"] * 2 + ["Transition"]
    assert track.markers[0].marked_range.start_time.value == 240


def test_media_keeps_original_and_proxy_side_by_side():
    (clip,) = seen_by(
        document('<asset-clip ref="a" name="x" offset="0s" duration="1s"/>')
    ).find_clips()
    urls = {key: each.target_url for key, each in clip.media_references().items()}
    assert urls == {
        "DEFAULT_MEDIA": "file:///media/A%20roll.mov",
        "proxy-media": "file:///proxies/A.mov",
    }
    assert clip.available_range().duration.value == 12000


def test_a_still_is_held_and_a_clip_without_start_begins_where_its_media_does():
    cut = cut_of(
        document(
            '<video ref="still" name="p" offset="0s" start="3600s" duration="2s"/>'
            '<asset-clip ref="tc" name="tc" offset="2s" duration="2s"/>'
            '<asset-clip ref="gone" name="lost" offset="4s" duration="2s"/>'
        )
    )
    still, tc, lost = (item for item in cut.items() if item.schema == "Clip")
    frames = {resolve_media_frame(cut, still, Fraction(k)).file_frame for k in (0, 1)}
    assert frames == {0}
    assert extent(cut, tc).begin == 3600
    assert lost.body["media_references"]["DEFAULT_MEDIA"]["OTIO_SCHEMA"] == "MissingReference.1"


def test_what_is_noted_on_a_clip_comes_along():
    (clip,) = seen_by(
        document(
            '<asset-clip ref="a" name="x" offset="0s" duration="9s" videoRole="VFX" enabled="0">'
            '<note>needs work</note><keyword start="0s" duration="2s" value="gulls"/>'
            '<chapter-marker start="1s" duration="1/24s" posterOffset="1s" value="One"/>'
            '<marker start="2s" duration="1/24s" value="todo" completed="0" note="a note"/>'
            '<filter-video ref="e" name="Glow"><param name="Amount" value="3"/></filter-video>'
            '<metadata><md key="com.apple.proapps.studio.reel" value="A001"/></metadata>'
            "</asset-clip>"
        )
    ).find_clips()
    told = clip.metadata["fcpxml"]
    assert told["note"] == "needs work"
    assert told["keywords"][0]["value"] == "gulls"
    assert told["videoRole"] == "VFX"
    assert told["metadata"]["studio.reel"] == "A001"
    assert not clip.enabled
    assert [(each.name, each.color, each.comment) for each in clip.markers] == [
        ("One", "ORANGE", ""),
        ("todo", "RED", "a note"),
    ]
    assert clip.effects[0].effect_name == "Glow"


def test_a_request_in_a_marker_is_found():
    cut = cut_of(
        document(
            '<gap offset="0s" start="3600s" duration="4s"><marker start="3601s" duration="1/24s"'
            ' value="SU insert" note="su: insert 24f | gull | seed=4"/></gap>'
        )
    )
    (request,) = find_requests(cut)
    assert request.problem is None
    assert (request.slot.start, request.frames, request.values["seed"]) == (1, 24, 4)


def test_clips_without_a_project_are_cuts_of_their_own():
    text = document("").replace("<project", "<asset-clip ref='a' name='loose'/><project")
    found = fcpxml.read(text)
    assert [each["name"] for each in found["children"]] == ["cut", "loose"] or [
        each["name"] for each in found["children"]
    ] == ["loose", "cut"]
    assert len(otio.adapters.read_from_string(json.dumps(found), "otio_json").find_clips()) == 1


def test_an_old_document_names_its_file_in_the_asset_and_its_rate_in_the_format():
    text = document('<asset-clip ref="pal" name="p" offset="0s" duration="1s"/>').replace(
        'frameDuration="1/24s"', 'name="FFVideoFormat1080i5994"'
    )
    timeline = seen_by(text)
    assert timeline.global_start_time.rate == 30000 / 1001
    (clip,) = timeline.find_clips()
    assert clip.media_reference.target_url == "file:///media/pal.mov"


def test_it_reads_as_an_adapter(samples):
    text = (samples / "timelines" / SAMPLE).read_text()
    timeline = adapter_fcpxml.read_from_string(text)
    assert timeline.name == "29.97d_V1"
    assert len(timeline.find_clips()) == 12
