"""What is shot: the configs of two real models and the clip they are measured on, and the same in
small for the processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_COMMON: dict[str, Any] = {
    "patch_size": [1, 2, 2],
    "in_channels": 16,
    "out_channels": 16,
    "freq_dim": 256,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
    "eps": 1e-06,
    "rope_max_seq_len": 1024,
}
_LARGE = _COMMON | {"text_dim": 4096, "attention_head_dim": 128}
_SMALL = _COMMON | {
    "text_dim": 32,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "ffn_dim": 64,
    "num_layers": 2,
}


@dataclass(frozen=True)
class Subject:
    """A model to be measured, and its clip.

    kind     the pipeline's class                 network  the network's class and config
    vae      what its VAE has otherwise than by default
    """

    name: str
    kind: str
    network: tuple[str, Mapping[str, Any]]
    vae: Mapping[str, Any]
    width: int
    height: int
    frames: int
    steps: int
    guidance: float = 5.0

    @property
    def config(self) -> Mapping[str, Any]:
        """The network's."""
        return self.network[1]

    @property
    def hinted(self) -> bool:
        """Whether the network takes a control clip."""
        return bool(self.config.get("vace_layers"))

    @property
    def tokens(self) -> int:
        """Of one pass: four frames and 16x16 pixels are one, the first frame stands alone."""
        return ((self.frames - 1) // 4 + 1) * (self.width // 16) * (self.height // 16)


_VACE, _PLAIN = "WanVACETransformer3DModel", "WanTransformer3DModel"
_FULL: dict[str, Any] = {"width": 832, "height": 480, "frames": 81, "steps": 4}
_TINY: dict[str, Any] = {"width": 64, "height": 64, "frames": 9, "steps": 3}
_TINY_VAE = {"base_dim": 3, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1}

VACE_13 = _LARGE | {
    "num_attention_heads": 12,
    "ffn_dim": 8960,
    "num_layers": 30,
    "vace_layers": [*range(0, 30, 2)],
    "vace_in_channels": 96,
}
T2V_14 = _LARGE | {"num_attention_heads": 40, "ffn_dim": 13824, "num_layers": 40}

FULL = (
    Subject("vace13", "WanVACEPipeline", (_VACE, VACE_13), {}, **_FULL),
    Subject("t2v14", "WanPipeline", (_PLAIN, T2V_14), {}, **_FULL),
)
"""Wan 2.1 VACE 1.3B and T2V 14B, as their repositories' configs have them."""

SMALL = (
    Subject(
        "vace13",
        "WanVACEPipeline",
        (_VACE, _SMALL | {"vace_layers": [0], "vace_in_channels": 96}),
        _TINY_VAE,
        **_TINY,
    ),
    Subject("t2v14", "WanPipeline", (_PLAIN, _SMALL), _TINY_VAE, **_TINY),
)
