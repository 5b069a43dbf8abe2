"""The service of this user is found where there is one, and started where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from secondunit_contract.problem import MachineProblem, PartMissing
from secondunit_panel import service as module
from secondunit_panel.service import ProtocolOther, engine_python, find_or_start, found
from secondunit_panel.testing import ScriptedService

# Stands in for the engine's Python: tells where a service is as that would, and lives on a while.
ENGINE = """#!{python}
import json, os, sys, time
assert sys.argv[-1] == "serve"
assert "PYTHONHOME" not in os.environ
time.sleep(0.3)
with open(os.path.join(os.environ["SECONDUNIT_DATA"], "service.json"), "w") as file:
    json.dump({{"pid": os.getpid(), "port": {port}, "token": "scripted"}}, file)
time.sleep(20)
"""


def announce(data, **told) -> None:
    data.mkdir(parents=True, exist_ok=True)
    usual = {"pid": os.getpid(), "token": "scripted", "version": "0.1.0", "protocol": 1}
    (data / "service.json").write_text(json.dumps(usual | told))


def program(path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    monkeypatch.delenv("SECONDUNIT_PYTHON", raising=False)


@pytest.fixture
def started(monkeypatch):
    """What has been started; ended afterwards."""
    begun, real = [], module.start

    def start(data):
        begun.append(real(data))
        return begun[-1]

    monkeypatch.setattr(module, "start", start)
    yield begun
    for each in begun:
        each.kill()
        each.wait()


def test_one_that_is_there_is_found(service, tmp_path, started):
    announce(tmp_path, port=service.port)
    client = found(tmp_path)
    assert client is not None
    assert client.base == service.client.base
    assert client.health()["protocol"] == 1
    assert find_or_start(tmp_path).base == client.base
    assert started == []


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    "told",
    [{"pid": "dead"}, {"pid": 0}, {"pid": -1}, {"pid": "x"}, {"pid": 2**70}, {"port": 1},
     {"port": "x"}, {"token": 3}],
)  # fmt: skip
def test_a_file_that_one_left_who_has_died_is_none(service, tmp_path, told):
    if told.get("pid") == "dead":
        told = {"pid": dead_pid()}
    announce(tmp_path, **({"port": service.port} | told))
    assert found(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_a_file_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "service.json").write_text(text)
    assert found(tmp_path) is None


def test_no_folder_no_service(tmp_path):
    assert found(tmp_path / "nowhere") is None


@pytest.mark.parametrize(("protocol", "which"), [(2, "panel"), (0, "engine")])
def test_one_that_speaks_otherwise_is_told_apart(tmp_path, protocol, which):
    with ScriptedService(protocol=protocol) as service:
        announce(tmp_path, port=service.port)
        with pytest.raises(ProtocolOther) as raised:
            found(tmp_path)
    assert which in raised.value.remedy


def test_somebody_else_at_that_port_is_none(service, tmp_path):
    announce(tmp_path, port=service.port)
    service.protocol = "no"
    with pytest.raises(ProtocolOther):
        found(tmp_path)


def test_one_is_started_where_there_is_none(service, tmp_path, monkeypatch, started):
    engine = program(tmp_path / "python", ENGINE.format(python=sys.executable, port=service.port))
    data = tmp_path / "data"
    data.mkdir()
    (data / "engine.json").write_text(json.dumps({"python": engine}))
    announce(data, pid=dead_pid(), port=service.port)
    monkeypatch.setenv("PYTHONHOME", "/a/host's")
    waited: list[float] = []
    client = find_or_start(data, 20, waited.append)
    assert client.base == service.client.base
    assert waited == sorted(waited)
    assert len(waited) >= 1
    [process] = started
    assert os.getsid(process.pid) != os.getsid(0)


def test_one_that_ends_at_once_tells_why(tmp_path, started):
    engine = program(tmp_path / "python", "#!/bin/sh\necho no torch here >&2\nexit 3\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "engine.json").write_text(json.dumps({"python": engine}))
    with pytest.raises(MachineProblem) as raised:
        find_or_start(data, 20)
    assert "no torch here" in raised.value.where


def test_one_that_does_not_come_is_not_waited_for_for_ever(tmp_path, started):
    engine = program(tmp_path / "python", "#!/bin/sh\nexec sleep 20\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDUNIT_PYTHON", engine)
        with pytest.raises(MachineProblem, match="not ready"):
            find_or_start(tmp_path / "data", 0.5)


def test_nobody_knows_where_the_engine_is(tmp_path):
    with pytest.raises(PartMissing) as raised:
        find_or_start(tmp_path)
    assert "secondunit serve" in raised.value.remedy


def test_a_python_that_is_gone(tmp_path, monkeypatch):
    monkeypatch.setenv("SECONDUNIT_PYTHON", str(tmp_path / "gone"))
    assert engine_python(tmp_path).endswith("gone")
    with pytest.raises(PartMissing) as raised:
        find_or_start(tmp_path / "data")
    assert raised.value.where == str(tmp_path / "gone")
