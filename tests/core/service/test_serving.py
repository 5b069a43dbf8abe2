"""Serving: one for each user, found by its file, gone when it is told to go."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from platformdirs import user_data_path

from secondunit.service import discovery
from secondunit_panel.client import Client
from secondunit_panel.service import data_folder, found

PROGRAM = [sys.executable, "-c", "from secondunit.cli import main; main()", "serve"]


@pytest.fixture
def start(tmp_path):
    """Starts the service of a data folder, and ends what is left of it."""
    begun = []

    def begin(*words: str, data: Path = tmp_path / "data") -> subprocess.Popen:
        env = os.environ | {
            "SECONDUNIT_DATA": str(data),
            "SECONDUNIT_MODELS": str(tmp_path / "models"),
            "NO_COLOR": "1",
        }
        begun.append(
            subprocess.Popen(
                [*PROGRAM, *words],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()
        each.communicate()


def ready(data: Path, process: subprocess.Popen) -> Client:
    end = time.monotonic() + 60
    while (client := found(data)) is None:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    return client


def test_it_is_found_by_a_file_for_its_user_s_eyes_and_leaves_none(start, tmp_path):
    data = tmp_path / "data"
    process = start()
    client = ready(data, process)
    told = json.loads((data / "service.json").read_text())
    assert told["pid"] == process.pid
    assert client.base == f"http://127.0.0.1:{told['port']}"
    assert client.health() == {"service": "secondunit", "protocol": 1}
    assert {"port", "token", "version", "protocol", "started"} <= set(told)
    assert len(told["token"]) >= 32
    for each in ("service.json", "service.lock", "engine.json"):
        assert stat.S_IMODE((data / each).stat().st_mode) == 0o600, each
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert json.loads((data / "engine.json").read_text()) == {"python": sys.executable}
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0, out
    assert client.base in out
    assert told["token"] not in out
    assert not (data / "service.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_those_who_listen_do_not_keep_it(start, tmp_path, number):
    process = start()
    client = ready(tmp_path / "data", process)
    events = client.events(after=0)
    client.pause_all()
    with socket.create_connection(("127.0.0.1", int(client.base.rpartition(":")[2]))) as deaf:
        deaf.sendall(
            f"GET /v1/events HTTP/1.1\r\nHost: {client.base[7:]}\r\n"
            f"Authorization: Bearer {client.token}\r\n\r\n".encode()
        )
        assert deaf.recv(100)
        process.send_signal(number)
        process.communicate(timeout=15)
    events.close()
    assert process.returncode == 0


def test_a_second_one_finds_the_first(start, tmp_path):
    first = start()
    client = ready(tmp_path / "data", first)
    second = start("--port", "1")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 0
    assert "already" in out
    assert client.base in out
    assert client.health()
    other = start(data=tmp_path / "other")
    assert ready(tmp_path / "other", other).base != client.base


def test_after_a_kill_the_next_one_serves_with_another_token(start, tmp_path):
    data = tmp_path / "data"
    first = start()
    old = ready(data, first)
    first.kill()
    first.wait()
    assert (data / "service.json").exists()
    assert found(data) is None
    second = start()
    new = ready(data, second)
    assert new.token != old.token


def test_the_port_asked_for_is_taken_or_refused(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert str(port) in out
        assert "value.wrong" in out
    process = start("--port", str(port))
    assert ready(tmp_path / "data", process).base.endswith(f":{port}")


def test_nobody_else_s_address_is_listened_at(start, tmp_path):
    process = start()
    port = int(ready(tmp_path / "data", process).base.rpartition(":")[2])
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in [each for each in addresses if not each.startswith(("127.", "::1"))]:
        with (
            pytest.raises((ConnectionError, TimeoutError)),
            socket.create_connection((address, port), 2),
        ):
            pass
    with (
        pytest.raises((ConnectionError, TimeoutError)),
        socket.create_connection(("127.0.0.2", port), 2),
    ):
        pass


def test_only_the_roots_named_may_be_used(start, tmp_path):
    process = start("--root", str(tmp_path / "a"), "--root", str(tmp_path / "b"))
    client = ready(tmp_path / "data", process)
    assert client.system()["roots"]["opened"] == [str(tmp_path / "a"), str(tmp_path / "b")]


def test_a_file_of_another_process_is_not_taken_away(tmp_path):
    mine = discovery.announce(tmp_path, 1, "a", "1")
    other = discovery.announce(tmp_path, 2, "b", "1")
    discovery.withdraw(tmp_path, mine)
    assert discovery.found(tmp_path) == other
    discovery.withdraw(tmp_path, other)
    assert discovery.found(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}'])
def test_a_file_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "service.json").write_text(text)
    assert discovery.found(tmp_path) is None


@pytest.mark.parametrize("named", ["", "somewhere"])
def test_panel_and_core_look_in_one_folder(monkeypatch, tmp_path, named):
    monkeypatch.delenv("SECONDUNIT_DATA", raising=False)
    if named:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / named))
    else:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert data_folder() == user_data_path("secondunit", appauthor=False)
    monkeypatch.setenv("SECONDUNIT_DATA", str(tmp_path))
    assert data_folder() == tmp_path
