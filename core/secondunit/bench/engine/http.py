"""What the service costs: a whole job through HTTP, being taken on while one is shot and many
listen, and the memory of its process as the days go by.
"""

from __future__ import annotations

import json
import os
import selectors
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from secondunit.demo import FOOTAGE
from secondunit.service import discovery
from secondunit.settings import Settings
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job
from secondunit_contract.problem import ProgramFault
from secondunit_contract.wire import to_json

_STEPS, _PROCESSES, _PAIRS = 6, 3, 9
_LISTENERS, _SUBMITS = 50, 200
_FEW, _MANY = 50, 500
_PATIENCE = 300.0
_ALONE = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from secondunit.engine.local import Engine
from secondunit.settings import Settings
from secondunit_contract.job import Job
from secondunit_contract.wire import from_json

folder = Path(sys.argv[1])
settings = replace(Settings.found(), threads=1)
engine = Engine(settings, folder / "previews", rushes=folder / "rushes")
for line in sys.stdin:
    job = from_json(Job, json.loads(line))
    begun = time.perf_counter()
    engine.shoot(job)
    sys.stdout.write(f"{time.perf_counter() - begun}\\n")
    sys.stdout.flush()
"""
_PROGRAM = [sys.executable, "-c", "from secondunit.cli import main; main()", "serve"]


def http_ratio() -> float:
    """A job through the service over the same job in a process without one, shot one right after
    the other: the middle one of all such pairs.

    Models are loaded on both sides, pictures of what the model believes are made on both, and each
    computes with one thread. Single jobs scatter by a tenth and more; so there are many pairs,
    first one side begins and then the other, and each side has several processes, since a process
    keeps the luck it had with the places of its memory.
    """
    ratios: list[float] = []
    for _ in range(_PROCESSES):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with _service(folder) as service, _alone(folder) as shot_here:
                for number in range(_PAIRS + 1):
                    job = _job(folder, f"pair_{number}")
                    there = service.shot(job) if number % 2 else 0.0
                    here = shot_here(_aside(job))
                    there = there or service.shot(job)
                    if number:  # the first pair loaded the models
                        ratios.append(there / here)
    return statistics.median(ratios)


def _aside(job: Job) -> Job:
    """The same job, its take beside."""
    path = Path(job.output)
    return replace(job, id=f"{path.stem}_aside", output=str(path.with_stem(f"{path.stem}_aside")))


@contextmanager
def _alone(folder: Path) -> Iterator[Callable[[Job], float]]:
    """A process with nothing but an engine; asked for a job, it tells the seconds that took."""
    env = os.environ | {"SECONDUNIT_DATA": str(_settings(folder).data), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _ALONE, str(folder)]
    with subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def shot(job: Job) -> float:
            if process.stdin is None or process.stdout is None:
                raise ProgramFault("The engine under test cannot be spoken to")
            process.stdin.write(json.dumps(to_json(job)) + "\n")
            process.stdin.flush()
            told = process.stdout.readline()
            if not told:
                raise ProgramFault("The engine under test went away")
            return float(told)

        yield shot
        process.terminate()


def submit_p99_ms() -> float:
    """Milliseconds until a job is taken on, of a hundred the second slowest, while a job is shot
    and 50 clients listen.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        _service(Path(name)) as service,
        service.listened_to(_LISTENERS),
    ):
        service.begun(replace(_job(Path(name), "long"), steps=1000))
        taken = []
        for number in range(_SUBMITS):
            job = to_json(_job(Path(name), f"waiting_{number}"))
            begun = time.perf_counter()
            service.ask("POST", "/v1/jobs", job)
            taken.append(time.perf_counter() - begun)
        service.ask("POST", "/v1/queue/pause")
    return 1000 * sorted(taken)[int(0.99 * len(taken))]


def memory_ratio() -> float:
    """What the service's process holds after 500 jobs over what it held after 50."""
    with tempfile.TemporaryDirectory() as name, _service(Path(name)) as service:
        held: list[int] = []
        for jobs in (_FEW, _MANY - _FEW):
            service.all_shot([_short(Path(name), len(held) * _FEW + n) for n in range(jobs)])
            held.append(service.memory())
    return held[1] / held[0]


def _short(folder: Path, number: int) -> Job:
    """A job on nine small frames, of one step."""
    return replace(
        _job(folder, f"short_{number}"), id=f"short-{number}", values={"left": 16}, steps=1
    )


def _job(folder: Path, name: str) -> Job:
    return Job(
        "extend",
        str(folder / "takes" / f"{name}.mov"),
        inputs={"plate": Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 8))},
        values={"left": 80, "right": 80, "top": 45, "bottom": 45},
        steps=_STEPS,
    )


def _settings(folder: Path) -> Settings:
    return replace(Settings.found(), data=folder / "data", threads=1)


class _Service:
    """A service in a process of its own, and a connection to it."""

    def __init__(self, here: discovery.Here) -> None:
        self._here = here
        self._head = {"Authorization": f"Bearer {here.token}"}
        self._connection = HTTPConnection("127.0.0.1", here.port, timeout=_PATIENCE)

    def close(self) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """An answer; on a connection that stays. Raises ProgramFault for a problem."""
        raw = None if body is None else json.dumps(body)
        self._connection.request(method, path, raw, self._head)
        answer = self._connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        if answer.status >= 300:
            raise ProgramFault(f"The service under test refuses: {told['what']}")
        return told

    def shot(self, job: Job) -> float:
        """Seconds from asking for a job until it is heard to be done."""
        self._connection.close()  # it may have been idle too long; asking opens it
        with self._stream() as lines:
            begun = time.perf_counter()
            self._until(lines, self.ask("POST", "/v1/jobs", to_json(job))["id"], "done")
            return time.perf_counter() - begun

    def begun(self, job: Job) -> None:
        """Have a job shot, and wait until its first step is done."""
        with self._stream() as lines:
            id = self.ask("POST", "/v1/jobs", to_json(job))["id"]
            self._until(lines, id, "progress", "preview")

    def all_shot(self, jobs: Sequence[Job]) -> None:
        """Have jobs shot, and wait for the last of them."""
        self._connection.close()  # it may have been idle too long; asking opens it
        with self._stream() as lines:
            for job in jobs:
                self.ask("POST", "/v1/jobs", to_json(job))
            self._until(lines, jobs[-1].id, "done")

    def memory(self) -> int:
        """Bytes that its process holds."""
        return int(psutil.Process(self._here.pid).memory_info().rss)

    @contextmanager
    def listened_to(self, count: int) -> Iterator[None]:
        """So many clients listen, and read what they hear."""
        over = threading.Event()
        connections = [self._listening() for _ in range(count)]
        with selectors.DefaultSelector() as all_of_them:
            for each in connections:
                all_of_them.register(each.sock, selectors.EVENT_READ)
            reading = threading.Thread(target=_read_on, args=(all_of_them, over))
            reading.start()
            try:
                yield
            finally:
                over.set()
                reading.join()
                for each in connections:
                    each.close()

    def _listening(self) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self._here.port, timeout=_PATIENCE)
        connection.request("GET", "/v1/events", headers=self._head)
        return connection

    @contextmanager
    def _stream(self) -> Iterator[Iterator[bytes]]:
        connection = self._listening()
        with connection.getresponse() as answer:
            answer.readline()  # the greeting has come: from here on all is heard
            yield iter(answer.readline, b"")
        connection.close()

    def _until(self, lines: Iterator[bytes], id: str, *kinds: str) -> None:
        for line in lines:
            if line.startswith(b"data:"):
                event = json.loads(line[5:]).get("event", {})
                if event.get("job") == id and event["kind"] in (*kinds, "problem", "cancelled"):
                    if event["kind"] in kinds:
                        return
                    raise ProgramFault(f"The job under test ended so: {event}")
        raise ProgramFault("The service under test went away")


def _read_on(connections: selectors.BaseSelector, over: threading.Event) -> None:
    while not over.is_set():
        for key, _ in connections.select(0.1):
            if not key.fileobj.recv(65536):  # type: ignore[union-attr]
                connections.unregister(key.fileobj)


@contextmanager
def _service(folder: Path) -> Iterator[_Service]:
    data = _settings(folder).data
    env = os.environ | {"SECONDUNIT_DATA": str(data), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(_PROGRAM, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + _PATIENCE
            while (here := discovery.found(data)) is None:
                if process.poll() is not None or time.monotonic() > until:
                    raise ProgramFault("The service under test did not start")
                time.sleep(0.05)
            service = _Service(here)
            yield service
            service.close()
        finally:
            process.terminate()
            process.wait(30)
