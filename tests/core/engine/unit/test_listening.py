"""Whoever listens hears everything once, in its order, from the event they name."""

from __future__ import annotations

import threading

import pytest

from secondunit_contract.problem import (
    BadValue,
)


def test_a_listener_hears_all_from_the_event_it_names(unit, hand, job):
    for id in "abc":
        unit.submit(job(id))
    with unit.listen(1) as late, unit.listen() as new:
        assert [told.event.job for told in late.now()] == ["b", "c"]
        assert new.now() == []
        unit.submit(job("d"))
        assert [told.id for told in late.now()] == [told.id for told in new.now()] == [4]
        assert late.get(0.01) is None


def test_a_slow_listener_loses_progress_and_nothing_else(unit, hand, job):
    unit.submit(job("a"))
    hand.here().given("a")
    with unit.listen(0) as slow:
        for number in range(700):
            hand.say("progress", done=number, total=700)
            if number % 2:
                hand.say("notice", message=str(number))
        hand.shoots()
        hand.say("done")
        unit.until("a", "done")
        heard = []
        while (told := slow.get(0.2)) is not None:
            heard.append(told)
    kept = [told for told in heard if told.id]
    assert kept == unit.events_after(0)
    assert len(heard) - len(kept) < 700


def test_listeners_hear_everything_once_whoever_talks(unit, job):
    heard: list[list[int]] = [[] for _ in range(5)]

    def listen(ids: list[int]) -> None:
        with unit.listen(0) as listener:
            while len(ids) < 60:
                told = listener.get(10)
                assert told is not None
                ids.append(told.id)

    threads = [threading.Thread(target=listen, args=(ids,)) for ids in heard]
    threads += [
        threading.Thread(target=lambda n=n: [unit.submit(job(f"{n}-{k}")) for k in range(20)])
        for n in range(3)
    ]
    unit.pause_all()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == [list(range(1, 61))] * 5


def test_a_listener_is_woken_and_one_that_is_gone_is_forgotten(unit, job):
    woken = threading.Event()

    def gone() -> None:
        raise RuntimeError("the loop is closed")

    unit.listen(wake=gone)
    with unit.listen(wake=woken.set) as listener:
        unit.submit(job("a"))
        assert woken.wait(5)
        assert [told.event.kind for told in listener.now()] == ["queued"]
    unit.submit(job("b"))
    assert listener.get(0.1) is None


def test_judging_a_take_is_told(unit, hand, job):
    unit.submit(job("a"))
    hand.here().given("a")
    hand.shoots()
    hand.say("done")
    unit.until("a", "done")
    assert unit.rate("a-1", "circled").rating == "circled"
    assert unit.annotate("a-1", "the fog").note == "the fog"
    assert unit.take("a-1").rating == "circled"
    told = unit.events_after(0)[-1].event
    assert (told.kind, told.extra) == (
        "rated", {"id": "a-1", "rating": "circled", "note": "the fog"}
    )  # fmt: skip
    with pytest.raises(BadValue):
        unit.rate("a-1", "loved")


def test_the_machine_is_told_of_without_what_needs_memory(unit):
    told = unit.machine()
    assert told["memory"] > told["memory_free"] > 0
    assert told["workers"] == [{"name": "hand", "post": "away", "job": ""}]
    assert told["versions"]["python"]


def test_what_was_read_from_the_book_before_it_was_told_is_heard_once(unit, job):
    with unit.listen(0) as listener:
        unit.submit(job("a"))
        (told,) = listener.now()
        listener.put(told)
        assert listener.now() == []
