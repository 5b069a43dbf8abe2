"""What all engines outside have in common: a sheet is handed over once, each take is shot there
and taken back.
"""

from __future__ import annotations

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from secondunit.callsheet import Answer, CallSheet, ModelCard, Pixels, Question, Sight, Watch
from secondunit.models.external.described import Engine, Role, card_from
from secondunit.models.external.handing import Handed, handed, taken_back
from secondunit.models.external.wire import Wire
from secondunit.models.fitness import cannot_look, check
from secondunit_contract.problem import EngineAway, EngineRefused

PERCENT = 100
_SOON, _LATER, _GROWING = 0.05, 1.0, 1.3  # seconds between two looks at how far it is
_LOST = 15.0  # seconds without an answer, in the middle of a take


class External(ABC):
    """An engine with its card. Not for two threads at once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.card: ModelCard = card_from(engine)
        self.wire = Wire(engine)

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """Takes one after another, each when it is whole there and has come back.

        Raises ModelUnfit, SizeUnfit and BadValue at once; EngineAway, EngineRefused and what the
        watch raises on the way. What is under way over there is stopped then.
        """
        check(sheet, self.card)
        return self._takes(sheet, watch)

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """Raises ModelUnfit: nobody outside lets us see what their model attends to."""
        raise cannot_look(self.card)

    def provenance(self) -> dict[str, Any]:
        """The engine, where it is, and by what description it was asked."""
        return {
            "model": self.card.name,
            "weights": "not told: they are the engine's",
            "source": self.card.source,
            "licence": self.card.licence,
            "training_data": self.card.training_data,
            "engine": self.engine.told.kind,
            "address": self.engine.address.url,
            "description": self.engine.sha256,
            "versions": {"requests": version("requests")} | self.versions(),
        }

    def versions(self) -> dict[str, str]:
        """What it tells of its own version."""
        return {}

    @abstractmethod
    def take_over(self, files: list[Handed], watch: Watch) -> Any:
        """Have the files over there. What it gives is given to each take."""

    @abstractmethod
    def make(
        self, there: Any, words: dict[Role, Any], take: int, folder: Path, watch: Watch
    ) -> list[Path]:
        """Shoot one take there, and fetch the files it made into a folder."""

    def _takes(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        with tempfile.TemporaryDirectory(prefix="secondunit-engine-") as temporary:
            folder = Path(temporary)
            watch.check()
            self.engine.address.refuse_open()  # a name may lead elsewhere by now
            there = self.take_over(handed(sheet, self.engine, folder), watch)
            for take, seed in enumerate(sheet.seeds):
                watch.check()
                own = folder / f"take_{take}"
                own.mkdir()
                made = self.make(there, self._words(sheet, seed), take, own, watch)
                for first, frames in taken_back(made, sheet, self.engine, watch):
                    yield Answer(take, first, frames)

    def _words(self, sheet: CallSheet, seed: int) -> dict[Role, Any]:
        """All that is told in words and numbers. What the sheet leaves open stays as the engine
        has it.
        """
        told: dict[Role, Any] = {
            "prompt": sheet.prompt,
            "seed": seed,
            "steps": self.card.steps if sheet.steps is None else sheet.steps,
            "guidance": self.card.guidance if sheet.guidance is None else sheet.guidance,
            "width": sheet.width,
            "height": sheet.height,
            "size": f"{sheet.width}x{sheet.height}",
            "frames": sheet.frames,
            "rate": float(sheet.rate.per_second),
            "strength": sheet.strength,
        }
        return told | ({"negative": sheet.negative} if sheet.negative else {})


class Patience:
    """How long a take is waited for, and how often one looks."""

    def __init__(self, model: External) -> None:
        self._engine, self._wire = model.engine, model.wire
        self._began = self._heard = time.monotonic()
        self.pause = _SOON

    def longer(self) -> float:
        """How long to wait for the next look: each longer than the one before. Raises EngineRefused
        where it took too long altogether.
        """
        if time.monotonic() - self._began > self._engine.told.patience:
            raise EngineRefused(
                f"{self._wire.title} was not done within {self._engine.told.patience:.0f} seconds",
                str(self._engine.path),
                "Ask for less, or write a longer patience into its description",
            )
        self.pause = min(_LATER, self.pause * _GROWING)
        return self.pause

    def heard(self) -> None:
        """It has answered."""
        self._heard = time.monotonic()

    def unheard(self, away: EngineAway) -> None:
        """It has not. Raises EngineAway where it has not for long."""
        if time.monotonic() - self._heard > _LOST:
            raise EngineAway(
                f"{self._wire.title} has stopped answering in the middle of a take",
                self._wire.url,
                "See whether it is still running, start it again, and shoot again",
            ) from away
