"""Rungs: how sparing of memory a job has to be, foretold before it is shot.

What a run took corrects what is foretold of the next: a file in the data folder keeps by how much,
model by model and rung by rung, of shooting and of looking. Where even the last rung does not fit,
it is said what would.
"""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from secondunit import models
from secondunit.callsheet import (
    Answer,
    CallSheet,
    ModelCard,
    Need,
    Pixels,
    Question,
    Sight,
    VideoModel,
    Watch,
)
from secondunit.models.berth import AMPLE, THIN, TILED, Tally
from secondunit.models.choose import Wanted, named
from secondunit.models.forecast import (
    RUNGS,
    Asked,
    Footprint,
    Forecast,
    Lodging,
    Look,
    shorter,
    smaller,
)
from secondunit.weights.checkpoint import Checkpoint, find
from secondunit_contract.problem import ModelProblem, NotEnoughMemory, PartMissing

NAMES = {AMPLE: "ample", TILED: "tiled", THIN: "thin"}
RUNG = "rung"
"""Where a NotEnoughMemory tells which rung did not suffice."""

Work = Literal["shooting", "looking"]
"""What a model is at, where memory is measured."""

_BOOK = "memory.json"
_NARROW, _WIDE = 0.4, 4.0  # what was measured beyond that was something else
_FAILED = 1.3  # what a run is taken for that did not fit
_DOUBT = 0.8  # a job is refused where so much of what is foretold would not fit either


class Book:
    """What runs on this machine took, over what was foretold: a file in the data folder.

    What cannot be read or written is not known: the forecast stands as it is.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _BOOK

    def ratio(self, model: str, rung: int, work: Work = "shooting") -> float:
        """By how much to correct; 1 for what was never measured."""
        told = self._read().get(_key(model, rung, work), 1.0)
        known = isinstance(told, (int, float)) and math.isfinite(told)
        return min(max(float(told), _NARROW), _WIDE) if known else 1.0

    def took(
        self, model: str, rung: int, foretold: int, measured: int, work: Work = "shooting"
    ) -> None:
        """A run took that. What rises counts at once, what sinks by half: a clip of another shape
        may take more again.
        """
        if foretold > 0 and measured > 0:
            key = _key(model, rung, work)
            ratio, before = measured / foretold, self._read().get(key)
            if isinstance(before, (int, float)) and ratio < before:
                ratio = (ratio + before) / 2
            self._write(key, ratio)

    def failed(self, model: str, rung: int, work: Work = "shooting") -> None:
        """A run did not fit, though it was foretold to."""
        self._write(_key(model, rung, work), self.ratio(model, rung, work) * _FAILED)

    def _read(self) -> dict[str, Any]:
        try:
            told = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _write(self, key: str, ratio: float) -> None:
        kept = self._read() | {key: round(ratio, 4)}
        part = self._path.with_name(f".{_BOOK}.{os.getpid()}.part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(kept, indent=1, sort_keys=True), "utf-8")
            os.replace(part, self._path)


def _key(model: str, rung: int, work: Work) -> str:
    """As the file has it, from before anything but shooting was foretold."""
    return f"{model} {NAMES[rung]}" + ("" if work == "shooting" else f" {work}")


@dataclass(frozen=True)
class Choice:
    """The rung to begin on, and why: None where nothing could be foretold. `looks` foretells what a
    look takes.
    """

    rung: int
    model: str = ""
    forecast: Forecast | None = None
    foretold: int = 0
    room: int = 0
    looks: Callable[[Look], int] | None = None

    def told(self) -> dict[str, Any]:
        """As a side-car tells it."""
        if self.forecast is None:
            return {}
        return {
            "rung": NAMES[self.rung],
            "stretch": self.forecast.stretch,
            "peak_gb": round(self.forecast.peak / 1e9, 2),
            "weights_gb": round(self.forecast.weights / 1e9, 2),
            "host_gb": round(self.forecast.host / 1e9, 2),
            "free_gb": round(self.room / 1e9, 2),
        }


@dataclass(frozen=True)
class Room:
    """Bytes that may be taken on a device of a kind, and of the host's own memory."""

    device: str
    free: int
    host: int

    def holds(self, forecast: Forecast, share: float = 1.0) -> bool:
        """Whether that fits, or such a share of it."""
        return forecast.peak * share <= self.free and forecast.host * share <= self.host


@dataclass(frozen=True)
class Others:
    """The other models that are here, and what one of them would have to honour."""

    needs: Callable[[], frozenset[Need]]
    cards: Iterable[ModelCard]

    def ways(self, card: ModelCard, asked: Asked, room: Room) -> list[str]:
        """What could be taken in a model's place: one that is here, else one to be got."""
        needs = self.needs()
        wanted = Wanted(needs, "first", asked.frames == 1, "keys" in needs)
        for each in wanted.able(self.cards):
            if each.name != card.name and _fits(each, asked, room):
                return [f"Take {each.title}, which is here and fits"]
        for each in wanted.able(models.known()):
            if 0 < each.reach.memory_gb * 1e9 <= room.free:
                return [f"Get {named(each, needs)}: it would fit"]
        return []


class Rungs:
    """Chooses a job's rung."""

    def __init__(self, data: Path) -> None:
        self.book = Book(data)

    def chosen(
        self, card: ModelCard, asked: Asked, least: int, room: Room, others: Others
    ) -> Choice:
        """The first rung, from `least` on, that fits. Raises NotEnoughMemory where none does, with
        models that would, and what this one could shoot.
        """
        footprint = footprint_of(card)
        if footprint is None:
            return Choice(least)
        lodging = Lodging(room.device)
        foretold = {
            rung: footprint.forecast(asked, rung, lodging, *self._ratios(card, rung))
            for rung in RUNGS
            if rung >= least
        }
        fitting = [rung for rung, each in foretold.items() if room.holds(each)]
        rung = fitting[0] if fitting else THIN
        if not fitting and not room.holds(foretold[THIN], _DOUBT):
            raise self._refusal(card, footprint, asked, foretold[THIN], room, others)
        beside = footprint.beside(asked, rung, lodging)
        looks = functools.partial(footprint.looking, rung=rung, lodging=lodging)
        return Choice(rung, card.name, foretold[rung], beside, room.free, looks)

    def _ratios(self, card: ModelCard, rung: int) -> tuple[float, float]:
        """Of shooting and of looking."""
        return self.book.ratio(card.name, rung), self.book.ratio(card.name, rung, "looking")

    def _refusal(
        self,
        card: ModelCard,
        footprint: Footprint,
        asked: Asked,
        forecast: Forecast,
        room: Room,
        others: Others,
    ) -> NotEnoughMemory:
        told = (THIN, Lodging(room.device), room.free, *self._ratios(card, THIN))
        ways = others.ways(card, asked, room)
        if (less := shorter(footprint, asked, *told)) is not None:
            ways.append(f"{less.frames} frames at this size would fit")
        if (less := smaller(footprint, asked, *told)) is not None:
            ways.append(f"{less.width}x{less.height} at this length would fit")
        seen = asked.looks if forecast.stretch == "looking" else ()
        clip = seen[0] if seen else asked
        problem = NotEnoughMemory(
            f"{card.title} would need about {_gb(forecast.peak)} GB for this, even block by block "
            f"and in fewer bits; {_gb(room.free)} GB are free",
            f"{clip.frames} frames of {clip.width}x{clip.height}, while {forecast.stretch}",
            ". ".join(ways) or "Close other programs, or take a lighter model",
        )
        problem.extra[RUNG] = THIN
        return problem


def footprint_of(card: ModelCard) -> Footprint | None:
    """What memory hangs on, of a checkpoint that is here; None for a model that is no checkpoint,
    or for one whose loading will say what is wrong with it.
    """
    try:
        return Footprint.of(Checkpoint.open(find(card.source, card.revision)), card.reach)
    except (ModelProblem, PartMissing):
        return None


def _fits(card: ModelCard, asked: Asked, room: Room) -> bool:
    footprint, rule = footprint_of(card), card.reach.frames
    if footprint is None:
        return False
    steps = max(0, (min(asked.frames, rule.longest) - rule.base) // rule.step)
    fitted = _fitted(asked, card, rule.base + steps * rule.step)
    foretold = (footprint.forecast(fitted, rung, Lodging(room.device)) for rung in RUNGS)
    return any(room.holds(each) for each in foretold)


def _fitted(asked: Asked, card: ModelCard, frames: int) -> Asked:
    """What is asked, in a shape of that model's own."""
    reach = card.reach
    share = min(1.0, math.sqrt(reach.area / (asked.width * asked.height)))
    width, height = (
        max(reach.multiple, int(side * share) // reach.multiple * reach.multiple)
        for side in (asked.width, asked.height)
    )
    return asked.lasting(frames).sized(width, height)


def _gb(count: int) -> str:
    return f"{max(count, 0) / 1e9:.1f}"


class Measured:
    """A model that notes, while it shoots, what its work took, and tells what was foretold."""

    def __init__(self, model: VideoModel, choice: Choice, book: Book, tally: Tally) -> None:
        self._model, self._choice = model, choice
        self._book, self._tally = book, tally

    @property
    def card(self) -> ModelCard:
        """The model's own."""
        return self._model.card

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """As the model does. Where its memory does not suffice, that is remembered, and told."""
        return self._noted(self._model.shoot(sheet, watch))

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """As the model does; what it took is noted as of shooting."""
        choice = self._choice
        self._tally.read()
        try:
            sight = self._model.look(footage, question, watch)
        except NotEnoughMemory as problem:
            self._short(problem, "looking")
            raise
        if choice.looks is not None:
            foretold = choice.looks(Look.over(footage, question))
            took = self._tally.read()
            self._book.took(choice.model, choice.rung, foretold, took, "looking")
        return sight

    def provenance(self) -> dict[str, Any]:
        """The model's own, and the forecast."""
        told = self._choice.told()
        return self._model.provenance() | ({"forecast": told} if told else {})

    def _noted(self, answers: Iterator[Answer]) -> Iterator[Answer]:
        choice = self._choice
        self._tally.read()
        try:
            yield from answers
        except NotEnoughMemory as problem:
            self._short(problem, "shooting")
            raise
        if choice.forecast is not None:
            self._book.took(choice.model, choice.rung, choice.foretold, self._tally.read())

    def _short(self, problem: NotEnoughMemory, work: Work) -> None:
        """Its rung did not suffice: that is told, and remembered."""
        choice = self._choice
        problem.extra.setdefault(RUNG, choice.rung)
        if choice.forecast is not None:
            self._book.failed(choice.model, choice.rung, work)


def rung_told(problem: dict[str, Any] | None) -> int:
    """The rung that did not suffice, as a problem that travelled tells it."""
    told = (problem or {}).get(RUNG, AMPLE)
    return told if isinstance(told, int) and told in RUNGS else AMPLE
