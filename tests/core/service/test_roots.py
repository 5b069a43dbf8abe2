"""Paths are resolved before they are judged: no link and no .. leads where nothing may be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from secondunit.service.roots import Roots
from secondunit.service.testing import served
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue, PathOutside


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home folder with footage, keys and settings in it."""
    home = tmp_path / "home"
    for each in ("footage", ".ssh", ".config/app", "data/timelines"):
        (home / each).mkdir(parents=True)
    monkeypatch.setattr("pathlib.Path.home", lambda: home)
    return home


@pytest.fixture
def roots(home) -> Roots:
    return Roots((str(home),), (str(home / "data"),), (str(home / "data" / "timelines"),))


def test_what_is_below_a_root_may_be_used(roots, home):
    for each in ("footage/a.mov", "footage/../b.mov", "new/c.mov", "data/timelines/t/d.mov"):
        assert roots.check(str(home / each), "plate") == os.path.realpath(home / each)


@pytest.mark.parametrize(
    "path",
    ["../outside.mov", "footage/../../outside.mov", ".ssh/id_rsa", ".config/app/x.mov",
     "footage/../.ssh/id_rsa", "data/ledger.sqlite", "data/service.json",
     "data/timelines/../service.json"],
)  # fmt: skip
def test_what_is_not_may_not(roots, home, path):
    with pytest.raises(PathOutside):
        roots.check(f"{home}/{path}", "plate")


def test_a_link_is_judged_by_where_it_leads(roots, home, tmp_path):
    (tmp_path / "outside").mkdir()
    (home / "door").symlink_to(tmp_path / "outside")
    (home / "footage" / "a.mov").symlink_to("/etc/passwd")
    (home / "two").symlink_to(home / "door")
    (home / "in").symlink_to(home / "footage")
    for path in ("door/a.mov", "footage/a.mov", "two/new/b.mov"):
        with pytest.raises(PathOutside):
            roots.check(str(home / path), "plate")
    assert roots.check(str(home / "in" / "c.mov"), "plate") == str(home / "footage" / "c.mov")


def test_a_link_in_a_circle_harms_nobody(roots, home):
    (home / "round").symlink_to(home / "round")
    assert roots.check(str(home / "round" / "a.mov"), "plate")


@pytest.mark.parametrize("path", ["", "a.mov", "./a.mov", "../a.mov", "~/a.mov", "http://x/a.mov",
                                  "file:///a.mov", "/a\0b.mov"])  # fmt: skip
def test_what_is_no_whole_path_is_none(roots, path):
    with pytest.raises(BadValue):
        roots.check(path, "plate")


def test_one_picture_that_leads_outside_spoils_the_sequence(roots, home):
    folder = home / "footage"
    for number in range(1001, 1005):
        (folder / f"shot.{number}.exr").write_bytes(b"")
    clip = Clip(str(folder / "shot.####.exr"))
    roots.check_clip(clip, "plate")
    (folder / "shot.1005.exr").symlink_to("/etc/passwd")
    for each in (clip, Clip(str(folder))):
        with pytest.raises(PathOutside):
            roots.check_clip(each, "plate")


def test_every_take_of_a_job_is_judged(roots, home, tmp_path):
    (home / "v001").mkdir()
    (home / "v002").symlink_to(tmp_path)
    job = Job("extend", str(home / "v{take}" / "a.mov"))
    roots.check_job(job)
    with pytest.raises(PathOutside):
        roots.check_job(Job("extend", str(home / "v{take}" / "a.mov"), takes=2))


def test_by_itself_all_may_be_used_but_the_system_s_own(home, tmp_path):
    roots = Roots.usual(data=home / "data")
    assert roots.check("/shots/sc010/plate.mov", "plate")
    assert roots.check(str(tmp_path / "a.mov"), "plate")
    assert roots.check("/mnt/raid/a.mov", "plate")
    for path in ("/etc/shadow", "/proc/self/environ", "/sys/x", "/dev/sda", "/usr/bin/x",
                 "/var/log/x", "/shots/../etc/shadow", str(home / ".ssh" / "id"),
                 str(home / "data" / "ledger.sqlite")):  # fmt: skip
        with pytest.raises(PathOutside):
            roots.check(path, "plate")


def test_roots_that_were_named_are_the_only_ones(home, tmp_path):
    roots = Roots.usual([home / "footage"], home / "data")
    assert roots.check(str(home / "footage" / "a.mov"), "plate")
    for path in (tmp_path / "a.mov", home / "a.mov", Path("/shots/a.mov")):
        with pytest.raises(PathOutside):
            roots.check(str(path), "plate")


def test_over_http_too(tmp_path, asking, home):
    (home / "door").symlink_to("/etc")
    (home / "footage" / "plate.mov").write_bytes(b"")
    with served(tmp_path / "data", roots=Roots.usual([home])) as service:
        ask = asking(service)
        good = ask.job(home / "footage")
        for wrong in (
            {"inputs": {"plate": {"media": f"{home}/door/passwd"}}},
            {"inputs": {"plate": {"media": f"{home}/footage/../../x.mov"}}},
            {"output": f"{home}/door/take.mov"},
            {"output": f"{home}/footage/../../take.mov"},
        ):
            told = ask("POST", "/v1/jobs", good | wrong)
            assert (told.status, told.code) == (403, "path.outside"), wrong
        inside = good | {"inputs": {"plate": {"media": f"{home}/footage/plate.mov"}}}
        assert ask("POST", "/v1/jobs", inside).status == 201
