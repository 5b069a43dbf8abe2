"""The prelude: a task that needs a matte and was given words or clicks has one pulled first."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from secondunit.engine.keeping import free_name, lies_there, numbered
from secondunit.engine.slate import sheet_path
from secondunit.engine.standing import standing_take
from secondunit.engine.watching import MATTE_FIRST, Cancel, Report, before
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit.tasks import Task
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import MarkMissing

_LEAST, _MOST = 0.0002, 0.6  # share of the picture; outside it a matte means nothing

Shoot = Callable[[Job, Report, Cancel], list[Take]]


def with_matte(
    job: Job, task: Task, values: Any, shoot: Shoot, report: Report, cancel: Cancel
) -> Job:
    """The job with the matte it asks for; the same job where it asks for none.

    Raises MarkMissing when the model finds nothing to be taken away.
    """
    ask = getattr(task, "matte_first", None)
    if ask is None or "matte" in job.inputs or "plate" not in job.inputs or values.marks_nothing():
        return job
    report(Event("notice", job.id, "matte", message="Pulling a matte of what you mark first"))
    sheet = sheet_path(job)
    name = sheet.with_name(sheet.stem.removesuffix("_sheet") + "_matte")
    first = Job(
        "matte",
        str(free_name(name)),
        job.id,
        {"plate": _searched(job.inputs["plate"], values)},
        ask(values),
        job.model,
        job.seed,
        steps=job.steps,
        guidance=job.guidance,
        extra={key: told for key, told in job.extra.items() if key == "frugality"},
    )
    told = before(report, MATTE_FIRST, "matte")
    take = _pulled_before(first, name) or shoot(first, told, cancel)[0]
    matte = Clip(take.media, media_start=take.range.first)
    seen = _seen(matte)
    share = float(np.mean(seen)) if len(seen) else 0.0
    if share < 0.5:
        raise MarkMissing(
            f"What is to be taken away was found on {share:.0%} of the frames",
            f"{values.subject or 'the clicks'}, looked for by the model; see {take.media}",
            "Give a matte, or click on it",
        )
    if share < 1:
        report(Event("notice", job.id, "matte", message=f"Found on {share:.0%} of the frames"))
    return replace(job, inputs=job.inputs | {"matte": matte})


def _pulled_before(first: Job, name: Path) -> Take | None:
    """The matte, where this very job was broken off after it had been pulled.

    It may have another seed: that of the take which the job began with then.
    """
    if not first.id:
        return None
    there = itertools.takewhile(lies_there, numbered(name))
    found = (standing_take(replace(first, output=str(each)), 1, any_seed=True) for each in there)
    return next((take for take in found if take is not None), None)


def _searched(plate: Clip, values: Any) -> Clip:
    """The plate, or only the frames of it that are to be worked on."""
    only = getattr(values, "only", "")
    return replace(plate, range=FrameRange.parse(only)) if only else plate


def _seen(matte: Clip) -> list[bool]:
    """For each frame whether its matte covers a sensible share of the picture."""
    with open_media(matte) as reader:
        return [
            _LEAST < float(to_unit(frame, reader.footage.depth)[..., 3].mean()) < _MOST
            for frame in reader.frames(reader.footage.range)
        ]
