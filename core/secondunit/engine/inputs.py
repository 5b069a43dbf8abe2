"""Inputs: what a job's clips were when it was shot, so that a change can be told later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from secondunit.ledger.fingerprint import fingerprint
from secondunit.media.pattern import pattern_of
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue
from secondunit_contract.wire import to_json

Far = Callable[[int, int], None]
"""Hears how much of how much is done."""


def refuse_unwritable(job: Job) -> None:
    """Raise BadValue for a job that cannot be written down: side-car and book are UTF-8, and a
    file's name need not be.
    """
    told = to_json(job)
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        bad = error.object[max(0, error.start - 40) : error.start + 10]
        raise BadValue(
            "A name in this job holds bytes that are no characters",
            bad.encode("ascii", "backslashreplace").decode(),
            "Rename the file or the folder",
        ) from error


def fingerprints(job: Job, far: Far = lambda done, total: None) -> dict[str, str]:
    """Each clip's name with the fingerprint of the files its frames lie in. `far` hears how many of
    all their bytes have been read, and may stop it by what it raises.
    """
    files = {name: _files(clip) for name, clip in job.inputs.items()}
    total, done = sum(_size(each) for clip in files.values() for each in clip), 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        far(min(done, total), total)

    return {name: fingerprint(clip, read) for name, clip in files.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # that it has gone is told when it is read


def _files(clip: Clip) -> list[Path]:
    with open_media(clip) as reader:
        footage = reader.footage
    path = Path(footage.path)
    pattern = pattern_of(path)
    if path.is_file() or pattern is None:
        return [path]
    shift = 0 if clip.media_start is None else pattern.numbers()[0] - clip.media_start
    return [pattern.file(number + shift) for number in clip.range or footage.range]
