"""Engines outside: small servers that speak their protocols, and their descriptions."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from secondunit.callsheet import CallSheet
from secondunit_contract.frames import Rate

sys.path.append(str(Path(__file__).parent))  # the servers are modules
from fake_comfyui import WORKFLOW, ComfyServer
from fake_server import SIZE, colour_of
from fake_videos import VideoServer


@pytest.fixture
def comfy() -> Iterator[ComfyServer]:
    server = ComfyServer()
    yield server
    server.die()


@pytest.fixture
def videos() -> Iterator[VideoServer]:
    server = VideoServer()
    yield server
    server.die()


@pytest.fixture
def described(tmp_path: Path) -> Callable[..., str]:
    """Writes a description into a folder of engines; gives its path."""

    def write(
        name: str, text: str, inputs: str = "", workflow: dict[str, Any] | None = None
    ) -> str:
        folder = tmp_path / "engines"
        folder.mkdir(exist_ok=True)
        if workflow is not None:
            (folder / f"{name}.json").write_text(json.dumps(workflow))
            text = f'workflow = "{name}.json"\n{text}'
        (folder / f"{name}.toml").write_text(f"{text}\n[inputs]\n{inputs}\n")
        return str(folder / f"{name}.toml")

    return write


@pytest.fixture
def vace(comfy: ComfyServer, described: Callable[..., str]) -> str:
    """The description of the workflow above, all its inputs told."""
    return described(
        "wan-vace",
        f"""kind = "comfyui"
address = "{comfy.url}"
output = "9"
title = "Wan in ComfyUI"
licence = "Apache-2.0"
honours = ["words", "plate", "paint", "edit", "keys", "references", "guide"]
frames = {{ longest = 17 }}
area = {SIZE[0] * SIZE[1]}
context = 4""",
        """prompt = "Prompt.text"
negative = "7.text"
seed = "3.seed"
steps = "3.steps"
guidance = "3.cfg"
width = "49.width"
height = "49.height"
frames = "49.length"
plate = "60.file"
mask = "62.file"
keys = "plate"
guide = "plate"
references = "70.image" """,
        WORKFLOW,
    )


@pytest.fixture
def sheet_of() -> Callable[..., CallSheet]:
    """A sheet of 5 frames of the size above."""

    def make(**more: Any) -> CallSheet:
        return CallSheet(SIZE[1], SIZE[0], 5, Rate(Fraction(24)), **{"prompt": "a cat"} | more)

    return make


@pytest.fixture
def colour() -> Callable[[int], np.ndarray]:
    return colour_of


@pytest.fixture
def workflow() -> dict[str, Any]:
    return json.loads(json.dumps(WORKFLOW))
