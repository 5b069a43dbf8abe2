"""Two jobs that would make a take of the same name at the same time: the second is refused, by
whatever way they came, and the first one's take is whole.
"""

import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from secondunit.engine.claims import claimed, names_of
from secondunit.engine.local import Engine
from secondunit.media.landing import Landing
from secondunit.models.testing import ScriptedModel, scripted_card
from secondunit_contract.job import Job
from secondunit_contract.problem import TakeThere


def loud(sheet, seed):
    return np.random.default_rng(seed).random((sheet.frames, sheet.height, sheet.width, 3))


@pytest.mark.parametrize("output", ["take", "take.####.png"])
def test_a_plain_shoot_beside_the_queues_worker(desk, output, props):
    """The worker is a process of its own."""
    engine = Engine(desk.settings, brought=[ScriptedModel(scripted_card("paced"), loud)])
    plain = Job("extend", str(desk.takes / output), "", desk.job().inputs, {"left": 8, "right": 8},
                "paced", steps=1)  # fmt: skip
    with desk.unit() as unit, unit.listen() as listener:
        unit.submit(desk.job("first", output="take.mov", steps=300))
        while (told := listener.get(60)) is not None and told.event.kind != "progress":
            pass
        assert told is not None
        before = desk.names()
        with pytest.raises(TakeThere, match="right now"):
            engine.shoot(plain)
        assert desk.names() == before  # and nothing of the first was touched
        assert desk.until(unit, "first", "done", "failed").state == "done"
        [entry] = unit.takes("first")
    assert props.whole(entry.take.media).shape[0] == len(entry.take.range)
    assert desk.names() == ["take.mov", "take.take.json", "take_sheet.png"]


def test_the_queue_beside_a_plain_shoot(desk):
    shooting, go_on, made = threading.Event(), threading.Event(), []

    def held(sheet, seed):
        shooting.set()
        assert go_on.wait(60)
        return loud(sheet, seed)

    engine = Engine(desk.settings, brought=[ScriptedModel(scripted_card("paced"), held)])
    plain = threading.Thread(target=lambda: made.extend(engine.shoot(desk.job(output="take.mov"))))
    plain.start()
    try:
        assert shooting.wait(60)
        with desk.unit() as unit:
            unit.submit(desk.job("second", output="take.mov"))
            entry = desk.until(unit, "second", "done", "failed")
    finally:
        go_on.set()
        plain.join()
    assert entry.state == "failed"
    assert entry.problem["code"] == "take.there"
    assert [take.media for take in made] == [str(desk.takes / "take.mov")]
    assert desk.names() == ["take.mov", "take.take.json", "take_sheet.png"]


def test_of_many_who_come_at_once_one_has_the_name(tmp_path):
    job, start, ended = Job("extend", str(tmp_path / "t.mov")), threading.Barrier(8), []

    def come():
        start.wait()
        try:
            with claimed(job):
                ended.append("in")
                start.wait()
        except TakeThere:
            ended.append("refused")
            start.wait()

    many = [threading.Thread(target=come) for _ in range(8)]
    for each in many:
        each.start()
    for each in many:
        each.join()
    assert ended.count("in") <= 1
    assert len(ended) == 8
    assert list(tmp_path.iterdir()) == []
    with claimed(job):  # and whoever comes then has it
        pass


def test_what_a_dead_process_claimed_is_free(tmp_path):
    job = Job("extend", str(tmp_path / "t.mov"))
    claim = Landing.at(tmp_path / "t.take.json").under_way.name
    nobody = subprocess.Popen([sys.executable, "-c", ""])
    nobody.wait()
    (tmp_path / re.sub(r"\d+(?=-[0-9a-f]+\.part$)", str(nobody.pid), claim)).touch()
    with claimed(job):
        assert len(list(tmp_path.iterdir())) == 2


def test_takes_are_in_each_others_way_whatever_way_leads_there(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    alike = ["real/t.mov", "real/t", "real/t.exr", "real/t.####.exr", "link/t.mov"]
    named = {tuple(names_of(Job("extend", str(tmp_path / each)))) for each in alike}
    assert len(named) == 1
    for other in ("real/u.mov", "real/t_2.mov", "t.mov"):
        assert tuple(names_of(Job("extend", str(tmp_path / other)))) not in named
    numbered = names_of(Job("extend", str(tmp_path / "real" / "t_{take}.mov"), takes=3))
    assert len(set(numbered)) == 3
    part = names_of(Job("extend", str(tmp_path / "link" / "t_{take}.mkv"), first_take=2))
    assert set(part) <= set(numbered)
    assert Path(numbered[0]).name == "t_001.take.json"
