"""SkyReels-V2 diffusion forcing: from words, from a first picture, or on from a clip."""

from __future__ import annotations

from secondunit.callsheet import ModelCard, Need, VideoModel
from secondunit.models.berth import Berth
from secondunit.models.skyreels.card import CLASSES, card_from, helped_with
from secondunit.weights.checkpoint import Checkpoint


def drives(class_name: str) -> bool:
    """Whether a checkpoint made for that pipeline class is one of these."""
    return class_name in CLASSES


def card_of(checkpoint: Checkpoint) -> ModelCard:
    """The card a checkpoint's configs and its card.toml make. Raises CheckpointInvalid."""
    return card_from(checkpoint)


def helped(class_name: str) -> frozenset[Need]:
    """What stand-ins may do for such checkpoints, whether they are here or not."""
    return helped_with(class_name)


def load(card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> VideoModel:
    """The checkpoint, ready to shoot where it is to live.

    Raises CheckpointInvalid, NotEnoughMemory, PartMissing.
    """
    from secondunit.models.skyreels.model import SkyReelsModel

    return SkyReelsModel.load(card, checkpoint, berth)
