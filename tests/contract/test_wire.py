"""JSON both ways: exact, without defaults, and with what is not understood kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondunit_contract.clip import Clip
from secondunit_contract.frames import FrameRange, Rate, Span, Timecode
from secondunit_contract.job import Event, Job, Take
from secondunit_contract.problem import BadValue, MediaEmpty, problem_from_json
from secondunit_contract.task import TaskCard
from secondunit_contract.wire import from_json, to_json

MESSAGES = [Clip, Job, Take, Event, TaskCard]

LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
JSON = st.recursive(
    LEAVES.filter(lambda leaf: leaf not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=8), JSON, max_size=3)


def unknown_to(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Fields a newer program might send with this message."""
    known = {each.name for each in fields(kind)} - {"extra"}
    names = st.text(min_size=1, max_size=8).filter(lambda name: name not in known)
    return st.dictionaries(names, JSON, max_size=3)


RATES = st.fractions(min_value=Fraction(1, 100), max_value=500, max_denominator=5000).map(Rate)
RANGES = st.builds(FrameRange.starting, st.integers(-(10**6), 10**6), st.integers(1, 10**6))
CLIPS = st.builds(
    Clip,
    media=st.text(),
    range=st.none() | RANGES,
    rate=st.none() | RATES,
    colour_space=st.text(),
    media_start=st.none() | st.integers(),
    extra=unknown_to(Clip),
)
JOBS = st.builds(
    Job,
    task=st.text(),
    output=st.text(),
    inputs=st.dictionaries(st.text(), CLIPS, max_size=3),
    values=OBJECTS,
    seed=st.integers(),
    takes=st.integers(1, 99),
    extra=unknown_to(Job),
)
TAKES = st.builds(
    Take,
    job=st.text(),
    number=st.integers(),
    seed=st.integers(),
    media=st.text(),
    range=RANGES,
    rate=RATES,
    width=st.integers(),
    height=st.integers(),
    extra=unknown_to(Take),
)
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(["queued", "progress", "take", "done"]),
    done=st.integers(),
    seconds_left=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    message=st.text(),
    take=st.none() | TAKES,
    problem=st.none() | OBJECTS,
    extra=unknown_to(Event),
)
CARDS = st.builds(
    TaskCard,
    name=st.text(),
    title=st.text(),
    help=st.text(),
    inputs=st.dictionaries(st.text(), st.text(), max_size=3),
    values_schema=OBJECTS,
    extra=unknown_to(TaskCard),
)


def extras(value: Any) -> Any:
    """All that was kept, at every level: dataclasses leave it out when they compare."""
    if isinstance(value, dict):
        return {key: extras(item) for key, item in value.items()}
    if hasattr(value, "extra"):
        return (value.extra, [extras(getattr(value, each.name)) for each in fields(value)])
    return None


@given(CLIPS | JOBS | TAKES | EVENTS | CARDS)
def test_every_message_comes_back_as_it_went(message):
    travelled = json.loads(json.dumps(to_json(message)))
    arrived = from_json(type(message), travelled)
    assert arrived == message
    assert extras(arrived) == extras(message)
    assert to_json(arrived) == travelled


def test_the_exact_words_of_a_job():
    job = Job(
        "cleanup",
        "out/{take}.mov",
        inputs={"plate": Clip("a.mov", FrameRange(1001, 1010), Rate.of(23.976))},
        values={"grow": 4},
        seed=7,
    )
    assert to_json(job) == {
        "task": "cleanup",
        "output": "out/{take}.mov",
        "inputs": {"plate": {"media": "a.mov", "range": "1001-1010", "rate": "24000/1001"}},
        "values": {"grow": 4},
        "seed": 7,
    }


def test_defaults_are_not_written():
    assert to_json(Clip("a.mov")) == {"media": "a.mov"}
    assert to_json(Event("done")) == {"kind": "done"}


def test_what_a_newer_panel_sends_is_kept_at_every_level():
    message = {
        "task": "insert",
        "output": "o.mov",
        "mood": "dusk",
        "inputs": {"plate": {"media": "a.mov", "lens": {"mm": 35}}},
        "values": {"unheard_of": [1, 2]},
    }
    job = from_json(Job, message)
    assert job.extra == {"mood": "dusk"}
    assert job.inputs["plate"].extra == {"lens": {"mm": 35}}
    assert to_json(job) == message


def test_an_event_keeps_what_its_take_and_its_problem_say_beyond_us():
    told = MediaEmpty("There is no frame in it", "a.mov").to_json() | {"data": {"bytes": 0}}
    take = {"job": "j", "number": 1, "seed": 3, "media": "t.mov", "range": "1-9", "rate": "25"}
    message = {
        "kind": "problem",
        "take": take | {"width": 64, "height": 48, "grade": "A"},
        "problem": told,
    }
    event = from_json(Event, message)
    assert event.take is not None
    assert event.take.extra == {"grade": "A"}
    assert to_json(event) == message
    assert problem_from_json(event.problem or {}).extra == {"data": {"bytes": 0}}


def test_a_field_we_know_wins_over_one_that_was_kept():
    kept = {"media": "b.mov", "colour_space": "ACEScg", "lens": 35}
    assert to_json(Clip("a.mov", extra=kept)) == {"media": "a.mov", "lens": 35}


def test_a_rate_that_is_not_quite_a_standard_one_arrives_as_it_went():
    odd = Clip("a.mov", rate=Rate(Fraction(2398, 100)))
    assert from_json(Clip, to_json(odd)) == odd
    assert from_json(Clip, {"media": "a.mov", "rate": 23.98}).rate == Rate(Fraction(24000, 1001))


@pytest.mark.parametrize(
    ("kind", "message", "where", "what"),
    [
        (Clip, [], "Clip", "object"),
        (Clip, {}, "Clip", "needs 'media'"),
        (Clip, {"media": 3}, "Clip.media", "text"),
        (Clip, {"media": None}, "Clip.media", "text"),
        (Clip, {"media": "a", "range": [1, 2]}, "Clip.range", "1001-1010"),
        (Clip, {"media": "a", "range": "9-1"}, "Clip.range", "empty"),
        (Clip, {"media": "a", "range": "x"}, "Clip.range", "no frame range"),
        (Clip, {"media": "a", "rate": 0}, "Clip.rate", "frames a second"),
        (Clip, {"media": "a", "rate": True}, "Clip.rate", "frame rate"),
        (Clip, {"media": "a", "rate": {"num": 24}}, "Clip.rate", "frame rate"),
        (Clip, {"media": "a", "rate": "fast"}, "Clip.rate", "frame rate"),
        (Clip, {"media": "a", "media_start": 1.5}, "Clip.media_start", "whole number"),
        (Job, {"task": "t", "output": "o", "seed": "7"}, "Job.seed", "whole number"),
        (Job, {"task": "t", "output": "o", "seed": True}, "Job.seed", "whole number"),
        (Job, {"task": "t", "output": "o", "takes": 0}, "Job", "0 takes"),
        (Job, {"task": "t", "output": "o", "inputs": []}, "Job.inputs", "object"),
        (
            Job,
            {"task": "t", "output": "o", "inputs": {"plate": {"media": "a", "range": 4}}},
            "Job.inputs.plate.range",
            "1001-1010",
        ),
        (Job, {"task": "t", "output": "o", "inputs": {"plate": "a"}}, "Job.inputs.plate", "object"),
        (Event, {"kind": "dancing"}, "Event.kind", "none of"),
        (Event, {"kind": ["done"]}, "Event.kind", "none of"),
        (Event, {"kind": "done", "seconds_left": "soon"}, "Event.seconds_left", "a number"),
        (Event, {"kind": "done", "seconds_left": float("nan")}, "Event.seconds_left", "a number"),
        (Event, {"kind": "take", "take": {"job": "j"}}, "Event.take", "needs 'number'"),
    ],
)
def test_a_wrong_type_names_its_field(kind, message, where, what):
    with pytest.raises(BadValue, match=what) as caught:
        from_json(kind, message)
    assert caught.value.where == where


def complaint(kind: type, message: Any) -> str:
    """Where the message is wrong; the message's kind itself if it can be read."""
    try:
        to_json(from_json(kind, message))
    except BadValue as problem:
        return problem.where
    return kind.__name__


@pytest.mark.parametrize("kind", MESSAGES)
@settings(max_examples=40)
@given(data=st.data())
def test_whatever_arrives_is_read_or_refused_with_its_place(kind, data):
    names = [each.name for each in fields(kind) if each.name != "extra"]
    wrong = data.draw(JSON | st.fixed_dictionaries({name: JSON for name in names}))
    assert complaint(kind, wrong).startswith(kind.__name__)


@dataclass(frozen=True)
class Slate:
    """A message with every kind of field the wire knows."""

    code: Timecode
    span: Span
    marks: list[FrameRange]
    factor: float
    ready: bool
    pair: tuple[int, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict, compare=False)


def test_the_kinds_no_message_uses_yet_travel_too():
    rate = Rate.of(29.97)
    slate = Slate(Timecode(107_892, rate, drop=True), Span(3, 3), [FrameRange(1, 2)], 2, True, (4,))
    written = json.loads(json.dumps(to_json(slate)))
    assert written["code"] == {"frame": 107_892, "rate": "30000/1001", "drop": True}
    assert written["span"] == [3, 3]
    arrived = from_json(Slate, written)
    assert arrived == slate
    assert isinstance(arrived.factor, float)
    assert isinstance(arrived.pair, tuple)
    for wrong in ([1], [1, 2, 3], ["1", "2"], "1-2", [5, 4]):
        with pytest.raises(BadValue) as caught:
            from_json(Slate, written | {"span": wrong})
        assert caught.value.where.startswith("Slate.span")


def test_a_path_is_written_as_its_text():
    assert to_json({"values": [Path("a") / "b.exr"]}) == {"values": [str(Path("a") / "b.exr")]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"raw", object(), 1j])
def test_what_json_cannot_hold_is_refused_before_it_is_half_written(value):
    with pytest.raises(BadValue, match="JSON"):
        to_json(Job("t", "o", values={"grow": value}))
