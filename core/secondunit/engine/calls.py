"""Calls: what all that is asked of a model for one job has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from secondunit.callsheet import CallSheet, KeyPlaces, ModelCard, VideoModel
from secondunit.engine.rushes import Rushes
from secondunit.engine.shot import Shot
from secondunit.engine.watching import JobWatch
from secondunit.engine.wearing import Wearing
from secondunit.models.standins import steps_advised
from secondunit_contract.job import Job
from secondunit_contract.problem import ProgramFault

NEXT_WINDOW = 1_000_003  # windows of one take start from different noise


@dataclass
class Calls:
    """A job's calls, take by take. `model` is there once the casting has made it ready."""

    shot: Shot
    card: ModelCard
    job: Job
    watch: JobWatch
    model: VideoModel | None = None
    rushes: Rushes = field(default_factory=Rushes)
    sheets: list[dict[str, Any]] = field(default_factory=list)
    wearing: Wearing = field(default_factory=Wearing)

    def seed(self, take: int, window: int = 0) -> int:
        """The seed of a take, counted from 0, and of one of its windows."""
        return (self.job.seed + take + window * NEXT_WINDOW) % 2**63

    def advised(self, sheet: CallSheet) -> CallSheet:
        """The sheet with the job's steps and guidance, else those its model's maker advises, and
        with its adapters.
        """
        job, card = self.job, self.card
        sheet.steps = job.steps if job.steps is not None else steps_advised(sheet, card)
        sheet.guidance = job.guidance if job.guidance is not None else card.guidance
        return self.wearing.dressed(sheet)

    @property
    def key_places(self) -> KeyPlaces:
        """Where a model must take keys, if it takes them at all."""
        return "anywhere"

    @property
    def opened(self) -> bool:
        """Whether a model is told the picture a clip begins with, where it must be."""
        return True

    @property
    def sounds(self) -> bool:
        """Whether its takes are heard as well as seen."""
        return False

    @property
    def ready(self) -> VideoModel:
        """The model. Raises ProgramFault where none was made ready."""
        if self.model is None:
            raise ProgramFault("A model was asked before one was cast")
        return self.model
