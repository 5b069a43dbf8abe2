"""Second Unit goes into hosts and out again, and touches nothing but what it says."""

from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from secondunit.hosts import WAYS, Computer, bundle, way_into
from secondunit.hosts.nuke import with_lines, without_lines
from secondunit.hosts.resolve import CANARY, ENTRY
from secondunit_contract.problem import BadValue, DiskFull, NotWritable, TakeThere

FOLDERS = ["plain", "with spaces", "dåtä é", "数据 フォルダ", "long/" + "/".join(["x" * 60] * 5)]
SYSTEMS = ["linux", "darwin", "win32"]


def computer(tmp_path: Path, folder: str = "data", system: str = "linux", **env: str) -> Computer:
    home = tmp_path / "home é"
    home.mkdir(exist_ok=True)
    return Computer(tmp_path / folder, home, system, env, tmp_path / "disk")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


def loaded(init: Path) -> list[str]:
    """The folders a Nuke with that init.py adds, and whether the lines are Python at all."""
    added: list[str] = []
    fake = type(sys)("nuke")
    fake.pluginAddPath = added.append  # type: ignore[attr-defined]
    sys.modules["nuke"] = fake
    try:
        exec(compile(init.read_bytes(), str(init), "exec"), {})
    finally:
        del sys.modules["nuke"]
    return added


@pytest.mark.parametrize("folder", FOLDERS)
def test_nuke_is_told_of_a_folder_of_any_name(tmp_path, folder):
    here, way = computer(tmp_path, folder), WAYS["nuke"]
    told = way.install(here)
    own = here.data / "hosts" / "nuke"
    assert loaded(here.home / ".nuke" / "init.py") == [str(own)]
    assert [str(own) in each for each in told] == [True, False]
    assert way.standing(here).state == "ok"
    assert json.loads((here.data / "engine.json").read_text())["python"] == sys.executable
    way.uninstall(here)
    assert set(tree(tmp_path)) == {str((here.data / "engine.json").relative_to(tmp_path))}


@pytest.mark.parametrize(
    "own",
    [b"", b"import os\n", b"import os", b"a = 1\r\nb = 2\r\n", b"a = 1\r\nb = 2",
     "# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"), b"\n\n", b"x = '''\n# >>> \n'''"],
)  # fmt: skip
def test_the_lines_of_others_stay_as_they_are(tmp_path, own):
    here, way = computer(tmp_path), WAYS["nuke"]
    init = here.home / ".nuke" / "init.py"
    init.parent.mkdir()
    init.write_bytes(own)
    init.chmod(0o640)
    way.install(here)
    once = init.read_bytes()
    assert once.startswith(own)
    assert init.stat().st_mode & 0o777 == 0o640
    way.install(here)
    assert init.read_bytes() == once, "twice is once"
    assert loaded(init) == [str(here.data / "hosts" / "nuke")]
    way.uninstall(here)
    assert (init.read_bytes() if init.exists() else b"") == own
    assert way.uninstall(here) == []


def test_lines_in_the_middle_come_out_too():
    own = b"first = 1\n"
    grown = with_lines(own, Path("/a")) + b"later = 2\n"
    assert without_lines(grown) == own + b"later = 2\n"
    grown = with_lines(b"first = 1", Path("/a")) + b"later = 2\n"
    assert without_lines(grown) == b"first = 1" + b"later = 2\n"


def test_an_init_behind_a_link_is_changed_where_it_lies(tmp_path):
    here = computer(tmp_path)
    kept = tmp_path / "dotfiles" / "init.py"
    kept.parent.mkdir()
    kept.write_bytes(b"mine = 1\n")
    (here.home / ".nuke").mkdir()
    (here.home / ".nuke" / "init.py").symlink_to(kept)
    WAYS["nuke"].install(here)
    assert (here.home / ".nuke" / "init.py").is_symlink()
    assert kept.read_bytes().startswith(b"mine = 1\n")
    assert b"pluginAddPath" in kept.read_bytes()


def test_what_was_there_stays_where_the_new_one_cannot_be_made(tmp_path, monkeypatch):
    here, way = computer(tmp_path), WAYS["nuke"]
    way.install(here)
    before = tree(tmp_path)

    def full(*told: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "put_wheels", full)
    with pytest.raises(DiskFull):
        way.install(here)
    assert tree(tmp_path) == before


def test_a_folder_nobody_may_write_to_is_told(tmp_path):
    (tmp_path / "data").write_text("a file, no folder")
    for way in WAYS.values():
        with pytest.raises(NotWritable):
            way.install(computer(tmp_path))
    assert not (tmp_path / "home é" / ".nuke").exists()


def test_a_path_too_long_for_windows_is_refused_there(tmp_path):
    here = computer(tmp_path, FOLDERS[-1], "win32")
    with pytest.raises(NotWritable, match="characters"):
        WAYS["nuke"].install(here)
    assert tree(tmp_path) == {}


def test_a_half_removed_or_older_installation_is_seen(tmp_path, monkeypatch):
    here, way = computer(tmp_path), WAYS["nuke"]
    assert way.standing(here).words == "not installed"
    way.install(here)
    init = here.home / ".nuke" / "init.py"
    lines = init.read_bytes()
    init.unlink()
    assert way.standing(here).state == "missing"
    init.write_bytes(lines)
    (here.data / "hosts" / "nuke" / bundle.MARK).write_text("0.0.1\n")
    assert way.standing(here).state == "note"
    assert "0.0.1" in way.standing(here).words
    bundle.removed(here.data / "hosts" / "nuke")
    assert way.standing(here).state == "missing"


def test_the_folder_for_nuke_runs_on_a_bare_python(tmp_path):
    """With nothing installed: all the panel stands on is in the folder, Qt apart."""
    here = computer(tmp_path, "数据")
    WAYS["nuke"].install(here)
    own = here.data / "hosts" / "nuke"
    look = (
        "import runpy, sys; runpy.run_path(sys.argv[1] + '/init.py'); sys.path.append(sys.argv[1]);"
        "import requests, secondunit_panel.session, secondunit_panel.client, secondunit_nuke;"
        "assert 'numpy' not in sys.modules;"
        "print(*(each.__file__ for each in (requests, secondunit_panel, secondunit_nuke)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", look, str(own)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(own)) == 3
    assert not [each for each in tree(own) if each.endswith((".so", ".pyd", ".pyc"))]
    assert any("licen" in each.lower() and "requests" in each for each in tree(own))


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_nukes_of_a_machine_are_found(tmp_path, system):
    here = computer(tmp_path, system=system)
    folder = {"linux": ("usr", "local"), "darwin": ("Applications",), "win32": ("Program Files",)}
    for name in ("Nuke16.0v8", "Nuke15.1v3", "Nuke13.2v8", "Nuke", "NukeStudio", "Other1.0v1"):
        here.below(*folder[system], name).mkdir(parents=True)
    found = WAYS["nuke"].found(here)
    assert [(each.version, each.fits) for each in found] == [
        ("13.2v8", False), ("15.1v3", True), ("16.0v8", True),
    ]  # fmt: skip
    assert ["PySide" in each.remark for each in found] == [False, True, True]
    command, before = WAYS["nuke"].conformance(here, tmp_path / "told.json")
    assert "Nuke16.0" in command[0]
    assert before == ""


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_resolve_gets_an_entry_in_its_menu_and_loses_it(tmp_path, folder, system):
    here, way = computer(tmp_path, folder, system), WAYS["resolve"]
    way.install(here)
    names = [Path(each).name for each in tree(here.home) if each.endswith((".py", ".lua"))]
    assert sorted(names) == sorted([ENTRY, CANARY])
    [entry] = here.home.rglob(ENTRY)
    assert entry.parts[-4:-1] == ("Fusion", "Scripts", "Utility")
    compile(entry.read_bytes(), str(entry), "exec")
    told = json.loads((here.data / "resolve.json").read_text("utf-8"))
    assert told["command"] == [sys.executable, "-m", "secondunit_resolve"]
    assert told["env"] == {"SECONDUNIT_DATA": str(here.data)}
    assert way.standing(here).state == "ok"
    once = tree(tmp_path)
    way.install(here)
    assert tree(tmp_path) == once
    way.uninstall(here)
    assert {Path(each).name for each in tree(tmp_path)} == {"engine.json"}
    assert way.uninstall(here) == []


def test_resolve_from_apples_shop_gets_its_entry_too(tmp_path):
    here = computer(tmp_path, system="darwin")
    container = "Library/Containers/com.blackmagic-design.DaVinciResolveLite/Data"
    (here.home / container).mkdir(parents=True)
    WAYS["resolve"].install(here)
    assert len(list(here.home.rglob(ENTRY))) == 3
    next(iter((here.home / container).rglob(ENTRY))).unlink()
    assert WAYS["resolve"].standing(here).state == "missing"
    WAYS["resolve"].uninstall(here)
    assert list(here.home.rglob(ENTRY)) == []


def test_a_script_of_somebody_else_is_neither_overwritten_nor_removed(tmp_path):
    here, way = computer(tmp_path), WAYS["resolve"]
    way.install(here)
    [entry] = here.home.rglob(ENTRY)
    way.uninstall(here)
    entry.write_text("print('my second unit of 2019')")
    with pytest.raises(TakeThere):
        way.install(here)
    way.uninstall(here)
    assert entry.read_text() == "print('my second unit of 2019')"


def test_an_entry_that_leads_nowhere_is_seen(tmp_path):
    here, way = computer(tmp_path), WAYS["resolve"]
    way.install(here)
    place = here.data / "resolve.json"
    place.write_text(json.dumps({"command": [str(tmp_path / "gone")], "env": {}}))
    assert (way.standing(here).state, "gone" in way.standing(here).words) == ("missing", True)
    place.write_text("{")
    assert way.standing(here).state == "missing"
    [entry] = here.home.rglob(ENTRY)
    way.install(here)
    entry.write_text(entry.read_text() + "# older\n")
    assert way.standing(here).state == "note"


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_resolve_of_a_machine_is_found_with_its_version_where_it_says_it(tmp_path, system):
    here = computer(tmp_path, system=system)
    assert WAYS["resolve"].found(here) == []
    places = {
        "linux": "opt/resolve/bin/resolve",
        "win32": "Program Files/Blackmagic Design/DaVinci Resolve/Resolve.exe",
        "darwin": "Applications/DaVinci Resolve/DaVinci Resolve.app/Contents/Info.plist",
    }
    place = here.below(*places[system].split("/"))
    place.parent.mkdir(parents=True)
    place.write_bytes(plistlib.dumps({"CFBundleShortVersionString": "21.0.3"}))
    [found] = WAYS["resolve"].found(here)
    assert found.version == ("21.0.3" if system == "darwin" else "")


def test_a_host_nobody_knows_is_told_with_those_there_are():
    with pytest.raises(BadValue) as told:
        way_into("avid")
    assert "nuke" in told.value.remedy


def test_folders_for_studios_have_the_same_bytes_each_time(repository, tmp_path):
    made = []
    for name in ("one", "two"):
        done = subprocess.run(
            [sys.executable, "-m", "tools.bundle", str(tmp_path / name)],
            cwd=repository, capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONHASHSEED": name[0].replace("o", "1").replace("t", "2")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made.append({each.name: each.read_bytes() for each in (tmp_path / name).glob("*.zip")})
    assert sorted(each.split("-")[1] for each in made[0]) == ["blender", "nuke", "resolve"]
    assert made[0] == made[1]
    assert (tmp_path / "one" / f"secondunit-resolve-{bundle.version()}" / ENTRY).is_file()
