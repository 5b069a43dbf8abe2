"""A Helios checkpoint that shoots call sheets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from secondunit.callsheet import CallSheet, ModelCard, Pixels
from secondunit.models.helios.block_noise import block_noise
from secondunit.models.helios.card import CHUNK, REMEMBERED, Shape, distilled
from secondunit.models.rig.continuing import Continuing, as_clip
from secondunit.models.rig.driven import During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.models.standins.cells import Cells
from secondunit.models.wan.decode import decoded, to_decoder
from secondunit.weights.checkpoint import Checkpoint


class HeliosModel(Continuing):
    """A pipeline of Helios' with its card, on a device. Not for two threads at once.

    A preview is of the chunk that is being made. What it goes on from gets a little noise, which
    the pipeline draws on the device itself: so such takes differ from one device to another.
    """

    REPEATS = False

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)

    def portion(self, known: int) -> int:
        """Whole chunks, or a picture."""
        chunk = self._shape.chunk
        return known // chunk * chunk or min(known, 1)

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The frames it goes on from."""
        shown = self.opening(shoot.sheet).shown
        if len(shown) > 1:
            return {"video": as_clip(shown)}
        return {"image": as_clip(shown)[0]} if len(shown) else {}

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """All of it for each chunk."""
        return steps, steps * (self.opening(sheet).length // self._shape.chunk)

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """The pipeline decodes each chunk when it has made it, even where only latents are asked
        for; while this lasts it does not.
        """
        vae = self._pipe.vae
        vae.decode = lambda latents, **_: (latents.new_zeros(1, 3, 0, 1, 1),)
        try:
            yield
        finally:
            del vae.decode

    def loop(self, arguments: dict[str, Any]) -> Any:
        """Noise of its own is drawn where the pictures are."""
        import torch

        device = self._parts.device
        if device.type != "cpu" and arguments.keys() & {"image", "video"}:
            seed = arguments["generator"].initial_seed()
            arguments["generator"] = torch.Generator(device).manual_seed(seed)
        return super().loop(arguments)

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """What it goes on from stands before the chunks it has made."""
        made = self.opening(shoot.sheet).length // self._shape.chunk * CHUNK
        return latents[:, :, -made:]

    def to_decoder(self, latents: Any) -> Any:
        """As Wan's."""
        return to_decoder(self._pipe.vae, latents)

    def cells(self) -> Cells:
        """Each chunk has a first cell of its own."""
        return Cells(self._shape.space, self._shape.time, self._shape.chunk)

    def encoded(self, clip: Pixels) -> Any:
        """Each chunk is a clip of its own to the VAE."""
        import torch

        chunks = np.split(clip, len(clip) // self._shape.chunk)
        return torch.cat(list(map(super().encoded, chunks)), dim=2)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Each chunk is a clip of its own to the VAE, which is Wan's."""
        for first in range(0, latents.shape[2], CHUNK):
            yield from decoded(self._pipe, latents[:, :, first : first + CHUNK], during)

    def tokens(self, sheet: CallSheet) -> int:
        """Those of a chunk and of what it remembers, however long the clip."""
        return (CHUNK + REMEMBERED) * sheet.width * sheet.height // self._shape.token**2


class PyramidModel(HeliosModel):
    """One that makes each chunk small first, and then in twice that size, up to the sheet's.

    A preview is of what it aims at in the size it is at: early ones are coarse, and have noise.
    """

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._distilled = distilled(checkpoint)
        pipe.sample_block_noise = partial(block_noise, pipe.scheduler.config.gamma)

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """One step at least in each size; what was taught to take few makes its first chunk, of
        which it remembers nothing yet, in twice as many.
        """
        steps = max(steps, self._shape.sizes)
        chunks = self.opening(sheet).length // self._shape.chunk
        return steps, steps * (chunks + self._distilled)

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """Its steps size by size: those left over go to the small ones."""
        told, sizes = super().told(shoot), self._shape.sizes
        each, over = divmod(told.pop("num_inference_steps"), sizes)
        told["pyramid_num_inference_steps_list"] = [each + (at < over) for at in range(sizes)]
        return told | {"is_amplify_first_chunk": self._distilled}

    @contextmanager
    def around(self, shoot: Shoot) -> Iterator[None]:
        """Of a picture that is one token wide its guidance cannot read the network's answer as it
        lies in memory: so it is laid out anew.
        """
        hook = self._pipe.transformer.register_forward_hook(_laid_out)
        try:
            with super().around(shoot):
                yield
        finally:
            hook.remove()

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """On the way they are smaller than the sheet's: a preview shows them as large."""
        import torch

        space, sheet = self._shape.space, shoot.sheet
        latents = super().clip(latents, shoot)
        whole = (latents.shape[2], sheet.height // space, sheet.width // space)
        if latents.shape[2:] == whole:
            return latents
        return torch.nn.functional.interpolate(latents, size=whole, mode="nearest")


def _laid_out(network: Any, given: Any, answer: Any) -> Any:
    return (answer[0].contiguous(), *answer[1:])
