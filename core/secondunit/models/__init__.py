"""The models there are: which can be shot with, which are broken and why, and how to get one ready.

A family is a module of this package, or one another package offers under the entry point
`secondunit.models`, that drives a kind of checkpoint or brings models with it: see
`secondunit.models.family`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.berth import Berth
from secondunit.models.family import Family, as_family
from secondunit.models.known import catalogued
from secondunit.models.standins import relay
from secondunit.settings import Settings
from secondunit.weights.checkpoint import Checkpoint, find
from secondunit.weights.licence import Gate
from secondunit_contract.problem import CheckpointInvalid, ModelUnknown, Problem

GROUP = "secondunit.models"

# All that importing somebody's module can raise, short of what should stop the program.
_BREAKS = (
    ImportError,
    SyntaxError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AssertionError,
    OSError,
    RuntimeError,
    Problem,
)


@dataclass(frozen=True)
class Listed:
    """A model as it was found: its card, or the fault that keeps it from being used."""

    name: str
    card: ModelCard | None
    fault: str = ""


def listing(sources: Iterable[str] = ()) -> list[Listed]:
    """Every model found here and at the sources (folders, repository ids), broken ones with their
    reason.
    """
    found: list[Listed] = []
    for name, family, fault in _families():
        if family is None:
            found.append(Listed(name, None, fault))
            continue
        try:
            found += [Listed(card.name, card) for card in family.cards()]
        except _BREAKS as error:
            found.append(Listed(name, None, _said(error)))
    for source in sources:
        try:
            card = card_of(source)
            found.append(Listed(card.name, card))
        except Problem as problem:
            found.append(Listed(source, None, str(problem)))
    together = relay.offered([each.card for each in found if each.card is not None])
    return [*found, *(Listed(card.name, card) for card in together)]


def cards(sources: Iterable[str] = ()) -> list[ModelCard]:
    """The cards of every model that can be used, those at the sources too."""
    return [each.card for each in listing(sources) if each.card is not None]


def known() -> list[ModelCard]:
    """Public models that could be driven if their weights were here: the catalogue's, and those of
    other packages' families.
    """
    families = [family for _, family, _ in _families() if family is not None]
    brought = [card for family in families for card in family.known()]

    def driver(class_name: str) -> Family | None:
        return next((each for each in families if each.drives(class_name)), None)

    return catalogued(driver) + brought


def driven(class_name: str) -> bool:
    """Whether a checkpoint made for that class of diffusers can be shot with here."""
    return any(family is not None and family.drives(class_name) for _, family, _ in _families())


def card_of(source: str) -> ModelCard:
    """The card of the checkpoint at a folder or under a repository id in the local cache, or of the
    engine that a file describes.

    Raises ModelUnknown, CheckpointInvalid, CheckpointUnsafe, BadValue.
    """
    legs = relay.legs(source)
    if legs is not None:
        return relay.card_of(*(card_of(each) for each in legs))
    outside = _reaching(source)
    if outside is not None:
        return outside.card_at(source)
    checkpoint = Checkpoint.open(find(source))
    card = _driver(checkpoint).card_of(checkpoint)
    return replace(card, source=source)


def load(wanted: str, berth: Berth | str = "auto", gate: Gate | None = None) -> VideoModel:
    """The model of that name, folder or repository id, ready to shoot where it is to live: on a
    device alone (auto, cpu, cuda, cuda:1, mps), or in a berth among others.

    The gate, by default the user's own, says what may be used. An engine outside is where it is.
    Raises LicenceRefused, ModelUnknown, CheckpointInvalid, CheckpointUnsafe,
    NotEnoughMemory, PartMissing, BadValue, EngineAway.
    """
    card = _named(wanted)
    berth = berth if isinstance(berth, Berth) else Berth(berth)
    legs = relay.legs(card.source)
    if legs is not None:
        return relay.Relay(card, *(load(each, berth, gate) for each in legs))
    gate = gate or Gate.of(Settings.found())
    gate.refuse(card.name, card.title, card.licence)
    outside = _reaching(card.source)
    if outside is not None:
        return outside.reached(card)
    checkpoint = Checkpoint.open(find(card.source, card.revision))
    return _driver(checkpoint).load(card, checkpoint, berth)


def _named(wanted: str) -> ModelCard:
    here = cards()
    for card in here:
        if card.name == wanted:
            return card
    if Path(wanted).expanduser().exists() or "/" in wanted:
        return card_of(wanted)
    raise ModelUnknown(
        f"There is no model called {wanted}",
        f"Here are: {', '.join(card.name for card in here) or 'none'}",
        "Take one of these, or give the path of a checkpoint's folder",
    )


def _reaching(source: str) -> Family | None:
    families = (family for _, family, _ in _families() if family is not None)
    return next((family for family in families if family.reaches(source)), None)


def _driver(checkpoint: Checkpoint) -> Family:
    for _, family, _ in _families():
        if family is not None and family.drives(checkpoint.class_name):
            return family
    raise CheckpointInvalid(
        f"Nothing here can drive weights made for {checkpoint.class_name}",
        str(checkpoint.folder),
        "Take a checkpoint of a family that `secondunit models` lists",
    )


def _families() -> Iterator[tuple[str, Family | None, str]]:
    """(name, family, fault) of each; modules that are no family are passed over."""
    for module in pkgutil.iter_modules(__path__):
        whole = f"{__name__}.{module.name}"
        yield from _family(module.name, functools.partial(importlib.import_module, whole))
    for entry in importlib.metadata.entry_points(group=GROUP):
        yield from _family(entry.name, entry.load)


def _family(name: str, importing: Callable[[], object]) -> Iterator[tuple[str, Family | None, str]]:
    try:
        family = as_family(importing())
    except _BREAKS as error:
        yield name, None, _said(error)
        return
    if family is not None:
        yield name, family, ""


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
