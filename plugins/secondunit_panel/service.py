"""Finding the service of this user, or starting it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from secondunit_contract.problem import MachineProblem, PartMissing, Problem, ProgramFault
from secondunit_panel.client import PROTOCOL, Client

PATIENCE = 60.0
"""Seconds a service may take to be ready; a cold disk is slow."""

_START = "from secondunit.cli import main; main()"
# A host's own Python must not be taken for the engine's, nor its libraries.
_OF_THE_HOST = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "LD_LIBRARY_PATH",
                "DYLD_LIBRARY_PATH", "LD_PRELOAD", "QT_PLUGIN_PATH")  # fmt: skip


class ProtocolOther(MachineProblem):
    """The service speaks another protocol than this panel."""

    code = "service.protocol"


def data_folder() -> Path:
    """Where the service keeps what it knows: SECONDUNIT_DATA, else the user's data folder."""
    if named := os.environ.get("SECONDUNIT_DATA"):
        return Path(named)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(local) / "secondunit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "secondunit"
    named = os.environ.get("XDG_DATA_HOME", "").strip()
    return (Path(named) if named else Path.home() / ".local" / "share") / "secondunit"


def found(data: Path | None = None) -> Client | None:
    """The service that is at work for this user; None where there is none.

    A file left by one that has died is none. Raises ProtocolOther for one that speaks otherwise.
    """
    folder = data or data_folder()
    told = _read(folder / "service.json")
    port, token = told.get("port"), told.get("token")
    if not isinstance(port, int) or not isinstance(token, str) or not _alive(told.get("pid")):
        return None

    def again() -> tuple[str, str]:
        other = found(folder)
        if other is None:
            raise MachineProblem("The engine is away", str(folder))
        return other.base, other.token

    client = Client(f"http://127.0.0.1:{port}", token, again)
    try:
        here = client.health()
    except Problem:
        return None
    if here.get("service") != "secondunit":
        return None
    _refuse_other(here.get("protocol"), str(told.get("version", "")))
    return client


def find_or_start(
    data: Path | None = None,
    patience: float = PATIENCE,
    waiting: Callable[[float], None] | None = None,
) -> Client:
    """The service of this user, started where there was none. Call it from no host's main thread.

    `waiting` is told now and then for how many seconds it has been waited. Raises PartMissing where
    nobody knows the engine's Python, MachineProblem where it does not come, ProtocolOther.
    """
    folder = data or data_folder()
    client = found(folder)
    if client is not None:
        return client
    begun = time.monotonic()
    process = start(folder)
    while (passed := time.monotonic() - begun) < patience:
        client = found(folder)
        if client is not None:
            return client
        # One that another panel started at the same moment may be the one that serves.
        if process.poll() not in (None, 0):
            raise MachineProblem(
                "The engine could not be started", _last_words(folder), "Run `secondunit doctor`"
            )
        if waiting is not None:
            waiting(passed)
        time.sleep(0.1)
    raise MachineProblem(
        f"The engine is not ready after {patience:.0f} s",
        str(folder / "service.log"),
        "Try again; on a slow disk the first start takes longer",
    )


def start(data: Path) -> subprocess.Popen[bytes]:
    """Start the service and leave it to itself: it outlives the host. Raises PartMissing."""
    python = engine_python(data)
    env = {key: each for key, each in os.environ.items() if key not in _OF_THE_HOST}
    env["SECONDUNIT_DATA"] = str(data)
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW}
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(data / "service.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as log:
            return subprocess.Popen(
                [python, "-c", _START, "serve"],
                env=env, cwd=str(data), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **alone,
            )  # fmt: skip
    except OSError as error:
        raise PartMissing(
            f"The engine cannot be started: {error.strerror or error}",
            python,
            "Start it once by hand, with `secondunit serve`",
        ) from error


def engine_python(data: Path) -> str:
    """The engine's own Python: SECONDUNIT_PYTHON, else as engine.json in the data folder tells.

    The service writes that file each time it is started. Raises PartMissing.
    """
    named = os.environ.get("SECONDUNIT_PYTHON") or _read(data / "engine.json").get("python")
    if not isinstance(named, str) or not named:
        raise PartMissing(
            "Nobody has said where the engine is installed",
            str(data / "engine.json"),
            "Start it once by hand, with `secondunit serve`",
        )
    return named


def _refuse_other(protocol: object, version: str) -> None:
    if protocol != PROTOCOL:
        newer = isinstance(protocol, int) and protocol > PROTOCOL
        raise ProtocolOther(
            f"The engine {version} speaks protocol {protocol}, this panel {PROTOCOL}",
            remedy="Install the newer panel" if newer else "Install the newer engine",
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _alive(pid: object) -> bool:
    """Whether there is such a process. Windows has no harmless way to ask: there it may be."""
    if not isinstance(pid, int) or pid < 1:
        return False
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _last_words(data: Path) -> str:
    try:
        text = (data / "service.log").read_text("utf-8", "replace")
    except OSError as error:
        raise ProgramFault(f"Its log cannot be read: {error}", str(data)) from error
    return text[-600:].strip()
