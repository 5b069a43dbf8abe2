"""Tiny editors of random weights, for tests: they load as real ones do, and make noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_MARKS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
_PADS = ("<|image_pad|>", "<|video_pad|>")
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
)
_READ_LAYERS = 28  # the pipeline reads its words after layers 9, 18 and 27


def tiny_klein(folder: Path, seed: int = 0, distilled: bool = True) -> Path:
    """Write a FLUX.2-klein checkpoint of random weights."""
    import torch
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    words = _tokenizer()
    reader = Qwen3Config(
        **_reader(words), num_hidden_layers=_READ_LAYERS, head_dim=8, max_position_embeddings=512
    )
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4}
    pipe = Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        vae=AutoencoderKLFlux2(
            **blocks,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4,) * 4,
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=2,
        ),
        text_encoder=Qwen3ForCausalLM(reader).eval(),
        tokenizer=words,
        transformer=Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=3 * reader.hidden_size,
            timestep_guidance_channels=32,
            axes_dims_rope=(4, 4, 4, 4),
            guidance_embeds=False,
        ),
        is_distilled=distilled,
    )
    pipe.save_pretrained(folder)
    return folder


def tiny_qwen(folder: Path, seed: int = 0) -> Path:
    """Write a Qwen-Image-Edit checkpoint of random weights."""
    import torch
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPlusPipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    words = _tokenizer()
    config = _sighted(words)
    pipe = QwenImageEditPlusPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=1.0),
        vae=AutoencoderKLQwenImage(
            base_dim=4,
            z_dim=4,
            dim_mult=[1] * 4,
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(),
        tokenizer=words,
        processor=None,
        transformer=QwenImageTransformer2DModel(
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=config.text_config.hidden_size,
            axes_dims_rope=(8, 4, 4),
        ),
    )
    pipe.save_pretrained(folder)
    _add_processor(folder)
    return folder


def _sighted(words: Any) -> Any:
    """The config of a reader that looks at pictures."""
    from transformers import Qwen2_5_VLConfig

    ids = dict(zip((*_MARKS, *_PADS), words.convert_tokens_to_ids([*_MARKS, *_PADS]), strict=True))
    text = _reader(words) | {
        "num_hidden_layers": 2,
        "rope_scaling": {"type": "default", "mrope_section": [1, 1, 2]},
    }
    sight = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": text["hidden_size"],
        "fullatt_block_indexes": [1],
        "window_size": 56,
    }
    return Qwen2_5_VLConfig(
        text_config=text,
        vision_config=sight,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )


def _add_processor(folder: Path) -> None:
    """As its maker's checkpoints say it; the class itself wants a package that is not needed."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=56 * 56).save_pretrained(
        folder / "processor"
    )
    path = folder / "model_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    index["processor"] = ["transformers", "Qwen2VLProcessor"]
    path.write_text(json.dumps(index), encoding="utf-8")


def _tokenizer() -> Any:
    """A real tokenizer, made in memory, that cuts any words into bytes."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Tokenizer

    known = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", *_MARKS, *_PADS]
    return Qwen2Tokenizer(
        vocab={each: place for place, each in enumerate(known)},
        merges=[],
        additional_special_tokens=[*_MARKS, *_PADS],
        chat_template=_CHAT,
        model_max_length=64,
    )


def _reader(words: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(words),
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
