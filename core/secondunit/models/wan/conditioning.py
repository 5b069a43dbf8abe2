"""What a call sheet's pictures become for VACE: one control clip, one matte, and references.

After the conventions of VACE's user guide: a pixel nobody knows is mid grey, white in the matte is
to be made, references are whole pictures of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels
from secondunit.stage.rough import roughed


@dataclass(frozen=True, eq=False)
class Conditions:
    """The control clip (T,H,W,3) float32 0..1, the matte (T,H,W) bool (True is to be made), and
    references.
    """

    clip: Pixels
    matte: np.ndarray[Any, np.dtype[np.bool_]]
    references: tuple[Pixels, ...]


def conditions(sheet: CallSheet, holes: Literal["grey", "rough"] = "grey") -> Conditions:
    """Lay a sheet's plate, guide and keys into one clip and one matte.

    Painted pixels show the guide where there is one, else the plate; a key replaces its whole
    frame, and is kept. What nobody knows stays grey, or is roughed in, as the model likes it.
    """
    shape = (sheet.frames, sheet.height, sheet.width)
    matte = np.ones(shape, dtype=np.bool_) if sheet.paint is None else sheet.paint.copy()
    if sheet.plate is not None:
        clip = np.clip(sheet.plate, 0, 1).astype(np.float32)
    else:
        clip = np.full((*shape, 3), UNKNOWN, dtype=np.float32)
        matte[:] = True
    if sheet.guide is not None:
        clip[matte] = np.clip(sheet.guide[matte], 0, 1)
    for index, key in sheet.keys.items():
        clip[index] = np.clip(key, 0, 1)
        matte[index] = False
    if holes == "rough":
        clip = roughed(clip, matte & (clip == np.float32(UNKNOWN)).all(axis=-1))
    return Conditions(clip, matte, sheet.references)


def as_tensors(given: Conditions) -> tuple[Any, Any]:
    """Clip and matte as (1,T,3,H,W) float32 tensors in 0..1.

    Five axes, because the pipeline then leaves the values alone; pictures would be rounded to 8
    bits.
    """
    import torch

    clip = torch.from_numpy(given.clip).permute(0, 3, 1, 2)[None].contiguous()
    matte = torch.from_numpy(given.matte.astype(np.float32))[None, :, None]
    return clip, matte.expand_as(clip)


def as_pictures(references: tuple[Pixels, ...]) -> list[Any] | None:
    """References as 8-bit pictures, the one form the pipeline takes them in; None where there are
    none.
    """
    from PIL import Image

    if not references:
        return None
    return [
        Image.fromarray(np.round(np.clip(each, 0, 1) * 255).astype(np.uint8)) for each in references
    ]


def encoded(pipe: Any, pictures: Any) -> Any:
    """Pictures (1,3,T,H,W) in -1..1 as latents in the model's scale, float32."""
    import torch

    vae = pipe.vae
    with torch.no_grad():
        return known(pipe, vae.encode(pictures.to(vae.device, vae.dtype)))


def known(pipe: Any, answer: Any) -> Any:
    """The likeliest of what the VAE answered, as latents in the model's scale, float32."""
    import torch

    config, latents = pipe.vae.config, answer.latent_dist.mode().float()
    mean, spread = (
        torch.tensor(values, device=latents.device, dtype=torch.float32).view(1, -1, 1, 1, 1)
        for values in (config.latents_mean, config.latents_std)
    )
    return (latents - mean) * (1.0 / spread)
