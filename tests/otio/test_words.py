"""A line a person types says what it means, and what cannot be meant is told back."""

from __future__ import annotations

from fractions import Fraction

import pytest

from secondunit_contract.frames import Rate
from secondunit_contract.problem import RequestWrong
from secondunit_otio.words import (
    fault_in,
    frames_of,
    is_name,
    kind_named,
    read_line,
    read_name,
    read_text,
)


@pytest.mark.parametrize(
    ("line", "kind", "duration", "values"),
    [
        (
            "su: insert 72f | gull over the harbour | seed=41 takes=2 model=x",
            "insert",
            "72f",
            {"prompt": "gull over the harbour", "seed": 41, "takes": 2, "model": "x"},
        ),
        ("SU:INSERT 3S|A GULL", "insert", "3s", {"prompt": "A GULL"}),
        ("su: matte | the man", "matte", "", {"subject": "the man"}),
        ("su: cleanup | the ball", "cleanup", "", {"subject": "the ball"}),
        ("su: clean up | the ball", "cleanup", "", {"subject": "the ball"}),
        ("su: extend 12f", "extend_time", "12f", {}),
        ("su: extend time head=8 tail=4", "extend_time", "", {"head": 8, "tail": 4}),
        ("su: extend 480x270", "extend_frame", "", {"target": [480, 270]}),
        ("su: highlights | the window", "highlights", "", {"prompt": "the window"}),
        ("su: restyle | dusk | strength=0.6", "restyle", "", {"prompt": "dusk", "strength": 0.6}),
        (
            'su: insert | seed=1 negative="no people"',
            "insert",
            "",
            {"seed": 1, "negative": "no people"},
        ),
        ("su: insert | | seed=1", "insert", "", {"seed": 1}),
        ("su: insert | neg=fog mine=7", "insert", "", {"negative": "fog", "mine": 7}),
        ("su: 24f | x", "", "24f", {"prompt": "x"}),
        ("su: insert | odds of 2=3 are fair", "insert", "", {"prompt": "odds of 2=3 are fair"}),
        ("su: insert | seed=1e999", "insert", "", {"seed": "1e999"}),
    ],
)
def test_a_line_is_read(line, kind, duration, values):
    words = read_line(line)
    assert (words.kind, words.duration, words.asked(words.kind)) == (kind, duration, values)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("su: insert 72f please | gull", "please"),
        ("su: insert 72f 3s", "3s"),
        ("su: insert | gull | harbour", "harbour"),
        ("su: insert 72frames", "72frames"),
    ],
)
def test_words_that_make_no_sense_are_told_back(line, word):
    with pytest.raises(RequestWrong, match=word) as caught:
        read_line(line)
    assert "su: insert" in caught.value.remedy


@pytest.mark.parametrize(
    "name", ["SU insert", "SU", "SU_matte", "su: insert 9f", "SU insert su-k3v9x0aa"]
)
def test_names_for_us(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["Sunday", "su insert", "SUNSET", "marker", "", None, 7, "resume: x"]
)
def test_names_that_are_not(name):
    assert not is_name(name)


def test_a_name_may_carry_an_id():
    assert read_name("SU insert su-k3v9x0aa").kind == "insert"
    assert not read_name("SU")


def test_a_note_may_be_json_a_line_or_bare_words():
    assert read_text('{"kind": "Insert", "prompt": "x", "id": "a"}').asked("insert") == {
        "prompt": "x"
    }
    assert read_text('{"secondunit": {"kind": "matte", "duration": 9}}').duration == "9f"
    assert read_text(" the man ").asked("matte") == {"subject": "the man"}
    assert read_text("the man").asked("insert") == {"prompt": "the man"}
    with pytest.raises(RequestWrong, match="damaged"):
        read_text('{"kind": ')
    with pytest.raises(RequestWrong, match="duration"):
        read_text('{"duration": [1]}')


def test_durations_are_counted_at_the_rate():
    ntsc = Rate(Fraction(24000, 1001))
    assert (frames_of("72f", ntsc), frames_of("3s", ntsc), frames_of("1.5s", Rate.of(24))) == (
        72,
        72,
        36,
    )
    for wrong in ("0f", "72", "9999999f", "-3f"):
        with pytest.raises(RequestWrong):
            frames_of(wrong, ntsc)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Insert", "insert"),
        ("ExtendTime", "extend_time"),
        ("extend-frame", "extend_frame"),
        ("CLEANUP", "cleanup"),
        ("Roto", "matte"),
        ("Dance", "Dance"),
    ],
)
def test_kinds_by_name(name, kind):
    assert kind_named(name) == kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "41"},
        {"seed": -1},
        {"seed": 2**63},
        {"seed": True},
        {"takes": 0},
        {"takes": 2.5},
        {"prompt": 7},
        {"prompt": None},
        {"head": -1},
        {"strength": 1.5},
        {"left": float("inf")},
        {"target": [480]},
        {"target": [480, 0]},
        {"target": "480x270"},
        {"points": [{"x": 1}]},
        {"points": {"x": 1, "y": 2}},
        {"condition": "neighbour"},
    ],
)
def test_a_value_of_the_wrong_kind_is_named(wrong):
    (key,) = wrong
    assert fault_in({"prompt": "fine", **wrong}).startswith(f"{key} is ")


def test_right_and_unknown_values_are_let_be():
    right = {"seed": 2**63 - 1, "takes": 9, "strength": 0, "target": [1, 1], "left": 0.25}
    assert fault_in({**right, "points": [{"x": 0.5, "y": 1, "add": True}], "mine": [None]}) == ""
