"""The whole way in DaVinci Resolve: a clip, the real service, the model that comes along, and a
take at the right frames; through Studio's API, over the menu's bridge, and by files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import ClassVar

import pytest

from secondunit.media.read import open_media
from secondunit_contract.frames import FrameRange
from secondunit_panel.service import find_or_start, found
from secondunit_panel.session import Session
from secondunit_resolve import link, menu
from secondunit_resolve.handoff import HandOff
from secondunit_resolve.host import ResolveHost

PATIENCE = 120.0
FIRST = 86400  # 01:00:00:00


class Kept(subprocess.Popen):
    """A process that is remembered, so that it can be ended."""

    all: ClassVar[list[subprocess.Popen]] = []

    def __init__(self, *args, **kinds) -> None:
        super().__init__(*args, **kinds)
        self.all.append(self)


class Loop:
    """A panel's main loop."""

    def __init__(self) -> None:
        self.calls: deque = deque()

    def until(self, holds, patience: float = PATIENCE) -> None:
        end = time.monotonic() + patience
        while not holds():
            assert time.monotonic() < end, "it does not come to hold"
            while self.calls:
                self.calls.popleft()()
            time.sleep(0.005)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data folder of a user whose service was not there, and is ended afterwards."""
    folder = tmp_path_factory.mktemp("user of Resolve") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECONDUNIT_PYTHON", sys.executable)
        patch.setenv("SECONDUNIT_DATA", str(folder))
        patch.setenv("SECONDUNIT_MODELS", str(folder / "models"))
        patch.setenv("SECONDUNIT_DEVICE", "cpu")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr("subprocess.Popen", Kept)
        yield folder
    for each in Kept.all:
        each.terminate()
        each.wait(30)


@pytest.fixture(scope="module")
def world(repository, plate, tmp_path_factory):
    """Makes a fake Resolve with two frames of the package's own footage in its timeline."""
    folder = str(repository / "tests" / "hosts" / "resolve")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        import fake_resolve

        def make(version, studio):
            media = tmp_path_factory.mktemp("shots ä 漢") / "plate.mov"
            media.write_bytes(plate.read_bytes())
            made = fake_resolve.World(media, version, studio)
            made.plate.frames = 2
            made.length = lambda path: len(footage(path).range)
            return made

        yield make


def footage(path):
    """What the engine reads in a file."""
    with open_media(str(path)) as reader:
        return reader.footage


@pytest.fixture(scope="module")
def bridge(data):
    """Clicks "Second Unit" in a fake Resolve's menu; the panel is closed afterwards."""
    flag = data.parent / "panel is open"
    flag.touch()
    wait = "import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.05)"
    told = {"command": [sys.executable, "-c", wait, str(flag)]}
    threads = []

    def click(world):
        data.mkdir(parents=True, exist_ok=True)
        (data / "resolve.json").write_text(json.dumps(told))
        threads.append(threading.Thread(target=lambda: menu.run(world.in_app())))
        threads[0].start()
        while not menu.read(data / "bridge.json"):
            assert threads[0].is_alive()
            time.sleep(0.01)
        return link.Bridged(data)

    yield click
    flag.unlink()
    for each in threads:
        each.join(20)


def by_files(host, media):
    """A cut as its user exports it: the plate's frames 4 and 5 at 01:00:01:00."""
    seconds = {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0}

    def span(at, frames):
        both = {"start_time": {**seconds, "value": at}, "duration": {**seconds, "value": frames}}
        return {"OTIO_SCHEMA": "TimeRange.1", **both}

    usual = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": str(media),
             "available_range": span(86400.0, 24.0)}  # fmt: skip
    clip = {"OTIO_SCHEMA": "Clip.2", "name": "plate.mov", "source_range": span(86404.0, 2.0),
            "media_references": {"DEFAULT_MEDIA": usual},
            "active_media_reference_key": "DEFAULT_MEDIA"}  # fmt: skip
    gap = {"OTIO_SCHEMA": "Gap.1", "source_range": span(0.0, 24.0)}
    track = {"OTIO_SCHEMA": "Track.1", "kind": "Video", "name": "Video 1", "children": [gap, clip]}
    cut = {"OTIO_SCHEMA": "Timeline.1", "name": "Cut 1",
           "global_start_time": {**seconds, "value": float(FIRST)},
           "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [track]}}  # fmt: skip
    host.cuts.mkdir(parents=True)
    (host.cuts / "cut.otio").write_text(json.dumps(cut))


def placed_by(host, loop, data, name):
    """An extension by one frame at each end, shot for what is selected, and placed."""
    session = Session(
        host, lambda waiting: find_or_start(data, waiting=waiting), lambda: found(data),
        data / name,
    )  # fmt: skip
    session.start()
    loop.until(lambda: session.desk.task)
    session.choose("extend")
    session.settle(takes=1, seed=7, steps=1)
    session.set("head", 1)
    session.set("tail", 1)
    assert session.shoot()
    loop.until(lambda: session.takes() and not session.dailies.open())
    assert session.notices.shown == []
    [take] = session.takes()
    session.place(take.id)
    loop.until(lambda: session.placed or session.notices.shown)
    assert session.notices.shown == []
    session.close()
    return take.take, session.placed[take.id]


@pytest.mark.parametrize(("way", "version", "studio"), [
    ("api", "21.1.0", True), ("bridge", "21.0.4", False),
])  # fmt: skip
def test_a_take_stands_in_the_timeline(data, world, bridge, way, version, studio):
    resolve, loop = world(version, studio), Loop()
    way_in = link.Studio(resolve) if way == "api" else bridge(resolve)
    take, placed = placed_by(ResolveHost(way_in, loop.calls.append), loop, data, way)
    [item] = resolve.stood()
    assert (item.first, item.frames, item.enabled) == (FIRST + 23, 4, True)
    assert (item.left, item.media.path) == (0, take.media)
    assert (len(footage(take.media).range), footage(take.media).codec) == (4, "prores")
    assert placed.place.range == FrameRange(FIRST + 23, FIRST + 26)
    assert (placed.media, placed.frames) == (take.media, FrameRange(3, 6))
    assert resolve.plate.first == FIRST + 24
    [marker] = [each for each in resolve.current.markers.values()]
    assert (marker["name"], take.job in marker["customData"]) == (
        "Second Unit · extend · take 1",
        True,
    )


def test_a_take_goes_back_by_file(data, world, tmp_path):
    resolve, loop = world("21.1.0", False), Loop()
    assert resolve.in_app() is None, "nobody is let in"
    host = HandOff(loop.calls.append, tmp_path / "by hand")
    by_files(host, resolve.clip.path)
    take, placed = placed_by(host, loop, data, "files")
    assert Path(take.media).parent == host.back / "takes"
    [path] = host.back.glob("*.otio")
    [track] = json.loads(path.read_text("utf-8"))["tracks"]["children"]
    gap, clip = track["children"]
    assert (track["name"], gap["source_range"]["duration"]["value"]) == ("Second Unit", 23)
    shown = clip["source_range"]
    assert (shown["start_time"]["value"], shown["duration"]["value"]) == (86403, 4)
    # what Resolve will read in the file itself
    assert (footage(take.media).timecode.frame, footage(take.media).codec) == (86403, "prores")
    assert placed.place.range == FrameRange(FIRST + 23, FIRST + 26)
