"""How quickly footage is read, next to a bare decoding loop of the library beneath."""

from __future__ import annotations

import time
from pathlib import Path

import av

from secondunit.media.read import open_media


def reading_ratio(path: Path, repeats: int = 3) -> float:
    """Our reader's frames a second over those of a bare PyAV loop to the same 8-bit RGB arrays.

    The two take turns in one run and the best of each counts, so that a busy machine slows both.
    Raises what `open_media` raises.
    """
    ours, bare = [], []
    for _ in range(repeats):
        ours.append(_timed_ours(path))
        bare.append(_timed_bare(path))
    return max(ours) / max(bare)


def _timed_ours(path: Path) -> float:
    begun, frames = time.perf_counter(), 0
    with open_media(path) as reader:
        for _ in reader.frames(reader.footage.range):
            frames += 1
    return frames / (time.perf_counter() - begun)


def _timed_bare(path: Path) -> float:
    begun, frames = time.perf_counter(), 0
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for picture in container.decode(video=0):
            picture.to_ndarray(format="rgb24")
            frames += 1
    return frames / (time.perf_counter() - begun)
