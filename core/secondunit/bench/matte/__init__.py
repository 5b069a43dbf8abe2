"""Mattes and keys on the sample footage, beside the truth and what anybody has at hand.

SCREEN, ROTO, EDGE and MEMORY apart: keys without any help, mattes from a mask and from one click,
the edge solvers beside pymatting's, and what a long shot holds in memory.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from secondunit import models
from secondunit.bench.matte import clips, edge, memory, roto, screen
from secondunit.bench.matte.jobs import Set
from secondunit.bench.matte.sheets import Shown
from secondunit.engine.local import Engine
from secondunit.models import starter
from secondunit.settings import Settings


def measure(
    footage: Path | None = None, shown: list[Shown] | None = None
) -> tuple[dict[str, float], dict[str, Any]]:
    """All figures of docs/tasks/matte.md and key.md; it takes some minutes.

    What contact sheets show is added to `shown`. Raises MediaMissing without footage.
    """
    import torch

    begun = time.perf_counter()
    kept = [] if shown is None else shown
    there = clips.folder(footage)
    settings = Settings.found()
    model = models.load(starter.cards()[0].name, settings.device)
    told = model.provenance()
    conditions: dict[str, Any] = {
        "model": f"{told['model']} {told['weights'][:12]}",
        "threads": torch.get_num_threads(),
        "seconds_figures": "a frame, of the whole job: read, found, cut out, written as EXR",
        "judged": "all frames; of mattes from a mark all but the first, which is given",
    }
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        unit = Set(Engine(settings, brought=[model]), Path(folder), model.card.name)
        figures |= screen.keyed(unit, there, kept)
        figures |= roto.rotoed(unit, there, kept)
    figures |= roto.hinted(there, kept)
    if (there / clips.SYNTH).is_dir():
        for part in (edge.solved, memory.held):
            found, more = part(there)
            figures |= found
            conditions |= more
    conditions["seconds"] = round(time.perf_counter() - begun)
    return figures, conditions
