"""Whatever came back otherwise than it went is said, where it is, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import json
import random
import re

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.problem import Problem
from secondunit_otio import Cut, Result, TakeReference, changed_paths, find_requests, graft
from secondunit_otio.report import compared
from secondunit_otio.report.clock import Clock
from secondunit_otio.report.matching import common
from secondunit_otio.report.values import differences
from secondunit_otio.testing import (
    clip,
    gap,
    generator,
    marker,
    movie,
    span,
    stack,
    synthetic_cut,
    text_of,
    time,
    timeline,
    track,
    transition,
    warp,
)

FOREIGN = ("resolve_effects_19tracks", "ayon_hiero_timeline_23976", "otio019_marker3_premiere",
           "nested_stacks_timewarp_freeze", "toucan_markers_gst100")  # fmt: skip


def cut_of(*rows, **more) -> Cut:
    return Cut.parse(text_of(timeline(*(track(*row) for row in rows), **more)))


def shot(name, start=0, frames=48, **more):
    return clip(name, span(start, frames), movie(f"/m/{name}.mov", span(0, 500)), **more)


def told(master, came, kind):
    return [each for each in compared(master, came).findings if each.kind == kind]


def places(value, path=()):
    """Every place in a JSON value below the whole, but no schema: the reader is strict there."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in below:
        if key != "OTIO_SCHEMA":
            yield (*path, key)
            if isinstance(inner, (dict, list)):
                yield from places(inner, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def otherwise(value, chance):
    """Another value of the same kind, or of another."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return chance.choice([value + 1, value - 7, value * 2 + 1, -value - 1])
    if isinstance(value, str):
        return chance.choice([value + "x", "", "another"]) if value else "x"
    return chance.choice(["x", 1, [1], {"x": 1}]) if value is None else None


@functools.cache
def opened(place):
    """A cut's text, and every place in it."""
    body = json.loads(place.read_text())
    return json.dumps(body), list(places(body))


def one_change(text, path, chance):
    """The cut with one value changed, one key or element gone or added; and what was done."""
    changed = json.loads(text)
    holder, key = at(changed, path[:-1]), path[-1]
    verb = chance.choice(["set", "set", "set", "drop", "add", "twice"])
    if verb == "set":
        holder[key] = otherwise(holder[key], chance)
    elif verb == "drop":
        del holder[key]
    elif verb == "add":
        inner = holder[key]
        if isinstance(inner, dict):
            inner["an added key"] = {"of": [1, None]}
        elif isinstance(inner, list) and (not inner or not isinstance(inner[0], dict)):
            inner.append("an added word")
        else:
            holder[key] = otherwise(inner, chance)
    elif isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[key] = otherwise(holder[key], chance)
    return changed, (verb, path)


def covered(path, findings):
    """Whether a place in the file is named by a finding, or lies in what one names.

    What replaces all of a clip's media is told media by media.
    """
    path = path.replace("[-", "[")
    for finding in findings:
        named = [finding.path]
        if finding.kind == "kept" and isinstance(finding.after, list):
            named += [f"{finding.path}.{each}" for each in finding.after]
        for each in named:
            if each and (path == each or path.startswith((f"{each}.", f"{each}["))):
                return True
            if path.endswith("media_references") and each.startswith(f"{path}."):
                return True
    return False


@pytest.mark.parametrize("name", [*FOREIGN, "all_forms"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, derandomize=True)
def test_any_one_value_that_differs_is_named(samples, name, seed):
    place = samples / "cuts" / "requests_all_forms.otio"
    if name != "all_forms":
        place = samples / "timelines" / f"{name}.otio"
    before, everywhere = opened(place)
    chance = random.Random(seed)
    changed, done = one_change(before, chance.choice(everywhere), chance)
    after = json.dumps(changed)
    paths = changed_paths(before, after)
    try:
        master, came = Cut.parse(before, folder="/x"), Cut.parse(after, folder="/x")
    except Problem:
        return
    report = compared(master, came)
    assert bool(paths) == bool(report.findings), (done, paths)
    if not any(re.search(r"children(\[-?\d+\])?$|tracks$", path) for path in paths):
        missed = [path for path in paths if not covered(path, report.findings)]
        assert not missed, (done, missed, report.text())
    json.dumps(report.to_json())


def test_every_value_counts_though_it_only_changes_its_kind():
    row = [shot("a", metadata={"x": {"on": True, "n": 1, "none": None}})]
    master = cut_of(row)
    for key, value in (("on", 1), ("n", True), ("none", 0), ("n", "1"), ("on", None)):
        other = json.loads(master.text)
        other["tracks"]["children"][0]["children"][0]["metadata"]["x"][key] = value
        findings = compared(master, Cut.parse(json.dumps(other))).findings
        assert [each.path for each in findings] == [
            f"tracks.children[0].children[0].metadata.x.{key}"
        ]
        assert findings[0].kind == "changed"


def test_what_only_is_written_differently_is_kept_and_counted(foreign):
    master = Cut.read(foreign)
    try:
        text = otio.adapters.write_to_string(
            otio.adapters.read_from_file(str(foreign)), "otio_json", indent=1
        )
    except otio.exceptions.UnsupportedSchemaError:
        text = json.dumps(json.loads(foreign.read_text()), indent=1)
    report = compared(master, Cut.parse(text, folder=master.folder))
    assert report.unchanged, report.text()
    assert report.counts["kept"] == report.clips == report.came
    assert {each.kind for each in report.findings} <= {"kept"}


def test_the_same_cut_has_nothing_to_tell(foreign):
    report = compared(Cut.read(foreign), Cut.read(foreign))
    assert (report.findings, report.rewritten) == ((), 0)
    assert report.text().startswith("Everything came back as it was")


def test_a_trim_is_told_in_frames():
    master = cut_of([shot("a", 10, 48), shot("b"), shot("c")])
    came = cut_of([shot("a", 14, 40), shot("b", 3), shot("c")])
    trims = told(master, came, "trimmed")
    assert [each.what for each in trims] == [
        "begins 4 frames later in its media, ends 4 frames earlier",
        "slipped: shows what is 3 frames later in its media",
    ]
    moved = told(master, came, "moved")
    assert [each.what for each in moved] == ["and 1 more after it play 8 frames earlier"]
    assert compared(master, came).counts == {"kept": 0, "moved": 2, "trimmed": 2}


def test_missing_new_and_exchanged_clips_are_told_apart():
    master = cut_of([shot(name) for name in "abcdef"])
    came = cut_of([shot(name) for name in "abxfde"])
    report = compared(master, came)
    assert [each.clip for each in report.findings if each.kind == "missing"] == ["c"]
    assert [each.clip for each in report.findings if each.kind == "new"] == ["x"]
    moved = [each for each in report.findings if each.kind == "moved"]
    assert {each.clip for each in moved} <= {"d", "e", "f"}
    assert moved
    assert report.counts["kept"] == 2


def test_a_razored_clip_is_one_that_was_cut_into_parts():
    master = cut_of([shot("a"), shot("b", 100, 48), shot("c")])
    came = cut_of([shot("a"), shot("b", 100, 20), shot("x"), shot("b", 120, 28), shot("c")])
    split = told(master, came, "split")
    assert [(each.clip, each.what) for each in split] == [
        ("b", "was cut into 2 parts of 20 + 28 frames")
    ]
    assert [each.clip for each in compared(master, came).findings if each.kind == "new"] == ["x"]


def test_a_clip_on_another_track_and_a_track_that_is_gone():
    master = cut_of([shot("a"), shot("b")], [shot("c")])
    report = compared(master, cut_of([shot("a"), shot("b"), shot("c")]))
    assert "on V1 instead of V2" in next(each.what for each in report.findings if each.clip == "c")
    assert any(each.kind == "lost" and each.track == "V2" for each in report.findings)
    report = compared(master, cut_of([shot("c")], [shot("a"), shot("b")]))
    assert {each.kind for each in report.findings} == {"moved"}
    assert "is number 1 from below instead of 2" in {each.what for each in report.findings}


def grafted():
    body = generator("SecondUnit.Insert", span(0, 40), prompt="a gull")
    made = clip("insert su-k3v9x0aa", span(8, 24), body, active_media_reference_key="su_request")
    made["media_references"] = {"su_request": body}
    cut = cut_of([shot("a"), made, shot("b")])
    takes = tuple(TakeReference(number, f"/t/su-k3v9x0aa_t00{number}.mov", 40) for number in (1, 2))
    return Cut.parse(graft(cut, [Result(find_requests(cut)[0], takes)]), "cut.otio", "/cuts")


def test_what_a_host_s_file_cannot_hold_is_lost_by_name_and_the_clip_known_by_its_file():
    master = grafted()
    flat = clip("renamed", span(8, 24), movie("file:///t/SU-K3V9X0AA_T001.mov", span(0, 40)))
    report = compared(master, cut_of([shot("a"), flat, shot("b")]), "a host")
    mine = [each for each in report.findings if each.id == "k3v9x0aa"]
    whats = [each.what for each in mine]
    assert "the request did not come back" in whats
    assert "take 2 did not come back" in whats
    assert 'take 1 is listed as "DEFAULT_MEDIA" instead of "su_take_001"' in whats
    assert not any(each.kind in ("missing", "switched") for each in mine)
    other = clip("renamed", span(8, 24), movie("/t/su-k3v9x0aa_t002.mov", span(0, 40)))
    report = compared(master, cut_of([shot("a"), other, shot("b")]))
    assert [each.what for each in report.findings if each.kind == "switched"] == [
        "take 2 is in use instead of take 1"
    ]


def test_times_are_told_on_the_cut_s_own_clock():
    drop = {"fcp_xml": {"timecode": {"displayformat": "DF"}}}
    rate = 30000 / 1001

    def at_2997(*names, **more):
        row = [clip(name, span(0, 1800, rate), movie(f"/m/{name}.mov")) for name in names]
        return cut_of(row, global_start_time=time(107892, rate), **more)

    master, came = at_2997("a", "b", metadata=drop), at_2997("a", metadata=drop)
    assert Clock.of(master).drop
    text = compared(master, came).text()
    assert "01:01:00;02  V1" in text
    assert "29.97 frames a second drop-frame" in text
    assert Clock.of(at_2997("a")).drop  # a whole hour in drop-frame only
    plain = {"fcp_xml": {"timecode": {"displayformat": "NDF"}}}
    text = compared(at_2997("a", "b", metadata=plain), at_2997("a", metadata=plain)).text()
    assert "01:00:56:12  V1" in text
    assert "non-drop" in text
    assert (
        "the cut starts at"
        in compared(master, cut_of([shot("a")], global_start_time=time(0))).text()
    )


def test_names_cannot_write_on_the_terminal():
    name = "evil\x1b[31m\nMISSING\u202e" + "x" * 500
    text = compared(cut_of([shot("a"), shot(name)]), cut_of([shot("a")])).text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines())) < 300


@pytest.mark.parametrize("what", ["effects", "markers"])
def test_what_is_added_to_or_gone_from_a_list_is_told_alone(what):
    def made(*names):
        many = {
            "effects": [{**warp(1), "name": name} for name in names],
            "markers": [marker(name, span(0, 1)) for name in names],
        }
        return cut_of([shot("a", **{what: many[what]})])

    assert [each.path for each in told(made("x", "y", "z"), made("x", "z"), "lost")] == [
        f"tracks.children[0].children[0].{what}[1]"
    ]
    report = compared(made("x", "z"), made("x", "y", "z"))
    assert [each.kind for each in report.findings] == ["changed"]
    assert report.findings[0].what == f'{what[:-1]} "y" is new'


def test_a_float_that_drifted_in_its_last_digit_is_kept_and_one_that_was_turned_is_not():
    def made(zoom):
        return cut_of([shot("a", metadata={"zoom": zoom})])

    kept = compared(made(1.1899998188018799), made(1.18999981880188))
    assert kept.unchanged
    assert kept.rewritten == 1
    turned = compared(made(1.1899998188018799), made(1.1899998188))
    assert [each.kind for each in turned.findings] == ["changed"]


def test_nested_sequences_gaps_and_transitions_are_compared_too():
    def made(inner=24, length=12, fade=6):
        nested = stack(track(shot("deep", 0, inner)), name="nest")
        return cut_of([shot("a"), transition(fade, fade), shot("b"), gap(length), nested])

    assert compared(made(), made()).findings == ()
    assert [each.clip for each in told(made(), made(inner=20), "trimmed")] == ["deep"]
    assert [each.path for each in told(made(), made(length=13), "trimmed")] == [
        "tracks.children[0].children[3].source_range"
    ]
    assert any(each.path.endswith("in_offset") for each in told(made(), made(fade=5), "changed"))


def test_a_long_cut_is_compared_in_time_that_grows_with_it(monkeypatch):
    text = synthetic_cut(1000, 10)
    body = json.loads(text)
    row = body["tracks"]["children"][0]["children"]
    del row[100:900:4]
    row.insert(50, row.pop(500))
    calls = 0
    real = differences.__globals__["_pairs"]

    def counted(both):
        nonlocal calls
        calls += 1
        return real(both)

    monkeypatch.setitem(differences.__globals__, "_pairs", counted)
    report = compared(Cut.parse(text), Cut.parse(json.dumps(body)))
    missing = [each for each in report.findings if each.kind == "missing"]
    assert len(missing) == 200
    assert report.came == report.clips - report.counts["missing"]
    assert calls < 5 * 1000


@given(
    ones=st.lists(st.integers(0, 5), max_size=30),
    cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), max_size=6),
)
@settings(max_examples=150, derandomize=True)
def test_the_common_subsequence_is_one_and_as_long_as_can_be(ones, cuts):
    others = list(ones)
    for at_place, value in cuts:
        if value == 6 and others:
            others.pop(at_place % len(others))
        else:
            others.insert(at_place % (len(others) + 1), value)
    found = common(ones, others)
    assert all(ones[one] == others[other] for one, other in found)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(found))
    assert len(found) >= len(ones) - 2 * len(cuts)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, derandomize=True)
def test_many_changes_at_once_are_never_silent_and_never_fatal(samples, seed):
    before, everywhere = opened(samples / "cuts" / "requests_all_forms.otio")
    chance = random.Random(seed)
    after = before
    for _ in range(chance.randrange(1, 9)):
        with contextlib.suppress(KeyError, IndexError, TypeError):
            after = json.dumps(one_change(after, chance.choice(everywhere), chance)[0])
    try:
        master, came = Cut.parse(before, folder="/x"), Cut.parse(after, folder="/x")
    except Problem:
        return
    report = compared(master, came)
    assert bool(report.findings) == bool(changed_paths(before, after))
    json.dumps(report.to_json())
    compared(came, master).text()
