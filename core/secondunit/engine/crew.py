"""The crew: workers that shoot, each in a process of its own, and how one talks with them.

A worker is told and tells in JSON, an object a line. It is told what to do:

    {"do": "shoot", "job": {…}, "takes": [3, 4], "frugality": 0}    these takes of a job
    {"do": "stop"}                                                  break the job off

and tells {"ready": {…}} once, {"event": {…}} while it shoots, the last one "done", "cancelled" or
"problem", and {"refused": {…}}, a problem, when it cannot begin at all. It ends when nobody can
talk to it any more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol

from secondunit.engine.machine import gpus
from secondunit.ledger.lock import Lock
from secondunit.settings import Settings
from secondunit_contract.job import Event
from secondunit_contract.problem import MachineProblem, NotWritable, Problem, problem_from_json
from secondunit_contract.wire import from_json

_LONGEST = 32 << 20  # bytes of a line; a job of a thousand splines is shorter
_LOG = 512 << 10  # bytes of a log, and of the one before it
_SEEN = 600  # characters of a log's end that are told


@dataclass(frozen=True)
class Heard:
    """Something a worker told: that it is ready, an event, why it cannot begin, or that it left."""

    ready: dict[str, Any] | None = None
    event: Event | None = None
    refused: Problem | None = None
    left: bool = False
    last_words: str = ""


Hear = Callable[[Heard], None]


class Worker(Protocol):
    """Somebody who shoots one job at a time."""

    name: str

    def start(self, hear: Hear) -> None:
        """Come to work. `hear` gets all it tells, from any thread; that it left, last and once.

        Raises MachineProblem when it cannot be called.
        """
        ...

    def tell(self, message: dict[str, Any]) -> None:
        """Tell it what to do; somebody who has left does not hear it."""
        ...

    def end(self) -> None:
        """Let it go, with its memory, as soon as it can."""
        ...

    def kill(self) -> None:
        """End it now, whatever it does."""
        ...


class InProcess:
    """A worker one talks with through a process on this machine, once it is `_at_work`."""

    _at_work: Process | None

    def tell(self, message: dict[str, Any]) -> None:
        """Write it a line."""
        if self._at_work:
            self._at_work.tell(message)

    def end(self) -> None:
        """Close its stdin: it ends of itself."""
        if self._at_work:
            self._at_work.end()

    def kill(self) -> None:
        """Kill it."""
        if self._at_work:
            self._at_work.popen.kill()


@dataclass
class LocalWorker(InProcess):
    """A process on this machine.

    `brought` names a function, "module:function", whose models it can shoot with beside those on
    disk. What its libraries say goes into a log in the data folder, which stays small.
    """

    settings: Settings
    name: str = "worker"
    brought: str = ""
    _at_work: Process | None = field(default=None, repr=False)

    def start(self, hear: Hear) -> None:
        """Start the process. Raises MachineProblem."""
        command = [sys.executable, "-m", "secondunit.engine.worker", "--name", self.name]
        if self.brought:
            command += ["--brought", self.brought]
        where = {
            "SECONDUNIT_DATA": str(self.settings.data),
            "SECONDUNIT_MODELS": str(self.settings.models),
            "SECONDUNIT_DEVICE": self.settings.device,
            "SECONDUNIT_ENGINES": str(self.settings.engines),
            "PYTHONUNBUFFERED": "1",
        }
        log = log_of(self.settings.data, self.name)
        self._at_work = Process(command, os.environ | where, log, hear)


def local_crew(settings: Settings, brought: str = "") -> list[LocalWorker]:
    """A worker for each of this machine's GPUs; one where it has none, or where a device is named.

    Names begin with "worker", the first is no other: what it is called does not change with GPUs.
    """
    count = _gpus_shown() if settings.device == "auto" else 0
    if count < 2:
        return [LocalWorker(settings, brought=brought)]
    return [
        LocalWorker(
            replace(settings, device=f"cuda:{at}"), f"worker-{at + 1}" if at else "worker", brought
        )
        for at in range(count)
    ]


def _gpus_shown() -> int:
    """How many GPUs a worker would see: CUDA_VISIBLE_DEVICES hides the others from it."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = len(gpus())
    return count if shown is None else min(count, len(list(filter(None, shown.split(",")))))


def log_of(data: Path, name: str) -> Path:
    """Where it is kept what a worker of that name complains about."""
    return data / "logs" / f"{name}.log"


def lock_of(data: Path, name: str) -> Lock:
    """What a worker of that name holds while its process lives."""
    return Lock(data / f"{name}.lock")


def gone(worker: Worker, data: Path, patience: float) -> bool:
    """Whether nobody of that name is at work on this machine, after waiting for at most so long."""
    lock = lock_of(data, worker.name)
    if not lock.path.exists():
        return True
    taken = lock.taken(patience)
    lock.let_go()
    return taken


class Process:
    """A worker's process, what it tells and what it complains about."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path, hear: Hear) -> None:
        self._hear, self._log = hear, _Log(log)
        self._writing = threading.Lock()
        try:
            self.popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=env,
                start_new_session=True,  # a Ctrl-C in the service's terminal is not for it
            )
        except OSError as error:
            raise MachineProblem(
                f"No worker could be started ({error.strerror or error})",
                command[0],
                "Install Second Unit again",
            ) from error
        self._complaining = threading.Thread(
            target=self._log.fill, args=(self.popen.stderr,), daemon=True
        )
        self._complaining.start()
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, message: dict[str, Any]) -> None:
        line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        with self._writing, suppress(OSError, ValueError):  # it left; that is told by _listen
            if self.popen.stdin:
                self.popen.stdin.write(line)
                self.popen.stdin.flush()

    def end(self) -> None:
        with self._writing, suppress(OSError):
            if self.popen.stdin:
                self.popen.stdin.close()

    def _listen(self) -> None:
        out = self.popen.stdout
        words, begun = "", False
        while out is not None and (line := out.readline(_LONGEST)):
            heard = understood(line)
            if heard is not None:
                begun = True
                self._hear(heard)
            elif begun and (line.endswith(b"\n") or len(line) >= _LONGEST):
                words = f"It told what nobody understands: {line[:80]!r}."
                self.popen.kill()
                break
        self.end()
        code = self.popen.wait()
        self._complaining.join(1.0)
        if out is not None:
            out.close()
        words += f" It ended with {code}. {self._log.end()}"
        self._hear(Heard(left=True, last_words=words.strip()))


def understood(line: bytes) -> Heard | None:
    """What a line says; None for one that nobody understands: libraries greet while they load."""
    try:
        told = json.loads(line)
        if isinstance(told, dict):
            if isinstance(told.get("ready"), dict):
                return Heard(ready=told["ready"])
            if isinstance(told.get("refused"), dict):
                return Heard(refused=problem_from_json(told["refused"]))
            if "event" in told:
                return Heard(event=from_json(Event, told["event"]))
    except (ValueError, TypeError, RecursionError):
        return None
    return None


class _Log:
    """A file that what is complained about goes to: at most two of a bounded size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = b""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise NotWritable(
                f"The data folder refuses us ({error.strerror or error})",
                str(path),
                "Choose a folder that you may write to, with SECONDUNIT_DATA",
            ) from error

    def fill(self, source: IO[bytes] | None) -> None:
        """All of a stream, as it comes. Where the disk takes no more, the end is kept alone."""
        if source is None:
            return
        while part := os.read(source.fileno(), 1 << 14):
            self._end = (self._end + part)[-4 * _SEEN :]
            with suppress(OSError):
                self._write(part)
        source.close()

    def end(self) -> str:
        """What was complained about last."""
        return self._end.decode("utf-8", "replace")[-_SEEN:].strip()

    def _write(self, part: bytes) -> None:
        if self._path.exists() and self._path.stat().st_size > _LOG:
            os.replace(self._path, self._path.with_suffix(".log.1"))
        with self._path.open("ab") as file:
            file.write(part)
