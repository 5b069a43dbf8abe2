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
from secondunit.media.landing import Landing, discard, land
from secondunit.media.read import open_media
from secondunit.media.refusals import writing
from secondunit_contract.clip import Clip
from secondunit_contract.job import Take

SUFFIX = ".splines.json"


def splines_path(media: str) -> Path:
    """Where the splines of a take lie: beside it, named after it."""
    path = Path(media)
    return path.with_name(plain_stem(path.stem) + SUFFIX)


def traced_beside(take: Take) -> Path:
    """Trace the alpha of a take, and write its splines. Raises DiskFull, NotWritable."""
    beside = splines_path(take.media)
    clip = Clip(take.media, media_start=take.range.first)
    shapes = traced(_alphas(clip), take.range.first, take.rate)
    landing = Landing.at(beside)
    with writing(beside):
        try:
            landing.under_way.write_text(json.dumps(shapes.to_json()), "utf-8")
            land([landing])
        finally:
            discard([landing])
    return beside


def _alphas(take: Clip) -> Iterator[Pixels]:
    with open_media(take) as reader:
        for frame in reader.frames(reader.footage.range):
            yield np.asarray(to_unit(frame, reader.footage.depth)[..., 3], np.float32)
