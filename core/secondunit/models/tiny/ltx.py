"""Tiny checkpoints of LTX-2."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

from secondunit.models.ltx.light_kit import ADAPTER, AUDIO, EMBEDDINGS, VIDEO

_LETTERS = string.ascii_letters + string.digits + " .,'!?-▁"
_WIDTH = 16


def tiny_ltx(folder: Path, seed: int = 0) -> Path:
    """Write an LTX-2 checkpoint of random weights, sound included: eight frames a latent, eight
    pixels a latent.
    """
    import torch
    from diffusers import LTX2Pipeline

    torch.manual_seed(seed)
    tokenizer = _tokenizer()
    audio = _audio()
    pipe = LTX2Pipeline(
        tokenizer=tokenizer,
        text_encoder=_reader(tokenizer),
        connectors=_connectors(),
        vae=_vae(),
        audio_vae=audio,
        transformer=_transformer(),
        vocoder=_vocoder(audio),
        scheduler=_scheduler(),
    )
    pipe.save_pretrained(folder)
    return folder


def tiny_light(folder: Path, seed: int = 0, smaller: int = 1) -> Path:
    """Write one that gives a plate back in light: with its adapter, which is shown the plate so
    many times smaller, and its words. Some of what it decodes is brighter than white, and some
    darker than black.
    """
    import torch
    from diffusers import LTX2HDRPipeline

    torch.manual_seed(seed)
    tokenizer, audio, vae = _tokenizer(), _audio(), _vae()
    with torch.no_grad():
        for weights in vae.decoder.conv_out.parameters():
            weights *= 2
    pipe = LTX2HDRPipeline(
        tokenizer=tokenizer,
        text_encoder=_reader(tokenizer),
        connectors=_connectors(),
        vae=vae,
        audio_vae=audio,
        transformer=_transformer(),
        vocoder=_vocoder(audio),
        scheduler=_scheduler(dynamic=False),
    )
    pipe.save_pretrained(folder)
    light_kit(folder, seed, smaller)
    return folder


def light_kit(folder: Path, seed: int = 0, smaller: int = 1) -> None:
    """Write the two files that lie beside such a checkpoint's parts, named and laid out as its
    maker's are.
    """
    import torch
    from safetensors.torch import save_file

    made = torch.Generator().manual_seed(seed)
    words = {name: torch.randn(1, 6, _WIDTH, generator=made) for name in (VIDEO, AUDIO)}
    save_file({name: each.bfloat16() for name, each in words.items()}, folder / EMBEDDINGS)
    layers = {}
    for block in (0, 1):
        for layer in ("to_q", "to_v"):
            name = f"diffusion_model.transformer_blocks.{block}.attn1.{layer}"
            for side, shape in (("lora_A", (4, _WIDTH)), ("lora_B", (_WIDTH, 4))):
                layers[f"{name}.{side}.weight"] = torch.randn(*shape, generator=made) / 2
    save_file(layers, folder / ADAPTER, {"reference_downscale_factor": str(smaller)})


def _tokenizer() -> Any:
    from transformers import GemmaTokenizer

    named = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *_LETTERS]
    vocabulary = {piece: number for number, piece in enumerate(named)}
    return GemmaTokenizer(vocab=vocabulary, merges=[], padding_side="left", model_max_length=16)


def _reader(tokenizer: Any) -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    words = {
        "vocab_size": len(tokenizer),
        "hidden_size": _WIDTH,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "max_position_embeddings": 64,
    }
    sight = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 8,
    }
    config = Gemma3Config(text_config=words, vision_config=sight, mm_tokens_per_image=4)
    return Gemma3ForConditionalGeneration(config).eval()


def _connectors() -> Any:
    from diffusers.pipelines.ltx2 import LTX2TextConnectors

    return LTX2TextConnectors(
        caption_channels=_WIDTH,
        text_proj_in_factor=3,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=None,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None,
        connector_rope_base_seq_len=32,
        rope_double_precision=False,
        rope_type="split",
    )


def _transformer() -> Any:
    from diffusers import LTX2VideoTransformer3DModel

    return LTX2VideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        vae_scale_factors=(8, 8, 8),
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        caption_channels=_WIDTH,
        rope_double_precision=False,
        rope_type="split",
    )


def _vae() -> Any:
    from diffusers import AutoencoderKLLTX2Video

    return AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8, 8, 8),
        down_block_types=("LTX2VideoDownBlock3D",) * 3,
        decoder_block_out_channels=(8, 8, 8),
        layers_per_block=(1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True),
        decoder_spatio_temporal_scaling=(True, True, True),
        decoder_inject_noise=(False,) * 4,
        downsample_type=("spatiotemporal",) * 3,
        upsample_type=("spatiotemporal",) * 3,
        upsample_residual=(False,) * 3,
        upsample_factor=(1,) * 3,
        patch_size=1,
        patch_size_t=1,
        decoder_causal=False,
    )


def _audio() -> Any:
    from diffusers import AutoencoderKLLTX2Audio

    return AutoencoderKLLTX2Audio(
        base_channels=4,
        ch_mult=(1,),
        num_res_blocks=1,
        resolution=32,
        latent_channels=2,
        mel_bins=8,
    )


def _vocoder(audio: Any) -> Any:
    from diffusers.pipelines.ltx2 import LTX2Vocoder

    return LTX2Vocoder(
        in_channels=audio.config.output_channels * audio.config.mel_bins,
        hidden_channels=32,
        upsample_kernel_sizes=[12, 11, 16],
        upsample_factors=[6, 5, 8],  # 10 ms of it become 240 samples
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        output_sampling_rate=24000,
    )


def _scheduler(dynamic: bool = True) -> Any:
    """As LTX-2's own is; or as that of its distilled ones, which bends no sigmas."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=dynamic,
        base_shift=0.95,
        max_shift=2.05,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        shift_terminal=0.1 if dynamic else None,
    )
