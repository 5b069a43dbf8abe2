"""Where the service is: a file in the data folder that only its user can read."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from secondunit.media.refusals import writing
from secondunit.service import PROTOCOL

NAME = "service.json"
ENGINE = "engine.json"


@dataclass(frozen=True)
class Here:
    """A service that is at work: its process, its port, the token, and what it speaks."""

    pid: int
    port: int
    token: str
    version: str
    protocol: int = PROTOCOL
    started: float = 0.0

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"


def announce(data: Path, port: int, token: str, version: str) -> Here:
    """Write that we are here; whole or not at all. Raises NotWritable, DiskFull."""
    here = Here(os.getpid(), port, token, version, started=time.time())
    _write(data / NAME, asdict(here))
    return here


def leave_the_way(data: Path) -> None:
    """Write which Python this is, so that a panel can start us. Raises NotWritable, DiskFull."""
    _write(data / ENGINE, {"python": sys.executable})


def found(data: Path) -> Here | None:
    """What the file tells; None where there is none, or none that can be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        told = json.loads((data / NAME).read_text("utf-8"))
        return Here(**{each: told[each] for each in Here.__dataclass_fields__})
    return None


def withdraw(data: Path, here: Here) -> None:
    """Take the file away, where it still tells of us."""
    if found(data) == here:
        with suppress(OSError):
            (data / NAME).unlink()


def _write(path: Path, told: dict[str, Any]) -> None:
    """A file for this user's eyes, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with writing(path):
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.replace(part, path)
