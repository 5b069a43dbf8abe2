"""The contract, the panel and the thin hosts run on the oldest Python a host brings: 3.10."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OLDEST = "3.10"
FOLDERS = ["core", "plugins", "resolve", "nuke"]
SAYS_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def candidates() -> list[tuple[list[str], dict[str, str]]]:
    """Ways to start Python 3.10, each a command and what to add to the environment."""
    ways: list[tuple[list[str], dict[str, str]]] = [([f"python{OLDEST}"], {})]
    if shutil.which("pyenv"):
        told = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True)
        for version in told.stdout.split():
            if version.startswith(f"{OLDEST}."):
                ways.append(([f"python{OLDEST}"], {"PYENV_VERSION": version}))
    ways.append((["py", f"-{OLDEST}"], {}))
    return [way for way in ways if shutil.which(way[0][0])]


def run(command: list[str], more: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*command, *arguments], env=os.environ | more, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def oldest() -> tuple[list[str], dict[str, str]]:
    """A real Python 3.10; without one the test is skipped and says so."""
    for command, more in candidates():
        if run(command, more, "-c", SAYS_VERSION).stdout.strip() == OLDEST:
            return command, more
    pytest.skip(f"no Python {OLDEST} on this machine: nothing says that in-host code runs on it")


def in_host(repository: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(str(repository / folder) for folder in FOLDERS),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def test_in_host_code_runs_on_the_oldest_python(repository, oldest):
    command, more = oldest
    script = str(Path(__file__).with_name("on_old_python.py"))
    done = run(command, more | in_host(repository), "-W", "error", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{OLDEST}: ")


def test_the_same_checks_hold_on_this_python_with_nothing_installed(repository):
    script = str(Path(__file__).with_name("on_old_python.py"))
    done = run([sys.executable, "-S"], in_host(repository), "-W", "error", script)
    assert done.returncode == 0, done.stderr
