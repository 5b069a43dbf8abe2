"""Keys at a clip's ends: what a first and a last picture are to `WanImageToVideoPipeline`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet, Pixels
from secondunit.models.wan.conditioning import as_pictures


def ends(sheet: CallSheet) -> dict[str, Any]:
    """The first key and, where there is one, the last, as (1,3,H,W) float32 tensors in 0..1:
    pictures would be rounded to 8 bits.
    """
    last = sheet.frames - 1
    told = {"image": _tensor(sheet.keys[0])}
    if last and last in sheet.keys:
        told["last_image"] = _tensor(sheet.keys[last])
    return told


def seen(pipe: Any, sheet: CallSheet, device: Any, paired: bool) -> Any:
    """What the pipeline's image encoder, which is at hand, makes of the keys.

    A network for pairs is told of a lone first picture twice: nothing better is known of the last.
    """
    import torch

    keys = [sheet.keys[at] for at in sorted(sheet.keys)]
    keys = keys * 2 if paired and len(keys) == 1 else keys
    with torch.no_grad():
        return pipe.encode_image(as_pictures(tuple(keys)), device)


@contextmanager
def remembering(pipe: Any, kept: dict[str, Any]) -> Iterator[None]:
    """While this lasts, the pipeline encodes its keys once, and is given them again for each take;
    what its image encoder saw is known beforehand, as `seen`.
    """
    vae = pipe.vae
    encode = vae.encode

    def once(*told: Any, **more: Any) -> Any:
        if "keys" not in kept:
            kept["keys"] = encode(*told, **more)
        return kept["keys"]

    vae.encode = once
    pipe.encode_image = lambda *told, **more: kept["seen"]
    try:
        yield
    finally:
        del vae.encode, pipe.encode_image


def beginning_with_a_picture(pipe: Any) -> Any:
    """A plain pipeline, whose network takes a first frame too, as the one that is told of it. It
    has the parts that are at hand now.
    """
    from diffusers import WanImageToVideoPipeline

    names = ("tokenizer", "text_encoder", "vae", "scheduler", "transformer", "transformer_2")
    same = WanImageToVideoPipeline(
        **{name: getattr(pipe, name) for name in names},
        boundary_ratio=pipe.config.boundary_ratio,
        expand_timesteps=pipe.config.expand_timesteps,
    )
    same.set_progress_bar_config(disable=True)
    return same


def _tensor(picture: Pixels) -> Any:
    import torch

    shown = np.ascontiguousarray(np.clip(picture, 0, 1), dtype=np.float32)
    return torch.from_numpy(shown).permute(2, 0, 1)[None].contiguous()
