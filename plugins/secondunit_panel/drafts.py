"""Drafts: what the artist has said and not yet sent, kept for each task and clip.

They lie in a file of the document, in the user's data folder and, where the document has a folder
of its own, in that one too, so that they travel with the project. Of two the later one counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from secondunit_contract.job import Job
from secondunit_contract.problem import BadValue
from secondunit_contract.wire import from_json, to_json
from secondunit_panel.host import Place, Shot
from secondunit_panel.slots import WORKED_ON, Given, of_clip

FILE = "secondunit_panel.json"
"""What the drafts' file in a project's own folder is called."""

TAKES = 4
_MOST = 500  # drafts of one document; the oldest go


@dataclass(frozen=True)
class Draft:
    """What will be asked for: a task's values, and how often and with what.

    `inputs` are the clips given by hand beside what is selected.
    `seed` None means another one each time; `model`, `steps` and `guidance` as in a job; `origin`
    is the take it was branched from.
    """

    values: dict[str, Any] = field(default_factory=dict)
    takes: int = TAKES
    seed: int | None = None
    model: str = ""
    steps: int | None = None
    guidance: float | None = None
    origin: str = ""
    inputs: dict[str, Given] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


def key_of(task: str, shot: Shot | None, gap: Place | None = None) -> str:
    """By what a task's draft for a clip, or for a gap, is found again: not by the frames that are
    cut out of it, as these are trimmed.
    """
    if shot is not None:
        return "|".join((task, shot.clip.media, shot.place.id))
    return "|".join((task, "gap", str(gap.range.first) if gap else ""))


class Drafts:
    """The drafts of one document at a time, and its jobs that could not be sent yet.

    Reading and writing take their time: `texts` and `read` are for a thread beside the main one,
    the others for the main thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drafts: dict[str, tuple[float, Draft]] = {}
        self.waiting: list[Job] = []
        self.document = ""
        self._beside: Path | None = None

    def get(self, key: str) -> Draft | None:
        """The draft of that key."""
        found = self._drafts.get(key)
        return found[1] if found else None

    def put(self, key: str, draft: Draft) -> None:
        """Keep a draft; it is on the disk when what `writing` gives has been called."""
        self._drafts[key] = (time.time(), draft)

    def turn_to(self, document: str, project: str) -> list[Path]:
        """Go over to another document; where its drafts may lie, for `read`."""
        self.document, self._drafts, self.waiting = document, {}, []
        self._beside = Path(project) / FILE if project else None
        return self._paths()

    def take_over(self, told: dict[str, Any]) -> None:
        """Take what was read; a draft that was changed meanwhile stays as it is now."""
        for key, (changed, draft) in _read_drafts(told).items():
            if key not in self._drafts or self._drafts[key][0] < changed:
                self._drafts[key] = (changed, draft)
        known = {each.id for each in self.waiting}
        self.waiting += [each for each in _read_jobs(told) if each.id not in known]

    def writing(self) -> Callable[[], None]:
        """What writes the drafts as they are now; to be called beside the main thread."""
        newest = sorted(self._drafts.items(), key=lambda each: -each[1][0])[:_MOST]
        told = {
            "version": 1,
            "document": self.document,
            "drafts": {
                key: {**to_json(draft), "changed": changed} for key, (changed, draft) in newest
            },
            "waiting": [to_json(each) for each in self.waiting],
        }
        paths = self._paths()
        return lambda: write(told, paths)

    def _paths(self) -> list[Path]:
        name = hashlib.sha256(self.document.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        own = self._folder / f"{name}.json"
        return [own, self._beside] if self._beside else [own]


def read(paths: Iterable[Path]) -> dict[str, Any]:
    """What the files tell together: of each draft the latest. An unreadable one tells nothing."""
    drafts: dict[str, Any] = {}
    waiting: list[Any] = []
    for number, path in enumerate(paths):
        try:
            told = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        listed = told.get("drafts") if isinstance(told, dict) else None
        for key, each in (listed if isinstance(listed, dict) else {}).items():
            if isinstance(each, dict) and _changed(each) >= _changed(drafts.get(key, {})):
                drafts[key] = each
        # What waits to be sent is this user's alone: a project's folder may be shared.
        if number == 0 and listed is not None and isinstance(told.get("waiting"), list):
            waiting = told["waiting"]
    return {"drafts": drafts, "waiting": waiting}


def write(told: dict[str, Any], paths: Iterable[Path]) -> None:
    """Write the drafts, each file whole or not at all. Raises OSError for the user's own only:
    a project's folder may be read-only.
    """
    own, *others = paths
    _written(own, json.dumps(told, ensure_ascii=False))
    shared = json.dumps({**told, "waiting": []}, ensure_ascii=False)
    for path in others:
        if path.parent.is_dir():
            try:
                _written(path, shared)
            except OSError:
                continue


def _written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, "utf-8", "backslashreplace")
    part.replace(path)


def _read_drafts(told: dict[str, Any]) -> dict[str, tuple[float, Draft]]:
    found = {}
    for key, each in told["drafts"].items():
        try:
            draft = from_json(Draft, each)
        except BadValue:
            continue
        changed = draft.extra.pop("changed", 0.0)
        found[key] = (changed if isinstance(changed, (int, float)) else 0.0, draft)
    return found


def _read_jobs(told: dict[str, Any]) -> list[Job]:
    found = []
    for each in told["waiting"]:
        try:
            found.append(from_json(Job, each))
        except BadValue:
            continue
    return found


def _changed(told: dict[str, Any]) -> float:
    changed = told.get("changed")
    return float(changed) if isinstance(changed, (int, float)) else 0.0


def of_job(job: Job, origin: str = "", seed: int | None = None) -> Draft:
    """The draft a job was made from; with the seed of one of its takes to branch from that."""
    values = json.loads(json.dumps(to_json(job.values)))
    given = {key: of_clip(clip) for key, clip in job.inputs.items() if key not in WORKED_ON}
    return Draft(values, 1, seed, job.model, job.steps, job.guidance, origin, given)


def with_settings(draft: Draft, like: Draft) -> Draft:
    """A draft that is asked for as often and with the same model as another."""
    return replace(draft, takes=like.takes, model=like.model)
