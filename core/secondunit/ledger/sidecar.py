"""Side-cars: beside each take a file that tells how it was made, and makes it again."""

from __future__ import annotations

import errno
import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit_contract.clip import Clip
from secondunit_contract.job import Job, Take
from secondunit_contract.problem import (
    BadValue,
    DiskFull,
    MediaMissing,
    MediaUnreadable,
    NotWritable,
)
from secondunit_contract.wire import from_json, to_json

SUFFIX = ".take.json"
_MOST_THREADS = 1024
_FRAME_PLACE = re.compile(r"[._ -]?(#+|@+|%0?\d*d)$")
_VERSIONED = ("secondunit", "torch", "diffusers", "transformers", "numpy", "av", "OpenImageIO")


def sidecar_path(media: str) -> Path:
    """Where the side-car of a take lies: beside it, named after it."""
    path = Path(media)
    return path.with_name(plain_stem(path.stem) + SUFFIX)


def plain_stem(stem: str) -> str:
    """A file's name without its suffix, and without the place for frame numbers: sc010.v2."""
    return _FRAME_PLACE.sub("", stem) or stem


def told(
    job: Job,
    take: Take,
    model: Mapping[str, Any],
    sheets: list[dict[str, Any]],
    inputs: Mapping[str, str],
) -> dict[str, Any]:
    """All there is to tell of a take: the job that makes it alone, model, sheets, inputs.

    `inputs` maps each clip's name to the fingerprint of its files. Paths are told whole: a take is
    made again wherever one stands.
    """
    alone = replace(
        job,
        takes=1,
        first_take=take.number,
        seed=take.seed,
        output=os.path.abspath(take.media),
        inputs=wholly_named(job.inputs),
    )
    return {
        "secondunit_take": 1,
        "job": to_json(alone),
        "take": to_json(take),
        "model": dict(model),
        "call_sheets": sheets,
        "inputs": dict(inputs),
        "digital_source_type": "compositeWithTrainedAlgorithmicMedia",
        "versions": _versions(),
    }


def wholly_named(clips: Mapping[str, Clip]) -> dict[str, Clip]:
    """The clips with paths that hold wherever one stands."""
    return {name: replace(each, media=os.path.abspath(each.media)) for name, each in clips.items()}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def written(path: Path, story: Mapping[str, Any]) -> None:
    """Write a side-car whole or not at all. Raises DiskFull, NotWritable."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(json.dumps(story, indent=2, ensure_ascii=False) + "\n", "utf-8")
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        words = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(
                "There is no room to write how the take was made",
                str(path),
                "The take itself is there; free some space and run the job again",
            ) from error
        raise NotWritable(
            f"How the take was made cannot be written ({words})",
            str(path),
            "Choose a folder that you may write to",
        ) from error


def read(path: Path) -> dict[str, Any]:
    """A side-car's story. Raises MediaMissing, MediaUnreadable."""
    try:
        story = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise MediaMissing("There is no such side-car", str(path)) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MediaUnreadable(
            "This is no take's side-car", str(path), f"It should end in {SUFFIX}"
        ) from error
    if not isinstance(story, dict) or "secondunit_take" not in story or "job" not in story:
        raise MediaUnreadable("This is no take's side-car", str(path), f"It should end in {SUFFIX}")
    return story


def job_of(story: Mapping[str, Any]) -> Job:
    """The job that makes this take again. Raises BadValue."""
    return from_json(Job, story["job"])


def threads_of(story: Mapping[str, Any]) -> int:
    """How many threads computed the take; 0 where it is not told."""
    model = story.get("model")
    told = model.get("threads") if isinstance(model, dict) else 0
    return told if isinstance(told, int) and 0 < told <= _MOST_THREADS else 0


def changed_adapters(story: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The adapters that were worn then and now, and are not the files they were."""
    before, after = (
        {each["name"]: each["sha256"] for each in told.get("model", {}).get("adapters", [])}
        for told in (story, now)
    )
    return sorted(name for name, mark in before.items() if after.get(name, mark) != mark)


def changed_inputs(story: Mapping[str, Any], now: Mapping[str, str]) -> list[str]:
    """The inputs whose files are not what they were. Raises BadValue for a broken story."""
    before = story.get("inputs", {})
    if not isinstance(before, dict):
        raise BadValue("The side-car's inputs are not a table")
    return sorted(name for name, mark in before.items() if now.get(name) != mark)
