"""A stock AutoencoderKLWan that is exactly linear: 8x8 pixels of one frame become their principal
components, and back. Nothing has to be trained, frames stay apart, edges stay sharp.

How a network of convolutions, norms and bends is made linear: residual branches of zeros are the
identity; a constant channel far larger than the rest makes the RMS norm a constant scale; and
silu(a) - silu(-a) = a.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from secondunit.worlds import named, randomised
from secondunit.worlds.calls import on_green

PATCH = 8
CHANNELS = 48
_CONSTANT = 8192.0
_SPREAD = 0.6  # latents are divided by their deviation to this power: partly whitened
_SEED, _BATCHES = 870_000_000, 12


@dataclass(frozen=True)
class Linear:
    """The map of 192 numbers of a patch, -1..1, to latents of about unit variance, and back."""

    basis: Tensor
    mean: Tensor
    deviation: Tensor

    def encoded(self, pictures: Tensor) -> Tensor:
        """(B,3,F,H,W) in 0..1 -> (B,CHANNELS,F,H/8,W/8)."""
        patches = _patches(pictures * 2 - 1) - self.mean.view(1, -1, 1, 1, 1)
        latents = torch.einsum("bcfhw,ck->bkfhw", patches, self.basis)
        return latents / self.deviation.view(1, -1, 1, 1, 1)

    def decoded(self, latents: Tensor) -> Tensor:
        """(B,CHANNELS,F,h,w) -> (B,3,F,8h,8w), not clipped."""
        scaled = latents * self.deviation.view(1, -1, 1, 1, 1)
        patches = torch.einsum("bkfhw,ck->bcfhw", scaled, self.basis)
        return (_pictures(patches + self.mean.view(1, -1, 1, 1, 1)) + 1) / 2

    def to(self, device: str) -> Linear:
        """The same on another device."""
        return Linear(self.basis.to(device), self.mean.to(device), self.deviation.to(device))

    def state(self) -> dict[str, Tensor]:
        """For a checkpoint."""
        return {"basis": self.basis, "mean": self.mean, "deviation": self.deviation}


def fitted() -> Linear:
    """The principal components of generated clips, and of their subjects on green."""
    total, mean, count = torch.zeros(192, 192, dtype=torch.float64), torch.zeros(192).double(), 0
    for number in range(_BATCHES):
        for world in (named, randomised):
            clips = world.clips(_SEED + number, 8, 5, 64, 96)
            seen = torch.cat([clips.plate, clips.plate, on_green(clips)])
            patches = _patches(seen * 2 - 1).transpose(0, 1).reshape(192, -1).double()
            total, mean = total + patches @ patches.T, mean + patches.sum(1)
            count += patches.shape[1]
    mean /= count
    vectors, values, _ = torch.linalg.svd(total / count - mean[:, None] @ mean[None])
    deviations = values[:CHANNELS].sqrt()
    scale = deviations**_SPREAD
    scale = scale * ((deviations / scale) ** 2).mean().sqrt()
    return Linear(vectors[:, :CHANNELS].float(), mean.float(), scale.float())


@torch.no_grad()
def autoencoder(linear: Linear) -> Any:
    """The stock class with weights that are this map."""
    from diffusers import AutoencoderKLWan

    # three stages that do not halve time, one of them left out of the network: so the pipeline,
    # which counts the stages, divides by 8 in space and by 1 in time
    vae = AutoencoderKLWan(
        base_dim=2 * CHANNELS + 1,
        z_dim=CHANNELS,
        dim_mult=[1],
        num_res_blocks=0,
        attn_scales=[],
        temperal_downsample=[False] * 3,
        patch_size=PATCH,
        in_channels=192,
        out_channels=192,
        scale_factor_temporal=1,
        scale_factor_spatial=8,
        latents_mean=[0.0] * CHANNELS,
        latents_std=linear.deviation.tolist(),
    )
    for name, weights in vae.named_parameters():
        if "gamma" not in name:
            weights.zero_()
    one = torch.eye(CHANNELS)
    back = linear.basis * (_CONSTANT / math.sqrt(2 * CHANNELS + 1))
    gain = one * (_CONSTANT / math.sqrt(2 * CHANNELS + 1))
    mean = linear.basis.T @ linear.mean
    _set(
        vae.encoder.conv_in,
        torch.cat([linear.basis.T, -linear.basis.T, torch.zeros(1, 192)]),
        torch.cat([-mean, mean, torch.tensor([_CONSTANT])]),
    )
    latents = torch.zeros(2 * CHANNELS, 2 * CHANNELS + 1)
    latents[:CHANNELS, :-1] = torch.cat([gain, -gain], 1)
    certain = torch.cat([torch.zeros(CHANNELS), torch.full((CHANNELS,), -20.0)])
    _set(vae.encoder.conv_out, latents, certain)
    _set(vae.quant_conv, torch.eye(2 * CHANNELS), torch.zeros(2 * CHANNELS))
    _set(vae.post_quant_conv, one, torch.zeros(CHANNELS))
    _set(
        vae.decoder.conv_in,
        torch.cat([one, -one, torch.zeros(1, CHANNELS)]),
        torch.cat([torch.zeros(2 * CHANNELS), torch.tensor([_CONSTANT])]),
    )
    _set(vae.decoder.conv_out, torch.cat([back, -back, torch.zeros(192, 1)], 1), linear.mean)
    return vae


def read_from(vae: Any) -> Linear:
    """The map whose autoencoder this is."""
    weights = vae.encoder.conv_in.weight
    middle = weights.shape[-1] // 2
    return Linear(
        weights[:CHANNELS, :, -1, middle, middle].T.detach().float().contiguous(),
        vae.decoder.conv_out.bias.detach().float(),
        torch.tensor(vae.config.latents_std),
    )


def _set(convolution: Any, weight: Tensor, bias: Tensor) -> None:
    """A convolution that looks at its middle, in the last of its moments, alone."""
    middle = convolution.weight.shape[-1] // 2
    convolution.weight[:, :, -1, middle, middle] = weight
    convolution.bias[:] = bias


def _patches(pictures: Tensor) -> Tensor:
    from diffusers.models.autoencoders.autoencoder_kl_wan import patchify

    return patchify(pictures, PATCH)


def _pictures(patches: Tensor) -> Tensor:
    from diffusers.models.autoencoders.autoencoder_kl_wan import unpatchify

    return unpatchify(patches, PATCH)
