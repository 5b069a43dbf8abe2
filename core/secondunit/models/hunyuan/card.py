"""A HunyuanVideo 1.5 checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from secondunit.callsheet import ModelCard, Need, Reach
from secondunit.models.rig.card import Told, card_with, memory_gb, sizes_of, transformer_of
from secondunit.models.standins import SERVED, widened
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

PICTURES = "HunyuanVideo15ImageToVideoPipeline"
CLASSES: dict[str, frozenset[Need]] = {
    "HunyuanVideo15Pipeline": frozenset({"words"}),
    PICTURES: frozenset({"keys"}),
}
"""The pipeline classes driven here, and what each can honour."""

_NATIVE_FRAMES = 121


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, latents a token;
    and the side of the square whose area it was trained for.
    """

    space: int
    time: int
    patch: int
    side: int

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        with sizes_of(checkpoint):
            return cls(
                int(vae["spatial_compression_ratio"]),
                int(vae["temporal_compression_ratio"]),
                int(network["patch_size"]),
                int(network["target_size"]),
            )

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this."""
        return self.space * self.patch


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED if class_name in CLASSES else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    frames = told.frames(1, shape.time, _NATIVE_FRAMES)
    area = told.whole("area", shape.side**2)
    tokens = ((frames.longest - 1) // shape.time + 1) * area // shape.multiple**2
    reach = Reach(
        honours=told.honours(CLASSES[checkpoint.class_name]),
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(Rate(Fraction(24))),
        context=told.whole("context", 1),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        key_places="first",
        drag=told.drag(),
    )
    reach = widened(reach, told.stand_ins(helped_with(checkpoint.class_name)))
    guided = float(checkpoint.config("guider").get("guidance_scale", 6.0))
    return card_with(checkpoint, reach, steps=50, guidance=guided)
