"""Models that workers' processes bring for tests: quick ones, and some that misbehave."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from secondunit.bench.engine.journal import JOURNAL, Journalled
from secondunit.callsheet import Answer, CallSheet, FrameRule, Pixels, Watch
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit_contract.problem import NotEnoughMemory

PACE = 0.01  # seconds a step takes


def loud(sheet: CallSheet, seed: int) -> Pixels:
    shape = (sheet.frames, sheet.height, sheet.width, 3)
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.float32)


class Paced(ScriptedModel):
    """Takes its time, step by step, as real models do."""

    def _takes(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        steps = sheet.steps or 1
        for take, seed in enumerate(sheet.seeds):
            for step in range(steps):
                watch.check()
                time.sleep(PACE)
                watch.step(take, step + 1, steps, None)
            yield Answer(take, 0, self._answer(sheet, seed))


def models():
    """A model of long windows, one of windows of five frames; with a journal where one is named."""
    sys.stdout.write("a library greets\n")
    found = [
        Paced(scripted_card("paced"), loud),
        Paced(scripted_card("windows", frames=FrameRule(1, 4, 5), context=1), loud),
    ]
    journal = os.environ.get(JOURNAL)
    return [Journalled(model, Path(journal)) for model in found] if journal else found


def deaf():
    """One that never asks whether it is still wanted."""

    def answer(sheet: CallSheet, seed: int) -> Pixels:
        time.sleep(60)
        return loud(sheet, seed)

    return [ScriptedModel(scripted_card("paced"), answer)]


def crashing():
    """One whose driver takes the process with it."""

    def answer(sheet: CallSheet, seed: int) -> Pixels:
        os.write(2, b"a driver's last words\n")
        ctypes.string_at(0)
        raise AssertionError

    return [ScriptedModel(scripted_card("paced"), answer)]


def hungry():
    """One that fits into memory once the process is a fresh one."""

    def answer(sheet: CallSheet, seed: int) -> Pixels:
        mark = Path(os.environ["SECONDUNIT_DATA"]) / "tried"
        if not mark.exists():
            mark.touch()
            raise NotEnoughMemory("It does not fit", "here", "Buy some")
        return loud(sheet, seed)

    return [ScriptedModel(scripted_card("paced"), answer)]


def chatty():
    """One whose libraries print from everywhere."""

    def answer(sheet: CallSheet, seed: int) -> Pixels:
        os.write(2, b"x" * 3_000_000)
        sys.stdout.write("printed in Python\n")
        sys.stdout.flush()
        os.write(1, b"printed in C\n")
        return loud(sheet, seed)

    return [ScriptedModel(scripted_card("paced"), answer)]
