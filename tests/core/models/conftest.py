"""Tiny checkpoints and the starter, loaded once for all tests of the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from secondunit import models
from secondunit.callsheet import VideoModel
from secondunit.models.testing import tiny_vace, tiny_wan


@pytest.fixture(scope="session")
def vace_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vace(tmp_path_factory.mktemp("checkpoints") / "tiny-vace")


@pytest.fixture(scope="session")
def wan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_wan(tmp_path_factory.mktemp("checkpoints") / "tiny-wan")


@pytest.fixture(scope="session")
def tiny(vace_folder: Path) -> VideoModel:
    return models.load(str(vace_folder), "cpu")


@pytest.fixture(scope="session")
def starter() -> VideoModel:
    return models.load("starter", "cpu")
