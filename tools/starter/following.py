"""Following: what one thing holds of itself in several frames is to be alike where a look reads it.

Large video models come to that by themselves (Nam et al. 2025, DiffTrack); a small one is taught.
The subject is carried from one frame to the others as `matting.correspond` does, but by all tokens
instead of the best few, so that there is something to learn from wherever it went wrong.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from secondunit.matting.correspond import Matching
from secondunit.models.wan.attention import Heard, overheard
from tools.starter.linear import PATCH, Linear

LAYER, NOISE = 1, 0.02
"""Where the card says a look reads, and how much noise it adds."""
_STEPS = 1000  # of the scheduler's clock
_FEWEST = 2.0  # tokens a subject must cover to be followed
_FAR = -1e4
_EPS = 1e-3


def strayed(
    network: Any, words: Tensor, plate: Tensor, alpha: Tensor, key: int, linear: Linear
) -> Tensor:
    """How far each clip's subject went astray on its way from one frame: (B,), 0 is not at all.

    plate (B,3,F,H,W) 0..1, alpha (B,1,F,H,W), `words` as the network reads an empty prompt; 0 too
    where the key shows too little of the subject to follow.
    """
    latents = linear.encoded(plate)
    heard = _heard(network, words, latents, linear)
    batch, _, frames, rows, columns = latents.shape
    sides = [side.float().view(batch, frames, rows * columns, -1) for side in heard]
    tokens = torch.cat([_directions(side) for side in sides], -1) * 0.5**0.5
    covered = functional.avg_pool2d(alpha.transpose(1, 2).flatten(0, 1), PATCH)
    covered = covered.view(batch, frames, rows * columns)
    matching = Matching()
    likeness = torch.einsum("bfnd,bmd->bfnm", tokens, tokens[:, key]) / matching.temperature
    likeness = likeness.masked_fill(_too_far(frames, rows, columns, key, matching, plate), _FAR)
    carried = torch.einsum("bfnm,bm->bfn", likeness.softmax(-1), covered[:, key])
    others = [frame for frame in range(frames) if frame != key]
    wrong = _wrong(carried[:, others], covered[:, others])
    return wrong * (covered[:, key].sum(-1) > _FEWEST)


def _heard(network: Any, words: Tensor, latents: Tensor, linear: Linear) -> Heard:
    """Queries and keys of the layer, as `models.wan.looking` reads them: the clip under a little
    noise that is the same on each frame, and shown as known.
    """
    batch, _, frames, height, width = latents.shape
    drawn = torch.randn(latents[:1, :, :1].shape, generator=torch.Generator().manual_seed(0))
    noise = drawn.to(latents)
    grey = linear.encoded(latents.new_full((1, 3, 1, PATCH, PATCH), 0.5))
    matte = latents.new_zeros(batch, PATCH**2, frames, height, width)
    (heard,) = overheard(
        network.blocks,
        "attn1",
        (LAYER,),
        partial(
            network,
            latents.lerp(noise.expand_as(latents), NOISE),
            latents.new_full((batch,), NOISE * _STEPS),
            words,
            control_hidden_states=torch.cat([latents, grey.expand_as(latents), matte], 1),
        ),
    ).values()
    return heard


def _directions(tokens: Tensor) -> Tensor:
    """What is special to each token of a clip: without the mean of all, and of length one."""
    return functional.normalize(tokens - tokens.mean((1, 2), keepdim=True), dim=-1)


def _too_far(
    frames: int, rows: int, columns: int, key: int, matching: Matching, like: Tensor
) -> Tensor:
    """(frames, tokens, tokens): which do not match, since nothing moves so far in that time."""
    down, across = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    places = torch.stack([down, across], -1).view(-1, 2).to(like)
    apart = torch.cdist(places, places) / max(rows, columns)
    later = (torch.arange(frames) - key).abs().clamp(min=1) - 1
    reach = (matching.near + matching.pace * later).clamp(max=matching.far).to(like)
    return apart[None] > reach[:, None, None]


def _wrong(carried: Tensor, covered: Tensor) -> Tensor:
    """What is not overlap, and the cross-entropy, which also tells where there is none."""
    both, either = torch.minimum(carried, covered), torch.maximum(carried, covered)
    apart = 1 - both.sum((1, 2)) / (either.sum((1, 2)) + _EPS)
    surely = carried.clamp(_EPS, 1 - _EPS)
    entropy = functional.binary_cross_entropy(surely, covered, reduction="none")
    return apart + entropy.mean((1, 2))
