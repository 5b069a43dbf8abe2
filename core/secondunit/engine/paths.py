r"""Paths: what a file here is called on a cluster's machine, and the other way round.

A rule is a pair of folders, as in ("P:\shows", "/mnt/shows"). Of several that hold, the one that
says most holds: the longest. A folder's name counts whole, so "/mnt/show" is no part of
"/mnt/shows". A drive or a \\server is Windows': its capitals do not matter, and both slashes do.
"""

from __future__ import annotations

import json
import ntpath
import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace

from secondunit.settings import folder_pairs
from secondunit_contract.clip import Clip
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue

Rules = Sequence[tuple[str, str]]

_WINDOWS = re.compile(r"[A-Za-z]:|\\\\|//")
_SLASHES = "/\\"


def back(rules: Rules) -> Rules:
    """The rules that lead back."""
    return [(there, here) for here, there in rules]


def mapped(path: str, rules: Rules) -> str:
    """What a path is called there; as it is where no rule says."""
    holding = [rule for rule in rules if _rest(path, rule[0]) is not None]
    if not holding:
        return path
    here, there = max(holding, key=lambda rule: len(_root(rule[0])))
    rest = _rest(path, here)
    if not rest:
        return there
    if _windows(there):
        rest = rest.replace("/", "\\")
    elif _windows(here):
        rest = rest.replace("\\", "/")
    return _root(there) + rest


def job_there(job: Job, rules: Rules) -> Job:
    """A job whose clips, takes, model and adapters lie where they are called so there."""
    return replace(
        job,
        output=mapped(job.output, rules),
        model=mapped(job.model, rules),
        inputs={name: _clip_there(clip, rules) for name, clip in job.inputs.items()},
        adapters=tuple(mapped(each, rules) for each in job.adapters),
    )


def event_there(event: Event, rules: Rules) -> Event:
    """An event that tells of files by what they are called there."""
    problem = event.problem
    if problem and isinstance(problem.get("where"), str):
        problem = problem | {"where": mapped(problem["where"], rules)}
    take = take_there(event.take, rules) if event.take else None
    return replace(event, preview=mapped(event.preview, rules), take=take, problem=problem)


def take_there(take: Take, rules: Rules) -> Take:
    """A take whose files are called as they are there."""
    extra = {
        key: mapped(value, rules) if isinstance(value, str) else value
        for key, value in take.extra.items()
    }
    return replace(
        take,
        media=mapped(take.media, rules),
        sidecar=mapped(take.sidecar, rules),
        sheet=mapped(take.sheet, rules),
        extra=extra,
    )


def lying_in(take: Take, folder: str) -> Take:
    """A take whose files lie in that folder, whatever the folder was called when it was shot."""
    before = (ntpath if _windows(take.media) else posixpath).dirname(take.media)
    return take_there(take, [(before, folder)]) if _root(before) else take


def rules_of(told: str) -> Rules:
    """Rules as a person writes them, "/here=/there;P:\\here=/there", or as a farm does.

    A farm's are JSON by Open Job Description's pathmapping-1.0. Raises BadValue.
    """
    if told.lstrip().startswith("{"):
        return _farm_rules(told)
    return folder_pairs(told)


def _farm_rules(told: str) -> Rules:
    try:
        rules = json.loads(told).get("path_mapping_rules", [])
        return [(str(rule["source_path"]), str(rule["destination_path"])) for rule in rules]
    except (ValueError, TypeError, KeyError) as error:
        raise BadValue(
            f"The farm's rules for paths cannot be understood ({error})",
            f"{told:.60}",
            "Write them as Open Job Description does, or as in /here=/there;/others=/elsewhere",
        ) from error


def _clip_there(clip: Clip, rules: Rules) -> Clip:
    return replace(clip, media=mapped(clip.media, rules))


def _rest(path: str, folder: str) -> str | None:
    """What of a path lies behind a folder, with its slash; None where it lies elsewhere."""
    root = _root(folder)
    head, rest = path[: len(root)], path[len(root) :]
    windows = _windows(folder)
    same = _plain(head) == _plain(root) if windows else head == root
    return rest if same and (not rest or rest[0] in (_SLASHES if windows else "/")) else None


def _root(folder: str) -> str:
    return folder.rstrip(_SLASHES if _windows(folder) else "/")


def _plain(path: str) -> str:
    return path.replace("\\", "/").lower()


def _windows(path: str) -> bool:
    return bool(_WINDOWS.match(path))
