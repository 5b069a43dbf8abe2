"""The list of models says what each is for, whether this machine can, and what may be done."""

from __future__ import annotations

import pytest

from secondunit_contract.problem import NetworkLost
from secondunit_panel.fetching import Fetch, Pace
from secondunit_panel.models import Room, read, shelf

BIG = {
    "name": "big", "title": "Big", "licence": "Ours", "installed": False, "fault": "",
    "size_mb": 64_700.0, "use": "shots through given pictures", "memory": [69.3, 7.1, 6.8],
    "reach": {"honours": ["keys", "words"], "memory_gb": 69.3}, "source": "Maker/Big",
    "standing": "asks", "terms": {"title": "Our Licence", "excluded": ["Atlantis"],
                                  "revenue": "10 million", "outputs": "",
                                  "unverified": ["outputs"]},
}  # fmt: skip
CARD = {"machine": {"gpus": [{"memory": 12e9}, {"memory": 24e9}], "memory": 64e9},
        "room": {"fetched": 412e9}}  # fmt: skip
NO_CARD = {"machine": {"gpus": [], "memory": 64e9}, "room": {"fetched": 20e9}}


def of(system, **changes):
    return read({**BIG, **changes}, Room.of(system))


def test_memory_is_told_against_the_largest_card():
    assert of(CARD).memory == "7 of 24 GB GPU memory block by block; 69 GB all at once"
    assert of(CARD).group == "tight"
    small = of(CARD, memory=[20.5, 4.1, 4.0])
    assert (small.group, small.memory) == ("fits", "20 of 24 GB GPU memory")
    huge = of(CARD, memory=[300.0, 90.0, 60.0])
    assert (huge.group, huge.memory) == ("large", "60 GB of GPU memory; this machine has 24")


def test_without_a_card_blocks_save_nothing():
    assert of(NO_CARD).group == "large"
    assert of(NO_CARD).memory == "69 GB of memory; this machine has 64"
    slow = of(NO_CARD, memory=[20.5, 4.1, 4.0])
    assert slow.group == "fits"
    assert slow.memory.endswith("there is no graphics card here, so it is slow")


def test_the_disk_is_told_against_what_is_free():
    assert of(CARD).disk == "64.7 GB to fetch; 412 GB are free"
    assert of(NO_CARD).disk == "64.7 GB to fetch, but 20 GB are free: make room first"
    assert of(CARD, installed=True).disk == "64.7 GB on the disk"


def test_it_says_what_it_is_for_and_on_which_terms():
    model = of(CARD)
    assert model.use == "Shots through given pictures"
    assert model.does == "Shoots from words alone, passes through pictures you give"
    assert model.state == "64.7 GB · licence to agree to"
    assert model.licence == "Our Licence"
    assert model.terms[:2] == ("It grants nothing in: Atlantis", "Revenue: 10 million")
    assert model.terms[2].startswith("Not read by us: rules about pictures")
    assert model.page == "https://huggingface.co/Maker/Big"


@pytest.mark.parametrize(
    ("changes", "deed", "aside"),
    [
        ({}, "fetch", ""),
        ({"installed": True, "standing": "free"}, "use", ""),
        ({"installed": True, "command": "secondunit models allow big"}, "",
         "Read its licence and agree: secondunit models allow big"),
        ({"standing": "forbidden"}, "", "The studio's policy forbids it: ask whoever keeps it"),
        ({"installed": True, "fault": "no weights in it"}, "", "no weights in it"),
    ],
)  # fmt: skip
def test_what_may_be_done_with_it(changes, deed, aside):
    model = of(CARD, **changes)
    assert (model.deed, model.aside) == (deed, aside)


@pytest.mark.parametrize(
    ("fetch", "deed", "state"),
    [
        (Fetch(), "stop", "Looking it up"),
        (Fetch(3_000_000_000, 12_000_000_000, 240.0), "stop", "25% of 12.0 GB · ~4 min left"),
        (Fetch(words="Our Licence"), "agree", "Its licence first"),
        (Fetch(problem=NetworkLost("No answer")), "again", "It broke off"),
    ],
)
def test_a_fetch_is_told_in_its_place(fetch, deed, state):
    [model] = shelf([BIG], CARD, {"big": fetch})
    assert (model.group, model.deed, model.state) == ("way", deed, state)


def test_the_list_goes_from_what_is_here_to_what_is_too_large():
    names = {"away": {"memory": [20, 4]}, "huge": {"memory": [300, 90]},
             "here": {"installed": True, "standing": "free"}, "blocks": {}}  # fmt: skip
    told = shelf([{**BIG, "name": key, **more} for key, more in names.items()], CARD)
    assert [each.name for each in told] == ["here", "away", "blocks", "huge"]


def test_a_model_that_says_almost_nothing_is_listed_all_the_same():
    [model] = shelf([{"name": "odd", "installed": True, "fault": "not a checkpoint"}], {})
    assert (model.title, model.state, model.disk, model.memory) == ("odd", "Cannot be used", "", "")


def test_it_is_found_by_any_of_its_words():
    model = of(CARD)
    assert model.holds("BIG licence")
    assert model.holds("given pictures")
    assert not model.holds("big references")


def test_the_time_left_follows_the_pace_of_late():
    pace = Pace()
    assert pace.seconds_left(0.0, 1000, 9000) is None
    assert pace.seconds_left(2.0, 2000, 9000) is None, "a guess from two seconds is no good"
    assert pace.seconds_left(10.0, 3000, 9000) == pytest.approx(30.0)
    assert pace.seconds_left(20.0, 3000, 9000) == pytest.approx(60.0), "it stands: longer"
    assert pace.seconds_left(21.0, 500, 9000) is None, "it began anew"
