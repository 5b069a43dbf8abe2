"""What every test stands on: a clean import path, no network, and the sample footage."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# With the repository's root on the path the folder nuke/ answers `import nuke`, as a namespace
# package, and a test would take it for the application.
sys.path[:] = [entry for entry in sys.path if Path(entry or os.curdir).resolve() != ROOT]

# Nothing a test does may wait for a hub; huggingface_hub reads this once, when it is imported.
os.environ["HF_HUB_OFFLINE"] = "1"

# A busy machine is no failure, so no example has a deadline; CI tries the same examples each time.
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return ROOT


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample footage, cuts and timelines: $SECONDUNIT_SAMPLES, else ../shared/samples."""
    named = os.environ.get("SECONDUNIT_SAMPLES")
    folder = Path(named) if named else ROOT.parent / "shared" / "samples"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"SECONDUNIT_SAMPLES names {folder}, which is no folder")
    where = "on this CI machine" if os.environ.get("CI") == "true" else "here"
    pytest.skip(
        f"the sample footage is not {where}: no folder {folder}; SECONDUNIT_SAMPLES may name one"
    )
