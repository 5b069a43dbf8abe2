"""Markers of the timeline: which job and take stands where."""

from __future__ import annotations

import re
from typing import Any

from secondunit_panel.host import Delivery, Mark

_OURS = "Second Unit"
_LONGEST = 60  # bytes of a marker's name


def of_take(delivery: Delivery) -> Mark:
    """The mark of a take, as the panel writes it; written with its strip, it is no own step."""
    job = delivery.job
    note = str(job.values.get("prompt") or job.values.get("subject") or "")
    return Mark(delivery.lies, f"{_OURS} · {job.task} · take {delivery.take.number}", note, job.id)


def write(scene: Any, frame: int, mark: Mark) -> bool:
    """Write a marker at a frame, in the stead of one of ours; whether that changed anything."""
    own = standing(scene, frame, mark)
    if [each.name for each in own] == [_name(mark)]:
        return False
    for each in own:
        scene.timeline_markers.remove(each)
    scene.timeline_markers.new(_name(mark), frame=frame)
    return True


def stands(scene: Any, frame: int, mark: Mark) -> bool:
    """Whether a marker says just that at a frame."""
    return [each.name for each in standing(scene, frame, mark)] == [_name(mark)]


def standing(scene: Any, frame: int, mark: Mark) -> list[Any]:
    """The markers at a frame that a mark replaces."""
    there = [each for each in scene.timeline_markers if each.frame == frame]
    return [each for each in there if each.name.startswith((mark.name, _OURS))]


def remove(scene: Any, frame: int, number: int) -> None:
    """Take away the marker that says that this take stands at a frame."""
    for each in list(scene.timeline_markers):
        if each.frame == frame and re.search(rf"^{_OURS}.* take {number}\b", each.name):
            scene.timeline_markers.remove(each)


def _name(mark: Mark) -> str:
    told = f"{mark.name}: {mark.note}" if mark.note else mark.name
    return told.encode()[:_LONGEST].decode("utf-8", "ignore")
