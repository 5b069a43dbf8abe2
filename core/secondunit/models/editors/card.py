"""An editor's card, read from its configs: nothing is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass

from secondunit.callsheet import FrameRule, ModelCard, Need, Reach
from secondunit.models.rig.card import Told, card_with, memory_gb
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import CheckpointInvalid

KLEIN = "Flux2KleinPipeline"
QWEN = "QwenImageEditPlusPipeline"

HONOURS: frozenset[Need] = frozenset({"words", "plate", "edit", "references"})
"""What an editor can honour, on its one frame."""

_AREA = 1024 * 1024  # what both families were trained for, and what they fit pictures into
_REFERENCES = 2  # beside the plate: three pictures in all is what Edit-2509's maker advises
_SHOWN = 2  # pictures a pass sees beside the one it makes, usually


@dataclass(frozen=True)
class _Advice:
    """What a maker advises."""

    steps: int
    guidance: float


_QWEN = _Advice(40, 4.0)
_KLEIN_BASE = _Advice(50, 4.0)
_KLEIN_DISTILLED = _Advice(4, 1.0)


def card_from(checkpoint: Checkpoint) -> ModelCard:
    """The card of a checkpoint; what its card.toml says goes before what is known of the family."""
    told = Told(checkpoint)
    multiple = _multiple(checkpoint)
    area = told.whole("area", _AREA)
    honours = told.honours(HONOURS)
    tokens = (1 + _SHOWN) * area // multiple**2
    reach = Reach(
        honours=honours,
        multiple=multiple,
        frames=FrameRule(1, 1, 1),
        area=area,
        context=0,
        references=told.whole("references", _REFERENCES) if "references" in honours else 0,
        memory_gb=told.number("memory_gb", memory_gb(checkpoint, tokens)),
    )
    advice = _QWEN
    if checkpoint.class_name == KLEIN:
        advice = _KLEIN_DISTILLED if distilled(checkpoint) else _KLEIN_BASE
    return card_with(checkpoint, reach, advice.steps, advice.guidance)


def distilled(checkpoint: Checkpoint) -> bool:
    """Whether it was made to take few steps and no guidance."""
    return checkpoint.index().get("is_distilled") is True


def _multiple(checkpoint: Checkpoint) -> int:
    """What width and height are multiples of: a token is two latents wide and high."""
    vae = checkpoint.config("vae")
    stages = vae.get("temperal_downsample") or vae.get("block_out_channels")
    if not isinstance(stages, list) or not stages:
        raise CheckpointInvalid(
            "Its configs do not say what sizes it can make",
            str(checkpoint.folder / "vae"),
            "Fetch the checkpoint again, whole",
        )
    halved = len(stages) if "temperal_downsample" in vae else len(stages) - 1
    return int(2 ** (halved + 1))
