"""A scripted service, a fake host and panels in it, as the panel is tested with."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.wire import from_json
from secondunit_panel.session import Session
from secondunit_panel.testing import ScriptedService

NAME = "secondunit_fake_host"
POINT = {"type": "object", "properties": {"x": {}, "y": {}}}
CARDS = [
    {"name": "insert", "title": "Insert", "help": "", "inputs": {"before": "optional",
     "after": "optional"}, "values_schema": {"properties": {
         "prompt": {"type": "string", "default": "", "title": "What we see"},
         "frames": {"type": "integer", "default": 24, "minimum": 1},
         "head": {"type": "integer", "default": 0}}}},
    {"name": "extend", "title": "Extend", "help": "", "inputs": {"plate": "needed"},
     "values_schema": {"properties": {
         "prompt": {"type": "string", "default": "", "title": "What is beyond"},
         "head": {"type": "integer", "default": 0, "minimum": 0, "title": "Head"},
         "tail": {"type": "integer", "default": 0, "minimum": 0, "title": "Tail"}}}},
    {"name": "matte", "title": "Matte", "help": "", "inputs": {"plate": "needed",
     "matte": "optional"}, "makes": "matte", "values_schema": {"properties": {
         "subject": {"type": "string", "default": "", "title": "Subject"},
         "points": {"type": "array", "default": [], "items": POINT}}}},
    {"name": "odd", "title": "Odd", "help": "", "fault": "no module named odd"},
]  # fmt: skip


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    with ScriptedService() as service:
        yield service


@pytest.fixture
def engine(service) -> ScriptedService:
    """A scripted service with tasks, an empty queue, and jobs that it takes on."""
    service.answers |= {
        "GET /v1/tasks": {"tasks": CARDS},
        "GET /v1/jobs": {"jobs": []},
        "GET /v1/takes": {"takes": []},
        "GET /v1/models": {"models": [{"name": "m", "reach": {"memory_gb": 11}, "short": ""}]},
        "GET /v1/system": {"machine": {"gpus": [{"memory": 24e9}]}},
        "POST /v1/jobs": lambda job: {"id": job["id"], "state": "queued", "job": job},
    }
    return service


@pytest.fixture(scope="session")
def fake_host() -> ModuleType:
    """The module with the fake host: FakeHost, Moods, FAULTS."""
    path = Path(__file__).with_name("fake_host.py")
    spec = importlib.util.spec_from_file_location(NAME, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def host(fake_host, tmp_path):
    """A fake host with a clip of eight frames selected."""
    media = tmp_path / "shots" / "juggle_b.mov"
    media.parent.mkdir()
    media.write_bytes(b"a movie")
    return fake_host.FakeHost(media)


class Panels:
    """Opens panels in the fake host, and speaks for the engine."""

    def __init__(self, host, engine, folder: Path) -> None:
        self.host, self.engine, self.folder = host, engine, folder
        self.opened: list[Session] = []

    def __call__(self, find=None, look=lambda: None, wait: bool = True) -> Session:
        """A panel that has just been opened; `seen` holds what it told."""
        find = find or (lambda waiting: self.engine.client)
        session = Session(self.host, find, look, self.folder)
        session.seen = []
        session.observe(lambda *what: session.seen.append(what))
        self.opened.append(session)
        session.start()
        if wait:
            self.host.pump_until(lambda: session.desk.task)
        return session

    def jobs(self) -> list[Job]:
        """The jobs that were sent."""
        sent = [each for each in self.engine.asked if each[0] == "POST" and each[2]]
        return [from_json(Job, body) for _, path, body in sent if path.split("?")[0] == "/v1/jobs"]

    def shot(self, session: Session, **settings) -> Job:
        """The job the service got when what is on the desk was shot."""
        session.settle(**settings)
        before = len(self.jobs())
        assert session.shoot()
        self.host.pump_until(lambda: len(self.jobs()) > before and not session.drafts.waiting)
        return self.jobs()[-1]

    def took(self, job: Job, number: int = 1, head: int = 0, tail: int = 0) -> Take:
        """A take of a job, longer than its plate at both ends."""
        plate = job.inputs["plate"].range if "plate" in job.inputs else FrameRange(0, 11)
        lasting, seed = plate.with_handles(head, tail), job.seed + number - 1
        return Take(job.id, number, seed, f"/t/{number}.mov", lasting, Rate.of(24), 4, 3)

    def tell_take(self, job: Job, number: int = 1, **more) -> str:
        """Tell that a take is there; its id."""
        id, take = f"{job.id}-{number}", self.took(job, number, **more)
        told = Event("take", job.id, "", number, job.takes, take=take, extra={"id": id})
        self.engine.tell(told)
        return id

    def file(self, folder: Path, text: str) -> Path:
        """The file of drafts that comes to hold a text."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for path in folder.glob("*.json"):
                if text in path.read_text("utf-8"):
                    return path
            time.sleep(0.01)
        raise AssertionError(f"{text} is not kept")


@pytest.fixture
def panel(host, engine, tmp_path) -> Iterator[Panels]:
    """Opens panels, and closes them."""
    panels = Panels(host, engine, tmp_path / "keep")
    yield panels
    for each in panels.opened:
        each.close()
