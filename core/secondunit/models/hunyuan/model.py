"""A HunyuanVideo 1.5 checkpoint that shoots call sheets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from secondunit.callsheet import ModelCard
from secondunit.models.hunyuan.card import PICTURES
from secondunit.models.rig.driven import Driven, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.weights.checkpoint import Checkpoint

_EYES = "image_encoder"


class HunyuanModel(Driven):
    """A pipeline of HunyuanVideo 1.5 with its card, on a device. Not for two threads at once."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._takes_pictures = checkpoint.class_name == PICTURES

    def read(self, prompt: str) -> Any:
        """As its two readers read it: what is said, and what is written in quotation marks."""
        return self._pipe.encode_prompt(prompt=prompt)

    def words(self, read: Any, negative: Any | None) -> dict[str, Any]:
        """Both readings and their masks."""
        kinds = ("embeds", "embeds_mask", "embeds_2", "embeds_mask_2")
        unread = (None,) * len(kinds) if negative is None else negative
        words = {f"prompt_{kind}": each for kind, each in zip(kinds, read, strict=True)}
        return words | {
            f"negative_prompt_{kind}": each for kind, each in zip(kinds, unread, strict=True)
        }

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The first frame, in 8 bits: the one form the pipeline takes it in."""
        import torch
        from PIL import Image

        if not self._takes_pictures:
            return {}
        key = np.clip(shoot.sheet.keys[0], 0, 1)
        picture = Image.fromarray(np.round(key * 255).astype(np.uint8))
        with self._working(shoot, (_EYES,)), torch.no_grad():
            pipe = self._pipe
            shoot.kept["seen"] = pipe.encode_image(
                picture, 1, self._parts.device, pipe.image_encoder.dtype
            )
        return {"image": picture}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """Its guidance is a part of it; where it is shown a picture, its size is the picture's."""
        told = super().told(shoot)
        return {name: value for name, value in told.items() if name in self._accepted}

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """While this lasts it is guided as the sheet says, makes the sheet's size and not the next
        best on a list of its own, and is told what was seen in the first frame.
        """
        pipe, sheet = self._pipe, shoot.sheet
        guider, choose = pipe.guider, pipe.video_processor
        pipe.guider = guider.new(guidance_scale=max(1.0, shoot.guidance))
        choose.calculate_default_height_width = lambda **_: (sheet.height, sheet.width)
        if self._takes_pictures:
            seen = shoot.kept["seen"]
            pipe.encode_image = lambda device, dtype, **_: seen.to(device, dtype)
        try:
            yield
        finally:
            pipe.guider = guider
            del choose.calculate_default_height_width
            if self._takes_pictures:
                del pipe.encode_image
