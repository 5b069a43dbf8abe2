"""Entries, takes in the ledger and what was told travel as JSON, and come back the same."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from secondunit_contract.frames import FrameRange, Rate
from secondunit_contract.job import Event, EventKind, Job, Take
from secondunit_contract.problem import BadValue
from secondunit_contract.queue import Entry, State, TakeEntry, Told
from secondunit_contract.wire import from_json, to_json

JOB = Job("insert", "o.mov", "a", values={"prompt": "rain"}, extra={"shot": 7})
TAKE = Take("a", 1, 7, "t.mov", FrameRange(1, 9), Rate.of(24), 64, 48)
MESSAGES = [
    Entry("a", "queued", JOB, 1.5, 100.0),
    Entry("a", "failed", JOB, 1.5, 100.0, 101.0, 102.5, problem={"code": "media", "what": "x"}),
    Entry("a", "running", JOB, started=1.0, phase="shooting", done=3, total=9, seconds_left=2.5),
    TakeEntry("a-1", TAKE, "circled", "the second half", 103.0),
    Told(7, 103.0, Event("take", "a", take=TAKE)),
    Told(0, 103.0, Event("progress", "a", "shooting", 1, 2, 0.5)),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_it_comes_back_the_same(message):
    travelled = json.loads(json.dumps(to_json(message)))
    assert from_json(type(message), travelled) == message
    assert to_json(from_json(type(message), travelled)) == travelled


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_what_a_newer_program_says_is_kept(message):
    travelled = to_json(message) | {"mood": "hopeful"}
    assert to_json(from_json(type(message), travelled)) == travelled


def test_the_job_within_keeps_what_is_not_understood():
    again = from_json(Entry, to_json(MESSAGES[0]))
    assert again.job.extra == {"shot": 7}


def test_an_entry_says_little_where_there_is_little_to_say():
    assert to_json(Entry("a", "queued", Job("t", "o"))) == {
        "id": "a",
        "state": "queued",
        "job": {"task": "t", "output": "o"},
    }


@pytest.mark.parametrize(
    ("kind", "message", "where"),
    [
        (Entry, {"id": "a", "state": "asleep", "job": {"task": "t", "output": "o"}}, "Entry.state"),
        (Entry, {"id": "a", "state": "done", "job": {"task": 3, "output": "o"}}, "Entry.job.task"),
        (TakeEntry, to_json(MESSAGES[3]) | {"rating": "loved"}, "TakeEntry.rating"),
        (Told, {"id": 1, "at": 2.0, "event": {"kind": "sung"}}, "Told.event.kind"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(kind, message, where):
    with pytest.raises(BadValue) as refused:
        from_json(kind, message)
    assert refused.value.where == where


def test_each_state_is_told_of_by_a_kind_of_event():
    told = set(get_args(EventKind))
    assert set(get_args(State)) - told == {"running", "failed"}
    assert {"started", "problem"} <= told
