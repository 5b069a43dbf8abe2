"""Second Unit in Blender: an extension among the user's own, for each Blender there is."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import plistlib
import re
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secondunit.hosts import bundle
from secondunit.hosts.place import Computer, Found, Standing, versions
from secondunit.media.refusals import writing

ID = "second_unit"
MANIFEST = "blender_manifest.toml"
INDEX = "index.json"
OLDEST = (4, 2)
_SHARED = ("usr", "share", "blender")  # where distributions put it
_LEFT_OUT = ("qt",)  # Blender has widgets of its own
_DATE = (1980, 1, 1, 0, 0, 0)
_SERIES = re.compile(r"(\d+)\.(\d+)")
_AGAIN = "Run `secondunit install blender`"
_TICK = "In Blender, tick Second Unit under Edit > Preferences > Add-ons, once"
# What an index tells of an extension: what its manifest does, but for what only builders read.
_NOT_LISTED = ("wheels", "build", "copyright")


class Blender:
    """The way into Blender. Each version keeps its users' extensions by itself."""

    name = "blender"
    title = "Blender"

    def found(self, computer: Computer) -> list[Found]:
        """Every Blender in the places its installers offer."""
        if computer.is_windows:
            programs = computer.named("PROGRAMFILES", computer.below("Program Files"))
            known = versions([programs / "Blender Foundation"], r"Blender (\d+\.\d+)")
        elif computer.is_mac:
            apps = versions([computer.below("Applications")], r"Blender(.*)\.app")
            known = [(_of_app(path) or name.strip(), path) for name, path in apps]
        else:
            folders = [computer.below("opt"), computer.below("usr", "local"), computer.home]
            known = versions(folders, r"blender-(\d+\.\d+(?:\.\d+)?)[-\w.]*")
            shared = [computer.below(*_SHARED)]
            known += versions(shared, r"(\d+\.\d+)")
        return [_found(version, path) for version, path in known]

    def folders(self, computer: Computer) -> list[Path]:
        """Where we stand in each Blender that is installed, or was used."""
        own = computer.env.get("BLENDER_USER_EXTENSIONS", "").strip()
        if own:
            return [Path(own) / "user_default" / ID]
        resources = computer.env.get("BLENDER_USER_RESOURCES", "").strip()
        if resources:
            return [Path(resources) / "extensions" / "user_default" / ID]
        homes = list(_homes(computer))
        series = {_series(each.version) for each in self.found(computer) if each.fits}
        used = {
            home / each.name
            for home in homes
            if home.is_dir()
            for each in home.iterdir()
            if re.fullmatch(r"\d+\.\d+", each.name) and _numbers(each.name) >= OLDEST
        }
        wanted = used | {homes[0] / each for each in series}
        found = sorted(wanted, key=lambda each: (str(each.parent), _numbers(each.name)))
        return [each / "extensions" / "user_default" / ID for each in found]

    def install(self, computer: Computer) -> list[str]:
        """See `Way`."""
        bundle.show_the_engine(computer.data)
        folders = self.folders(computer)
        for each in folders:
            put(each)
        told = [f"Wrote {each}" for each in folders]
        if folders:
            return [*told, _TICK]
        archive = _kept(computer)
        put_archive(archive)
        return [f"Wrote {archive}", "No Blender was used here yet: drag that file into one"]

    def uninstall(self, computer: Computer) -> list[str]:
        """See `Way`."""
        told = []
        for each in self.folders(computer):
            if each.exists():
                bundle.removed(each)
                told.append(f"Removed {each}")
        archive = _kept(computer)
        if archive.exists():
            with writing(archive):
                archive.unlink()
            told.append(f"Removed {archive}")
        return told

    def standing(self, computer: Computer) -> Standing:
        """See `Way`."""
        folders = self.folders(computer)
        there = {each: bundle.standing_version(each) for each in folders}
        has = {version for version in there.values() if version}
        if not has:
            kept = _kept(computer).is_file()
            return Standing("note", "waits to be dragged in" if kept else "not installed", _AGAIN)
        if not all(there.values()):
            lacking = [each.parents[2].name for each, version in there.items() if not version]
            return Standing("note", f"not in {', '.join(lacking)}", _AGAIN)
        if has != {bundle.version()}:
            told = ", ".join(sorted(has))
            return Standing("note", f"{told}, while the engine is {bundle.version()}", _AGAIN)
        return Standing("ok", bundle.version())

    def conformance(self, computer: Computer, output: Path) -> tuple[list[str], str]:
        """See `Way`."""
        script = bundle.package("secondunit_blender") / "conformance.py"
        fit = [each for each in self.found(computer) if each.fits]
        program = str(_program(fit[-1].path, computer)) if fit else "blender"
        command = [program, "--background", "--factory-startup", "--python", str(script)]
        return [*command, "--", str(output)], (
            "" if fit else "Blender was not found here: its program is the command's first word"
        )


def put(folder: Path) -> None:
    """Make the extension's folder. Raises PartMissing, NotWritable, DiskFull."""
    with bundle.making(folder) as made:
        _extension(made)


def put_archive(target: Path) -> None:
    """Make the extension's ZIP, as Blender installs it; the same sources give the same bytes.

    Raises as `put` does.
    """
    with writing(target), tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / ID
        made.mkdir()
        _extension(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for each in sorted(made.rglob("*")):
                    if each.is_file():
                        name = each.relative_to(made).as_posix()
                        archive.writestr(zipfile.ZipInfo(name, _DATE), each.read_bytes(), 8)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)


def repository(folder: Path) -> list[Path]:
    """Make a repository to be served as it is: the ZIP and its index, which Blender is given the
    address of. Raises as `put` does.
    """
    archive = folder / f"{ID}-{version()}.zip"
    put_archive(archive)
    with zipfile.ZipFile(archive) as opened:
        manifest = tomllib.loads(opened.read(MANIFEST).decode())
    told = {key: value for key, value in manifest.items() if key not in _NOT_LISTED}
    told |= {
        "python_versions": ["3"],  # as the wheel in it says
        "archive_url": f"./{archive.name}",
        "archive_size": archive.stat().st_size,
        "archive_hash": f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}",
    }
    index = folder / INDEX
    text = json.dumps({"version": "v1", "blocklist": [], "data": [told]}, indent=2)
    with writing(index):
        index.write_text(text + "\n", encoding="utf-8")
    return [archive, index]


def version() -> str:
    """Ours, as extensions write theirs: 1.2.0-rc1 for 1.2.0rc1."""
    return re.sub(r"[.]?(a|b|rc|dev|post)[.]?(\d+).*$", r"-\1\2", bundle.version())


def _extension(made: Path) -> None:
    """The extension in a folder: our package, a wheel of what it stands on, and its manifest."""
    bundle.put_packages(["secondunit_blender"], made.parent)
    package = made.parent / "secondunit_blender"
    for each in sorted(package.iterdir()):
        os.replace(each, made / each.name)
    package.rmdir()
    wheel = _wheel(made / "wheels")
    path = made / MANIFEST
    path.write_text(_manifest(path.read_text("utf-8"), wheel.name), encoding="utf-8")


def _manifest(text: str, wheel: str) -> str:
    own = re.sub(r'(?m)^version = ".*"$', f'version = "{version()}"', text)
    return re.sub(r"(?m)^(license = .*)$", rf'\1\nwheels = ["./wheels/{wheel}"]', own)


def _wheel(folder: Path) -> Path:
    """A wheel of the contract and the panel, less what needs a toolkit of its own."""
    folder.mkdir()
    own = bundle.version()
    target = folder / f"secondunit_panel-{own}-py3-none-any.whl"
    info = f"secondunit_panel-{own}.dist-info"
    files: dict[str, bytes] = {}
    for name in bundle.OURS:
        root = bundle.package(name)
        for path in sorted(root.rglob("*.py")):
            inside = path.relative_to(root)
            if inside.parts[0] not in _LEFT_OUT:
                files[f"{name}/{inside.as_posix()}"] = path.read_bytes()
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: secondunit_panel\nVersion: {own}\n"
        "Summary: The panel of Second Unit, for Blender\nLicense: Apache-2.0\n"
    ).encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: secondunit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, 8)
    return target


def _digest(data: bytes) -> str:
    told = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={told.decode()}"


def _kept(computer: Computer) -> Path:
    """Where the ZIP waits for a Blender that is not there yet."""
    return computer.data / "hosts" / f"{ID}.zip"


def _homes(computer: Computer) -> Iterator[Path]:
    """Where Blenders keep what is their user's, by version; the usual place first."""
    if computer.is_windows:
        roaming = computer.named("APPDATA", computer.home / "AppData" / "Roaming")
        yield roaming / "Blender Foundation" / "Blender"
    elif computer.is_mac:
        yield computer.home / "Library" / "Application Support" / "Blender"
    else:
        yield computer.named("XDG_CONFIG_HOME", computer.home / ".config") / "blender"
        flatpak = computer.home / ".var" / "app" / "org.blender.Blender" / "config" / "blender"
        if flatpak.is_dir():
            yield flatpak


def _found(version: str, path: Path) -> Found:
    fits = _numbers(version) >= OLDEST
    remark = "" if fits else f"too old: {OLDEST[0]}.{OLDEST[1]} or later is needed"
    return Found("Blender", version, path, fits, remark)


def _numbers(version: str) -> tuple[int, int]:
    found = _SERIES.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _series(version: str) -> str:
    return "{}.{}".format(*_numbers(version))


def _program(path: Path, computer: Computer) -> Path:
    if computer.is_mac:
        return path / "Contents" / "MacOS" / "Blender"
    if path.parent == computer.below(*_SHARED):
        return computer.below("usr", "bin", "blender")
    return path / ("blender.exe" if computer.is_windows else "blender")


def _of_app(path: Path) -> str:
    try:
        told: Any = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
    except (OSError, ValueError, plistlib.InvalidFileException):
        return ""
    return str(told.get("CFBundleShortVersionString", "")) if isinstance(told, dict) else ""
