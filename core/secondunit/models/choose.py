"""Which model shoots a sheet: the one asked for if it can, else the lightest that can."""

from __future__ import annotations

from collections.abc import Iterable

from secondunit.callsheet import ModelCard, Need
from secondunit.models import known as known_models
from secondunit.models.wording import in_words
from secondunit_contract.problem import ModelUnfit, ModelUnknown


def choose(
    needs: frozenset[Need],
    cards: Iterable[ModelCard],
    wanted: str = "",
    known: Iterable[ModelCard] | None = None,
) -> ModelCard:
    """The card to shoot with.

    `known` are models that are not here, for the remedy; by default those the families know. Raises
    ModelUnknown when the model asked for is not among the cards, ModelUnfit when it, or every one,
    lacks something.
    """
    here = sorted(cards, key=lambda card: (card.reach.memory_gb, card.name))
    able = [card for card in here if needs <= card.reach.honours]
    if wanted:
        asked = [card for card in here if wanted in (card.name, card.source)]
        if not asked:
            raise ModelUnknown(
                f"There is no model called {wanted}",
                f"Here are: {', '.join(card.name for card in here) or 'none'}",
                "Take one of these",
            )
        if asked[0] in able:
            return asked[0]
        raise _unfit(needs, asked, able, known)
    if able:
        return able[0]
    raise _unfit(needs, here, able, known)


def _unfit(
    needs: frozenset[Need],
    tried: list[ModelCard],
    able: list[ModelCard],
    known: Iterable[ModelCard] | None,
) -> ModelUnfit:
    lacks = [f"{card.title}: {in_words(needs - card.reach.honours)}" for card in tried]
    elsewhere = [card for card in (known_models() if known is None else known)]
    would = [
        f"{card.title} ({card.licence}, {card.reach.memory_gb:.0f} GB, not installed)"
        for card in elsewhere
        if needs <= card.reach.honours
    ]
    ways = [f"Take {', '.join(card.name for card in able)}"] if able else []
    ways += [f"These would do it: {'; '.join(would)}"] if would else []
    return ModelUnfit(
        f"No model here can do all of this: {in_words(needs)}"
        if len(tried) != 1
        else f"{tried[0].title} cannot do all of this: {in_words(needs)}",
        f"What is lacking: {'; '.join(lacks)}" if lacks else "There is no model here",
        ". ".join(ways) or "No model we know of does it: ask for less",
    )
