"""Workers die, talk nonsense or cannot come, the disk is full: no job is lost by it."""

from __future__ import annotations

import pytest

from secondunit_contract.problem import NotEnoughMemory


def test_a_job_whose_worker_died_goes_on_with_another(unit, hand, job):
    unit.submit(job("a", takes=2))
    hand.here().given("a")
    hand.shoots(1)
    hand.shoots(2, tells=False)  # it stands, and nobody was told
    hand.leave("It ended with -9")
    done = unit.until("a", "done")
    assert done.takes == 2
    assert hand.starts == 1  # there was nothing left to shoot


def test_a_job_that_kills_three_workers_fails_and_says_of_what(unit, hand, job):
    unit.submit(job("a"))
    unit.submit(job("b"))
    for attempt in (1, 2, 3):
        hand.here()
        hand.wait(lambda n=attempt: sum(hand.of(each) == "a" for each in hand.orders) == n)
        hand.leave("It ended with -11. a driver's last words")
    failed = unit.until("a", "failed")
    assert failed.problem["code"] == "machine.worker"
    assert "last words" in failed.problem["where"]
    hand.here().given("b")


def test_a_take_forgives_the_workers_before_it(unit, hand, job):
    unit.submit(job("a", takes=4))
    for number in (1, 2, 3):
        hand.here()
        hand.wait(lambda n=number: hand.orders and hand.orders[-1].get("takes", [0])[0] == n)
        hand.shoots(number)
        hand.leave()
    hand.here()
    hand.wait(lambda: hand.orders[-1].get("takes") == [4])
    assert unit.entry("a").attempts == 1  # that with which the third take's worker died


def test_too_little_memory_is_tried_again_each_time_more_sparingly(unit, hand, job):
    short = NotEnoughMemory("It does not fit").to_json()
    unit.submit(job("a"))
    hand.here().given("a")
    for frugality in (1, 2):
        hand.say("problem", problem=short)
        hand.wait(lambda n=frugality: hand.starts == 1 + n)  # in a fresh process
        hand.here()
        hand.wait(lambda n=frugality: hand.orders[-1].get("frugality") == n)
    hand.say("problem", problem=short)
    failed = unit.until("a", "failed")
    assert (failed.problem["code"], failed.frugality) == ("machine.memory", 2)


def test_a_problem_fails_the_job_and_a_retry_shoots_it_again(unit, hand, job):
    unit.submit(job("a", takes=2))
    hand.here().given("a")
    hand.shoots(1)
    hand.say("problem", message="torn", problem={"code": "media.truncated", "what": "torn"})
    assert unit.until("a", "failed").problem["code"] == "media.truncated"
    unit.retry("a")
    hand.wait(lambda: hand.orders[-1].get("takes") == [2])
    assert unit.entry("a").problem is None


NONSENSE = {
    "of another job": {"kind": "progress", "job": "x"},
    "a take without one": {"kind": "take"},
    "of no worker's": {"kind": "rated"},
    "a state of its own": {"kind": "paused"},
}


@pytest.mark.parametrize("told", NONSENSE.values(), ids=list(NONSENSE))
def test_one_that_talks_nonsense_is_replaced_and_the_job_goes_on(unit, hand, job, told):
    unit.submit(job("a"))
    hand.here().given("a")
    hand.say(**told)
    hand.wait(lambda: hand.starts == 2)
    hand.here()
    hand.wait(lambda: sum(hand.of(each) == "a" for each in hand.orders) == 2)
    hand.shoots()
    hand.say("done")
    assert unit.until("a", "done").takes == 1


def test_one_that_is_done_without_its_takes_is_not_believed(unit, hand, job):
    unit.submit(job("a"))
    hand.here().given("a")
    hand.say("done")
    assert unit.until("a", "failed").problem["code"] == "program.fault"


def test_workers_that_cannot_come_fail_a_job_and_not_the_queue(unit, hand, job):
    unit.submit(job("a"))
    for start in (1, 2, 3):
        hand.wait(lambda n=start: hand.starts == n, 20)
        hand.leave("No module named torch")
    failed = unit.until("a", "failed")
    assert failed.problem["code"] == "machine.worker"
    assert "No module named torch" in failed.problem["where"]


def test_a_book_that_refuses_for_a_while_loses_nothing(unit, hand, job):
    unit.submit(job("a"))
    hand.here().given("a")
    full = unit._book._pages.execute("PRAGMA page_count").fetchone()[0]
    with unit.listen() as listener:
        unit._book._pages.execute(f"PRAGMA max_page_count = {full}")
        hand.say("notice", message="x" * 200_000)  # does not fit into the book any more
        told = listener.get(10)
    assert told.event.problem["code"] == "machine.disk_full"
    assert told.id == 0
    hand.wait(lambda: hand.kills == 1)
    unit._book._pages.execute("PRAGMA max_page_count = 1000000")
    hand.wait(lambda: hand.starts == 2)
    hand.here()
    hand.wait(lambda: sum(hand.of(each) == "a" for each in hand.orders) == 2)
    hand.shoots()
    hand.say("done")
    assert unit.until("a", "done").takes == 1


def test_what_is_in_hand_goes_on_with_the_next_owner(open_unit, job, another):
    first, second = another(), another()
    unit = open_unit(first)
    unit.submit(job("a"))
    unit.submit(job("b"))
    first.here().given("a")
    unit.close()
    unit = open_unit(second)
    second.here().given("a")
    assert [entry.state for entry in unit.entries()] == ["running", "queued"]
    assert unit.kinds("a") == ["queued", "started", "queued", "started"]
