"""Files appear whole under their final names, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Room for the dot, the process id and the mark within the 255 bytes of most file systems.
_NAME = 200


@dataclass(frozen=True)
class Landing:
    """A file under way: the hidden name it is written under, and the name it will have."""

    under_way: Path
    final: Path

    @classmethod
    def at(cls, final: Path) -> Landing:
        """A hidden name beside the final one, so that renaming never crosses a disk."""
        mark = f"{os.getpid()}-{secrets.token_hex(3)}"
        name = os.fsencode(final.name)[:_NAME].decode("utf-8", "ignore")
        return cls(final.with_name(f".{name}.{mark}.part"), final)


def land(landings: Iterable[Landing]) -> None:
    """Make sure every file is on the disk, then give each its final name. Raises OSError."""
    landings = list(landings)
    for landing in landings:
        with landing.under_way.open("rb+") as file:
            os.fsync(file.fileno())
    for landing in landings:
        landing.under_way.replace(landing.final)
    for folder in {landing.final.parent for landing in landings}:
        _sync_folder(folder)


def discard(landings: Iterable[Landing]) -> None:
    """Remove what was under way."""
    for landing in landings:
        with suppress(OSError):
            landing.under_way.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    # Windows opens no folders, and some network disks sync none: the names are safe there anyway.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
