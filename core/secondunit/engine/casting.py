"""Casting: which model shoots a job, and keeping it ready for the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from secondunit import models
from secondunit.callsheet import ModelCard, VideoModel
from secondunit.engine.room import refuse_if_too_large
from secondunit.engine.roto import Roto
from secondunit.engine.rungs import Choice, Measured, Others, Room, Rungs
from secondunit.engine.shooting import Shooting
from secondunit.engine.shot import Shot
from secondunit.engine.watching import JobWatch
from secondunit.engine.wearing import Wearing
from secondunit.models.berth import AMPLE, THIN, Berth, Tally
from secondunit.models.choose import choose, lightness
from secondunit.models.forecast import Asked
from secondunit.models.pool import Pool
from secondunit.models.rig.machine import DeviceGauge, device_for, host_free
from secondunit.settings import Settings
from secondunit.tasks import Task
from secondunit.weights.licence import Gate
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import ModelUnfit, ModelUnknown

Planned = Shooting | Roto
"""All of a job's calls: pictures are shot, mattes are found."""


FRUGALITY, DRAFT, DRAFTED = "frugality", "draft", "drafted"
"""What a job says beside: on which rung it begins, that it is to be a draft, and that it says as a
draft what it says: so a rerun of its takes is one too.
"""


class Casting:
    """The models at hand; one that has been loaded stays ready.

    `brought` are models somebody made ready themselves: they stand beside those found on disk, and
    go before one of the same name.
    """

    def __init__(self, settings: Settings, brought: Iterable[VideoModel] = ()) -> None:
        self.settings = settings
        self._brought = {model.card.name: model for model in brought}
        self._ready: dict[tuple[str, int], VideoModel] = {}
        self._pool, self._tally = Pool(), Tally()
        self._rungs = Rungs(settings.data)

    def cards(self, wanted: str = "") -> list[ModelCard]:
        """Every model that can be shot with, the one asked for by path too. Those whose licence
        nobody has agreed to are only there when they are asked for: to be told what to do.
        """
        gate = Gate.of(self.settings)
        found = models.cards(self.settings.model_folders())
        found = [card for card in found if wanted in _names(card) or gate.open_to(card)]
        here = [model.card for model in self._brought.values()]
        here += [card for card in found if card.name not in self._brought]
        if wanted and not any(wanted in _names(card) for card in here):
            here.append(models.card_of(wanted))
        return here

    def cast(
        self, job: Job, task: Task, values: Any, clips: Mapping[str, Clip], watch: JobWatch
    ) -> tuple[Shot, Planned]:
        """The shot opened for the model that will shoot it, and its calls planned.

        Raises ModelUnknown, ModelUnfit and whatever is wrong with the clips.
        """
        wearing = Wearing.of(job, self.settings.adapters)
        cards = wearing.able(self.cards(job.model), job.model)
        asked = [card for card in cards if job.model and job.model in (card.name, card.source)]
        if not cards:
            raise ModelUnknown("There is no model here", remedy="`secondunit models` lists them")
        likely = asked[0] if asked else min(cards, key=lightness)
        shot, shooting = self._planned(job, task, values, clips, watch, likely)
        try:
            card = _able(shooting, cards, likely if asked else None)
            if card is not likely:
                shot.close()
                shot, shooting = self._planned(job, task, values, clips, watch, card)
            if shooting.windows:
                self._furnish(shooting, card, cards)
        except BaseException:
            shot.close()
            raise
        return shot, shooting

    def ready(self, card: ModelCard, sparing: int = AMPLE) -> VideoModel:
        """The model of a card, so sparing of memory. Its parts are loaded once."""
        if card.name in self._brought:
            return self._brought[card.name]
        if (card.name, sparing) not in self._ready:
            known = card.name in [each.name for each in models.cards()]
            berth = Berth(
                self.settings.device, self._pool, sparing, self.settings.fast, self._tally
            )
            wanted = card.name if known else card.source
            self._ready[card.name, sparing] = models.load(wanted, berth, Gate.of(self.settings))
        return self._ready[card.name, sparing]

    def _furnish(self, shooting: Planned, card: ModelCard, cards: list[ModelCard]) -> None:
        """Give the calls their model, as sparing of memory as is foretold to suffice. A rerun of
        its takes is to be no less sparing.
        """
        job, least = shooting.job, sparing_of(shooting.job)
        if card.name in self._brought or card.elsewhere:
            choice = Choice(least)
        else:
            others = Others(lambda: shooting.alternatives()[0], cards)
            choice = self._rungs.chosen(card, asked_by(shooting), least, self._room(), others)
        if choice.rung > least:
            shooting.job = replace(job, extra=job.extra | {FRUGALITY: choice.rung})
        model = self.ready(card, choice.rung)
        shooting.model = Measured(model, choice, self._rungs.book, self._tally)

    def _room(self) -> Room:
        """What may be taken: parts of models that are loaded would make room."""
        device = device_for(self.settings.device)
        return Room(device.type, DeviceGauge(device).free() + self._pool.size(), host_free())

    def _planned(
        self,
        job: Job,
        task: Task,
        values: Any,
        clips: Mapping[str, Clip],
        watch: JobWatch,
        card: ModelCard,
    ) -> tuple[Shot, Planned]:
        shot = Shot(task, values, clips, card.reach)
        try:
            refuse_if_too_large(shot.layout.size, shot.fit.working)
            kind = Roto if task.MAKES == "matte" else Shooting
            job = drafted(job, card)
            wearing = Wearing.of(job, self.settings.adapters)
            shooting = kind(shot, card, job, watch, wearing=wearing)
            refuse_if_too_large(shot.layout.size, shot.fit.working, shooting.runs)
            return shot, shooting
        except BaseException:
            shot.close()
            raise


def drafted(job: Job, card: ModelCard) -> Job:
    """The job as a draft, where it asks for one and the model has an adapter for few steps: same
    seed, same clips, same words; what the job says of steps and guidance itself goes before.
    """
    draft = card.draft
    if draft is None or job.extra.get(DRAFT) is not True:
        return job
    return replace(
        job,
        extra={key: told for key, told in job.extra.items() if key != DRAFT} | {DRAFTED: True},
        adapters=(*job.adapters, draft.adapter),
        steps=draft.steps if job.steps is None else job.steps,
        guidance=draft.guidance if job.guidance is None else job.guidance,
    )


def asked_by(shooting: Planned) -> Asked:
    """The largest calls of a job, as far as memory hangs on them."""
    reach, size = shooting.card.reach, shooting.shot.fit.working
    shown = max(len(window.shown) for run in shooting.runs for window in run.windows)
    guidance = shooting.card.guidance if shooting.job.guidance is None else shooting.job.guidance
    return Asked(
        size.width,
        size.height,
        reach.frames.up(shown),
        min(reach.references, max(1, len(shooting.shot.references()))),
        bool(reach.honours & {"plate", "light"}),
        guidance > 1,
        *((shooting.looks(), shooting.shoots) if isinstance(shooting, Roto) else ()),
    )


def _names(card: ModelCard) -> tuple[str, str]:
    return card.name, card.source


def sparing_of(job: Job) -> int:
    """How sparing a job has to be, after memory did not suffice for it."""
    told = job.extra.get(FRUGALITY, AMPLE)
    return min(max(told, AMPLE), THIN) if isinstance(told, int) else AMPLE


def _able(planned: Planned, cards: list[ModelCard], wanted: ModelCard | None) -> ModelCard:
    """A card for the first way of shooting this that one can serve.

    Raises ModelUnfit where none can: as for the first, or for the one that the model asked for
    would serve if it took keys in other places.
    """
    ways, keys = planned.alternatives(), planned.key_places
    still = sum(len(run.frames) for run in planned.runs) <= 1
    name, opened = wanted.name if wanted else "", planned.opened
    for each in ways:
        with suppress(ModelUnfit):
            return choose(each, cards, name, keys=keys, still=still, opened=opened)
    near = [each for each in ways if wanted and each <= wanted.reach.honours]
    return choose((near or ways)[0], cards, name, keys=keys, still=still, opened=opened)
