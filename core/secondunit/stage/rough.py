"""Roughing in: pixels nobody knows get a first guess, as a painter lays in a ground.

In time, between the nearest frames in which the pixel is known (a cross-fade between two, a hold
beside one); where it is never known, a membrane in space from what is (pull-push, after Gortler et
al., The Lumigraph, 1996). It is what every answer must beat, and where some models like to start.
"""

from __future__ import annotations

from typing import Any

_SURE = 4.0  # one known pixel of four makes a coarser one known
_IN_TIME = 0.5  # how much a pixel guessed in time counts beside a known one


def roughed(clip: Any, unknown: Any) -> Any:
    """A clip, float tensor (B,C,F,H,W), with its `unknown` pixels, bool (B,1,F,H,W), guessed.

    Known pixels stay what they are. A clip of which nothing is known stays what it is.
    """
    import torch

    known = ~unknown
    guessed, reached = _in_time(clip, known)
    weight = known.float() + (reached & unknown).float() * _IN_TIME
    spread = _in_space(guessed, weight)
    anything = known.flatten(1).any(1).view(-1, 1, 1, 1, 1)
    filled = torch.where(known, clip, torch.where(reached, guessed, spread))
    return torch.where(anything, filled, clip)


def _in_time(clip: Any, known: Any) -> tuple[Any, Any]:
    """Each pixel between its nearest known neighbours in time, and where there are any."""
    import torch

    before, since = _nearest(clip, known, range(clip.shape[2]))
    after, until = _nearest(clip, known, range(clip.shape[2] - 1, -1, -1))
    reached = torch.isfinite(since) | torch.isfinite(until)
    share = torch.where(torch.isfinite(since), since / (since + until), torch.ones_like(since))
    share = torch.where(torch.isfinite(until), share.nan_to_num(0.0), torch.zeros_like(share))
    return torch.where(reached, before + (after - before) * share, clip), reached


def _nearest(clip: Any, known: Any, order: range) -> tuple[Any, Any]:
    """The last known value of each pixel on a walk through the frames, and how long ago it was."""
    import torch

    value = torch.zeros_like(clip[:, :, 0])
    ago = torch.full_like(value[:, :1], torch.inf)
    values, agos = [value] * clip.shape[2], [ago] * clip.shape[2]
    for frame in order:
        here = known[:, :, frame]
        value = torch.where(here, clip[:, :, frame], value)
        ago = torch.where(here, torch.zeros_like(ago), ago + 1)
        values[frame], agos[frame] = value, ago
    return torch.stack(values, 2), torch.stack(agos, 2)


def _in_space(clip: Any, weight: Any) -> Any:
    """Each frame continued smoothly from where `weight` (B,1,F,H,W) is above 0."""
    batch, _, frames = clip.shape[:3]
    pictures = (clip * weight).transpose(1, 2).flatten(0, 1)
    weights = weight.transpose(1, 2).flatten(0, 1)
    return _membrane(pictures, weights).unflatten(0, (batch, frames)).transpose(1, 2)


def _membrane(weighted: Any, weights: Any) -> Any:
    """Pull-push on pictures (N,C,H,W) already multiplied by their weights (N,1,H,W)."""
    import torch.nn.functional as functional

    high, wide = weights.shape[-2:]
    own = weighted / weights.clamp(min=1e-6)
    if max(high, wide) == 1:
        return own
    half = ((high + 1) // 2, (wide + 1) // 2)
    pulled = functional.interpolate(weights, half, mode="area")
    mean = functional.interpolate(weighted, half, mode="area") / pulled.clamp(min=1e-6)
    pulled = (pulled * _SURE).clamp(max=1)
    coarse = _membrane(mean * pulled, pulled)
    spread = functional.interpolate(coarse, (high, wide), mode="bilinear")
    return spread + (own - spread) * weights.clamp(max=1)
