"""The picture of a cut shows what is in it, is safe to open, and stays readable when it is long."""

from __future__ import annotations

import io
import json
import re
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from secondunit_contract.problem import BadValue, PartMissing, Problem
from secondunit_otio import Cut, Result, TakeReference, find_requests, graft
from secondunit_otio.report import compared, picture
from secondunit_otio.report.shapes import ACCENT, GROUND, RED, TEXT, Box, Hatch, Stroke, Words
from secondunit_otio.testing import (
    clip,
    gap,
    marker,
    movie,
    span,
    synthetic_cut,
    text_of,
    time,
    timeline,
    track,
    transition,
)


def shot(name, start=0, frames=48, **more):
    return clip(name, span(start, frames), movie(f"/m/{name}.mov", span(0, 500)), **more)


def cut_of(*children, **more) -> Cut:
    return Cut.parse(text_of(timeline(track(*children, name="V1"), **more)))


def words(sheet):
    return [each.text for each in sheet.shapes if isinstance(each, Words)]


def boxes(sheet, name):
    return [each for each in sheet.shapes if isinstance(each, Box) and each.title.startswith(name)]


def pixels(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def rgb(colour):
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def grafted(cut):
    takes = (TakeReference(1, "/t/su_t001.mov", 40), TakeReference(2, "/t/su_t002.mov", 40))
    return Cut.parse(graft(cut, [Result(each, takes) for each in find_requests(cut)]))


def test_clips_stand_where_they_play():
    sheet = picture.sheet_of(cut_of(shot("a", 0, 24), gap(24), shot("b", 0, 48)), width=1256)
    one, other = boxes(sheet, "a")[0], boxes(sheet, "b")[0]
    room = 1256 - 48 - 136
    assert one.x == pytest.approx(160)
    assert one.x + one.width == pytest.approx(160 + room / 4, abs=1.1)
    assert other.x == pytest.approx(160 + room / 2)
    assert other.x + other.width == pytest.approx(160 + room, abs=1.1)
    assert {"a", "b", "V1", "clip"} <= set(words(sheet))


def test_what_is_asked_is_hatched_and_what_was_shot_is_solid_with_its_number(all_forms):
    before, after = picture.sheet_of(all_forms), picture.sheet_of(grafted(all_forms))
    assert sum(isinstance(each, Hatch) for each in before.shapes) >= 7
    assert not any(box.fill == ACCENT and box.title for box in boxes(before, ""))
    solid = [box for box in boxes(after, "") if box.fill == ACCENT and box.title]
    assert len(solid) == 5
    assert words(after).count("1/2") == 5
    assert {"to be shot", "asked for on a clip"} <= set(words(before))
    assert {"take in use, with its number", "matte", "SU mattes · off"} <= set(words(after))
    assert "to be shot" not in words(after)


def test_the_ruler_tells_the_cut_s_own_timecode():
    assert "01:00:00:00" in words(
        picture.sheet_of(cut_of(shot("a"), global_start_time=time(86400)))
    )
    rate = 30000 / 1001
    long = clip("a", span(0, 5400, rate), movie("/m/a.mov"))
    told = words(picture.sheet_of(cut_of(long, global_start_time=time(107892, rate))))
    assert "01:00:00;00" in told
    assert "01:01:00;02" in told
    assert not any(re.fullmatch(r"01:01:00;0[01]", each) for each in told)


def test_findings_are_marked_and_counted():
    master = cut_of(shot("a"), shot("b"), shot("c"))
    report = compared(master, cut_of(shot("a", 4, 44), shot("c")))
    sheet = picture.sheet_of(master, report.findings)
    assert {"missing · 1", "trimmed · 1", "moved · 1"} <= set(words(sheet))
    plain, marked = (pixels(picture.png(master, told, 800, 1)) for told in ((), report.findings))
    reds = [
        sum(each == rgb(RED) for each in image.get_flattened_data()) for image in (plain, marked)
    ]
    assert reds[0] == 0 < reds[1]


def test_every_sample_is_drawn_and_nothing_leaves_the_sheet(foreign):
    cut = Cut.read(foreign)
    sheet = picture.sheet_of(cut)
    for each in sheet.shapes:
        if isinstance(each, Box):
            assert 0 <= each.x <= each.x + each.width <= sheet.width + 0.01
            assert 0 <= each.y <= each.y + each.height <= sheet.height
    root = ElementTree.fromstring(picture.svg(cut))
    assert root.tag.endswith("svg")
    image = pixels(picture.png(cut, scale=1))
    assert image.size == (sheet.width, sheet.height)
    assert image.getpixel((2, 2)) == rgb(GROUND)
    assert len(image.getcolors(1 << 24)) > 10


@pytest.mark.parametrize("clips", [1, 3, 300, 2000])
def test_a_picture_stays_a_picture_however_long_the_cut(clips):
    cut = Cut.parse(synthetic_cut(clips, min(clips // 2, 30)))
    sheet = picture.sheet_of(cut)
    assert sheet.height < 2500
    assert len(picture.svg(cut)) < 1_000_000
    clear = [each for each in sheet.shapes if isinstance(each, Box) and each.title]
    assert len(clear) >= clips * 0.95
    assert min(each.width for each in clear) > 0.5


def test_a_request_is_seen_in_a_cut_too_long_for_its_clips(monkeypatch):
    monkeypatch.setattr(picture, "_MOST_STRIPS", 2)
    body = json.loads(synthetic_cut(1500, 0))
    body["tracks"]["children"][0]["children"][900] = gap(
        48, markers=[marker("SU insert", span(0, 48), "su: insert | a gull")]
    )
    sheet = picture.sheet_of(Cut.parse(json.dumps(body)), width=480)
    assert any(isinstance(each, Box) and each.fill == ACCENT for each in sheet.shapes)


def test_markers_of_clips_tracks_and_the_cut_are_pinned_where_they_are():
    row = track(shot("a", 10, 48, markers=[marker("on it", span(22, 1))]), name="V1")
    row["markers"] = [marker("SU insert", span(24, 1))]
    body = timeline(row)
    body["tracks"]["markers"] = [marker("on the cut", span(36, 1))]
    sheet = picture.sheet_of(Cut.parse(text_of(body)), width=1144)
    strokes = [each for each in sheet.shapes if isinstance(each, Stroke) and each.fill]
    pins = {
        each.points[2][0]: each.fill for each in strokes if each.points[2][1] < sheet.height - 60
    }
    assert pins == {400.0: TEXT, 640.0: ACCENT, 880.0: TEXT}


def test_names_stand_clear_of_transitions():
    sheet = picture.sheet_of(cut_of(shot("first"), transition(12, 12), shot("second")))
    name = next(each for each in sheet.shapes if isinstance(each, Words) and each.text == "second")
    assert name.x > boxes(sheet, "second")[0].x + 100


@given(name=st.text(max_size=40), more=st.sampled_from(["", "</text><script>", "]]>", "&amp;\x00"]))
@settings(max_examples=60, derandomize=True)
def test_any_name_is_text_and_nothing_else(name, more):
    body = timeline(track(shot("a") | {"name": name + more}), name=more + name)
    text = picture.svg(Cut.parse(json.dumps(body)))
    tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(text).iter()}
    assert tags <= {"svg", "title", "defs", "pattern", "path", "rect", "g", "text", "polyline",
                    "polygon"}  # fmt: skip
    assert not re.search(r"href|url\((?!#hatch)|<script", text)
    text.encode()


def test_without_pillow_a_png_is_a_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(PartMissing, match="Pillow"):
        picture.png(cut_of(shot("a")))
    assert picture.svg(cut_of(shot("a"))).startswith("<svg")


def test_a_picture_too_large_to_draw_is_a_problem():
    with pytest.raises(BadValue):
        picture.png(cut_of(shot("a")), width=20_000, scale=50)


@pytest.mark.parametrize("frames", [0, 10**11])
def test_cuts_of_no_length_and_of_absurd_length_are_drawn(frames):
    ElementTree.fromstring(picture.svg(cut_of(shot("a", 0, frames))))
    ElementTree.fromstring(picture.svg(cut_of()))


@given(data=st.data())
@settings(max_examples=50, derandomize=True)
def test_a_cut_of_nonsense_is_a_problem_or_a_picture(data):
    body = timeline(
        track(shot("a"), transition(4, 4), shot("b", markers=[marker("x", span(4, 1))])),
        track(gap(24, markers=[marker("SU insert", span(0, 20), "su: insert | y")])),
        global_start_time=time(86400),
    )
    holders = [body]
    for each in holders:
        below = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        holders += [one for one in below if isinstance(one, (dict, list)) and one]
    for _ in range(data.draw(st.integers(1, 3))):
        holder = data.draw(st.sampled_from(holders))
        key = data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else [0]))
        values = [None, -1, 0, 1e300, float("nan"), "x", [], {}, True, 10**30, -1e11]
        holder[key] = data.draw(st.sampled_from(values))
    try:
        cut = Cut.parse(json.dumps(body))
    except Problem:
        return
    ElementTree.fromstring(picture.svg(cut, compared(cut, cut).findings, 600))
