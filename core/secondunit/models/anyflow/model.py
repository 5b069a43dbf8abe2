"""AnyFlow checkpoints that shoot call sheets: at once, and in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from secondunit.callsheet import CallSheet, ModelCard, Pixels
from secondunit.models.anyflow.card import Shape
from secondunit.models.rig.continuing import Continuing, as_clip
from secondunit.models.rig.driven import Driven, During, Shoot
from secondunit.models.rig.parts import Parts
from secondunit.models.wan.decode import decoded, to_decoder
from secondunit.weights.checkpoint import Checkpoint


class AnyFlowModel(Driven):
    """A pipeline of AnyFlow's with its card, on a device. Not for two threads at once."""

    def loop(self, arguments: dict[str, Any]) -> Any:
        """Its latents as the loop itself has them: time before channels."""
        return super().loop(arguments).transpose(1, 2)

    def clip(self, latents: Any, shoot: Shoot) -> Any:
        """Channels before time, as the VAE wants them."""
        return latents.transpose(1, 2)

    def to_decoder(self, latents: Any) -> Any:
        """As Wan's."""
        return to_decoder(self._pipe.vae, latents)

    def frames_of(self, latents: Any, during: During) -> Iterator[Pixels]:
        """Latent frame by latent frame: it has Wan's VAE."""
        yield from decoded(self._pipe, latents, during)


class ChunkedModel(Continuing, AnyFlowModel):
    """One that makes a clip chunk after chunk, and can be shown the first of them.

    A preview is of the chunk that is being made.
    """

    def __init__(self, card: ModelCard, checkpoint: Checkpoint, parts: Parts, pipe: Any) -> None:
        super().__init__(card, checkpoint, parts, pipe)
        self._shape = Shape.of(checkpoint)

    def portion(self, known: int) -> int:
        """Whole chunks: of one that is shown in part, the pipeline would leave the rest empty."""
        return self._shape.begun(known)

    def pictures(self, shoot: Shoot) -> dict[str, Any]:
        """The frames it goes on from."""
        shown = self.opening(shoot.sheet).shown
        return {"video": as_clip(shown)} if len(shown) else {}

    def told(self, shoot: Shoot) -> dict[str, Any]:
        """The chunks as well."""
        told = super().told(shoot)
        return told | {"chunk_partition": self._shape.partition(told["num_frames"])}

    def way(self, sheet: CallSheet, steps: int) -> tuple[int, int]:
        """All of it for each chunk that is made."""
        opening = self.opening(sheet)
        chunks = len(self._shape.partition(opening.length))
        begun = len(self._shape.partition(len(opening.shown))) if len(opening.shown) else 0
        return steps, steps * (chunks - begun)
