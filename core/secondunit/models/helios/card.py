"""A Helios checkpoint's card, read from its configs: nothing is loaded for it."""

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

PLAIN = "HeliosPipeline"
PYRAMID = "HeliosPyramidPipeline"
CLASSES = frozenset({PLAIN, PYRAMID})
"""The pipeline classes driven here. The second makes each chunk small first, and then larger: its
small sizes cannot hold a cell.
"""
HONOURS: frozenset[Need] = frozenset({"words", "keys"})

CHUNK = 9
"""Latent frames of a chunk."""
REMEMBERED = 20
"""Latent frames of the past that every pass sees as well: 16, 2, 1, and the first."""

_NATIVE_AREA = 640 * 384
_NATIVE_CHUNKS = 8
_FEW, _MANY = 2, 20  # steps a size, as its maker's examples have it: distilled, or not


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, latents a token,
    and in how many sizes a chunk is made, each twice the last.
    """

    space: int
    time: int
    patch: int
    sizes: int = 1

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        with sizes_of(checkpoint):
            sizes = 1
            if checkpoint.class_name == PYRAMID:
                sizes = int(checkpoint.config("scheduler")["stages"])
            return cls(*latents_of(vae), longest_side(network["patch_size"]), sizes)

    @property
    def multiple(self) -> int:
        """Width and height are multiples of this: the smallest size still has whole tokens."""
        return self.token * 2 ** (self.sizes - 1)

    @property
    def token(self) -> int:
        """Pixels a token, each way, in the last size."""
        return self.space * self.patch

    @property
    def chunk(self) -> int:
        """Frames of a chunk."""
        return (CHUNK - 1) * self.time + 1


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED if class_name == PLAIN else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    area = told.whole("area", _NATIVE_AREA)
    tokens = (CHUNK + REMEMBERED) * area // shape.token**2
    reach = Reach(
        honours=told.honours(HONOURS),
        multiple=shape.multiple,
        frames=told.frames(shape.chunk, shape.chunk, _NATIVE_CHUNKS * shape.chunk),
        area=area,
        native_rate=told.rate(Rate(Fraction(24))),
        context=told.whole("context", shape.chunk),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        key_places="beginning",
        adapters=True,
        drag=told.drag(),
    )
    reach = widened(reach, told.stand_ins(helped_with(checkpoint.class_name)))
    if distilled(checkpoint):
        return card_with(checkpoint, reach, steps=_FEW * shape.sizes, guidance=1.0)
    steps = 50 if shape.sizes == 1 else _MANY * shape.sizes
    return card_with(checkpoint, reach, steps=steps, guidance=5.0)


def distilled(checkpoint: Checkpoint) -> bool:
    """Whether it was taught to make a chunk in a few steps, and the first of all in twice as
    many.
    """
    return bool(checkpoint.index().get("is_distilled"))
