"""Each fence, broken once on purpose in a copy of the tree, is seen to be broken, by its name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as run; run()"


@contextmanager
def appended(path: Path, line: str) -> Iterator[None]:
    """The file with one more line at its end, or a new file of that line, while it lasts."""
    before = path.read_text(encoding="utf-8") if path.exists() else None
    new_folder = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text((before or "") + f"\n{line}\n", encoding="utf-8")
    try:
        yield
    finally:
        if before is not None:
            path.write_text(before, encoding="utf-8")
        else:
            path.unlink()
            if new_folder:
                path.parent.rmdir()


def lint_imports(tree: Path) -> dict[str, str]:
    """What import-linter says of each contract: KEPT or BROKEN."""
    roots = [str(tree / folder) for folder in os.listdir(tree) if (tree / folder).is_dir()]
    done = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, "--no-cache", "--no-logo"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(roots), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    said = r"^(\d\..*) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?\s*$"
    verdicts = dict(re.findall(said, done.stdout, re.MULTILINE))
    assert verdicts, done.stdout + done.stderr
    assert done.returncode == ("BROKEN" in verdicts.values())
    return verdicts


def ruff(tree: Path, path: str) -> str:
    """What ruff says of one file."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", path],
        cwd=tree,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_every_contract_is_kept_as_the_tree_stands(copied, project):
    verdicts = lint_imports(copied)
    named = [contract["name"] for contract in project["tool"]["importlinter"]["contracts"]]
    assert verdicts == dict.fromkeys(named, "KEPT")
    assert sorted({fence for fence, _, _ in FENCES}) == sorted(named), "a fence nobody breaks"


LAYERS = "1. the core's layers"
CONTRACT = "2. the contract knows nobody"
IN_HOST = "3. in-host code reaches the core over HTTP only"
CORE = "4. the core knows no host, no panel, no Qt"
QT = "5. Qt stays in secondunit_panel.qt"
HOSTS = "6. hosts do not know each other"
CYCLES = "7. no cycles in the core"
TIMELINES = "8. timelines stand on the contract alone"

FENCES = [
    (LAYERS, "core/secondunit/media/__init__.py", "import secondunit.engine"),
    (LAYERS, "core/secondunit/tasks/__init__.py", "import secondunit.models"),
    (LAYERS, "core/secondunit/models/__init__.py", "import secondunit.tasks"),
    (LAYERS, "core/secondunit/stage/__init__.py", "def later():\n    import secondunit.matting"),
    (LAYERS, "core/secondunit/timeline/__init__.py", "import secondunit.cli"),
    (LAYERS, "core/secondunit/demo/__init__.py", "import secondunit.bench"),
    (LAYERS, "core/secondunit/callsheet.py", "import secondunit.media"),
    (LAYERS, "core/secondunit/utils/__init__.py", '"""Whatever fits nowhere else."""'),
    (CONTRACT, "core/secondunit_contract/clip.py", "import numpy"),
    (CONTRACT, "core/secondunit_contract/wire.py", "import secondunit.callsheet"),
    (IN_HOST, "plugins/secondunit_panel/__init__.py", "import secondunit.callsheet"),
    (IN_HOST, "nuke/secondunit_nuke/__init__.py", "def load():\n    import torch"),
    (IN_HOST, "blender/secondunit_blender/__init__.py", "import numpy"),
    (IN_HOST, "resolve/secondunit_resolve/__init__.py", "import av"),
    (CORE, "core/secondunit/engine/__init__.py", "import nuke"),
    (CORE, "core/secondunit/tasks/__init__.py", "import secondunit_panel"),
    (CORE, "core/secondunit/media/__init__.py", "from PySide6 import QtGui"),
    (CORE, "otio_adapters/secondunit_otio/__init__.py", "import DaVinciResolveScript"),
    (QT, "plugins/secondunit_panel/__init__.py", "from qtpy import QtCore"),
    (QT, "nuke/secondunit_nuke/__init__.py", "import PySide2.QtWidgets"),
    (HOSTS, "nuke/secondunit_nuke/__init__.py", "import secondunit_resolve"),
    (HOSTS, "blender/secondunit_blender/__init__.py", "import secondunit_nuke"),
    (CYCLES, "core/secondunit_contract/frames.py", "import secondunit_contract.wire"),
    (TIMELINES, "otio_adapters/secondunit_otio/__init__.py", "import secondunit.callsheet"),
]


@pytest.mark.parametrize(("fence", "path", "line"), FENCES)
def test_a_broken_fence_is_seen(copied, fence, path, line):
    with appended(copied / path, line):
        assert lint_imports(copied)[fence] == "BROKEN"


def test_qt_may_be_imported_where_it_belongs(copied):
    path = copied / "plugins/secondunit_panel/qt/__init__.py"
    with appended(path, "from qtpy import QtCore"):
        assert set(lint_imports(copied).values()) == {"KEPT"}


NEWER_THAN_3_10 = "try:\n    1\nexcept* OSError:\n    2"

RULES = [
    ("TID253", "core/secondunit/models/__init__.py", "import torch"),
    ("TID253", "core/secondunit/stage/__init__.py", "from diffusers import WanPipeline"),
    ("TID253", "core/secondunit/engine/__init__.py", "import transformers"),
    ("TID252", "plugins/secondunit_panel/__init__.py", "from . import qt"),
    ("BLE001", "core/secondunit/media/__init__.py", "try:\n    1\nexcept Exception:\n    pass"),
    ("T201", "core/secondunit/engine/__init__.py", "print(1)"),
    ("invalid-syntax", "core/secondunit/callsheet.py", "type Frame = int"),
    ("invalid-syntax", "core/secondunit_contract/clip.py", NEWER_THAN_3_10),
    ("invalid-syntax", "plugins/secondunit_panel/__init__.py", NEWER_THAN_3_10),
    ("invalid-syntax", "resolve/secondunit_resolve/__init__.py", NEWER_THAN_3_10),
    ("invalid-syntax", "nuke/secondunit_nuke/__init__.py", NEWER_THAN_3_10),
    ("D100", "core/secondunit/stage/nameless.py", "FRAMES = 1"),
    ("C901", "core/secondunit/callsheet.py", "def f(a):\n" + "    if a: return\n" * 11),
]


@pytest.mark.parametrize(("rule", "path", "line"), RULES)
def test_a_broken_rule_is_seen(copied, rule, path, line):
    if (copied / path).exists():
        assert rule not in ruff(copied, path)
    with appended(copied / path, line):
        assert rule in ruff(copied, path)
