"""Ours against the stock pipeline, on random weights: speed, share of the device's peak, memory.

On cuda two real models at full size, whose figures count. On the processor the same code in small:
its keys begin with cpu_, and it says nothing of a GPU.
"""

from __future__ import annotations

import functools
import gc
import tempfile
from pathlib import Path
from typing import Any

from secondunit.bench.shoot import memory
from secondunit.bench.shoot.racing import Race, race
from secondunit.bench.shoot.subjects import FULL, SMALL, Subject
from secondunit.models.rig.machine import device_for
from secondunit.models.rig.quick import Gpu

_PRETENDED = Gpu((7, 0), frozenset({"triton", "compiler"}))
"""What the processor is taken for, so that blocks are compiled there: native attention, and a
compiler that writes no code (torch's "eager").
"""


def measure(
    device: str = "cpu", jobs: int = memory.JOBS, early: int = memory.EARLY
) -> tuple[dict[str, float], dict[str, Any]]:
    """vace13_speedup, t2v14_speedup, peak_share, memory_ratio, psnr_db, bit_equal, leak_ratio, and
    more by subject. Raises BadValue for a device that is not there.
    """
    place = device_for(device)
    real = place.type == "cuda"
    gpu = Gpu.of(place) if real else _PRETENDED
    conditions: dict[str, Any] = {"device": _called(place)}
    races = []
    for subject in FULL if real else SMALL:
        with tempfile.TemporaryDirectory() as folder:
            told = race(subject, Path(folder), place, gpu, "inductor" if real else "eager")
        races.append(told)
        conditions[subject.name] = _told(subject, told)
        gc.collect()
    figures = functools.reduce(lambda one, more: one | more.figures(), races, dict[str, float]())
    figures |= summed(figures)
    figures["leak_ratio"] = memory.leak(jobs, early, device)
    conditions["leak"] = f"{jobs} jobs over {early}"
    if not real:
        figures = {f"cpu_{key}": number for key, number in figures.items()}
        conditions["not_measured"] = "anything of a GPU: this is the same code, in small"
    return figures, conditions


def summed(figures: dict[str, float]) -> dict[str, float]:
    """The figures of all subjects together: the worst of each; the share of the peak is the large
    model's.
    """
    names = [subject.name for subject in FULL]
    return {
        "peak_share": figures[f"{names[-1]}_peak_share"],
        "memory_ratio": max(figures[f"{name}_memory_ratio"] for name in names),
        "psnr_db": min(figures[f"{name}_psnr_db"] for name in names),
        "bit_equal": min(figures[f"{name}_bit_equal"] for name in names),
    }


def _told(subject: Subject, told: Race) -> str:
    clip = f"{subject.frames} frames of {subject.width}x{subject.height}, {subject.steps} steps"
    return f"{clip}, guidance {subject.guidance:g}, attention {told.attention}"


def _called(device: Any) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
