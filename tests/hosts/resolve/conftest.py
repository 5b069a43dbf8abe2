"""Fake Resolves, and the adapter in them: straight through the API, or over the menu's bridge."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from secondunit_resolve import exporting, link, menu, writing
from secondunit_resolve.host import ResolveHost

sys.path.append(str(Path(__file__).parent))  # the fakes are modules, for other processes too
import fake_resolve

VERSIONS = ("19.1.3", "20.3.2", "21.0.4", "21.1.0")


class Loop:
    """A panel's main loop, which a test lets run."""

    def __init__(self) -> None:
        self.calls: deque[Callable[[], None]] = deque()

    def main(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def pump(self, seconds: float = 0.0) -> None:
        end = time.monotonic() + seconds
        while True:
            while self.calls:
                try:
                    self.calls.popleft()()
                except ValueError:
                    continue  # as Qt goes on after a faulty slot
            if time.monotonic() >= end:
                return
            time.sleep(0.002)


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The module with the fake: World, Quirks."""
    return fake_resolve


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Nobody waits between two tries."""
    monkeypatch.setattr(writing, "PAUSES", [0.0, 0.0, 0.0])
    monkeypatch.setattr(exporting, "GLANCE", 0.0)


@pytest.fixture
def media(tmp_path) -> Path:
    """The file of the clip in the timeline."""
    path = tmp_path / "shots ä 漢" / "juggle b.mov"
    path.parent.mkdir()
    path.write_bytes(b"a movie")
    return path


@pytest.fixture
def world(fakes, media) -> Callable[..., Any]:
    """Makes a fake Resolve: world("21.0.3", studio=True, end_inclusive=True)."""

    def make(
        version: str = "21.0.4", studio: bool = True, start="01:00:00:00", rate="24.0", **quirks
    ):
        return fakes.World(media, version, studio, fakes.Quirks(**quirks), start, rate)

    return make


@pytest.fixture
def hosted(loop) -> Callable[[Any], ResolveHost]:
    """The adapter in a fake, through the API."""
    return lambda world: ResolveHost(link.Studio(world), loop.main)


class Menu:
    """The menu script in a fake Resolve, as a thread of ours that stands for its process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wrong = folder, "not ended"
        self.flag = folder / "panel is open"
        self.flag.touch()
        wait = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)"
        told = {"command": [sys.executable, "-c", wait, str(self.flag)]}
        (folder / "resolve.json").write_text(json.dumps(told))

    def open(self, world: Any) -> dict[str, Any]:
        """Click the entry; where the bridge is."""

        def run() -> None:
            self.wrong = menu.run(world.in_app())

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        end = time.monotonic() + 10
        while not menu.read(self.folder / "bridge.json") and self.thread.is_alive():
            assert time.monotonic() < end
            time.sleep(0.005)
        return menu.read(self.folder / "bridge.json")

    def close(self) -> str:
        """Close the panel; what the script says."""
        self.flag.unlink(missing_ok=True)
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.wrong


@pytest.fixture
def scripts(tmp_path, monkeypatch) -> Iterator[Menu]:
    """The menu script, not yet clicked."""
    data = tmp_path / "data ä"
    data.mkdir()
    monkeypatch.setenv("SECONDUNIT_DATA", str(data))
    script = Menu(data)
    yield script
    if hasattr(script, "thread"):
        script.close()


@pytest.fixture
def bridged(loop, scripts) -> Callable[[Any], ResolveHost]:
    """The adapter in a fake, over the bridge."""

    def make(world: Any) -> ResolveHost:
        scripts.open(world)
        return ResolveHost(link.Bridged(), loop.main)

    return make
