"""A file that is no usable cut is refused in words, with the place and the remedy."""

from __future__ import annotations

import json

import pytest

from secondunit_contract.problem import CutProblem, CutTooDeep, CutTooNew, CutUnreadable
from secondunit_otio import Cut, find_requests, neighbours
from secondunit_otio.testing import clip, gap, movie, span, stack, text_of, timeline, track

WHOLE = text_of(timeline(track(clip("a", span(0, 9), movie("a.mov")))))


def told(text: str | bytes, tmp_path) -> CutProblem:
    place = tmp_path / "bad.otio"
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CutProblem) as caught:
        Cut.read(place)
    assert "bad.otio" in caught.value.where
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" \n\t",
        b"\xef\xbb\xbf",
        b"[1, 2]",
        b"TITLE: an edl",
        b"{}",
        b'{"name": "no schema"}',
        b'{"OTIO_SCHEMA": 7}',
        b'{"OTIO_SCHEMA": "Track.1", "children": [null]}',
        b'{"OTIO_SCHEMA": "Track.1", "children": [{}]}',
        b'{"OTIO_SCHEMA": "Track.1", "children": [1 2]}',
        b'{"OTIO_SCHEMA": "Clip.2", "name": "raw \x01 mark"}',
        WHOLE.encode("utf-16"),
        WHOLE.replace('"a"', '"\xe9"').encode("latin-1"),
        (WHOLE + "}").encode(),
        b"PK\x03\x04 a zip",
        b"\0\0\0\0",
    ],
)
def test_what_is_no_cut_is_unreadable(text, tmp_path):
    assert told(text, tmp_path).code == "cut.unreadable"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.77, 0.999])
def test_a_half_written_cut_says_where_it_ends(share, tmp_path):
    half = WHOLE[: int(len(WHOLE) * share)]
    problem = told(half, tmp_path)
    assert isinstance(problem, CutUnreadable)
    assert f"line {half.count(chr(10)) + 1}," in problem.where


def test_a_damaged_place_is_told_by_line_and_column(tmp_path):
    lines = WHOLE.split("\n")
    lines[8] = lines[8].replace(":", " ")
    problem = told("\n".join(lines), tmp_path)
    assert "line 9, column" in problem.where


def test_a_missing_cut_is_told_so(tmp_path):
    with pytest.raises(CutUnreadable, match="no such cut"):
        Cut.read(tmp_path / "none.otio")
    with pytest.raises(CutUnreadable, match="cannot be opened"):
        Cut.read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Timeline.1", "Timeline.2"),
        ("Stack.1", "Stack.9"),
        ("Track.1", "Sequence.2"),
        ("Clip.2", "Clip.3"),
        ("Clip.2", "Clip.22"),
        ("TimeRange.1", "TimeRange.2"),
        ("RationalTime.1", "RationalTime.10"),
        ("ExternalReference.1", "ExternalReference.2"),
    ],
)
def test_a_newer_structure_is_refused_by_name(old, new, tmp_path):
    problem = told(WHOLE.replace(f'"{old}"', f'"{new}"', 1), tmp_path)
    assert isinstance(problem, CutTooNew)
    assert new.split(".")[1] in problem.what
    assert f"{old.replace('Sequence', 'Track')}" in problem.what


def test_newer_schemas_in_metadata_markers_and_colours_are_let_be():
    kept = {"OTIO_SCHEMA": "Clip.9", "x": {"OTIO_SCHEMA": "RationalTime.4"}}
    made = clip(
        "a",
        span(0, 9),
        movie("a.mov"),
        metadata={"other": kept},
        color={"OTIO_SCHEMA": "Color.3"},
        effects=[{"OTIO_SCHEMA": "Effect.4", "metadata": {}}],
        markers=[{"OTIO_SCHEMA": "Marker.7", "name": "x"}],
    )
    assert Cut.parse(text_of(timeline(track(made)))).root.children[0].children[0].children


def nested(depth: int) -> str:
    return '{"OTIO_SCHEMA": "Stack.1", "children": [' * depth + gap_text() + "]}" * depth


def gap_text() -> str:
    return json.dumps(gap(9))


@pytest.mark.parametrize("depth", [102, 200, 5000])
def test_nesting_beyond_reason_is_too_deep(depth, tmp_path):
    assert isinstance(told(nested(depth), tmp_path), CutTooDeep)


def test_ninety_nine_deep_is_still_a_cut():
    cut = Cut.parse(nested(99))
    deepest = list(cut.items())[-1]
    assert deepest.schema == "Gap"
    assert neighbours(cut, deepest, "comp").before is None


def test_metadata_nested_without_end_is_too_deep(tmp_path):
    deep = "[" * 100_000 + "]" * 100_000
    text = WHOLE.replace('"metadata": {}', f'"metadata": {{"x": {deep}}}', 1)
    assert isinstance(told(text, tmp_path), CutTooDeep)


def test_a_cut_that_contains_itself_is_too_deep(tmp_path):
    again = {"OTIO_SCHEMA": "SerializableObjectRef.1", "id": "Stack-1"}
    made = timeline(track(stack(track(again), OTIO_REF_ID="Stack-1")))
    assert isinstance(told(text_of(made), tmp_path), CutTooDeep)
    two = timeline(
        track(stack(track({**again, "id": "B"}), OTIO_REF_ID="A")),
        track(stack(track({**again, "id": "A"}), OTIO_REF_ID="B")),
    )
    assert isinstance(told(text_of(two), tmp_path), CutTooDeep)


@pytest.mark.parametrize(
    ("rate", "value"),
    [
        ("0", "5"),
        ("-24", "5"),
        ("1e400", "5"),
        ("NaN", "5"),
        ("24", "1e400"),
        ("24", "-5"),
        ("24", "1" + "0" * 30),
        ("24", "NaN"),
        ('"24"', "5"),
        ("24", "null"),
        ("true", "true"),
    ],
)
def test_an_absurd_length_is_a_reason_and_not_a_fall(rate, value):
    marks = text_of(
        timeline(
            track(
                clip("before", span(0, 9), movie("a.mov")),
                gap(20),
                clip("odd", span(0, 777), movie("b.mov")),
                gap(10),
                clip("after", span(0, 9), movie("c.mov")),
            )
        )
    ).replace('"rate": 24.0,\n', '"rate": 24.0,\n')
    text = marks.replace('"rate": 24.0,', f'"rate": {rate},', 0).replace(
        '"value": 777.0', f'"value": {value}'
    )
    head, mark, tail = text.partition(f'"value": {value}')
    at = head.rindex('"rate": 24.0')
    cut = Cut.parse(head[:at] + f'"rate": {rate}' + head[at + len('"rate": 24.0') :] + mark + tail)
    first, second = (item for item in cut.items() if item.schema == "Gap")
    seen = neighbours(cut, first)
    assert seen.before is not None
    assert seen.before.frame is not None
    assert seen.after is not None
    assert seen.after.frame is None
    assert seen.after.reason
    assert neighbours(cut, second).before is not None
    assert find_requests(cut) == []


def test_a_key_said_twice_means_the_last():
    text = '{"OTIO_SCHEMA": "Clip.2", "name": "a", "name": "b", "source_range": null}'
    assert Cut.parse(text).root.name == "b"
