"""Settings: where things are kept and what a user decided; from the environment, else as usual."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from secondunit_contract.problem import BadValue

Fast = Literal["off", "auto", "cached"]
"""Which fast paths a model may take: none, so that its bits are those of the stock pipeline; those
its device has; and also skipping blocks whose result hardly changes from step to step, where that
is right for the network.
"""


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
    fast    off, auto, cached: which fast paths models may take
    engines_at  folder whose TOML files describe engines outside; None: engines in the data folder
    policy  the studio's file about models and licences; None: policy.toml in the data folder
    """

    models: Path
    device: str = "auto"
    data: Path = field(default_factory=_data)
    idle_seconds: float = 300.0
    threads: int = 0
    path_map: tuple[tuple[str, str], ...] = ()
    engines_at: Path | None = None
    fast: Fast = "auto"
    policy: Path | None = None

    @classmethod
    def found(cls) -> Settings:
        """From SECONDUNIT_MODELS, _DEVICE, _DATA, _IDLE, _PATHS, _ENGINES, _FAST and _POLICY,
        else as usual.

        Raises BadValue.
        """
        return cls(
            Path(os.environ.get("SECONDUNIT_MODELS") or _data() / "models"),
            os.environ.get("SECONDUNIT_DEVICE", "auto"),
            _data(),
            _seconds("SECONDUNIT_IDLE", 300.0),
            path_map=folder_pairs(os.environ.get("SECONDUNIT_PATHS", ""), "SECONDUNIT_PATHS"),
            engines_at=Path(named) if (named := os.environ.get("SECONDUNIT_ENGINES")) else None,
            fast=_fast(),
            policy=Path(named) if (named := os.environ.get("SECONDUNIT_POLICY")) else None,
        )

    def model_folders(self) -> list[str]:
        """The checkpoints' folders that are there, and the descriptions of engines outside."""
        folders: list[Path] = []
        if self.models.is_dir():
            folders = [e for e in self.models.iterdir() if e.is_dir() and e != self.adapters]
            folders = [each for each in folders if not each.name.startswith(".")]
        return sorted(map(str, folders)) + sorted(map(str, self.engines.glob("*.toml")))

    @property
    def engines(self) -> Path:
        """The folder of descriptions of engines outside."""
        return self.engines_at or self.data / "engines"

    @property
    def adapters(self) -> Path:
        """The folder of adapters (LoRAs), beside the checkpoints."""
        return self.models / "adapters"


def _fast() -> Fast:
    told = os.environ.get("SECONDUNIT_FAST", "")
    for each in get_args(Fast):
        if told in ("", each):
            return "auto" if not told else each
    raise BadValue(
        f"{told!r:.60} is no way to be fast", "SECONDUNIT_FAST", "Write off, auto or cached"
    )


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
