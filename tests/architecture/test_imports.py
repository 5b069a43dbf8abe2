"""Who may import what, where import-linter, which forbids only what is listed, cannot say it."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

OURS_IN_HOST = {"secondunit_contract", "secondunit_panel"}
BUNDLED = {"requests", "qtpy"}
MAY_IMPORT = {
    "core/secondunit_contract": {"secondunit_contract"},
    "plugins/secondunit_panel": OURS_IN_HOST | BUNDLED,
    "resolve/secondunit_resolve": OURS_IN_HOST | BUNDLED | {"secondunit_resolve"},
    "nuke/secondunit_nuke": OURS_IN_HOST | BUNDLED | {"secondunit_nuke", "nuke"},
    "blender/secondunit_blender": OURS_IN_HOST
    | BUNDLED
    | {"secondunit_blender", "bpy", "imbuf", "gpu", "gpu_extras"},
    "otio_adapters/secondunit_otio": {
        "secondunit_contract",
        "secondunit_otio",
        "opentimelineio",
        "orjson",
        "PIL",  # for a cut's picture as PNG alone: docs/decisions/0010
    },
}

IMPORT_ALL = """
import importlib, pkgutil, sys
import secondunit
for found in pkgutil.walk_packages(secondunit.__path__, "secondunit."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
heavy = {"torch", "diffusers", "transformers"} & set(sys.modules)
assert not heavy, f"imported with the core: {sorted(heavy)}"
"""


def imported(text: str) -> set[str]:
    """The top-level packages a module imports anywhere, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


def strangers(package: str, text: str) -> set[str]:
    return imported(text) - MAY_IMPORT[package] - set(sys.stdlib_module_names)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_it_stands_on_the_standard_library_and_what_is_listed(package, sources):
    own = {path: text for path, text in sources.items() if path.startswith(f"{package}/")}
    assert own
    found = {path: strangers(package, text) for path, text in own.items()}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("core/secondunit_contract", "import requests"),
        ("core/secondunit_contract", "from attrs import define"),
        ("core/secondunit_contract", "def later():\n    import secondunit_panel"),
        ("plugins/secondunit_panel", "import httpx"),
        ("nuke/secondunit_nuke", "import bpy"),
        ("otio_adapters/secondunit_otio", "import av"),
    ],
)
def test_a_stranger_is_seen(package, line):
    assert strangers(package, f"import json\n{line}\n")


def test_every_package_but_the_core_is_listed(packages):
    assert sorted([*MAY_IMPORT, "core/secondunit"]) == packages


def test_importing_the_whole_core_loads_no_model_library_and_says_nothing():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
