"""Settings: where things are kept and what a user decided; from the environment, else as usual."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from secondunit_contract.problem import BadValue


def _data() -> Path:
    """The data folder: SECONDUNIT_DATA, else the user's own."""
    named = os.environ.get("SECONDUNIT_DATA", "")
    return Path(named) if named else platformdirs.user_data_path("secondunit", appauthor=False)


@dataclass(frozen=True)
class Settings:
    """What holds for this user on this machine.

    models  folder whose sub-folders are checkpoints        device  auto, cpu, cuda, cuda:1, mps
    data    folder of the ledger and of what is under way   idle_seconds  after so long without work
                                                            the memory is given back
    threads how many compute; 0 is one for each core, or what OMP_NUM_THREADS says
    path_map  what a folder here is called on a cluster's machines: pairs of (here, there)
    """

    models: Path
    device: str = "auto"
    data: Path = field(default_factory=_data)
    idle_seconds: float = 300.0
    threads: int = 0
    path_map: tuple[tuple[str, str], ...] = ()

    @classmethod
    def found(cls) -> Settings:
        """From SECONDUNIT_MODELS, _DEVICE, _DATA, _IDLE and _PATHS, else as usual.

        Raises BadValue.
        """
        return cls(
            Path(os.environ.get("SECONDUNIT_MODELS") or _data() / "models"),
            os.environ.get("SECONDUNIT_DEVICE", "auto"),
            _data(),
            _seconds("SECONDUNIT_IDLE", 300.0),
            path_map=folder_pairs(os.environ.get("SECONDUNIT_PATHS", ""), "SECONDUNIT_PATHS"),
        )

    def model_folders(self) -> list[str]:
        """The checkpoints' folders that are there."""
        if not self.models.is_dir():
            return []
        return sorted(str(each) for each in self.models.iterdir() if each.is_dir())


def _seconds(name: str, usual: float) -> float:
    told = os.environ.get(name, "")
    try:
        seconds = float(told) if told else usual
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise BadValue(f"{told!r:.60} is no number of seconds", name, "Write it as in 300")
    return seconds


def folder_pairs(told: str, where: str = "") -> tuple[tuple[str, str], ...]:
    """Folders here and what they are called elsewhere, told as "/here=/there;P:\\here=/there".

    Raises BadValue, which says `where`.
    """
    pairs = []
    for each in filter(None, (part.strip() for part in told.split(";"))):
        here, _, there = (part.strip() for part in each.partition("="))
        if not here or not there:
            raise BadValue(
                f"{each!r:.60} does not say which folder is which",
                where,
                "Write it as in /here=/there;/others=/elsewhere",
            )
        pairs.append((here, there))
    return tuple(pairs)
