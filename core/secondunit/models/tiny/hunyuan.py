"""Tiny checkpoints of HunyuanVideo 1.5."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

_LETTERS = string.ascii_letters + string.digits + ".,'!?-:;Ġ"
_TEMPLATE = "{% for each in messages %}{{ each['content'] }} {% endfor %}"


def tiny_hunyuan(folder: Path, seed: int = 0, pictures: bool = False) -> Path:
    """Write a HunyuanVideo 1.5 checkpoint of random weights; with `pictures`, one that begins with
    a picture.
    """
    import torch
    from diffusers import HunyuanVideo15ImageToVideoPipeline, HunyuanVideo15Pipeline

    torch.manual_seed(seed)
    parts = _parts(pictures)
    if pictures:
        pipe: Any = HunyuanVideo15ImageToVideoPipeline(**parts, **_eyes())
    else:
        pipe = HunyuanVideo15Pipeline(**parts)
    pipe.save_pretrained(folder)
    return folder


def _parts(pictures: bool) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        FlowMatchEulerDiscreteScheduler,
    )
    from transformers import ByT5Tokenizer

    tokenizer, glyphs = _tokenizer(), ByT5Tokenizer(extra_ids=0)
    return {
        "tokenizer": tokenizer,
        "text_encoder": _reader(tokenizer),
        "tokenizer_2": glyphs,
        "text_encoder_2": _glyph_reader(glyphs),
        "transformer": _transformer(pictures),
        "vae": AutoencoderKLHunyuanVideo15(
            latent_channels=4,
            block_out_channels=(16, 16, 16),
            layers_per_block=1,
            spatial_compression_ratio=4,
            temporal_compression_ratio=4,
            downsample_match_channel=False,
            upsample_match_channel=False,
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
        "guider": ClassifierFreeGuidance(guidance_scale=2.0),
    }


def _tokenizer() -> Any:
    from transformers import Qwen2Tokenizer

    named = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *_LETTERS]
    vocabulary = {piece: number for number, piece in enumerate(named)}
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        pad_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        chat_template=_TEMPLATE,
    )


def _reader(tokenizer: Any) -> Any:
    from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel

    config = Qwen2_5_VLTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        rope_parameters={"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1e6},
    )
    return Qwen2_5_VLTextModel(config).eval()


def _glyph_reader(tokenizer: Any) -> Any:
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    return T5EncoderModel(config).eval()


def _transformer(pictures: bool) -> Any:
    from diffusers import HunyuanVideo15Transformer3DModel

    return HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        text_embed_dim=16,
        text_embed_2_dim=16,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=16,
        task_type="i2v" if pictures else "t2v",
    )


def _eyes() -> dict[str, Any]:
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    config = SiglipVisionConfig(
        hidden_size=12,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    return {
        "image_encoder": SiglipVisionModel(config).eval(),
        "feature_extractor": SiglipImageProcessor(size={"height": 32, "width": 32}),
    }
