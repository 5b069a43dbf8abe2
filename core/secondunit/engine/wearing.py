"""Wearing: the adapters (LoRAs) a job asks for, found, put on its call sheets and told of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from secondunit.callsheet import CallSheet, ModelCard
from secondunit.models.fitness import check_adapters
from secondunit.weights.adapters import Worn, is_path, parted, wanted
from secondunit_contract.job import Job
from secondunit_contract.problem import ModelUnfit


@dataclass(frozen=True)
class Wearing:
    """What the model wears for one job."""

    worn: tuple[Worn, ...] = ()

    @classmethod
    def of(cls, job: Job, folder: Path) -> Wearing:
        """What a job asks for, by path or by its name in that folder. Raises ModelUnknown,
        BadValue, CheckpointInvalid, CheckpointUnsafe.
        """
        return cls(tuple(wanted(told, folder) for told in job.adapters))

    def able(self, cards: Iterable[ModelCard], asked: str = "") -> list[ModelCard]:
        """The models that can wear all of it; the one asked for must be among them.

        Raises ModelUnfit where none is.
        """
        cards = list(cards)
        if not self.worn:
            return cards
        if asked:
            for card in cards:
                if asked in (card.name, card.source):
                    check_adapters(self.specs(), card)
            return cards
        fit = [card for card in cards if card.reach.adapters and self._all_for(card)]
        if not fit:
            first = self.worn[0].adapter
            made_for = f", made for {' and '.join(first.bases)}" if first.bases else ""
            raise ModelUnfit(
                f"No model here can wear the adapter {first.name}{made_for}",
                str(first.file),
                f"Get {first.bases[0]}, or leave it off" if first.bases else "Leave it off",
            )
        return fit

    def dressed(self, sheet: CallSheet) -> CallSheet:
        """The sheet with all that is worn, and the words that call it up."""
        if self.worn:
            sheet.adapters = self.specs()
            sheet.prompt = ", ".join(filter(None, (*self.lacking(sheet.prompt), sheet.prompt)))
        return sheet

    def lacking(self, prompt: str) -> list[str]:
        """The trigger words that a prompt does not have."""
        triggers = [each for worn in self.worn if worn.weight for each in worn.adapter.triggers]
        return [each for each in dict.fromkeys(triggers) if each.lower() not in prompt.lower()]

    def specs(self) -> tuple[str, ...]:
        """Each adapter's file and weight."""
        return tuple(each.spec() for each in self.worn)

    def told(self) -> dict[str, Any]:
        """What a side-car tells of it; nothing where nothing is worn."""
        return {"adapters": [each.told() for each in self.worn]} if self.worn else {}

    def names(self) -> list[str]:
        """Each in a word: noir:0.8."""
        return [f"{each.adapter.name}:{each.weight:g}" for each in self.worn]

    def _all_for(self, card: ModelCard) -> bool:
        return all(each.adapter.is_for(card) for each in self.worn)


def wholly_named(job: Job) -> Job:
    """The job with adapters' paths that hold wherever one stands."""
    return replace(job, adapters=tuple(_whole(each) for each in job.adapters))


def _whole(told: str) -> str:
    name, weight = parted(told)
    if not is_path(name):
        return told
    path = os.path.abspath(os.path.expanduser(name))
    return path if weight is None else f"{path}:{weight:g}"
