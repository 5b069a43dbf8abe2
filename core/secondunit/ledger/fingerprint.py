"""Fingerprints of media: whether a clip is still the one a take was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from secondunit_contract.problem import MediaMissing


def fingerprint(paths: list[Path]) -> str:
    """sha256 over files in their order, hexadecimal. Raises MediaMissing."""
    whole = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise MediaMissing("A file has gone while it was in use", str(path)) from error
    return whole.hexdigest()
