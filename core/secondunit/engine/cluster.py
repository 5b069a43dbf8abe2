"""A crew on a cluster: a worker for each of its GPUs, with the same words as one on this machine.

Media is on disks that all machines share. Where they call a folder by another name there,
Settings.path_map says so: a job leaves with the names they know, and what comes of it is told here
with ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from secondunit.engine.crew import Hear, Heard, InProcess, Process, log_of, understood
from secondunit.engine.location import Brief, version
from secondunit.engine.paths import back, event_there, job_there, mapped
from secondunit.engine.standing import whole
from secondunit.engine.threads import threads
from secondunit.settings import Settings
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import MachineProblem
from secondunit_contract.wire import from_json, to_json

_COMING = 120.0  # seconds the cluster may take to say what it has
_SHARED = 30.0  # seconds a shared disk may take to show here what was written there
_AGAIN = 0.1
_PLAIN = {"RAY_COLOR_PREFIX": "0"}  # what is told goes into a log


@dataclass
class RayWorker(InProcess):
    """A worker on some machine of a Ray cluster, with a GPU of its own or with none.

    A runner, a process on this machine, carries the words; see engine.runner. `brought` is as in
    LocalWorker: a module that is on the cluster's machines.
    """

    settings: Settings
    address: str
    name: str = "cluster-1"
    gpus: int = 0
    brought: str = ""
    _at_work: Process | None = field(default=None, repr=False)

    def start(self, hear: Hear) -> None:
        """Call it. Raises MachineProblem."""
        settings = self.settings
        brief = Brief(
            self.name,
            version(),
            mapped(str(settings.data), settings.path_map),
            threads(settings.threads),
            self.brought,
        )
        told = ["--gpus", str(self.gpus), "--brief", json.dumps(asdict(brief))]
        log = log_of(settings.data, self.name)
        self._at_work = Process(
            _runner(self.address) + told, os.environ | _PLAIN, log, partial(self._heard, hear)
        )

    def tell(self, message: dict[str, Any]) -> None:
        """Write it a line, with paths by the names they have there."""
        if "job" in message:
            job = job_there(from_json(Job, message["job"]), self.settings.path_map)
            message = message | {"job": to_json(job)}
        super().tell(message)

    def _heard(self, hear: Hear, heard: Heard) -> None:
        if heard.event is not None:
            event = event_there(heard.event, back(self.settings.path_map))
            if event.take is not None:
                _shown(event.take)
            heard = replace(heard, event=event)
        hear(heard)


def cluster_crew(settings: Settings, address: str, brought: str = "") -> list[RayWorker]:
    """A worker for each GPU of a cluster; one where it has none.

    `address` is that of its head, HEAD:6379, or "auto" on one of its machines. Raises PartMissing,
    BadValue, MachineProblem.
    """
    gpus = _gpus(address)
    return [
        RayWorker(settings, address, f"cluster-{number + 1}", int(gpus > 0), brought)
        for number in range(max(gpus, 1))
    ]


def _gpus(address: str) -> int:
    """How many GPUs a cluster has."""
    try:
        told = subprocess.run(
            [*_runner(address), "--count"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMING, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise MachineProblem(
            "The cluster does not answer", address, "Check the address, and that Ray runs there"
        ) from error
    heard = understood(told.stdout) or Heard()
    if heard.refused is not None:
        raise heard.refused
    if heard.ready is None:
        raise MachineProblem(
            "The cluster does not say what it has",
            f"{address}: {told.stderr.decode('utf-8', 'replace')[-300:].strip()}",
            "Check the address, and that Ray runs there",
        )
    return int(heard.ready.get("gpus", 0))


def _runner(address: str) -> list[str]:
    return [sys.executable, "-m", "secondunit.engine.runner", "--address", address]


def _shown(take: Take) -> None:
    """Wait until a take can be seen here: a shared disk shows a file later than it was written."""
    until = time.monotonic() + _SHARED
    while not whole(take) and time.monotonic() < until:
        time.sleep(_AGAIN)
