"""A CogVideoX checkpoint that shoots call sheets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from secondunit.callsheet import Answer, CallSheet, ModelCard, Pixels, Watch
from secondunit.models.cogvideox.card import PICTURES, Shape
from secondunit.models.rig.continuing import as_clip
from secondunit.models.rig.driven import Driven, During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import SizeUnfit


class CogVideoXModel(Driven):
    """A pipeline of CogVideoX's with its card, on a device. Not for two threads at once."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)
        self._takes_pictures = checkpoint.class_name == PICTURES
        # Where positions are added to words and picture together, the words must be just as many.
        self._prompt_length = int(checkpoint.config("transformer")["max_text_seq_length"])

    def shoot(self, sheet: CallSheet, watch: Watch) -> Iterator[Answer]:
        """As all do; from 1.5 on positions are known as far as a side of its config's size."""
        most = self._shape.size
        if self._shape.paired > 1 and (sheet.width > most.width or sheet.height > most.height):
            raise SizeUnfit(
                f"{sheet.width}x{sheet.height} is too large for {self.card.title}",
                self.card.name,
                f"It makes {most.width} pixels across and {most.height} down at most",
            )
        return super().shoot(sheet, watch)

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The first frame."""
        if not self._takes_pictures:
            return {}
        return {"image": as_clip(np.clip(shoot.sheet.keys[0][None], 0, 1))[0]}

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """The first frame reaches the VAE in the network's precision, which need not be its own."""
        vae = self._pipe.vae
        encode = vae.encode
        vae.encode = lambda pictures, **more: encode(pictures.to(vae.dtype), **more)
        try:
            yield
        finally:
            del vae.encode

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """Time stands before channels in the loop, and what 1.5 pads with before the clip."""
        padded = latents.shape[1] - self._shape.latents(shoot.sheet.frames)
        return latents[:, padded:].permute(0, 2, 1, 3, 4)

    def packed(self, latents: Any, shoot: Shoot) -> Any:
        """What 1.5 pads with is the first latent frame once more, as where it is shown one."""
        import torch

        padded = -latents.shape[2] % self._shape.paired
        before = latents[:, :, :1].expand(-1, -1, padded, -1, -1)
        return torch.cat([before, latents], dim=2).permute(0, 2, 1, 3, 4)

    def to_decoder(self, latents: Any) -> Any:
        """By the same operation as the pipelines', so that the bits are the same."""
        vae = self._pipe.vae
        return 1 / vae.config.scaling_factor * latents.to(vae.dtype)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Two latent frames at a time, three at first, as the VAE itself does it; a VAE that works
        in tiles decodes the clip at once.
        """
        import torch

        if self._pipe.vae.use_tiling:
            yield from super().frames_of(latents, during)
            return
        memory, pairs = None, self._pipe.vae.num_latent_frames_batch_size
        count = latents.shape[2]
        odd = count % pairs
        ends = range(min(pairs + odd, count), count + 1, pairs)
        for start, stop in zip((0, *ends), ends, strict=False):
            with during(), torch.no_grad():
                vae = self._pipe.vae  # as it is now: it may have been away in between
                part = self.to_decoder(latents[:, :, start:stop])
                if vae.post_quant_conv is not None:
                    part = vae.post_quant_conv(part)
                frames, memory = vae.decoder(part, conv_cache=memory)
                shown = self._pipe.video_processor.postprocess_video(frames, output_type="np")[0]
            yield np.ascontiguousarray(shown, dtype=np.float32)

    def tokens(self, sheet: CallSheet) -> int:
        """From 1.5 on two latent frames share their tokens."""
        latents = -(-self._shape.latents(sheet.frames) // self._shape.paired)
        return latents * sheet.width * sheet.height // self._shape.multiple**2
