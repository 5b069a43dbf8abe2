"""The panel's mind runs on the oldest Python a host brings, with nothing but requests beside it."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

BUNDLED = ["requests", "urllib3", "certifi", "idna", "charset_normalizer"]
FOLDERS = ["core", "plugins"]


@pytest.fixture(scope="module")
def old(repository):
    """The tests of the contract, which know where an old Python may be."""
    path = repository / "tests" / "contract" / "test_old_python.py"
    spec = importlib.util.spec_from_file_location("old_python_of_the_contract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def alone(repository, tmp_path) -> dict[str, str]:
    """An environment with ours and the bundled packages, and no others."""
    for name in BUNDLED:
        origin = Path(importlib.util.find_spec(name).origin)
        (tmp_path / name).symlink_to(origin.parent)
    paths = [*(str(repository / folder) for folder in FOLDERS), str(tmp_path)]
    return {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_panel_runs_on_the_oldest_python(old, alone):
    for command, more in old.candidates():
        if old.run(command, more, "-c", old.SAYS_VERSION).stdout.strip() == old.OLDEST:
            break
    else:
        pytest.skip(f"no Python {old.OLDEST} on this machine: nothing says the panel runs on it")
    script = str(Path(__file__).with_name("on_old_python.py"))
    done = old.run(command, more | alone, script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == old.OLDEST


def test_and_on_this_one_with_nothing_else(old, alone):
    script = str(Path(__file__).with_name("on_old_python.py"))
    done = old.run([sys.executable, "-S"], alone, "-W", "error", script)
    assert done.returncode == 0, done.stderr
