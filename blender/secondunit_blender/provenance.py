"""What a strip says of the takes in it: custom properties, which travel with the file.

All takes of one slate are in one strip, which plays one of them; the others wait in its list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Take
from secondunit_contract.problem import BadValue
from secondunit_contract.wire import from_json, to_json
from secondunit_panel.host import Delivery

from . import versions

TAKES, SLATE, LIES = "secondunit_takes", "secondunit_slate", "secondunit_lies"
JOB, NUMBER = "secondunit_job", "secondunit_take"


def imprint(strip: Any, delivery: Delivery) -> None:
    """Say in a new strip whose it is, for people and for scripts that look for it."""
    job = delivery.job
    strip[SLATE], strip[LIES] = delivery.slate, str(delivery.lies)
    strip["secondunit_task"], strip["secondunit_model"] = job.task, job.model
    strip["secondunit_prompt"] = str(job.values.get("prompt") or job.values.get("subject") or "")


def tell(strip: Any, take: Take) -> None:
    """Say which take a strip plays."""
    strip[JOB], strip[NUMBER] = take.job, take.number
    strip["secondunit_seed"], strip["secondunit_sidecar"] = str(take.seed), take.sidecar


def takes(strip: Any) -> list[Take]:
    """The takes in a strip, in the order they came; none in one that is not ours."""
    try:
        return [from_json(Take, each) for each in json.loads(strip.get(TAKES) or "[]")]
    except (ValueError, TypeError, BadValue):  # somebody has written into it by hand
        return []


def put(strip: Any, listed: list[Take]) -> None:
    """Have a strip hold these takes."""
    strip[TAKES] = json.dumps([to_json(each) for each in listed])


def plays(strip: Any) -> tuple[str, int]:
    """(job, number) of the take a strip plays."""
    return str(strip.get(JOB) or ""), int(strip.get(NUMBER) or 0)


def lies(strip: Any) -> FrameRange | None:
    """The frames a strip of ours was placed on, wherever it was moved to since."""
    try:
        return FrameRange.parse(str(strip.get(LIES) or ""))
    except BadValue:
        return None


def ours(scene: Any, slate: str = "") -> Iterator[Any]:
    """The strips of ours in a scene, of one slate or all."""
    if scene.sequence_editor is not None:
        for each in versions.all_strips(scene.sequence_editor):
            told = each.get(SLATE)
            if told and (not slate or told == slate):
                yield each


def holding(scene: Any, job: str, number: int) -> tuple[Any, Take] | None:
    """The strip that holds a take, and what it says of it."""
    for strip in ours(scene):
        for take in takes(strip):
            if (take.job, take.number) == (job, number):
                return strip, take
    return None
