"""How long a cut of many clips takes to plan and patch, next to reading and writing it as JSON."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from secondunit_otio import (
    Cut,
    Request,
    Result,
    TakeReference,
    find_requests,
    graft,
    neighbours,
    plate_of,
)
from secondunit_otio.testing import synthetic_cut

_CLIPS, _REQUESTS, _ROUNDS = 10_000, 100, 5
_CONTEXT = 8


def measure() -> tuple[dict[str, float], dict[str, Any]]:
    """timeline_seconds: a cut read, its requests found, their neighbours resolved, takes patched in
    and the cut written. timeline_ratio: that over `json.load` and `json.dump` of the same file.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "cut.otio", Path(folder) / "patched.otio"
        source.write_text(synthetic_cut(_CLIPS, _REQUESTS), "utf-8")
        ours, bare = [], []
        for _ in range(_ROUNDS):  # in turns: a busy machine slows both
            ours.append(_timed(lambda: patched(source, output)))
            bare.append(_timed(lambda: _as_json(source, output)))
        conditions = {
            "cut": f"{_CLIPS} clips, {_REQUESTS} requests, {source.stat().st_size / 2**20:.1f} MB",
            "rounds": f"{_ROUNDS} each, in turns, the quickest of each",
            "seconds_json": round(min(bare), 3),
        }
    return {"timeline_ratio": min(ours) / min(bare), "timeline_seconds": min(ours)}, conditions


def patched(source: Path, output: Path) -> int:
    """Answer every request of a cut with a take, which need not be there; how many there were."""
    cut = Cut.read(source)
    results = [Result(request, (_take(cut, request),)) for request in find_requests(cut)]
    Cut.write(output, graft(cut, results))
    return len(results)


def _take(cut: Cut, request: Request) -> TakeReference:
    beside = neighbours(cut, request.slot or request.item)
    beside.frames_before(_CONTEXT)
    beside.frames_after(_CONTEXT)
    media = f"/takes/su-{request.id}_t001.mov"
    if request.kind == "insert":
        return TakeReference(1, media, request.length, request.first)
    plate = plate_of(cut, request).range
    frames = request.head + len(plate) + request.tail
    return TakeReference(1, media, frames, plate.first - request.head)


def _as_json(source: Path, output: Path) -> None:
    with source.open(encoding="utf-8") as file:
        cut = json.load(file)
    with output.open("w", encoding="utf-8") as file:
        json.dump(cut, file)


def _timed(call: Callable[[], Any]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
