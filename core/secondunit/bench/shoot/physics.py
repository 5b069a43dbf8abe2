"""How much there is to compute in a pass, and how quickly a device can compute at best."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

WORDS = 512
"""Tokens of a prompt, as Wan pads it."""

_SIDE = {"cuda": 8192}
_ROUNDS = 12


def pass_flops(config: Mapping[str, Any], tokens: int) -> int:
    """Of one pass: attention among the tokens and to the words, the wide layers; two for each
    multiply and add. What is small beside these (norms, embeddings) is left out.
    """
    width = int(config["num_attention_heads"]) * int(config["attention_head_dim"])
    blocks = int(config["num_layers"]) + len(config.get("vace_layers") or ())
    among = 8 * tokens * width**2 + 4 * tokens**2 * width
    to_words = 4 * (tokens + WORDS) * width**2 + 4 * tokens * WORDS * width
    wide = 4 * tokens * width * int(config["ffn_dim"])
    ends = 2 * len(config.get("vace_layers") or ()) * tokens * width**2
    return blocks * (among + to_words + wide) + ends


def matrix_peak(device: Any) -> float:
    """Operations a second of the best of some multiplications of large square matrices, in the
    numbers a network computes with there.
    """
    import torch

    side = _SIDE.get(device.type, 768)
    numbers = torch.bfloat16 if device.type == "cuda" else torch.float32
    one, other = (torch.randn((side, side), device=device, dtype=numbers) for _ in range(2))
    best = float("inf")
    for _ in range(_ROUNDS):
        settle(device)
        begun = time.perf_counter()
        one @ other
        settle(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * side**3 / best


def settle(device: Any) -> None:
    """Wait until all that was begun on the device is done."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
