"""An LTX-2 checkpoint's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from secondunit.callsheet import ModelCard, Need, Reach
from secondunit.models.rig.card import Told, card_with, memory_gb, sizes_of, transformer_of
from secondunit.models.standins import SERVED, widened
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

CLASSES = frozenset({"LTX2Pipeline", "LTX2ImageToVideoPipeline", "LTX2ConditionPipeline"})
"""The pipeline classes whose checkpoints are driven here: all by the last, which does what the
others do.
"""
HONOURS: frozenset[Need] = frozenset({"words", "keys"})
SOUND = ("audio_vae", "vocoder")
"""The parts that let its sound be heard."""

_SIDES = 32  # the pipelines take no other sizes, whatever the VAE
_NATIVE_AREA = 768 * 512
_NATIVE_FRAMES = 121


@dataclass(frozen=True)
class Shape:
    """What a checkpoint's pipeline divides by: pixels a latent, frames a latent, and whether it is
    of LTX-2.0, which was trained to be guided otherwise.
    """

    space: int
    time: int
    first: bool

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Shape:
        """Read as the pipeline class does. Raises CheckpointInvalid."""
        vae, network = checkpoint.config("vae"), transformer_of(checkpoint)
        with sizes_of(checkpoint):
            stages = 2 ** sum(bool(stage) for stage in vae["spatio_temporal_scaling"])
            space = vae.get("spatial_compression_ratio") or vae["patch_size"] * stages
            time = vae.get("temporal_compression_ratio") or vae["patch_size_t"] * stages
            return cls(int(space), int(time), not network.get("cross_attn_mod", False))

    def latents(self, frames: int) -> int:
        """How many latent frames so many frames are."""
        return (frames - 1) // self.time + 1


def helped_with(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for a checkpoint made for that pipeline class."""
    return SERVED if class_name in CLASSES else frozenset()


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told, shape = Told(checkpoint), Shape.of(checkpoint)
    frames = told.frames(1, shape.time, _NATIVE_FRAMES)
    area = told.whole("area", _NATIVE_AREA)
    tokens = shape.latents(frames.longest) * area // shape.space**2
    reach = Reach(
        honours=told.honours(HONOURS),
        multiple=math.lcm(_SIDES, shape.space),
        frames=frames,
        area=area,
        native_rate=told.rate(Rate(Fraction(24))),
        context=told.whole("context", shape.time + 1),
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
        adapters=True,
        sound=set(SOUND) <= set(checkpoint.components),
        drag=told.drag(),
    )
    reach = widened(reach, told.stand_ins(helped_with(checkpoint.class_name)))
    steps, guidance = (40, 4.0) if shape.first else (30, 3.0)
    return card_with(checkpoint, reach, steps=steps, guidance=guidance)
