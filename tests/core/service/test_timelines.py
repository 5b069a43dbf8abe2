"""Timelines over HTTP: requests become jobs, and the cut comes back with the takes in it."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from dataclasses import replace

import pytest

from secondunit.demo import FOOTAGE
from secondunit_otio import Cut, find_requests


@pytest.fixture
def cut(tmp_path):
    """The demonstration's cut, with its media beside it."""
    folder = tmp_path / "cut"
    shutil.copytree(FOOTAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "cut.otio"


def until(ask, id: str, *states: str):
    end = time.monotonic() + 30
    while (told := ask("GET", f"/v1/timelines/{id}").json)["state"] not in states:
        assert time.monotonic() < end, told
        time.sleep(0.05)
    return told


def check_shot(ask, told, text: str) -> None:
    """Every request became a job, and each job's takes are in the cut that comes back."""
    asked = find_requests(Cut.parse(text, "cut.otio", "/"))
    assert [each["id"] for each in told["requests"]] == [each.id for each in asked]
    assert len(asked) >= 3
    done = until(ask, told["id"], "done")
    takes = [take for each in asked for take in range(each.takes)]
    assert sum(each["takes"] for each in done["requests"]) == len(takes)
    patched = Cut.parse(done["otio"], "cut.otio", "/")
    media = json.dumps(json.loads(patched.text))
    for each in done["requests"]:
        for entry in ask("GET", f"/v1/takes?job={each['job']}").json["takes"]:
            assert entry["take"]["media"].rpartition("/")[2] in media


def test_a_cut_by_its_path(ask, cut, tmp_path):
    told = ask("POST", "/v1/timelines", {"path": str(cut), "output": str(tmp_path / "takes")})
    assert told.status == 201, told.body
    check_shot(ask, told.json, cut.read_text())
    assert list((tmp_path / "takes").iterdir())
    ids = [each["id"] for each in ask("GET", "/v1/timelines").json["timelines"]]
    assert told.json["id"] in ids


def test_a_cut_as_text(ask, cut):
    text = cut.read_text()
    told = ask("POST", "/v1/timelines", {"otio": text, "folder": str(cut.parent)})
    assert told.status == 201, told.body
    check_shot(ask, told.json, text)


def bundled(cut, path, *more: tuple[str, bytes]):
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(cut, "content.otio")
        for each in cut.parent.iterdir():
            if each != cut and each.is_file():
                archive.write(each, f"media/{each.name}")
        for name, content in more:
            archive.writestr(name, content)
    return path


@pytest.fixture
def bundle(cut, tmp_path):
    text = cut.read_text().replace('"target_url": "', '"target_url": "media/')
    assert '"media/plate.mov"' in text
    cut.write_text(text)
    return bundled(cut, tmp_path / "cut.otioz")


@pytest.mark.parametrize("by", ["path", "body"])
def test_a_bundle_with_its_media(ask, cut, bundle, tmp_path, by):
    if by == "path":
        told = ask("POST", "/v1/timelines", {"path": str(bundle)})
    else:
        told = ask("POST", f"/v1/timelines?output={tmp_path}/takes", bundle.read_bytes(),
                   Content_Type="application/zip")  # fmt: skip
    assert told.status == 201, told.body
    check_shot(ask, told.json, cut.read_text())
    folder = ask.service.data / "timelines" / told.json["id"]
    assert (folder / "bundle" / "media" / "plate.mov").is_file()
    assert not list((ask.service.data / "timelines").glob("*.otioz"))


def test_a_bundle_that_leads_out_is_refused(ask, cut, tmp_path):
    evil = bundled(cut, tmp_path / "evil.otioz", ("../../evil.txt", b"x"))
    before = set((ask.service.data / "timelines").iterdir())
    for told in (
        ask("POST", "/v1/timelines", {"path": str(evil)}),
        ask("POST", "/v1/timelines", evil.read_bytes(), Content_Type="application/zip"),
        ask("POST", "/v1/timelines", b"no zip", Content_Type="application/zip"),
    ):
        assert (told.status, told.code) == (422, "cut.unreadable")
    assert {each.name for each in before} >= {
        each.name for each in (ask.service.data / "timelines").iterdir() if any(each.iterdir())
    }
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({}, 422, "value.wrong"),
        ({"otio": "x", "path": "/x"}, 422, "value.wrong"),
        ({"otio": "not a cut"}, 422, "cut.unreadable"),
        ({"otio": "{}"}, 422, "cut.unreadable"),
        ({"otio": 3}, 422, "value.wrong"),
        ({"path": "cut.otio"}, 422, "value.wrong"),
        ({"path": "/nowhere/cut.otio"}, 422, "cut.unreadable"),
        ({"path": "/etc/passwd"}, 403, "path.outside"),
        ({"otio": "{}", "output": "/etc/takes"}, 403, "path.outside"),
        ({"otio": "{}", "steps": 0}, 422, "value.wrong"),
        ({"otio": "{}", "steps": True}, 422, "value.wrong"),
        ({"otio": "[" * 3000}, 422, "cut.unreadable"),
        ({"otio": '{"a":' * 3000}, 422, "cut.too_deep"),
    ],
)
def test_what_is_wrong_with_an_order(ask, order, status, code):
    told = ask("POST", "/v1/timelines", order)
    assert told.status == status, told.body
    assert told.code == code


def test_a_cut_that_names_media_outside_is_refused_before_they_are_opened(ask, cut):
    for media in ("/etc/passwd", "file:///etc/passwd", "../../../../../../../../etc/passwd"):
        text = cut.read_text().replace("plate.mov", media)
        told = ask("POST", "/v1/timelines", {"otio": text, "folder": str(cut.parent)})
        assert (told.status, told.code) == (403, "path.outside"), media


def test_a_request_that_cannot_be_shot_does_not_stop_the_others(ask, cut):
    (cut.parent / "figure_first_frame.png").unlink()
    text = cut.read_text().replace("plate.mov", "gone.mov", 1)
    told = ask("POST", "/v1/timelines", {"otio": text, "folder": str(cut.parent)})
    assert told.status == 201
    end = until(ask, told.json["id"], "done", "failed")
    assert any(each["takes"] for each in end["requests"])


def test_a_timeline_that_is_not_there(ask):
    for name in ("t-0000", "x", "..", "%2e%2e", "t-" + "0" * 90):
        told = ask("GET", f"/v1/timelines/{name}")
        assert told.status == 404
        assert told.code in ("timeline.unknown", "route.unknown")


def test_whoever_hears_that_it_is_done_gets_all_its_takes(ask, cut, monkeypatch):
    """A job that ends while the cut is put together."""
    unit = ask.service.unit
    told = ask("POST", "/v1/timelines", {"otio": cut.read_text(), "folder": str(cut.parent)}).json
    until(ask, told["id"], "done")
    entry, ended = unit.entry, []

    def takes(job):
        ended.append(job)  # none was there yet, and now the job ends
        return []

    def state(id):
        return replace(entry(id), state="done" if ended else "running")

    monkeypatch.setattr(unit, "takes", takes)
    monkeypatch.setattr(unit, "entry", state)
    assert ask("GET", f"/v1/timelines/{told['id']}").json["state"] != "done"
