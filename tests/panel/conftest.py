"""A scripted service, as panels are tested with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from secondunit_panel.testing import ScriptedService


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    with ScriptedService() as service:
        yield service
