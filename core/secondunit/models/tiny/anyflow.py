"""Tiny checkpoints of AnyFlow."""

from __future__ import annotations

from pathlib import Path

from secondunit.models.tiny.shared import t5_tokenizer, umt5, wan_like, wan_vae


def tiny_anyflow(folder: Path, seed: int = 0, chunks: bool = False) -> Path:
    """Write an AnyFlow checkpoint of random weights; with `chunks`, one that works in chunks of
    frames, each after the last.
    """
    import torch
    from diffusers import (
        AnyFlowFARPipeline,
        AnyFlowFARTransformer3DModel,
        AnyFlowPipeline,
        AnyFlowTransformer3DModel,
        FlowMapEulerDiscreteScheduler,
    )

    torch.manual_seed(seed)
    tokenizer = t5_tokenizer()
    shape = wan_like(rope_max_seq_len=64)
    network = (
        AnyFlowFARTransformer3DModel(**shape, full_chunk_limit=3, chunk_partition=(1, 3, 3))
        if chunks
        else AnyFlowTransformer3DModel(**shape)
    )
    kind = AnyFlowFARPipeline if chunks else AnyFlowPipeline
    pipe = kind(
        tokenizer=tokenizer,
        text_encoder=umt5(tokenizer),
        vae=wan_vae(),
        transformer=network,
        scheduler=FlowMapEulerDiscreteScheduler(shift=5.0),
    )
    pipe.save_pretrained(folder)
    return folder
