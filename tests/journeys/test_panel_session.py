"""The whole way of a panel: host, real service, the model that comes along, and back as a take."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from secondunit.ledger import sidecar
from secondunit_contract.frames import FrameRange
from secondunit_panel.conformance import HostConformance
from secondunit_panel.service import find_or_start, found
from secondunit_panel.session import Session

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
    folder = tmp_path_factory.mktemp("panel's user") / "data"
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
def host(repository, plate, tmp_path_factory):
    """The fake host, with two frames of the package's own footage in a folder of their own."""
    path = repository / "tests" / "panel" / "fake_host.py"
    spec = importlib.util.spec_from_file_location("secondunit_fake_host_of_a_journey", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for their module there
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("shots ä 漢")
    media = folder / "plate.mov"
    media.write_bytes(plate.read_bytes())
    return module.FakeHost(media, FrameRange(4, 5))


@pytest.fixture(scope="module")
def session(host, data):
    """A panel that finds no service, and starts one."""
    session = Session(
        host, lambda waiting: find_or_start(data, waiting=waiting), lambda: found(data),
        data / "panel",
    )  # fmt: skip
    session.start()
    host.pump_until(lambda: session.desk.task, PATIENCE)
    yield session
    session.close()


@pytest.fixture(scope="module")
def take(session, host):
    """An extension by one frame at each end, shot."""
    states = []
    session.observe(lambda what, about: states.append(session.progress(about)))
    session.choose("extend")
    session.settle(takes=1, seed=7, steps=1)
    session.set("head", 1)
    session.set("tail", 1)
    assert session.shoot()
    host.pump_until(lambda: session.takes() and not session.dailies.open(), PATIENCE)
    assert session.notices.shown == []
    assert any(each.startswith("Shooting · ") for each in states), states
    [take] = session.takes()
    return take


def test_the_tasks_fit_and_have_their_forms(session):
    names = [each.name for each in session.desk.tasks]
    assert {"extend", "matte", "cleanup", "restyle"} <= set(names)
    assert "insert" not in names
    assert session.desk.broken == []
    for name in names:
        session.choose(name)
        assert session.desk.shown()


def test_a_take_is_shot_placed_and_verified(session, host, take):
    session.place(take.id)
    host.pump_until(lambda: take.id in session.placed)
    [item] = host.takes()
    assert (item.range, item.frames) == (FrameRange(86399, 86402), FrameRange(3, 6))
    assert item.media == take.take.media == session.placed[take.id].media
    assert Path(item.media).parent == host.media.parent / "Second Unit"
    assert Path(item.media).name.startswith("plate_extend_v001")
    told = sidecar.read(Path(take.take.sidecar))["job"]
    assert (told["seed"], told["values"]) == (7, {"head": 1, "tail": 1})
    assert told["panel"]["document"] == host.document


def test_another_panel_knows_it_and_places_nothing_twice(session, host, take, data):
    session.rate(take.id, "circled")
    host.pump_until(lambda: found(data).take(take.id).rating == "circled")
    again = Session(host, lambda waiting: found(data), lambda: found(data), data / "panel")
    again.start()
    host.pump_until(lambda: again.takes(), PATIENCE)
    [known] = again.takes()
    assert (known.id, known.rating) == (take.id, "circled")
    assert again.desk.values["head"] == 1, "what was said is there as well"
    before = len(host.takes())
    again.place(take.id)
    host.pump_until(lambda: take.id in again.placed)
    assert len(host.takes()) == max(1, before)
    again.close()


def test_what_the_engine_refuses_is_a_sentence_with_a_button(session, host, take):
    session.choose("matte")
    assert session.shoot()
    host.pump_until(lambda: session.notices.shown, PATIENCE)
    notice = session.notices.shown[-1]
    assert notice.sentence == "Nothing says what the matte is of"
    assert (notice.action.label, notice.action.act) == ("Mark it", "mark")
    session.notices.dismiss(notice)


def test_the_host_conforms_with_a_real_take(host, take, tmp_path):
    from secondunit_contract.clip import Clip

    media = Clip(take.take.media, take.take.range, take.take.rate)
    report = HostConformance(host, tmp_path, media, pump=host.pump).run()
    assert report["passed"], report
    assert os.path.isfile(take.take.media)
