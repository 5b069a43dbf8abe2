"""A SkyReels-V2 diffusion forcing checkpoint that shoots call sheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secondunit.callsheet import ModelCard, Pixels
from secondunit.models.rig.continuing import Continuing, as_clip
from secondunit.models.rig.driven import During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.models.skyreels.card import GOING_ON, WORDS, Shape
from secondunit.models.wan.decode import decoded, to_decoder
from secondunit.weights.checkpoint import Checkpoint

_SLOW = 16  # frames a second: it knows this rate and one other, 24


class SkyReelsModel(Continuing):
    """A pipeline of SkyReels' with its card, on a device. Not for two threads at once.

    It has no previews: the pipeline gives every latent frame a scheduler of its own, out of reach.
    """

    PIPELINE = WORDS

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)

    def portion(self, known: int) -> int:
        """Whole blocks."""
        block, step = self._shape.shortest - self._shape.step, self._shape.step
        return 0 if known < block else block + (known - block) // step * step

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The frames it goes on from."""
        shown = self.opening(shoot.sheet).shown
        if not len(shown):
            return {}
        return {"video": as_clip(shown), "overlap_history": len(shown)}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """All its frames at once."""
        told = super().told(shoot)
        slow = shoot.sheet.rate.per_second == _SLOW
        told |= {"base_num_frames": told["num_frames"], "fps": _SLOW if slow else 24}
        return told | {"prompt": None}  # it insists on being told one, or none

    def loop(self, arguments: dict[str, Any]) -> Any:
        """The same parts are another pipeline where it goes on from a clip."""
        import diffusers

        pipe = self._pipe
        if "video" in arguments:
            pipe = getattr(diffusers, GOING_ON)(**pipe.components)
            pipe.set_progress_bar_config(disable=True)
        return pipe(**arguments).frames

    def to_decoder(self, latents: Any) -> Any:
        """As Wan's."""
        return to_decoder(self._pipe.vae, latents)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Latent frame by latent frame: it has Wan's VAE."""
        yield from decoded(self._pipe, latents, during)
