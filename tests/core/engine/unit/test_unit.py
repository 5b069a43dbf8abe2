"""The second unit: who gets which job, in which order, and what becomes of a wish."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from secondunit.engine import dispatch
from secondunit_contract.job import Job
from secondunit_contract.problem import (
    BadValue,
    JobThere,
    JobUnknown,
    MachineProblem,
    StateUnfit,
    TakeThere,
    TakeUnknown,
)
from secondunit_contract.wire import to_json


def test_a_job_is_taken_on_shot_and_done(unit, hand, job):
    entry = unit.submit(job("a"))
    assert (entry.state, entry.takes) == ("queued", 0)
    assert hand.here().given("a") == {
        "do": "shoot", "job": to_json(unit.entry("a").job), "takes": [1], "frugality": 0
    }  # fmt: skip
    hand.say("progress", phase="shooting", done=3, total=9, seconds_left=4.5)
    with unit.listen() as listener:
        while unit.entry("a").done != 3:
            listener.get(0.1)
    running = unit.entry("a")
    assert (running.state, running.total, running.seconds_left) == ("running", 9, 4.5)
    assert running.phase == "shooting"
    hand.say("notice", message="Found on 80% of the frames")
    take = hand.shoots()
    hand.say("done")
    done = unit.until("a", "done")
    assert (done.takes, done.done, done.problem) == (1, 0, None)
    assert done.created <= done.started <= done.ended
    assert [each.take for each in unit.takes("a")] == [take]
    assert unit.kinds() == ["queued", "started", "notice", "take", "done"]


def test_jobs_are_shot_in_the_order_people_want(unit, hand, job):
    for id in "abcd":
        unit.submit(job(id))
    hand.here().given("a")
    unit.submit(job("e"), "next")
    unit.move("d", "c")
    unit.cancel("b")
    shot = []
    for id in ("a", "e", "d", "c"):
        hand.given(id)
        shot.append(hand.job().id)
        hand.shoots()
        hand.say("done")
        unit.until(id, "done")
    assert shot == ["a", "e", "d", "c"]
    assert [entry.id for entry in unit.entries(["cancelled"])] == ["b"]
    assert len(unit.entries(limit=2)) == 2


def test_a_job_without_an_id_gets_one_that_no_other_has(unit, tmp_path):
    ids = {unit.submit(Job("t", str(tmp_path / f"{n}.mov"))).id for n in range(50)}
    assert len(ids) == 50
    assert all(id.replace("-", "").isalnum() for id in ids)


def test_paths_hold_wherever_the_next_owner_stands(unit, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    entry = unit.submit(Job("t", "takes/a.mov", "a"))
    assert entry.job.output == str(tmp_path / "takes" / "a.mov")
    assert unit.submit(Job("t", "takes/a.mov", "a")) == entry


@pytest.mark.parametrize("id", ["a/b", "..", ".a", "a b", "é", "x" * 101, "-a", "a\n"])
def test_an_id_that_cannot_be_part_of_an_address_is_refused(unit, tmp_path, id):
    with pytest.raises(BadValue):
        unit.submit(Job("t", str(tmp_path / "a.mov"), id))
    assert unit.entries() == []


def test_names_that_cannot_be_written_down_are_refused(unit, job):
    with pytest.raises(BadValue, match="no characters"):
        unit.submit(replace(job("a"), output="/takes/caf\udce9.mov"))
    assert unit.entries() == []


def test_the_same_job_twice_is_one_and_another_of_its_name_is_refused(unit, job):
    first = unit.submit(job("a", extra={"shot": 7}))
    assert unit.submit(job("a", extra={"shot": 7})).place == first.place
    with pytest.raises(JobThere):
        unit.submit(job("a", extra={"shot": 8}))
    assert unit.kinds() == ["queued"]
    assert unit.entry("a").job.extra == {"shot": 7}


def test_two_jobs_cannot_make_a_take_of_the_same_name(unit, hand, job, tmp_path):
    unit.submit(job("a"))
    same = replace(job("a"), id="b")
    with pytest.raises(TakeThere) as refused:
        unit.submit(same)
    assert "The job a" in refused.value.what
    numbered = str(tmp_path / "takes" / "n_{take}.mov")
    unit.submit(Job("t", numbered, "n1", takes=2))
    unit.submit(Job("t", numbered, "n2", takes=2, first_take=3))
    with pytest.raises(TakeThere):
        unit.submit(Job("t", numbered, "n3", takes=1, first_take=4))
    unit.cancel("a")
    unit.until("a", "cancelled")
    unit.submit(same)
    with pytest.raises(TakeThere):
        unit.retry("a")


def test_names_are_taken_by_what_a_former_owner_left(open_unit, job):
    first = open_unit()
    first.submit(job("a"))
    first.close()
    with pytest.raises(TakeThere):
        open_unit().submit(replace(job("a"), id="b"))


def test_who_asks_for_what_is_not_there_is_told_so(unit):
    for ask in (unit.entry, unit.cancel, unit.pause, unit.resume, unit.retry, unit.move):
        with pytest.raises(JobUnknown):
            ask("nobody")
    for ask in (unit.take, lambda id: unit.rate(id, "circled"), lambda id: unit.annotate(id, "x")):
        with pytest.raises(TakeUnknown):
            ask("nobody-1")


def test_only_one_unit_is_at_work_in_a_data_folder(unit, open_unit):
    with pytest.raises(MachineProblem, match="Another second unit"):
        open_unit()


def test_a_job_that_is_shot_is_cancelled_and_the_worker_goes_on(unit, hand, job):
    unit.submit(job("a"))
    unit.submit(job("b"))
    hand.here().given("a")
    assert unit.cancel("a").state in ("cancelling", "cancelled")
    unit.until("a", "cancelled")
    hand.given("b")
    assert hand.kills == 0
    assert unit.kinds("a") == ["queued", "started", "cancelling", "cancelled"]
    with pytest.raises(StateUnfit):
        unit.cancel("a")


def test_one_that_does_not_obey_is_killed_and_another_comes(open_unit, job, monkeypatch, another):
    monkeypatch.setattr(dispatch, "PATIENCE", 0.2)
    hand = another(obedient=False)
    unit = open_unit(hand)
    unit.submit(job("a"))
    unit.submit(job("b"))
    hand.here().given("a")
    unit.cancel("a")
    unit.until("a", "cancelled")
    assert hand.kills == 1
    hand.here().given("b")
    assert hand.starts == 2
    hand.obedient = True


def test_a_job_is_put_aside_and_taken_up_with_the_takes_it_has(unit, hand, job):
    unit.submit(job("a", takes=3))
    hand.here().given("a")
    hand.shoots(1)
    unit.pause("a")
    assert unit.until("a", "paused").takes == 1
    unit.until_away()  # nothing else to do: its memory is free
    unit.resume("a")
    hand.here()
    hand.wait(lambda: hand.orders[-1].get("takes") == [2, 3])


def test_a_pause_that_comes_too_late_is_a_job_that_is_done(open_unit, job, another):
    hand = another(obedient=False)
    unit = open_unit(hand)
    unit.submit(job("a"))
    hand.here().given("a")
    hand.shoots()
    unit.pause("a")
    hand.say("done")
    assert unit.until("a", "done").takes == 1
    assert unit.kinds()[-3:] == ["take", "pausing", "done"] or unit.kinds()[-3:] == [
        "pausing", "take", "done"
    ]  # fmt: skip
    hand.obedient = True


def test_the_queue_is_paused_with_what_is_shot_and_stays_so(open_unit, job, another):
    first, second = another(), another()
    unit = open_unit(first)
    unit.submit(job("a"))
    unit.submit(job("b"))
    first.here().given("a")
    unit.pause_all()
    unit.until("a", "paused")
    unit.until_away()
    unit.submit(job("c"))
    assert unit.held
    unit.close()
    unit = open_unit(second)
    assert unit.held
    time.sleep(0.2)
    assert second.starts == 0
    unit.resume_all()
    second.here().given("a")
    assert [entry.state for entry in unit.entries()] == ["running", "queued", "queued"]


def test_what_somebody_put_aside_alone_stays_aside(unit, hand, job):
    unit.submit(job("a"))
    unit.pause("a")
    unit.pause_all()
    unit.resume_all()
    unit.submit(job("b"))
    hand.here().given("b")
    assert unit.entry("a").state == "paused"


def test_one_without_work_goes_after_a_while_and_comes_again(open_unit, hand, job):
    unit = open_unit(hand, idle_seconds=0.2)
    unit.submit(job("a"))
    hand.here().given("a")
    time.sleep(0.3)
    assert hand.ends == 0  # it has work
    hand.shoots()
    hand.say("done")
    unit.until("a", "done")
    unit.until_away()
    assert hand.ends == 1
    unit.submit(job("b"))
    hand.here().given("b")


def test_several_workers_share_the_queue(open_unit, job, another):
    hands = [another("one"), another("two")]
    unit = open_unit(*hands)
    unit.submit(job("a"))
    hands[0].here().given("a")
    assert hands[1].starts == 0
    unit.submit(job("b"))
    hands[1].here().given("b")
    hands[1].shoots()
    hands[1].say("done")
    unit.until("b", "done")
    assert unit.entry("a").state == "running"
