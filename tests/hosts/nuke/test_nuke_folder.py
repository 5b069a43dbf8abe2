"""The folder on NUKE_PATH: what Nuke runs there makes ours importable, and puts the panel in."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import fake_nuke
import pytest

from secondunit_nuke import panel

IMPORTS = """
import sys, runpy
before = list(sys.path)
runpy.run_path(sys.argv[1])
import secondunit_contract.clip, secondunit_panel.host, secondunit_nuke.knobs
assert sys.path[:len(before)] == before, "what is ours comes last"
print(secondunit_nuke.__file__)
print(sorted(each for each in sys.modules if each.startswith(("Py", "qtpy", "nuke", "numpy"))))
"""


def run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORTS, folder / "init.py"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_in_a_checkout(repository):
    where, foreign = run(repository / "nuke")
    assert Path(where).parent == repository / "nuke" / "secondunit_nuke"
    assert foreign == "[]", "init.py is run in terminals too: no Qt, nothing of Nuke's"


@pytest.mark.parametrize("inner", ["", "lib"])
def test_in_a_bundle(repository, tmp_path, inner):
    folder = tmp_path / "Zweite Einheit ä 漢"
    (folder / inner).mkdir(parents=True)
    for name in ("init.py", "menu.py"):
        shutil.copy(repository / "nuke" / name, folder)
    for part in ("nuke/secondunit_nuke", "plugins/secondunit_panel", "core/secondunit_contract"):
        shutil.copytree(repository / part, folder / inner / Path(part).name)
    where, _ = run(folder)
    assert Path(where).parent == folder / inner / "secondunit_nuke"


@pytest.fixture
def qt(monkeypatch):
    """A panel of the kind Qt draws, without Qt; what sessions were begun."""
    drawn = types.ModuleType("secondunit_panel.qt.panel")
    drawn.Panel = lambda session: ("a widget", session)
    monkeypatch.setitem(sys.modules, "secondunit_panel.qt.panel", drawn)
    begun = []

    class Session:
        def __init__(self, host) -> None:
            self.host, self.looks = host, 0

        def start(self) -> None:
            begun.append(self)

        def look(self) -> None:
            self.looks += 1

    monkeypatch.setattr(panel, "Session", Session)
    monkeypatch.setattr(panel, "_opened", [])
    return begun


@pytest.mark.parametrize("version", ["15.1v3", "16.0v8", "17.0v1"])
def test_the_menu_puts_the_panel_in(repository, qt, version):
    app = fake_nuke.Nuke(version)
    with fake_nuke.installed(app):
        exec(compile((repository / "nuke" / "menu.py").read_text(), "menu.py", "exec"), {})
        assert list(app.menus["Pane"].items) == ["Second Unit"]
        app.menus["Nuke"].items["Second Unit"].items["Panel"]()
        app.panels["org.secondunit.panel"]()  # a layout that is restored
        (word, first), (_, second) = app.opened
        assert word == "a widget"
        assert first is second, "tabs come and go; what the panel knows stays"
        assert len(qt) == 1
        assert first.host.about().version == version
        app.on_load[0]()
        assert first.looks == 1


def test_in_a_terminal_nothing_of_it_is_run(repository):
    app = fake_nuke.Nuke(gui=False)
    with fake_nuke.installed(app), pytest.raises(fake_nuke.Sin):
        panel.register()  # menu.py, which Nuke does not run there


OLD = """
import sys, tempfile, pathlib, types
sys.modules["nuke"] = types.ModuleType("nuke")
import secondunit_nuke.host, secondunit_nuke.conformance
from secondunit_nuke.exr import fault
from secondunit_nuke.main_thread import MainThread
from secondunit_panel.splines import keys
class Nuke:
    GUI = False
    class root:
        def begin(self): pass
        def end(self): pass
assert MainThread(Nuke).carry(lambda: 7) == 7
assert fault(pathlib.Path("nothing.exr"), 1, 1) == "is empty or not there"
assert keys([[(float(n), 0.0)] for n in range(5)]) == [0, 4]
print("%d.%d" % sys.version_info[:2])
"""


BUNDLED = ["requests", "urllib3", "certifi", "idna", "charset_normalizer"]


def test_it_runs_on_the_oldest_python_a_nuke_brings(repository, tmp_path):
    path = repository / "tests" / "contract" / "test_old_python.py"
    spec = importlib.util.spec_from_file_location("old_python_for_nuke", path)
    old = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(old)
    for name in BUNDLED:
        (tmp_path / name).symlink_to(Path(importlib.util.find_spec(name).origin).parent)
    ours = (str(repository / each) for each in ("core", "plugins", "nuke"))
    folders = os.pathsep.join([*ours, str(tmp_path)])
    alone = {"PYTHONPATH": folders, "PYTHONDONTWRITEBYTECODE": "1"}
    for command, more in old.candidates():
        if old.run(command, more, "-c", old.SAYS_VERSION).stdout.strip() == old.OLDEST:
            break
    else:
        pytest.skip(f"no Python {old.OLDEST} on this machine: nothing says it runs on it")
    done = old.run(command, more | alone, "-c", OLD)
    assert (done.stdout.strip(), done.returncode) == (old.OLDEST, 0), done.stderr
