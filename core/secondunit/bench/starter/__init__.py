"""The model that comes along, call by call, beside trivial answers to the same calls.

Words only, isolation, fills and how long a clip takes, on generated clips whose seeds are kept out
of training; and whole jobs on sample footage where that is at hand.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from secondunit import models
from secondunit.bench.starter import footage, generated, worded
from secondunit.bench.starter.race import Example, Race
from secondunit.bench.starter.unit import STEPS, Unit
from secondunit.callsheet import UNKNOWN, CallSheet, Size, Unwatched, VideoModel
from secondunit.models import starter
from secondunit.settings import Settings
from secondunit.stage.fit import Fit
from secondunit_contract.frames import Rate

COUNT = 20
"""Clips of each call."""

_CLIP, _ASPECT, _ROUNDS, _THREADS = 17, Size(1920, 1152), 3, 2


def measure(
    count: int = 0, source: str = "", kept: list[Example] | None = None
) -> tuple[dict[str, float], dict[str, Any]]:
    """All figures of docs/starter.md; those of footage only where there are samples.

    `count` is how many clips a call, as usual where 0. `source` is another checkpoint's folder, to
    be measured in its place. What contact sheets show is added to `kept`.
    """
    begun = time.perf_counter()
    count = count or COUNT
    shown = [] if kept is None else kept
    model = models.load(source or starter.cards()[0].name, Settings.found().device)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        unit = Unit.with_model(model, Path(folder))
        for call, race in _generated(unit, count):
            figures |= race.figures()
            shown += race.examples(call)
    probe = worded.trained()
    figures |= worded.prompted(model, probe, 2 * count, shown)
    figures["clip_seconds"], clip = clip_seconds(model)
    conditions = _told(model, count) | {"clip": clip, "probe_on_truth": worded.examined(probe)}
    samples = footage.samples()
    if samples is None:
        conditions["footage"] = "left out: no sample footage here; SECONDUNIT_SAMPLES may name it"
    else:
        conditions["footage"] = f"{footage.PLATE} and {footage.TENNIS}"
        for call, race in _on_footage(model, samples):
            figures |= race.figures()
            shown += race.examples(call)
    conditions["seconds"] = round(time.perf_counter() - begun)
    return figures, conditions


def clip_seconds(model: VideoModel) -> tuple[float, str]:
    """The quickest of a few clips at the model's own size, on two threads; and what was shot."""
    import torch

    reach = model.card.reach
    size = Fit.into(_ASPECT, reach).working
    frames = reach.frames.up(min(_CLIP, reach.frames.longest))
    before = torch.get_num_threads()
    torch.set_num_threads(min(_THREADS, os.cpu_count() or 1))
    try:
        taken = []
        for _ in range(_ROUNDS):
            sheet = CallSheet(*size, frames, Rate.of(24), prompt="a red ball moves left")
            sheet.plate = np.full((frames, size.height, size.width, 3), UNKNOWN, np.float32)
            sheet.paint = np.ones(sheet.plate.shape[:3], bool)
            sheet.steps, sheet.guidance = _steps(model), model.card.guidance
            begun = time.perf_counter()
            for _answer in model.shoot(sheet, Unwatched()):
                pass
            taken.append(time.perf_counter() - begun)
        threads = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
    return min(taken), f"{frames} frames of {size.width}x{size.height}, {threads} threads"


def _generated(unit: Unit, count: int) -> list[tuple[str, Race]]:
    return [
        ("isolated by words, one subject", generated.isolated(unit, count, several=False)),
        ("isolated by words, several", generated.isolated(unit, count, several=True)),
        ("isolated, marked on one frame", generated.marked(unit, count)),
        ("frame extension", generated.extended(unit, count)),
        ("insert", generated.inserted(unit, count)),
        ("clean-up", generated.cleaned(unit, count)),
    ]


_JOBS: tuple[tuple[str, str, Callable[[Unit, Path], Race]], ...] = (
    ("matte on footage", footage.PLATE, footage.marked),
    ("matte on footage", footage.TENNIS, footage.tennis),
    ("frame extension on footage", footage.PLATE, footage.extended),
    ("insert on footage", footage.PLATE, footage.inserted),
    ("clean-up on footage", footage.PLATE, footage.cleaned),
)


def _on_footage(model: VideoModel, samples: Path) -> list[tuple[str, Race]]:
    with tempfile.TemporaryDirectory() as folder:
        unit = Unit.with_model(model, Path(folder))
        return [
            (call, job(unit, samples / shot))
            for call, shot, job in _JOBS
            if (samples / shot).is_dir()
        ]


def _told(model: VideoModel, count: int) -> dict[str, Any]:
    import torch

    told = model.provenance()
    return {
        "model": f"{told['model']} {told['weights'][:12]}",
        "steps": _steps(model),
        "clips": f"{count} a call, {2 * count} for words only, seeds from {generated.HELD_OUT} on",
        "takes": f"PSNR of the mean of {generated.TAKES}",
        "threads": torch.get_num_threads(),
    }


def _steps(model: VideoModel) -> int:
    return min(model.card.steps, STEPS)
