"""Where hosts keep what is theirs, on each kind of system."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

State = Literal["ok", "note", "missing"]

LONGEST_ON_WINDOWS = 240
"""Characters of a path that every application there can open, with some left for file names."""


@dataclass(frozen=True)
class Found:
    """A host that is installed: where, which version, and whether it is one we work in."""

    name: str
    version: str
    path: Path
    fits: bool = True
    remark: str = ""


@dataclass(frozen=True)
class Standing:
    """How Second Unit stands in a host: in what state, in words, and what to do about it."""

    state: State
    words: str
    remedy: str = ""


@dataclass(frozen=True)
class Computer:
    """This machine, as far as hosts are concerned. `root` is where its disks begin."""

    data: Path
    home: Path = field(default_factory=Path.home)
    system: str = sys.platform
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    root: Path = Path("/")

    @property
    def is_windows(self) -> bool:
        """Whether it runs Windows."""
        return self.system == "win32"

    @property
    def is_mac(self) -> bool:
        """Whether it runs macOS."""
        return self.system == "darwin"

    def below(self, *parts: str) -> Path:
        """A place on its first disk."""
        return self.root.joinpath(*parts)

    def named(self, variable: str, otherwise: Path) -> Path:
        """The folder a variable names, else another."""
        told = self.env.get(variable, "").strip()
        return Path(told) if told else otherwise


def versions(folders: list[Path], pattern: str) -> list[tuple[str, Path]]:
    """(version, path) of everything in the folders whose name is like the pattern, sorted.

    The pattern's first group is the version.
    """
    shape = re.compile(pattern)
    told = []
    for folder in folders:
        if folder.is_dir():
            for each in sorted(folder.iterdir()):
                if match := shape.fullmatch(each.name):
                    told.append((match[1], each))
    return told
