"""Second Unit in DaVinci Resolve: an entry in its Scripts menu, and how it finds the panel."""

from __future__ import annotations

import json
import os
import plistlib
import sys
from collections.abc import Iterator
from pathlib import Path

from secondunit.hosts import bundle
from secondunit.hosts.place import Computer, Found, Standing
from secondunit.media.refusals import writing
from secondunit_contract.problem import NotWritable, TakeThere

ENTRY = "Second Unit.py"
CANARY = "Second Unit finds Resolve.lua"
WAY = "resolve.json"
_OURS = "Second Unit"
_SANDBOX = "com.blackmagic-design.DaVinciResolveLite"
_TREE = ("Blackmagic Design", "DaVinci Resolve")


class Resolve:
    """The way into DaVinci Resolve."""

    name = "resolve"
    title = "DaVinci Resolve"

    def found(self, computer: Computer) -> list[Found]:
        """The Resolve of this machine: it has but one place."""
        if computer.is_windows:
            programs = computer.named("PROGRAMFILES", computer.below("Program Files"))
            path = programs.joinpath(*_TREE, "Resolve.exe")
        elif computer.is_mac:
            path = computer.below("Applications", "DaVinci Resolve", "DaVinci Resolve.app")
        else:
            path = computer.below("opt", "resolve", "bin", "resolve")
        return [Found(self.title, _version(path), path)] if path.exists() else []

    def folders(self, computer: Computer) -> list[Path]:
        """The menus that get an entry: the user's own, and that of Apple's shop where it is."""
        return [each / "Utility" for each in _scripts(computer)]

    def install(self, computer: Computer) -> list[str]:
        """See `Way`. Raises TakeThere where a script of somebody else has our name."""
        bundle.show_the_engine(computer.data)
        way = computer.data / WAY
        env = {"SECONDUNIT_DATA": str(computer.data)}
        command = [sys.executable, "-m", "secondunit_resolve"]
        _write(way, json.dumps({"command": command, "env": env}, indent=1).encode())
        told = [f"Wrote {way}: it names {sys.executable}"]
        for folder in self.folders(computer):
            for name, text in _scripts_of_ours().items():
                _refuse_others(folder / name)
                _write(folder / name, text)
                told.append(f"Wrote {folder / name}")
        return told

    def uninstall(self, computer: Computer) -> list[str]:
        """See `Way`."""
        places = [folder / name for folder in self.folders(computer) for name in (ENTRY, CANARY)]
        told = []
        for each in (*places, computer.data / WAY):
            if each.exists() and (each.name == WAY or _is_ours(each)):
                with writing(each):
                    each.unlink()
                told.append(f"Removed {each}")
        return told

    def standing(self, computer: Computer) -> Standing:
        """See `Way`."""
        again = "Run `secondunit install resolve`"
        entries = [each / ENTRY for each in self.folders(computer)]
        standing = [each for each in entries if each.is_file()]
        way = computer.data / WAY
        if not standing and not way.is_file():
            return Standing("note", "not installed", again)
        if len(standing) < len(entries) or not way.is_file():
            return Standing("missing", "half of it is there", again)
        if any(each.read_bytes() != _scripts_of_ours()[ENTRY] for each in standing):
            return Standing("note", "of another version than the engine", again)
        try:
            program = json.loads(way.read_text("utf-8"))["command"][0]
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            return Standing("missing", f"{way} cannot be read", again)
        if not os.path.exists(program):
            return Standing("missing", f"it starts {program}, which is gone", again)
        return Standing("ok", bundle.version())

    def conformance(self, computer: Computer, output: Path) -> tuple[list[str], str]:
        """See `Way`."""
        command = [sys.executable, "-m", "secondunit_resolve.conformance", "--out", str(output)]
        return command, (
            "Open a project in Resolve with a clip of 12 frames or more on its timeline, set In on"
            " the clip's first frame and Out on its last, and select it"
        )


def put(folder: Path) -> None:
    """Make a folder with what goes into the Scripts menu's Utility folder."""
    with bundle.making(folder) as made:
        for name, text in _scripts_of_ours().items():
            (made / name).write_bytes(text)


def _scripts(computer: Computer) -> Iterator[Path]:
    scripts = ("Fusion", "Scripts")
    if computer.is_windows:
        roaming = computer.named("APPDATA", computer.home / "AppData" / "Roaming")
        yield roaming.joinpath(*_TREE, "Support", *scripts)
    elif computer.is_mac:
        support = ("Library", "Application Support")
        yield computer.home.joinpath(*support, *_TREE, *scripts)
        sandbox = computer.home / "Library" / "Containers" / _SANDBOX / "Data"
        if sandbox.is_dir():
            yield sandbox.joinpath(*support, *_TREE, *scripts)
            yield sandbox.joinpath(*support, *scripts)
    else:
        share = computer.named("XDG_DATA_HOME", computer.home / ".local" / "share")
        yield share.joinpath("DaVinciResolve", *scripts)


def _scripts_of_ours() -> dict[str, bytes]:
    own = bundle.package("secondunit_resolve")
    return {ENTRY: (own / "menu.py").read_bytes(), CANARY: (own / "canary.lua").read_bytes()}


def _is_ours(path: Path) -> bool:
    try:
        return _OURS.encode() in path.read_bytes()[:400]
    except OSError:
        return False


def _refuse_others(path: Path) -> None:
    if path.exists() and not _is_ours(path):
        raise TakeThere(
            "There is a script of that name which is not ours", str(path), "Rename that one first"
        )


def _version(path: Path) -> str:
    try:
        told = plistlib.loads((path / "Contents" / "Info.plist").read_bytes())
    except (OSError, ValueError, plistlib.InvalidFileException):
        return ""
    return str(told.get("CFBundleShortVersionString", "")) if isinstance(told, dict) else ""


def _write(path: Path, text: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(text)
            part.replace(path)
        except IsADirectoryError as error:
            raise NotWritable("A folder stands there", str(path), "Remove it") from error
        finally:
            part.unlink(missing_ok=True)
