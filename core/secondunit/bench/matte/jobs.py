"""Whole jobs as an artist gets them, and what is read back from their EXRs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from secondunit.bench.starter.unit import frames_of
from secondunit.callsheet import Pixels
from secondunit.engine.local import Engine
from secondunit_contract.clip import Clip
from secondunit_contract.job import Event, Job


class Delivered(NamedTuple):
    """What came of a job.

    alpha    (T,H,W) 0..1
    light    (T,H,W,3) linear, premultiplied
    seconds  a frame, reading and writing in it
    asks     stretches of frames that the artist was asked about
    """

    alpha: Pixels
    light: Pixels
    seconds: float
    asks: list[Event]


@dataclass(frozen=True)
class Set:
    """An engine, the model to shoot with where one is needed, and a folder for takes."""

    engine: Engine
    folder: Path
    model: str = ""
    _made: list[str] = field(default_factory=list)

    def shot(self, task: str, inputs: Mapping[str, Clip], values: Mapping[str, Any]) -> Delivered:
        """Shoot a job, its picture the cut-out. Raises Problems."""
        output = self.folder / f"{task}_{len(self._made)}" / "take.exr"
        self._made.append(str(output))
        output.parent.mkdir()
        heard: list[Event] = []
        job = Job(
            task,
            str(output),
            inputs=dict(inputs),
            values={"picture": "cutout", **values},
            model=self.model if task == "matte" else "",
        )
        begun = time.perf_counter()
        (take,) = self.engine.shoot(job, heard.append)
        seconds = time.perf_counter() - begun
        frames = frames_of(Clip(take.media)).astype(np.float32)
        asks = [event for event in heard if event.kind == "ask"]
        return Delivered(frames[..., 3], frames[..., :3], seconds / len(frames), asks)
