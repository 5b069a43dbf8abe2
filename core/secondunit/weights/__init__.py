"""Checkpoints on disk: which folder a model's weights are in, and whether they may be loaded."""

from pathlib import Path

STARTER = Path(__file__).parent / "starter"
"""The checkpoint that comes with the program."""
