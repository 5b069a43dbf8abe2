"""The whole way: the service is started as a panel does, shoots, and tells, with the real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from secondunit.ledger import sidecar
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_panel.service import find_or_start, found


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("user") / "data"


@pytest.fixture(scope="module")
def client(data):
    """A client of a service that was not there, and is ended afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDUNIT_PYTHON", sys.executable)
        patch.setenv("SECONDUNIT_MODELS", str(data / "models"))
        patch.setenv("SECONDUNIT_DEVICE", "cpu")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr("subprocess.Popen", Kept)
        client = find_or_start(data)
    yield client
    for each in Kept.all:
        each.terminate()
        assert each.wait(30) == 0


class Kept(subprocess.Popen):
    """A process that is remembered, so that it can be ended."""

    all: ClassVar[list[subprocess.Popen]] = []

    def __init__(self, *args, **kinds) -> None:
        super().__init__(*args, **kinds)
        self.all.append(self)


@pytest.fixture(scope="module")
def shot(client, plate, tmp_path_factory):
    """Two takes, and all that was told of them."""
    job = Job(
        "extend",
        str(tmp_path_factory.mktemp("shots") / "shot_t{take}.mov"),
        inputs={"plate": Clip(str(plate), FrameRange(4, 7))},
        values={"tail": 2},
        seed=7,
        takes=2,
        steps=2,
    )
    events = client.events(after=0)
    entry = client.submit(job)
    heard = []
    for told in events:
        heard.append(told)
        if told.event.kind in ("done", "problem", "cancelled"):
            break
    events.close()
    return entry, heard


def test_a_job_is_shot_and_told_from_beginning_to_end(client, shot):
    entry, heard = shot
    lasting = [each.event.kind for each in heard if each.id]
    assert lasting == ["queued", "started", "take", "take", "done"], heard
    assert any(each.event.kind in ("progress", "preview") for each in heard)
    assert client.job(entry.id).state == "done"
    assert client.job(entry.id).takes == 2


def test_the_takes_are_there_and_can_be_fetched(client, shot, tmp_path, frames_of):
    takes = client.takes(shot[0].id)
    assert [each.take.seed for each in takes] == [8, 7]
    for each in takes:
        fetched = client.fetch(each.id, tmp_path / f"{each.id}.mov")
        assert fetched.read_bytes() == Path(each.take.media).read_bytes()
        assert len(frames_of(fetched)) == 6
        assert client.fetch(each.id, tmp_path / "p.mp4", "preview").stat().st_size > 500
        assert sidecar.read(Path(each.take.sidecar))["job"]["seed"] == each.take.seed


def test_what_the_artist_thinks_is_kept_over_a_kill(client, shot, data):
    [last, first] = client.takes(shot[0].id)
    client.rate(first.id, "circled")
    client.annotate(last.id, "the hand is late")
    [service] = Kept.all
    service.kill()
    service.wait()
    assert found(data) is None
    Kept.all.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("subprocess.Popen", Kept)
        again = find_or_start(data)  # by engine.json, which the first one left
    assert [(t.rating, t.note) for t in again.takes(shot[0].id)] == [
        ("", "the hand is late"),
        ("circled", ""),
    ]
    assert json.loads((data / "engine.json").read_text())["python"] == sys.executable


def test_the_worker_s_memory_is_free_when_the_queue_is_paused(client, data, plate, tmp_path):
    again = found(data)
    job = Job(
        "extend", str(tmp_path / "long_t{take}.mov"), inputs={"plate": Clip(str(plate))},
        values={"tail": 12}, takes=50,
    )  # fmt: skip
    entry = again.submit(job)
    for told in again.events(after=0):
        if told.event.job == entry.id and told.event.kind in ("progress", "preview"):
            break
    again.pause_all()
    began = time.monotonic()
    while again.system()["machine"]["workers"][0]["post"] != "away":
        assert time.monotonic() - began < 8
        time.sleep(0.05)
    assert again.job(entry.id).state == "paused"
    again.cancel(entry.id)
    assert os.path.isdir(data)
