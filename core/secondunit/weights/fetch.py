"""Getting a model, from the first look to its place here: what the commands and the service share.

Nothing is fetched by looking: `offered` reads a list of files, `take` fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from secondunit.settings import Settings
from secondunit.weights import bring, pull
from secondunit.weights.catalogue import Entry, terms_of
from secondunit.weights.licence import Gate, words
from secondunit.weights.pins import Pin, Pins, now
from secondunit.weights.sources import Source


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched: under which licence, and whether somebody must agree first.

    `entry` is the catalogue's; None for a repository that it does not have.
    """

    name: str
    plan: pull.Plan
    licence: str
    asks: bool
    entry: Entry | None = None

    @property
    def words(self) -> str:
        """What is shown before somebody agrees, and kept with it."""
        return words(terms_of(self.licence), self.plan.repository)


def offered(
    name: str, entry: Entry | None, source: Source, settings: Settings, revision: str = ""
) -> Offer:
    """What fetching a model would mean; `name` is the entry's, else the repository.

    Raises LicenceRefused where the studio's policy forbids it, and what `pull.planned` raises.
    """
    gate, repository = Gate.of(settings), entry.repository if entry else name
    known = entry.licence if entry else ""
    if gate.standing(name, known) == "forbidden":
        gate.refuse(name, entry.title if entry else name, known)
    asked = revision or (entry.revision if entry else "")
    plan = pull.planned(repository, source, asked, Pins(settings.models).of(repository))
    licence = entry.licence if entry else plan.licence or "unknown"
    return Offer(name, plan, licence, gate.standing(name, licence) == "asks", entry)


def take(offer: Offer, source: Source, settings: Settings, heard: pull.Heard) -> Path:
    """Fetch it, pin it and put it among the models; its place there.

    Raises what `pull.fetched` and `bring.linked` raise; the next time goes on from there.
    """
    plan = offer.plan
    digests = pull.fetched(plan, source, heard)
    place = bring.linked(plan.snapshot, settings.models, offer.name.rpartition("/")[2])
    Pins(settings.models).put(Pin(plan.repository, plan.revision, place.name, now(), digests))
    return place


def agree(offer: Offer, settings: Settings) -> None:
    """Write down that somebody agreed to its licence, where that has to be. Raises NotWritable."""
    if offer.asks:
        Gate.of(settings).agree(offer.name, offer.licence, offer.words)
