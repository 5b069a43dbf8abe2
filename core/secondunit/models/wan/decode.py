"""From latents back to frames, one latent frame at a time.

Wan's decoder is causal and carries what it needs of the past in a list of features, so frames can
leave as they are made and memory stays flat. The list is our own: a preview may be made while a
clip is still being decoded. A VAE that works in tiles decodes the clip tile by tile instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from secondunit.callsheet import Pixels


def to_decoder(vae: Any, latents: Any) -> Any:
    """Latents (1,C,t,h,w) as the model makes them, in the decoder's own scale and precision.

    The same operations in the same order as the pipelines', so that the bits are the same.
    """
    import torch

    latents = latents.to(vae.dtype)
    mean, spread = (
        torch.tensor(values).view(1, -1, 1, 1, 1).to(latents.device, latents.dtype)
        for values in (vae.config.latents_mean, vae.config.latents_std)
    )
    return latents / (1.0 / spread) + mean


def decoded(
    pipe: Any, latents: Any, during: Callable[[], AbstractContextManager[None]]
) -> Iterator[Pixels]:
    """(n,H,W,3) float32 in 0..1, chunk after chunk: the bits of the pipeline's own decoding.

    `during` is entered around each chunk's work, and left while the caller has the frames.
    """
    import torch

    tiled = None
    with during(), torch.no_grad():
        scaled = to_decoder(pipe.vae, latents)
        if pipe.vae.use_tiling:
            tiled = _shown(pipe, pipe.vae.decode(scaled).sample)
    if tiled is None:
        yield from _streamed(pipe, scaled, during)
    else:
        yield tiled


def _shown(pipe: Any, frames: Any) -> Pixels:
    """Frames (1,3,n,H,W) in -1..1 as (n,H,W,3) float32 in 0..1."""
    shown = pipe.video_processor.postprocess_video(frames, output_type="np")[0]
    return np.ascontiguousarray(shown, dtype=np.float32)


def _streamed(
    pipe: Any, latents: Any, during: Callable[[], AbstractContextManager[None]]
) -> Iterator[Pixels]:
    import torch
    from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d, unpatchify

    with during(), torch.no_grad():
        vae = pipe.vae
        memory = [None] * sum(isinstance(part, WanCausalConv3d) for part in vae.decoder.modules())
        latents = vae.post_quant_conv(latents)
    for index in range(latents.shape[2]):
        with during(), torch.no_grad():
            vae = pipe.vae  # as it is now: it may have been away in between
            frames = vae.decoder(
                latents[:, :, index : index + 1],
                feat_cache=memory,
                feat_idx=[0],
                first_chunk=index == 0,
            )
            if vae.config.patch_size is not None:
                frames = unpatchify(frames, patch_size=vae.config.patch_size)
            frames = torch.clamp(frames, min=-1.0, max=1.0)
            shown = _shown(pipe, frames)
        yield shown
