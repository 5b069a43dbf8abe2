"""Hostile Final Cut documents get nowhere: a Problem in words, or the right answer."""

from __future__ import annotations

import json

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.problem import CutProblem, CutTooDeep, CutUnreadable, Problem
from secondunit_otio import Cut, fcpxml, find_requests
from secondunit_otio.fcpxml.testing import COMPOUND, RICH, document

SAMPLE = "fcp_2997DF_compound_markers.fcpxml"


def cut_of(text: str | bytes) -> Cut:
    """The document as a cut; OpenTimelineIO itself must take it too."""
    words = json.dumps(fcpxml.read(text))
    otio.adapters.read_from_string(words, "otio_json")
    return Cut.parse(words)


LAUGHS = """<?xml version="1.0"?><!DOCTYPE fcpxml [<!ENTITY a "ha">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><fcpxml version="1.11"><x>&b;</x></fcpxml>"""
OUTSIDE = """<!DOCTYPE fcpxml [<!ENTITY a SYSTEM "file:///etc/passwd">]><fcpxml>&a;</fcpxml>"""
PARAMETER = """<!DOCTYPE fcpxml [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><fcpxml/>"""


@pytest.mark.parametrize("text", [LAUGHS, OUTSIDE, PARAMETER])
def test_entities_are_refused(text):
    with pytest.raises(CutUnreadable, match="entities"):
        fcpxml.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{}",
        "<a/>",
        "<fcpxml",
        "<fcpxml/>",
        "<fcpxml><resources/></fcpxml>",
        "<xmeml version='5'/>",
        b"\xff\xfe",
        b"<?xml version='1.0' encoding='none-such'?><fcpxml/>",
        "<fcpxml>\x00</fcpxml>",
    ],
)
def test_what_is_no_cut_is_told_so(text):
    with pytest.raises(CutUnreadable) as caught:
        fcpxml.read(text, "bad.fcpxml")
    assert "bad.fcpxml" in caught.value.where
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('duration="9s"', 'duration="9/0s"', "divides by zero"),
        ('duration="9s"', 'duration="-9s"', "backwards"),
        ('duration="9s"', 'duration="99999999999999999999s"', "A time of"),
        ('duration="9s"', 'duration="nine"', "no time"),
        ('offset="0s"', 'offset="1e9s"', "no time"),
        ('offset="0s"', 'offset="1/00s"', "divides by zero"),
        ('offset="0s"', 'lane="many"', ""),
        ('frameDuration="1/24s"', 'frameDuration="0s"', "A frame of"),
        ('frameDuration="1/24s"', 'frameDuration="-1/24s"', "A frame of"),
        ('frameDuration="1/24s"', 'frameDuration="1/99999999999s"', "A frame of"),
        ('frameDuration="1/24s"', "", "how many frames a second"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(old, new, says):
    text = document('<gap name="g" offset="0s" duration="9s"/>')
    assert old in text
    changed = text.replace(old, new)
    if says:
        with pytest.raises(CutUnreadable, match=says) as caught:
            fcpxml.read(changed)
        assert "line" in caught.value.where
    else:
        cut_of(changed)  # a lane on the storyline itself means nothing


CONNECTED = '<asset-clip ref="a" lane="1" offset="0s" duration="1s">', "</asset-clip>"
SYNCED = '<sync-clip offset="0s" duration="1s">', "</sync-clip>"


@pytest.mark.parametrize("pair", [CONNECTED, SYNCED])
def test_bottomless_nesting_is_refused(pair):
    opening, closing = pair
    cut_of(document(opening * 40 + closing * 40))
    for deep in (250, 20_000):
        with pytest.raises(CutTooDeep) as caught:
            fcpxml.read(document(opening * deep + closing * deep))
        assert caught.value.remedy


def test_a_deep_chain_of_compounds_is_refused():
    resources = "".join(
        f'<media id="m{n}"><sequence format="r1" duration="1s"><spine>'
        f'<ref-clip ref="m{n + 1}" duration="1s"/></spine></sequence></media>'
        for n in range(400)
    )
    with pytest.raises(CutTooDeep):
        fcpxml.read(document('<ref-clip ref="m0" duration="1s"/>', resources=resources))


PIECES = st.sampled_from(
    [
        *('"0s"', '"1/0s"', '"-5s"', '"1001/30000s"', '"99999999999/7s"', '""', '"2.5s"'),
        *("spine", "asset-clip", "ref-clip", "gap", "audition", "mc-clip", "sync-clip", "title"),
        *("r1", "r2", "r3", 'lane="1"', 'lane="-99"', "timept", "<!-- -->", "&amp;", "&lt;", "<x>"),
    ]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    rich=st.booleans(),
    edits=st.lists(st.tuples(st.integers(0, 14000), st.integers(0, 30), PIECES), max_size=4),
    words=st.lists(st.tuples(PIECES, PIECES), max_size=3),
)
def test_a_mutated_export_gives_a_problem_or_a_cut(samples, rich, edits, words):
    text = RICH if rich else (samples / "timelines" / SAMPLE).read_text()
    for old, new in words:
        text = text.replace(old, new)
    for at, gone, piece in edits:
        at %= len(text)
        text = text[:at] + piece + text[at + gone :]
    try:
        cut = cut_of(text)
    except CutProblem:
        return
    try:
        find_requests(cut)
    except Problem:
        return


def test_the_rich_document_is_read():
    cut = cut_of(RICH)
    assert [request.kind for request in find_requests(cut)] == ["insert"]
    assert {"Stack", "Clip", "Gap", "Transition"} <= {item.schema for item in cut.items()}


def test_a_compound_that_holds_itself_is_refused():
    ring = COMPOUND.replace("</asset-clip>", '</asset-clip><ref-clip ref="m" duration="1s"/>')
    with pytest.raises(CutTooDeep, match="holds itself"):
        fcpxml.read(document('<ref-clip ref="m" offset="0s" duration="1s"/>', resources=ring))


def test_compounds_that_multiply_are_refused():
    resources = "".join(
        f'<media id="m{n}"><sequence format="r1" duration="1s"><spine>'
        + f'<ref-clip ref="m{n + 1}" duration="1s"/>' * 10
        + "</spine></sequence></media>"
        for n in range(9)
    )
    with pytest.raises(CutTooDeep, match="more than"):
        fcpxml.read(document('<ref-clip ref="m0" duration="1s"/>', resources=resources))
