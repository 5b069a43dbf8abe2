"""Tiny checkpoints of SkyReels-V2 diffusion forcing."""

from __future__ import annotations

from pathlib import Path

from secondunit.models.tiny.shared import t5_tokenizer, umt5, wan_like, wan_vae


def tiny_skyreels(folder: Path, seed: int = 0) -> Path:
    """Write a SkyReels-V2 diffusion forcing checkpoint of random weights."""
    import torch
    from diffusers import (
        SkyReelsV2DiffusionForcingPipeline,
        SkyReelsV2Transformer3DModel,
        UniPCMultistepScheduler,
    )

    torch.manual_seed(seed)
    tokenizer = t5_tokenizer()
    pipe = SkyReelsV2DiffusionForcingPipeline(
        tokenizer=tokenizer,
        text_encoder=umt5(tokenizer),
        vae=wan_vae(),
        transformer=SkyReelsV2Transformer3DModel(
            **wan_like(rope_max_seq_len=64, inject_sample_info=True)
        ),
        scheduler=UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=8.0
        ),
    )
    pipe.save_pretrained(folder)
    return folder
