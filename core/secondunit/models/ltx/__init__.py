"""LTX-2: from words, and from pictures and clips at any frame, with sound; and one of it that gives
a plate back in light.
"""

from __future__ import annotations

from secondunit.callsheet import ModelCard, Need, VideoModel
from secondunit.models.berth import Berth
from secondunit.models.ltx import light_card
from secondunit.models.ltx.card import CLASSES, card_from, helped_with
from secondunit.models.ltx.light_kit import Kit
from secondunit.weights.checkpoint import Checkpoint


def drives(class_name: str) -> bool:
    """Whether a checkpoint made for that pipeline class is one of these."""
    return class_name in CLASSES or class_name == light_card.CLASS


def card_of(checkpoint: Checkpoint) -> ModelCard:
    """The card a checkpoint's configs and its card.toml make. Raises CheckpointInvalid."""
    if light_card.gives_light(checkpoint):
        return light_card.card_from(checkpoint)
    return card_from(checkpoint)


def helped(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for such checkpoints, whether they are here or not."""
    return helped_with(class_name)


def load(card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> VideoModel:
    """The checkpoint, ready to shoot where it is to live.

    Raises CheckpointInvalid, NotEnoughMemory, PartMissing.
    """
    if light_card.gives_light(checkpoint):
        from secondunit.models.ltx.light import ForetoldLight, LightModel

        foretold = Kit.of(checkpoint).embeddings is not None
        return (ForetoldLight if foretold else LightModel).load(card, checkpoint, berth)
    from secondunit.models.ltx.model import LtxModel

    return LtxModel.load(card, checkpoint, berth)
