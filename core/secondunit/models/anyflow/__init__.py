"""AnyFlow: clips in a few steps, from words; those that work in chunks go on from pictures too."""

from __future__ import annotations

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.anyflow.card import CHUNKED, CLASSES, card_from
from secondunit.models.berth import Berth
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
    from secondunit.models.anyflow.model import AnyFlowModel, ChunkedModel

    kind = ChunkedModel if checkpoint.class_name == CHUNKED else AnyFlowModel
    return kind.load(card, checkpoint, berth)
