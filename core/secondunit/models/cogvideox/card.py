"""A CogVideoX checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from secondunit.callsheet import ModelCard, Need, Reach, Size
from secondunit.models.rig.card import Told, card_with, memory_gb, sizes_of, transformer_of
from secondunit.models.standins import SERVED, widened
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

PICTURES = "CogVideoXImageToVideoPipeline"
CLASSES: dict[str, frozenset[Need]] = {
    "CogVideoXPipeline": frozenset({"words"}),
    PICTURES: frozenset({"keys"}),
}
"""The pipeline classes driven here, and what each can honour."""

_DECODED_AT_ONCE = 2  # latent frames: AutoencoderKLCogVideoX makes 8k+1 frames of an odd number
_AREA_15 = 1360 * 768  # what 1.5 was trained for; its config's own size is no picture's


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by.

    space   pixels a latent
    time    frames a latent
    patch   latents a token, each way
    paired  latent frames a token: 2 from 1.5 on, whose pipeline puts another latent frame before an
            odd number of them
    fixed   whether its positions were learnt, and so are known for one size and length only
    """

    space: int
    time: int
    patch: int
    paired: int
    fixed: bool
    size: Size
    frames: int

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        with sizes_of(checkpoint):
            space = 2 ** (len(vae["block_out_channels"]) - 1)
            return cls(
                space,
                int(vae["temporal_compression_ratio"]),
                int(network["patch_size"]),
                int(network.get("patch_size_t") or 1),
                bool(network.get("use_learned_positional_embeddings", False)),
                Size(space * int(network["sample_width"]), space * int(network["sample_height"])),
                int(network["sample_frames"]),
            )

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this."""
        return self.space * self.patch

    def latents(self, frames: int) -> int:
        """How many latent frames so many frames are."""
        return (frames - 1) // self.time + 1


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED if class_name in CLASSES else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    newer = shape.paired > 1
    step = shape.time * _DECODED_AT_ONCE
    frames = told.frames(shape.frames if shape.fixed else 1, step, shape.frames)
    area = told.whole("area", _AREA_15 if newer else shape.size.width * shape.size.height)
    tokens = -(-shape.latents(frames.longest) // shape.paired) * area // shape.multiple**2
    reach = Reach(
        honours=told.honours(CLASSES[checkpoint.class_name]),
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(Rate(Fraction(16 if newer else 8))),
        context=told.whole("context", 1),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        key_places="first",
        size=shape.size if shape.fixed else None,
        adapters=True,
        drag=told.drag(),
    )
    reach = widened(reach, told.stand_ins(helped_with(checkpoint.class_name)))
    return card_with(checkpoint, reach, steps=50, guidance=6.0)
