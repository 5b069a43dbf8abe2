"""What a panel may know of a task: its words and its form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskCard:
    """A task as it is shown: names, help, the clips it takes and the JSON Schema of its values.

    `inputs` maps each clip the task can take to "needed" or "optional"; `plate` is the clip worked
    on. Of those in `several` there may be more: "reference", "reference2", "reference3". `fault`
    says why a task that was found cannot be used; an empty one is ready.
    """

    name: str
    title: str
    help: str
    inputs: dict[str, str] = field(default_factory=dict)
    values_schema: dict[str, Any] = field(default_factory=dict)
    makes: str = "picture"
    fault: str = ""
    several: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
