"""Inside Nuke, the whole way: a Read, the real service, the model that comes along, and back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import ClassVar

import numpy as np
import pytest

from secondunit_contract.frames import FrameRange
from secondunit_panel.service import find_or_start, found

PATIENCE = 120.0


class Kept(subprocess.Popen):
    """A process that is remembered, so that it can be ended."""

    all: ClassVar[list[subprocess.Popen]] = []

    def __init__(self, *args, **kinds) -> None:
        super().__init__(*args, **kinds)
        self.all.append(self)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The data folder of a user whose service was not there, and is ended afterwards."""
    folder = tmp_path_factory.mktemp("nuke's user") / "data"
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
        assert each.wait(30) == 0


@pytest.fixture(scope="module")
def app(repository, plate, tmp_path_factory):
    """A fake Nuke with two frames of a movie selected."""
    sys.path.insert(0, str(repository / "tests" / "hosts" / "nuke"))
    import fake_nuke

    media = tmp_path_factory.mktemp("shots ä 漢") / "plate.mov"
    media.write_bytes(plate.read_bytes())
    app = fake_nuke.Nuke("16.0v8")
    with fake_nuke.installed(app) as nuke:
        read = nuke.nodes.Read(name="Plate")
        read["file"].fromUserText(media.as_posix())
        nuke.root()["first_frame"].setValue(5)
        nuke.root()["last_frame"].setValue(6)
        read.setSelected(True)
        app.undo.steps.clear()
        app.save(media.with_name("comp.nk"))
        yield app
    assert app.sins == []


@pytest.fixture(scope="module")
def session(app, data):
    """The panel's session, as a tab begins it."""
    from secondunit_nuke.host import NukeHost
    from secondunit_panel.session import Session

    session = Session(
        NukeHost(), lambda waiting: find_or_start(data, waiting=waiting), lambda: found(data),
        data / "panel",
    )  # fmt: skip
    session.start()
    until(app, lambda: session.desk.task)
    yield session
    session.close()


def until(app, holds) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it does not come to hold"
        app.pump(0.005)


def test_a_take_is_shot_placed_and_verified(app, session):
    session.choose("extend")
    session.settle(takes=1, seed=7, steps=1)
    session.set("head", 1)
    session.set("tail", 1)
    assert session.shoot()
    until(app, lambda: session.takes() and not session.dailies.open())
    assert session.notices.shown == []
    [take] = session.takes()
    session.place(take.id)
    until(app, lambda: take.id in session.placed)
    placed = session.placed[take.id]
    assert placed.place.range == FrameRange(4, 7)
    assert os.path.samefile(placed.media, take.take.media)
    [read] = [each for each in app.nodes_in(app.root._id) if each.name().startswith("SU_")
              and each.Class() == "Read"]  # fmt: skip
    assert (read["su_seed"].value(), read["su_task"].value()) == ("7", "extend")
    plate = app.toNode("Plate")
    for frame in (5, 6):  # between its new ends stands the plate itself
        assert np.allclose(read.picture(frame)[..., :3], plate.picture(frame)[..., :3], atol=0.02)
    assert [name for name, _ in app.undo.steps] == ["Second Unit: take 1"]
    session.take_out(take.id)
    until(app, lambda: not session.placed)
    assert [each.name() for each in app.nodes_in(app.root._id)] == ["Plate"]
