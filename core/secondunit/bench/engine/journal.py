"""A journal of a model's calls: which were made for a take that stood already."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from secondunit import models
from secondunit.callsheet import Answer, CallSheet, ModelCard, Pixels, Question, Sight, VideoModel
from secondunit.callsheet import Watch as ModelWatch
from secondunit.models import starter
from secondunit.settings import Settings

JOURNAL = "SECONDUNIT_JOURNAL"
"""The environment's name for the file that calls are written into."""


class Journalled:
    """A model that writes down each take it begins, before it does."""

    def __init__(self, model: VideoModel, journal: Path) -> None:
        self._model, self._journal = model, journal

    @property
    def card(self) -> ModelCard:
        """The model's own."""
        return self._model.card

    def shoot(self, sheet: CallSheet, watch: ModelWatch) -> Iterator[Answer]:
        """The model's own answers."""
        answers = self._model.shoot(sheet, watch)
        return self._written_down(answers, sheet)

    def look(self, footage: Pixels, question: Question, watch: ModelWatch | None = None) -> Sight:
        """What the model sees."""
        return self._model.look(footage, question, watch)

    def provenance(self) -> dict[str, Any]:
        """The model's own."""
        return self._model.provenance()

    def _written_down(self, answers: Iterator[Answer], sheet: CallSheet) -> Iterator[Answer]:
        self._write(sheet.seeds[0])
        for answer in answers:
            last = answer.first + len(answer.frames) == sheet.frames
            yield answer
            if last and answer.take + 1 < len(sheet.seeds):
                self._write(sheet.seeds[answer.take + 1])

    def _write(self, seed: int) -> None:
        with self._journal.open("a") as file:
            file.write(json.dumps({"seed": seed, "at": time.time()}) + "\n")


def journalled_starter() -> list[VideoModel]:
    """The model that comes along, with a journal where the environment says."""
    model = models.load(starter.cards()[0].name, Settings.found().device)
    return [Journalled(model, Path(os.environ[JOURNAL]))]


def calls(journal: Path) -> list[tuple[int, float]]:
    """(seed, when) of each take begun; a line that was cut off is none."""
    found = []
    for line in journal.read_text("utf-8").splitlines() if journal.exists() else ():
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            continue
        found.append((told["seed"], told["at"]))
    return found


def begun_late(journal: Path, stood: dict[int, float]) -> int:
    """How many takes were begun after they stood: `stood` says since when, by seed."""
    late = Counter(seed for seed, at in calls(journal) if at > stood.get(seed, at))
    return sum(late.values())
