"""The card of an LTX-2 checkpoint that gives a plate back in light, read from its configs."""

from __future__ import annotations

import math
from dataclasses import replace

from secondunit.callsheet import ModelCard, Need, Reach
from secondunit.models.ltx.card import Shape
from secondunit.models.ltx.light_kit import Kit
from secondunit.models.rig.card import Told, card_with, memory_gb
from secondunit.weights.catalogue import entry_at
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.frames import Rate

CLASS = "LTX2HDRPipeline"
HONOURS: frozenset[Need] = frozenset({"light"})
SILENT = frozenset({"vocoder"})
"""What makes its sound heard, which nobody wants of it."""
READERS = frozenset({"text_encoder", "connectors"})
"""What it needs no more once its words were read."""

_SIDES = 32  # the pipeline takes no other sizes, whatever the VAE
_NATIVE_AREA = 768 * 512
_NATIVE_FRAMES = 121
_MERGED = "It wears no adapter: what teaches it light must be merged into its network"
_READING = "It reads the words of each shot, as its maker's own does not"


def gives_light(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is to be driven by that class: made for it, or in the catalogue for it,
    since the weights its maker published are those of another class.
    """
    entry = entry_at(checkpoint.folder, checkpoint.class_name)
    return CLASS in (checkpoint.class_name, entry.pipeline if entry else "")


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family.

    Raises CheckpointInvalid, for what lies beside its parts too: see `Kit`.
    """
    told, shape, kit = Told(checkpoint), Shape.of(checkpoint), Kit.of(checkpoint)
    frames = told.frames(1, shape.time, _NATIVE_FRAMES)
    area = told.whole("area", _NATIVE_AREA)
    reach = Reach(
        honours=HONOURS,
        multiple=math.lcm(_SIDES, shape.space) * kit.smaller,
        frames=frames,
        area=area,
        native_rate=told.rate(Rate.of(24)),
        context=told.whole("context", shape.time + 1),
        memory_gb=told.number("memory_gb", _memory(checkpoint, kit, shape, frames.longest, area)),
    )
    card = card_with(checkpoint, reach, steps=8, guidance=1.0)
    lacking = [
        note for file, note in ((kit.adapter, _MERGED), (kit.embeddings, _READING)) if file is None
    ]
    return replace(card, note=". ".join(filter(None, [card.note, *lacking])))


def unused(kit: Kit) -> frozenset[str]:
    """Parts that are never loaded."""
    return SILENT if kit.embeddings is None else SILENT | READERS


def _memory(checkpoint: Checkpoint, kit: Kit, shape: Shape, longest: int, area: int) -> float:
    used = tuple(name for name in checkpoint.components if name not in unused(kit))
    own = shape.latents(longest) * area // shape.space**2
    return memory_gb(replace(checkpoint, components=used), own + own // kit.smaller**2)
