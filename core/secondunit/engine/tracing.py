"""Tracing: editable shapes of a take's matte, in a file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.ledger.sidecar import plain_stem
from secondunit.matting.trace import traced
from secondunit.media.depth import to_unit
from secondunit.media.read import open_media
from secondunit.media.refusals import writing
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate

SUFFIX = ".splines.json"


def traced_beside(media: str, frames: FrameRange, rate: Rate) -> Path:
    """Trace the alpha of a take, and write its splines. Raises DiskFull, NotWritable."""
    path = Path(media)
    beside = path.with_name(plain_stem(path.stem) + SUFFIX)
    shapes = traced(_alphas(Clip(media, media_start=frames.first)), frames.first, rate)
    part = beside.with_name(beside.name + ".part")
    with writing(beside):
        part.write_text(json.dumps(shapes.to_json()), "utf-8")
        part.replace(beside)
    return beside


def _alphas(take: Clip) -> Iterator[Pixels]:
    with open_media(take) as reader:
        for frame in reader.frames(reader.footage.range):
            yield np.asarray(to_unit(frame, reader.footage.depth)[..., 3], np.float32)
