"""Which model shoots a sheet: the one asked for if it can, else the lightest that can. One that is
helped by a stand-in only where none can by itself, an engine outside only where none here can.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secondunit.callsheet import KeyPlaces, ModelCard, Need
from secondunit.models import known as known_models
from secondunit.models.fitness import begins_with_a_picture
from secondunit.models.wording import KEY_PLACES, in_words
from secondunit_contract.problem import ModelUnfit, ModelUnknown

_NAMED = 3  # models in a remedy; all of them stand in docs/models.md
_NARROW: tuple[KeyPlaces, ...] = ("anywhere", "ends", "beginning", "first")  # the last takes least


@dataclass(frozen=True)
class Wanted:
    """What a model is wanted for: see `choose`."""

    needs: frozenset[Need]
    keys: KeyPlaces
    still: bool
    opened: bool

    def lacking(self, card: ModelCard) -> str:
        """What a model does not honour, in words; nothing where it honours all."""
        reach = card.reach
        lacking = [in_words(self.needs - reach.honours)] if self.needs - reach.honours else []
        narrow = _NARROW.index(reach.key_places) > _NARROW.index(self.keys)
        if narrow and "keys" in (self.needs & reach.honours) - reach.stand_ins:
            lacking.append(f"passing through pictures but on {KEY_PLACES[reach.key_places]}")
        if begins_with_a_picture(reach) and not self.opened:
            lacking.append("beginning a clip without a first picture to go on from")
        if reach.frames.longest == 1 and not self.still:
            lacking.append("shooting more than one frame")
        return ", ".join(lacking)

    def able(self, cards: Iterable[ModelCard]) -> list[ModelCard]:
        """Those that lack nothing, the best first: those here before those elsewhere, by itself
        before by a stand-in, the lightest.
        """

        def place(card: ModelCard) -> tuple[bool, bool, tuple[bool, float, str]]:
            return bool(card.elsewhere), bool(self.needs & card.reach.stand_ins), lightness(card)

        return sorted((card for card in cards if not self.lacking(card)), key=place)


def choose(
    needs: frozenset[Need],
    cards: Iterable[ModelCard],
    wanted: str = "",
    known: Iterable[ModelCard] | None = None,
    keys: KeyPlaces = "anywhere",
    still: bool = False,
    opened: bool = True,
) -> ModelCard:
    """The card to shoot with.

    `keys` says where it must take keys, if keys are among the needs; `still` that only one frame is
    painted, which an editor of single frames can do; `opened` whether the clip's first picture is
    known, with which some models must begin. `known` are models that are not here, for the
    remedy; by default those the families know. Raises ModelUnknown when the model asked for is not
    among the cards, ModelUnfit when it, or every one, lacks something.
    """
    here = sorted(cards, key=lightness)
    asked_of = Wanted(needs, keys, still, opened)
    able = asked_of.able(here)
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
        raise _unfit(asked_of, asked, able, known)
    if able:
        return able[0]
    raise _unfit(asked_of, here, able, known)


def lightness(card: ModelCard) -> tuple[bool, float, str]:
    """By which models are put in order: those here before those elsewhere, the lightest first."""
    return bool(card.elsewhere), card.reach.memory_gb, card.name


def named(card: ModelCard, needs: frozenset[Need]) -> str:
    """A model that is not here, in words: its licence, its size, and what of the needs comes by a
    stand-in of ours.
    """
    helped = needs & card.reach.stand_ins
    by = f", with a stand-in for {in_words(helped)}" if helped else ""
    return f"{card.title} ({card.licence}, {card.reach.memory_gb:.0f} GB{by})"


def _fetching(would: list[ModelCard], needs: frozenset[Need]) -> str:
    """Which models that are not ready here would do it, the best first, and how to get one."""
    some = "; ".join(named(card, needs) for card in would[:_NAMED])
    more = f"; and {len(would) - _NAMED} more" if len(would) > _NAMED else ""
    how = f"`secondunit models pull {would[0].name}` fetches the first"
    return f"These would do it: {some}{more}. {how}"


def _unfit(
    asked: Wanted, tried: list[ModelCard], able: list[ModelCard], known: Iterable[ModelCard] | None
) -> ModelUnfit:
    lacks = [f"{card.title}: {asked.lacking(card)}" for card in tried]
    would = asked.able(known_models() if known is None else known)
    ways = [f"Take {', '.join(card.name for card in able)}"] if able else []
    ways += [_fetching(would, asked.needs)] if would else []
    unfit = ModelUnfit(
        f"No model here can do all of this: {in_words(asked.needs)}"
        if len(tried) != 1
        else f"{tried[0].title} cannot do all of this: {in_words(asked.needs)}",
        f"What is lacking: {'; '.join(lacks)}" if lacks else "There is no model here",
        ". ".join(ways) or "No model we know of does it: ask for less",
    )
    if would and not able:  # for a panel's button
        first = would[0]
        unfit.extra = {"fetch": {"name": first.name, "title": first.title, "mb": first.size_mb}}
    return unfit
