"""Errors of the disk and of the media libraries, said as Problems."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from secondunit_contract.problem import (
    CodecUnfit,
    DiskFull,
    MachineProblem,
    MediaMissing,
    MediaTruncated,
    MediaUnreadable,
    NotWritable,
    Problem,
)

# EFBIG: the file system or the user's quota allows no longer file; to an artist it is full.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Whatever goes wrong inside is MediaMissing, MediaTruncated or MediaUnreadable."""
    try:
        yield
    except Problem:
        raise
    except FileNotFoundError as error:
        raise MediaMissing(
            "There is no such file", where=path, remedy="Check the path, or relink the clip"
        ) from error
    except PermissionError as error:
        raise MediaUnreadable(
            "The file may not be read by you",
            where=path,
            remedy="Have its permissions changed, or copy it to where you may read it",
        ) from error
    except EOFError as error:
        raise MediaTruncated(
            "The file ends before its first frame", where=path, remedy="Copy or render it again"
        ) from error
    except (av.FFmpegError, OSError) as error:
        raise MediaUnreadable(
            f"The file cannot be read ({_words(error)})",
            where=path,
            remedy="It may be damaged, half copied, or of a kind we do not know",
        ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside is DiskFull, NotWritable or CodecUnfit; a Problem passes."""
    try:
        yield
    except Problem:
        raise
    except OSError as error:
        raise refusal(error, path) from error
    except (av.FFmpegError, ValueError) as error:
        raise CodecUnfit(
            f"The format cannot hold these pictures ({_words(error)})",
            where=str(path),
            remedy="Ask for another codec, or leave it out: the plate's own kind holds them",
        ) from error


def refusal(error: OSError, path: Path) -> MachineProblem:
    """Why the disk refused."""
    if error.errno in _FULL:
        return full(path)
    return NotWritable(
        f"The file cannot be written ({_words(error)})",
        where=str(path),
        remedy="Choose a folder that you may write to",
    )


def full(path: Path) -> DiskFull:
    """The disk at `path` has no room; nothing is left there under the final name."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return DiskFull(
        f"There is no room to write ({free / 1e6:.1f} MB free)",
        where=str(path),
        remedy="Free some space or choose another disk, then run the job again",
    )


def why_not_written(path: Path, size: int, words: str) -> Problem:
    """What kept a library that tells no error number from writing: as many bytes are tried."""
    probe = path.with_name(f"{path.name}.probe")
    try:
        with probe.open("wb") as file:
            for start in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - start)))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return refusal(error, path)
    finally:
        probe.unlink(missing_ok=True)
    return CodecUnfit(
        f"The format cannot hold this picture ({words.strip()})",
        where=str(path),
        remedy="Ask for another codec, or leave it out: the plate's own kind holds them",
    )


def _words(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).splitlines()[0]
