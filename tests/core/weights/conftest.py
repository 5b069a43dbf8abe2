"""A hub on loopback, and folders of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from secondunit.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))

from fake_hub import Hub, online


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """The hub, online, and a download cache of the test's own. Whoever does not name it reaches
    nothing.
    """
    with online(monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Folders of the test's own, for this process and for the commands it types."""
    monkeypatch.setenv("SECONDUNIT_DATA", str(tmp_path / "data"))
    for name in ("SECONDUNIT_MODELS", "SECONDUNIT_POLICY", "SECONDUNIT_ENGINES"):
        monkeypatch.delenv(name, raising=False)
    return Settings.found()
