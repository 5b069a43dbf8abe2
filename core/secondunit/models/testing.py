"""Models for tests: tiny checkpoints that really load, and one that answers what a script says."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from secondunit.callsheet import (
    Answer,
    CallSheet,
    FrameRule,
    ModelCard,
    Need,
    Pixels,
    Question,
    Reach,
    Sight,
    Watch,
)
from secondunit.models.fitness import cannot_look, check, check_look
from secondunit_contract.frames import Rate

ALL_NEEDS: frozenset[Need] = frozenset(
    {"words", "plate", "paint", "edit", "carry", "keys", "references", "guide", "strength"}
)


def scripted_card(
    name: str = "scripted",
    honours: frozenset[Need] = ALL_NEEDS,
    multiple: int = 8,
    frames: FrameRule | None = None,
    area: int = 96 * 64,
    context: int = 5,
) -> ModelCard:
    """A card as a small real model's would be: multiples of 8, 1 and 4 more frames at a time up to
    17.
    """
    return ModelCard(
        name=name,
        title=f"The scripted model {name}",
        reach=Reach(
            honours=honours,
            multiple=multiple,
            frames=frames or FrameRule(1, 4, 17),
            area=area,
            native_rate=Rate(Fraction(24)),
            context=context,
            references=3,
            memory_gb=0.1,
        ),
        licence="Apache-2.0",
        training_data="none",
        source="",
        steps=2,
        guidance=1.0,
    )


class ScriptedModel:
    """Answers each take with `answer(sheet, seed)`, (T,H,W,3) float32; refuses what a real model
    would.

    The sheets it was given are kept in `seen`, what it was asked to look for in `asked`. Frames
    leave 1, then 4 at a time; each step asks the watch.
    """

    def __init__(
        self,
        card: ModelCard,
        answer: Callable[[CallSheet, int], Pixels],
        sight: Callable[[Pixels, Question], Sight] | None = None,
    ) -> None:
        self.card = card
        self.seen: list[CallSheet] = []
        self.asked: list[Question] = []
        self._answer, self._sight = answer, sight

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """Raises ModelUnfit, SizeUnfit and BadValue at once, as real models do."""
        check(sheet, self.card)
        self.seen.append(sheet)
        return self._takes(sheet, watch)

    def look(self, footage: Pixels, question: Question, watch: Watch | None = None) -> Sight:
        """What the script sees. Raises ModelUnfit without one."""
        if self._sight is None:
            raise cannot_look(self.card)
        check_look(footage, question, self.card)
        self.asked.append(question)
        return self._sight(footage, question)

    def provenance(self) -> dict[str, Any]:
        """Little, but all there is."""
        return {
            "model": self.card.name,
            "weights": "none: answers are scripted",
            "licence": self.card.licence,
        }

    def _takes(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        steps = self.card.steps if sheet.steps is None else sheet.steps
        for take, seed in enumerate(sheet.seeds):
            watch.check()
            frames = np.ascontiguousarray(self._answer(sheet, seed), dtype=np.float32)
            for step in range(steps):
                watch.step(take, step + 1, steps, lambda shown=frames[:1]: shown)
                watch.check()
            for first in (0, *range(1, len(frames), 4)):
                watch.check()
                yield Answer(take, first, frames[first : max(1, first + 4) if first else 1])


def tiny_vace(
    folder: Path, seed: int = 0, time: bool = True, wide: int = 32, experts: bool = False
) -> Path:
    """Write a VACE checkpoint of random weights, 410 kB: it loads and shoots in a second, and makes
    noise.

    With `time` four frames share a latent frame, as in Wan; without, each has its own. It is not so
    tiny where its layers are `wide`: 960 bytes for each. With `experts` it has two networks, one
    for much noise and one for little, as in Wan 2.2.
    """
    import torch
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    def network() -> Any:
        transformer = WanVACETransformer3DModel(
            **_tiny_transformer() | {"ffn_dim": wide}, vace_layers=[0, 2], vace_in_channels=96
        )
        with (
            torch.no_grad()
        ):  # as trained ones: fresh hints are zero, and the control clip would go unheard
            for block in transformer.vace_blocks:
                torch.nn.init.normal_(block.proj_out.weight, std=0.3)
        return transformer

    torch.manual_seed(seed)
    networks = _tiny_networks(network, experts)
    WanVACEPipeline(**_tiny_parts(time), **networks).save_pretrained(folder)
    return folder


def tiny_wan(folder: Path, seed: int = 0, experts: bool = False, expanding: bool = False) -> Path:
    """Write a Wan checkpoint of random weights, 280 kB, for words: with two `experts` as Wan 2.2's
    large ones, or `expanding` as its small one, which takes a first frame too.
    """
    import torch
    from diffusers import WanPipeline, WanTransformer3DModel

    torch.manual_seed(seed)
    networks = _tiny_networks(lambda: WanTransformer3DModel(**_tiny_transformer()), experts)
    parts = _tiny_parts(True) | (_tiny_deep_vae() if expanding else {})
    WanPipeline(**parts, **networks, expand_timesteps=expanding).save_pretrained(folder)
    return folder


Eye = Literal["", "single", "paired"]
"""No image encoder, one for a first picture, one for a first and a last."""


def tiny_wan_pictures(
    folder: Path, seed: int = 0, eye: Eye = "", experts: bool = False, expanding: bool = False
) -> Path:
    """Write a Wan checkpoint of random weights, 410 kB, that begins with a picture: with an `eye`
    as Wan 2.1's, with two `experts` as Wan 2.2's large one, or `expanding` as its small one.
    """
    import torch
    from diffusers import WanImageToVideoPipeline, WanTransformer3DModel

    torch.manual_seed(seed)
    config = _tiny_transformer() | ({} if expanding else {"in_channels": 36})
    parts = _tiny_parts(True) | (_tiny_deep_vae() if expanding else {})
    if eye:
        tokens = _EYE_TOKENS * 2 if eye == "paired" else None
        config |= {"image_dim": 8, "added_kv_proj_dim": 24, "pos_embed_seq_len": tokens}
        parts |= _tiny_eye()
        parts["tokenizer"].model_max_length = 512  # such a network takes no other length
    networks = _tiny_networks(lambda: WanTransformer3DModel(**config), experts)
    WanImageToVideoPipeline(**parts, **networks, expand_timesteps=expanding).save_pretrained(folder)
    return folder


_EYE_TOKENS = 5  # of a picture: four patches, and the whole


def _tiny_networks(make: Callable[[], Any], experts: bool) -> dict[str, Any]:
    if not experts:
        return {"transformer": make()}
    return {"transformer": make(), "transformer_2": make(), "boundary_ratio": 0.875}


def _tiny_transformer() -> dict[str, Any]:
    return {
        "patch_size": (1, 2, 2),
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "in_channels": 16,
        "out_channels": 16,
        "text_dim": 32,
        "freq_dim": 256,
        "ffn_dim": 32,
        "num_layers": 3,
        "cross_attn_norm": True,
        "qk_norm": "rms_norm_across_heads",
        "rope_max_seq_len": 64,
    }


def _tiny_parts(time: bool) -> dict[str, Any]:
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler
    from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(f"▁{word}", -2.0) for word in ("a", "cat", "runs", "over", "the", "hills")]
    vocabulary += [(each, -8.0) for each in "▁" + string.ascii_letters + string.digits + ".,'!?-"]
    tokenizer = T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=32)
    reader = UMT5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": UMT5EncoderModel(reader).eval(),
        "vae": AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1] * 4,
            num_res_blocks=1,
            temperal_downsample=[False, time, time],
            scale_factor_temporal=4 if time else 1,
        ),
        "scheduler": UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    }


def _tiny_deep_vae() -> dict[str, Any]:
    """A VAE as Wan 2.2's small model has: sixteen pixels a latent, two of them by patches."""
    from diffusers import AutoencoderKLWan

    vae = AutoencoderKLWan(
        base_dim=8,
        z_dim=16,
        dim_mult=[1] * 4,
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    )
    return {"vae": vae}


def _tiny_eye() -> dict[str, Any]:
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    config = CLIPVisionConfig(
        hidden_size=8,
        projection_dim=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
    )
    return {
        "image_encoder": CLIPVisionModel(config).eval(),
        "image_processor": CLIPImageProcessor(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
    }
