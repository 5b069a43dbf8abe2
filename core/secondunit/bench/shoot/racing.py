"""Ours against the stock pipeline: the same weights in memory, the same call, in turns."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from secondunit import models
from secondunit.bench.shoot.making import blank, filled, twin
from secondunit.bench.shoot.memory import Meter
from secondunit.bench.shoot.physics import matrix_peak, pass_flops, settle
from secondunit.bench.shoot.subjects import Subject
from secondunit.callsheet import UNKNOWN, CallSheet, Estimate, Pixels, Unwatched, VideoModel
from secondunit.models.berth import AMPLE, Berth
from secondunit.models.pool import Pool
from secondunit.models.rig.quick import Gpu, quick_of, quickened
from secondunit_contract.frames import Rate

_PROMPT, _NEGATIVE, _SEED = "a ball rolls over the hills", "blurred", 3
_ROUNDS = 2
_BEST_DB = 100.0  # what no difference at all is told as


@dataclass
class Lap(Unwatched):
    """One call: its frames, the seconds of each step but the first, and the most memory it took."""

    device: Any
    frames: Pixels | None = None
    seconds: float = 0.0
    bytes: int = 0
    ends: list[float] = field(default_factory=list)

    def stepped(self, *told: Any) -> dict[str, Any]:
        """A step has ended."""
        settle(self.device)
        self.ends.append(time.perf_counter())
        return {}

    def step(self, take: int, done: int, total: int, estimate: Estimate | None) -> None:
        """As a model tells it."""
        self.stepped()

    @property
    def steps(self) -> list[float]:
        """Seconds from one step's end to the next one's."""
        return [after - before for before, after in zip(self.ends, self.ends[1:], strict=False)]


@dataclass(frozen=True)
class Race:
    """All laps of a subject: by the stock pipeline, by ours without fast paths, and by ours."""

    subject: Subject
    stock: list[Lap]
    plain: Lap
    ours: list[Lap]
    peak: float
    attention: str
    compiled: int

    def figures(self) -> dict[str, float]:
        """By their keys, the subject's name in front."""
        name = self.subject.name
        stock, ours = (_step_seconds(laps) for laps in (self.stock, self.ours))
        passes = 2 if self.subject.guidance > 1 else 1
        flops = passes * pass_flops(self.subject.config, self.subject.tokens)
        return {
            f"{name}_speedup": stock / ours,
            f"{name}_call_speedup": _call_seconds(self.stock) / _call_seconds(self.ours),
            f"{name}_step_seconds": ours,
            f"{name}_stock_step_seconds": stock,
            f"{name}_peak_share": flops / ours / self.peak,
            f"{name}_memory_ratio": _most(self.ours) / max(1, _most(self.stock)),
            f"{name}_psnr_db": decibels(self.ours[-1].frames, self.stock[-1].frames),
            f"{name}_bit_equal": float(_same(self.plain.frames, self.stock[-1].frames)),
            f"{name}_recompiles": float(self.compiled),
        }


def race(subject: Subject, folder: Path, device: Any, gpu: Gpu, compiler: str) -> Race:
    """Both sides shoot the subject's clip, in turns. Everything is let go of afterwards."""
    numbers = "BF16" if device.type == "cuda" else "F32"
    pool = Pool()
    berth = Berth(str(device), pool, fast="off")
    model = models.load(str(blank(folder, subject, numbers)), berth)
    parts = filled(pool)
    stock = _stock(subject, folder, {name: twin(part) for name, part in parts.items()})
    asked = sheet(subject)
    theirs, ours = _call(stock, asked, subject), _shot(model, asked)
    plain = _lap(ours, device, pool)
    quickened(parts["transformer"], "auto", AMPLE, device, gpu, compiler)
    for each in (theirs, ours):
        _lap(each, device, pool)  # code is made, kernels are chosen
    laps: tuple[list[Lap], list[Lap]] = ([], [])
    for _ in range(_ROUNDS):
        for side, each in zip(laps, (theirs, ours), strict=True):
            side.append(_lap(each, device, pool))
    quick = quick_of(parts["transformer"])
    return Race(
        subject,
        laps[0],
        plain,
        laps[1],
        matrix_peak(device),
        quick.attention if quick else "native",
        quick.compiled if quick else 0,
    )


def sheet(subject: Subject) -> CallSheet:
    """A ramp that drifts, to be painted in the middle third; of words alone where the network takes
    no pictures.
    """
    asked = CallSheet(
        subject.width, subject.height, subject.frames, Rate.of(16), _PROMPT, _NEGATIVE,
        steps=subject.steps, guidance=subject.guidance, seeds=(_SEED,),
    )  # fmt: skip
    if subject.hinted:
        across = np.linspace(0, 1, subject.width, dtype=np.float32)
        shape = (subject.frames, subject.height, subject.width)
        plate = np.broadcast_to(across[None, None, :, None], (*shape, 3)).copy()
        for number in range(subject.frames):
            plate[number] = np.roll(plate[number], number, axis=1)
        paint = np.zeros(shape, np.bool_)
        third = subject.width // 3
        paint[:, :, third : 2 * third] = True
        plate[paint] = UNKNOWN
        asked.plate, asked.paint = plate, paint
    return asked


Side = Callable[[Lap], Pixels]


def _shot(model: VideoModel, asked: CallSheet) -> Side:
    return lambda lap: np.concatenate([each.frames for each in model.shoot(asked, lap)])


def _stock(subject: Subject, folder: Path, parts: dict[str, Any]) -> Any:
    import diffusers

    pipe = getattr(diffusers, subject.kind).from_pretrained(folder, local_files_only=True, **parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _call(pipe: Any, asked: CallSheet, subject: Subject) -> Side:
    """The stock pipeline's own call, as its documentation has it."""
    import torch

    told: dict[str, Any] = {}
    if asked.plate is not None and asked.paint is not None:
        video = torch.from_numpy(asked.plate).permute(0, 3, 1, 2)[None].contiguous()
        paint = torch.from_numpy(asked.paint.astype(np.float32))
        told = {"video": video, "mask": paint[None, :, None].expand_as(video)}

    def shoot(lap: Lap) -> Pixels:
        made: Pixels = pipe(
            prompt=asked.prompt,
            negative_prompt=asked.negative,
            height=asked.height,
            width=asked.width,
            num_frames=asked.frames,
            num_inference_steps=subject.steps,
            guidance_scale=subject.guidance,
            generator=torch.Generator("cpu").manual_seed(_SEED),
            output_type="np",
            callback_on_step_end=lap.stepped,
            **told,
        ).frames[0]
        return made

    return shoot


def _lap(side: Side, device: Any, pool: Pool) -> Lap:
    lap, meter = Lap(device), Meter(device, pool.size())
    begun = time.perf_counter()
    lap.frames = side(lap)
    settle(device)
    lap.seconds, lap.bytes = time.perf_counter() - begun, meter.most()
    return lap


def _step_seconds(laps: list[Lap]) -> float:
    return statistics.median(seconds for lap in laps for seconds in lap.steps)


def _call_seconds(laps: list[Lap]) -> float:
    return min(lap.seconds for lap in laps)


def _most(laps: list[Lap]) -> int:
    return max(lap.bytes for lap in laps)


def _same(one: Pixels | None, other: Pixels | None) -> bool:
    return one is not None and other is not None and np.array_equal(one, other)


def decibels(one: Pixels | None, other: Pixels | None) -> float:
    """Peak signal to noise, of pixels in 0..1."""
    if one is None or other is None or one.shape != other.shape:
        return 0.0
    off = float(np.mean((one.astype(np.float64) - other) ** 2))
    if not math.isfinite(off):
        return 0.0
    return min(_BEST_DB, -10 * math.log10(off)) if off > 0 else _BEST_DB
