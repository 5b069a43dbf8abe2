"""Paths on their way to a cluster's machine and back."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondunit.engine.paths import back, event_there, job_there, lying_in, mapped, rules_of
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue

LINUX = [("/mnt/shows", "/net/vol7"), ("/mnt/shows/sc010", "/fast/sc010"), ("/desks/anna", "/u/a")]
FROM_WINDOWS = [("P:\\shows", "/mnt/shows"), ("\\\\nas\\takes\\", "/mnt/takes/")]


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/mnt/shows/sc020/plate.####.exr", "/net/vol7/sc020/plate.####.exr"),
        ("/mnt/shows/sc010/a.mov", "/fast/sc010/a.mov"),  # the longest holds
        ("/mnt/shows/sc010b/a.mov", "/net/vol7/sc010b/a.mov"),  # but no half name
        ("/mnt/showsroom/a.mov", "/mnt/showsroom/a.mov"),
        ("/mnt/shows", "/net/vol7"),
        ("/mnt/Shows/a.mov", "/mnt/Shows/a.mov"),
        ("mnt/shows/a.mov", "mnt/shows/a.mov"),
        ("/mnt/shows/odd\\name.mov", "/net/vol7/odd\\name.mov"),  # a name may hold that there
        ("", ""),
        ("wan", "wan"),
    ],
)
def test_a_path_is_called_as_the_rule_that_says_most_of_it_says(path, there):
    assert mapped(path, LINUX) == there
    assert mapped(path, LINUX[::-1]) == there


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("P:\\shows\\sc010\\a.mov", "/mnt/shows/sc010/a.mov"),
        ("p:/Shows/sc010/a.mov", "/mnt/shows/sc010/a.mov"),
        ("P:\\showsroom\\a.mov", "P:\\showsroom\\a.mov"),
        ("\\\\NAS\\takes\\a.mov", "/mnt/takes/a.mov"),
        ("//nas/takes/a.mov", "/mnt/takes/a.mov"),
        ("Q:\\shows\\a.mov", "Q:\\shows\\a.mov"),
    ],
)
def test_windows_paths_lead_to_linux(path, there):
    assert mapped(path, FROM_WINDOWS) == there


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/mnt/shows/sc010/a.mov", "P:\\shows\\sc010\\a.mov"),
        ("/mnt/takes/a/b.exr", "\\\\nas\\takes\\a\\b.exr"),
        ("/mnt/Takes/a.exr", "/mnt/Takes/a.exr"),
    ],
)
def test_and_back_to_windows(path, here):
    assert mapped(path, back(FROM_WINDOWS)) == here


def test_roots_of_all_are_folders_too():
    assert mapped("/a.mov", [("/", "P:\\")]) == "P:\\a.mov"
    assert mapped("P:\\a.mov", [("P:", "/")]) == "/a.mov"
    assert mapped("P:/a/b.mov", [("P:\\", "Q:\\x\\")]) == "Q:\\x\\a\\b.mov"


NAMES = st.text(string.ascii_letters + string.digits + " .#é_-", min_size=1, max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_there_and_back_is_where_one_began(names):
    path = "/mnt/shows/" + "/".join(names)
    rules = [("/mnt/shows", "P:\\farm")]
    assert mapped(mapped(path, rules), back(rules)) == path


def test_all_paths_of_a_job_are_meant_and_nothing_else():
    job = Job(
        "insert", "/mnt/shows/out/a_t{take}.mov", "a",
        {"plate": Clip("/mnt/shows/p.####.exr", FrameRange(1, 5)), "matte": Clip("/tmp/m.png")},
        {"words": "/mnt/shows is a street"}, "/mnt/shows/models/wan", takes=2,
    )  # fmt: skip
    there = job_there(job, LINUX)
    assert there.output == "/net/vol7/out/a_t{take}.mov"
    assert there.inputs["plate"] == Clip("/net/vol7/p.####.exr", FrameRange(1, 5))
    assert there.inputs["matte"] == job.inputs["matte"]
    assert there.model == "/net/vol7/models/wan"
    assert there.values == job.values
    assert job_there(there, back(LINUX)) == job


def take(folder: str, slash: str = "/") -> Take:
    def named(name: str) -> str:
        return f"{folder}{slash}{name}"

    return Take(
        "a", 1, 7, named("a.mov"), FrameRange(1, 5), Rate.of(24), 50, 34, named("a.take.json"),
        named("a_sheet.png"), {"splines": named("a.json"), "plate_at": [0, 0, 1, 1]},
    )  # fmt: skip


def test_what_is_told_is_told_with_the_names_here():
    told = Event("take", "a", take=take("/net/vol7/out"))
    here = event_there(told, back(LINUX))
    assert here.take == take("/mnt/shows/out")
    assert here.take.extra == take("/mnt/shows/out").extra
    problem = {"code": "media.missing", "what": "None", "where": "/net/vol7/p.exr: gone"}
    here = event_there(Event("problem", "a", problem=problem), back(LINUX))
    assert here.problem == problem | {"where": "/mnt/shows/p.exr: gone"}
    assert event_there(Event("preview", preview="/u/a/p.jpg"), back(LINUX)).preview == (
        "/desks/anna/p.jpg"
    )
    assert event_there(Event("done", "a"), back(LINUX)) == Event("done", "a")


@pytest.mark.parametrize(("folder", "slash"), [("P:\\out", "\\"), ("/net/out", "/")])
def test_a_take_lies_beside_its_side_car_wherever_that_came_to_lie(folder, slash):
    found = lying_in(take(folder, slash), "/mnt/moved")
    assert found == take("/mnt/moved")
    assert found.extra["splines"] == "/mnt/moved/a.json"


def test_rules_are_written_by_people_and_by_farms(monkeypatch):
    assert rules_of(" /a=/b ; P:\\shows=/mnt/shows;") == (("/a", "/b"), ("P:\\shows", "/mnt/shows"))
    farm = {
        "version": "pathmapping-1.0",
        "path_mapping_rules": [
            {"source_path_format": "WINDOWS", "source_path": "P:\\s", "destination_path": "/m/s"}
        ],
    }
    assert list(rules_of(json.dumps(farm))) == [("P:\\s", "/m/s")]
    assert list(rules_of("{}")) == []
    monkeypatch.setenv("SECONDUNIT_PATHS", "/a=/b")
    assert Settings.found().path_map == (("/a", "/b"),)


@pytest.mark.parametrize("told", ["/a", "/a=", "=/b", '{"path_mapping_rules": [{}]}', "{oops"])
def test_rules_nobody_understands_are_refused(told):
    with pytest.raises(BadValue, match="/here=/there"):
        rules_of(told)
