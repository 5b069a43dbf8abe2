"""Settings: where things are kept and what a user decided; from the environment, else as usual."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Settings:
    """What holds for this user on this machine.

    models  folder whose sub-folders are checkpoints        device  auto, cpu, cuda, cuda:1, mps
    """

    models: Path
    device: str = "auto"

    @classmethod
    def found(cls) -> Settings:
        """From SECONDUNIT_MODELS and SECONDUNIT_DEVICE, else the user's data folder."""
        usual = platformdirs.user_data_path("secondunit", appauthor=False) / "models"
        return cls(
            Path(os.environ.get("SECONDUNIT_MODELS", usual)),
            os.environ.get("SECONDUNIT_DEVICE", "auto"),
        )

    def model_folders(self) -> list[str]:
        """The checkpoints' folders that are there."""
        if not self.models.is_dir():
            return []
        return sorted(str(each) for each in self.models.iterdir() if each.is_dir())
