"""The script for a user's own Resolve: what it observes differs as Resolves differ."""

from __future__ import annotations

import json

import pytest

from secondunit_resolve import conformance, link


@pytest.fixture
def answers(world):
    """What a Resolve of these quirks answers, with In and Out on the clip's ends."""

    def make(version="21.1.0", studio=True, **quirks):
        resolve = world(version, studio, **quirks)
        resolve.current.marks = (resolve.plate.first, resolve.plate.first + 7)
        told = conformance.answers(link.Studio(resolve))
        assert [t.name for t in resolve.current.video] == ["Video 1"], "nothing is left behind"
        assert resolve.current.video[0].items == [resolve.plate]
        assert resolve.current.markers == {}
        return told

    return make


def test_every_question_is_answered(answers):
    told = answers()
    assert set(told) == set(conformance.QUESTIONS)
    assert not [each for each in told.values() if isinstance(each, dict) and "problem" in each]
    assert told["edition"]["product"] == "DaVinci Resolve Studio"
    assert told["append_left_offset"] == 3
    assert told["append_on_something"] == {"stood": 1, "stand": 1}
    assert told["delete_off_the_edit_page"] is False


@pytest.mark.parametrize(
    ("quirk", "key", "so", "else_so"),
    [
        ("end_inclusive", "append_end_frame", "inclusive", "exclusive"),
        ("marks_absolute", "marks_in_out", {"counted": "absolute", "out": "inclusive"},
         {"counted": "relative", "out": "inclusive"}),
        ("no_list", "items_of_no_track", {"none": "None", "empty": "None"},
         {"none": "None", "empty": "[]"}),
        ("item_marks_relative", "clip_markers_counted", ["own"], ["media"]),
    ],
)  # fmt: skip
def test_a_conflict_is_answered_both_ways(answers, quirk, key, so, else_so):
    assert answers(**{quirk: True})[key] == so
    assert answers(**{quirk: False})[key] == else_so


def test_takes_and_offsets_and_markers_are_told_as_they_are(answers):
    assert answers()["takes"] == {
        "added": True, "count": 2, "told": [3, 8], "switched": True, "offset": 3, "frames": 5,
    }  # fmt: skip
    assert answers(takes="refused")["takes"] == {"added": False, "said": "False"}
    assert answers(takes="stuck")["takes"]["switched"] is False
    assert answers(source_off=1)["source_start_off_by"] == 1
    assert answers()["source_start_off_by"] == 0
    assert answers(far=False)["marker_behind_the_last_clip"] is True
    assert answers()["marker_behind_the_last_clip"] is False


def test_versions_differ(answers):
    old, new = answers("19.1.3")["newer_methods"], answers("21.1.0")["newer_methods"]
    assert (old["GetSelectedClips"], old["GetSpeed"]) == (False, False)
    assert (new["GetSelectedClips"], new["GetSpeed"]) == (True, True)


def test_what_cannot_be_answered_says_why(world):
    resolve = world(empty=True)
    told = conformance.answers(link.Studio(resolve))
    assert all("No timeline is open" in each["problem"] for each in told.values())


def test_marks_that_are_not_set_are_asked_for(world):
    assert "not set" in conformance.answers(link.Studio(world()))["marks_in_out"]


def test_the_report_is_json_with_the_suite(world, monkeypatch, tmp_path, capsys):
    resolve = world("21.0.4")
    monkeypatch.setattr(link, "_imported", lambda: resolve)
    assert conformance.main(["--out", str(tmp_path / "r.json")]) == 0
    told = json.loads((tmp_path / "r.json").read_text())
    assert told["way"] == "Studio"
    assert told["suite"]["passed"]
    assert told["suite"]["host"]["version"] == "21.0.4"
    assert capsys.readouterr().out == ""


def test_out_of_reach_the_hand_over_is_looked_at(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(link, "_imported", lambda: None)
    monkeypatch.setenv("SECONDUNIT_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert conformance.main([]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["way"], told["answers"]) == ("files", {})
    assert "Select a clip first" in json.dumps(told["suite"])
    assert told["suite"]["host"]["notice"]
