"""Sweeping up behind a process that died: what it left half written goes, what was whole stays."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from secondunit.engine.slate import sheet_path, story_path, template
from secondunit.engine.standing import takes_of, told_of, whole
from secondunit.ledger.sidecar import SUFFIX, plain_stem
from secondunit.media.landing import Landing, land
from secondunit.media.pattern import pattern_of
from secondunit_contract.job import Job, Take

_HIDDEN = re.compile(r"^\.(?P<final>.+)\.(?P<process>\d+)(?:-[0-9a-f]+)?\.part$")


def swept(job: Job, since: float) -> list[Take]:
    """The takes of a job that stand, once nothing is left of those that do not.

    Hidden files of processes that live are left alone. `since` is when the job began, in seconds
    since 1970: a contact sheet from before is not its own.
    """
    named(job)
    for path in _stories(job):
        take = told_of(path, job.id)
        if take is not None and not whole(take) and not _begun(take):
            _remove(path)  # it tells of what never came
            for key, beside in take.extra.items():
                if key.startswith(("adapter", "sound")) and isinstance(beside, str):
                    _remove(Path(beside))
    for part, _, in_work in hidden(*_beside(job)):
        if not in_work:
            _remove(part)
    takes = takes_of(job)
    if not takes:
        sheet = sheet_path(job)
        with suppress(OSError):
            if sheet.stat().st_mtime >= since:
                sheet.unlink()
    return takes


def named(job: Job) -> None:
    """Give sequences whose files were all written, but not all named, the names that lack.

    To be done for all jobs before one is swept: their hidden files may lie in one folder.
    """
    for path in _stories(job):
        take = told_of(path, job.id)
        if take is not None and not whole(take) and _begun(take):
            _landed(take)


def _landed(take: Take) -> None:
    pattern = pattern_of(Path(take.media))
    if pattern is None:
        return
    missing = {pattern.file(number) for number in set(take.range) - set(pattern.numbers())}
    found = hidden(pattern.folder, pattern.before)
    parts = {final: part for part, final, in_work in found if not in_work}
    if missing <= set(parts):
        with suppress(OSError):
            land(Landing(parts[final], final) for final in sorted(missing))


def _begun(take: Take) -> bool:
    """Whether some files of a take have their names. All had been written before the first."""
    pattern = pattern_of(Path(take.media))
    return pattern is not None and bool(set(take.range) & set(pattern.numbers()))


def _stories(job: Job) -> Iterator[Path]:
    """The side-cars that may tell of this job's takes, and of a matte pulled for it."""
    for number in range(job.first_take, job.first_take + job.takes):
        yield story_path(job, number)
    folder, stem = _beside(job)
    with suppress(OSError):
        yield from sorted(folder.glob(f"{glob.escape(stem)}*_matte*{SUFFIX}"))


def _beside(job: Job) -> tuple[Path, str]:
    """The folder of a job's files, and what all their names begin with."""
    path = Path(template(job))
    before = path.name.partition("{take}")[0].partition(".")[0]
    return path.parent, plain_stem(before.removesuffix("_t"))


def hidden(folder: Path, before: str) -> list[tuple[Path, Path, bool]]:
    """What is under way in a folder and begins so: the hidden file, the name it is to have, and
    whether the process that writes it lives.
    """
    found = []
    with suppress(OSError):
        for name in os.listdir(folder):
            told = _HIDDEN.match(name)
            if told and told["final"].startswith(before):
                part = folder / name
                in_work = _in_work(part, int(told["process"]))
                found.append((part, folder / told["final"], in_work))
    return found


def _in_work(part: Path, process: int) -> bool:
    """Whether the process that writes it lives; a later one may have got the same number."""
    try:
        writer = psutil.Process(process)
        if writer.status() == psutil.STATUS_ZOMBIE:
            return False  # it has ended, and waits for somebody to notice
        return bool(writer.create_time() <= part.stat().st_mtime + 1.0)
    except (psutil.NoSuchProcess, OSError):
        return False
    except psutil.AccessDenied:
        return True  # of another user; not ours to judge


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
