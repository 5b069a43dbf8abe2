"""Inputs: what a job's clips were when it was shot, so that a change can be told later."""

from __future__ import annotations

import json
from pathlib import Path

from secondunit.ledger.fingerprint import fingerprint
from secondunit.media.pattern import pattern_of
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue
from secondunit_contract.wire import to_json


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


def fingerprints(job: Job) -> dict[str, str]:
    """Each clip's name with the fingerprint of the files its frames lie in."""
    return {name: fingerprint(_files(clip)) for name, clip in job.inputs.items()}


def _files(clip: Clip) -> list[Path]:
    with open_media(clip) as reader:
        footage = reader.footage
    path = Path(footage.path)
    pattern = pattern_of(path)
    if path.is_file() or pattern is None:
        return [path]
    shift = 0 if clip.media_start is None else pattern.numbers()[0] - clip.media_start
    return [pattern.file(number + shift) for number in clip.range or footage.range]
