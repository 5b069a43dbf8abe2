"""What a module must offer to count as a family of models.

A family may offer any of these; one that offers none is no family. One that drives a kind of
checkpoint must be able to make its card and to load it; one that reaches engines outside, their
cards and themselves.

    cards() -> list[ModelCard]              models it brings with it
    known() -> list[ModelCard]              public models it could drive, were their weights here
    drives(class_name) -> bool              whether it shoots with checkpoints made for that class
    card_of(checkpoint) -> ModelCard        the card of such a checkpoint
    helped(class_name) -> frozenset[Need]   what stand-ins may do for such checkpoints; none
                                            where it does not say
    load(card, checkpoint, berth) -> VideoModel
    reaches(source) -> bool                 whether a source describes an engine that it speaks to
    card_at(source) -> ModelCard            the card of such an engine
    reached(card) -> VideoModel
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secondunit.callsheet import ModelCard, Need, VideoModel
from secondunit.models.berth import Berth
from secondunit.weights.checkpoint import Checkpoint

_DRIVING = ("drives", "card_of", "load")
_REACHING = ("reaches", "card_at", "reached")


@dataclass(frozen=True)
class Family:
    """A family's verbs; those it does not offer answer with nothing."""

    cards: Callable[[], list[ModelCard]]
    known: Callable[[], list[ModelCard]]
    drives: Callable[[str], bool]
    card_of: Callable[[Checkpoint], ModelCard]
    helped: Callable[[str], frozenset[Need]]
    load: Callable[[ModelCard, Checkpoint, Berth], VideoModel]
    reaches: Callable[[str], bool]
    card_at: Callable[[str], ModelCard]
    reached: Callable[[ModelCard], VideoModel]


def as_family(module: object) -> Family | None:
    """The module as a family, or None where it is none. Raises TypeError for half a family."""
    verbs: dict[str, Any] = {
        name: verb for name in _SILENT if callable(verb := getattr(module, name, None))
    }
    if not verbs.keys() & {"cards", "drives", "reaches"}:
        return None
    for whole, doing in ((_DRIVING, "drives checkpoints"), (_REACHING, "reaches engines")):
        lacking = [name for name in whole if name not in verbs]
        if 0 < len(lacking) < len(whole):
            raise TypeError(f"a family that {doing} needs {', '.join(lacking)} too")
    return Family(**(_SILENT | verbs))


def _none() -> list[ModelCard]:
    return []


def _nothing(told: str) -> bool:
    return False


def _unhelped(told: str) -> frozenset[Need]:
    return frozenset()


def _cannot(*told: object) -> Any:
    raise TypeError("this family only brings models; another drives them")


_SILENT: dict[str, Callable[..., Any]] = {
    "cards": _none,
    "known": _none,
    "drives": _nothing,
    "card_of": _cannot,
    "helped": _unhelped,
    "load": _cannot,
    "reaches": _nothing,
    "card_at": _cannot,
    "reached": _cannot,
}
