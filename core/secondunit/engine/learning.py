"""Learning: an adapter is taught lesson by lesson, looked at on the way, and kept in case the work
is broken off.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from secondunit.callsheet import (
    CallSheet,
    Cancelled,
    Course,
    Estimate,
    Lesson,
    Need,
    Pixels,
    Pupil,
    Teachable,
    VideoModel,
    Watch,
)
from secondunit.engine.bin import Bin, Roll
from secondunit.engine.rushes import Rushes
from secondunit.engine.watching import Cancel, Report, ShowPreview
from secondunit.tasks import Task
from secondunit_contract.job import Event, Job
from secondunit_contract.problem import ProgramFault

_HELD = 4  # lessons kept aside, to see how wrong it is
_PHASE = "training"


@dataclass(frozen=True, eq=False)
class Setup:
    """Who teaches what to whom, and who hears of it."""

    job: Job
    task: Task
    values: Any
    model: VideoModel
    rushes: Rushes
    report: Report
    cancel: Cancel
    preview: ShowPreview | None = None


@dataclass(frozen=True, eq=False)
class Learnt:
    """What came of one training.

    `frames` are its last sample, `samples` a picture of each by its step, `plate` what the samples
    were shown; `errors` how wrong it was about lessons kept aside, by step; `held` how many clips
    had frames to keep aside; `sheet` what was asked for the samples; `files` the adapter, by what
    its files' names end with.
    """

    seed: int
    frames: Pixels
    samples: dict[int, Pixels]
    plate: Pixels
    errors: list[tuple[int, float]]
    held: int
    sheet: dict[str, Any]
    files: dict[str, bytes]


class Learning:
    """One training, from the first step or from where it was broken off."""

    def __init__(self, setup: Setup, bin: Bin, course: Course, number: int) -> None:
        self._of, self._bin, self._course, self._number = setup, bin, course, number
        reach = setup.model.card.reach
        self._honours: frozenset[Need] = reach.honours - reach.stand_ins
        self._errors: list[tuple[int, float]] = []
        self._samples: dict[int, Pixels] = {}
        self._last: Pixels = np.zeros((0, 0, 0, 3), np.float32)
        self._name = f"learnt_{course.seed}"
        held = [roll for roll in bin.rolls if roll.holds]
        self._held = len(held)
        self._aside = self._kept_aside(held or bin.rolls)
        self._sheet, self._plate = self._sample_sheet()

    def done(self, story: dict[str, str]) -> Learnt:
        """Learn until the course is over; the adapter's files tell that story."""
        course, watch = self._course, Stopping(self._of.cancel)
        with _taught(self._of.model, course, watch) as pupil:
            self._resume(pupil)
            began, before = time.monotonic(), pupil.done
            try:
                if self._due(pupil.done, course.sample_every):
                    self._look(pupil, watch)
                while pupil.done < course.steps:
                    self._of.cancel.check()
                    wrong = pupil.learn(self._lesson(pupil.done))
                    left = (time.monotonic() - began) / (pupil.done - before)
                    self._tell(pupil.done, left * (course.steps - pupil.done), wrong)
                    if self._due(pupil.done, course.sample_every):
                        self._look(pupil, watch)
                    if self._due(pupil.done, course.keep_every):
                        self._keep(pupil)
            except Cancelled:
                self._keep(pupil)
                raise
            return Learnt(
                course.seed, self._last, self._samples, self._plate, self._errors, self._held,
                self._sheet.summary(), pupil.files(story),
            )  # fmt: skip

    def _due(self, done: int, every: int) -> bool:
        return done % every == 0 or done == self._course.steps

    def _lesson(self, step: int) -> Lesson:
        chance = Random(f"{self._course.seed} lesson {step}")
        roll = chance.choice(self._bin.rolls)
        return self._asked(roll, roll.learnt_from(chance), chance)

    def _kept_aside(self, rolls: list[Roll]) -> list[Lesson]:
        lessons = []
        for number in range(_HELD):
            roll = rolls[number % len(rolls)]
            chance = Random(f"{self._course.seed} aside {number}")
            lessons.append(self._asked(roll, roll.held(), chance))
        return lessons

    def _asked(self, roll: Roll, frames: Pixels, chance: Random) -> Lesson:
        of = self._of
        return of.task.lesson(of.values, roll.name, frames, roll.rate, self._honours, chance)

    def _sample_sheet(self) -> tuple[CallSheet, Pixels]:
        own = self._bin.sample is None
        roll = self._bin.sample or self._bin.rolls[0]
        frames = roll.begun()
        of = self._of
        sheet = of.task.sample(of.values, frames, roll.rate, self._honours, own)
        card, job = of.model.card, of.job
        sheet.steps = card.steps if job.steps is None else job.steps
        sheet.guidance = card.guidance if job.guidance is None else job.guidance
        sheet.seeds = (self._course.seed,)
        shown = frames if sheet.plate is None else sheet.plate
        return sheet, shown[len(shown) // 2]

    def _look(self, pupil: Pupil, watch: Watch) -> None:
        """A sample of what has been learnt, and how wrong it is by now."""
        step, of = pupil.done, self._of
        if not self._errors or self._errors[-1][0] < step:
            wrong = [pupil.error(each, number) for number, each in enumerate(self._aside)]
            self._errors.append((step, round(float(np.mean(wrong)), 6)))
        frames = of.rushes.answer(self._sampled(step), lambda: {"frames": self._shot(watch)})
        whole = frames["frames"]
        self._samples[step], self._last = whole[len(whole) // 2], whole
        if of.preview:
            shown = of.preview(whole[:: max(1, len(whole) // 3)][:3])
            total, job = self._total(), of.job.id
            of.report(
                Event("preview", job, _PHASE, self._before() + step, total, None, preview=shown)
            )

    def _shot(self, watch: Watch) -> Pixels:
        sheet = self._sheet
        frames = np.concatenate([each.frames for each in self._of.model.shoot(sheet, watch)])
        if frames.shape != (sheet.frames, sheet.height, sheet.width, 3):
            raise ProgramFault(f"The model gave {frames.shape} for {sheet.summary()}")
        return frames

    def _sampled(self, step: int) -> str:
        return f"sample_{self._course.seed}_{step}"

    def _resume(self, pupil: Pupil) -> None:
        kept = self._of.rushes.kept(self._name)
        if kept is None:
            return
        pupil.resume(kept)
        going_on = f"Going on behind step {pupil.done}, where this training was broken off"
        self._of.report(Event("notice", self._of.job.id, _PHASE, message=going_on))
        self._errors = [(int(step), float(wrong)) for step, wrong in kept["errors"]]
        for step, _ in self._errors:
            sample = self._of.rushes.kept(self._sampled(step))
            if sample is not None:
                self._samples[step] = sample["frames"][len(sample["frames"]) // 2]

    def _keep(self, pupil: Pupil) -> None:
        errors: NDArray[Any] = np.array(self._errors, np.float64).reshape(-1, 2)
        self._of.rushes.keep(self._name, {**pupil.kept(), "errors": errors})

    def _tell(self, step: int, left: float, wrong: float) -> None:
        of = self._of
        extra = {"error": round(wrong, 6)}
        of.report(
            Event("progress", of.job.id, _PHASE, self._before() + step, self._total(), left,
                  extra=extra)
        )  # fmt: skip

    def _before(self) -> int:
        return self._number * self._course.steps

    def _total(self) -> int:
        return self._of.job.takes * self._course.steps


class Stopping:
    """Watches a training: stops it where someone wishes, and says nothing of the steps within."""

    def __init__(self, cancel: Cancel) -> None:
        self._cancel = cancel

    def check(self) -> None:
        """Raise Cancelled when the job is no longer wanted."""
        self._cancel.check()

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """Heard, and left at that."""


def _taught(model: VideoModel, course: Course, watch: Watch) -> AbstractContextManager[Pupil]:
    return cast(Teachable, model).taught(course, watch)
