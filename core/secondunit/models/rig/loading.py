"""A checkpoint opened by its official pipeline class: from disk only, safetensors only, without a
word on the screen.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from secondunit.models.rig.machine import fitting
from secondunit.models.rig.parts import Parts
from secondunit.weights.checkpoint import Checkpoint
from secondunit_contract.problem import CheckpointInvalid, PartMissing

_LIBRARIES = ("diffusers", "transformers")


def opened(checkpoint: Checkpoint, parts: Parts, title: str) -> Any:
    """The pipeline, with its parts where they live. Raises CheckpointInvalid, NotEnoughMemory,
    PartMissing.
    """
    try:
        import diffusers
        import ftfy  # noqa: F401 - the Wan pipelines fail on their first prompt without it
        import transformers  # noqa: F401
    except ImportError as error:
        raise PartMissing(
            f"A library the models need is not installed: {error.name}",
            str(error.name),
            'Install it: pip install "secondunit[models]"',
        ) from error
    kind = getattr(diffusers, checkpoint.class_name)
    with readable(checkpoint, title), quiet(), fitting(title, "while loading it"):
        pipe = kind.from_pretrained(
            checkpoint.folder,
            local_files_only=True,
            use_safetensors=True,
            **dict.fromkeys(checkpoint.left_out()),
            **parts.all(),
        )
    parts.serve(pipe)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@contextmanager
def readable(checkpoint: Checkpoint, title: str) -> Iterator[None]:
    """Turn whatever the libraries raise over files they cannot use into CheckpointInvalid."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise CheckpointInvalid(
            f"{title} cannot be loaded: {str(error).splitlines()[0] if str(error) else error!r}",
            str(checkpoint.folder),
            "Fetch the checkpoint again, whole",
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """While this lasts the libraries log errors only, draw no bars and warn of nothing."""
    import diffusers.utils.logging
    import transformers.utils.logging

    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    levels = [logger.level for logger in loggers]
    bars = [
        each
        for each in (diffusers.utils.logging, transformers.utils.logging)
        if each.is_progress_bar_enabled()
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        for each in bars:
            each.disable_progress_bar()
        try:
            yield
        finally:
            for each in bars:
                each.enable_progress_bar()
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def prompt_length(checkpoint: Checkpoint, pipe: Any, longest: int) -> int:
    """How many tokens a prompt was padded to in training, the pipeline's own limit being `longest`:
    the padding is seen, so it must be the same.
    """
    folder = checkpoint.folder / "tokenizer" / "tokenizer.json"
    length = _cut_at(folder) if folder.exists() else None
    return min(length or int(pipe.tokenizer.model_max_length), longest)


def _cut_at(path: Path) -> int | None:
    told = json.loads(path.read_text(encoding="utf-8")).get("truncation")
    return int(told["max_length"]) if told else None
