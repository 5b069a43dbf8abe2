"""The extension goes into every Blender of a user and out again, and touches nothing else."""

from __future__ import annotations

import json
import plistlib
import sys
from pathlib import Path

import pytest

from secondunit.hosts import Computer, blender, bundle
from secondunit_contract.problem import DiskFull

WAY = blender.Blender()


def computer(tmp_path: Path, system: str = "linux", **env: str) -> Computer:
    home = tmp_path / "home é"
    home.mkdir(exist_ok=True)
    return Computer(tmp_path / "data ä", home, system, env, tmp_path / "disk")


def homes(here: Computer) -> Path:
    if here.is_windows:
        return here.home / "AppData" / "Roaming" / "Blender Foundation" / "Blender"
    if here.is_mac:
        return here.home / "Library" / "Application Support" / "Blender"
    return here.home / ".config" / "blender"


def files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}


def own(home: Path, series: str) -> Path:
    return home / series / "extensions" / "user_default" / "second_unit"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_it_goes_into_every_blender_that_was_used(tmp_path, system):
    here = computer(tmp_path, system)
    home = homes(here)
    for series in ("2.93", "4.1", "4.2", "4.5", "5.2", "backup"):
        (home / series / "config").mkdir(parents=True)
    assert WAY.standing(here).state == "note"
    told = WAY.install(here)
    assert WAY.folders(here) == [own(home, each) for each in ("4.2", "4.5", "5.2")]
    assert [each for each in told if each.startswith("Wrote")] == [
        f"Wrote {own(home, each)}" for each in ("4.2", "4.5", "5.2")
    ]
    assert "Preferences" in told[-1]
    assert (own(home, "4.5") / "blender_manifest.toml").is_file()
    assert list((own(home, "4.5") / "wheels").glob("*.whl"))
    assert json.loads((here.data / "engine.json").read_text())["python"] == sys.executable
    assert WAY.standing(here).state == "ok"
    before = files(tmp_path)
    WAY.install(here)
    assert files(tmp_path) == before, "twice is once"
    told = WAY.uninstall(here)
    assert len(told) == 3
    assert files(tmp_path) == {str((here.data / "engine.json").relative_to(tmp_path))}
    assert WAY.uninstall(here) == []


def test_every_place_an_installer_offers_is_looked_at(tmp_path):
    linux = computer(tmp_path)
    for name in ("opt/blender-4.5.3-linux-x64", "opt/other", "usr/share/blender/3.4"):
        linux.below(*name.split("/")).mkdir(parents=True)
    (linux.home / "blender-5.2.0").mkdir()
    assert [(each.version, each.fits) for each in WAY.found(linux)] == [
        ("4.5.3", True), ("5.2.0", True), ("3.4", False),
    ]  # fmt: skip
    assert "4.2" in WAY.found(linux)[-1].remark
    mac = computer(tmp_path, "darwin")
    app = mac.below("Applications", "Blender.app", "Contents")
    app.mkdir(parents=True)
    (app / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": "4.5.1"}))
    assert [each.version for each in WAY.found(mac)] == ["4.5.1"]
    windows = computer(tmp_path, "win32")
    windows.below("Program Files", "Blender Foundation", "Blender 5.2").mkdir(parents=True)
    assert [each.version for each in WAY.found(windows)] == ["5.2"]
    assert WAY.folders(windows) == [own(homes(windows), "5.2")], "one never started gets it too"


def test_a_folder_that_blender_is_told_of_counts_alone(tmp_path):
    here = computer(tmp_path, BLENDER_USER_EXTENSIONS=str(tmp_path / "ours"))
    (homes(here) / "4.5").mkdir(parents=True)
    assert WAY.folders(here) == [tmp_path / "ours" / "user_default" / "second_unit"]
    here = computer(tmp_path, BLENDER_USER_RESOURCES=str(tmp_path / "user"))
    assert WAY.folders(here) == [tmp_path / "user" / "extensions" / "user_default" / "second_unit"]


def test_without_a_blender_a_zip_waits(tmp_path):
    here = computer(tmp_path)
    told = WAY.install(here)
    assert (here.data / "hosts" / "second_unit.zip").is_file()
    assert "drag" in told[-1]
    assert WAY.standing(here).words == "waits to be dragged in"
    WAY.uninstall(here)
    assert not (here.data / "hosts" / "second_unit.zip").exists()


def test_how_it_stands_is_told(tmp_path):
    here = computer(tmp_path)
    (homes(here) / "4.5").mkdir(parents=True)
    WAY.install(here)
    (homes(here) / "5.2").mkdir()
    assert WAY.standing(here).words == "not in 5.2"
    WAY.install(here)
    for series in ("4.5", "5.2"):
        (own(homes(here), series) / bundle.MARK).write_text("0.0.1\n")
    assert WAY.standing(here).words.startswith("0.0.1, while the engine is ")
    assert WAY.standing(here).remedy == "Run `secondunit install blender`"


def test_what_was_there_stays_where_the_new_one_cannot_be_made(tmp_path, monkeypatch):
    here = computer(tmp_path)
    (homes(here) / "4.5").mkdir(parents=True)
    WAY.install(here)
    before = files(tmp_path)

    def full(*told: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blender, "_wheel", full)
    with pytest.raises(DiskFull):
        WAY.install(here)
    assert files(tmp_path) == before
    with pytest.raises(DiskFull):
        blender.put_archive(tmp_path / "x.zip")
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("0.1.0", "0.1.0"), ("1.2.0rc1", "1.2.0-rc1"), ("1.2.0.dev3", "1.2.0-dev3")],
)
def test_versions_are_written_as_blender_wants_them(monkeypatch, ours, theirs):
    monkeypatch.setattr(bundle, "version", lambda: ours)
    assert blender.version() == theirs


def test_the_command_that_asks_the_real_blender(tmp_path):
    here = computer(tmp_path)
    command, first = WAY.conformance(here, tmp_path / "out.json")
    assert command[0] == "blender"
    assert "not found" in first
    here.below("opt", "blender-4.5.3-linux-x64").mkdir(parents=True)
    command, first = WAY.conformance(here, tmp_path / "out.json")
    assert command[0] == str(here.below("opt", "blender-4.5.3-linux-x64", "blender"))
    assert command[-2:] == ["--", str(tmp_path / "out.json")]
    assert Path(command[command.index("--python") + 1]).is_file()
    assert first == ""
