"""What several families' tiny checkpoints are made of: a text reader, and the VAE of Wan."""

from __future__ import annotations

import string
from typing import Any

WORDS = ("a", "cat", "runs", "over", "the", "hills")


def t5_tokenizer(length: int = 16) -> Any:
    """A real tokenizer, made in memory, that cuts any words into letters."""
    from transformers import T5Tokenizer

    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(f"▁{word}", -2.0) for word in WORDS]
    vocabulary += [(each, -8.0) for each in "▁" + string.ascii_letters + string.digits + ".,'!?-"]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=length)


def t5(tokenizer: Any) -> Any:
    """The text reader of CogVideoX."""
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(**_reader(tokenizer))).eval()


def umt5(tokenizer: Any) -> Any:
    """The text reader of Wan and of those that descend from it."""
    from transformers import UMT5Config, UMT5EncoderModel

    return UMT5EncoderModel(UMT5Config(**_reader(tokenizer))).eval()


def wan_vae() -> Any:
    """Wan's VAE: four frames a latent, eight pixels a latent."""
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1] * 4,
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    )


def wan_like(**more: Any) -> dict[str, Any]:
    """The shape of a network that descends from Wan's."""
    return {
        "patch_size": (1, 2, 2),
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "in_channels": 16,
        "out_channels": 16,
        "text_dim": 32,
        "freq_dim": 256,
        "ffn_dim": 32,
        "num_layers": 2,
        "cross_attn_norm": True,
    } | more


def _reader(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "d_kv": 8,
        "d_ff": 37,
        "num_layers": 2,
        "num_heads": 4,
    }
