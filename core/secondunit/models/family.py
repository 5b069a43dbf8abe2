"""What a module must offer to count as a family of models.

A family may offer any of these; one that offers none is no family, and one that drives a kind of
checkpoint must be able to make its card and to load it.

    cards() -> list[ModelCard]              models it brings with it
    known() -> list[ModelCard]              public models it could drive, were their weights here
    drives(class_name) -> bool              whether it shoots with checkpoints made for that class
    card_of(checkpoint) -> ModelCard        the card of such a checkpoint
    load(card, checkpoint, berth) -> VideoModel
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.berth import Berth
from secondunit.weights.checkpoint import Checkpoint

_DRIVING = ("drives", "card_of", "load")


@dataclass(frozen=True)
class Family:
    """A family's five verbs; those it does not offer answer with nothing."""

    cards: Callable[[], list[ModelCard]]
    known: Callable[[], list[ModelCard]]
    drives: Callable[[str], bool]
    card_of: Callable[[Checkpoint], ModelCard]
    load: Callable[[ModelCard, Checkpoint, Berth], VideoModel]


def as_family(module: object) -> Family | None:
    """The module as a family, or None where it is none. Raises TypeError for half a family."""
    offered = {name: getattr(module, name, None) for name in ("known", *_DRIVING)}
    brings = getattr(module, "cards", None)
    if not callable(brings):
        if offered["drives"] is None:
            return None
        brings = _none
    driving = [name for name in _DRIVING if callable(offered[name])]
    if driving and len(driving) != len(_DRIVING):
        lacking = ", ".join(name for name in _DRIVING if name not in driving)
        raise TypeError(f"a family that drives checkpoints needs {lacking} too")
    if not driving:
        return Family(brings, offered["known"] or _none, _drives_nothing, _cannot, _cannot)
    verbs: dict[str, Any] = offered
    return Family(brings, verbs["known"] or _none, verbs["drives"], verbs["card_of"], verbs["load"])


def _none() -> list[ModelCard]:
    return []


def _drives_nothing(class_name: str) -> bool:
    return False


def _cannot(*told: object) -> Any:
    raise TypeError("this family only brings models; another drives them")
