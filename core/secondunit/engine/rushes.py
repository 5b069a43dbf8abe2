"""Rushes: what a model has answered so far, kept on disk until its take is finished.

A job that was paused, or whose machine went down, goes on behind its last finished window, and the
take has the same bits: an answer is kept as it came, in float32.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from secondunit.media.pattern import pattern_of
from secondunit_contract.job import Job
from secondunit_contract.wire import to_json

Answer = Mapping[str, NDArray[Any]]
"""Arrays by name, of any shape."""

_ASKED_OF = "asked.json"
_KEPT = 14 * 24 * 3600.0  # seconds


class Rushes:
    """A folder of answers; None keeps nothing.

    What cannot be written is not kept, and what cannot be read is asked for again: the rushes save
    time, nothing hangs on them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @classmethod
    def of(cls, shelf: Path | None, job: Job, model: Mapping[str, Any]) -> Rushes:
        """A job's own, on a shelf for all jobs. Those of another question under its name go: other
        values, other inputs, or another model.
        """
        if shelf is None or not job.id:
            return cls()
        rushes = cls(shelf / _shelved(job.id))
        rushes._begin(_identity(job, model))
        return rushes

    def answer(self, name: str, ask: Callable[[], Answer]) -> Answer:
        """What is kept under a name; where nothing is, what `ask` gives, which is then kept."""
        kept = self.kept(name)
        if kept is None:
            kept = ask()
            self.keep(name, kept)
        return kept

    def __contains__(self, name: str) -> bool:
        return self._folder is not None and self._file(name).is_file()

    def forget(self) -> None:
        """Nothing of this job will be asked again."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self, identity: str) -> None:
        if self._folder is None:
            return
        told = self._folder / _ASKED_OF
        with suppress(OSError):
            if told.is_file() and told.read_text("utf-8") == identity:
                return
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._folder.mkdir(parents=True)
            told.write_text(identity, "utf-8")
        except OSError:
            self._folder = None

    def _file(self, name: str) -> Path:
        return (self._folder or Path()) / f"{name}.npz"

    def kept(self, name: str) -> Answer | None:
        """What is kept under a name."""
        if name not in self:
            return None
        try:
            with self._file(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def keep(self, name: str, answer: Answer) -> None:
        """Keep that, in the place of what was kept under the name."""
        if self._folder is None:
            return
        part = self._file(name).with_suffix(".part")
        try:
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **answer)
            os.replace(part, self._file(name))
        except OSError:  # a full disk above all: the take needs the room more
            part.unlink(missing_ok=True)


def tidied(shelf: Path, open_jobs: Iterable[str]) -> None:
    """Throw away what is kept of jobs that nobody has gone on with for a fortnight."""
    kept = {_shelved(job) for job in open_jobs}
    with suppress(OSError):
        for folder in list(shelf.iterdir()):
            if folder.name not in kept and folder.stat().st_mtime < time.time() - _KEPT:
                shutil.rmtree(folder, ignore_errors=True)


def _shelved(job: str) -> str:
    return hashlib.sha256(job.encode()).hexdigest()[:24]


def _identity(job: Job, model: Mapping[str, Any]) -> str:
    """What an answer hangs on: the job but for seeds and places, its inputs' files, the model."""
    asked = replace(job, id="", output="", seed=0, takes=1, first_take=1)
    asked_of = {key: told for key, told in model.items() if key != "forecast"}  # moves no bit
    files = {name: _stamp(Path(clip.media)) for name, clip in sorted(job.inputs.items())}
    return json.dumps([to_json(asked), files, asked_of], sort_keys=True, default=str)


def _stamp(path: Path) -> list[list[int]]:
    """Sizes and times of a clip's files: cheaper than their content, and enough for a few hours."""
    pattern = None if path.is_file() else pattern_of(path)
    files = [path] if pattern is None else [pattern.file(each) for each in pattern.numbers()]
    stamps = []
    for each in files:
        with suppress(OSError):
            told = each.stat()
            stamps.append([told.st_size, told.st_mtime_ns])
    return stamps
