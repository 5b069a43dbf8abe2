"""What both editors have in common: one frame out, made of the pictures a sheet shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from secondunit.callsheet import UNKNOWN, CallSheet, Pixels
from secondunit.models.rig.driven import Driven, During, Shoot

_SMALLEST = 64  # pixels: neither pipeline takes a picture with a shorter side


class Editor(Driven):
    """A pipeline that edits a picture, with its card, on a device. Not for two threads at once."""

    def shown(self, shoot: Shoot) -> list[Any]:
        """The plate and the references as 8-bit pictures, the one form both pipelines take."""
        sheet = shoot.sheet
        plate = [] if sheet.plate is None else [sheet.plate[0]]
        return [as_picture(each) for each in (*plate, *sheet.references)]

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """A picture has no frames."""
        sheet = shoot.sheet
        return {
            "height": sheet.height,
            "width": sheet.width,
            "num_inference_steps": shoot.steps,
        }

    def loop(self, arguments: dict[str, Any]) -> Any:
        """The pipeline's call, and the latents it ends with."""
        return self._pipe(**arguments).images

    def to_decoder(self, latents: Any) -> Any:
        """They are that already: see `clip`."""
        return latents.to(self._pipe.vae.dtype)

    def tokens(self, sheet: CallSheet) -> int:
        """The plate and each reference are as many as the picture that is made, about."""
        seen = 1 + (sheet.plate is not None) + len(sheet.references)
        return seen * sheet.width * sheet.height // self.card.reach.multiple**2

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """The one frame (1,H,W,3)."""
        import torch

        with during(), torch.no_grad():
            picture = self.decoded(self.to_decoder(latents))
            shown = self._pipe.image_processor.postprocess(picture.float(), output_type="np")
        yield np.ascontiguousarray(shown, dtype=np.float32)

    def decoded(self, latents: Any) -> Any:
        """Latents (1,C,1,h,w) in the decoder's scale as a picture (1,3,H,W) in -1..1."""
        raise NotImplementedError


def as_picture(pixels: Pixels) -> Any:
    """Pixels (H,W,3) in 0..1 as an 8-bit picture that is not too small to be taken."""
    from PIL import Image

    whole = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(whole)
    short = min(picture.size)
    if short >= _SMALLEST:
        return picture
    scale = _SMALLEST / short
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)


def grey(sheet: CallSheet) -> Any:
    """What is shown to a pipeline that must see a picture, where a sheet has none."""
    return as_picture(np.full((sheet.height, sheet.width, 3), UNKNOWN, np.float32))
