"""Fingerprints of media: whether a clip is still the one a take was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from secondunit_contract.problem import MediaMissing

_BLOCK = 1 << 22  # bytes: even a slow disk brings some in a second


def fingerprint(paths: list[Path], read: Callable[[int], None] = lambda count: None) -> str:
    """sha256 over files in their order, hexadecimal; `read` hears of bytes as they are read, and
    may stop it by what it raises. Raises MediaMissing.
    """
    whole = hashlib.sha256()
    for path in paths:
        each = hashlib.sha256()
        try:
            with path.open("rb", buffering=0) as file:
                while block := file.read(_BLOCK):
                    each.update(block)
                    read(len(block))
        except OSError as error:
            raise MediaMissing("A file has gone while it was in use", str(path)) from error
        whole.update(each.digest())
    return whole.hexdigest()
