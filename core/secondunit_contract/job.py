"""A job, the takes it makes and the events on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.problem import BadValue

MOST_TAKES = 1000

EventKind = Literal[
    "queued",
    "moved",
    "started",
    "progress",
    "preview",
    "notice",
    "ask",
    "take",
    "rated",
    "pausing",
    "paused",
    "problem",
    "cancelling",
    "cancelled",
    "done",
]


@dataclass(frozen=True)
class Job:
    """All there is to say about a piece of work. Running it again gives the same takes.

    `inputs` holds the clips by the names the task gives them ("plate", "matte", "before",
    "after", …); `values` the task's parameters; `output` the path of the take, where {take} is
    replaced by its number, counted from `first_take`; `steps` and `guidance` None what the model's
    maker advises; `codec` empty means the plate's own kind, without loss; `adapters` are LoRAs for
    the model to wear, by name or path, with a weight: "noir:0.8". Raises BadValue for a job of no
    takes, of more than anyone looks at, or of no steps.
    """

    task: str
    output: str
    id: str = ""
    inputs: dict[str, Clip] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    seed: int = 0
    takes: int = 1
    first_take: int = 1
    steps: int | None = None
    guidance: float | None = None
    codec: str = ""
    adapters: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.takes <= MOST_TAKES:
            raise BadValue(f"A job of {self.takes} takes", remedy=f"Ask for 1 to {MOST_TAKES}")
        if self.steps is not None and self.steps < 1:
            raise BadValue(f"A job of {self.steps} steps", remedy="Give 1 or more, or leave it out")


@dataclass(frozen=True)
class Take:
    """One finished answer to a job, on disk.

    `range` numbers its frames as the plate's are, so an extended take begins before the plate does;
    `sheet` is its contact sheet, `sidecar` the file that tells how it was made.
    """

    job: str
    number: int
    seed: int
    media: str
    range: FrameRange
    rate: Rate
    width: int
    height: int
    sidecar: str = ""
    sheet: str = ""
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Event:
    """Something a person watching a job would want to know.

    `done` of `total` in the unit of the phase; `seconds_left` None while it cannot be told;
    `preview` a path to a picture; an "ask" says in `extra` on which `frame`, the least sure of
    those from `first` to `last`, a click would help; `take` and `problem` (as Problem.to_json
    writes it) where the kind says so.
    """

    kind: EventKind
    job: str = ""
    phase: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""
    preview: str = ""
    take: Take | None = None
    problem: dict[str, Any] | None = None
    extra: dict[str, Any] = field(default_factory=dict, compare=False)
