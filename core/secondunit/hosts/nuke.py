"""Second Unit in Nuke: a folder of ours, and three lines in the user's init.py that name it."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from secondunit.hosts import bundle
from secondunit.hosts.place import LONGEST_ON_WINDOWS, Computer, Found, Standing, versions
from secondunit.media.refusals import writing
from secondunit_contract.problem import NotWritable

OLDEST = 15
_FIRST_OF_QT6 = 16
_BEGIN, _BEGIN_BROKEN = b"# >>> Second Unit", b"# >>>+ Second Unit"  # + where we ended a line
_END = b"# <<< Second Unit"
_BLOCK = re.compile(rb"(\r?\n)?# >>>(\+?) Second Unit.*?# <<< Second Unit\r?\n", re.DOTALL)


class Nuke:
    """The way into Nuke."""

    name = "nuke"
    title = "Nuke"

    def found(self, computer: Computer) -> list[Found]:
        """Every Nuke in the folders its installer offers."""
        pattern = r"Nuke(\d+\.\d+v\d+)"
        if computer.is_windows:
            folders = [computer.named("PROGRAMFILES", computer.below("Program Files"))]
        elif computer.is_mac:
            folders = [computer.below("Applications")]
        else:
            folders = [computer.below("usr", "local"), computer.below("opt"), computer.home]
        return [_found(version, path) for version, path in versions(folders, pattern)]

    def folder(self, computer: Computer) -> Path:
        """Our folder."""
        return computer.data / "hosts" / self.name

    def init(self, computer: Computer) -> Path:
        """The user's own init.py; through a link, what it leads to."""
        return (computer.home / ".nuke" / "init.py").resolve()

    def install(self, computer: Computer) -> list[str]:
        """See `Way`. The user's own lines in init.py stay as they are, byte by byte."""
        folder, init = self.folder(computer), self.init(computer)
        if computer.is_windows and len(str(folder)) > LONGEST_ON_WINDOWS:
            raise NotWritable(
                f"The folder's path has {len(str(folder))} characters; Nuke opens up to 259",
                str(folder),
                "Name a shorter folder with SECONDUNIT_DATA",
            )
        bundle.show_the_engine(computer.data)
        put(folder)
        told = [f"Wrote {folder}"]
        before = _read(init)
        after = with_lines(without_lines(before), folder)
        if after != before:
            _write(init, after)
            told.append(f"{'Changed' if before else 'Wrote'} {init}: it names that folder")
        return told

    def uninstall(self, computer: Computer) -> list[str]:
        """See `Way`. An init.py that held nothing but our lines goes with them."""
        told = []
        init, folder = self.init(computer), self.folder(computer)
        before = _read(init)
        after = without_lines(before)
        if after != before:
            if after:
                _write(init, after)
            else:
                with writing(init):
                    init.unlink()
            told.append(f"{'Changed' if after else 'Removed'} {init}")
        if folder.exists():
            bundle.removed(folder)
            told.append(f"Removed {folder}")
        return told

    def standing(self, computer: Computer) -> Standing:
        """See `Way`."""
        has, named = bundle.standing_version(self.folder(computer)), _read(self.init(computer))
        again = "Run `secondunit install nuke`"
        if not has and _END not in named:
            return Standing("note", "not installed", again)
        if not has or ascii(str(self.folder(computer))).encode() not in named:
            return Standing("missing", "half of it is there", again)
        if has != bundle.version():
            return Standing("note", f"{has}, while the engine is {bundle.version()}", again)
        return Standing("ok", has)

    def conformance(self, computer: Computer, output: Path) -> tuple[list[str], str]:
        """See `Way`."""
        script = str(bundle.package("secondunit_nuke") / "conformance.py")
        fit = [each for each in self.found(computer) if each.fits]
        program = str(_program(fit[-1].path, computer)) if fit else "Nuke"
        return [program, "-t", script, str(output)], (
            "" if fit else "Nuke was not found here: put its program in the place of the first word"
        )


def put(folder: Path) -> None:
    """Make the folder that goes on NUKE_PATH. Raises PartMissing, NotWritable, DiskFull."""
    with bundle.making(folder) as made:
        bundle.put_packages(["secondunit_nuke"], made)
        for name in ("init.py", "menu.py"):
            (made / name).write_bytes(_startup(name))
        bundle.put_packages(bundle.OURS, made / "lib")
        bundle.put_wheels(bundle.WHEELS, made / "lib")


def with_lines(text: bytes, folder: Path) -> bytes:
    """An init.py that names the folder too."""
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    whole = not text or text.endswith(b"\n")
    lines = [
        (_BEGIN if whole else _BEGIN_BROKEN) + b" (`secondunit uninstall nuke` takes this out)",
        b"import nuke",
        b"nuke.pluginAddPath(" + ascii(str(folder)).encode() + b")",
        _END,
    ]
    return text + (b"" if whole else newline) + newline.join(lines) + newline


def without_lines(text: bytes) -> bytes:
    """An init.py as it was before our lines came."""

    def kept(found: re.Match[bytes]) -> bytes:
        return b"" if found[2] else found[1] or b""

    return _BLOCK.sub(kept, text)


def _found(version: str, path: Path) -> Found:
    major = int(version.partition(".")[0])
    if major < OLDEST:
        return Found("Nuke", version, path, False, f"too old: {OLDEST}.0 or later is needed")
    return Found("Nuke", version, path, True, "PySide6" if major >= _FIRST_OF_QT6 else "PySide2")


def _program(path: Path, computer: Computer) -> Path:
    short = path.name.partition("v")[0]
    if computer.is_mac:
        return path / f"{path.name}.app" / "Contents" / "MacOS" / short
    return path / (f"{short}.exe" if computer.is_windows else short)


def _startup(name: str) -> bytes:
    """init.py and menu.py stand beside the package in the sources, within it in a wheel."""
    own = bundle.package("secondunit_nuke")
    for each in (own / "startup" / name, own.parent / name):
        if each.is_file():
            return each.read_bytes()
    raise NotWritable(f"The installation lacks {name}", str(own), "Install secondunit again")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise NotWritable(
            f"The file cannot be read ({error.strerror})", str(path), "Look at its permissions"
        ) from error


def _write(path: Path, text: bytes) -> None:
    """The whole file or none of it, with the rights it had."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        handle, name = tempfile.mkstemp(prefix=".init", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            part.chmod(mode)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
