"""The order a network starts from, instead of chance: it copies what it is shown.

One basis holds the picture's numbers in a token, another the noise's; the output reads the first,
so that an untrained network answers with its conditions. Some heads of each attention begin as
views of the neighbourhood: the same place at other times, the same time around, both; where a
frame has to be made they look elsewhere.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tools.starter.linear import CHANNELS

_STEADY = (
    0.9  # a constant direction that keeps the size of a token, hence its norms, about the same
)
_PEAK = 40.0  # squared length of the constant part of a query in a head that looks at a place
_AVERSION = 3.0
_GATE = 0.15  # how far the branches are open at first
_LOOKS = {  # head: frequencies (0 is the finest) of time, rows and columns it is bound to
    0: ((), (0, 1, 2), (0, 1, 2)),
    1: ((0, 1), (1, 2), (1, 2)),
    2: ((1, 2), (1, 2), (1, 2)),
}


@torch.no_grad()
def put_in_order(network: Any, nothing: Tensor, generator: torch.Generator) -> None:
    """Set a fresh network's weights; `nothing` (C,) is what mid grey looks like to it."""
    hidden = network.proj_out.in_features
    basis = torch.linalg.qr(torch.randn(hidden, hidden, generator=generator))[0]
    picture, noise = basis[:, :CHANNELS], basis[:, CHANNELS : 2 * CHANNELS]
    unknown, steady = basis[:, 2 * CHANNELS], basis[:, 2 * CHANNELS + 1]
    marks = basis[:, 2 * CHANNELS + 2 : 2 * CHANNELS + 18]
    spatial = (CHANNELS, 1, 1, 1)
    network.patch_embedding.weight.copy_((noise * 0.5).view(hidden, *spatial))
    network.patch_embedding.bias.copy_(steady * hidden**0.5 * _STEADY)
    _embed_conditions(network, picture, unknown, marks)
    network.vace_patch_embedding.bias.copy_(-picture @ nothing)
    first = network.vace_blocks[0]
    _identity(first.proj_in)
    for index, block in enumerate(network.vace_blocks):
        _identity(block.proj_out, 1.0 if index == 0 else 0.2)
    for block in [*network.blocks, *network.vace_blocks]:
        for layer in (block.attn1.to_out[0], block.attn2.to_out[0], block.ffn.net[2]):
            layer.weight.mul_(0.3)
            layer.bias.zero_()
        block.scale_shift_table[:, [2, 5]] += _GATE
        _look_around(block.attn1, picture, unknown, network.config.attention_head_dim)
    network.condition_embedder.time_proj.weight.mul_(0.1)
    network.condition_embedder.time_proj.bias.zero_()
    network.scale_shift_table.zero_()
    size = ((2 * _STEADY) ** 2 + 2 * CHANNELS / hidden) ** 0.5
    network.proj_out.weight.copy_(picture.T * size * 1.1)
    network.proj_out.bias.zero_()


_CLOSED = ("attn1.to_out.", "attn2.to_out.", "ffn.net.2.")


def deepened(weights: dict[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """A network's weights for one of so many blocks: those it lacks are copies of its last ones
    that pass on what they get, so that the deeper network answers the same to begin with.
    """
    inside = [name.split(".", 2) for name in weights if name.startswith("blocks.")]
    held = 1 + max(int(block) for _, block, _ in inside)
    lacking = blocks - held
    added = {}
    for _, block, name in inside:
        if int(block) >= held - lacking:
            copied = weights[f"blocks.{block}.{name}"].clone()
            closed = torch.zeros_like(copied) if name.startswith(_CLOSED) else copied
            added[f"blocks.{int(block) + lacking}.{name}"] = closed
    return added | weights


def _embed_conditions(network: Any, picture: Tensor, unknown: Tensor, marks: Tensor) -> None:
    """Kept and shown pixels share the picture's basis, as only one of them is there at a place."""
    layer = network.vace_patch_embedding
    hidden, masks = layer.weight.shape[0], layer.weight.shape[1] - 2 * CHANNELS
    weights = torch.zeros(hidden, layer.weight.shape[1])
    weights[:, :CHANNELS] = picture
    weights[:, CHANNELS : 2 * CHANNELS] = picture
    cosines = _cosines(masks)[1 : marks.shape[1] + 1]
    weights[:, 2 * CHANNELS :] = 3 * unknown[:, None] / masks + marks @ cosines * 0.5
    layer.weight.copy_(weights.view_as(layer.weight))


def _cosines(numbers: int) -> Tensor:
    """The coarsest patterns of an 8x8 matte, one a row, of unit length, from coarse to fine."""
    side = int(numbers**0.5)
    place = (torch.arange(side) + 0.5) / side * torch.pi
    waves = torch.stack([(place * number).cos() for number in range(side)])
    pairs = sorted((i + j, i, j) for i in range(side) for j in range(side))
    rows = [torch.outer(waves[i], waves[j]).flatten() for _, i, j in pairs]
    return torch.stack([row / row.norm() for row in rows])


def _identity(layer: Any, scale: float = 1.0) -> None:
    layer.weight.copy_(torch.eye(len(layer.weight)) * scale)
    layer.bias.zero_()


def _look_around(attention: Any, picture: Tensor, unknown: Tensor, head: int) -> None:
    """Bind the first heads to places, with the picture as what they bring."""
    side = 2 * (head // 6)
    starts = (0, head - 2 * side, head - side)
    for number, axes in _LOOKS.items():
        rows = slice(number * head, (number + 1) * head)
        bound = torch.zeros(head)
        for start, frequencies in zip(starts, axes, strict=True):
            for frequency in frequencies:
                bound[start + 2 * frequency] = 1.0
        bound *= (_PEAK / bound.sum()) ** 0.5
        slow = head - 2 * side - 2  # time's slowest wave: about the same everywhere
        for layer in (attention.to_q, attention.to_k):
            layer.weight[rows].mul_(0.1)
            layer.bias[rows] = bound
        attention.to_q.bias[number * head + slow] = _AVERSION
        attention.to_k.weight[number * head + slow] = -_AVERSION * unknown
        attention.to_v.weight[rows] = picture.T[:head]
        attention.to_v.bias[rows] = 0
        attention.to_out[0].weight[:, rows] = picture[:, :head] * 0.1
