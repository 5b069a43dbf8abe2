"""Undoing: a take that comes to nothing leaves the files beside it as they were before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def as_it_was(path: Path) -> Callable[[], None]:
    """What makes a small file again what it is now: with these bytes, or not there at all.

    The bytes wait in memory, and room for them is on the disk again once the take has gone.
    """
    before: bytes | None = None
    with suppress(OSError):
        before = path.read_bytes()

    def put_back() -> None:
        with suppress(OSError):  # what brought us here is the problem to be told of
            if before is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != before:
                path.write_bytes(before)

    return put_back
