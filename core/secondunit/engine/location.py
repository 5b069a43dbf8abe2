"""On location: a worker on a machine of a cluster. It does there what engine.worker does here."""

from __future__ import annotations

import os
import platform
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from secondunit.engine.voice import Voice
from secondunit.settings import Settings
from secondunit_contract.problem import MachineProblem, Problem


@dataclass(frozen=True)
class Brief:
    """What somebody who goes on location has to know.

    `data` is the unit's data folder by its name there, `threads` how many compute: the last bits
    of a take hang on it. `version` is that of who calls.
    """

    name: str
    version: str
    data: str
    threads: int
    brought: str = ""


class OnLocation:
    """A worker on a cluster's machine, made an actor by who calls it. Two calls run at once.

    Models, device and their settings are that machine's own. Where the unit's data folder is on a
    disk that both share, rushes and previews are kept in it, else there are none: a job that is
    broken off then goes on behind its last take, not behind its last window.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def order(self, line: bytes | None, before: object = None) -> None:
        """Tell it what to do, a line as engine.crew says; None ends its work.

        `before` is what the order before this one gave: it has arrived, then.
        """
        self._orders.put(line)

    def work(self, brief: dict[str, Any]) -> Iterator[bytes]:
        """All it tells, a line at a time, until its work has ended."""
        told = _Told()
        threading.Thread(target=self._shift, args=(Brief(**brief), told), daemon=True).start()
        # No "yield from": Ray 2.60 sends the generator values, which that passes on to no avail.
        while (line := told.lines.get()) is not None:
            yield line

    def _shift(self, brief: Brief, told: _Told) -> None:
        voice = Voice(told)
        try:
            self._at_work(brief, voice)
        except Problem as problem:
            voice.say({"refused": problem.to_json()})
        finally:
            told.lines.put(None)

    def _at_work(self, brief: Brief, voice: Voice) -> None:
        # What shoots is loaded there alone: whoever calls us knows this class, too.
        from secondunit.engine.worker import Shift, come_alone, engine_of

        if brief.version != version():
            raise MachineProblem(
                f"Second Unit is {version()} on the cluster's machine, and {brief.version} here",
                platform.node(),
                "Install the same version on both",
            )
        data = shared(Path(brief.data))
        if data:
            come_alone(data, brief.name)
        settings = replace(Settings.found(), threads=brief.threads)
        engine = engine_of(settings, brief.brought, data)
        voice.say({"ready": {"process": os.getpid(), "machine": platform.node()}})
        Shift(engine, voice).work(iter(self._orders.get, None))


class _Told:
    """What was told, a line at a time."""

    def __init__(self) -> None:
        self.lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def write(self, line: bytes, /) -> None:
        self.lines.put(line)

    def flush(self) -> None:
        """A line is passed on at once."""


def shared(data: Path) -> Path | None:
    """The unit's data folder where it is within reach; None else."""
    return data if (data / "unit.lock").is_file() else None


def version() -> str:
    """The version of Second Unit here."""
    try:
        return metadata.version("secondunit")
    except metadata.PackageNotFoundError:
        return "unknown"
