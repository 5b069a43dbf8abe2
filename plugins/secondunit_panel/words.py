"""What the panel says: selections, progress, costs and problems, in an artist's words."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from secondunit_contract.frames import Timecode
from secondunit_contract.problem import Problem, problem_from_json
from secondunit_contract.queue import Entry
from secondunit_panel.host import About, Place, Selection

Act = Literal[
    "again", "connect", "select", "mark", "field", "models", "retry", "report", "fetch", "agree",
    "stop",
]  # fmt: skip
"""What a remedy's button does: the same once more, look for the engine, read the selection, go to
the picture, go to a field, show the models, queue the job again, copy the report; fetch a model,
agree to its licence and fetch it, stop fetching it."""


@dataclass(frozen=True)
class Action:
    """A remedy as a button."""

    label: str
    act: Act
    about: str = ""


@dataclass(frozen=True)
class Notice:
    """Something the artist should know: a sentence, what to do about it, and a button that does it.

    `where` and `report` are for whoever asks further; `about` is the job or the take it is of.
    """

    sentence: str
    remedy: str = ""
    action: Action | None = None
    where: str = ""
    about: str = ""
    code: str = ""
    report: str = ""


_REMEDIES: dict[str, tuple[str, Act]] = {
    "service.gone": ("Look again", "connect"),
    "service.protocol": ("Look again", "connect"),
    "machine.part": ("Try again", "connect"),
    "machine.memory": ("See models", "models"),
    "machine": ("Try again", "again"),
    "model": ("See models", "models"),
    "task.mark_missing": ("Mark it", "mark"),
    "value.wrong": ("Show it", "field"),
    "media": ("Select again", "select"),
    "path": ("Select again", "select"),
    "host.place_gone": ("Select again", "select"),
    "host.gone": ("Select again", "select"),
    "host.cannot": ("Copy report", "report"),
    "host": ("Try again", "again"),
    "program.fault": ("Copy report", "report"),
    "problem": ("Copy report", "report"),
}
"""By the code, or by what it begins with; the longest that fits."""

_PHASES = {
    "": "Shooting",
    "shooting": "Shooting",
    "matte": "Pulling the matte",
    "reading": "Reading the plate",
    "writing": "Writing",
    "loading": "Loading the model",
    "plate": "Exporting the plate",
}

_STATES = {
    "queued": "Waiting",
    "pausing": "Pausing",
    "paused": "Paused",
    "cancelling": "Cancelling",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "done": "Done",
}


def selected(selection: Selection, about: About) -> str:
    """What is selected, in one line, in the host's own way to count."""
    followed = f" · follows {selection.guide.name}" if selection.guide else ""
    return _selected(selection, about) + followed


def _selected(selection: Selection, about: About) -> str:
    if selection.gap is not None:
        names = [each.name for each in (selection.before, selection.after) if each]
        named = f"Gap between {' and '.join(names)}" if len(names) == 2 else "Gap"
        if len(names) == 1:
            named = f"Gap {'after' if selection.before else 'before'} {names[0]}"
        return f"{named} · {span(selection.gap, about)}"
    if not selection.clips:
        return "Select a clip, or a gap to fill"
    first = selection.clips[0]
    if len(selection.clips) == 1:
        return f"{first.name} · {span(first.place, about)}"
    frames = sum(len(each.place.range) for each in selection.clips)
    return f"{len(selection.clips)} clips from {first.name} on · {frames} f"


def span(place: Place, about: About) -> str:
    """Where a place is and how long: timecode as editors write it, up to the frame after the last;
    frames with both ends.
    """
    frames = len(place.range)
    if about.counts == "timecode" and place.timecode is not None:
        return f"{place.timecode}–{place.timecode.shifted(frames)} · {frames} f"
    return f"{place.range.first}–{place.range.last} · {frames} f"


def moment(place: Place, frame: int, about: About) -> str:
    """One frame of the document, as the host shows it."""
    if about.counts == "timecode" and place.timecode is not None:
        whole = place.timecode
        at = whole.frame + frame - place.range.first
        return str(Timecode(max(0, at), whole.rate, whole.drop))
    return str(frame)


def lasting(seconds: float | None) -> str:
    """How long something takes, no more exact than it can be known; empty where it is not."""
    if seconds is None:
        return ""
    if seconds < 55:
        return f"~{max(5, round(seconds / 5) * 5)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"~{max(1, minutes)} min"
    hours, minutes = divmod(round(seconds / 60 / 5) * 5, 60)
    return f"~{hours} h {minutes} min" if minutes else f"~{hours} h"


def progress(entry: Entry, doing: str = "") -> str:
    """How far a job is: what it does, which take, per cent, time left. `doing` is what the engine
    says of it in words of its own.
    """
    if entry.state != "running":
        told = _STATES.get(entry.state, entry.state.capitalize())
        return f"{told} · {_takes(entry.takes)}" if entry.takes else told
    parts = [doing or _PHASES.get(entry.phase, entry.phase.capitalize())]
    if entry.job.takes > 1:
        parts[0] += f" {min(entry.takes + 1, entry.job.takes)} of {entry.job.takes}"
    if entry.total and entry.done:
        parts.append(f"{share(entry):.0%}")
    if entry.seconds_left is not None:
        parts.append(f"{lasting(entry.seconds_left)} left")
    return " · ".join(parts)


def share(entry: Entry) -> float:
    """How much of a job is done, 0 to 1."""
    if entry.state == "done":
        return 1.0
    return min(1.0, max(0.0, entry.done / entry.total)) if entry.total else 0.0


def measured(entry: Entry) -> bool:
    """Whether anybody can say yet how far a running job is."""
    return entry.state != "running" or bool(entry.total and entry.done)


def _takes(count: int) -> str:
    return "1 take" if count == 1 else f"{count} takes"


def gigabytes(needed: float | None, room: float | None) -> str:
    """What a job needs of the memory there is: "11 of 24 GB"."""
    if needed is None:
        return ""
    return f"{needed:.0f} of {room:.0f} GB" if room else f"{needed:.0f} GB"


def notice(problem: Problem, about: str = "", job: Mapping[str, Any] | None = None) -> Notice:
    """A problem as it is shown. `job` is what was asked for, for the report."""
    action = _offer_of(problem) or Action(*_remedy_of(problem.code), about)
    report = {
        "problem": problem.to_json(),
        "about": about,
        "job": dict(job or {}),
        "python": platform.python_version(),
        "machine": platform.platform(),
    }
    return Notice(
        problem.what,
        problem.remedy,
        action,
        problem.where,
        about,
        problem.code,
        json.dumps(report, ensure_ascii=False, indent=1, default=str),
    )


def size(megabytes: float) -> str:
    """How much it is to fetch."""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 100 else f"{megabytes:.0f} MB"


def _offer_of(problem: Problem) -> Action | None:
    """Fetching the model that would do it, where the engine names one."""
    told = problem.extra.get("fetch")
    if not isinstance(told, Mapping) or not told.get("name"):
        return None
    much = told.get("mb")
    sized = f" ({size(much)})" if isinstance(much, (int, float)) and much else ""
    return Action(f"Fetch {told.get('title') or told['name']}{sized}", "fetch", str(told["name"]))


def _remedy_of(code: str) -> tuple[str, Act]:
    parts = code.split(".")
    for length in range(len(parts), 0, -1):
        found = _REMEDIES.get(".".join(parts[:length]))
        if found:
            return found
    return _REMEDIES["problem"]


def problem_of(entry: Entry) -> Problem | None:
    """Why a job failed; None where it did not."""
    return problem_from_json(entry.problem) if entry.problem else None
