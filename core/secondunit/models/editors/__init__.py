"""Editors of single pictures: checkpoints of `QwenImageEditPlusPipeline` and
`Flux2KleinPipeline`, as models of one frame that follow an instruction.

They are what an instruction is read by where a video model is to carry it through a shot.
"""

from __future__ import annotations

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.berth import Berth
from secondunit.models.editors.card import KLEIN, QWEN, card_from
from secondunit.weights.checkpoint import Checkpoint


def drives(class_name: str) -> bool:
    """Whether a checkpoint made for that pipeline class is one of these."""
    return class_name in (KLEIN, QWEN)


def card_of(checkpoint: Checkpoint) -> ModelCard:
    """The card a checkpoint's configs and its card.toml make. Raises CheckpointInvalid."""
    return card_from(checkpoint)


def load(card: ModelCard, checkpoint: Checkpoint, berth: Berth) -> VideoModel:
    """The checkpoint, ready to edit where it is to live.

    Raises CheckpointInvalid, NotEnoughMemory, PartMissing.
    """
    if checkpoint.class_name == KLEIN:
        from secondunit.models.editors.klein import Klein

        return Klein.load(card, checkpoint, berth)
    from secondunit.models.editors.qwen import Qwen

    return Qwen.load(card, checkpoint, berth)
