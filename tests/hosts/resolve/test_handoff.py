"""By files: a cut that Resolve exported is read exactly, and takes go back as one it reads."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import CutUnreadable
from secondunit_panel.conformance import HostConformance
from secondunit_panel.host import Delivery, HostCannot, Mark, Placed, PlaceGone
from secondunit_resolve import exchange
from secondunit_resolve.handoff import HandOff

FIRST, RATE = 86400, Rate.of(24)
STARTS = 172800  # what Resolve calls the media's first frame: its timecode, 02:00:00:00


def clip(media, begin, frames, rate=24.0, have=24, **more):
    """A clip as Resolve writes one."""

    def span(at, lasting, rate=24.0):
        times = [
            {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": float(v)}
            for v in (at, lasting)
        ]
        return {"OTIO_SCHEMA": "TimeRange.1", "start_time": times[0], "duration": times[1]}

    reference = {"OTIO_SCHEMA": "ExternalReference.1", "available_range": span(STARTS, have, rate),
                 "target_url": str(media), "metadata": {}, "name": "x"}  # fmt: skip
    used = span(STARTS + begin, frames)
    return {"OTIO_SCHEMA": "Clip.2", "name": "juggle b", "source_range": used,
            "markers": [], "effects": [], "enabled": True, "metadata": {"Resolve_OTIO": {}},
            "media_references": {"DEFAULT_MEDIA": reference},
            "active_media_reference_key": "DEFAULT_MEDIA", **more}  # fmt: skip


def gap(frames):
    return exchange.gap(frames, RATE)


def marker(at):
    time = {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": float(at)}
    return {"OTIO_SCHEMA": "Marker.2", "marked_range": {"start_time": time, "duration": time}}


def cut(*tracks, marks=(), name="Cut 1"):
    stack = {"OTIO_SCHEMA": "Stack.1", "markers": [marker(each) for each in marks], "children": [
        {"OTIO_SCHEMA": "Track.1", "kind": "Video", "name": f"Video {n}", "children": list(each)}
        for n, each in enumerate(tracks, 1)
    ] + [{"OTIO_SCHEMA": "Track.1", "kind": "Audio", "children": [{"any": 1}]}]}  # fmt: skip
    start = {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": float(FIRST)}
    return {"OTIO_SCHEMA": "Timeline.1", "name": name, "global_start_time": start, "tracks": stack}


@pytest.fixture
def host(tmp_path, loop):
    host = HandOff(loop.main, tmp_path / "by hand ä")
    host.cuts.mkdir(parents=True)
    return host


def export(host, told, name="a.otio"):
    (host.cuts / name).write_text(json.dumps(told))


def delivery(shot, number=1, head=0, media="/t/take.mov", **more):
    frames = FrameRange(shot.clip.range.first - head, shot.clip.range.last)
    take = Take("j1", number, 41, media, frames, RATE, 320, 180)
    lies = FrameRange(shot.place.range.first - head, shot.place.range.last)
    return Delivery(
        take, Job("extend", "", "j1", {"plate": shot.clip}), shot.place, lies, "s1", **more
    )


def test_it_says_plainly_what_its_user_does(host):
    about = host.about()
    assert "21.1" in about.notice
    assert len(about.steps) == 2
    assert str(host.cuts) in about.steps[0]
    assert str(host.back) in about.steps[1]
    assert about.can == {"place", "take_out"}


def test_before_a_cut_has_come_nothing_is_selected_and_its_folder_is_there(host):
    host.cuts.rmdir()
    assert not host.selection()
    assert host.cuts.is_dir()


def test_the_only_clip_is_selected_in_exact_frames(host, media):
    export(host, cut([gap(24), clip(media, 4, 8)]))
    chosen = host.selection()
    [shot] = chosen.clips
    assert (shot.clip.media, shot.clip.range) == (str(media), FrameRange(4, 11))
    assert (shot.place.range, str(shot.place.timecode)) == (
        FrameRange(FIRST + 24, FIRST + 31),
        "01:00:01:00",
    )
    assert (shot.available, shot.must_export) == (FrameRange(0, 23), "")
    assert (chosen.document, chosen.folder) == ("Cut 1", str(host.back / "takes"))


def test_of_several_those_with_markers_are_selected(host, media):
    marked = clip(media, 8, 4, markers=[marker(STARTS + 9)])
    export(host, cut([clip(media, 0, 8), marked, clip(media, 12, 4)], [gap(2), clip(media, 3, 3)]))
    chosen = host.selection()
    [shot] = chosen.clips
    assert shot.place.range == FrameRange(FIRST + 8, FIRST + 11)
    assert (chosen.before.clip.range, chosen.after.clip.range) == (
        FrameRange(0, 7),
        FrameRange(12, 15),
    )


@pytest.mark.parametrize("absolute", [0, FIRST])
def test_a_marker_of_the_timeline_selects_what_is_seen_there(host, media, absolute):
    export(
        host,
        cut(
            [clip(media, 0, 8), clip(media, 8, 8)],
            [gap(2), clip(media, 3, 3)],
            marks=[3 + absolute],
        ),
    )
    [shot] = host.selection().clips
    assert (shot.place.track, shot.clip.range) == ("Video 2", FrameRange(3, 5))


def test_a_marker_over_a_gap_selects_the_gap(host, media):
    export(host, cut([clip(media, 0, 8), gap(12), clip(media, 8, 8)], marks=[10]))
    chosen = host.selection()
    assert chosen.gap.range == FrameRange(FIRST + 8, FIRST + 19)
    assert (chosen.before.clip.range.last, chosen.after.clip.range.first) == (7, 8)


def test_several_without_a_marker_are_none(host, media):
    export(host, cut([clip(media, 0, 8), clip(media, 8, 4)]))
    assert not host.selection()


@pytest.mark.parametrize(("told", "why"), [
    ({"effects": [{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 2.0}]}, "retimed"),
    ({"effects": [{"OTIO_SCHEMA": "FreezeFrame.1"}]}, "retimed"),
    ({"rate": 25.0}, "25"),
    ({"have": 8}, "more frames"),
])  # fmt: skip
def test_what_would_have_to_be_rendered_is_refused_with_the_way_out(
    host, media, tmp_path, told, why
):
    export(host, cut([clip(media, 4, 8, **told)]))
    [shot] = host.selection().clips
    assert why in shot.must_export
    with pytest.raises(HostCannot, match=why) as refused:
        host.plate(shot, tmp_path, lambda *told: None)
    assert "Render in Place" in refused.value.remedy


def test_the_latest_export_counts(host, media):
    import os

    export(host, cut([clip(media, 4, 8)]), "b.otio")
    export(host, cut([clip(media, 6, 2)]), "a.otio")
    os.utime(host.cuts / "b.otio", (1, 1))
    [shot] = host.selection().clips
    assert shot.clip.range == FrameRange(6, 7)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"tracks": {"children": 3}}', '{"tracks": {}}'])
def test_what_is_no_cut_is_told(host, text):
    (host.cuts / "a.otio").write_text(text)
    with pytest.raises(CutUnreadable, match="no cut"):
        host.selection()


def test_a_sequence_and_an_address_are_read(host, tmp_path):
    export(host, cut([clip(f"file://{tmp_path}/a%20b.[1001-1024].exr", 4, 8)]))
    [shot] = host.selection().clips
    assert (shot.clip.media, shot.clip.range) == (
        f"{tmp_path}/a b.####.exr",
        FrameRange(1005, 1012),
    )


def test_a_cut_of_resolve_s_own_is_read(samples):
    path = samples / "timelines" / "resolve_effects_19tracks.otio"
    read = exchange.read(path)
    assert (read.rate, read.first) == (RATE, FIRST)
    assert read.stood[0].range.first == FIRST
    tracks = [each for each in json.loads(path.read_text())["tracks"]["children"]]
    clips = [each for track in tracks if track["kind"] == "Video" for each in track["children"]]
    media = [
        each["media_references"]["DEFAULT_MEDIA"] for each in clips if "media_references" in each
    ]
    pictures = [each for each in media if each.get("target_url")]
    assert len([each for each in read.stood if each.shot]) == len(pictures) > 10


def test_takes_go_back_as_a_cut_that_resolve_reads(host, media):
    export(host, cut([gap(24), clip(media, 4, 8)]))
    [shot] = host.selection().clips
    placed = host.place(delivery(shot, 1, head=3))
    assert placed.place.range == FrameRange(FIRST + 21, FIRST + 31)
    host.place(delivery(shot, 2))
    [path] = host.back.glob("*.otio")
    told = json.loads(path.read_text())
    tracks = told["tracks"]["children"]
    assert [t["name"] for t in tracks] == ["Second Unit", "Second Unit 2"]
    assert [t["children"][-1]["enabled"] for t in tracks] == [False, True]
    first = tracks[0]["children"][-1]
    # its file's timecode goes on from the plate's, and Resolve counts from that
    assert first["source_range"]["start_time"]["value"] == STARTS + 1
    assert first["source_range"]["duration"]["value"] == 11
    assert first["media_references"]["DEFAULT_MEDIA"]["target_url"] == "/t/take.mov"
    assert told["global_start_time"]["value"] == FIRST
    assert told["metadata"] == {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}}


def test_opentimelineio_reads_what_goes_back(host, media):
    otio = pytest.importorskip("opentimelineio")
    export(host, cut([gap(24), clip(media, 4, 8)]))
    [shot] = host.selection().clips
    host.place(delivery(shot))
    [path] = host.back.glob("*.otio")
    read = otio.adapters.read_from_file(str(path))
    [one] = read.find_clips()
    assert one.transformed_time_range(one.trimmed_range(), read.tracks).start_time.value == 24
    assert one.enabled


def test_what_was_placed_is_remembered_and_taken_out(host, media, loop):
    export(host, cut([gap(24), clip(media, 4, 8)]))
    [shot] = host.selection().clips
    one, two = host.place(delivery(shot, 1)), host.place(delivery(shot, 2, chosen=False))
    again = HandOff(loop.main, host.folder)
    assert again.place(delivery(shot, 1)) == one
    again.take_out(two)
    again.take_out(two)
    [path] = host.back.glob("*.otio")
    assert [each.seen for each in exchange.read(path).stood if each.shot] == [True]
    host.take_out(Placed(replace(one.place, document="Another"), "", job="j1", number=1))
    assert len([each for each in exchange.read(path).stood if each.shot]) == 1


def test_a_clip_that_is_gone_from_the_cut_is_told(host, media):
    export(host, cut([gap(24), clip(media, 4, 8)]))
    [shot] = host.selection().clips
    export(host, cut([clip(media, 4, 8)]))
    with pytest.raises(PlaceGone, match="latest export"):
        host.place(delivery(shot))
    export(host, cut([clip(media, 4, 8)], name="Cut 2"))
    with pytest.raises(PlaceGone, match="latest export"):
        host.place(delivery(shot))
    assert not host.back.exists()


def test_what_cannot_go_by_files_is_refused(host, media):
    export(host, cut([clip(media, 4, 8)]))
    [shot] = host.selection().clips
    acts = [lambda: host.open(shot.place), lambda: host.attach_matte(delivery(shot)),
            lambda: host.mark(shot.place, Mark(shot.place.range, "a"))]  # fmt: skip
    for act in acts:
        with pytest.raises(HostCannot):
            act()


def test_it_conforms(host, media, loop, tmp_path):
    export(host, cut([gap(24), clip(media, 4, 8)]))
    report = HostConformance(host, tmp_path / "made", pump=loop.pump, patience=2.0).run()
    assert report["passed"], [each for each in report["checks"] if each["result"] == "failed"]
    left_out = {each["check"] for each in report["checks"] if each["result"] == "left out"}
    assert left_out == {
        "export_can_be_stopped",
        "matte_is_attached",
        "marks_are_written",
        "places_are_shown",
    }


def test_an_insert_goes_on_from_the_clip_before_it(host, media):
    export(host, cut([clip(media, 0, 8), gap(12), clip(media, 8, 8)], marks=[10]))
    chosen = host.selection()
    take = Take("j2", 1, 41, "/t/insert.mov", FrameRange(8, 19), RATE, 320, 180)
    job = Job("insert", "", "j2", {"before": chosen.before.clip, "after": chosen.after.clip})
    host.place(Delivery(take, job, chosen.gap, chosen.gap.range, "s2"))
    [path] = host.back.glob("*.otio")
    [one] = [each for each in exchange.read(path).stood if each.shot]
    assert (one.range, one.starts) == (chosen.gap.range, STARTS + 8)


def test_media_elsewhere_gets_no_timecode_of_others(host, media):
    export(host, cut([clip(media, 0, 8)]))
    [shot] = host.selection().clips
    wanted = delivery(shot)
    other = replace(
        wanted, job=Job("extend", "", "j1", {"plate": Clip("/other.mov", shot.clip.range)})
    )
    host.place(other)
    [path] = host.back.glob("*.otio")
    assert [each.starts for each in exchange.read(path).stood if each.shot] == [0]
