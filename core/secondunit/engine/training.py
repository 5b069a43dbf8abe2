"""Training: a job that teaches a model an adapter (LoRA) instead of shooting with it.

Its take is a sample clip, shot with what was learnt, and beside it the adapter's own files. What
has been learnt is kept in the job's rushes every so many steps: a training that was paused, or
whose machine went down, goes on from there, and its adapter has the same bits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from secondunit.callsheet import Course, ModelCard, Pixels, Size
from secondunit.engine.bin import Bin
from secondunit.engine.claims import claimed
from secondunit.engine.inputs import fingerprints
from secondunit.engine.keeping import refuse_loss
from secondunit.engine.learning import Learning, Learnt, Setup
from secondunit.engine.rushes import Rushes, tidied
from secondunit.engine.slate import sheet_path, slated, story_path, take_output
from secondunit.engine.undoing import as_it_was
from secondunit.engine.watching import LARGE
from secondunit.ledger import sidecar
from secondunit.media.contact import Row, contact_sheet
from secondunit.media.depth import Depth, from_unit
from secondunit.media.format import Format
from secondunit.media.landing import Landing, discard, land
from secondunit.media.refusals import writing
from secondunit.media.write import create
from secondunit.weights import adapters
from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import ModelUnfit, TakeThere

_BYTE = Depth(8, False)
_SHOWN = 6  # samples on a contact sheet
_ENDINGS = ("", "_high_noise", "_low_noise")


def teachable(
    cards: list[ModelCard], wanted: str, known: Callable[[], list[ModelCard]]
) -> ModelCard:
    """The model to train on: the one asked for, else the lightest that can be taught.

    Raises ModelUnfit where it, or every one, cannot; it names those that could.
    """
    asked = [card for card in cards if wanted and wanted in (card.name, card.source)]
    able = [card for card in asked or cards if card.reach.teachable]
    if able:
        return min(able, key=lambda card: (card.reach.memory_gb, card.name))
    others = [card.name for card in cards if card.reach.teachable]
    would = [card.title for card in known() if card.reach.teachable]
    ways = [f"Take {', '.join(others)}"] if others else []
    ways += [f"These could be, were they here: {', '.join(would)}"] if would else []
    told = asked[0].title if asked else "No model here"
    raise ModelUnfit(
        f"{told} {'cannot' if asked else 'can'} be trained", wanted, ". ".join(ways) or "Get one"
    )


def kept_of(
    job: Job, model: Mapping[str, Any], queue: Path | None, alone: Path | None
) -> list[Rushes]:
    """Where what is learnt for each take is kept: in the queue's shelf in the job's rushes; without
    one each take has its own, by the path it is to have, for parts of a job may be trained side by
    side.
    """
    if queue is not None or alone is None:
        return [Rushes.of(queue, job, model)] * job.takes
    tidied(alone, ())
    numbers = range(job.first_take, job.first_take + job.takes)
    places = [os.path.abspath(take_output(job, number)) for number in numbers]
    return [Rushes.of(alone, replace(job, id=place), model) for place in places]


@dataclass
class Training:
    """All takes of one job: an adapter each, with a seed of its own. `told` is what a side-car
    tells of the model; `kept` are the rushes of each take.
    """

    setup: Setup
    told: dict[str, Any]
    kept: Sequence[Rushes]

    def takes(self) -> list[Take]:
        """Each is reported when it is on disk. Raises Problems, and Cancelled when someone wished
        it.
        """
        course, reach = self._course(0), self.setup.model.card.reach
        if course.area:
            reach = replace(reach, area=min(course.area, reach.area))
        made = []
        job = self.setup.job
        with Bin(self.setup.task, job.inputs, reach, course.frames) as bin, claimed(job):
            for number in range(self.setup.job.takes):
                self._refuse_loss(number)
            inputs = fingerprints(job, self._read)
            for number in range(self.setup.job.takes):
                take = self._written(number, bin, inputs)
                made.append(take)
                done = Event(
                    "take", self.setup.job.id, "", number + 1, self.setup.job.takes, take=take
                )
                self.setup.report(done)
        return made

    def _read(self, done: int, total: int) -> None:
        """The clips have been read so far. No step is done by it."""
        self.setup.cancel.check()
        if total >= LARGE:
            steps = self._course(0).steps * self.setup.job.takes
            message = f"Reading the clips: {done / total:.0%}"
            self.setup.report(
                Event("progress", self.setup.job.id, "reading", 0, steps, message=message)
            )

    def _course(self, number: int) -> Course:
        return self.setup.task.course(self.setup.values, (self.setup.job.seed + number) % 2**63)

    def _written(self, number: int, bin: Bin, inputs: dict[str, str]) -> Take:
        """A take on disk: its adapter and its story first, its media has its name last."""
        story = self._story(bin)
        setup = replace(self.setup, rushes=self.kept[number])
        learnt = Learning(setup, bin, self._course(number), number).done(story)
        rate = (bin.sample or bin.rolls[0]).rate
        path, format = self._slated(number, learnt.frames, rate)
        self._refuse_loss(number)  # once more: on a disk that several machines share
        files = self._files(number, learnt.files, story)
        take = self._take(number, path, learnt, rate, files)
        with ExitStack() as undone:
            for each in (*files, Path(take.sheet), Path(take.sidecar)):
                undone.callback(as_it_was(each))
            with create(path, format, take.range.first) as writer:
                for frame in learnt.frames:
                    writer.write(from_unit(frame, _BYTE))
                self._sheet(Path(take.sheet), learnt)
                _landed(files)
                self._tell(take, learnt, inputs, files)
            undone.pop_all()
        return take

    def _slated(self, number: int, frames: Pixels, rate: Rate) -> tuple[Path, Format]:
        height, width = frames.shape[1:3]
        like = Format("ffv1", Size(width, height), rate, _BYTE)
        return slated(self.setup.job, self.setup.job.first_take + number, like, len(frames))

    def _refuse_loss(self, number: int) -> None:
        """Before hours are spent."""
        path, format = self._slated(number, np.zeros((2, 16, 16, 3), np.float32), Rate.of(24))
        beside = (sidecar.sidecar_path(str(path)), sheet_path(self.setup.job))
        refuse_loss(path, format, beside, self.setup.job.inputs.values())
        for ending in _ENDINGS:
            for suffix in (adapters.SUFFIX, ".toml"):
                file = self._beside(number, ending + suffix)
                if file.exists():
                    raise TakeThere(
                        "Something lies already where the adapter should go",
                        str(file),
                        "Give the take another name: nothing is ever written over",
                    )

    def _beside(self, number: int, ending: str) -> Path:
        told = story_path(self.setup.job, self.setup.job.first_take + number)
        return told.with_name(told.name.removesuffix(sidecar.SUFFIX) + ending)

    def _story(self, bin: Bin) -> dict[str, str]:
        clips = {roll.name: Path(self.setup.job.inputs[roll.name].media).name for roll in bin.rolls}
        return self.setup.task.story(self.setup.values, self.setup.model.card.name, clips)

    def _files(
        self, number: int, made: dict[str, bytes], story: dict[str, str]
    ) -> dict[Path, bytes]:
        """What is to lie beside the take, by its path: the weights, and what is told of them."""
        files = {self._beside(number, end + adapters.SUFFIX): each for end, each in made.items()}
        first = next(iter(files))
        return files | {first.with_suffix(".toml"): adapters.as_toml(story).encode()}

    def _take(
        self, number: int, path: Path, learnt: Learnt, rate: Rate, files: dict[Path, bytes]
    ) -> Take:
        count, height, width = learnt.frames.shape[:3]
        weights = [str(each) for each in files if each.suffix == adapters.SUFFIX]
        extra: dict[str, Any] = {"adapter": weights[0], "adapter_story": str(list(files)[-1])}
        if len(weights) > 1:
            extra["adapter_low"] = weights[1]
        return Take(
            self.setup.job.id,
            self.setup.job.first_take + number,
            learnt.seed,
            str(path),
            FrameRange(0, count - 1),
            rate,
            width,
            height,
            str(sidecar.sidecar_path(str(path))),
            str(sheet_path(self.setup.job)),
            extra,
        )

    def _sheet(self, path: Path, learnt: Learnt) -> None:
        steps = sorted(learnt.samples)
        chosen = sorted({steps[round(at)] for at in np.linspace(0, len(steps) - 1, _SHOWN)})
        shown = [learnt.samples[step] for step in chosen]
        rows = [Row("shown", [learnt.plate]), Row("sample", shown, [f"step {n}" for n in chosen])]
        title = (
            f"{self.setup.task.TITLE} · {sheet_path(self.setup.job).stem.removesuffix('_sheet')}"
        )
        contact_sheet(rows, path, title)

    def _tell(
        self, take: Take, learnt: Learnt, inputs: dict[str, str], files: dict[Path, bytes]
    ) -> None:
        hashes = {each.name: hashlib.sha256(whole).hexdigest() for each, whole in files.items()}
        told = {"errors": learnt.errors, "held_aside": learnt.held, "files": hashes}
        model = self.told | {"training": told}
        story = sidecar.told(self.setup.job, take, model, [learnt.sheet], inputs)
        sidecar.written(Path(take.sidecar), story)


def _landed(files: dict[Path, bytes]) -> None:
    """Files whole under their names, or not at all. Raises DiskFull, NotWritable."""
    landings = [Landing.at(each) for each in files]
    try:
        for landing, whole in zip(landings, files.values(), strict=True):
            with writing(landing.final):
                landing.under_way.write_bytes(whole)
        with writing(next(iter(files))):
            land(landings)
    except BaseException:
        discard(landings)
        raise
