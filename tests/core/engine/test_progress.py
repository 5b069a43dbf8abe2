"""How far a job is while its subject is looked for: it moves with every call, never goes back, and
ends where all is done.
"""

import hashlib
from itertools import pairwise

import numpy as np
import pytest

from secondunit.callsheet import FrameRule, Sight
from secondunit.engine.inputs import fingerprints
from secondunit.engine.local import Engine
from secondunit.engine.watching import Cancel
from secondunit.matting.screen import GREEN
from secondunit.models.testing import ALL_NEEDS, ScriptedModel, scripted_card
from secondunit_contract.job import Job

FRAMES, SIZE = 12, (72, 128)
CLICK = {"points": [{"x": 32 / SIZE[1], "y": 35 / SIZE[0]}]}


@pytest.fixture
def plate(props, tmp_path):
    """A red square that goes to the right over grey noise."""
    random = np.random.default_rng(3)
    plates = np.repeat(random.integers(60, 120, (1, *SIZE, 1)), 3, 3).repeat(FRAMES, 0)
    for index in range(FRAMES):
        plates[index, 20:50, 20 + 4 * index : 44 + 4 * index] = (200, 30, 40)
    return props.write_pictures(tmp_path / "plate", plates.astype(np.uint8), "png")


def red(pictures):
    return (pictures[..., 0] - pictures[..., 1:].max(-1) > 0.2).astype(np.float32)


def on_green(sheet, seed):
    subject = red(sheet.plate)[..., None]
    return sheet.plate * subject + GREEN * (1 - subject)


class Heard:
    """What was told of a job, and how much of it had been told at each call of its model."""

    def __init__(self):
        self.events, self.at_call = [], []

    def __call__(self, event):
        if event.kind in ("progress", "preview"):
            self.events.append(event)

    def seeing(self, sure):
        def sight(footage, question):
            self.at_call.append(len(self.events))
            return Sight(sure * red(footage), np.full(len(footage), sure, np.float32))

        return sight

    def painting(self, sheet, seed):
        self.at_call.append(len(self.events))
        return on_green(sheet, seed)

    @property
    def shares(self):
        return [event.done / event.total for event in self.events]


@pytest.fixture
def shot(settings, tmp_path, plate):
    """Shoot a task by a click with a scripted model that looks; what was told of it."""

    def run(task, sure=1.0, steps=3, takes=1, way="auto"):
        heard = Heard()
        card = scripted_card(honours=ALL_NEEDS | {"look"}, frames=FrameRule(1, 4, 5),
                             area=96 * 64)  # fmt: skip
        model = ScriptedModel(card, heard.painting, heard.seeing(sure))
        values = CLICK | ({"way": way} if task == "matte" else {})
        job = Job(task, str(tmp_path / "out" / "t"), "j", {"plate": plate}, values, "scripted",
                  takes=takes, steps=steps)  # fmt: skip
        Engine(settings, brought=[model]).shoot(job, heard)
        return heard

    return run


@pytest.mark.parametrize("takes", [1, 2])
@pytest.mark.parametrize(("sure", "way"), [(1.0, "auto"), (0.0, "auto"), (1.0, "carry")])
def test_a_matte_from_a_click(shot, takes, sure, way):
    heard = shot("matte", sure, takes=takes, way=way)
    assert len(heard.at_call) >= 3 * takes
    assert all(one < other for one, other in pairwise(heard.at_call))  # each call was heard of
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[0] < 0.3
    assert heard.shares[-1] == 1
    assert heard.shares.count(1) == 1
    lefts = [event.seconds_left for event in heard.events]
    assert all(left is not None and left >= 0 for left in lefts)
    assert lefts[-1] == 0 < lefts[0]


def test_a_clean_up_from_a_click_is_one_way_from_nothing_to_all(shot):
    heard = shot("cleanup")
    assert all(one < other for one, other in pairwise(heard.at_call))
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[-1] == 1
    phases = [event.phase for event in heard.events]
    first = phases.index("shooting")
    assert set(phases[:first]) == {"matte"}
    assert set(phases[first:]) == {"shooting"}
    assert heard.shares[first - 1] < heard.shares[first] < 1


@pytest.fixture
def large(monkeypatch):
    """Whatever is read counts as large, and is read in small blocks."""
    monkeypatch.setattr("secondunit.engine.watching.LARGE", 1)
    monkeypatch.setattr("secondunit.engine.training.LARGE", 1)
    monkeypatch.setattr("secondunit.ledger.fingerprint._BLOCK", 1000)


@pytest.mark.parametrize("task", ["matte", "cleanup"])
def test_clips_that_are_large_are_read_first_and_that_is_told(shot, large, task):
    heard = shot(task)
    phases = [event.phase for event in heard.events]
    assert phases[0] == ("matte" if task == "cleanup" else "reading")
    assert "reading" in phases
    assert heard.shares == sorted(heard.shares)
    assert heard.shares[-1] == 1
    reading = [event for event in heard.events if event.phase == "reading"]
    assert {event.seconds_left for event in reading} == {None}
    assert len({event.done for event in reading}) > 3
    assert heard.events[-1].seconds_left == 0


def test_a_plate_that_is_read_is_let_go_at_once(scripted, plate, tmp_path, large):
    engine, model = scripted()
    cancel, told = Cancel(), []

    def report(event):
        told.append(event)
        if event.phase == "reading":
            cancel.wish()

    job = Job("extend", str(tmp_path / "out" / "t"), "j", {"plate": plate}, {"tail": 4}, "scripted")
    assert engine.run(job, report, cancel) == []
    assert [event.kind for event in told] == ["started", "progress", "cancelled"]
    assert model.seen == []
    assert list((tmp_path / "out").iterdir()) == []


def test_bytes_are_told_of_as_they_are_read_and_the_fingerprint_stays_what_it_was(
    plate, tmp_path, monkeypatch
):
    monkeypatch.setattr("secondunit.ledger.fingerprint._BLOCK", 1000)
    folder = tmp_path / "plate"
    files = sorted(folder.iterdir())
    size = sum(each.stat().st_size for each in files)
    far = []
    told = fingerprints(Job("t", "o", inputs={"plate": plate}), lambda *so: far.append(so))
    digests = [hashlib.sha256(each.read_bytes()).digest() for each in files]
    assert told == {"plate": hashlib.sha256(b"".join(digests)).hexdigest()}
    assert [done for done, _ in far] == sorted(done for done, _ in far)
    assert far[-1] == (size, size)
    assert max(other - one for (one, _), (other, _) in pairwise(far)) <= 1000
