"""What a job will cost, said before it is shot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from secondunit_panel import words
from secondunit_panel.dailies import Dailies
from secondunit_panel.desk import Desk


@dataclass(frozen=True)
class Cost:
    """What a job will cost, as far as it is known: seconds; gigabytes, of how many there are."""

    seconds: float | None = None
    gigabytes: float | None = None
    room: float | None = None
    short: str = ""

    def __str__(self) -> str:
        memory = words.gigabytes(self.gigabytes, self.room)
        return self.short or " · ".join(filter(None, (words.lasting(self.seconds), memory)))


def cost_of(
    desk: Desk, dailies: Dailies, models: Iterable[Mapping[str, Any]], system: Mapping[str, Any]
) -> Cost:
    """What shooting what is on the desk would cost."""
    task, draft = desk.task, desk.draft
    if task is None:
        return Cost()
    pace = dailies.pace(task.name, draft.model)
    frames = sum(len(each.at.range) for each in desk.orders()) * draft.takes
    model: Mapping[str, Any] = next((m for m in models if m.get("name") == draft.model), {})
    needed = (model.get("reach") or {}).get("memory_gb")
    gpus = (system.get("machine") or {}).get("gpus") or []
    room = max((gpu.get("memory", 0) for gpu in gpus), default=0) / 1e9
    seconds = None if pace is None else pace * frames
    return Cost(seconds, needed, room or None, str(model.get("short") or ""))
