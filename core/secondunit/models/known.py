"""Public models as cards: what the catalogue has, for remedies and listings."""

from __future__ import annotations

from collections.abc import Callable

from secondunit.callsheet import ModelCard, Need, Reach
from secondunit.models.family import Family
from secondunit.models.standins import widened
from secondunit.weights.catalogue import Entry, entries


def catalogued(driver: Callable[[str], Family | None]) -> list[ModelCard]:
    """The cards of those made for a class that some family drives here; none of them need be here.
    `driver` gives that family.
    """
    driven = ((entry, driver(entry.pipeline)) for entry in entries())
    return [as_card(entry, each.helped(entry.pipeline)) for entry, each in driven if each]


def as_card(entry: Entry, helped: frozenset[Need]) -> ModelCard:
    """The card of a model of the catalogue, as far as is known without its files; stand-ins do
    `helped` for it, as its family says they do for the checkpoint's own card.
    """
    reach = Reach(
        honours=entry.honours,
        multiple=entry.multiple,
        frames=entry.frames,
        area=entry.area,
        native_rate=entry.native_rate,
        context=entry.context,
        references=entry.references,
        memory_gb=entry.memory_gb(),
        key_places=entry.key_places,
    )
    return ModelCard(
        name=entry.name,
        title=entry.title,
        reach=widened(reach, helped),
        licence=entry.licence,
        training_data=entry.training_data,
        source=entry.repository,
        revision=entry.revision,
        steps=entry.steps,
        guidance=entry.guidance,
        note=entry.note,
        size_mb=entry.size_gb * 1000,
    )
