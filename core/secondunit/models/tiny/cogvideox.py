"""Tiny checkpoints of CogVideoX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secondunit.models.tiny.shared import t5, t5_tokenizer

_SIDE = 4  # latents a side that those of one size are for: 32 pixels


def tiny_cogvideox(
    folder: Path, seed: int = 0, pictures: bool = False, paired: bool = False
) -> Path:
    """Write a CogVideoX checkpoint of random weights, 430 kB.

    With `pictures` it begins with one, and is for 32x32 only, as 5B I2V is for 720x480; `paired` is
    as 1.5: two latent frames to a token.
    """
    import torch
    from diffusers import CogVideoXImageToVideoPipeline, CogVideoXPipeline

    torch.manual_seed(seed)
    tokenizer = t5_tokenizer()
    kind = CogVideoXImageToVideoPipeline if pictures else CogVideoXPipeline
    pipe = kind(
        tokenizer=tokenizer,
        text_encoder=t5(tokenizer),
        vae=_vae(),
        transformer=_transformer(pictures, paired),
        scheduler=_scheduler(pictures or paired),
    )
    pipe.save_pretrained(folder)
    return folder


def _transformer(pictures: bool, paired: bool) -> Any:
    from diffusers import CogVideoXTransformer3DModel

    return CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=8 if pictures else 4,
        out_channels=4,
        time_embed_dim=8,
        text_embed_dim=32,
        num_layers=2,
        sample_width=4 * _SIDE if paired else _SIDE,
        sample_height=4 * _SIDE if paired else _SIDE,
        sample_frames=17,
        patch_size=2,
        patch_size_t=2 if paired else None,
        patch_bias=not paired,
        temporal_compression_ratio=4,
        max_text_seq_length=16,
        use_rotary_positional_embeddings=pictures or paired,
        use_learned_positional_embeddings=pictures and not paired,
    )


def _vae() -> Any:
    from diffusers import AutoencoderKLCogVideoX

    return AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
        sample_height=32,
        sample_width=32,
    )


def _scheduler(newer: bool) -> Any:
    from diffusers import CogVideoXDDIMScheduler, CogVideoXDPMScheduler

    kind = CogVideoXDPMScheduler if newer else CogVideoXDDIMScheduler
    return kind(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        snr_shift_scale=1.0 if newer else 3.0,
        set_alpha_to_one=True,
    )
