"""What the panel must manage without a toolkit on a host's own Python: run by test_old_python.py.

Standard library, requests and what comes along; no pytest. Prints the version it ran on.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from fake_host import FakeHost

from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import JobUnknown, PartMissing, Problem
from secondunit_contract.wire import from_json, to_json
from secondunit_panel.conformance import HostConformance
from secondunit_panel.service import find_or_start, found
from secondunit_panel.session import Session
from secondunit_panel.testing import ScriptedService

ENTRY = {"id": "j1", "state": "queued", "job": {"task": "extend", "output": "/t.mov"}}


def complaint(call: Callable[[], object]) -> Problem | None:
    """The Problem a call raises."""
    try:
        call()
    except Problem as problem:
        return problem
    return None


def check_asking(service: ScriptedService) -> None:
    """Routes are asked, and a problem is raised as what it is."""
    service.answers["POST /v1/jobs"] = ENTRY
    service.answers["GET /v1/jobs/j2"] = JobUnknown("There is no job j2")
    assert service.client.submit(Job("extend", "/t.mov")).id == "j1"
    problem = complaint(lambda: service.client.job("j2"))
    assert isinstance(problem, JobUnknown), problem
    assert problem.what == "There is no job j2"


def check_events(service: ScriptedService) -> None:
    """What was told while the client was cut off is heard."""
    heard: list[int] = []
    stop, three = threading.Event(), threading.Event()

    def hear() -> None:
        for told in service.client.events(stop=stop):
            heard.append(told.id)
            if len(heard) == 3:
                three.set()

    threading.Thread(target=hear, daemon=True).start()
    assert service.wait_for_listeners(1)
    service.tell(Event("queued", "j1"))
    service.drop()
    service.tell(Event("take", "j1"))
    service.tell(Event("done", "j1"))
    assert three.wait(20), heard
    stop.set()
    assert heard == [1, 2, 3], heard


def check_finding(service: ScriptedService, data: Path) -> None:
    """The service is found by its file; without one and without an engine that is said."""
    assert found(data) is None
    problem = complaint(lambda: find_or_start(data))
    assert isinstance(problem, PartMissing), problem
    told = {"pid": os.getpid(), "port": service.port, "token": service.token}
    (data / "service.json").write_text(json.dumps(told))
    client = find_or_start(data)
    assert client.health()["service"] == "secondunit"


def check_conformance(folder: Path) -> None:
    """The suite for adapters runs here, and the fake host passes it."""
    (folder / "a.mov").write_bytes(b"a movie")
    host = FakeHost(folder / "a.mov")
    report = HostConformance(host, folder, pump=host.pump).run()
    assert json.loads(json.dumps(report))["passed"], report


def check_session(service: ScriptedService, folder: Path) -> None:
    """A clip is selected, a form filled, a job sent, and its take placed."""
    schema = {"properties": {"tail": {"type": "integer", "default": 0, "title": "Tail"}}}
    card = {"name": "extend", "title": "Extend", "help": "", "inputs": {"plate": "needed"},
            "values_schema": schema}  # fmt: skip
    service.answers.update({
        "GET /v1/tasks": {"tasks": [card]}, "GET /v1/jobs": {"jobs": []},
        "GET /v1/takes": {"takes": []}, "GET /v1/models": {"models": []}, "GET /v1/system": {},
        "POST /v1/jobs": lambda job: {"id": job["id"], "state": "queued", "job": job},
    })  # fmt: skip
    host = FakeHost(folder / "a.mov")
    session = Session(host, lambda waiting: service.client, lambda: None, folder / "keep")
    session.start()
    host.pump_until(lambda: session.desk.task)
    session.set("tail", "4")
    assert session.shoot()
    host.pump_until(lambda: session.dailies.jobs)
    [entry] = session.dailies.jobs.values()
    assert from_json(Job, to_json(entry.job)).values == {"tail": 4}
    take = Take(entry.id, 1, 7, "/t.mov", FrameRange(4, 15), Rate.of(24), 4, 3)
    service.tell(Event("take", entry.id, "", 1, 4, take=take))
    host.pump_until(session.takes)
    session.place(f"{entry.id}-1")
    host.pump_until(lambda: session.placed)
    assert [len(each.range) for each in host.takes()] == [12]
    session.close()


if __name__ == "__main__":
    os.environ.pop("SECONDUNIT_PYTHON", None)
    with ScriptedService() as scripted, tempfile.TemporaryDirectory() as folder:
        check_asking(scripted)
        check_events(scripted)
        check_finding(scripted, Path(folder))
        check_conformance(Path(folder))
        check_session(scripted, Path(folder))
    assert not {"numpy", "torch", "secondunit"} & set(sys.modules)
    sys.stdout.write(f"{sys.version_info[0]}.{sys.version_info[1]}\n")
