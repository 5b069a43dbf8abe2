"""Side-cars: beside each take a file that tells how it was made, and makes it again."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from secondunit_contract.job import Job, Take
from secondunit_contract.problem import BadValue, MediaMissing, MediaUnreadable
from secondunit_contract.wire import from_json, to_json

SUFFIX = ".take.json"
_VERSIONED = ("secondunit", "torch", "diffusers", "transformers", "numpy", "av", "OpenImageIO")


def sidecar_path(media: str) -> Path:
    """Where the side-car of a take lies: beside it, named after it."""
    path = Path(media)
    stem = path.name.split(".", 1)[0] if "#" in path.name else path.stem
    return path.with_name(stem + SUFFIX)


def told(
    job: Job,
    take: Take,
    model: Mapping[str, Any],
    sheets: list[dict[str, Any]],
    inputs: Mapping[str, str],
) -> dict[str, Any]:
    """All there is to tell of a take: the job that makes it alone, model, sheets, inputs.

    `inputs` maps each clip's name to the fingerprint of its files.
    """
    alone = replace(job, takes=1, first_take=take.number, seed=take.seed, output=take.media)
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


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def written(path: Path, story: Mapping[str, Any]) -> None:
    """Write a side-car whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(story, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(temporary, path)


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


def changed_inputs(story: Mapping[str, Any], now: Mapping[str, str]) -> list[str]:
    """The inputs whose files are not what they were. Raises BadValue for a broken story."""
    before = story.get("inputs", {})
    if not isinstance(before, dict):
        raise BadValue("The side-car's inputs are not a table")
    return sorted(name for name, mark in before.items() if now.get(name) != mark)
