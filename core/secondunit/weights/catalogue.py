"""The catalogue: public models that can be fetched, what each can do, needs and may be used for.

All of it stands in catalogue.toml. Nothing in it has been measured by us: memory and size are
worked out from the counts of numbers in a model, `sources` says where the rest was read, and what
nobody checked is in `unverified`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from secondunit.callsheet import FrameRule, KeyPlaces, Need
from secondunit_contract.frames import Rate
from secondunit_contract.problem import ModelUnknown

CATALOGUE = Path(__file__).with_name("catalogue.toml")

Rung = Literal["ample", "tiled", "thin"]
"""How sparing of memory a model lives: all of it at hand, block by block, and in fewer bits too."""

RUNGS: tuple[Rung, ...] = get_args(Rung)

_BYTES = 2  # of a number, in halves
_NUMBERS_A_TOKEN = 12  # hidden states, queries, keys, values and the wide layer at once
_BLOCKS = 2  # at hand at once: one works, the next is on its way
_DECODED = 5 * 6 * 96 * 4  # bytes a pixel: five copies of six frames, 96 channels, whole floats
_TILE = 256 * 256  # pixels
_FREE = frozenset({"", "unknown", "none"})


@dataclass(frozen=True)
class Terms:
    """What a licence asks of whoever uses a model under it.

    asks        whether somebody must say yes before such a model is used
    excluded    territories in which it grants nothing
    revenue     from which revenue on it is not free; empty where no such limit is known
    outputs     rules about the pictures made; empty where nobody of us has read them
    use         what one must not do with it, or must do; empty where nobody of us has read it
    unverified  which of these are hearsay
    sources     where they were read
    """

    name: str
    title: str
    asks: bool
    excluded: tuple[str, ...] = ()
    revenue: str = ""
    outputs: str = ""
    use: str = ""
    unverified: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """All of it for a person, a line each; what is hearsay says so."""
        where = ", ".join(self.excluded)
        told = [
            ("excluded", f"grants nothing in: {where}" if where else "no territory is excluded"),
            ("revenue", f"revenue: {self.revenue}" if self.revenue else "no limit of revenue"),
            ("outputs", f"rules about the pictures made: {self.outputs or 'not read by us'}"),
            ("use", f"rules of use: {self.use or 'not read by us'}"),
        ]
        return [self.title, *(line + self._mark(key) for key, line in told)]

    def _mark(self, key: str) -> str:
        return " (unverified: read the licence itself)" if key in self.unverified else ""


@dataclass(frozen=True)
class Parts:
    """A model's parts, in billions of numbers: one or two networks, what reads the words (its list
    of words is its largest piece), what turns its answer into pictures.
    """

    network: float
    reader: float
    words: float
    decoder: float
    network_2: float = 0.0

    @property
    def all(self) -> float:
        """Billions of numbers together."""
        return self.network + self.network_2 + self.reader + self.decoder


@dataclass(frozen=True)
class Entry:
    """One model of the catalogue.

    pipeline    the class of diffusers it is made for       repository, revision  where it lies
    honours, key_places, multiple, frames, area, native_rate, context, references   as in `Reach`
    token       pixels and frames that share one step of the network's attention
    width, layers   of the network          unverified  which of all this is hearsay
    guidance_low    of its second network, where it has two that want it otherwise; else 0
    use         what it is for, for an artist
    sources     where all this was read     own  which of its values are its own, not its kind's
    """

    name: str
    title: str
    use: str
    repository: str
    revision: str
    pipeline: str
    honours: frozenset[Need]
    key_places: KeyPlaces
    multiple: int
    frames: FrameRule
    area: int
    native_rate: Rate | None
    context: int
    references: int
    steps: int
    guidance: float
    guidance_low: float
    licence: str
    training_data: str
    parts: Parts
    width: int
    layers: int
    token: tuple[int, int]
    note: str
    unverified: frozenset[str]
    sources: tuple[str, ...]
    own: frozenset[str]

    @property
    def size_gb(self) -> float:
        """Gigabytes on the disk, predicted: two bytes a number. A repository may hold more."""
        return round(_BYTES * self.parts.all, 1)

    def memory_gb(self, rung: Rung = "ample") -> float:
        """Gigabytes of a device at its own area and longest clip, predicted from the counts of
        numbers; nobody has measured it. Block by block the rest waits in the machine's own memory.

        What a run will take is foretold better once the files are here: see `models.forecast`.
        """
        parts, (pixels, frames) = self.parts, self.token
        tokens = ((self.frames.longest - 1) // frames + 1) * self.area // pixels**2
        a_pass = tokens * self.width * _NUMBERS_A_TOKEN * _BYTES / 1e9
        shown = self.area if rung == "ample" else min(self.area, _TILE)
        work = max(a_pass, shown * _DECODED / 1e9)
        if rung == "ample":
            return round(_BYTES * parts.all + work, 1)
        block = max(parts.network, parts.network_2) / self.layers
        at_hand = _BLOCKS * block * (_BYTES if rung == "tiled" else 1) + 2 * _BYTES * parts.decoder
        return round(max(at_hand + work, 2 * _BYTES * parts.words), 1)

    def card(self) -> dict[str, Any]:
        """What a card.toml would say that came with it.

        What can be read from the files of any checkpoint of its kind is left to whoever drives
        them, who may know ways around what it lacks: of its reach only what is its own is told.
        """
        told: dict[str, Any] = {
            "name": self.name, "title": self.title, "licence": self.licence,
            "training_data": self.training_data, "note": self.note, "steps": self.steps,
            "guidance": self.guidance,
        }  # fmt: skip
        if self.native_rate is not None:
            told["native_rate"] = str(self.native_rate)
        if self.guidance_low:
            told["guidance_low"] = self.guidance_low
        reach = {
            "area": self.area, "context": self.context, "references": self.references,
            "frames": self.frames.longest,
        }  # fmt: skip
        own = {key: value for key, value in reach.items() if key in self.own}
        if "frames" in own:
            own["longest"] = own.pop("frames")
        return told | own


def entries() -> list[Entry]:
    """Every model of the catalogue, in its order."""
    return list(_read()[0])


def licences() -> list[Terms]:
    """Every licence of the catalogue."""
    return list(_read()[1].values())


def terms_of(licence: str) -> Terms:
    """What a licence asks. One that nobody knows asks for a yes, as it may ask anything; where no
    licence is told at all, somebody put the weights there himself and there is nothing to show.
    """
    known = _read()[1].get(licence.casefold())
    if known is not None:
        return known
    unknown = frozenset({"excluded", "revenue", "outputs", "use"})
    return Terms(licence, licence or "unknown", licence.casefold() not in _FREE, unverified=unknown)


def sources_of(name: str) -> list[str]:
    """Where what the catalogue says of a model of that name, and of its licence, was read."""
    for entry in entries():
        if entry.name == name:
            return [*entry.sources, *terms_of(entry.licence).sources]
    return []


def entry_for(repository: str, revision: str = "") -> Entry | None:
    """The entry of a repository; of one at a revision it is not pinned to there is none."""
    for entry in entries():
        if entry.repository.casefold() == repository.casefold():
            pinned = not (entry.revision and revision) or entry.revision == revision
            return entry if pinned else None
    return None


def entry_at(folder: Path, pipeline: str) -> Entry | None:
    """The entry of a checkpoint's folder: by its repository in the download cache, else by what the
    folder is called, where it is made for the same class.
    """
    repository, revision = origin(folder)
    if repository:
        return entry_for(repository, revision)
    called = folder.name.casefold()
    for entry in entries():
        names = (entry.name.casefold(), entry.repository.rpartition("/")[2].casefold())
        if called in names and entry.pipeline == pipeline:
            return entry
    return None


def origin(folder: Path) -> tuple[str, str]:
    """The repository and revision of a folder in a download cache; empty elsewhere."""
    folder = folder.resolve()
    if folder.parent.name == "snapshots" and folder.parents[1].name.startswith("models--"):
        repository = folder.parents[1].name.removeprefix("models--").replace("--", "/", 1)
        return repository, folder.name
    return "", ""


def wanted(name: str) -> Entry:
    """The entry of that name or repository. Raises ModelUnknown, with the names there are."""
    for entry in entries():
        if name.casefold() in (entry.name.casefold(), entry.repository.casefold()):
            return entry
    raise ModelUnknown(
        f"The catalogue has no model called {name}",
        f"It has: {', '.join(entry.name for entry in entries())}",
        "Take one of these, or give a repository, as in OWNER/NAME",
    )


@functools.cache
def _read() -> tuple[tuple[Entry, ...], dict[str, Terms]]:
    told = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    terms = {name.casefold(): _terms(name, each) for name, each in told["licences"].items()}
    return tuple(_entry(each, told["kinds"]) for each in told["models"]), terms


def _terms(name: str, told: Mapping[str, Any]) -> Terms:
    return Terms(
        name,
        told["title"],
        told["asks"],
        tuple(told["excluded"]),
        told["revenue"],
        told["outputs"],
        told["use"],
        frozenset(told["unverified"]),
        tuple(told.get("sources", ())),
    )


def _entry(told: dict[str, Any], kinds: dict[str, dict[str, Any]]) -> Entry:
    kind = kinds[told["kind"]]
    usual = {"note": "", "native_rate": None, "key_places": "anywhere", "guidance_low": 0.0}
    whole = usual | kind | told
    unverified = frozenset(kind.get("unverified", ())) | frozenset(told.get("unverified", ()))
    rate = whole["native_rate"]
    return Entry(
        **{
            key: whole[key]
            for key in (
                "name", "title", "use", "repository", "revision", "pipeline", "multiple", "area",
                "context", "references", "steps", "guidance", "guidance_low", "licence",
                "training_data", "width", "layers", "note", "key_places",
            )
        },
        honours=frozenset(whole["honours"]),
        frames=FrameRule(**whole["frames"]),
        native_rate=None if rate is None else Rate.of(rate),
        parts=Parts(**whole["parts"]),
        token=(whole["token"]["pixels"], whole["token"]["frames"]),
        unverified=unverified,
        sources=(*kind.get("sources", ()), *told.get("sources", ())),
        own=frozenset(told),
    )  # fmt: skip
