"""SkyReels-V2 diffusion forcing: from words, from a first picture, or on from a clip."""

from __future__ import annotations

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.berth import Berth
from secondunit.models.skyreels.card import CLASSES, card_from
from secondunit.weights.checkpoint import Checkpoint


def drives(class_name: str) -> bool:
    """Whether a checkpoint made for that pipeline class is one of these."""
    return class_name in CLASSES


def card_of(checkpoint: Checkpoint) -> ModelCard:
    """The card a checkpoint's configs and its card.toml make. Raises CheckpointInvalid."""
    return card_from(checkpoint)


def load(card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> VideoModel:
    """The checkpoint, ready to shoot where it is to live.

    Raises CheckpointInvalid, NotEnoughMemory, PartMissing.
    """
    from secondunit.models.skyreels.model import SkyReelsModel

    return SkyReelsModel.load(card, checkpoint, berth)
