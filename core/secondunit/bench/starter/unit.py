"""Whole jobs shot with one model, as an artist gets them: files in, files out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from secondunit.callsheet import Pixels, VideoModel
from secondunit.engine.local import Engine
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit_contract.clip import Clip
from secondunit_contract.job import Job

STEPS = 8
"""At most, whatever a card advises."""


@dataclass(frozen=True)
class Unit:
    """A model and an engine to shoot with it, and a folder for what they read and make."""

    model: VideoModel
    engine: Engine
    folder: Path

    @classmethod
    def with_model(cls, model: VideoModel, folder: Path) -> Unit:
        """An engine that shoots with this very model."""
        return cls(model, Engine(brought=[model]), folder)

    def takes(
        self, task: str, inputs: Mapping[str, Clip], values: Mapping[str, Any], takes: int = 1
    ) -> Pixels:
        """Shoot a job, and read its takes as they are looked at (N,T,H,W,3 or 4)."""
        card = self.model.card
        output = self.folder / f"{task}_{len(list(self.folder.iterdir()))}.mov"
        job = Job(
            task,
            str(output),
            inputs=dict(inputs),
            values=dict(values),
            model=card.name,
            takes=takes,
            steps=min(card.steps, STEPS),
        )
        return np.stack([frames_of(Clip(take.media)) for take in self.engine.shoot(job)])

    def filed(self, name: str, frames: Pixels) -> Clip:
        """Frames (T,H,W,3), 0..1, as a sequence of PNG files, 8 bits, counted from 1."""
        from PIL import Image

        folder = self.folder / name
        folder.mkdir()
        for number, frame in enumerate(frames, start=1):
            picture = np.round(np.clip(frame, 0, 1) * 255).astype(np.uint8)
            Image.fromarray(picture).save(folder / f"{number:04d}.png")
        return Clip(str(folder))


def frames_of(clip: Clip) -> Pixels:
    """All frames of 8-bit footage (T,H,W,C), 0..1."""
    with open_media(clip) as reader:
        wanted = clip.range or reader.footage.range
        return np.stack([to_unit(each, reader.footage.depth) for each in reader.frames(wanted)])
