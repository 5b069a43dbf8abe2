"""An AnyFlow checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from secondunit.callsheet import FrameRule, ModelCard, Need, Reach
from secondunit.models.rig.card import (
    Told,
    card_with,
    latents_of,
    longest_side,
    memory_gb,
    sizes_of,
    transformer_of,
)
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

CHUNKED = "AnyFlowFARPipeline"
CLASSES: dict[str, frozenset[Need]] = {
    "AnyFlowPipeline": frozenset({"words"}),
    CHUNKED: frozenset({"words", "keys"}),
}
"""The pipeline classes driven here, and what each can honour."""

_NATIVE_AREA = 832 * 480
_NATIVE_FRAMES = 81


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, latents a token.

    chunks  latent frames of each chunk of a whole clip; none where it is made at once
    fewest  chunks its memory of earlier ones has room for at least
    """

    space: int
    time: int
    patch: int
    chunks: tuple[int, ...] = ()
    fewest: int = 1

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        chunked = checkpoint.class_name == CHUNKED
        with sizes_of(checkpoint):
            patch = network["compressed_patch_size" if chunked else "patch_size"]
            return cls(
                *latents_of(vae),
                longest_side(patch),
                tuple(int(each) for each in network["chunk_partition"]) if chunked else (),
                max(1, int(network["full_chunk_limit"]) - 1) if chunked else 1,
            )

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this: older chunks are remembered in larger patches,
        which must come out even too.
        """
        return self.space * self.patch

    def frames(self, latents: int) -> int:
        """How many frames so many latent frames are."""
        return (latents - 1) * self.time + 1

    def partition(self, frames: int) -> list[int]:
        """The chunks of a clip of so many frames: those of a whole one, cut off where it ends."""
        left, laid = (frames - 1) // self.time + 1, []
        for chunk in self.chunks:
            if left > 0:
                laid.append(min(chunk, left))
                left -= chunk
        return laid

    def begun(self, known: int) -> int:
        """How many of the known frames whole chunks hold, at most."""
        ends = [self.frames(latents) for latents in accumulate(self.chunks)]
        return max((end for end in ends if end <= known), default=0)


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    frames = told.frames(1, shape.time, _NATIVE_FRAMES)
    if shape.chunks:
        shortest = shape.frames(sum(shape.chunks[: shape.fewest - 1]) + 1)
        longest = min(shape.frames(sum(shape.chunks)), told.whole("longest", 2**31))
        frames = FrameRule(shortest, shape.time, longest)
    area = told.whole("area", _NATIVE_AREA)
    tokens = ((frames.longest - 1) // shape.time + 1) * area // (shape.space * 2) ** 2
    reach = Reach(
        honours=told.honours(CLASSES[checkpoint.class_name]),
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(Rate(Fraction(16))),
        context=told.whole("context", shape.frames(sum(shape.chunks[:2])) if shape.chunks else 1),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        key_places="beginning",
        adapters=True,
    )
    return card_with(checkpoint, reach, steps=4, guidance=1.0)
