"""The extension's ZIP: Blender's own tool finds no fault with it, and Blender installs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from secondunit.hosts import Computer, blender

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def repository_made(tmp_path_factory) -> Path:
    """A repository as it is served."""
    folder = tmp_path_factory.mktemp("repository")
    blender.repository(folder)
    return folder


@pytest.fixture(scope="module")
def archive(repository_made) -> Path:
    [found] = repository_made.glob("*.zip")
    return found


def own_tool(bpy_python, *words: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [bpy_python.python, bpy_python.command_line, *map(str, words)],
        capture_output=True, text=True,
    )  # fmt: skip


def test_blender_s_own_tool_finds_no_fault(bpy_python, archive, tmp_path):
    done = own_tool(bpy_python, "validate", archive)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "broken.zip"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == blender.MANIFEST:
                text = text.replace(b"license =", b"licence =")
            new.writestr(name, text)
    assert own_tool(bpy_python, "validate", broken).returncode != 0


def test_the_index_is_the_one_blender_s_own_tool_makes(bpy_python, repository_made, tmp_path):
    [archive] = repository_made.glob("*.zip")
    shutil.copy(archive, tmp_path)
    done = own_tool(bpy_python, "server-generate", "--repo-dir", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = json.loads((tmp_path / "index.json").read_text("utf-8"))
    ours = json.loads((repository_made / "index.json").read_text("utf-8"))
    for each in (*theirs["data"], *ours["data"]):
        each.pop("python_versions", None)  # which 4.5 does not tell of yet
    assert ours == theirs


def test_the_same_sources_give_the_same_bytes(archive, tmp_path):
    blender.put_archive(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_it_holds_what_it_needs_and_no_more(archive):
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        [wheel] = [each for each in names if each.endswith(".whl")]
        assert f'wheels = ["./{wheel}"]' in opened.read(blender.MANIFEST).decode()
        with opened.open(wheel) as file, zipfile.ZipFile(file) as inner:
            inside = inner.namelist()
    assert {"__init__.py", "blender_manifest.toml", "sequencer.py", "panel.py"} <= set(names)
    assert {"secondunit_contract/clip.py", "secondunit_panel/session.py"} <= set(inside)
    assert not [each for each in inside if "/qt/" in each or each.endswith(".pyc")]


@pytest.mark.parametrize("way", ["zip", "folder"])
def test_blender_installs_enables_and_disables_it(bpy_python, archive, tmp_path, way):
    user, out = tmp_path / "user ä", tmp_path / "out.json"
    env = {"BLENDER_USER_RESOURCES": str(user)}
    if way == "folder":
        told = blender.Blender().install(Computer(tmp_path / "data", tmp_path, "linux", env))
        assert str(user) in told[0]
    done = bpy_python.run(
        HERE / "inside_extension.py", way, archive, out,
        SECONDUNIT_DATA=str(tmp_path / "data"), **env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(out.read_text("utf-8"))
    where = told.pop("panel")
    assert str(user) in where, "from the wheel, not from the sources"
    assert told == {
        "enabled": True, "registered": True, "qt": False, "preferences": ["", "", True],
        "told": False, "session": True, "left": False,
    }  # fmt: skip
