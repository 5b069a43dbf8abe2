"""The local engine: shoots jobs in this process, one after another."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from secondunit import tasks
from secondunit.callsheet import Cancelled, ModelCard, Pixels, VideoModel
from secondunit.engine.bin import spread
from secondunit.engine.casting import Casting, Planned, sparing_of
from secondunit.engine.claims import claimed
from secondunit.engine.dailies import Dailies
from secondunit.engine.finishing import Finish
from secondunit.engine.inputs import fingerprints, refuse_unwritable
from secondunit.engine.keeping import refuse_loss
from secondunit.engine.learning import Setup
from secondunit.engine.memory import FRAMES, give_back
from secondunit.engine.prelude import with_matte
from secondunit.engine.pulling import Pull, format_with_layers
from secondunit.engine.roto import Roto
from secondunit.engine.rushes import Rushes
from secondunit.engine.shooting import Shooting
from secondunit.engine.shot import Shot
from secondunit.engine.slate import sheet_path, slated, story_path
from secondunit.engine.standing import told_of, whole
from secondunit.engine.threads import held_at, threads
from secondunit.engine.tracing import Tracing, drawn_on, splines_path
from secondunit.engine.training import Training, kept_of, teachable
from secondunit.engine.undoing import as_it_was
from secondunit.engine.watching import MATTE_FIRST, Cancel, JobWatch, Report
from secondunit.engine.wearing import Wearing, wholly_named
from secondunit.ledger import sidecar
from secondunit.media.aside import Aside
from secondunit.media.contact import strip
from secondunit.media.depth import Depth, to_unit
from secondunit.media.footage import ColourTags
from secondunit.media.format import Format
from secondunit.media.sound import CHANNELS, RATE, wave_path
from secondunit.media.write import create
from secondunit.models import known
from secondunit.models.berth import THIN, TILED
from secondunit.settings import Settings
from secondunit.tasks import Task
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue, Problem, ProgramFault

_SPARING = {
    TILED: "Memory does not suffice: shot in tiles, with the model fetched block by block. "
    "It takes longer",
    THIN: "Memory does not suffice: shot in tiles, with the model block by block and in fewer "
    "bits. It takes longer, and the picture may differ a little",
}


def unheard(event: Event) -> None:
    """Nobody listens."""


class Engine:
    """Shoots jobs. Models stay loaded between them.

    `previews` is a folder where pictures of what a model believes so far are put; none without it.
    `brought` are models made ready elsewhere, to be shot with beside those found on disk. `rushes`
    is a folder where answers are kept until a job ends, so that one that was broken off goes on
    where it was; nothing is kept without it, nor for a job without an id. Where there is no queue,
    `learnt` is a folder for what takes hours: a training is kept there under its take's own place.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        previews: Path | None = None,
        brought: Iterable[VideoModel] = (),
        rushes: Path | None = None,
        learnt: Path | None = None,
    ) -> None:
        settings = settings or Settings.found()
        self.casting = Casting(settings, brought)
        self._threads = threads(settings.threads)
        self._previews, self._rushes, self._learnt = previews, rushes, learnt

    def run(self, job: Job, report: Report, cancel: Cancel | None = None) -> list[Take]:
        """Shoot a job, telling all that happens as events; raises nothing."""
        report(Event("started", job.id))
        try:
            takes = self.shoot(job, report, cancel)
        except Cancelled:
            report(Event("cancelled", job.id))
            return []
        except Problem as problem:
            report(Event("problem", job.id, message=str(problem), problem=problem.to_json()))
            return []
        except Exception as error:  # noqa: BLE001 - the border: a failed job must not stop the next
            fault = ProgramFault(
                f"{type(error).__name__}: {error}",
                "".join(traceback.format_tb(error.__traceback__)[-3:]),
                "This is our mistake: please report it with this text",
            )
            report(Event("problem", job.id, message=str(fault), problem=fault.to_json()))
            return []
        report(Event("done", job.id))
        return takes

    def shoot(self, job: Job, report: Report = unheard, cancel: Cancel | None = None) -> list[Take]:
        """Shoot a job's takes. Raises Problems, and Cancelled when someone wished it.

        Takes that were finished before a problem stay on disk, and were reported.
        """
        try:
            with held_at(self._threads):
                return self._shot(job, report, cancel or Cancel())
        except Problem as problem:
            problem.where = problem.where or _place(job)
            raise

    def _shot(self, job: Job, report: Report, cancel: Cancel) -> list[Take]:
        if not Path(job.output).name:
            raise BadValue("No place for the take was given", remedy="Name the file of the take")
        refuse_unwritable(job)
        task = tasks.named(job.task)
        values = tasks.checked(task, job.task, job.values)
        if values.model_extra:
            unknown = ", ".join(sorted(values.model_extra))
            report(Event("notice", job.id, message=f"{task.TITLE} knows no {unknown}; left aside"))
        preview = Previews(self._previews, job.id) if self._previews else None
        if task.MAKES == "adapter":
            return self._trained(spread(job), task, report, cancel, preview)
        whole = wholly_named(job)
        job = with_matte(whole, task, values, self.shoot, report, cancel)
        begun = Fraction(0) if job is whole else MATTE_FIRST
        watch = JobWatch(job.id, report, cancel, preview, begun=begun)
        shot, shooting = self.casting.cast(job, task, values, job.inputs, watch)
        job = shooting.job  # as it is to be told: on which rung, and whether as a draft
        with shot, held_at(self._threads):  # once more: the model has brought torch by now
            told = _told(shooting.card, shooting.model, self._threads) | shooting.wearing.told()
            if told.get("sparing"):
                report(Event("notice", job.id, message=_SPARING[told["sparing"]]))
            _tell_triggers(shooting.wearing, values, job.id, report)
            _tell_remarks(shot, job.id, report)
            shooting.rushes = Rushes.of(self._rushes, job, told)
            takes = Delivery(job, shot, shooting, told, report, cancel).takes()
            shooting.rushes.forget()
            return takes

    def _trained(
        self, job: Job, task: Task, report: Report, cancel: Cancel, preview: Previews | None
    ) -> list[Take]:
        values = tasks.checked(task, job.task, job.values)
        card = teachable(self.casting.cards(job.model), job.model, known)
        model = self.casting.ready(card, sparing_of(job))
        with held_at(self._threads):
            told = _told(card, model, self._threads)
            kept = kept_of(job, told, self._rushes, self._learnt)
            setup = Setup(job, task, values, model, kept[0], report, cancel, preview)
            takes = Training(setup, told, kept).takes()
            for rushes in kept:
                rushes.forget()
            return takes


class Delivery:
    """Writes the takes of one job, each with its side-car, and their contact sheet."""

    def __init__(
        self,
        job: Job,
        shot: Shot,
        shooting: Planned,
        model: dict[str, Any],
        report: Report,
        cancel: Cancel,
    ) -> None:
        self._job, self._shot, self._shooting, self._model = job, shot, shooting, model
        self._report, self._cancel = report, cancel
        painted = [index for run in shooting.runs for index in run.frames]
        about = (shot.task.TITLE, sheet_path(job).stem.removesuffix("_sheet"))
        self._dailies = Dailies(shot, painted, " · ".join((*about, *shooting.wearing.names())))

    def takes(self) -> list[Take]:
        """All takes, each reported when it is on disk."""
        with claimed(self._job):
            return self._made()

    def _made(self) -> list[Take]:
        for number in range(self._job.takes):
            self._refuse_loss(number)
        for number in range(1, self._job.first_take):
            take = told_of(story_path(self._job, number), self._job.id)
            if take is not None and whole(take):
                self._dailies.stood(f"take {number} · seed {take.seed}", take)
        inputs = fingerprints(self._job, self._shooting.watch.read)
        made = []
        for number in range(self._job.takes):
            take = self._written(number, inputs)
            made.append(take)
            self._report(Event("take", self._job.id, "", number + 1, self._job.takes, take=take))
        return made

    def _refuse_loss(self, number: int) -> None:
        path, format = self._slated(number)
        beside = (sidecar.sidecar_path(str(path)), sheet_path(self._job))
        refuse_loss(path, format, beside, self._job.inputs.values())

    def _slated(self, number: int) -> tuple[Path, Format]:
        shot, job = self._shot, self._job
        path, wanted = slated(
            job, job.first_take + number, format_of(shot), len(shot.layout.deliver)
        )
        wanted = replace(wanted, sound=self._shooting.sounds)
        matte = shot.task.MAKES == "matte"
        return path, format_with_layers(wanted, shot) if matte else wanted

    def _written(self, number: int, inputs: dict[str, str]) -> Take:
        """A take on disk. Its media has its name last: what lies there is told of, and whole."""
        path, format = self._slated(number)
        shown = f"take {self._job.first_take + number} · seed {self._seed(number)}"
        self._dailies.take(f"{shown} · two stops down" if self._shot.light else shown)
        finish, told = self._finish(number, format)
        tracing = Tracing() if getattr(self._shot.values, "splines", False) else None
        untold: Problem | None = None
        with ExitStack() as undone:
            with create(path, format, self._shot.range.first) as writer, Aside(writer) as aside:
                for index, frame in self._heard_of(finish):
                    aside.write(frame)
                    if tracing:
                        tracing.saw(to_unit(frame[..., 3:4], format.depth)[..., 0])
                    self._dailies.saw(index, partial(finish.look, index, frame))
                if format.sound and isinstance(self._shooting, Shooting):
                    aside.hear(self._shooting.heard())
                    told = told | _sound_told(path, format)
                take = self._take(number, str(writer.path), told)
                self._refuse_loss(number)  # on a disk that several machines share
                for beside in (take.sheet, take.sidecar, take.extra.get("splines")):
                    if beside:
                        undone.callback(as_it_was(Path(beside)))
                self._dailies.sheet(Path(take.sheet))
                try:
                    if tracing:
                        tracing.written(take, drawn_on(self._shot))
                    self._tell(take, inputs)
                except Problem as problem:  # no reason to lose the take
                    untold = problem
            undone.pop_all()
        if untold:
            raise untold
        return take

    def _heard_of(self, finish: Finish | Pull) -> Iterator[tuple[int, Any]]:
        """A take's frames, one after another, while it is wanted. Of mattes each is progress."""
        for count, (index, frame) in enumerate(finish.frames(), 1):
            self._cancel.check()
            yield index, frame
            if isinstance(finish, Pull):
                self._shooting.watch.called()
            if count % FRAMES == 0:
                give_back()

    def _tell(self, take: Take, inputs: dict[str, str]) -> None:
        story = sidecar.told(self._job, take, self._model, self._shooting.sheets, inputs)
        sidecar.written(Path(take.sidecar), story)

    def _take(self, number: int, media: str, told: dict[str, Any]) -> Take:
        shot, job = self._shot, self._job
        if getattr(shot.values, "splines", False):
            told = told | {"splines": str(splines_path(media))}
        if worn := self._shooting.wearing.names():
            told = told | {"adapters": worn}
        return Take(
            job.id,
            job.first_take + number,
            self._seed(number),
            media,
            shot.range,
            shot.layout.rate,
            shot.layout.size.width,
            shot.layout.size.height,
            str(sidecar.sidecar_path(media)),
            str(sheet_path(job)),
            {"plate_at": list(shot.layout.plate_box())} | told,
        )

    def _seed(self, number: int) -> int:
        return self._shooting.seed(number)

    def _finish(self, number: int, format: Format) -> tuple[Finish | Pull, dict[str, Any]]:
        """What makes a take's frames, and what there is to tell of them."""
        if isinstance(self._shooting, Roto):
            track = self._shooting.track(number)
            deliver = self._shot.layout.deliver
            told = track.told(range(deliver.start, deliver.stop))
            return Pull(self._shot, format, track), told
        return Finish(self._shot, self._shooting.painted(number)), {}


def _sound_told(path: Path, format: Format) -> dict[str, Any]:
    """Where a take's sound is, and what it is."""
    where = path if format.movie else wave_path(path)
    return {"sound": str(where), "sound_rate": RATE, "sound_channels": CHANNELS}


def _tell_triggers(wearing: Wearing, values: Any, job: str, report: Report) -> None:
    """Say which words were added for the adapters' sake."""
    added = wearing.lacking(str(getattr(values, "prompt", "")))
    if added:
        message = f"Added to the words, as the adapter needs them: {', '.join(added)}"
        report(Event("notice", job, message=message))


def _tell_remarks(shot: Shot, job: str, report: Report) -> None:
    """Say what is worth knowing of how the clips are read."""
    for name in shot.turnovers:
        for remark in shot.reader(name).footage.remarks:
            report(Event("notice", job, message=f"The {name}: {remark}"))


def _told(card: ModelCard, model: VideoModel | None, threads: int) -> dict[str, Any]:
    """All a side-car tells of the model, and of how many threads computed; nothing without one."""
    if model is None:
        return {}
    told = {"name": card.name, "title": card.title, "licence": card.licence}
    told |= {"training_data": card.training_data, "revision": card.revision}
    return told | model.provenance() | {"threads": threads}


def _place(job: Job) -> str:
    """The job in a few words, for a problem that is about all of it."""
    plate = job.inputs.get("plate")
    return f"{job.task} of {plate.media}" if plate else f"{job.task} for {job.output}"


def format_of(shot: Shot) -> Format:
    """The format that holds a shot's takes without loss: its main clip's kind, or a new movie."""
    alpha = shot.alpha or shot.task.MAKES == "matte"
    if shot.main is None:
        return Format("ffv1", shot.layout.size, shot.layout.rate, Depth(8, False), alpha)
    format = Format.like(shot.main, alpha=alpha, size=shot.layout.size)
    if shot.light:
        format = replace(format, codec="exr", depth=shot.depth, colour=ColourTags())
    timecode = shot.main.timecode
    if timecode is not None:
        ahead = shot.first_of_main() - shot.main.range.first
        fits = timecode.frame + ahead >= 0 and timecode.rate == shot.layout.rate
        timecode = timecode.shifted(ahead) if fits else None
    reel = format.reel if "plate" in shot.turnovers else ""  # what is between two reels is of none
    return replace(format, timecode=timecode, reel=reel, rate=shot.layout.rate)


class Previews:
    """Puts pictures of what a model believes so far into a folder."""

    def __init__(self, folder: Path, job: str) -> None:
        self._path = folder / f"{Path(job).name or 'job'}_preview.jpg"

    def __call__(self, frames: Pixels) -> str:
        """The frames (n,H,W,3) beside each other, as a picture on disk."""
        return str(strip(list(frames), self._path))
