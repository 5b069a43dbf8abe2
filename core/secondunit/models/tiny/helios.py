"""Tiny checkpoints of Helios."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secondunit.models.rig.loading import quiet
from secondunit.models.tiny.shared import t5_tokenizer, umt5, wan_like, wan_vae


def tiny_helios(folder: Path, seed: int = 0, sizes: int = 1, distilled: bool = False) -> Path:
    """Write a Helios checkpoint of random weights; with several sizes, one that works from coarse
    to fine, as Mid does, or as Distilled.
    """
    import torch
    from diffusers import HeliosPipeline, HeliosPyramidPipeline, HeliosTransformer3DModel

    torch.manual_seed(seed)
    tokenizer = t5_tokenizer()
    parts = {
        "tokenizer": tokenizer,
        "text_encoder": umt5(tokenizer),
        "vae": wan_vae(),
        "transformer": HeliosTransformer3DModel(**wan_like(rope_dim=(4, 4, 4))),
        "scheduler": _scheduler(sizes, distilled),
    }
    if sizes == 1:
        pipe: Any = HeliosPipeline(**parts)
    else:
        told = {"is_cfg_zero_star": not distilled, "is_distilled": distilled}
        pipe = HeliosPyramidPipeline(**parts, **told)
    pipe.save_pretrained(folder)
    return folder


def _scheduler(sizes: int, distilled: bool) -> Any:
    from diffusers import HeliosDMDScheduler, HeliosScheduler

    kind = HeliosDMDScheduler if distilled else HeliosScheduler
    ends = [place / sizes for place in range(sizes + 1)]
    with quiet():  # it hands NumPy a tensor in a way that NumPy means to end
        return kind(stages=sizes, stage_range=ends, use_dynamic_shifting=True)
