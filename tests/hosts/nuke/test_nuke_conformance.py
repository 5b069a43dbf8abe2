"""The adapter passes the suite for hosts in every Nuke there is to it, however it is told to be."""

from __future__ import annotations

import time

import pytest

from secondunit_panel.conformance import HostConformance

VERSIONS = ("15.1v3", "16.0v8", "17.0v1")
BOTH_WAYS = [
    {"bad_enum": "ignored"},
    {"bad_colour": "ignored"},
    {"default_colour": "default"},
    {"default_colour": "%s"},
    {"start_at": "origfirst"},
    {"offset": "subtracts"},
    {"tells_files": False},
    {"tells_files": False, "tells_frames": False},
    {"tells_files": False, "tells_frames": False, "offset": "subtracts", "start_at": "origfirst"},
    {"timecode": ""},
    {"timecode": "not one"},
    {"text_reads_range": False},
    {"text_resets_colour": False},
    {"hashes_become_percent": True},
    {"read_sets_script_range": True},
    {"cancel_reverts": False},
]


def made(stage):
    pump = time.sleep if stage.app.gui else stage.host.main.pump
    suite = HostConformance(stage.host, stage.folder / "suite", pump=pump)
    report = stage.do(suite.run)
    assert report["passed"], [each for each in report["checks"] if each["result"] == "failed"]
    return {each["check"]: each["result"] for each in report["checks"]}, report


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_nuke_conforms(stage, version, gui):
    here = stage(version, gui=gui)
    before = here.names()
    results, report = made(here)
    left_out = {name for name, result in results.items() if result != "passed"}
    assert left_out == {"export_can_be_stopped", "marks_are_written"} | (
        set() if gui else {"places_are_shown"}
    )
    assert (report["host"]["name"], report["host"]["version"]) == ("Nuke", version)
    assert here.names() == before, "the suite leaves the script as it was"


@pytest.mark.parametrize("quirks", BOTH_WAYS, ids=str)
@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
def test_however_it_is_told_to_be(stage, gui, quirks):
    here = stage(gui=gui, **quirks)
    before = here.names()
    made(here)
    assert here.names() == before
    root = here.nuke.root()
    assert (root["first_frame"].value(), root["last_frame"].value()) == (1001, 1012)


@pytest.mark.parametrize("gui", [True, False], ids=["window", "terminal"])
def test_with_a_plate_that_has_to_be_rendered(stage, gui):
    here = stage(gui=gui)
    here.under("Grade")
    results, _ = made(here)
    assert results["export_can_be_stopped"] == "passed"


def test_with_a_plate_in_a_group(stage):
    here = stage()
    group = here.nuke.nodes.Group(name="Shot")
    with group:
        inner = here.nuke.nodes.Read(name="Inner")
        inner["file"].fromUserText(here.read["file"].value() + " 1001-1012")
        inner.setSelected(True)
    here.app.hit_group = group
    assert here.shot().place.id == "Shot.Inner"
    assert here.shot().place.track == "Shot"
    made(here)


def test_a_non_commercial_one_conforms_with_reads_alone(stage):
    here = stage(nc=True)
    for _ in range(12):  # of which it tells ten
        here.nuke.nodes.NoOp()
    results, report = made(here)
    assert results["matte_is_attached"] == "left out"
    assert report["host"]["notice"].startswith("Nuke Non-commercial")
