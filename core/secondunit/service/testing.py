"""A service for tests: a real one on a free port, with a worker whose takes are drawn, not shot."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn

from secondunit.callsheet import Size
from secondunit.engine.crew import Hear, Heard
from secondunit.engine.unit import Unit
from secondunit.ledger.book import Book
from secondunit.media.depth import Depth
from secondunit.media.format import Format
from secondunit.media.write import create
from secondunit.service.app import build
from secondunit.service.auth import Keys
from secondunit.service.roots import Roots
from secondunit.service.serving import Server, bound_to
from secondunit.settings import Settings
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import Problem, ProgramFault
from secondunit_contract.wire import from_json

FRAMES, RATE = 24, Rate.of(24)
SIZE = Size(320, 180)


@dataclass
class ScriptedWorker:
    """Draws takes: a square that moves over grey, another grey and another pace for each seed.

    `hold` set, it stops before each take until it is let go with `go_on`; `problem` it fails with;
    `ask` it asks first. All it was told is in `told`.
    """

    name: str = "scripted"
    hold: bool = False
    problem: Problem | None = None
    ask: str = ""
    steps: int = 4
    told: list[dict[str, Any]] = field(default_factory=list)
    _go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stopped: threading.Event = field(default_factory=threading.Event)
    _hear: Hear | None = None

    def start(self, hear: Hear) -> None:
        """Come to work."""
        self._hear = hear
        hear(Heard(ready={}))

    def tell(self, message: dict[str, Any]) -> None:
        """Shoot, in a thread of its own, or stop."""
        self.told.append(message)
        if message["do"] == "stop":
            self._stopped.set()
            self.go_on()
        else:
            self._stopped.clear()
            threading.Thread(target=self._shoot, args=(message,), daemon=True).start()

    def go_on(self, takes: int = 1) -> None:
        """Let it draw so many takes more."""
        self._go.release(takes)

    def end(self) -> None:
        """Leave."""
        self._stopped.set()
        self.go_on()
        if self._hear:
            self._hear(Heard(left=True))

    def kill(self) -> None:
        """Leave at once."""
        self.end()

    def _say(self, event: Event) -> None:
        if self._hear:
            self._hear(Heard(event=event))

    def _shoot(self, order: dict[str, Any]) -> None:
        job = from_json(Job, order["job"])
        if self.problem is not None:
            told = self.problem.to_json()
            self._say(Event("problem", job.id, message=str(self.problem), problem=told))
            return
        if self.ask:
            self._say(Event("ask", job.id, "matte", message=self.ask, extra={"frame": 57}))
        total = self.steps * len(order["takes"])
        for place, number in enumerate(order["takes"]):
            for step in range(self.steps):
                done = place * self.steps + step
                self._say(Event("progress", job.id, "shooting", done, total, (total - done) / 10))
            if self.hold:
                self._go.acquire()
            if self._stopped.is_set():
                self._say(Event("cancelled", job.id))
                return
            self._say(Event("take", job.id, take=drawn(job, number)))
        self._say(Event("done", job.id))


def drawn(job: Job, number: int, size: Size = SIZE, frames: int = FRAMES) -> Take:
    """A take of a job, drawn onto the disk."""
    path = Path(job.output.replace("{take}", f"{number:03d}"))
    path = path if path.suffix else path.with_name(path.name + ".mov")
    seed = job.seed + number - job.first_take
    with create(path, Format("ffv1", size, RATE, Depth(8, False), False)) as writer:
        for frame in range(frames):
            writer.write(picture(seed, frame, size))
    return Take(
        job.id, number, seed, str(path), FrameRange.starting(1001, frames), RATE, *size,
        sheet=str(sheet_of(path, size)),
    )  # fmt: skip


def picture(seed: int, frame: int, size: Size = SIZE) -> Any:
    """A frame (H,W,3) uint8; its bottom row is lit from the left, a 24th of it a frame."""
    canvas = np.full((size.height, size.width, 3), 60 + 17 * (seed % 8), np.uint8)
    left = (20 + frame * (4 + seed % 4)) % (size.width - 40)
    canvas[60:100, left : left + 40] = (232, 163, 61)
    canvas[-12:, : round(size.width * (frame + 1) / FRAMES)] = 230
    return canvas


def sheet_of(path: Path, size: Size) -> Path:
    """A contact sheet beside a take: one of its frames."""
    from PIL import Image

    sheet = path.with_name("sheet.png")
    Image.fromarray(picture(0, 0, size)).save(sheet)
    return sheet


@dataclass
class Served:
    """A service at work in this process."""

    unit: Unit
    worker: ScriptedWorker
    keys: Keys
    data: Path
    port: int
    app: Any

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(
    data: Path,
    worker: ScriptedWorker | None = None,
    roots: Roots | None = None,
    heartbeat: float = 15.0,
    port: int = 0,
) -> Iterator[Served]:
    """A service with a scripted worker, its ledger in a folder, while it lasts."""
    worker, keys = worker or ScriptedWorker(), Keys("token-of-a-test")
    settings = Settings(models=data / "models", device="cpu", data=data)
    data.mkdir(parents=True, exist_ok=True)
    book = Book(data / "ledger.sqlite")
    with Unit(book, [worker], settings) as unit, bound_to(port) as bound:
        app = build(unit, settings, keys, roots, heartbeat)
        config = uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="on", ws="none",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = Server(config)
        thread = threading.Thread(
            target=asyncio.run, args=(server.serve([bound]),), name="served", daemon=True
        )
        thread.start()
        try:
            _wait(server)
            yield Served(unit, worker, keys, data, bound.getsockname()[1], app)
        finally:
            server.should_exit = True
            thread.join(60)
            if thread.is_alive():  # its socket must not be closed under it
                raise ProgramFault("The service of a test does not end")
    book.close()


def _wait(server: Server) -> None:
    until = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > until:
            raise ProgramFault("The service of a test did not start")
        time.sleep(0.01)
