"""Small files of ours, written so that nobody ever reads half of one."""

from __future__ import annotations

import os
from pathlib import Path

from secondunit_contract.problem import NotWritable


def note(path: Path, text: str) -> None:
    """The text under that name, whole or not at all. Raises NotWritable."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NotWritable(
            f"It cannot be written down: {error.strerror or error}",
            str(path),
            "Make the folder writable, or set SECONDUNIT_DATA or SECONDUNIT_MODELS to another",
        ) from error
