"""What our machinery costs: a whole job, files and all, over the bare call on its sheet."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet
from secondunit.demo import FOOTAGE
from secondunit.engine.casting import Casting
from secondunit.engine.local import Engine, unheard
from secondunit.engine.shooting import Shooting
from secondunit.engine.shot import Shot
from secondunit.engine.watching import Cancel, JobWatch
from secondunit.settings import Settings
from secondunit.tasks import checked, named
from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange
from secondunit_contract.job import Job

_STEPS, _ROUNDS = 30, 4


def measure() -> tuple[dict[str, float], dict[str, Any]]:
    """overhead_ratio: our quickest wall time over the bare call's quickest, taken in turns."""
    import torch

    torch.set_num_threads(1)  # for both sides: two scatter by a fifth wherever a core is shared
    settings = replace(Settings.found(), threads=1)
    engine = Engine(settings)
    with tempfile.TemporaryDirectory() as folder:
        job = Job(
            "extend",
            str(Path(folder) / "take.mov"),
            inputs={"plate": Clip(str(FOOTAGE / "plate.mov"), FrameRange(0, 8))},
            values={"left": 80, "right": 80, "top": 45, "bottom": 45},
            steps=_STEPS,
        )
        sheet = _sheet(job, settings)
        bare = _bare(sheet, engine.casting)
        engine.shoot(job)  # models loaded, files warm
        bare()
        ours, theirs = [], []
        for number in range(_ROUNDS):
            again = replace(job, output=str(Path(folder) / f"take_{number}.mov"))
            ours.append(_timed(partial(engine.shoot, again)))
            theirs.append(_timed(bare))
    conditions = {
        "sheet": f"{sheet.frames} frames of {sheet.width}x{sheet.height}, {_STEPS} steps",
        "seconds_ours": round(min(ours), 2),
        "seconds_bare": round(min(theirs), 2),
        "threads": torch.get_num_threads(),
    }
    return {"overhead_ratio": min(ours) / min(theirs)}, conditions


def _sheet(job: Job, settings: Settings) -> CallSheet:
    """The very call sheet the job will shoot."""
    task = named(job.task)
    card = min(Casting(settings).cards(), key=lambda card: card.reach.memory_gb)
    with Shot(task, checked(task, job.task, job.values), job.inputs, card.reach) as shot:
        shooting = Shooting(shot, card, job, JobWatch("", unheard, Cancel()))
        return shooting.sheet(shooting.runs[0].windows[0], {})


def _bare(sheet: CallSheet, casting: Casting) -> Callable[[], Any]:
    """The stock pipeline on the same pictures, as its own documentation calls it."""
    import torch
    from diffusers import WanVACEPipeline

    card = min(casting.cards(), key=lambda card: card.reach.memory_gb)
    pipe = WanVACEPipeline.from_pretrained(card.source, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    video = torch.from_numpy(np.array(sheet.plate)).permute(0, 3, 1, 2)[None]
    mask = torch.from_numpy(np.array(sheet.paint, np.float32))[None, :, None].expand_as(video)

    def call() -> Any:
        return pipe(
            prompt=sheet.prompt,
            negative_prompt=sheet.negative,
            video=video,
            mask=mask,
            height=sheet.height,
            width=sheet.width,
            num_frames=sheet.frames - 1,
            num_inference_steps=_STEPS,
            guidance_scale=card.guidance,
            generator=torch.Generator().manual_seed(0),
            max_sequence_length=24,
            output_type="np",
        )

    return call


def _timed(call: Callable[[], Any]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
