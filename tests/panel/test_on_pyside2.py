"""Everything of the panel that needs Qt, once more on the Qt of older hosts: real PySide2 5.15."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = ["PySide2==5.15.2.1", "qtpy==2.4.3", "requests==2.34.2", "pytest==9.2.0"]
LONGEST = 900  # seconds for all of it
HANGS = 180  # seconds after which one test of it says where it stands, and all is ended


@pytest.fixture(scope="module")
def old_python(repository) -> list[str]:
    """A real Python 3.10 with PySide2, set up once in .venv-pyside2; without one it is skipped."""
    path = repository / "tests" / "contract" / "test_old_python.py"
    spec = importlib.util.spec_from_file_location("old_python_of_the_contract", path)
    old = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(old)
    folder = repository / ".venv-pyside2"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = folder / ".ready"
    if ready.is_file() and ready.read_text() == "\n".join(PARTS):
        return [str(python)]
    for command, more in old.candidates():
        if old.run(command, more, "-c", old.SAYS_VERSION).stdout.strip() == old.OLDEST:
            old.run(command, more, "-m", "venv", "--clear", str(folder)).check_returncode()
            break
    else:
        pytest.skip(
            f"no Python {old.OLDEST} on this machine: nothing says the panel runs on PySide2"
        )
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", *PARTS]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"PySide2 could not be installed: {done.stderr.strip()[-200:]}")
    ready.write_text("\n".join(PARTS))
    return [str(python)]


def test_the_panel_passes_its_tests_on_pyside2(repository: Path, old_python: list[str]) -> None:
    env = {
        key: each for key, each in os.environ.items() if not key.startswith(("PYTEST_", "QT_"))
    } | {
        "PYTHONPATH": os.pathsep.join(str(repository / each) for each in ("core", "plugins")),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_API": "pyside2",
    }
    folder = "tests/panel/qt"
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--confcutdir=tests/panel", folder]
    words += ["-o", f"faulthandler_timeout={HANGS}", "-o", "faulthandler_exit_on_timeout=true"]
    done = subprocess.run(
        [*old_python, *words], cwd=repository, env=env, capture_output=True, text=True,
        timeout=LONGEST, check=False,
    )  # fmt: skip
    told = done.stdout[-3000:] + done.stderr[-6000:]
    assert done.returncode == 0, told
    assert " passed" in told
    assert "skipped" not in told
