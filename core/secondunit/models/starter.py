"""The model that comes with the program: small, rough, and there on a machine with nothing else."""

from __future__ import annotations

from dataclasses import replace

from secondunit.callsheet import ModelCard
from secondunit.models import wan
from secondunit.weights import STARTER
from secondunit.weights.checkpoint import Checkpoint


def cards() -> list[ModelCard]:
    """The starter's card. Raises CheckpointInvalid when the installation is damaged."""
    return [replace(wan.card_of(Checkpoint.open(STARTER)), source=str(STARTER))]
