"""Blender as Python's own module, one of each version we stand for, and checks inside it."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from secondunit_panel.service import found

HERE = Path(__file__).parent
VERSIONS = {"4.5.15": "3.11", "5.2.3": "3.13"}
"""Each bpy we are tested on, and the Python it is made for."""

SCRIPTS = (
    "inside_cut.py", "inside_placing.py", "inside_pump.py", "inside_panel.py",
    "inside_editors.py", "inside_camera.py", "inside_guides.py", "inside_drawing.py",
)  # fmt: skip
"""What runs inside Blender, each script in one process: functions called check_ with a `Stage`."""

_PATIENCE = 900.0  # seconds that another process may take to fetch Blender
PATIENCE = 120.0  # seconds
SERVE = "from secondunit.cli import main; main()"


@dataclass
class Blender:
    """A Blender without a window: its version, and the Python that can import it."""

    version: str
    python: Path
    ran: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def command_line(self) -> Path:
        """Blender's own tool for extensions."""
        [found] = self.python.parents[1].glob(
            "lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
        )
        return found

    def run(self, script: Path, *arguments: object, **env: str) -> subprocess.CompletedProcess:
        """Run a script in it; nothing of this user's settings is seen."""
        told = {key: each for key, each in os.environ.items() if not key.startswith("PYTHON")}
        return subprocess.run(
            [self.python, "-W", "error", script, *map(str, arguments)],
            env=told | {"LIBGL_ALWAYS_SOFTWARE": "1"} | env,
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip


def checks_in(script: str) -> list[str]:
    """The names of the checks in a script that runs inside Blender."""
    tree = ast.parse((HERE / script).read_text("utf-8"))
    found = [each.name for each in tree.body if isinstance(each, ast.FunctionDef)]
    return [name for name in found if name.startswith("check_")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each check in a script; those of one script and Blender share a process."""
    if "check" in metafunc.fixturenames:
        found = [f"{each}::{name}" for each in SCRIPTS for name in checks_in(each)]
        metafunc.parametrize("check", found, ids=[each.partition("_")[2] for each in found])


@pytest.fixture(scope="session", params=VERSIONS)
def bpy_python(request, repository) -> Blender:
    """A Blender, fetched by pip once, into .venv-bpy or the folder $SECONDUNIT_BPY names."""
    version = request.param
    home = Path(os.environ.get("SECONDUNIT_BPY") or repository / ".venv-bpy")
    folder = home / version
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / ".ready"
    if not ready.exists():
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home / f".{version}.lock"):
            if not ready.exists():
                _fetch(version, folder, python)
                ready.touch()
    return Blender(version, python)


@pytest.fixture(scope="session")
def inside(bpy_python, plate, tmp_path_factory) -> Callable[[str, str], None]:
    """Runs a script's checks in Blender, all in one process, and tells of one how it went."""

    def hold(script: str, check: str) -> None:
        if script not in bpy_python.ran:
            bpy_python.ran[script] = _ran(bpy_python, script, plate, tmp_path_factory)
        why = bpy_python.ran[script].get(check, "Blender ended before it came to this check")
        assert not why, why

    return hold


@pytest.fixture(scope="session")
def plate() -> Path:
    """A movie of 24 frames, 320x180, 24 a second."""
    from secondunit.demo import FOOTAGE

    return FOOTAGE / "plate.mov"


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The data folder of a user whose engine runs."""
    folder = tmp_path_factory.mktemp("blender's user ä") / "data"
    folder.mkdir()
    env = os.environ | {
        "SECONDUNIT_DATA": str(folder), "SECONDUNIT_MODELS": str(folder / "models"),
        "SECONDUNIT_DEVICE": "cpu", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    log = (folder / "log").open("wb")
    engine = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve"], env=env, stdout=log, stderr=log
    )
    end = time.monotonic() + PATIENCE
    while found(folder) is None:
        assert engine.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < end, "the engine does not come"
        time.sleep(0.2)
    yield folder
    engine.terminate()
    engine.wait(30)
    log.close()


def _ran(blender: Blender, script: str, plate: Path, folders: Any) -> dict[str, str]:
    folder = folders.mktemp(f"{Path(script).stem}-{blender.version} ä 漢")
    out = folder / "told.json"
    done = blender.run(
        HERE / "in_blender.py", script, folder, plate, out,
        BLENDER_USER_RESOURCES=str(folder / "blender"), SECONDUNIT_DATA=str(folder / "data"),
        SECONDUNIT_PYTHON=str(folder / "no python"), HOME=str(folder), XDG_CONFIG_HOME=str(folder),
    )  # fmt: skip
    try:
        return json.loads(out.read_text("utf-8"))
    except (OSError, ValueError):
        pytest.fail(f"Blender {blender.version} died ({done.returncode}):\n{done.stderr[-3000:]}")


def _fetch(version: str, folder: Path, python: Path) -> None:
    made_for = VERSIONS[version]
    own = _python(made_for)
    if own is None:
        _without(f"Blender {version} needs a Python {made_for}, which is not here")
    if not python.exists():
        subprocess.run([own, "-m", "venv", folder], check=True, capture_output=True)
    quiet = ["--disable-pip-version-check", "-q", "-q"]
    done = subprocess.run(
        [python, "-m", "pip", *quiet, "install", f"bpy=={version}"], capture_output=True, text=True
    )
    if done.returncode:
        _without(f"Blender {version} cannot be fetched: {done.stderr.strip()[-300:]}")


def _without(why: str) -> None:
    """Blender has to be there where the whole of the tests has to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def _python(version: str) -> str | None:
    """A Python of that version, also one that pyenv keeps aside."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")]
    aside = [str(each) for root in roots for each in root.glob(f"versions/{version}*/bin/python")]
    for each in (shutil.which(f"python{version}"), *aside):
        if each:
            asked = subprocess.run([each, "-c", "import sys; print(sys.version)"],
                                   capture_output=True, text=True)  # fmt: skip
            if re.match(re.escape(version) + r"\.", asked.stdout):
                return each
    return None


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time; one that died is waited for no longer than a fetch takes."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > end:
                lock.unlink(missing_ok=True)
            time.sleep(0.5)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
