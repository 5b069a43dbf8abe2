"""Engines outside: a ComfyUI or an OpenAI-style video server that shoots for us, described by a
TOML file that the artist writes.

Such a file is a source as a checkpoint's folder is one: its card says what the engine honours.
"""

from __future__ import annotations

from pathlib import Path

from secondunit.callsheet import ModelCard, VideoModel
from secondunit.models.external.described import SUFFIX, card_from, read


def reaches(source: str) -> bool:
    """Whether a source is the description of an engine."""
    return source.lower().endswith(SUFFIX)


def card_at(source: str) -> ModelCard:
    """The card a description makes; the engine is not asked. Raises BadValue, ModelUnknown."""
    return card_from(read(Path(source)))


def reached(card: ModelCard) -> VideoModel:
    """The engine, ready to be handed sheets. Raises BadValue, ModelUnknown, PartMissing."""
    from secondunit.models.external.comfyui import ComfyUI
    from secondunit.models.external.videos import Videos

    engine = read(Path(card.source))
    return ComfyUI(engine) if engine.told.kind == "comfyui" else Videos(engine)
