"""Tracing: editable shapes of a take's matte, in a file beside it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from secondunit.callsheet import Pixels
from secondunit.engine.shot import Shot
from secondunit.ledger.sidecar import plain_stem
from secondunit.matting.trace import traced
from secondunit.media.landing import Landing, discard, land
from secondunit.media.refusals import writing
from secondunit_contract.job import Take

SUFFIX = ".splines.json"
_LEVELS = 255  # of alpha: an outline between two pixels is known to a hundredth of one


def splines_path(media: str) -> Path:
    """Where the splines of a take lie: beside it, named after it."""
    path = Path(media)
    return path.with_name(plain_stem(path.stem) + SUFFIX)


def drawn_on(shot: Shot) -> list[int]:
    """Which delivered frames, counted from nought, an artist drew mattes of; none where of all."""
    if not shot.draws_mattes:
        return []
    deliver = list(shot.layout.deliver)
    found = [at for at, index in enumerate(deliver) if shot.marks(index) is not None]
    return [] if len(found) == len(deliver) else found


class Tracing:
    """Sees a take's alphas go by, and traces them once all are there: a shape lives through time.

    They wait packed: a thousand frames take some megabytes.
    """

    def __init__(self) -> None:
        self._packed: list[tuple[bytes, tuple[int, ...]]] = []

    def saw(self, alpha: Pixels) -> None:
        """The next frame's alpha (H,W) 0..1."""
        levels = np.round(np.clip(np.nan_to_num(alpha), 0, 1) * _LEVELS).astype(np.uint8)
        self._packed.append((zlib.compress(levels.tobytes(), 1), levels.shape))

    def written(self, take: Take, drawn: Collection[int] = ()) -> Path:
        """The take's splines on the disk, exact where an artist has `drawn` its mattes.

        Raises DiskFull, NotWritable.
        """
        beside = splines_path(take.media)
        first = take.range.first
        held = [first + index for index in drawn]
        shapes = traced(self._alphas(), first, take.rate, held=held)
        landing = Landing.at(beside)
        with writing(beside):
            try:
                landing.under_way.write_text(json.dumps(shapes.to_json()), "utf-8")
                land([landing])
            finally:
                discard([landing])
        return beside

    def _alphas(self) -> Iterator[Pixels]:
        for packed, shape in self._packed:
            levels = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)
            yield levels.astype(np.float32) / np.float32(_LEVELS)
