"""A folder that has all a host needs of us: our packages, and the pure Python they stand on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from secondunit.media.refusals import writing
from secondunit.service.discovery import leave_the_way
from secondunit_contract.problem import PartMissing

OURS = ("secondunit_contract", "secondunit_panel")
WHEELS = ("requests", "urllib3", "idna", "certifi", "charset-normalizer", "QtPy", "packaging")
"""What the panel stands on; all of it runs as plain Python."""

_LEFT_OUT = {"__pycache__"}
_COMPILED = {".so", ".pyd", ".dylib", ".pyc"}
MARK = "version.txt"


def package(name: str) -> Path:
    """The folder of an importable package, without importing it. Raises PartMissing."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PartMissing(f"{name} is not installed", remedy="Install secondunit[all]")
    return Path(next(iter(spec.submodule_search_locations)))


def show_the_engine(data: Path) -> None:
    """Let panels find this Python. Raises NotWritable, DiskFull."""
    with writing(data):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    leave_the_way(data)


def version() -> str:
    """Ours."""
    return importlib.metadata.version("secondunit")


def put_packages(names: Iterable[str], into: Path) -> None:
    """Copy packages of ours into a folder."""
    for name in names:
        shutil.copytree(package(name), into / name, ignore=_plain)


def put_wheels(names: Iterable[str], into: Path) -> None:
    """Copy installed libraries into a folder, with their licences, less what is compiled.

    Raises PartMissing.
    """
    for name in names:
        try:
            told = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError as error:
            raise PartMissing(
                f"{name} is not installed", remedy="Install secondunit[qt]"
            ) from error
        for file in told.files or ():
            inside = not file.is_absolute() and ".." not in file.parts
            if inside and file.suffix not in _COMPILED and not _LEFT_OUT & set(file.parts):
                target = into.joinpath(*file.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)


def replaced(folder: Path, made: Path) -> None:
    """Let a finished folder stand where another one stood, or none."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(made, folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """A folder that is made beside its place, and stands there when all of it is there.

    Raises NotWritable, DiskFull; what stood there before stands there still then.
    """
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        try:
            made.chmod(0o755)
            yield made
            (made / MARK).write_text(version() + "\n", encoding="utf-8")
            replaced(folder, made)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def standing_version(folder: Path) -> str:
    """The version a folder was made of, "" where there is none."""
    try:
        return (folder / MARK).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _plain(folder: str, names: list[str]) -> set[str]:
    return {each for each in names if each in _LEFT_OUT or Path(each).suffix in _COMPILED}


def removed(folder: Path) -> None:
    """Take a folder of ours away. Raises NotWritable."""
    with writing(folder):
        shutil.rmtree(folder)
