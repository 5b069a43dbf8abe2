"""A pull list names the frames a cut uses, and others than we read it so."""

from __future__ import annotations

import csv
import io
import json

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue, Problem
from secondunit_otio import Cut, resolve_media_frame
from secondunit_otio.layout import extent
from secondunit_otio.report import pull
from secondunit_otio.testing import (
    clip,
    gap,
    generator,
    marker,
    movie,
    span,
    text_of,
    time,
    timeline,
    track,
    transition,
    warp,
)


def shot(name, start=100, frames=48, rate=24.0, first=86400, **more):
    media = movie(f"/m/{name}.mov", span(first, 500, rate))
    return clip(name, span(first + start, frames, rate), media, **more)


def cut_of(*rows, **more) -> Cut:
    return Cut.parse(text_of(timeline(*(track(*row) for row in rows), **more)), "cut.otio", "/cuts")


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_source_and_record_are_timecodes_of_frames_that_are_seen():
    cut = cut_of([gap(24), shot("a")], global_start_time=time(86400))
    row = table(pull.csv(cut, handles=8))[0]
    assert (row["Source in"], row["Source out"]) == ("01:00:04:04", "01:00:06:03")
    assert (row["Source first frame"], row["Source last frame"]) == ("86500", "86547")
    assert (row["Pull in"], row["Pull out"]) == ("01:00:03:20", "01:00:06:11")
    assert (row["Record in"], row["Record out"]) == ("01:00:01:00", "01:00:02:23")
    assert (row["Head handle"], row["Tail handle"], row["Pull frames"]) == ("100", "352", "64")
    assert (row["Path"], row["Track"], row["Rate"]) == ("/m/a.mov", "V1", "24")


def test_handles_end_where_the_media_does_and_transitions_need_frames_too():
    cut = cut_of([shot("a", 452), transition(6, 10), shot("b", 4)])
    one, other = pull.rows(cut, handles=8)
    assert one.source == FrameRange(86852, 86899)
    assert one.pull == FrameRange(86844, 86899)
    assert (one.tail, other.head) == (0, 4)
    assert other.pull == FrameRange(86400, 86404 + 47 + 8)
    plain = cut_of([shot("a"), transition(6, 10), shot("b")])
    assert [row.pull for row in pull.rows(plain)] == [
        FrameRange(86500, 86557),
        FrameRange(86494, 86547),
    ]


@pytest.mark.parametrize(
    ("pace", "seen", "words"),
    [(2, (86500, 86594), "200 %"), (0.5, (86500, 86523), "50 %"), (0, (86500, 86500), "freeze")],
)
def test_a_retime_pulls_the_frames_it_shows(pace, seen, words):
    row = pull.rows(cut_of([shot("a", effects=[warp(pace)])]))[0]
    assert (row.source, row.retime) == (FrameRange(*seen), words)


def test_every_frame_any_sample_shows_is_pulled(foreign):
    cut = Cut.read(foreign)
    checked = 0
    found = {(row.track, row.start, row.name): row for row in pull.rows(cut, sound=True)}
    for line in pull.lines(cut):
        for place in line.layout.places:
            row = found.get((line.label, line.offset + place.start, place.item.real.name))
            if row is None or row.source is None or not row.path:
                continue
            step = 1 / row.rate.per_second
            off = 0 * step
            while off < extent(cut, place.item).length and off < 4:
                frame = resolve_media_frame(cut, place.item, off)
                assert frame.clamped or frame.number in row.source
                checked += 1
                off += step
    if any(row.path and row.source for row in found.values()):
        assert checked


def test_what_is_asked_of_a_clip_stands_beside_it(all_forms):
    rows = {row["Name"]: row for row in table(pull.csv(all_forms))}
    assert rows["juggle_b"]["Kind"] == "matte"
    assert rows["juggle_b"]["Prompt"] == "the man"
    assert rows["juggle_b"]["Request"] == "su-m7q2b4cd"
    assert rows["gap"]["Prompt"] == "grass and trees, no people"
    assert rows["ball in the air su-k3v9x0aa"]["Note"] == "It has not been shot yet"
    assert rows["foreign generator"]["Note"].startswith("It is made by the host")


def test_pulls_that_overlap_become_one():
    cut = cut_of([shot("a", 100), shot("b", 0), shot("a", 140), shot("a", 400), shot("a", 188)])
    rows = pull.rows(cut, merged=True)
    assert [(row.name, row.pull, row.uses) for row in rows] == [
        ("a", FrameRange(86500, 86635), 3),
        ("b", FrameRange(86400, 86447), 1),
        ("a", FrameRange(86800, 86847), 1),
    ]
    assert len(pull.rows(cut)) == 5
    assert {row.uses for row in pull.rows(cut, handles=200, merged=True)} == {1, 4}


def test_sound_mattes_and_what_is_switched_off_are_pulled_when_wanted():
    sound = track(shot("s"), kind="Audio")
    cut = Cut.parse(text_of(timeline(track(shot("a"), shot("b", enabled=False)), sound)))
    assert [row.name for row in pull.rows(cut)] == ["a"]
    assert [row.name for row in pull.rows(cut, sound=True, disabled=True)] == ["a", "b", "s"]


def test_reels_are_found_where_hosts_write_them(samples):
    cut = cut_of(
        [
            shot("a", metadata={"cmx_3600": {"reel": "A001"}}),
            shot("b", metadata={"fcp_xml": {"timecode": {"reel": {"name": "B002"}}}}),
            shot("c", metadata={"ALE": {"Tape": " C003 "}, "Reel": {"x": 1}}),
        ]
    )
    assert [row.reel for row in pull.rows(cut)] == ["A001", "B002", "C003"]
    hiero = Cut.read(samples / "timelines" / "resolve_effects_19tracks.otio")
    assert {row.note[:20] for row in pull.rows(hiero) if not row.path} <= {"The media is offline"}


def test_drop_frame_sources_are_read_as_drop_frame():
    rate = 30000 / 1001
    drop = {"fcp_xml": {"timecode": {"displayformat": "DF"}}}
    row = [shot("a", 0, 30, rate, 107892 + 1800)]
    text = pull.csv(cut_of(row, metadata=drop, global_start_time=time(107892, rate)))
    assert table(text)[0]["Source in"] == "01:01:00;02"
    assert table(text)[0]["Record in"] == "01:00:00;00"


@pytest.mark.parametrize(
    "name",
    ['=cmd|"/c calc"!A1', "+1", "-2+3", "@sum", "\t=1", "  =1", "\n=2", "a,b", 'q"q', "x\ny"],
)
def test_csv_is_what_a_reader_gets_and_no_formula(name):
    text = pull.csv(cut_of([shot("a") | {"name": name}, shot("z")]))
    rows = table(text)
    assert rows[0]["Name"].removeprefix("'") == name
    assert rows[0]["Name"][:1] not in ("=", "+", "-", "@", "\t", "\n")
    assert rows[1]["Name"] == "z"
    assert text.endswith("\r\n")


@given(names=st.lists(st.text(max_size=12), min_size=1, max_size=5))
@settings(max_examples=60, derandomize=True)
def test_any_name_makes_one_row_of_both_lists(names):
    row = [shot("a") | {"name": name} for name in names]
    cut = Cut.parse(json.dumps(timeline(track(*row))))
    assert len(list(csv.reader(io.StringIO(pull.csv(cut), newline="")))) == len(names) + 1
    lines = pull.ale(cut).split("\r\n")
    data = lines[lines.index("Data") + 1 : -1]
    assert len(data) == len(names)
    columns = lines[lines.index("Column") + 1]
    assert {line.count("\t") for line in data} == {columns.count("\t")}


def test_an_ale_has_the_parts_avid_looks_for():
    cut = cut_of([shot("a", metadata={"cmx_3600": {"reel": "A001"}})])
    lines = pull.ale(cut, handles=8).split("\r\n")
    assert lines[:5] == [
        "Heading",
        "FIELD_DELIM\tTABS",
        "VIDEO_FORMAT\t1080",
        "AUDIO_FORMAT\t48khz",
        "FPS\t24",
    ]
    columns = lines[lines.index("Column") + 1].split("\t")
    row = dict(zip(columns, lines[lines.index("Data") + 1].split("\t"), strict=True))
    assert (row["Name"], row["Tape"], row["Tracks"]) == ("a", "A001", "V")
    assert (row["Start"], row["End"], row["Duration"]) == (
        "01:00:03:20",
        "01:00:06:12",
        "00:00:02:16",
    )


def test_the_ale_adapter_reads_what_we_write(foreign):
    ale = pytest.importorskip("otio_ale_adapter.ale")
    cut = Cut.read(foreign)
    for rate in pull.ale_rates(cut):
        rows = [row for row in pull.rows(cut, 8) if row.rate == rate and row.pull is not None]
        back = ale.read_from_string(pull.ale(cut, rate, 8))
        assert len(back) == len(rows)
        for row, read in zip(rows, back, strict=True):
            assert read.name == " ".join(row.name.split())
            assert read.source_range.start_time.value == row.pull.first
            assert read.source_range.duration.value == len(row.pull)
            assert otio.opentime.RationalTime.is_valid_timecode_rate(
                read.source_range.duration.rate
            )


def test_an_ale_of_several_rates_is_refused_until_one_is_chosen():
    cut = cut_of([shot("a"), shot("b", rate=25.0)])
    assert pull.ale_rates(cut) == [Rate.of(24), Rate.of(25)]
    with pytest.raises(BadValue, match="several rates"):
        pull.ale(cut)
    text = pull.ale(cut, Rate.of(25))
    assert "FPS\t25" in text
    assert "/m/b.mov" in text
    assert "/m/a.mov" not in text


@given(data=st.data())
@settings(max_examples=80, derandomize=True)
def test_a_cut_of_nonsense_is_a_problem_or_a_list(data):
    asked = generator("SecondUnit.Insert", span(0, 40), prompt="x")
    body = timeline(
        track(shot("a"), transition(4, 4), shot("b", effects=[warp(2)]), clip("c", None, asked)),
        track(gap(24, markers=[marker("SU insert", span(0, 20), "su: insert | y")])),
    )
    holders = [body]
    for each in holders:
        below = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        holders += [one for one in below if isinstance(one, (dict, list)) and one]
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(holders))
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else [0]))
        values = [None, -1, 0, 1e300, float("nan"), "x", [], {}, True, 10**30]
        holder[key] = data.draw(st.sampled_from(values))
    try:
        cut = Cut.parse(json.dumps(body))
    except Problem:
        return
    assert pull.csv(cut, 8, merged=True, sound=True, disabled=True).startswith("Name,")
    for rate in pull.ale_rates(cut):
        assert pull.ale(cut, rate).startswith("Heading\r\n")


def test_a_source_before_zero_has_no_timecode_in_an_ale():
    cut = cut_of([shot("a", -10, 48, first=0)])
    assert pull.rows(cut)[0].source == FrameRange(-10, 37)
    assert table(pull.csv(cut))[0]["Source in"] == "-00:00:00:10"
    data = pull.ale(cut).split("\r\n")[-2].split("\t")
    assert data[:5] == ["a", "a", "", "", ""]
