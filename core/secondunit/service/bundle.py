"""Bundles: a cut with its media in one .otioz file, taken apart with care.

A bundle is a zip of content.otio, version.txt and media/. What it says of itself is believed of
nothing: not its names, not its sizes.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from secondunit_contract.problem import CutUnreadable, DiskFull

CUT = "content.otio"
LARGEST_CUT = 256 * 1024**2
LARGEST = 512 * 1024**3
MOST_FILES = 100_000
MOST_RATIO = 200
"""Bytes that come out of one that went in. Media do not shrink so far, and a cut hardly does."""

_KEPT_FREE = 1024**3  # bytes a bundle leaves free on the disk
_BLOCK = 1024**2
_ADVICE = "Export the bundle again as OTIOZ"


def unpacked(bundle: Path, folder: Path) -> Path:
    """Take a bundle apart into a new folder; gives the cut's path in it.

    Raises CutUnreadable for what is no bundle, leads out of its folder, or grows beyond measure;
    DiskFull before anything is written that would not fit. What was begun is removed.
    """
    with _opened(bundle) as archive:
        members = checked(archive, bundle)
        _refuse_room(members, folder)
        folder.mkdir(parents=True, exist_ok=False, mode=0o700)
        try:
            for each in members:
                _extract(archive, each, folder / each.filename, bundle)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder / CUT


def checked(archive: zipfile.ZipFile, bundle: Path) -> list[zipfile.ZipInfo]:
    """The files of a bundle, each with a name that stays in it. Raises CutUnreadable."""
    members = [each for each in archive.infolist() if not each.is_dir()]
    if len(members) > MOST_FILES:
        raise _refused(f"The bundle holds {len(members)} files", bundle)
    names = [each.filename for each in members]
    if CUT not in names:
        raise _refused("There is no cut in the bundle", bundle)
    if len({name.casefold() for name in names}) != len(names):
        raise _refused("Two files of the bundle have one name", bundle)
    for each in members:
        _refuse_name(each, bundle)
        _refuse_size(each, bundle)
    packed = sum(each.compress_size for each in members)
    if packed > bundle.stat().st_size:
        raise _refused("Files of the bundle lie over each other", bundle)
    if sum(each.file_size for each in members) > LARGEST:
        raise _refused("The bundle says it holds more than 512 GB", bundle)
    return members


def _refuse_name(member: zipfile.ZipInfo, bundle: Path) -> None:
    name = member.filename
    path = PurePosixPath(name)
    astray = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
    known = name in (CUT, "version.txt") or path.parts[:1] == ("media",)
    if astray or not known or any(ord(letter) < 32 for letter in name) or len(name) > 1000:
        raise _refused(f"A file in the bundle is called {name!r:.80}", bundle)
    mode = member.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise _refused(f"{name!r:.80} in the bundle is a link or a device, not a file", bundle)
    if member.flag_bits & 0x1:
        raise _refused("The bundle is locked with a password", bundle)


def _refuse_size(member: zipfile.ZipInfo, bundle: Path) -> None:
    if member.file_size > MOST_RATIO * max(member.compress_size, 1024):
        raise _refused(f"{member.filename!r:.80} grows beyond measure", bundle)
    if member.filename == CUT and member.file_size > LARGEST_CUT:
        raise _refused("The cut in the bundle is larger than any cut", bundle)


def _refuse_room(members: list[zipfile.ZipInfo], folder: Path) -> None:
    there = next(each for each in folder.parents if each.exists())
    needed = sum(each.file_size for each in members)
    free = shutil.disk_usage(there).free - _KEPT_FREE
    if needed > free:
        raise DiskFull(
            f"The bundle needs {needed / 1e9:.1f} GB, and {max(free, 0) / 1e9:.1f} GB are free",
            str(there),
            "Make room, or send the cut without its media",
        )


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, bundle: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with _reading(bundle), archive.open(member) as source, target.open("xb") as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            file.write(block)
    if left:  # zipfile stops at the size that was said; short of it only we look
        raise _refused(f"{member.filename!r:.80} is shorter than it says", bundle)


@contextmanager
def _opened(bundle: Path) -> Iterator[zipfile.ZipFile]:
    with _reading(bundle):
        archive = zipfile.ZipFile(bundle)
    with archive:
        yield archive


@contextmanager
def _reading(bundle: Path) -> Iterator[None]:
    """What zipfile says of a bad file, in our words."""
    try:
        yield
    except OSError as error:
        if error.errno == 28:
            raise DiskFull("The disk is full", str(bundle), "Make room, then try again") from error
        raise _refused(f"The bundle cannot be read: {error}", bundle) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _refused(f"The bundle is damaged: {error}", bundle) from error
    except (ValueError, RuntimeError, OverflowError, LookupError) as error:
        raise _refused(f"This is no bundle: {error}", bundle) from error


def _refused(what: str, bundle: Path) -> CutUnreadable:
    return CutUnreadable(what, bundle.name, _ADVICE)
