"""A SkyReels-V2 diffusion forcing checkpoint's card, read from its configs: nothing is loaded for
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from secondunit.callsheet import ModelCard, Need, Reach
from secondunit.models.rig.card import (
    Told,
    card_with,
    latents_of,
    longest_side,
    memory_gb,
    sizes_of,
    transformer_of,
)
from secondunit.models.standins import SERVED, widened
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

WORDS = "SkyReelsV2DiffusionForcingPipeline"
GOING_ON = "SkyReelsV2DiffusionForcingVideoToVideoPipeline"
CLASSES = frozenset({WORDS, GOING_ON, "SkyReelsV2DiffusionForcingImageToVideoPipeline"})
"""The pipeline classes whose checkpoints are driven here: they are the same."""
HONOURS: frozenset[Need] = frozenset({"words", "keys"})

_NATIVE_AREA = 960 * 544
_NATIVE_FRAMES = 97
_DRAGGED: frozenset[Need] = frozenset({"tracks"})
"""What is dragged is let go on the way: the solvers that would have to be told are copies which its
pipeline makes for itself.
"""
_CONTEXT = 17  # frames: what its maker advises to go on from


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, latents a token,
    and how many latent frames are made at once.
    """

    space: int
    time: int
    patch: int
    block: int

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        with sizes_of(checkpoint):
            return cls(
                *latents_of(vae),
                longest_side(network["patch_size"]),
                int(network.get("num_frame_per_block", 1)),
            )

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this."""
        return self.space * self.patch

    @property
    def shortest(self) -> int:
        """Two blocks: one it may be shown, and one to make."""
        return (2 * self.block - 1) * self.time + 1

    @property
    def step(self) -> int:
        """How many frames another block is."""
        return self.block * self.time


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED - _DRAGGED if class_name in CLASSES else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    longest = shape.shortest + (_NATIVE_FRAMES - shape.shortest) // shape.step * shape.step
    frames = told.frames(shape.shortest, shape.step, longest)
    area = told.whole("area", _NATIVE_AREA)
    tokens = ((frames.longest - 1) // shape.time + 1) * area // shape.multiple**2
    reach = Reach(
        honours=told.honours(HONOURS),
        multiple=shape.multiple,
        frames=frames,
        area=area,
        native_rate=told.rate(Rate(Fraction(24))),
        context=told.whole("context", _CONTEXT),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        key_places="beginning",
        adapters=True,
    )
    reach = widened(reach, told.stand_ins(helped_with(checkpoint.class_name)))
    return card_with(checkpoint, reach, steps=50, guidance=6.0)
