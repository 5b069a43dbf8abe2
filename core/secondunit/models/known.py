"""Public models as cards: what the catalogue has, for remedies and listings."""

from __future__ import annotations

from collections.abc import Callable

from secondunit.callsheet import ModelCard, Reach
from secondunit.weights.catalogue import Entry, entries


def catalogued(driven: Callable[[str], bool]) -> list[ModelCard]:
    """The cards of those made for a class that is driven here; none of them need be here."""
    return [as_card(entry) for entry in entries() if driven(entry.pipeline)]


def as_card(entry: Entry) -> ModelCard:
    """The card of a model of the catalogue, as far as is known without its files."""
    return ModelCard(
        name=entry.name,
        title=entry.title,
        reach=Reach(
            honours=entry.honours,
            multiple=entry.multiple,
            frames=entry.frames,
            area=entry.area,
            native_rate=entry.native_rate,
            context=entry.context,
            references=entry.references,
            memory_gb=entry.memory_gb(),
            key_places=entry.key_places,
        ),
        licence=entry.licence,
        training_data=entry.training_data,
        source=entry.repository,
        revision=entry.revision,
        steps=entry.steps,
        guidance=entry.guidance,
        note=entry.note,
        size_mb=entry.size_gb * 1000,
    )
