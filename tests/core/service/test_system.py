"""The machine is told, with what is missing and what to do; nothing heavy is loaded for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from secondunit.models import listing
from secondunit.service.system import checks
from secondunit.settings import Settings
from secondunit.weights import STARTER

LOADED = """
import sys
from secondunit.service.serving import serve
from secondunit.service.system import checks
from secondunit.settings import Settings
from secondunit.models import listing
from secondunit import tasks
checks(Settings.found()); listing([]); tasks.cards()
heavy = {"torch", "diffusers", "transformers"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_machine_is_told(ask):
    told = ask("GET", "/v1/system").json
    assert told["protocol"] == 1
    assert told["machine"]["memory"] > 0
    assert told["machine"]["cores"] == os.cpu_count()
    assert {each["state"] for each in told["checks"]} <= {"ok", "note", "missing"}
    assert any(each["what"] == "movies" and each["state"] == "ok" for each in told["checks"])


def test_room_for_models_is_that_of_the_disk_they_are_fetched_to(ask, monkeypatch, tmp_path):
    disk = type("Usage", (), {"free": 50_000_000_000})
    seen = []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "not" / "yet"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: seen.append(str(path)) or disk)
    told = ask("GET", "/v1/system").json
    assert str(tmp_path) in seen
    assert 48e9 < told["room"]["fetched"] < 50e9, "a little stays free"


def test_a_model_of_the_catalogue_is_told_with_its_use_and_its_memory_three_times(ask):
    told = {each["name"]: each for each in ask("GET", "/v1/models").json["models"]}
    vace = told["wan2.1-vace-1.3b"]
    assert "small card" in vace["use"]
    whole, blocks, fewer = vace["memory"]
    assert whole > blocks >= fewer > 0
    assert told["starter"]["memory"] == [], "the catalogue does not have it"


def test_of_which_clips_there_may_be_several_is_told(ask):
    told = {each["name"]: each for each in ask("GET", "/v1/tasks").json["tasks"]}
    assert told["train"]["several"] == ["clip"]
    assert told["restyle"]["several"] == ["reference"]
    for each in told.values():
        assert set(each.get("several", ())) <= each["inputs"].keys()


def test_what_is_missing_is_told_with_a_remedy(tmp_path, monkeypatch):
    found = __import__("importlib").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "torch" else found(n))
    monkeypatch.setenv("OCIO", "/nowhere/config.ocio")
    missing = [
        each for each in checks(Settings(tmp_path, data=tmp_path)) if each["state"] == "missing"
    ]
    assert [each["what"] for each in missing] == ["models", "$OCIO"]
    assert all(each["remedy"] for each in missing)


def test_every_model_is_told_with_its_licence_and_whether_it_fits(ask, monkeypatch):
    told = {each["name"]: each for each in ask("GET", "/v1/models").json["models"]}
    installed = [name for name, each in told.items() if each["installed"] and not each["fault"]]
    assert set(installed) == {each.name for each in listing([]) if each.card}
    for name in installed:
        assert told[name]["licence"]
        assert told[name]["fits"] is True
    assert any(not each["installed"] for each in told.values())
    small = {"gpus": [{"memory": 2**30}], "memory": 2**40}
    monkeypatch.setattr(ask.service.unit, "machine", lambda: small)
    short = [each for each in ask("GET", "/v1/models").json["models"] if not each.get("fits", 1)]
    assert short
    assert all("GB more" in each["short"] for each in short)


def test_a_broken_model_is_told_as_broken(ask):
    folder = ask.service.data / "models" / "junk"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("not a checkpoint")
    [broken] = [each for each in ask("GET", "/v1/models").json["models"] if each["fault"]]
    assert "junk" in broken["name"]


def test_tasks_are_told(ask):
    told = ask("GET", "/v1/tasks").json["tasks"]
    assert {"insert", "extend", "cleanup", "matte"} <= {each["name"] for each in told}
    one = ask("GET", "/v1/tasks/extend").json
    assert one in told
    assert one["values_schema"]["properties"]["tail"]
    nobody = ask("GET", "/v1/tasks/explode")
    assert (nobody.status, nobody.code) == (404, "task.unknown")


def test_the_page_comes_with_the_package(ask):
    for path, kind in (("/", "text/html"), ("/dailies.js", "text/javascript"),
                       ("/dailies.css", "text/css")):  # fmt: skip
        told = ask("GET", path, token=None)
        assert told.status == 200
        assert told.headers["content-type"].startswith(kind)
        assert len(told.body) > 500


@pytest.mark.parametrize("program", [LOADED, "import secondunit.cli\n" + """
import sys
assert "fastapi" not in sys.modules and "uvicorn" not in sys.modules
"""])  # fmt: skip
def test_nothing_heavy_is_loaded(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_models_tell_their_terms_and_the_command_that_settles_them(ask):
    told = {each["name"]: each for each in ask("GET", "/v1/models").json["models"]}
    starter, ltx = told["starter"], told["ltx-2"]
    assert (starter["standing"], starter["command"]) == ("free", "")
    assert (ltx["standing"], ltx["command"]) == ("asks", "secondunit models pull ltx-2")
    assert "10 million" in ltx["terms"]["revenue"]
    assert "competes" in ltx["terms"]["use"]
    assert ltx["terms"]["unverified"] == []
    folder = shutil.copytree(STARTER, ask.service.data / "models" / "theirs")
    (folder / "card.toml").write_text('name = "theirs"\nlicence = "LTX-2 Community"\n')
    told = {each["name"]: each for each in ask("GET", "/v1/models").json["models"]}
    assert told["theirs"]["command"] == "secondunit models allow theirs"
