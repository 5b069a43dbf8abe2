"""Room: whether a job fits into this machine's memory, said before anything is shot."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from secondunit.callsheet import Size
from secondunit.stage.windows import Run
from secondunit_contract.problem import NotEnoughMemory

_COPIES = 8  # of a delivered frame, float32 RGBA, that finishing has in hand at once
_SPARED = 0.1  # of the machine's memory, for everybody else


def refuse_if_too_large(delivered: Size, working: Size, runs: Sequence[Run] = ()) -> None:
    """Raise NotEnoughMemory where the delivered frames, or what a run must hold, cannot fit.

    Frames stream; only a run that is shot out of order (a head, a bridge) is held, at the working
    size, until it is whole.
    """
    finishing = delivered.width * delivered.height * 16 * _COPIES
    held = max((2 * len(run.frames) for run in runs if not run.in_order), default=0)
    needed = finishing + held * working.width * working.height * 12
    memory = psutil.virtual_memory()
    free = memory.available - _SPARED * memory.total
    if needed > free:
        spare = max(free, 0) / 1e9
        raise NotEnoughMemory(
            f"The job needs about {needed / 1e9:.0f} GB of memory; {spare:.0f} GB are free",
            f"frames of {delivered.width}x{delivered.height}",
            "Ask for a smaller picture or fewer new frames, or close other programs",
        )
