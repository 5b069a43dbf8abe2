"""Whole jobs: the command a person types, run in this process, on footage of the package."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit.cli import main
from secondunit.demo import FOOTAGE
from secondunit.media.read import open_media


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


def typed(*words: object) -> Ran:
    """A command, as the installed program runs it."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["secondunit", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
        code: Any = 0
    except SystemExit as leaving:
        code = leaving.code
    finally:
        sys.argv = before
    return Ran(int(code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The command line; no models but the one that comes along."""
    patch = pytest.MonkeyPatch()
    patch.setenv("SECONDUNIT_MODELS", str(tmp_path_factory.mktemp("no_models")))
    patch.setenv("SECONDUNIT_DEVICE", "cpu")
    yield typed
    patch.undo()


@pytest.fixture(scope="session")
def plate() -> Path:
    """A movie of 24 frames, 320x180, 24 a second from 01:00:00:00."""
    return FOOTAGE / "plate.mov"


@pytest.fixture
def shots(tmp_path: Path, plate: Path) -> Path:
    """A folder with the plate in it, to put cuts into."""
    shutil.copyfile(plate, tmp_path / "plate.mov")
    return tmp_path


@pytest.fixture(scope="session")
def frames_of() -> Callable[[str | Path], list[np.ndarray]]:
    """All frames of a take."""

    def read(media: str | Path) -> list[np.ndarray]:
        with open_media(str(media)) as reader:
            return list(reader.frames(reader.footage.range))

    return read


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, int]]:
    """Every file below a folder, and when it was written."""

    def look(folder: Path) -> dict[str, int]:
        return {
            str(each.relative_to(folder)): each.stat().st_mtime_ns
            for each in sorted(folder.rglob("*"))
            if each.is_file()
        }

    return look
