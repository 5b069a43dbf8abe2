"""Public Wan checkpoints, as cards of models that are not here: what to look for when nothing at
hand will do.
"""

from __future__ import annotations

from fractions import Fraction

from secondunit.callsheet import FrameRule, ModelCard, Reach
from secondunit.models.wan.card import CLASSES, VACE, WORDS_ONLY
from secondunit_contract.frames import Rate


def _wan21(name: str, title: str, source: str, class_name: str, memory_gb: float) -> ModelCard:
    takes_pictures = class_name == VACE
    return ModelCard(
        name=name,
        title=title,
        reach=Reach(
            honours=CLASSES[class_name],
            multiple=16,
            frames=FrameRule(1, 4, 81),
            area=832 * 480,
            native_rate=Rate(Fraction(16)),
            context=9,
            references=3 if takes_pictures else 0,
            memory_gb=memory_gb,
        ),
        licence="Apache-2.0",
        training_data="not published by its maker",
        source=source,
    )


# Gigabytes: two bytes a weight of model, text reader and decoder together.
KNOWN = (
    _wan21("wan2.1-vace-1.3b", "Wan 2.1 VACE 1.3B", "Wan-AI/Wan2.1-VACE-1.3B-diffusers", VACE, 17),
    _wan21("wan2.1-vace-14b", "Wan 2.1 VACE 14B", "Wan-AI/Wan2.1-VACE-14B-diffusers", VACE, 47),
    _wan21(
        "wan2.1-t2v-1.3b", "Wan 2.1 T2V 1.3B", "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", WORDS_ONLY, 15
    ),
)
