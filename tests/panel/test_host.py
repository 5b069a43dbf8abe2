"""The conformance suite passes a faithful host in any mood, and finds each fault of an adapter."""

from __future__ import annotations

import json

import pytest

from secondunit_panel.conformance import CHECKS, HostConformance
from secondunit_panel.host import HostBusy, HostGone, NotPlaced, PlateHoled

FOUND_BY = {
    "late": "take_lies_where_it_should",
    "twice": "placing_twice_places_once",
    "moves_plate": "take_lies_where_it_should",
    "forgets_job": "take_lies_where_it_should",
    "no_id": "take_lies_where_it_should",
    "other_media": "take_lies_where_it_should",
    "inexact": "selection_is_exact",
    "relative": "selection_is_exact",
    "rereads_otherwise": "selecting_changes_nothing",
    "takes_out_all": "taking_out_takes_out",
    "ignores_lost": "lost_places_are_told",
    "touches_media": "plate_is_what_is_seen",
    "no_version": "says_what_it_is",
    "stops_at_a_fault": "main_thread_is_called",
    "calls_at_once": "main_thread_is_called",
    "ignores_cannot": "what_it_cannot_it_refuses",
    "backwards": "plate_is_what_is_seen",
    "leaves_export": "export_can_be_stopped",
}


def made(host, folder):
    report = HostConformance(host, folder, pump=host.pump, patience=1.0).run()
    return report, {each["check"]: each["result"] for each in report["checks"]}


def test_a_faithful_host_passes(host, tmp_path):
    report, results = made(host, tmp_path)
    assert report["passed"], report
    left_out = {name for name, result in results.items() if result != "passed"}
    assert left_out == {"export_can_be_stopped", "what_it_cannot_it_refuses"}
    assert json.loads(json.dumps(report)) == report
    assert report["host"]["name"] == "Fake"
    assert len(report["checks"]) == len(CHECKS)
    assert list(host.items) == ["i1"], "the suite leaves the document as it was"


@pytest.mark.parametrize(
    "moods",
    [{"retimed": True}, {"dialogs": 2}, {"cannot": frozenset(("matte", "mark"))},
     {"cannot": frozenset(("place", "matte", "open", "mark", "take_out"))},
     {"counts": "frames"}],
    ids=lambda each: next(iter(each)),
)  # fmt: skip
def test_a_faithful_host_passes_in_any_mood(host, fake_host, tmp_path, moods):
    host.moods = fake_host.Moods(**moods)
    report, _ = made(host, tmp_path)
    assert report["passed"], [each for each in report["checks"] if each["result"] == "failed"]


@pytest.mark.parametrize("fault", FOUND_BY)
def test_each_fault_of_an_adapter_is_found(host, fake_host, tmp_path, fault):
    assert set(FOUND_BY) == set(fake_host.FAULTS)
    host.faults = frozenset([fault])
    if fault in ("backwards", "leaves_export"):
        host.moods.retimed = True
    if fault == "ignores_cannot":
        host.moods.cannot = frozenset(["mark"])
    report, results = made(host, tmp_path)
    assert not report["passed"]
    assert results[FOUND_BY[fault]] == "failed", results


@pytest.mark.parametrize(
    ("mood", "problem"),
    [({"closed": True}, HostGone), ({"dialogs": 99}, HostBusy), ({"deaf": True}, NotPlaced),
     ({"retimed": True, "holes": 2}, PlateHoled)],
)  # fmt: skip
def test_what_a_host_refuses_fails_with_its_own_words(host, fake_host, tmp_path, mood, problem):
    host.moods = fake_host.Moods(**mood)
    report, _ = made(host, tmp_path)
    failed = [each for each in report["checks"] if each["result"] == "failed"]
    assert any(each["why"].startswith(problem.__name__) for each in failed), report


def test_an_adapter_that_is_broken_fails_and_the_rest_is_checked(host, tmp_path):
    host.mark = None
    _, results = made(host, tmp_path)
    assert results["marks_are_written"] == "failed"
    assert results["taking_out_takes_out"] == "passed"


def test_without_a_clip_the_suite_says_what_to_do(host, tmp_path):
    from secondunit_panel.host import Selection

    host.selected = Selection(document="Fake")
    report, results = made(host, tmp_path)
    assert results["take_lies_where_it_should"] == "left out"
    assert any("Select a clip" in each["why"] for each in report["checks"])
    assert results["main_thread_is_called"] == "passed"
