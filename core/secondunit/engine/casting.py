"""Casting: which model shoots a job, and keeping it ready for the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secondunit import models
from secondunit.callsheet import ModelCard, Need, VideoModel
from secondunit.engine.room import refuse_if_too_large
from secondunit.engine.roto import Roto
from secondunit.engine.shooting import Shooting
from secondunit.engine.shot import Shot
from secondunit.engine.watching import JobWatch
from secondunit.models.berth import AMPLE, THIN, Berth
from secondunit.models.choose import choose
from secondunit.models.pool import Pool
from secondunit.settings import Settings
from secondunit.tasks import Task
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job
from secondunit_contract.problem import ModelUnfit, ModelUnknown

Planned = Shooting | Roto
"""All of a job's calls: pictures are shot, mattes are found."""


class Casting:
    """The models at hand; one that has been loaded stays ready.

    `brought` are models somebody made ready themselves: they stand beside those found on disk, and
    go before one of the same name.
    """

    def __init__(self, settings: Settings, brought: Iterable[VideoModel] = ()) -> None:
        self.settings = settings
        self._brought = {model.card.name: model for model in brought}
        self._ready: dict[tuple[str, int], VideoModel] = {}
        self._pool = Pool()

    def cards(self, wanted: str = "") -> list[ModelCard]:
        """Every model that can be shot with, the one asked for by path too."""
        found = models.cards(self.settings.model_folders())
        here = [model.card for model in self._brought.values()]
        here += [card for card in found if card.name not in self._brought]
        if wanted and wanted not in [name for card in here for name in (card.name, card.source)]:
            here.append(models.card_of(wanted))
        return here

    def cast(
        self, job: Job, task: Task, values: Any, clips: Mapping[str, Clip], watch: JobWatch
    ) -> tuple[Shot, Planned]:
        """The shot opened for the model that will shoot it, and its calls planned.

        Raises ModelUnknown, ModelUnfit and whatever is wrong with the clips.
        """
        cards = self.cards(job.model)
        asked = [card for card in cards if job.model and job.model in (card.name, card.source)]
        if not cards:
            raise ModelUnknown("There is no model here", remedy="`secondunit models` lists them")
        likely = asked[0] if asked else min(cards, key=lambda card: card.reach.memory_gb)
        shot, shooting = self._planned(job, task, values, clips, watch, likely)
        try:
            card = _able(shooting.alternatives(), cards, likely.name if asked else "")
            if card is not likely:
                shot.close()
                shot, shooting = self._planned(job, task, values, clips, watch, card)
            if shooting.windows:
                shooting.model = self.ready(card, sparing_of(job))
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
            berth = Berth(self.settings.device, self._pool, sparing)
            wanted = card.name if known else card.source
            self._ready[card.name, sparing] = models.load(wanted, berth)
        return self._ready[card.name, sparing]

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
            shooting = kind(shot, card, job, watch)
            refuse_if_too_large(shot.layout.size, shot.fit.working, shooting.runs)
            return shot, shooting
        except BaseException:
            shot.close()
            raise


def sparing_of(job: Job) -> int:
    """How sparing a job has to be, after memory did not suffice for it."""
    told = job.extra.get("frugality", AMPLE)
    return min(max(told, AMPLE), THIN) if isinstance(told, int) else AMPLE


def _able(needs: list[frozenset[Need]], cards: list[ModelCard], wanted: str) -> ModelCard:
    """A card for the first of these needs that one can serve. Raises ModelUnfit as for the first
    where none can.
    """
    for number, each in enumerate(needs):
        try:
            return choose(each, cards, wanted)
        except ModelUnfit:
            if number + 1 == len(needs):
                break
    return choose(needs[0], cards, wanted)
