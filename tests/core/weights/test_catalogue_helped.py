"""What stand-ins do for a model of the catalogue: just what its checkpoint's own card says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from secondunit import models
from secondunit.callsheet import ModelCard
from secondunit.models.editors.tiny import tiny_klein, tiny_qwen
from secondunit.models.testing import tiny_vace, tiny_wan, tiny_wan_pictures
from secondunit.models.tiny.anyflow import tiny_anyflow
from secondunit.models.tiny.cogvideox import tiny_cogvideox
from secondunit.models.tiny.helios import tiny_helios
from secondunit.models.tiny.hunyuan import tiny_hunyuan
from secondunit.models.tiny.ltx import tiny_light, tiny_ltx
from secondunit.models.tiny.skyreels import tiny_skyreels
from secondunit.weights.catalogue import entries

WRITERS: dict[str, Callable[[Path], Path]] = {
    "WanVACEPipeline": tiny_vace,
    "WanPipeline": tiny_wan,
    "WanImageToVideoPipeline": tiny_wan_pictures,
    "HeliosPipeline": tiny_helios,
    "HeliosPyramidPipeline": partial(tiny_helios, sizes=2),
    "SkyReelsV2DiffusionForcingPipeline": tiny_skyreels,
    "AnyFlowPipeline": tiny_anyflow,
    "AnyFlowFARPipeline": partial(tiny_anyflow, chunks=True),
    "CogVideoXPipeline": tiny_cogvideox,
    "LTX2Pipeline": tiny_ltx,
    "LTX2HDRPipeline": tiny_light,
    "HunyuanVideo15Pipeline": tiny_hunyuan,
    "HunyuanVideo15ImageToVideoPipeline": partial(tiny_hunyuan, pictures=True),
    "QwenImageEditPlusPipeline": tiny_qwen,
    "Flux2KleinPipeline": tiny_klein,
}
EXPANDING = {"wan2.2-ti2v-5b": partial(tiny_wan, expanding=True)}
"""Of a class whose checkpoints are of two kinds, those of the other one."""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], ModelCard]:
    """The card of a tiny checkpoint of an entry's kind, as its family reads it."""
    root, known = tmp_path_factory.mktemp("kinds"), dict[str, ModelCard]()

    def card(name: str, pipeline: str) -> ModelCard:
        kind = name if name in EXPANDING else pipeline
        if kind not in known:
            written = EXPANDING.get(kind) or WRITERS[kind]
            known[kind] = models.card_of(str(written(root / kind.replace(".", "-"))))
        return known[kind]

    return card


def checked(names: dict[str, str], read: Callable[[str, str], ModelCard]) -> int:
    """How many of these models, each with its class, have stand-ins; each has its own card's."""
    told, helped = {card.name: card.reach for card in models.known()}, 0
    for name, pipeline in names.items():
        own = read(name, pipeline).reach
        assert told[name].stand_ins == own.stand_ins, name
        assert told[name].honours == own.honours, name
        helped += bool(own.stand_ins)
    return helped


PIPELINES = {entry.name: entry.pipeline for entry in entries()}


def test_every_model_is_helped_with_what_its_checkpoint_would_be(
    read: Callable[[str, str], ModelCard],
) -> None:
    assert checked(PIPELINES, read) > len(PIPELINES) / 2, "if none were, this would prove nothing"
